"""`logtriage grep`: what it finds, how it looks, how it ends; through real processes where pipes and signals matter."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from command import Ran, called, environment, logtriage
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rg_reference import needs_rg

from logtriage import whole
from logtriage.cli import main

APP = """\
2026-03-02 10:00:01.100 INFO  [main] shop.Cart - started in 12 ms
2026-03-02 10:00:02.200 ERROR [http-1] shop.Cart - checkout failed
java.lang.IllegalStateException: no stock
\tat shop.Cart.take(Cart.java:41)
Caused by: java.net.SocketTimeoutException: Read timed out
\tat shop.Net.read(Net.java:7)
2026-03-02 10:00:03.300 WARN  [http-2] shop.Cart - retrying
2026-03-02 10:00:04.400 INFO  [http-2] shop.Cart - =1+1 done
"""
WEB = """\
10.0.0.7 - - [02/Mar/2026:10:00:02 +0000] "GET /cart HTTP/1.1" 200 12 "-" "curl/8"
10.0.0.8 - - [02/Mar/2026:10:00:03 +0000] "GET /pay HTTP/1.1" 504 0 "-" "curl/8"
"""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two logs of the same minute."""
    (tmp_path / "app.log").write_text(APP)
    (tmp_path / "web.log").write_text(WEB)
    return tmp_path


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same logs, and a store `st` of both, for those who only read."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "app.log").write_text(APP)
    (folder / "web.log").write_text(WEB)
    assert called("ingest", "--store", "st", "app.log", "web.log", cwd=folder).code == 0
    return folder


def grep(logs: Path, *args: str | Path, **how: str) -> Ran:
    """Runs grep in the folder of logs."""
    return called("grep", *args, cwd=logs, **how)


def test_a_hit_is_a_whole_record(logs: Path) -> None:
    """A match in a stack trace gives the record from its first line to its last."""
    ran = grep(logs, "Read timed out", "app.log")
    assert (ran.code, ran.lines) == (0, APP.splitlines()[1:6])


