"""`logtriage ingest`, `cat`, `sql`, `store` and `demo` through real processes."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import engine
import pytest
from command import called, environment, logtriage
from stores import settings_for_tests, write_sources

from logtriage.cli import follow_into, main
from logtriage.ingest import Ingest
from logtriage.sources import follow
from logtriage.sources.find import find
from logtriage.sources.follow import Stop
from logtriage.store import gist
from logtriage.store.store import Store
from logtriage.store.upkeep import compact, prune
from logtriage.store.verify import check


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `logs`, of many kinds, and `st`, the store they were read into."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "logs").mkdir()
    write_sources(folder / "logs")
    ran = called("ingest", "--store", "st", "--now", "2026-03-05T00:00:00Z", "logs", cwd=folder)
    assert ran.code == 0, ran.err
    return folder


def test_exact_bytes_come_back(stored: Path) -> None:
    """`cat --output raw` gives a source's bytes, from the file and from the store."""
    for path in sorted((stored / "logs").rglob("*.*")):
        name = str(path.relative_to(stored))
        command = [sys.executable, "-m", "logtriage", "cat", "--output", "raw", "--store", "st"]
        for more in ([], ["--from-store"]):
            ran = subprocess.run(
                [*command, *more, name], cwd=stored, env=environment(), capture_output=True, check=True
            )
            assert ran.stdout == path.read_bytes(), (name, more)


def test_cat_gives_the_same_from_file_and_store(stored: Path) -> None:
    """JSON lines and the merged timeline do not depend on where the records come from."""
    names = [str(path.relative_to(stored)) for path in sorted((stored / "logs").rglob("*.*"))]
    now = ["--now", "2026-03-05T00:00:00Z", "--store", "st"]
    for output in (["--output", "jsonl"], ["--utc"]):
        from_files = called("cat", *now, *output, *names, cwd=stored)
        from_store = called("cat", *now, *output, "--from-store", *names, cwd=stored)
        key = (lambda line: json.dumps(json.loads(line), sort_keys=True)) if output[0] == "--output" else str
        assert sorted(map(key, from_store.lines)) == sorted(map(key, from_files.lines))
        assert (from_files.code, from_store.code) == (0, 0)


def test_json_lines_keep_the_order_of_sources(stored: Path) -> None:
    """Sources come in the order given, and their records by place."""
    names = ["logs/plain.txt", "logs/app.log"]
    rows = [json.loads(line) for line in called("cat", "--output", "jsonl", *names, cwd=stored).lines]
    assert [row["source"] for row in rows] == sorted((row["source"] for row in rows), key=names.index)
    assert {"source", "line", "lines", "offset", "timestamp", "level", "severity_text", "service", "host", "container",
            "format", "template", "flags", "trace_id", "body", "attributes"} <= rows[0].keys()  # fmt: skip


def test_a_source_that_fails_does_not_stop_the_others(stored: Path) -> None:
    """What cannot be read is told on standard error; the rest is printed, and the exit code is 2."""
    ran = called("cat", "--output", "jsonl", "logs/gone.log", "logs/app.log", cwd=stored)
    assert ran.code == 2 and "gone.log" in ran.err and len(ran.lines) > 50


