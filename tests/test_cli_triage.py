"""triage and report as their users run them."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command import called, environment, logtriage
from incidents import BROKEN, healthy, saying, silent, write

from logtriage.marks import Mark, save
from logtriage.store.store import Store


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the logs `bad/` and `good/`, and a store that has them both."""
    folder = tmp_path_factory.mktemp("shop")
    write(folder / "good", healthy())
    write(folder / "bad", saying("web", "error", "no answer from stock")(silent("stock")(healthy(3))))
    ran = called(
        "triage", "--store", "st", "--at", f"{BROKEN.isoformat()}Z", "--baseline", "good", "--json", "bad", cwd=folder
    )
    assert ran.code == 0, ran.err
    (folder / "answer.json").write_text(ran.out)
    return folder


def test_one_object_of_json(shop: Path) -> None:
    """The JSON has what is promised: onset, culprits with service, score and evidence, findings and blame."""
    (line,) = (shop / "answer.json").read_text().splitlines()
    told = json.loads(line)
    assert told["onset"]["time"] == "2026-05-06T10:15:00Z"
    first = told["culprits"][0]
    assert first["service"] == "stock" and first["score"] > 1 and first["why"]
    assert [one["score"] for one in told["culprits"]] == sorted(
        (one["score"] for one in told["culprits"]), reverse=True
    )
    assert all(piece["sql"] and piece["sentence"] for piece in first["evidence"])
    assert first["evidence"][0]["records"][0].keys() == {"source", "offset", "line"}
    assert [(edge["source"], edge["target"]) for edge in told["blame"]] == [("web", "stock")]
    assert told["findings"] and told["records"]["baseline"] > told["records"]["incident"] > 0


def test_one_screen(shop: Path) -> None:
    """As text it names the suspect first, and says what to ask next; the SQL it gives runs."""
    ran = called("triage", "--store", "st", "--at", f"{BROKEN.isoformat()}Z", "--utc", "bad", cwd=shop)
    assert ran.code == 0
    assert "1. stock" in ran.out and "When it began" in ran.out
    asked = ran.lines[ran.lines.index("Ask next") + 1 :]
    assert max(map(len, asked)) < 160
    for command in asked:
        again = called(*shlex.split(command)[1:], cwd=shop)
        assert (again.code, bool(again.out)) == (0, True), command
    told = again.err.split(";\n")
    assert told[0].startswith("-- stock: ")
    assert called("sql", "--store", "st", told[0].partition("\n")[2], cwd=shop).code == 0


def test_what_is_in_no_store_is_named_again(shop: Path) -> None:
    """Without a store, what to ask next names the logs, so that it finds them."""
    ran = called("triage", "--no-store", "--at", f"{BROKEN.isoformat()}Z", "bad", cwd=shop)
    typed = [shlex.split(line) for line in ran.lines[ran.lines.index("Ask next") + 1 :]]
    assert all("bad" in words for words in typed)
    assert {called(*words[1:], cwd=shop, LOGTRIAGE_STORE="nowhere").code for words in typed[:2]} == {
        0,
        1,
    }  # one is silent


def test_on_a_terminal_it_fits_the_screen(shop: Path) -> None:
    """No line but a command is wider than the terminal, all of them fit on it, and what is cut is counted. In a pipe
    nothing is cut."""
    write(shop / "many", healthy(3))
    for n in range(30):
        fine = [f"2026-05-06T10:{m:02}:{s:02}Z INFO fine\n" for m in range(15) for s in range(0, 60, 10)]
        bad = [f"2026-05-06T10:{15 + n // 10}:{s:02}Z ERROR {chr(97 + n % 26) * 150} failed\n" for s in range(20)]
        (shop / "many" / f"svc{n}.log").write_text("".join([*fine, *bad]))
    args = ["triage", "--no-store", "--at", f"{BROKEN.isoformat()}Z", "--no-messages", "many"]
    lines, whole = on_a_terminal(args, shop, columns=90, rows=44), called(*args, cwd=shop).lines
    assert len(lines) <= 43 and any(line.startswith("  and ") and line.endswith(" more") for line in lines)
    assert all(len(line) <= 90 or line.startswith("  logtriage ") for line in lines)
    assert "…" in "".join(lines) and any(len(line) > 90 for line in whole if not line.startswith("  logtriage "))
    assert len(whole) > 43