@needs_rg
@pytest.mark.parametrize("pattern", ["ERROR", "retry|started", r"http-\d", "(?i)INFO", "^10", "ms$", "nothing here"])
@pytest.mark.parametrize(
    "flags", [[], ["-i"], ["-w"], ["-c"], ["-o"], ["-n"], ["-H", "-n"], ["-m", "1"], ["-F"], ["-x"]]
)
def test_one_line_records_look_as_in_ripgrep(tmp_path: Path, pattern: str, flags: list[str]) -> None:
    """Where every record is one line, the output and the exit code are ripgrep's."""
    lines = [line for line in APP.splitlines() if line[0] == "2"]
    (tmp_path / "one.log").write_text("\n".join(lines))
    reference = subprocess.run(
        ["rg", "--no-config", "--color=never", *([] if "-n" in flags else ["-N"]), *flags, "-e", pattern, "one.log"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    ran = grep(tmp_path, *flags, "-e", pattern, "one.log")
    assert (ran.code, ran.out) == (reference.returncode, reference.stdout)


LINES = (
    "INFO alpha beta",
    "ERROR Alpha refused",
    "WARN beta beta x",
    "DEBUG straße 5 über refused",
    "INFO a.b a+b",
    "b",
)
FLAGS = ("-c", "-l", "-q", "-v", "-w", "-x", "-i", "-S", "-n", "-F", "-H", "-I", "-m2", "-C1")
PATTERNS = ("alpha", "^2026", "a.b", "refused$", "Alpha", "über|x", "", "absent", "b", "[0-9]+", ".", r"\+b")


@needs_rg
@given(
    st.lists(st.sampled_from(LINES), min_size=1, max_size=8),
    st.lists(st.sampled_from(FLAGS), max_size=4, unique=True),
    st.sampled_from(PATTERNS),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_flags_together_are_ripgreps(lines: list[str], flags: list[str], pattern: str, parts: bool) -> None:
    """Any flags together print what ripgrep prints, and end as it does. (Left out is what differs on purpose: -o without
    empty matches and without context, -c counting records, also with -o, a context's end behind -m; and -o with -w, by
    which ripgrep 13 cuts the first word of a line.)"""
    assume(not ("-m2" in flags and "-C1" in flags))
    if parts and pattern and not {"-c", "-C1", "-w"} & set(flags):
        flags = ["-o", *flags]
    with TemporaryDirectory() as folder:
        log = Path(folder, "a.log")
        log.write_text("".join(f"2026-03-02 10:00:0{n} {line}\n" for n, line in enumerate(lines)), "utf-8")
        own = [] if "-n" in flags else ["-N"]
        theirs = subprocess.run(
            ["rg", "--no-config", *own, *flags, "-e", pattern, str(log)], capture_output=True, check=False
        )
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = main(["grep", "--no-config", *flags, "-e", pattern, str(log)])
            out.flush()
        assert (code, out.buffer.getvalue()) == (theirs.returncode, theirs.stdout)


def test_lines_of_a_record_are_marked(logs: Path) -> None:
    """With -n the line that matches has a colon, those that only belong to its record a hyphen."""
    ran = grep(logs, "-n", "Caused", "app.log")
    assert [line.split("2026")[0][:2] for line in ran.lines] == ["2-", "3-", "4-", "5:", "6-"]


def test_context_is_counted_in_records(logs: Path) -> None:
    """-B 1 is the record before, however many lines it has; groups that do not touch are parted by --."""
    assert grep(logs, "-B1", "retrying", "app.log").lines == APP.splitlines()[1:7]
    ran = grep(logs, "-A0", "-C0", "-B0", "started|done", "app.log")
    assert ran.lines == [APP.splitlines()[0], APP.splitlines()[7]]
    ran = grep(logs, "-A1", "started|=1", "app.log")
    assert ran.lines == [*APP.splitlines()[:6], "--", APP.splitlines()[7]]


@pytest.mark.parametrize(
    "args",
    [
        ["-C1", "started|504"],
        ["-A1", "GET"],
        ["-B1", "GET|retrying"],
        ["-A2", "-m1", "e"],
        ["--level", "warn", "-C1", ""],
        ["--level", "info,warn", "-A1", "-m1", "shop"],
        ["--since", "2026-03-02T10:00:03Z", "-B2", "shop"],
        ["--across", "--level", "warn", "-C1", ""],
        ["-v", "-C1", "o s|shop|GET .cart"],
    ],
)
def test_context_in_groups(stored: Path, args: list[str]) -> None:
    """Of several files as of the store: each hit amid the records beside it in its source, whether or not they are what
    the filters ask for; groups that do not touch are parted."""
    ran = grep(stored, "--utc", *args, "app.log", "web.log")
    assert (ran.code, ran.lines) == (0, grep(stored, "--utc", *args, "--store", "st").lines)
    assert ("--" in ran.lines) == (
        args in (["-C1", "started|504"], ["-B1", "GET|retrying"], ["--level", "warn", "-C1", ""])
    )


def test_a_record_that_was_cut_is_told_by_every_way_to_look(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, named or printed, from files as they are or with fields: the coverage line says what was cut."""
    monkeypatch.setattr(whole, "LONGEST", 1 << 16)
    monkeypatch.chdir(logs)
    (logs / "long.log").write_text(APP + "x" * 100_000 + "\n" + APP)
    for args in (["-c"], [], ["-o"], ["--utc"], ["-c", "--level", "info,error"], ["-C1"]):
        with (
            contextlib.redirect_stderr(io.StringIO()) as told,
            contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())),
        ):
            assert main(["grep", "--no-config", *args, "x", "long.log"]) == 0
        assert "1 record cut at 0 MiB: long.log" in told.getvalue(), args


def test_inverted(logs: Path) -> None:
    """-v gives the records in which no line matches."""
    ran = grep(logs, "-v", "timed out|started", "app.log")
    assert ran.lines == APP.splitlines()[6:]


def test_several_sources_are_merged_in_time_order(logs: Path) -> None:
    """Records of several files come on one timeline, each with time, source and level in front."""
    ran = grep(logs, "--utc", "-e", "failed", "-e", "GET", ".")
    rows = [line.split(maxsplit=4)[:4] for line in ran.lines if line[0] != " "]
    assert rows == [
        ["2026-03-02", "10:00:02.000Z", "web.log", "INFO"],
        ["2026-03-02", "10:00:02.200Z", "app.log", "ERROR"],
        ["2026-03-02", "10:00:03.000Z", "web.log", "ERROR"],
    ]
    assert "2 sources; 3 found; 2026-03-02 10:00:02 to 10:00:03 UTC" in ran.err


def test_times_are_shown_in_the_zone_asked_for(logs: Path) -> None:
    """--tz moves the wall clock and tells the offset."""
    ran = grep(logs, "--tz", "Europe/Berlin", "retrying", ".")
    assert ran.out.startswith("2026-03-02 11:00:03.300+01:00 ")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--level", "warn"], 3),
        (["--level", "w,error"], 3),
        (["--level", "info,warn"], 4),
        (["--since", "2026-03-02T10:00:03Z"], 3),
        (["--until", "2026-03-02 10:00:02"], 2),
        (["--field", "status>=500"], 1),
        (["--field", "status=200", "--source", "web*"], 1),
        (["--flag", "timeout"], 1),
        (["--source", "app.log"], 4),
    ],
)
def test_filters(logs: Path, filters: list[str], expected: int) -> None:
    """Filters count only records that hold them; bounds in time are inclusive."""
    ran = grep(logs, "-c", "--no-filename", *filters, "", ".")
    assert sum(map(int, ran.lines)) == expected, ran


@pytest.mark.parametrize("how", [["-q"], ["-c"], ["-l"], ["-m1"], ["-C1"], ["--output", "csv"], ["-q", "--show-sql"]])
def test_levels_one_by_one_over_the_store(stored: Path, how: list[str]) -> None:
    """A list of levels means just those, over files as over the store; what is of another level is no hit, though it is the first."""
    asked = ["--utc", "--level", "warn,fatal", *how, "shop|GET"]
    ran, told = grep(stored, *asked, "app.log", "web.log"), grep(stored, *asked, "--store", "st")
    assert (told.code, sorted(told.lines)) == (0, sorted(line for line in ran.lines if not line.endswith(":0")))


@pytest.mark.parametrize("command", [["grep", ""], ["cat"]])
def test_a_flag_that_does_not_exist_is_told(logs: Path, command: list[str]) -> None:
    """It is an error, and names that look like it are told."""
    ran = called(*command, "--flag", "timout", "app.log", cwd=logs)
    assert (ran.code, ran.out) == (2, "") and "'timout'" in ran.err and "is it timeout" in ran.err


@pytest.mark.parametrize("filters", [[], ["--level", "info"]])
def test_what_is_skipped_is_named(logs: Path, filters: list[str]) -> None:
    """The coverage line names three of the files passed over, with the reason and without their escapes."""
    for name in ("a\x1b[31m.bin", "b\n.bin"):
        (logs / name).write_bytes(bytes(range(256)) * 8)
    err = grep(logs, *filters, "started", ".").err
    assert "2 skipped: " in err and ".bin (" in err and "\x1b" not in err and len(err.splitlines()) == 1
    (logs / "in").mkdir()
    for number in range(3):
        (logs / "in" / f"c{number}.bin").write_bytes(bytes(range(256)) * 8)
    err = grep(logs, *filters, "started", ".").err
    assert "5 skipped: " in err and "and 2 more" in err and "in/c" not in err and err.count(".bin") == 3


def test_what_is_skipped_alike_is_counted(tmp_path: Path) -> None:
    """Files of one name that are no logs are told once, with their number."""
    for container in ("a" * 64, "b" * 64, "c" * 64):
        (tmp_path / container).mkdir()
        (tmp_path / container / "config.v2.json").write_text('{"Name": "/x", "Config": {}}')
        (tmp_path / container / f"{container}-json.log").write_text(WEB)
    assert (
        "; 3 skipped: config.v2.json (what docker notes about a container) × 3\n" in grep(tmp_path, "absent", ".").err
    )


def test_json_lines(logs: Path) -> None:
    """--json gives one object a record, the same as cat gives."""
    ran = grep(logs, "--json", "Caused", "app.log")
    told = json.loads(ran.out)
    assert (told["line"], told["lines"], told["level"], told["timestamp"]) == (
        2,
        5,
        "error",
        "2026-03-02T10:00:02.200000Z",
    )
    everything = called("cat", "--output", "jsonl", "app.log", cwd=logs).lines
    assert ran.lines[0] in everything
    assert grep(logs, "--json", "", "app.log").lines == everything


def test_matches_alone(logs: Path) -> None:
    """-o without names (-h, -I) prints nothing but the matches, of several logs and of the store too, for sort and uniq."""
    called("ingest", ".", cwd=logs)
    for where in ("app.log",), ("app.log", "web.log"), ():
        assert grep(logs, "-oh", "Cart|cart", *where).lines.count("Cart") == 6
        assert set(grep(logs, "-o", "-I", "Cart|cart", *where).lines) <= {"Cart", "cart"}
    named, bare = (grep(logs, *flags, "retrying", "app.log", "web.log").lines[0] for flags in ((), ("-h",)))
    assert bare == named.replace(" app.log ", " ")


@pytest.mark.parametrize("asked", [("grep", "pay"), ("cat",)])
def test_names_that_no_record_has(logs: Path, asked: tuple[str, ...]) -> None:
    """A service or source that is asked for and that there is not is told, with the nearest or what there is; from files
    and from the store."""
    folder = logs / "containers" / f"shop-7d9f-x2kqp_web_payment-{'0123456789abcdef' * 4}.log"
    folder.parent.mkdir()
    folder.write_text("2026-03-02T10:00:01.5Z stdout F pay\n")
    called("ingest", ".", cwd=logs)
    for where in (".",), ():
        misspelt = called(*asked, *where, "--container", "paymnt", cwd=logs)
        assert misspelt.code == 1 and "no container 'paymnt' was seen: is it payment?" in misspelt.err
        none = called(*asked, *where, "--source", "zzz", "--namespace", "we*", cwd=logs)
        assert "no source 'zzz' was seen: there is " in none.err and "namespace" not in none.err


def test_whose_a_log_is_of_which_programs_write_lines(tmp_path: Path) -> None:
    """What a log is called says better whose it is than the program that wrote a line; where that says nothing, its program does:
    the filter goes by what is printed, from files and from the store."""
    line = "Mar  2 10:00:0{0} web1 {1}[81]: done\n"
    for name in ("till.log", "syslog"):
        (tmp_path / name).write_text("".join(line.format(k, f"prog{k % 2}") for k in range(6)))
    called("ingest", "--store", "st", "till.log", "syslog", cwd=tmp_path)
    for where in ("--no-store", "till.log", "syslog"), ("--store", "st"):
        printed = [json.loads(one)["service"] for one in grep(tmp_path, "--output", "jsonl", "done", *where).lines]
        assert sorted(printed) == ["prog0"] * 3 + ["prog1"] * 3 + ["till"] * 6
        for service in ("till", "prog0"):
            assert len(grep(tmp_path, "--service", service, "done", *where).lines) == printed.count(service)


def test_fields_that_no_record_has(logs: Path) -> None:
    """A field that none of the first records has is told, with the nearest or some that there are; from files and the store.
    One that they have is not, whatever its value."""
    (logs / "more.log").write_text('{"time":"2026-03-02T10:00:01Z","msg":"x","order":{"id":7,"kind":"a"}}\n')
    called("ingest", ".", cwd=logs)
    for where in (".",), ("more.log",), ():
        for asked, told in (
            ("order.idd=7", "no field 'order.idd' in the first records: is it order.id?"),
            ("zzz=7", "no field 'zzz' in the first records: there is "),
        ):
            ran = grep(logs, "--field", asked, "", *where)
            assert ran.code == 1 and told in ran.err, (where, ran.err)
        assert "no field" not in grep(logs, "--field", "order.id=8", "", *where).err


def test_csv_is_harmless_in_a_spreadsheet(tmp_path: Path) -> None:
    """A cell that would be computed gets an apostrophe in front."""
    (tmp_path / "a.log").write_text("2026-03-02 10:00:01 INFO =HYPERLINK(1)\n")
    rows = list(csv.DictReader(io.StringIO(grep(tmp_path, "--output", "csv", "HYPER", "a.log").out)))
    assert rows[0]["body"].endswith("=HYPERLINK(1)")
    assert rows[0]["body"][0] in "'I"


def test_csv_tells_what_json_lines_tell(logs: Path) -> None:
    """As CSV a record has the fields of its JSON object, but its attributes; from files by grep and cat, and from the store."""
    fields = [json.loads(line) for line in called("cat", "--output", "jsonl", "app.log", cwd=logs).lines]
    for record in fields:
        record["flags"] = " ".join(record["flags"])
        record["body"] = record["body"].replace("=1+1", "'=1+1")
        del record["attributes"]
    as_csv = called("cat", "--output", "csv", "app.log", cwd=logs).out
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert rows == [{k: "" if v is None else str(v) for k, v in record.items()} for record in fields]
    assert grep(logs, "--output", "csv", "", "app.log").out == as_csv
    called("ingest", "app.log", cwd=logs)
    assert called("cat", "--from-store", "--output", "csv", "app.log", cwd=logs).out == as_csv


def test_a_zone_asked_for_is_shown(logs: Path) -> None:
    """One file's lines stand as they are; with --utc or --tz their times are told in that zone, and the zone with them."""
    (logs / "zone.log").write_text("2026-03-02T10:00:01.500+02:00 INFO one\n")
    assert grep(logs, "one", "zone.log", TZ="Asia/Tokyo").lines == ["2026-03-02T10:00:01.500+02:00 INFO one"]
    assert grep(logs, "--utc", "one", "zone.log").lines[0].startswith("2026-03-02 08:00:01.500Z ")
    assert grep(logs, "--tz", "Asia/Tokyo", "one", "zone.log").lines[0].startswith("2026-03-02 17:00:01.500+09:00")
    both = grep(logs, "INFO one|started", "zone.log", "app.log", TZ="Asia/Tokyo").lines
    assert [line[:29] for line in both] == ["2026-03-02 17:00:01.500+09:00", "2026-03-02 19:00:01.100+09:00"]


def test_a_containers_log_is_called_by_who_wrote_it(tmp_path: Path) -> None:
    """On the timeline a container's log has its service's name, or its container's where services share one; from the
    files, in cat and from the store alike. JSON lines, -c and -l have the file's own name."""
    wrote = {"a" * 64: ("cart", "shop-cart-1"), "b" * 64: ("cart", "shop-cart-2"), "c" * 64: ("pay", "shop-pay-1")}
    for number, (container, (service, name)) in enumerate(wrote.items()):
        folder = tmp_path / "containers" / container
        folder.mkdir(parents=True)
        labels = {"com.docker.compose.service": service}
        (folder / "config.v2.json").write_text(json.dumps({"Name": f"/{name}", "Config": {"Labels": labels}}))
        said = {"log": f"said {number}\n", "stream": "stdout", "time": f"2026-03-02T10:00:0{number}Z"}
        (folder / f"{container}-json.log").write_text(json.dumps(said) + "\n")
    called("ingest", "--store", "st", "containers", cwd=tmp_path)
    stored = ("--store", "st")
    for args in (["grep", "said", "containers"], ["cat", "containers"], ["grep", *stored, "said"], ["cat", *stored]):
        ran = called(*args, cwd=tmp_path)
        assert [line.split()[2] for line in ran.lines] == ["shop-cart-1", "shop-cart-2", "pay"], args
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("containers/*/*.log")}
    told = grep(tmp_path, "--json", "said", "containers").lines
    assert {json.loads(line)["source"] for line in told} == files
    assert set(grep(tmp_path, "-l", "said", "containers").lines) == files


def test_across(logs: Path) -> None:
    """--across takes the records around a hit from all sources, by time."""
    ran = grep(logs, "--utc", "--across", "-C1", "-F", "504", ".")
    assert [line.split()[2] for line in ran.lines if line[0] != " "] == ["app.log", "web.log", "app.log"]


def test_across_finds_as_many_as_asked_for(logs: Path) -> None:
    """-m counts with --across too: what else would match is only what stands beside, from files as from the store."""
    assert called("ingest", "--store", logs / "st", "app.log", "web.log", cwd=logs).code == 0
    for where in (["app.log", "web.log"], ["--store", "st"]):
        ran = grep(logs, "--json", "--across", "-A1", "-m1", "shop|GET", *where)
        assert [json.loads(line)["line"] for line in ran.lines] == [1, 1, 2] and "2 found" in ran.err, where


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["started", "app.log"], 0),
        (["absent", "app.log"], 1),
        (["started", "app.log", "gone.log"], 2),
        (["absent", "gone.log"], 2),
        (["-q", "started", "app.log", "gone.log"], 0),
        (["-q", "absent", "app.log", "gone.log"], 2),
        (["(", "app.log"], 2),
        (["--level", "loud", "x", "app.log"], 2),
        (["--level", "errr", "", "app.log"], 2),
        (["--level", "wran", "", "app.log"], 2),
        (["--level", "err", "", "app.log"], 0),
        (["--level", "Warning", "", "app.log"], 0),
        (["--flag", "nosuch", "", "app.log"], 2),
        (["--flag", "time*", "", "."], 0),
        (["--since", "whenever", "x", "app.log"], 2),
        (["--nonsense", "x"], 2),
        (["--field", "nonsense", "x", "app.log"], 2),
        (["--format", "nonsense", "--json", "x", "app.log"], 2),
        (["--tz", "Nowhere/Land", "--json", "s", "app.log"], 2),
    ],
)
def test_exit_codes(logs: Path, args: list[str], code: int) -> None:
    """0 found, 1 not found, 2 an error, which wins unless -q found something; errors are one line, perhaps a hint."""
    ran = grep(logs, *args)
    assert ran.code == code
    assert "Traceback" not in ran.err
    if code == 2:
        assert ran.err.startswith("logtriage: ")


