"""Records of several megabytes: found, counted and shown with what stands beside them, from files and store alike."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from command import called

MEGABYTES = (2, 9, 3)  # the second one is longer than a record may be, and cut


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with long records among short ones, all of one minute, another log beside it, and a store of both."""
    folder = tmp_path_factory.mktemp("long")
    lines = []
    for n, megabytes in enumerate(MEGABYTES):
        words = "".join(f"word{n} {k:07} " for k in range((megabytes << 20) // 14))
        lines.append(f"2026-03-02 10:00:{n * 2:02}.100 INFO  [main] shop.Cart - long{n} {words} needle{n} é\n")
        lines.append(f"2026-03-02 10:00:{n * 2 + 1:02}.100 WARN  [main] shop.Cart - short{n}\n")
    (folder / "app.log").write_text("".join(lines))
    (folder / "web.log").write_text("".join(f"2026-03-02 10:00:{n:02}.500 INFO web {n}\n" for n in range(8)))
    ran = called("ingest", "--store", "st", "app.log", "web.log", cwd=folder)
    assert ran.code == 0, ran.err
    return folder


@pytest.mark.parametrize(
    "args",
    [["-A1", "short1"], ["-A2", "needle0"], ["--across", "-C1", "short2"], ["needle[02]"], ["-v", "-i", "WORD[0-9] "]],
)  # fmt: skip
def test_files_and_store_show_the_same(logs: Path, args: list[str]) -> None:
    """What is found and what stands beside it is the same: lines, offsets, texts to the last byte."""
    told = []
    for where in (["app.log", "web.log"], ["--store", "st"]):
        ran = called("grep", "--output", "jsonl", *args, *where, cwd=logs)
        assert ran.code == 0, ran.err
        rows = [json.loads(line) for line in ran.lines if line != "--"]
        told.append(sorted((row["source"], row["offset"], row["lines"], row["body"]) for row in rows))
    assert told[0] == told[1] and told[0]


def test_counts_check_and_bytes(logs: Path) -> None:
    """Counts need not put the texts together; the store is sound, and gives the log back."""
    for args in (["-c", "needle"], ["-c", "short1"], ["-l", "long2"], ["-c", "-v", "needle"], ["-c", "absent"]):
        from_files = called("grep", *args, "app.log", "web.log", cwd=logs)
        from_store = called("grep", *args, "--store", "st", cwd=logs)
        assert (from_store.code, from_store.out) == (from_files.code, from_files.out), args
    assert " 0 problems" in called("store", "check", "--store", "st", cwd=logs).err
    raw = called("cat", "--store", "st", "--from-store", "--output", "raw", "app.log", cwd=logs)
    assert raw.out == (logs / "app.log").read_text()


def test_fields_of_long_documents(tmp_path: Path) -> None:
    """What a field holds is asked of 4,000 documents of 200 keys, few at a time: at once they would not fit into memory."""
    filler = {f"key{n}": f"some value {n} of many" for n in range(200)}
    start = dt.datetime(2026, 3, 2, 10)
    with (tmp_path / "app.log").open("w") as out:
        for n in range(4_000):
            who = {"name": "ann" if n % 50 == 7 else "bob"}
            moment = f"{start + dt.timedelta(milliseconds=n * 50):%Y-%m-%dT%H:%M:%S.%f}Z"
            out.write(json.dumps({"timestamp": moment, "message": f"order {n}", "user": who, **filler}) + "\n")
    assert called("ingest", "--store", "st", "app.log", cwd=tmp_path).code == 0
    for name, expected in (("ann", 80), ("bob", 3_920), ("eve", 0)):
        counted = called("grep", "--store", "st", "--field", f"user.name={name}", "-c", "", cwd=tmp_path)
        assert counted.out == (f"app.log:{expected}\n" if expected else ""), counted.err
    shown = called("grep", "--store", "st", "--field", "user.name=ann", "--output", "jsonl", "", cwd=tmp_path)
    assert [json.loads(line)["body"] for line in shown.lines] == [f"order {n}" for n in range(7, 4_000, 50)]


def test_sql_asks_for_attributes_of_long_documents(tmp_path: Path) -> None:
    """One's own statement on documents of 100 keys fits into memory: two threads would hold what both have parsed."""
    filler = {f"key{n}": f"some value {n} of many" for n in range(100)}
    with (tmp_path / "app.log").open("w") as out:
        for n in range(6_000):
            moment = f"2026-03-02T10:{n // 600:02}:{n // 10 % 60:02}.{n % 10}Z"
            out.write(json.dumps({"timestamp": moment, "message": f"order {n}", **filler}) + "\n")
    assert called("ingest", "--store", "st", "app.log", cwd=tmp_path).code == 0
    asked = "SELECT count(*) AS n FROM records WHERE attributes->>'key7' LIKE 'some%'"
    ran = called("sql", "--store", "st", "--output", "csv", asked, cwd=tmp_path)
    assert (ran.code, ran.lines) == (0, ["n", "6000"]), ran.err
