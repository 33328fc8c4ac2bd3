"""grep and cat on odd text and odd arguments: as ripgrep does, and the same from files and from the store."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from command import Ran, called
from hypothesis import given
from hypothesis import strategies as st
from rg_reference import needs_rg

from logtriage.cli import main
from logtriage.cli.lines_out import Out
from logtriage.cli.rows_out import RowsOut, Shown, Timeline
from logtriage.needles import verdict
from logtriage.output import harmless, painted, shown_time, table, zone_named
from logtriage.stream.picked import Picked

APP = """\
2026-03-02 10:00:01.100 INFO  [main] shop.Cart - started in 12 ms
2026-03-02 10:00:03.300 WARN  [http-2] shop.Cart - retrying
"""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two logs."""
    (tmp_path / "app.log").write_text(APP)
    (tmp_path / "web.log").write_text(APP)
    return tmp_path


def grep(logs: Path, *args: str | Path) -> Ran:
    """Runs grep in the folder of logs."""
    return called("grep", *args, cwd=logs)


def test_a_hyphen_may_begin_a_pattern_a_span_and_a_name(logs: Path) -> None:
    """`-e -x`, `-ie -x`, `--since -2h` and what stands behind `--` mean what they do to grep, ripgrep and journalctl."""
    (logs / "-odd.log").write_text("2026-03-02 10:00:01 INFO -one two\n2026-03-02 10:00:02 INFO three\n")
    for args in (["-e", "-one"], ["-ie", "-ONE"], ["--regexp", "-one"], ["--regexp=-one"], ["-v", "-e", "-three"]):
        assert grep(logs, "-m1", *args, "--", "-odd.log").lines == ["2026-03-02 10:00:01 INFO -one two"], args
    assert grep(logs, "-c", "--", "-one", "-odd.log").out == "1\n"
    since = grep(logs, "-c", "--now", "2026-03-02T12:00:01.5Z", "--since", "-2h", "--utc", "", "--", "-odd.log")
    assert since.out == "1\n", since
    for wrong in (["-e"], ["-e", "-i", "app.log"], ["--sinc", "-2h", "x", "app.log"]):
        assert grep(logs, *wrong).code == 2


def test_what_matches_is_printed_as_it_is(tmp_path: Path) -> None:
    """`-o --output raw` gives the bytes that match, from a file, with filters and from the store."""
    (tmp_path / "a.log").write_bytes(
        b"2026-03-02 10:00:01 INFO a\x1b[1m-\xff b a-b\n  at a\x1b\n2026-03-02 10:00:02 INFO b\n"
    )
    assert called("ingest", "--store", "st", "a.log", cwd=tmp_path).code == 0
    for args in (["a.log"], ["--level", "info", "a.log"], ["--store", "st"]):
        ran = grep(tmp_path, "-o", "--output", "raw", "-e", r"a[^b]", *args)
        assert ran.out == "a\x1b\na-\nat\na\x1b\n", args


def test_where_a_pattern_takes_too_long_the_line_is_shown(tmp_path: Path) -> None:
    """A line that matches, though not in time everywhere, is printed whole by -o and without colour, and what is behind it too."""
    slow = "2026-03-02 10:00:01 INFO éaX é" + "a" * 60 + "!"
    (tmp_path / "a.log").write_text(f"{slow}\n2026-03-02 10:00:02 INFO éaX\n")
    pattern = r"é(?=a)(a|aa|a?a)+X"
    ran = grep(tmp_path, "-o", pattern, "a.log")
    assert ran.lines == [slow, "éaX"] and ran.code == 2 and "took too long on 1 line" in ran.err
    assert grep(tmp_path, "-o", "-h", "--level", "info", pattern, "a.log").lines == [slow, "éaX"]
    assert grep(tmp_path, "--color", "always", pattern, "a.log").lines[0] == slow


def test_a_number_behind_cats_n_is_answered(logs: Path) -> None:
    """`cat -n 5`, as `tail` has it, is told what it is here; a file of that name is read."""
    ran = called("cat", "-n", "5", "app.log", cwd=logs)
    assert ran.code == 2 and "--tail 5" in ran.err
    (logs / "5").write_text(APP)
    assert len(called("cat", "-n", "5", cwd=logs).lines) == 2