def test_no_messages(logs: Path) -> None:
    """--no-messages leaves standard error empty, and the exit code as it is."""
    ran = grep(logs, "--no-messages", "started", "app.log", "gone.log")
    assert (ran.code, ran.err) == (2, "")


def test_names_and_counts(logs: Path) -> None:
    """-l names sources, with -0 behind NULs; -c counts records, not lines."""
    assert sorted(grep(logs, "-l", "GET|started", "app.log", "web.log").lines) == ["app.log", "web.log"]
    assert grep(logs, "-l0", "GET", "app.log", "web.log").out == "web.log\0"
    assert grep(logs, "-c", "at shop", "app.log").out == "1\n"
    for output in ("text", "csv", "raw"):
        assert grep(logs, "-c", "--output", output, "shop|GET", "app.log", "web.log").lines == [
            "app.log:4",
            "web.log:2",
        ]


def test_patterns_from_a_file(logs: Path) -> None:
    """-f takes one pattern a line; then all other arguments are sources."""
    (logs / "patterns").write_text("started\nretrying\n")
    assert grep(logs, "-c", "-f", "patterns", "app.log").out == "2\n"


def test_patterns_whose_lines_end_as_on_windows(logs: Path) -> None:
    """A carriage return at a line's end is no part of a pattern, whether they come from a file or a pipe; within, it is."""
    patterns = b"started\r\nretrying\r\nnow\rhere\r\n"
    (logs / "patterns").write_bytes(patterns)
    (logs / "here.log").write_bytes(b"here\nnow\nnow\rhere\n")
    for name in ("patterns", "-"):
        ran = logtriage("grep", "-cH", "-f", name, "app.log", "here.log", stdin=patterns, cwd=logs)
        assert ran.lines == ["app.log:2", "here.log:1"]