def test_ingest_reads_only_what_is_new(tmp_path: Path) -> None:
    """A second run finds nothing to do; an appended line is one record more."""
    log = tmp_path / "a.log"
    log.write_text("2026-03-02 10:00:01 INFO one\n2026-03-02 10:00:02 INFO two\n")
    ran = called("ingest", "--store", "st", "--utc", "a.log", cwd=tmp_path)
    assert "2 records" in ran.err and "2026-03-02 10:00:01 to 10:00:02 UTC" in ran.err
    assert "0 records" in called("ingest", "--store", "st", "a.log", cwd=tmp_path).err
    with log.open("a") as file:
        file.write("2026-03-02 10:00:03 INFO three\n")
    called("ingest", "--store", "st", "a.log", cwd=tmp_path)
    ran = called("sql", "--store", "st", "--json", "SELECT count(*) AS n FROM records", cwd=tmp_path)
    assert json.loads(ran.out) == {"n": 3}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT count(*) FROM records", 0),
        ("FROM hits", 0),
        ("DESCRIBE shapes", 0),
        ("SUMMARIZE sources", 0),
        ("EXPLAIN SELECT 1", 0),
        ("SELECT 1 WHERE false", 1),
        ("DROP TABLE lake.records", 2),
        ("DELETE FROM lake.records", 2),
        ("COPY (SELECT 1) TO 'stolen.csv'", 2),
        ("ATTACH 'other.db'", 2),
        ("SET lock_configuration = false", 2),
        ("CALL ducklake_flush_inlined_data('lake')", 2),
        ("INSTALL httpfs", 2),
        ("SELECT 1; SELECT 2", 2),
        ("SELECT * FROM read_text('/etc/hostname')", 2),
        ("FROM '/etc/hostname'", 2),
        ("SELEC nonsense", 2),
        ("SELECT nonsense FROM records", 2),
        ("", 2),
    ],
)
def test_sql_only_reads(stored: Path, statement: str, code: int) -> None:
    """What reads the views is answered; what would change or reach anything else is refused in one line."""
    ran = called("sql", "--store", "st", statement, cwd=stored)
    assert (ran.code, "Traceback" in ran.err) == (code, False), ran.err


def test_sql_outputs(stored: Path) -> None:
    """A table for people, CSV and JSON lines for programs, Parquet for data frames; `-` reads the statement."""
    query = "SELECT level, count(*) AS n FROM records WHERE level IS NOT NULL GROUP BY ALL ORDER BY ALL"
    table = called("sql", "--store", "st", query, cwd=stored).lines
    assert table[0].split() == ["level", "n"] and set(table[1]) == {"-", " "}
    rows = [
        json.loads(line)
        for line in logtriage("sql", "--store", "st", "--json", "-", cwd=stored, stdin=query.encode()).lines
    ]
    csv = called("sql", "--store", "st", "--output", "csv", query, cwd=stored).lines
    assert csv == ["level,n", *(f"{row['level']},{row['n']}" for row in rows)]
    assert called("sql", "--store", "st", "--output", "parquet", "out.parquet", query, cwd=stored).code == 0
    import pyarrow.parquet as pq

    assert pq.read_table(stored / "out.parquet").to_pylist() == rows


def test_sql_tells_that_its_times_are_utc(stored: Path) -> None:
    """Nothing converts them, whatever zone is asked for: that is said where there are times, and only there."""
    asked = ("sql", "--store", "st", "--tz", "Asia/Tokyo", "--output")
    for kind in ("table", "csv", "jsonl"):
        ran = called(*asked, kind, "SELECT timestamp FROM records LIMIT 1", cwd=stored)
        assert ran.err == "1 row; times are UTC\n"
    assert called(*asked, "csv", "SELECT level FROM records LIMIT 2", cwd=stored).err == "2 rows\n"


def test_sql_on_sources(stored: Path) -> None:
    """--from looks at the sources named alone, read into the store or into one that is thrown away."""
    for more in (["--no-store"], ["--store", "st"]):
        ran = called(
            "sql", *more, "--from", "logs/app.log", "--json", "SELECT DISTINCT source FROM records", cwd=stored
        )
        assert [json.loads(line) for line in ran.lines] == [{"source": "logs/app.log"}], ran.err


def test_store_info(stored: Path) -> None:
    """`store info` names the sources and what they hold."""
    ran = called("store", "info", "--store", "st", "--utc", cwd=stored)
    assert ran.code == 0 and "logs/app.log" in ran.out and "records" in ran.err