def test_lines_of_windows_have_ids(tmp_path: Path) -> None:
    """An id that stands in the text of a line that ends in CRLF is found, whatever names its format has for one."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    line = f'time=2026-03-02T10:00:01.5Z level=info msg="trace_id={trace} done" user=bob'
    for end in ("\n", "\r\n"):
        (tmp_path / "a.log").write_bytes((line + end).encode())
        assert grep(tmp_path, "--trace", trace, "-c", "", "a.log").out == "1\n", repr(end)


def test_a_nul_is_looked_for_in_the_store_too(tmp_path: Path) -> None:
    """A pattern with a NUL finds in the store what it finds in the file."""
    (tmp_path / "a.log").write_bytes(b"2026-03-02 10:00:01 INFO a\0b\n2026-03-02 10:00:02 INFO ab\n")
    assert called("ingest", "--store", "st", "a.log", cwd=tmp_path).code == 0
    for args in (["-c", "-h"], ["-o", "-h"], ["--output", "jsonl"]):
        for pattern in (r"\x00", r"a\x00b", r"INFO a\x00", r"(?i)A\x00"):
            found = grep(tmp_path, *args, "--level", "info", "--utc", "--no-store", "-e", pattern, "a.log")
            assert found.code == 0, found
            assert grep(tmp_path, *args, "--utc", "--store", "st", "-e", pattern).out.split() == found.out.split(), args


@needs_rg
@pytest.mark.parametrize("pattern", ["started|stdout", r"sshd\[\d+\]", r"\d+ ms", "^.", "é"])
def test_only_what_matches_of_several_files_is_what_ripgrep_prints(tmp_path: Path, pattern: str) -> None:
    """-o over several files, and over the store, prints what matches wherever it stands in a line: also in what a
    transport says, and in the first line behind a byte order mark."""
    (tmp_path / "a.log").write_text(
        "2026-03-02T10:00:01.5Z stdout F started\r\n2026-03-02T10:00:02.5Z stdout F 12 ms\r\n"
    )
    (tmp_path / "b.log").write_text(
        "\ufeffMar  2 10:00:03 host sshd[12]: Accepted é\nMar  2 10:00:04 host sshd[7]: bye\n"
    )
    (tmp_path / "c.log").write_text("2026-03-02 10:00:05 INFO started\n", "utf-16")
    names = ["a.log", "b.log", "c.log"]
    rg = ["rg", "--no-config", "-a", "-o", "-N", "-I", "--sort", "path", "-e", pattern, *names]
    theirs = subprocess.run(rg, capture_output=True, cwd=tmp_path, check=False).stdout.decode().splitlines()
    assert grep(tmp_path, "-o", "-I", "--output", "raw", pattern, *names).lines == theirs
    ours = grep(tmp_path, "-o", "--utc", pattern, *names)
    assert [line[43:] for line in ours.lines] == theirs, ours.out
    assert called("ingest", "--store", "st", *names, cwd=tmp_path).code == 0
    assert grep(tmp_path, "--store", "st", "-o", "--utc", pattern).lines == ours.lines


@pytest.mark.parametrize("how", [["-c"], ["-l"], ["-q"], []])
def test_none_is_enough(logs: Path, how: list[str]) -> None:
    """-m 0 finds nothing, in files and in the store, as in ripgrep."""
    assert called("ingest", "--store", "st", "app.log", "web.log", cwd=logs).code == 0
    for where in (["app.log"], ["app.log", "web.log"], ["--store", "st"]):
        ran = grep(logs, "-m0", *how, "INFO", *where)
        assert (ran.code, ran.out) == (1, ""), where


def test_records_in_utf_16_from_the_store_are_their_bytes(tmp_path: Path) -> None:
    """`--output raw` from the store gives records of two bytes a character as they are, one behind the other."""
    lines = [f"2026-03-02 10:00:0{n} ERROR häus {n}\n" for n in range(4)]
    (tmp_path / "wide.log").write_bytes("".join(lines).encode("utf-16"))
    assert called("ingest", "--store", "st", "wide.log", cwd=tmp_path).code == 0
    found = grep(tmp_path, "--store", "st", "--output", "raw", "häus [13]")
    assert found.out.encode("utf-8", "surrogateescape") == (lines[1] + lines[3]).encode("utf-16-le")


@pytest.mark.parametrize("front", ["\ufeff", "\x1b[0m"])
def test_documents_behind_a_mark_are_read(tmp_path: Path, front: str) -> None:
    """What a transport wraps in JSON is read where a byte order mark or a colour stands before it, from files and store."""
    line = json.dumps({"log": '{"level":"error","msg":"broken"}\n', "stream": "stdout", "time": "2026-03-04T09:58:00Z"})
    (tmp_path / "one.log").write_text(f"{front}{line}\n" * 3)
    (tmp_path / "wide.log").write_text(f"{line}\n" * 3, "utf-16")
    from_files = called("cat", "--no-store", "--output", "jsonl", "one.log", "wide.log", cwd=tmp_path)
    told = [json.loads(text) for text in from_files.lines]
    assert [(one["level"], one["body"]) for one in told] == [("error", "broken")] * 6, from_files.err
    assert called("ingest", "--store", "st", "one.log", "wide.log", cwd=tmp_path).code == 0
    from_store = called("cat", "--store", "st", "--from-store", "--output", "jsonl", cwd=tmp_path)
    assert [json.loads(text) for text in from_store.lines] == told


def _main(*args: str) -> tuple[int, str]:
    """Runs a command line in this process; gives its exit code and what it said on standard error."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        return main(args), said.getvalue()