@pytest.mark.parametrize("happens", ["between finding and printing", "while it is searched"])
def test_a_log_that_is_truncated_meanwhile_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, happens: str
) -> None:
    """What was read before is printed; the rest is not made up of nothing, and the exit code is that of an error."""
    from logtriage.needles.finder import Finder

    log = tmp_path / "app.log"
    log.write_text("".join(f"2026-03-02 10:00:00 INFO line {number:09}\n" for number in range(100_000)))
    select = Finder.select

    def cut_short(*args: Any) -> object:
        os.truncate(log, 4100)
        return select(*args)

    monkeypatch.setattr(Finder, "select", cut_short)
    wanted = "line" if happens == "between finding and printing" else "nowhere"
    assert main(["grep", "--no-config", wanted, str(log)]) == 2
    out, err = capfd.readouterr()
    assert all(line.startswith("2026") for line in out.splitlines()) and "truncated to 4100 bytes" in err


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="there is no /proc here")
def test_files_of_the_kernel_say_no_size(tmp_path: Path) -> None:
    """What /proc holds is found and printed, though its files say that they are empty."""
    with open("/proc/version", "rb") as file:
        version = file.read().decode()
    assert grep(tmp_path, "Linux", "/proc/version").out == version
    assert grep(tmp_path, "--output", "raw", "Linux", "/proc/version", "-C1").code == 0
    ran = called("cat", "--no-store", "--output", "raw", "/proc/version")
    assert (ran.code, ran.out) == (0, version)