def on_a_terminal(args: list[str], folder: Path, columns: int, rows: int) -> list[str]:
    """What a command prints on a terminal of so many columns and rows."""
    ours, theirs = pty.openpty()
    ran = subprocess.Popen(
        [sys.executable, "-m", "logtriage", *args],
        cwd=folder,
        env=environment(COLUMNS=str(columns), LINES=str(rows), TERM="dumb"),
        stdout=theirs,
        stdin=theirs,
    )
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # the other side is closed
        while piece := os.read(ours, 65536):
            said += piece
    os.close(ours)
    assert ran.wait(60) == 0
    return said.decode().splitlines()


def test_no_evidence_is_exit_code_1(shop: Path, tmp_path: Path) -> None:
    """Ten lines, no lines, lines without time: an honest answer and exit code 1, no crash."""
    (tmp_path / "ten.log").write_text("".join(f"2026-05-06 10:0{n}:00 INFO fine {n}\n" for n in range(10)))
    (tmp_path / "plain.log").write_text("a\nb\nc\n" * 20)
    (tmp_path / "none.log").write_text("")
    for name, said in (("ten.log", "no onset"), ("plain.log", "no record"), ("none.log", "no ")):
        ran = called("triage", "--store", tmp_path / "st", name, cwd=tmp_path)
        assert (ran.code, "Traceback" in ran.err) == (1, False), ran.err
        assert said in ran.out
    ran = called("triage", "--store", tmp_path / "st", "--at", "2026-05-06T10:05Z", "ten.log", cwd=tmp_path)
    assert ran.code in (0, 1) and "only" in ran.out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--at", "soonish"], "no moment"),
        (["--baseline", "10:00..09:00"], "empty"),
        (["--baseline", "nowhere"], "the baseline nowhere: No such file"),
        (["--baseline", "good", "--baseline", "nowhere"], "nowhere"),
        (["--baseline", "empty.log"], "the baseline empty.log holds no record"),
        (["--baseline", "2020-01-01T00:00..2020-01-01T01:00"], "holds no record"),
        (["--since", "2026-05-06T11:00Z", "--until", "2026-05-06T10:00Z"], "before it begins"),
        (["--baseline", "good", "--baseline", "09:00..10:00"], "one window"),
        (["--at", "2026-03-04T10:00", "--since", "2026-03-04T10:05"], "--at lies outside of --since and --until"),
        (["--at", "2026-03-04T10:00", "--until", "2026-03-04T09:00"], "--at lies outside of --since and --until"),
    ],
)
def test_wrong_arguments_are_one_line(shop: Path, args: list[str], said: str) -> None:
    """What cannot be meant is exit code 2, says why, and gives no answer to something else; so for a report."""
    (shop / "empty.log").touch()
    for command in ("triage", "report"):
        ran = called(command, "--store", "st", *args, "bad", cwd=shop)
        assert (ran.code, ran.out) == (2, "") and said in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize("command", ["triage", "report", "sessions", "templates", "check"])
def test_no_logs_are_no_answer(shop: Path, command: str) -> None:
    """Where nothing of what is named is a log, there is an error and not an answer as if all were well."""
    (shop / "bare").mkdir(exist_ok=True)
    for name in ("nowhere", "bare"):
        ran = called(command, "--store", "st", name, cwd=shop)
        assert (ran.code, ran.out) == (2, "") and name in ran.err and "Traceback" not in ran.err


def test_a_moment_outside_of_the_logs_is_told(shop: Path) -> None:
    """Where --at is before or behind all logs, a note says from when to when there are any; else there is none."""
    for moment, outside in (("2026-05-01T00:00Z", True), ("2026-05-06T23:00Z", True), ("2026-05-06T10:15Z", False)):
        ran = called("triage", "--store", "st", "--at", moment, "bad", cwd=shop)
        assert ("the logs span 2026-05-06 " in ran.out) == outside, ran


def test_a_window_can_be_the_baseline(shop: Path) -> None:
    """--baseline FROM..TO compares with that time of the same logs."""
    ran = called(
        "triage", "--store", "st", "--at", "10:15", "--baseline", "10:00..10:10", "--utc", "--json", "bad", cwd=shop
    )
    told = json.loads(ran.out)
    assert told["culprits"][0]["service"] == "stock" and "10:00" in told["baseline"]