@pytest.mark.parametrize(
    "command", [["grep", "--level", "info", "started"], ["cat", "--output", "jsonl", "--no-store"]]
)
@pytest.mark.parametrize("why", ["memory", "database"])
def test_what_a_search_failed_by_is_told_first(
    logs: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], why: str
) -> None:
    """Where memory runs out, or the database fails, that is the first line, and the coverage line after it counts the
    error: nobody reads `0 found` and goes home."""
    import _duckdb

    failure = MemoryError() if why == "memory" else _duckdb.Error("Odd Error: something\n\nat length")

    def fail(*_: object, **__: object) -> list[str]:
        raise failure

    monkeypatch.setattr(Picked, "rows", fail)
    monkeypatch.setattr(Picked, "json_lines", fail)
    code, said = _main(*command, "--no-config", str(logs / "app.log"))
    first, last = said.splitlines()
    assert code == 2 and last.endswith("; 1 error")
    assert "not enough memory" in first if why == "memory" else "DuckDB: Odd Error: something" in first


@pytest.mark.parametrize(
    "args",
    [["\x1b[31m"], ["grep", "-f", "\x1b[31m"], ["grep", "--store", "no\x1bwhere", "x"], ["grep", "x", "no\x1bwhere"],
     ["grep", "--level", "\x1b[31m", "x"], ["grep", "(\x1b", "x"], ["grep", "--\x1b", "x"]],
)  # fmt: skip
def test_errors_talk_to_no_terminal(args: list[str]) -> None:
    """What is wrong on the command line is repeated without what a terminal would act upon."""
    code, said = _main(*args)
    assert code == 2 and said == harmless(said)


def test_nothing_a_terminal_acts_upon_is_printed_to_one() -> None:
    """CSV, JSON lines and the names of columns, too, are harmless where somebody looks; to a pipe they go as they are."""
    hostile = json.dumps({"body": "a\x9b31m\u202e", "service": "=1", "flags": []}, ensure_ascii=False)
    for output in ("jsonl", "csv", "logfmt"):
        for terminal in (True, False):
            out = io.BytesIO()
            RowsOut(Timeline(output, None, 1, {}, terminal=terminal), None, Out(True, out)).tell(hostile)  # type: ignore[arg-type]
            written = out.getvalue().decode()
            assert (harmless(written) == written) is (terminal or output == "logfmt"), output
    assert harmless(shown := table(["a\x1b[2J"], [["b\x1b[2J"]])) == shown