def test_what_is_known_of_formats_is_read_once_for_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Thousands of small files do not each read the formats' database anew (some 7 ms of CPU a file)."""
    from logtriage.formats import claims

    made: list[int] = []
    kept = claims.kept
    monkeypatch.setattr(claims, "kept", lambda *args: made.append(1) or kept(*args))  # type: ignore[func-returns-value]
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.log").write_text(APP)
    assert main(["grep", "--no-config", "-c", "timed out", str(tmp_path)]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 3 and made == [1]


def test_standard_input() -> None:
    """Without a source a pipe is searched; `-` names it."""
    assert logtriage("grep", "-c", "timed out", stdin=APP.encode()).out == "1\n"
    assert (
        logtriage("grep", "--json", "retrying", "-", stdin=APP.encode()).lines[0].startswith('{"source":"-","line":7')
    )


def test_compressed(tmp_path: Path) -> None:
    """A gzipped log is searched as it is; what comes before damage is found, and the damage told."""
    packed = gzip.compress((APP * 3000).encode())
    (tmp_path / "a.log.gz").write_bytes(packed)
    assert grep(tmp_path, "-c", "timed out", "a.log.gz").out == "3000\n"
    (tmp_path / "b.log.gz").write_bytes(packed[: len(packed) // 2])
    ran = grep(tmp_path, "-c", "timed out", "b.log.gz")
    assert ran.code == 2 and 1000 < int(ran.out) < 3000 and "b.log.gz" in ran.err


def test_bytes_go_through_a_pipe_unchanged(tmp_path: Path) -> None:
    """Damaged bytes, escapes and carriage returns of a single source are written as they are."""
    line = b"2026-03-02 10:00:01 INFO \xff\x1b[31mred\x1b[0m \x07\r\n"
    (tmp_path / "a.log").write_bytes(line)
    ran = grep(tmp_path, "red", "a.log")
    assert ran.out.encode("utf-8", "surrogateescape") == line


def test_escapes_in_logs_do_not_reach_the_terminal(tmp_path: Path) -> None:
    """With colours on, control characters of the log are shown, not sent; only our own colours are escapes."""
    (tmp_path / "a.log").write_bytes(b"2026-03-02 10:00:01 INFO \x1b]0;owned\x07 red\n")
    ran = grep(tmp_path, "--color", "always", "red", "a.log")
    assert "\x1b]" not in ran.out and "\x07" not in ran.out
    assert "\u241b]0;owned\u2407" in ran.out and "\x1b[1;31mred\x1b[0m" in ran.out


def test_colour_follows_the_usual_rules(logs: Path) -> None:
    """No colour in a pipe; CLICOLOR_FORCE asks for it, NO_COLOR forbids it, --color wins over both."""
    assert "\x1b" not in grep(logs, "started", "app.log").out
    assert "\x1b" in grep(logs, "started", "app.log", CLICOLOR_FORCE="1").out
    assert "\x1b" not in grep(logs, "started", "app.log", CLICOLOR_FORCE="1", NO_COLOR="1").out
    assert "\x1b" in grep(logs, "--color=always", "started", "app.log", NO_COLOR="1").out


def test_one_small_file_loads_nothing_dear(logs: Path) -> None:
    """A plain search in one file loads no database, no Arrow, no signatures."""
    code = (
        "import sys; from logtriage.cli import main; main(['grep', 'started', 'app.log']);"
        "print([m for m in ('_duckdb', 'pyarrow', 'logtriage.signatures.match', 'textual', 'numpy') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=logs, env=environment(), check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_closed_pipe_ends_silently(tmp_path: Path) -> None:
    """When the reader has seen enough, grep ends with 0 and says nothing."""
    (tmp_path / "a.log").write_text("2026-03-02 10:00:01 INFO the same line\n" * 200_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "logtriage", "grep", "same", "a.log"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""


def test_the_first_hit_comes_before_the_end() -> None:
    """A hit is printed while the pipe it came from is still open."""
    process = subprocess.Popen(
        [sys.executable, "-m", "logtriage", "grep", "first", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), bufsize=0,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    filler = b"2026-03-02 10:00:02 INFO something else that fills the head of the log\n"
    process.stdin.write(b"2026-03-02 10:00:01 INFO first\n" + filler * 100)
    assert process.stdout.readline().endswith(b"first\n")
    process.stdin.close()
    assert process.wait(60) == 0


def test_the_first_line_of_a_slow_pipe_is_not_held_back(tmp_path: Path) -> None:
    """A hit in a pipe is printed as soon as it has come, however little has come before it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "logtriage", "grep", "first"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), bufsize=0,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"2026-03-02 10:00:01 INFO first\n")
    process.stdin.write(b"2026-03-02 10:00:02 INFO second\n")
    assert select.select([process.stdout], [], [], 60)[0]
    process.stdin.close()
    assert process.wait(60) == 0


def test_following_standard_input_ends_with_it(tmp_path: Path) -> None:
    """`--follow` ends where nothing more can come, and where as many were found as -m and -q ask for."""
    lines = b"".join(b"2026-03-02 10:00:0%d INFO line\n" % n for n in range(5))
    (tmp_path / "a.log").write_bytes(lines)
    assert len(logtriage("grep", "--follow", "--utc", "line", stdin=lines).lines) == 5
    assert len(logtriage("grep", "--follow", "--utc", "line", "-", stdin=lines).lines) == 5
    for args, shown in ((["-m", "2"], 2), (["-q"], 0), (["-q", "-m", "3"], 0)):
        ran = logtriage("grep", "--follow", "--utc", *args, "line", "a.log", cwd=tmp_path)
        assert (ran.code, len(ran.lines)) == (0, shown), ran
    for refused in (["-c"], ["-l"], ["-A", "1"], ["-C1"], ["--across"]):
        assert grep(tmp_path, "--follow", *refused, "line", "a.log").code == 2
    assert called("cat", "--follow", "-m", "1", "a.log", cwd=tmp_path).code == 2


def test_following_outlives_a_pattern_that_takes_too_long(tmp_path: Path) -> None:
    """A line that could not be decided in time is told, and what comes behind it is still printed."""
    slow = "2026-03-02 10:00:01 INFO é" + "a" * 60 + "!\n2026-03-02 10:00:02 INFO éaX\n"
    ran = logtriage("grep", "--follow", "--utc", r"é(?=a)(a|aa|a?a)+X", stdin=slow.encode())
    assert len(ran.lines) == 1 and "took too long on 1 line" in ran.err, ran


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends with the summary and 130."""
    (tmp_path / "a.log").write_text("2026-03-02 10:00:01 INFO line\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "logtriage", "grep", "--follow", "--utc", "line", "a.log"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert b"line" in process.stdout.readline()
    with (tmp_path / "a.log").open("a") as file:
        file.write("2026-03-02 10:00:02 INFO another line\n")
    assert b"another" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"2 found" in err


def test_until_in_a_large_file_whose_inner_times_have_no_date(tmp_path: Path) -> None:
    """A container's log of another year, whose program writes no date and another zone: all up to a time is found."""
    filler = "x" * 1000
    with open(tmp_path / "c-json.log", "w") as file:
        for n in range(9000):
            clock = f"{n // 600:02}:{n % 600 // 10:02}:0{n % 10}"
            inner = f"{n // 600 + 8:02}{clock[2:]}.100 INFO  [main] c.s.Cart - order {n} {filler}\n"
            told = {"log": inner, "stream": "stdout", "time": f"2023-01-29T{clock}.100Z"}
            file.write(json.dumps(told) + "\n")
    assert (tmp_path / "c-json.log").stat().st_size > 8 << 20
    ran = grep(tmp_path, "-c", "--until", "2023-01-29T02:00:00Z", "", "c-json.log")
    assert ran.out == "1200\n"


def test_since_seeks_in_a_large_file(tmp_path: Path) -> None:
    """The records of a span in time are the same, with their line numbers, whether all of the file is read or not."""
    with (tmp_path / "a.log").open("w") as file:
        for n in range(150_000):
            file.write(
                f"2026-03-{1 + n // 14_400:02} {n // 600 % 24:02}:{n // 10 % 60:02}:{n % 10:02} "
                f"INFO tick number {n} {'x' * 20}\n"
            )
    assert (tmp_path / "a.log").stat().st_size > 8 << 20
    bounds = ["--since", "2026-03-05T10:00:00Z", "--until", "2026-03-05T10:01:09Z"]
    rows = [json.loads(line) for line in grep(tmp_path, "--json", *bounds, "tick", "a.log").lines]
    assert [row["line"] for row in rows] == list(range(63_601, 63_621))
    cat = called("cat", "--json", *bounds, "a.log", cwd=tmp_path)
    assert [json.loads(t) for t in cat.lines] == rows
    assert "1 source read only there" in cat.err and "read only" not in grep(tmp_path, "-c", "tick", "a.log").err


def test_a_stretch_out_of_order_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a clock went wrong for a while, all of the file is read: order is tried at places that are never far apart."""
    from logtriage.stream import seek

    log = tmp_path / "a.log"
    with log.open("w") as file:
        for n in range(150_000):
            hour = 23 if 100_000 <= n < 101_000 else n // 7200
            file.write(f"2026-03-05 {hour:02}:{n // 120 % 60:02}:{n // 2 % 60:02} INFO tick number {n:06} {'x' * 20}\n")
    monkeypatch.setattr(seek, "_APART", 32 << 10)
    assert main(["grep", "--no-config", "-c", "--since", "2026-03-05T22:30:00Z", "tick", str(log)]) == 0


def test_show_sql_and_the_store(logs: Path) -> None:
    """Without sources the store is asked; it finds what the files hold, and --show-sql prints the query."""
    assert called("ingest", "--store", "st", "app.log", "web.log", cwd=logs).code == 0
    for args in (
        ["-c", "GET|failed"],
        ["--json", "timed out"],
        ["-v", "--json", "timed out"],
        ["--json", "--level", "error", ""],
    ):
        from_files = grep(logs, *args, "app.log", "web.log")
        ran = grep(logs, "--store", "st", *args)
        assert (ran.code, sorted(ran.lines)) == (from_files.code, sorted(from_files.lines)), args
    ran = grep(logs, "--store", "st", "--show-sql", "--utc", "timed out")
    assert "SELECT" in ran.err
    assert ran.lines == grep(logs, "--utc", "timed out", "app.log", "web.log").lines
    assert grep(logs, "--store", "st", "absent").code == 1
    assert grep(logs, "--store", "nowhere", "absent").code == 2


def test_context_from_the_store(logs: Path) -> None:
    """Context is the same from the store as from the files, of one source and across all."""
    called("ingest", "--store", "st", "app.log", "web.log", cwd=logs)
    across = ["--utc", "--across", "-C1", "-F", "504"]
    assert grep(logs, "--store", "st", *across).lines == grep(logs, *across, "app.log", "web.log").lines
    near = ["--utc", "-C1", "retrying"]
    assert grep(logs, "--store", "st", *near).lines == grep(logs, *near, "app.log", "web.log").lines
    told = ["--output", "jsonl", "-C1", "-F", "504"]
    from_store = [json.loads(line) for line in grep(logs, "--store", "st", *told).lines if line != "--"]
    from_files = [json.loads(line) for line in grep(logs, *told, "app.log", "web.log").lines if line != "--"]
    assert from_store == from_files and len(from_store) > 1


def test_context_is_what_stands_beside_it_in_its_source(tmp_path: Path) -> None:
    """From the store too, records without a time and such that are out of order are where their source has them."""
    seconds = [*range(20), 3, 4, *range(20, 40)]
    times = [f'"time":"2026-03-02T10:00:{at:02}Z",' if n % 3 else "" for n, at in enumerate(seconds)]
    lines = [f'{{{time}"level":"info","msg":"event {n:02}"}}\n' for n, time in enumerate(times)]
    (tmp_path / "a.log").write_text("".join(lines))
    assert called("ingest", "--store", "st", "a.log", cwd=tmp_path).code == 0
    for wanted in ("event 04", "event 21", "event 20", "event 2[028]", "event (04|05|22)"):
        for around in ("-C1", "-C2", "-A2", "-B4"):
            from_store = grep(tmp_path, "--store", "st", "--utc", around, wanted).lines
            assert from_store == grep(tmp_path, "--utc", around, wanted, "a.log").lines, (wanted, around)


def test_one_small_file_loads_no_database(logs: Path) -> None:
    """Looking into one small file loads neither the database nor Arrow (how long it takes, benchmarks say)."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "logtriage", "grep", "started", "app.log"],
        cwd=logs,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "logtriage.needles.scan" in loaded
    assert not loaded & {"duckdb", "pyarrow", "textual"}


@pytest.mark.parametrize("stored", [False, True])
def test_an_empty_window_says_what_there_is(tmp_path: Path, stored: bool) -> None:
    """Where --since and --until leave nothing, the coverage line tells from when to when the logs are."""
    text = "".join(f"2026-03-04 10:{minute:02}:00 INFO needle {minute}\n  more\n" for minute in range(60))
    (tmp_path / "app.log").write_text(text + "the end\n")
    (tmp_path / "plain.txt").write_text("no times\nat all\n")
    where = ["--store", "st"]
    if stored:
        assert called("ingest", *where, "app.log", "plain.txt", cwd=tmp_path).code == 0
    command = ["grep", "needle", *(where if stored else ["app.log", "plain.txt"]), "--utc", "--until"]
    ran = called(*command, "2026-03-04T09:00Z", cwd=tmp_path)
    assert ran.code == 1 and "the logs span 2026-03-04 10:00:00 to 10:59:00 UTC" in ran.err
    ran = called(*command, "2026-03-04T10:30Z", cwd=tmp_path)
    assert ran.code == 0 and "the logs span" not in ran.err


def test_where_most_lines_match_the_same_is_found(logs: Path) -> None:
    """A pattern that most lines match is looked for in another way, and finds the same as one that matches all."""
    for args in (["--level", "info"], ["--field", "status=504"], ["--level", "error"], []):
        everything = grep(logs, *args, "--output", "csv", "", ".")
        assert grep(logs, *args, "--output", "csv", ".", ".").out == everything.out
        assert grep(logs, *args, "--output", "csv", "-v", "never", ".").out == everything.out


def test_what_stands_in_front_is_not_said_twice(logs: Path) -> None:
    """A pattern that has no place in the text shows records as one that has: without their own time and level."""
    for args in (["", "."], ["-v", "never", "."], ["."] * 2):
        assert "started in 12 ms" in grep(logs, "--utc", *args).lines[0].split("INFO   ")[1:]


@pytest.mark.parametrize("args", [[], ["--across"], ["--level", "error"], ["-c", "--level", "error"]])
def test_utf_16_is_found_by_every_way_to_look(tmp_path: Path, args: list[str]) -> None:
    """A log in UTF-16 is searched as text, whether it is read line by line or as a whole."""
    (tmp_path / "wide.log").write_text("2026-03-02 10:00:01 ERROR häus\n2026-03-02 10:00:02 ERROR two\n", "utf-16")
    assert grep(tmp_path, *args, "h.us", "wide.log").code == 0
    assert grep(tmp_path, *args, "h.us|two", "wide.log").code == 0


def test_raw_is_as_it_was_written(tmp_path: Path) -> None:
    """What is found in UTF-16 is printed in it, from files however they are looked through, and from the store."""
    text = "".join(f"2026-03-02 10:00:{n:02} ERROR {'häus' if n % 9 == 0 else n}\n" for n in range(60))
    (tmp_path / "wide.log").write_bytes(text.encode("utf-16-be"))
    wanted = "".join(line for line in text.splitlines(keepends=True) if "häus" in line).encode("utf-16-be")
    called("ingest", "--store", "st", "wide.log", cwd=tmp_path)
    for where in (["wide.log"], ["--level", "error", "wide.log"], ["--store", "st"], ["-C0", "wide.log"]):
        ran = grep(tmp_path, "--output", "raw", "h.us", *where)
        assert ran.out.encode("utf-8", "surrogateescape") == wanted, where


def test_enough_is_enough(tmp_path: Path) -> None:
    """With -m reading ends with the last record that is wanted: what is damaged behind it is never met."""
    lines = "".join(f"2026-03-02 10:{n // 60:02}:{n % 60:02} ERROR request {n} failed\n" for n in range(3000)) * 20
    whole = gzip.compress(lines.encode(), 0)
    (tmp_path / "cut.log.gz").write_bytes(whole[: len(whole) - 9000])
    assert grep(tmp_path, "--level", "error", "", "cut.log.gz").code == 2
    for args in (["-m", "2"], ["-q"], ["-l"]):
        ran = grep(tmp_path, "--level", "error", *args, "", "cut.log.gz")
        assert (ran.code, len(ran.lines)) == (0, {"-m": 2, "-q": 0, "-l": 1}[args[0]])