def test_the_report_is_written(shop: Path) -> None:
    """Markdown on standard output, the page in its file, with the marks of the store; --redact masks them."""
    save(shop / "st", [Mark("bad/web.log", 0, BROKEN, "asked ann@shop.example <b>")])
    ran = called(
        "report",
        "--store",
        "st",
        "--at",
        f"{BROKEN.isoformat()}Z",
        "--html",
        "page.html",
        "--title",
        "Stock <gone>",
        cwd=shop,
    )
    assert ran.code == 0 and ran.out.startswith("# Stock \\<gone\\>\n")
    page = (shop / "page.html").read_text()
    assert (
        "<h1>Stock &lt;gone&gt;</h1>" in page
        and "<svg" in page
        and "ann@shop.example &lt;b&gt;" in page
        and "<b>" not in page
    )
    masked = called("report", "--store", "st", "--at", f"{BROKEN.isoformat()}Z", "--redact", cwd=shop)
    assert "ann" not in masked.out and "email 1" in masked.out
    assert not [path for path in shop.iterdir() if path.name.startswith(".page")]


def test_the_week_is_written(shop: Path) -> None:
    """--weekly gives the days' tables, and knows no onset."""
    ran = called("report", "--store", "st", "--weekly", cwd=shop)
    assert ran.code == 0 and "## Quiet sources" in ran.out and "no answer from stock" in ran.out
    assert called("report", "--store", "st", "--weekly", "--at", "10:15", cwd=shop).code == 2


@pytest.mark.parametrize(
    "command", [["triage"], ["report"], ["templates"], ["sessions", "--by", "trace_id"]], ids=lambda c: c[0]
)
def test_what_is_piped_in_is_answered_about(shop: Path, tmp_path: Path, command: list[str]) -> None:
    """A log in a pipe is read by each command as the same file is, whether `-` names it or nothing does; it is not kept."""
    file = shop / "bad" / "web.log"
    other = called(*command, "--no-store", file, cwd=tmp_path)
    for named in (["-"], []):
        piped = logtriage(*command, "--store", tmp_path / "st", *named, stdin=file.read_bytes(), cwd=tmp_path)
        assert piped.err.splitlines()[-1] == other.err.splitlines()[-1]
        assert piped.code == other.code
    assert not (tmp_path / "st").exists()


def test_sql_and_check_read_a_pipe(shop: Path, tmp_path: Path) -> None:
    """`--from -` is asked by SQL, and `check -` looks at what is piped in."""
    log = (shop / "bad" / "web.log").read_bytes()
    counted = logtriage(
        "sql", "--from", "-", "--output", "csv", "SELECT count(*) AS n FROM records", stdin=log, cwd=tmp_path
    )
    assert int(counted.lines[1]) > 0, counted.err
    failed = logtriage("check", "-", "--fail-on", "level:error", stdin=log, cwd=tmp_path)
    assert (failed.code, "level:error" in failed.out + failed.err) == (1, True), failed.err


def test_a_store_in_use_keeps_nobody_waiting(shop: Path, tmp_path: Path) -> None:
    """While another process writes to the store, logs that are named are read beside it, and that is said."""
    named = [shop / "bad", "nosuch.log"]
    with Store(tmp_path / "st", write=True):
        ran = logtriage("templates", "--store", tmp_path / "st", *named, cwd=tmp_path)
    assert ran.out == called("templates", "--no-store", *named, cwd=tmp_path).out != ""
    assert ran.err.count("nosuch.log") == 1, ran.err
    assert "is writing to" in ran.err and "not kept" in ran.err


def test_a_baseline_needs_no_onset(shop: Path) -> None:
    """Without an onset, what lies behind the window given as the baseline is compared with it."""
    window = ["--baseline", "2026-05-06T10:00Z..2026-05-06T10:05Z", "--until", "2026-05-06T10:12Z"]
    told = json.loads(called("triage", "--no-store", "--json", *window, "bad", cwd=shop).out)
    assert told["onset"] is None
    assert told["window"]["since"] == "2026-05-06T10:05:00Z"
    assert told["records"]["baseline"] > 0 and told["records"]["incident"] > 0