@pytest.mark.parametrize("args", [["-v"], ["-v", "-c"], ["-v", "--level", "info"], ["-v", "-A1"]])
def test_a_pattern_that_takes_too_long_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    """Where the engine for lookaround gives up on lines, files and store say so and end with 2: they may have been found,
    also where -v turns it round."""
    monkeypatch.setattr(verdict, "TIMEOUT", 0.05)  # the line below would take years
    line = "INFO " + "a" * 45 + "! " * 7
    (tmp_path / "app.log").write_text("".join(f"2026-03-02 10:00:0{n} {line}\n" for n in range(3)))
    assert called("ingest", "--store", "st", "app.log", cwd=tmp_path).code == 0
    for where in (["app.log"], ["--store", "st"]):
        ran = grep(tmp_path, *args, "(?<!x)(a|aa)+$", *where)
        assert ran.code == 2 and "the pattern took too long on 3 " in ran.err, (where, ran)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two logs, a.log and b.log, and a store `st` of both."""
    folder = tmp_path_factory.mktemp("said")
    lines = ["it's body, attributes started", "nul \0 and \\t", "plain\n  it's further INFO", "10:00:01"]
    log = "".join(f"2026-03-02 10:00:0{n}.5 INFO  [main] shop.Cart - {line}\n" for n, line in enumerate(lines, 1))
    for name in ("a.log", "b.log"):
        (folder / name).write_text(log)
    assert called("ingest", "--store", "st", "a.log", "b.log", cwd=folder).code == 0
    return folder


@pytest.mark.parametrize(
    "text", ["shop.Cart", "started", "INFO", "it's", "body, attributes", "10:00:01", "\u2400", "\\t"]
)
def test_what_is_shown_of_a_record_is_the_same_however_a_pattern_is_written(said: Path, text: str) -> None:
    """What a record says, and all of it where the match is not in that: for a text, for the same as an expression, and in
    files."""
    for look in ([], ["-n", "--color", "always"], ["-o"], ["-C1"], ["--output", "raw"]):
        fixed, read, files = (
            called("grep", "--utc", "--store", "st", *look, *args, cwd=said)
            for args in (["-F", text], [re.escape(text).replace("\\ ", " ") + "(?:)"], ["-F", text, "a.log", "b.log"])
        )
        assert fixed.out == read.out and fixed.code == read.code
        if look not in (["-C1"], ["--output", "raw"]):  # files print no gaps, and their bytes one file after the other
            assert fixed.out == files.out


@given(
    st.lists(st.none() | st.datetimes(datetime(2026, 3, 29), datetime(2026, 3, 30)), max_size=4),
    st.lists(st.timedeltas(timedelta(0), timedelta(seconds=1)), min_size=4, max_size=4),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]),
    st.booleans(),
)
def test_the_timeline_shows_each_time_in_its_zone(
    moments: list[datetime | None], later: list[timedelta], zone: str, colour: bool
) -> None:
    """Also of records of the same second, of none, and on both sides of a change of the clock."""
    times = [one and one + delta for one in moments for delta in (timedelta(0), *later)]
    out = io.BytesIO()
    printer = RowsOut(Timeline("text", zone_named(zone), 0, {}, colour), None, Out(True, out))
    for time in times:
        printer.show(Shown(time, "app", 1, None, "said", None, None, None, True))
    wanted = [painted(shown_time(time, zone_named(zone)), "time", colour) for time in times]
    assert out.getvalue().decode().splitlines() == [f"{time}        said" for time in wanted]


def test_rows_wait_for_each_other_but_not_for_what_fails() -> None:
    """The first row is a page of its own; what came before something failed is still given, and then it fails."""

    def rows() -> Iterator[int]:
        yield from range(2_500)
        raise KeyboardInterrupt

    for at_once in (False, True):
        pages: list[list[int]] = []
        with pytest.raises(KeyboardInterrupt):
            pages.extend(Out(at_once).pages(rows()))
        assert pages[0] == [0]
        assert [row for page in pages for row in page] == list(range(2_500))
        assert max(map(len, pages)) <= (1 if at_once else 1_000)


@pytest.mark.parametrize("what", ["refused", "7c61a3f0b5d4e291", "WARN", "caf\u00e9", 'say "no"', "42", "T10:00:01"])
def test_what_the_store_prints_is_what_the_files_say(tmp_path: Path, what: str) -> None:
    """A match in the body, an id in it, in front of it, in escaped JSON, in its time or in several of these: the timeline shows
    the same from the store, where a text is put together only if the body does not show the match."""
    said = [
        "refused: caf\u00e9 42",
        "ok trace_id=7c61a3f0b5d4e291",
        'it did say "no" 42',
        "refused trace_id=7c61a3f0b5d4e291 again",
    ]
    plain, lines = tmp_path / "plain.log", tmp_path / "lines.log"
    plain.write_text(
        "".join(f"2026-01-14T10:00:0{n}.042Z WARN [42] shop.Pay - {text}\r\n" for n, text in enumerate(said * 2))
    )
    lines.write_text("".join(
        json.dumps({"ts": f"2026-01-14T10:00:0{n}.500Z", "level": "warn", "msg": text, "order": 42}) + "\n"
        for n, text in enumerate(said)
    ))  # fmt: skip
    store = tmp_path / "store"
    assert called("ingest", "--store", store, plain, lines).code == 0
    files = called("grep", "--utc", "--no-store", "-H", "-F", what, plain, lines, "--output", "jsonl")
    shown = called("grep", "--utc", "--store", store, "-F", what)
    merged = called("grep", "--utc", "--across", "-C0", "-F", what, plain, lines)
    assert shown.code == 0
    assert len(shown.lines) == len(files.lines)
    assert shown.lines == merged.lines