def test_check_finds_what_is_missing(tmp_path: Path) -> None:
    """A store is sound after an ingest and after compaction, and `check` says so; a lost record is found."""
    (tmp_path / "logs").mkdir()
    write_sources(tmp_path / "logs")
    for part in sorted((tmp_path / "logs").iterdir()):
        with Store(tmp_path / "st", write=True) as store:
            Ingest(store, settings_for_tests()).run(find([str(part)]).sources)
    assert called("store", "check", "--store", "st", cwd=tmp_path).code == 0
    with Store(tmp_path / "st", write=True) as store:
        before = store.con.execute('SELECT count(*), sum("offset") FROM lake.records').fetchall()
        compact(store)
        assert store.con.execute('SELECT count(*), sum("offset") FROM lake.records').fetchall() == before
        files = store.con.execute("SELECT count(DISTINCT filename) FROM lake.records").fetchall()[0][0]
        assert files == 1
        assert not check(store).wrong
        store.con.execute("DELETE FROM lake.records WHERE part = 1 AND line = 7")
    ran = called("store", "check", "--store", "st", cwd=tmp_path)
    assert ran.code == 2 and "missing" in ran.out


def test_prune_by_age(tmp_path: Path) -> None:
    """Records before the bound go, with their hits and counts; what was read stays known, and the rest stays sound."""
    log = tmp_path / "a.log"
    log.write_text("".join(f"2026-03-{day:02} 10:00:01 ERROR Connection refused {day}\n" for day in range(1, 11)))
    with Store(tmp_path / "st", write=True) as store:
        Ingest(store, settings_for_tests()).run(find([str(log)]).sources)
        space = prune(store, before=datetime(2026, 3, 6, tzinfo=UTC))
        assert space.records == 5
        assert store.con.execute("SELECT count(*), min(timestamp) FROM lake.records").fetchall()[0] == (
            5,
            datetime(2026, 3, 6, 10, 0, 1),
        )
        assert store.con.execute("SELECT sum(records) FROM lake.activity").fetchall()[0][0] == 5
        assert store.con.execute("SELECT min(timestamp) FROM lake.hits").fetchall()[0][0] >= datetime(2026, 3, 6)
        assert not check(store).wrong
        tally = Ingest(store, settings_for_tests()).run(find([str(log)]).sources)
        assert (tally.records, tally.unchanged) == (0, 1)
    ran = called("store", "prune", "--store", "st", "--older-than", "1d", "--now", "2026-03-10T12:00:00Z", cwd=tmp_path)
    assert ran.code == 0 and "4 records removed" in ran.err


def test_prune_by_size(tmp_path: Path) -> None:
    """--max-size removes the oldest days until the store fits, whole days at a time."""
    log = tmp_path / "a.log"
    with log.open("w") as file:
        for n in range(60_000):
            file.write(
                f"2026-03-{1 + n // 6_000:02} 10:{n // 100 % 60:02}:01 INFO {hash((n, 'x')) & 0xFFFFFFFFFFFFFFFF:x}\n"
            )
    with Store(tmp_path / "st", write=True) as store:
        Ingest(store, settings_for_tests()).run(find([str(log)]).sources)
        size = prune(store, max_bytes=1 << 40).bytes_after
        space = prune(store, max_bytes=size // 2)
        assert space.bytes_after <= size // 2 and space.records % 6_000 == 0 and 0 < space.records < 60_000


@pytest.mark.parametrize(
    "where",
    ["logtriage.store.store.Store._attach", "logtriage.batches.Batches.read", "logtriage.batches.Batches.together"],
)
def test_ctrl_c_ends_an_ingest_wherever_it_comes(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the store is opened and while logs are read it is heard, also where an exception would be dropped; one line
    tells so, and the same command goes on."""
    log, lines = tmp_path / "a.log", 1_000 if where.endswith("together") else 3_000
    log.write_bytes(b"2026-03-02 10:00:01 INFO one\n" * lines)
    args = ["ingest", "--store", str(tmp_path / "st"), str(log), str(log.with_name("b.log"))]
    log.with_name("b.log").write_bytes(log.read_bytes())
    inner = pkgutil.resolve_name(where)

    def interrupted(*args: Any, **options: Any) -> Any:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        return inner(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(where, interrupted)
        assert main(args) == 130
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "stopped" in told[0]
    assert main(args) == 0
    assert "stopped" not in capsys.readouterr().err
    assert len(records(tmp_path)) == 2 * lines
    assert main(["store", "check", "--store", str(tmp_path / "st")]) == 0


def test_following_into_the_store(tmp_path: Path) -> None:
    """What is appended, through a rotation, is in the store when Ctrl-C ends it; the last record may have gone on."""
    log = tmp_path / "a.log"
    log.write_text("2026-03-02 10:00:01 INFO one\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "logtriage", "ingest", "--store", "st", "--follow", "a.log"],
        cwd=tmp_path, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment(), text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert "following" in process.stderr.readline()
    with log.open("a") as file:
        file.write("2026-03-02 10:00:02 ERROR two\n")
    wait_for(tmp_path, 2)
    with log.open("a") as file:
        file.write("\tat a.B.c(B.java:1)\n2026-03-02 10:00:03 INFO three\n")
    wait_for(tmp_path, 3)
    log.rename(tmp_path / "a.log.1")
    log.write_text("2026-03-02 10:00:04 INFO four\n")
    wait_for(tmp_path, 4)
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert process.returncode == 130
    rows = records(tmp_path)
    assert [(row["line"], row["lines"]) for row in rows] == [(1, 1), (2, 2), (4, 1), (1, 1)]
    assert called("store", "check", "--store", "st", cwd=tmp_path).code == 0
    assert called("ingest", "--store", "st", "a.log", "a.log.1", cwd=tmp_path).code == 0
    assert records(tmp_path) == rows


class _Looks(Stop):
    """Ends the following after so many looks, without waiting in between."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count

    def wait(self, seconds: float) -> None:
        self.left -= 1
        if not self.left:
            self.set()


def test_a_log_rotated_before_it_was_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written to a log, and rotated away, before anything of it came is stored with that log, once, and not with
    the one that has its name by then."""
    log, clock = tmp_path / "a.log", itertools.count(step=0.3)
    lines = [f"2026-03-02 10:00:{second:02} INFO line {second} of the log\n".encode() for second in range(60)]
    log.write_bytes(b"".join(lines[:20]))

    def rotated(ingest: Ingest) -> float:
        if not (older := tmp_path / "a.log.1").exists():
            log.write_bytes(b"".join(lines[:40]))
            log.rename(older)
            log.write_bytes(b"".join(lines[40:]))
        return math.inf

    for module in (follow_into, follow):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(follow_into, "_renew_gist", rotated)
    with Store(tmp_path / "st", write=True) as store:
        ingest = Ingest(store, engine.reading())
        ingest.run(sources := find([str(log)]).sources)
        session: Any = SimpleNamespace(args=SimpleNamespace(sources=[str(log)]), error=pytest.fail)
        follow_into.follow_into(ingest, session, sources, _Looks(30))
        assert list(engine.parts(store).values()) == [b"".join(lines[:40]), b"".join(lines[40:])]


def test_a_followed_store_has_its_gist_soon_after_the_last_line(tmp_path: Path) -> None:
    """When nothing comes for a while, searches are told by the gist, which they are not right after a commit; they answer
    the same without it."""
    log, store = tmp_path / "a.log", tmp_path / "st"
    log.write_text("2026-03-02 10:00:01 INFO one\n")
    with subprocess.Popen(
        [sys.executable, "-m", "logtriage", "ingest", "--store", "st", "--follow", "a.log"],
        cwd=tmp_path, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment(), text=True,
    ) as process:  # fmt: skip
        assert process.stderr and "following" in process.stderr.readline()
        for count in (2, 3):
            with log.open("a") as file:
                file.write("\tat a.B.c(B.java:1)\n2026-03-02 10:00:02 ERROR two\n")
            wait_until(lambda: told_records(store) == count)  # noqa: B023 - called at once
        asked = ("grep", "--store", "st", "--utc", "-c")
        answers = [called(*asked, text, cwd=tmp_path) for text in ("two", "nowhere", "at a.B.c")]
        assert "2 found" in answers[0].err and answers[1].code == 1
        kept = (store / gist.NAME).rename(tmp_path / "kept")
        assert answers == [called(*asked, text, cwd=tmp_path) for text in ("two", "nowhere", "at a.B.c")]
        kept.rename(store / gist.NAME)
        process.send_signal(signal.SIGINT)
    assert called("store", "check", "--store", "st", cwd=tmp_path).code == 0


def told_records(store: Path) -> int | None:
    """How many records its gist tells of, if that is current."""
    told = gist.read(store)
    return sum(one.records for one in told.counts) if told else None


def records(folder: Path) -> list[dict[str, int]]:
    """The records of the store, by time."""
    query = "SELECT line, lines FROM records ORDER BY timestamp"
    return [json.loads(line) for line in called("sql", "--store", "st", "--json", query, cwd=folder).lines]


def wait_for(folder: Path, count: int) -> None:
    """Returns when the store has so many records; fails after a while."""
    wait_until(lambda: len(records(folder)) >= count)


def wait_until(holds: Callable[[], bool]) -> None:
    """Returns when it holds; fails after a while."""
    pause = threading.Event()
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        pause.wait(0.1)


def test_demo(tmp_path: Path) -> None:
    """`demo --run` writes the incident, reads it, and shows its turning points on one timeline, in order."""
    ran = called("demo", "shop", "--run", "--utc", cwd=tmp_path)
    assert ran.code == 0, ran.err
    times = [line[:23] for line in ran.lines]
    assert times == sorted(times) and len(times) > 15
    for text in ("Killed process", "Connection refused", "too many clients already", "OPEN"):
        assert any(text in line for line in ran.lines), text
    assert "flagged" in ran.err
    assert called("demo", "shop", "--run", "--utc", cwd=tmp_path).lines == ran.lines
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("precious")
    assert called("demo", "mine", cwd=tmp_path).code == 2


def test_other_folders_and_files_are_no_store(tmp_path: Path) -> None:
    """Nothing is written among somebody's files or over one; an empty folder, and a store, are taken."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine" / "a.log").write_text("2026-03-04 10:00:00 INFO one\n")
    for command in (["ingest", "--store", "mine", "mine"], ["triage", "--store", "mine", "mine"]):
        ran = called(*command, cwd=tmp_path)
        assert ran.code == 2 and "mine is no store" in ran.err and len(ran.err.splitlines()) <= 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["a.log"]
    for command in (["ingest", "--store", "mine/a.log", "mine"], ["grep", "--store", "mine/a.log", "x"]):
        ran = called(*command, cwd=tmp_path)
        assert ran.code == 2 and "mine/a.log is a file" in ran.err and "ingest" not in ran.err
    for _ in range(2):
        assert called("ingest", "--store", "empty", "mine", cwd=tmp_path).code == 0


def test_a_store_is_no_log(tmp_path: Path) -> None:
    """A store that lies inside a searched folder is passed over and counted, whatever is beside it is read."""
    (tmp_path / "app.log").write_text("2026-03-04 10:00:00 INFO needle\n" * 600)
    assert called("ingest", "--store", "logs/store", "app.log", cwd=tmp_path).code == 0
    (tmp_path / "logs" / "store" / "beside.log").write_text("needle\n")
    files = [path for path in (tmp_path / "logs").rglob("*") if path.is_file() and path.suffix != ".log"]
    assert any(path.suffix == ".parquet" for path in files)
    ran = called("grep", "-c", "", "logs", cwd=tmp_path)
    assert ran.lines == ["1"] or ran.lines == ["logs/store/beside.log:1"], ran.out
    assert f"{len(files)} skipped" in ran.err


def test_a_stamp_on_a_line_of_its_own(tmp_path: Path) -> None:
    """Where a record's first line is but its time, the body begins with what is said, in files and in the store."""
    (tmp_path / "alert.log").write_text("2026-03-03T10:11:12+01:00\nORA-00600: internal error\n  Current log# 2\n" * 30)
    json_lines = called("cat", "--no-store", "--output", "jsonl", "alert.log", cwd=tmp_path).lines
    assert {json.loads(line)["body"] for line in json_lines} == {"ORA-00600: internal error\n  Current log# 2"}
    shown = called("cat", "--no-store", "--utc", "alert.log", "alert.log", cwd=tmp_path)
    assert called("ingest", "--store", "st", "alert.log", cwd=tmp_path).code == 0
    stored = called("cat", "--store", "st", "--from-store", "--utc", "alert.log", cwd=tmp_path)
    assert stored.lines == shown.lines and stored.lines[0].endswith("ORA-00600: internal error")
    assert called("cat", "--store", "st", "--from-store", "--output", "jsonl", cwd=tmp_path).lines == json_lines


def test_a_cut_record_is_told_by_who_brings_it_in(tmp_path: Path) -> None:
    """A command that first brings its logs up to date in the store says that a record was too long, and which log has it."""
    lines = [f"2026-03-04 10:00:0{k} INFO beat {k}\n" for k in range(5)]
    (tmp_path / "a.log").write_text("".join(lines) + "2026-03-04 10:00:05 INFO " + "x" * (9 << 20) + "\n")
    ran = called("triage", "--store", "st", "--utc", "a.log", cwd=tmp_path)
    assert "1 record cut at 8 MiB: a.log" in ran.err
    again = called("triage", "--store", "st", "--utc", "a.log", cwd=tmp_path)
    assert "7 records" in again.err and "cut" not in again.err


def test_any_name_that_a_file_may_have(tmp_path: Path) -> None:
    """Names that are no text, or hold what no screen should get, are kept, known again and found by."""
    text = b"2026-03-02 10:00:01 INFO ready\n2026-03-02 10:00:02 ERROR refused\n"
    names = [
        b"bad\xff\xfe.log",
        b"line\nbreak.log",
        b"esc\x1b[31m.log",
        b"*.log",
        b"bytes:.log",
        b"-.log",
        b"\xc3\xa9\xff/\xfe.log",
    ]
    for name in names:
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/logs/" + name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    for again in (False, True):
        ran = called("ingest", "--store", "st", "logs", cwd=tmp_path)
        assert (ran.code, "7 unchanged" in ran.err) == (0, again), ran.err
    assert "7 compared with their files: 0 problems" in called("store", "check", "--store", "st", cwd=tmp_path).err
    for name in names:
        asked = os.fsdecode(b"logs/" + name)
        ran = called("cat", "--store", "st", "--from-store", "--output", "raw", asked, cwd=tmp_path)
        assert ran.out.encode() == text, asked
    for where in (["logs"], ["--store", "st"]):
        ran = called("grep", "--output", "jsonl", "refused", *where, cwd=tmp_path)
        assert len({json.loads(line)["source"] for line in ran.lines}) == 7


@pytest.mark.parametrize(
    "args",
    [["grep", "-e", "a\udcff"], ["grep", "--service", "a\udcff", "x"], ["grep", "-f", "patterns"], ["sql", "SELECT 'a\udcff'"],
     ["ingest", "--store", "a\udcff", "patterns"], ["grep", "--field", "a=\udcff", "x", "patterns"]],
)  # fmt: skip
def test_what_is_no_text_is_refused_in_a_line(tmp_path: Path, stored: Path, args: list[str]) -> None:
    """Arguments that are not UTF-8 can name files, but nothing can be looked for by them."""
    (tmp_path / "patterns").write_bytes(b"a\xff\n")
    store = [] if "--store" in args else ["--store", stored / "st"]
    ran = called(*args, *store, cwd=tmp_path)
    assert ran.code == 2 and "UTF-8" in ran.err and "Traceback" not in ran.err
