"""Records: where they begin, what belongs to them, when they happened and how bad they are, however they are read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import engine
import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from samples import LOGS

from logtriage.formats.detect import Grammar

_SAME = (
    "offset",
    "line",
    "lines",
    "timestamp",
    "level",
    "severity_text",
    "format",
    "body",
    "attributes",
    "trace_id",
    "service",
)


def read(folder: Path, text: str | bytes, **how: Any) -> list[dict[str, Any]]:
    """The records of a file with this text."""
    path = folder / "app.log"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return engine.records_of(path, engine.reading(**how))


def heads(records: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(record["line"], record["lines"]) for record in records]


@pytest.mark.parametrize("family", [name for name in LOGS if name != "plain"])
def test_a_record_holds_its_lines(family: str, tmp_path: Path) -> None:
    """Whatever the dialect, each written record is one, with all its lines, its first line's place, and a time."""
    text, wanted = "", []
    for record in LOGS[family] * 2:
        wanted.append((len(text.encode()), text.count("\n") + 1, record.count("\n") + 1))
        text += record + "\n"
    records = read(tmp_path, text)
    assert [(r["offset"], r["line"], r["lines"]) for r in records] == wanted
    assert all(r["timestamp"] for r in records)


TRACES = {
    "java": samples.JAVA,
    "python": samples.PYTHON,
    "go": samples.GO,
    "dotnet": samples.DOTNET,
    "node": samples.NODE,
}


@pytest.mark.parametrize("wrap", ["bare", "docker", "cri"])
@pytest.mark.parametrize("language", TRACES)
def test_stack_traces_belong_to_their_record(language: str, wrap: str, tmp_path: Path) -> None:
    """A trace's lines join the record that reports it, bare or each wrapped by a container engine, as one text."""
    trace = TRACES[language]
    lines = [*trace.split("\n"), *trace.split("\n")]
    wrapped = {
        "bare": lines,
        "docker": [samples.docker(line + "\n", 5) for line in lines],
        "cri": [samples.cri(line, 5) for line in lines],
    }[wrap]
    records = read(tmp_path, "\n".join(wrapped) + "\n")
    count = len(lines) // 2
    assert heads(records) == [(1, count), (count + 1, count)]
    for record in records:
        assert record["level"] == "error"
        assert record["body"].split("\n")[1:] == lines[1:count]


def test_partial_lines_are_one(tmp_path: Path) -> None:
    """What docker and CRI cut into pieces is put together without a newline; the next line is a record of its own."""
    docker = "".join(samples.docker(text, 1) + "\n" for text in ("one ", "and ", "the same\n", "another\n"))
    assert [r["body"] for r in read(tmp_path, docker)] == ["one and the same", "another"]
    cri = "".join(
        samples.cri(text, 1, tag) + "\n" for text, tag in (("one ", "P"), ("and the same", "F"), ("another", "F"))
    )
    assert [r["body"] for r in read(tmp_path, cri)] == ["one and the same", "another"]


def cut(text: str, wrap: str) -> str:
    """A line as a container runtime writes it in three pieces."""
    size = len(text) // 3 + 1
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    if wrap == "docker":
        return "".join(samples.docker(p + "\n" * (p is pieces[-1]), 1) + "\n" for p in pieces)
    return "".join(samples.cri(p, 1, "F" if p is pieces[-1] else "P") + "\n" for p in pieces)


@pytest.mark.parametrize("wrap", ["docker", "cri"])
@pytest.mark.parametrize("name", ["json", "nginx", "log4j"])
def test_pieces_are_read_as_the_line_that_they_make(name: str, wrap: str, tmp_path: Path) -> None:
    """A line that was cut tells the same level, time, body and attributes as one that was not, and no line beside it
    is drawn in."""
    line = LOGS[name][1]
    whole = samples.docker(line + "\n", 1) if wrap == "docker" else samples.cri(line, 1)
    one, two, three, four = read(tmp_path, cut(line, wrap) + whole + "\n" + cut(line, wrap) * 2)
    assert [r["lines"] for r in (one, two, three, four)] == [3, 1, 3, 3]
    for key in ("timestamp", "level", "body", "format", "service", "trace_id"):
        assert {str(r[key]) for r in (one, three, four)} == {str(two[key])}, key
    for record in (one, three, four):
        assert record["attributes"] | {"logtag": "F"} == two["attributes"] | {"logtag": "F"}


def test_what_goes_on_is_of_one_stream(tmp_path: Path) -> None:
    """Neither a piece nor a stack trace goes on in a line of the container's other stream."""
    lines = [
        samples.cri("2026-03-02 10:00:01 INFO up", 1),
        samples.cri("    at a.B.c(B.java:1)", 1),
        samples.cri("warned", 1),
    ]
    lines[2] = lines[2].replace("stdout", "stderr")
    assert [r["lines"] for r in read(tmp_path, "\n".join(lines) + "\n")] == [2, 1]
    lines = [samples.cri("one ", 1, "P"), samples.cri("other", 1).replace("stdout", "stderr"), samples.cri("end", 1)]
    assert [r["body"] for r in read(tmp_path, "\n".join(lines) + "\n")] == ["one ", "other", "end"]


def test_what_goes_on_is_of_one_container(tmp_path: Path) -> None:
    """A line without a time goes on with the line before it only where that is of the same container."""
    for head in ("{} | ", "{}-1     | ", "2026-03-02 10:00:01 shop-{} | ", "[pod/{}/main] "):
        said = [("web", "2026-03-02 10:00:01 INFO up"), ("web", "and more"), ("db", "ready"), ("web", "to serve")]
        text = "".join(head.format(name) + line + "\n" for name, line in said)
        assert [r["lines"] for r in read(tmp_path, text)] == [2, 1, 1]


def test_lines_whose_newlines_a_collector_took_are_whole(tmp_path: Path) -> None:
    """Where no line of docker's JSON has its newline, none is a piece of the next."""
    text = "".join(samples.docker(text, 1) + "\n" for text in ("one", "two", "three"))
    assert [r["body"] for r in read(tmp_path, text)] == ["one", "two", "three"]


def test_streams_of_a_container_may_alternate(tmp_path: Path) -> None:
    """Lines of several formats in turn, as several processes write one stream, are each read by their own."""
    one, other = LOGS["json"][0], LOGS["nginx"][1]
    records = read(tmp_path, f"{one}\n{other}\n" * 5)
    assert {(r["level"], r["body"], r["lines"]) for r in records[0::2]} == {("info", "hello", 1)}
    assert {(r["level"], r["attributes"]["status"], r["lines"]) for r in records[1::2]} == {("error", "502", 1)}
    assert len(records) == 10


def test_a_format_may_change_in_the_middle(tmp_path: Path) -> None:
    """After thousands of lines in one format another one is noticed, at the very line where it begins."""
    before, after = LOGS["log4j"][0], LOGS["syslog"][0]
    records = read(tmp_path, f"{before}\n" * 5000 + f"{after}\n" * 100)
    assert heads(records) == [(n, 1) for n in range(1, 5101)]
    assert {r["attributes"].get("program") or r["service"] for r in records[5000:]} == {"sshd"}
    assert len({r["format"] for r in records[:5000]}) == 1


def test_pretty_json_is_one_record(tmp_path: Path) -> None:
    """An object over several lines is one record whose keys are its attributes, time and level."""
    first, second = read(tmp_path, samples.PRETTY + "\n" + samples.PRETTY.replace("08Z", "09Z") + "\n")
    assert (first["lines"], first["timestamp"], first["level"], first["body"]) == (
        6,
        "2026-03-02T10:00:08.000000Z",
        "warn",
        "slow",
    )
    assert (second["line"], second["timestamp"]) == (7, "2026-03-02T10:00:09.000000Z")
    assert str(first["attributes"]["took.ms"]) == "950"


@pytest.mark.parametrize("indent", [1, 2, 4, "\t"])
@pytest.mark.parametrize("around", ["[{}]", "[\n {}\n]"])
def test_members_of_an_array_are_records(indent: int | str, around: str, tmp_path: Path) -> None:
    """Whether each has a line or many, objects inside them included; only the brackets around all are left over."""
    said = [
        {"time": f"2026-03-02T10:00:0{n}Z", "level": "warn", "msg": f"m{n}", "of": [{"k": n}, {}]} for n in range(5)
    ]
    spread = json.dumps(said, indent=indent)
    short = around.format(", \n ".join(map(json.dumps, said)))
    led = "[" + "\n,".join(map(json.dumps, said)) + "\n]"
    led_spread = "[" + "\n, ".join(json.dumps(one, indent=indent) for one in said) + "\n]"
    for text in (spread, short, led, led_spread):
        *_, _, _, _, last = records = [r for r in read(tmp_path, text + "\n") if r["body"] != "["]
        assert [(r["timestamp"][:19], r["level"], r["body"]) for r in records] == [
            (one["time"][:19], one["level"], one["msg"]) for one in said
        ]
        assert last["attributes"]["of.0.k"] == 4
        assert sum(r["lines"] for r in records) == len(text.split("\n")) - text.startswith("[\n")


def test_braces_inside_a_record_of_text_begin_none(tmp_path: Path) -> None:
    """What a stamped line prints as JSON, indented, belongs to it."""
    line = '2026-03-02 10:00:00 ERROR refused: [\n  {\n    "time": "2026-03-02T10:00:00Z"\n  },\n  {\n  }\n]\n'
    assert heads(read(tmp_path, line * 3)) == [(1, 7), (8, 7), (15, 7)]


def test_plain_lines_are_records(tmp_path: Path) -> None:
    """Where nothing has a time, each line that is not indented is a record, and none is lost."""
    records = read(tmp_path, "alpha\nbeta\n  more of beta\n\ngamma\n")
    assert heads(records) == [(1, 1), (2, 3), (5, 1)]
    assert {r["timestamp"] for r in records} == {None}


@st.composite
def _logs(draw: st.DrawFn) -> bytes:
    """Logs in up to three dialects, mixed as they come, with either line end."""
    families = draw(
        st.lists(st.sampled_from([name for name in LOGS if name != "plain"]), min_size=1, max_size=3, unique=True)
    )
    records = draw(st.lists(st.sampled_from([r for name in families for r in LOGS[name]]), min_size=1, max_size=20))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = "".join(record + "\n" for record in records).replace("\n", end)
    return text.removesuffix(end).encode() if draw(st.booleans()) else text.encode()


@engine.examples(6)
@given(_logs())
def test_records_do_not_depend_on_blocks(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """The same records come of a file read in one block, in blocks of 4 KiB, and in ones shorter than many records."""
    path = tmp_path_factory.mktemp("blocks") / "app.log"
    path.write_bytes(data)
    whole, medium, small = (
        [{key: record[key] for key in _SAME} for record in engine.records_of(path, size=size)]
        for size in (32 << 20, 4096, 200)
    )
    assert medium == whole
    assert small == whole


# --- time


def times(records: Sequence[dict[str, Any]]) -> list[str | None]:
    return [record["timestamp"] and record["timestamp"].replace(".000000", "") for record in records]


def test_stamps_without_year_count_back_from_the_files_time(tmp_path: Path) -> None:
    """A log written across New Year's Eve has each line in its own year; the file's own time tells which."""
    path = tmp_path / "messages"
    path.write_text("Dec 31 23:59:59 web1 app[1]: old\nJan  1 00:00:01 web1 app[1]: new\n")
    moment = datetime(2026, 1, 1, 0, 5, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    assert times(engine.records_of(path, engine.reading(now=None))) == ["2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z"]
    assert (
        times(engine.records_of(path, engine.reading(now=datetime(2024, 1, 1, 1, tzinfo=UTC))))[0]
        == "2023-12-31T23:59:59Z"
    )


def test_a_transports_zone_tells_the_inner_one(tmp_path: Path) -> None:
    """A stamp without zone inside docker's, which is UTC, is read in the zone that makes the two agree."""
    text = "".join(
        samples.docker(f"2026-03-02 15:30:{n:02},500 INFO  [main] com.shop.Main - hello\n", n) + "\n"
        for n in range(1, 9)
    )
    records = read(tmp_path, text)
    assert [r["timestamp"] for r in records] == [f"2026-03-02T10:00:{n:02}.500000Z" for n in range(1, 9)]


def test_stamps_without_zone_are_in_the_assumed_one(tmp_path: Path) -> None:
    """The zone that the user names holds for stamps that carry none, with its summer time, and for no others."""
    text = (
        "2026-07-01 12:00:00,000 INFO  [main] com.shop.Main - summer\n"
        "2026-01-01 12:00:00,000 INFO  [main] com.shop.Main - winter\n"
        '{"time":"2026-07-01T12:00:00Z","level":"info","msg":"own zone"}\n'
    )
    assert times(read(tmp_path, text, zone="Europe/Berlin")) == [
        "2026-07-01T10:00:00Z",
        "2026-01-01T11:00:00Z",
        "2026-07-01T12:00:00Z",
    ]
    assert times(read(tmp_path, text))[0] == "2026-07-01T12:00:00Z"


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("2026-03-02T10:00:00.123456789+05:30 INFO nano", "2026-03-02T04:30:00.123456789Z"),
        ('{"ts":1772445601123,"level":"info","msg":"ms"}', "2026-03-02T10:00:01.123000Z"),
        ('{"ts":1772445601.5,"level":"info","msg":"s"}', "2026-03-02T10:00:01.500000Z"),
        ("2026-03-02 22:00:01,007 INFO  [main] a.B - comma", "2026-03-02T22:00:01.007000Z"),
        ("03/02/2026 10:00:01 PM a clock of twelve hours", "2026-03-02T22:00:01.000000Z"),
        ("2026-3-2 9:5:3 unpadded", "2026-03-02T09:05:03.000000Z"),
        ("2026-03-02 10:00:01 PM the same behind the year", "2026-03-02T22:00:01.000000Z"),
        ("Mar-02 10:00:01.500 [main] month and day joined", "2026-03-02T10:00:01.500000Z"),
        ("Mar  2 10:00:01 2026 the year at the end", "2026-03-02T10:00:01.000000Z"),
        ("[2026-03-02][10:00:01][cart][INFO] in brackets of their own", "2026-03-02T10:00:01.000000Z"),
        ('10.0.0.8 - - [02/Mar/2026:11:00:02 +0100] "GET / HTTP/1.1" 200 1 "-" "x"', "2026-03-02T10:00:02.000000Z"),
        ("no time at all", None),
        ("2026-13-45T99:00:00Z INFO impossible", None),
    ],
)
def test_times_become_utc(line: str, moment: str | None, tmp_path: Path) -> None:
    """Offsets, epochs of any unit, comma decimals: all times are UTC, with all the digits that were written."""
    assert [r["timestamp"] for r in read(tmp_path, line + "\n")] == [moment]


# --- level


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("2026-03-02 10:00:01,000 WARN  [main] a.B - x", "warn", "WARN"),
        ("2026-03-02 10:00:01,000 SEVERE [main] a.B - x", "error", "SEVERE"),
        ("2026-03-02T10:00:01Z something [error] went on", "error", "error"),
        ("2026-03-02T10:00:01Z nothing to say", None, None),
        ("2026-03-02T10:00:01Z [filer1: cf.takeover:error]: disabled", "error", "error"),
        ("2026-03-02T10:00:01Z cluster1  EMERGENCY     too hot", "fatal", "EMERGENCY"),
        ("2026-03-02T10:00:01Z E t1 file.cc:12 cannot open", "error", "E"),
        ("2026-03-02T10:00:01Z E major is a key", None, None),
        ("E: the package is gone", "error", "E"),
        ("E[2026-03-02|10:00:01.678] the chain stopped", "error", "E"),
        ("2026-03-02T10:00:01Z Console: [Error  : Till] no paper", "error", "Error"),
        ("2026-03-02T10:00:01Z no paper\\nStack trace: none", None, None),
        ("[shop:12] warning @2026-03-02 10:00:01> no paper", "warn", "warning"),
        ("[till.core 2:Debug:19] [2026-03-02 10:00:01.97 UTC] ready", "debug", "Debug"),
        ("2026-03-02 10:00:01 FATA no paper", "fatal", "FATA"),
        ("2026-03-02 10:00:01 - [Warning-Till.Main.Paper]: none left", "warn", "Warning"),
        ("2026-03-02 10:00:01 till.py:3: FutureWarning: this goes away", "warn", "Warning"),
        ("✖ no paper", "error", "✖"),
        ("Mar  2 10:00:01.678 WARN Error in the till", "warn", "WARN"),
        ("* W0302 10:00:01.678901       1 lease.go:224] late", "warn", "W"),
        ("[Mon Mar  2 10:00:01 2026] EXT4-fs warning (device sda1): an operation failed", "warn", "warning"),
        ("2026-03-02T10:00:01Z disk1   warning  nearly full", "warn", "warning"),
        ("2026-03-02T10:00:01Z R1: ifmgr[12]: %PKT_INFRA-LINK-3-UPDOWN : changed state", "error", "3"),
        ("2026-03-02T10:00:01Z 80% IS-4-MORE than 70", None, None),
        ("2026-03-02T10:00:01Z CWNEN0070W: a class is not recognized", "warn", "W"),
        ('{"time":"2026-03-02T10:00:01Z","level":50,"name":"a","hostname":"b","pid":1,"v":0,"msg":"x"}', "error", "50"),
        ('{"time":"2026-03-02T10:00:01Z","level":"CRITICAL","msg":"x"}', "error", "CRITICAL"),
        ('{"time":"2026-03-02T10:00:01Z","level":"panic","msg":"x"}', "fatal", "panic"),
        ('10.0.0.8 - - [02/Mar/2026:10:00:02 +0000] "GET / HTTP/1.1" 404 1 "-" "x"', "warn", None),
        ('10.0.0.8 - - [02/Mar/2026:10:00:02 +0000] "GET / HTTP/1.1" 503 1 "-" "x"', "error", None),
        ("time=2026-03-02T10:00:01Z level=dbg msg=x", "debug", "dbg"),
    ],
)
def test_levels_are_one_of_six(line: str, level: str | None, text: str | None, tmp_path: Path) -> None:
    """Words, numbers and statuses become one of six levels, what was written is kept; no word, no level."""
    (record,) = read(tmp_path, line + "\n")
    assert (record["level"], record["severity_text"]) == (level, text)


# --- what is shown


def test_terminal_colours_do_not_hide_a_format(tmp_path: Path) -> None:
    """Escape sequences, carriage returns and a byte order mark are not part of what a record says."""
    plain, escaped = read(
        tmp_path,
        "\ufeff2026-03-02 10:00:01,000 INFO  [main] a.B - x\r\n"
        "2026-03-02 10:00:01,000 \x1b[32mINFO\x1b[0m  [main] a.B - x\r\n",
    )
    assert plain["body"] == escaped["body"] == "x"
    assert plain["format"] == escaped["format"]


def test_utf_16_is_read_like_any_other(tmp_path: Path) -> None:
    """A file in UTF-16 gives the same records as one in UTF-8, with the offsets of its own bytes."""
    text = "".join(record + "\n" for record in LOGS["log4j"])
    eight, sixteen = read(tmp_path, text), read(tmp_path, text.encode("utf-16"))
    keys = [key for key in _SAME if key != "offset"]
    assert [[r[k] for k in keys] for r in sixteen] == [[r[k] for k in keys] for r in eight]
    assert [r["offset"] for r in sixteen][1:] == [2 + 2 * r["offset"] for r in eight][1:]


def test_attributes_are_those_of_every_wrapping(tmp_path: Path) -> None:
    """What docker says and what the wrapped line says are attributes of the one record, nested keys with dots."""
    inner = LOGS["nginx"][1]
    (record,) = read(tmp_path, samples.docker(inner + "\n", 1) + "\n")
    assert (
        record["attributes"] | {"client_ip": "10.0.0.9", "status": "502", "method": "POST", "stream": "stdout"}
        == record["attributes"]
    )
    (record,) = read(
        tmp_path,
        json.dumps({"time": "2026-03-02T10:00:01Z", "level": "info", "msg": "x", "http": {"verb": "GET"}}) + "\n",
    )
    assert record["attributes"]["http.verb"] == "GET"


def test_a_forced_format_is_the_only_one(tmp_path: Path) -> None:
    """With a format named by the user no other is tried; what does not fit it is still a record."""
    records = read(tmp_path, LOGS["nginx"][0] + "\n" + LOGS["json"][0] + "\n", form="json")
    assert [r["format"] for r in records if r["format"].startswith("json")] == ["json"]
    assert sum(r["lines"] for r in records) == 2


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"received": "2026-03-04T05:06:07Z", "expires": "2027-03-04T05:06:07Z"}, {"timestamp": "2026-03-04T05:06:07Z"}),
        ({"ts": {"$date": "2026-03-04T05:06:07.5Z"}}, {"timestamp": "2026-03-04T05:06:07.5Z"}),
        ({"timestamp": {"seconds": 1772600767, "nanos": 1200}}, {"timestamp": "2026-03-04T05:06:07.0000012Z"}),
        ({"timestampSeconds": 1772600767, "timestampNanos": 5000000}, {"timestamp": "2026-03-04T05:06:07.005Z"}),
        ({"date_create": 1772600767, "users": 1772600999}, {"timestamp": "2026-03-04T05:06:07Z"}),
        ({"time": "2026-03-04T05:06:07Z", "label": "Error"}, {"level": "error"}),
        ({"time": "2026-03-04T05:06:07Z", "at": "error"}, {"level": "error"}),
        ({"time": "2026-03-04T05:06:07Z", "messageType": "Error"}, {"level": "error"}),
        ({"time": "2026-03-04T05:06:07Z", "request.http.code": 503}, {"status": "503", "level": "error"}),
        ({"DATE": "Mar 04 06:06:07", "ISODATE": "2026-03-04T06:06:07+01:00"}, {"timestamp": "2026-03-04T05:06:07Z"}),
        ({"time": "2026-03-04T05:06:07Z", "risk": {"severity": "Medium"}}, {"level": "warn"}),
        ({"time": "2026-03-04T05:06:07Z", "upstream": {"response_status": 503}}, {"status": "503", "level": "error"}),
        ({"time": "2026-03-04T05:06:07Z", "senderIP": "203.0.113.7"}, {"client_ip": "203.0.113.7"}),
        ({"time": "2026-03-04T05:06:07Z", "caller_address": "[2001:db8::7]:443"}, {"client_ip": "2001:db8::7"}),
        ({"time": "2026-03-04T05:06:07Z", "sender_address": "Main Street 7"}, {"client_ip": None}),
    ],
)  # fmt: skip
def test_keys_that_are_not_listed_are_told_by_name_and_value(
    tmp_path: Path, document: dict[str, Any], said: dict[str, str | None]
) -> None:
    """A JSON record's time, level, status and client are found under keys that nobody has named, where the value fits."""
    (record,) = read(tmp_path, json.dumps(document) + "\n")
    told = record | {name: record["attributes"].get(name) for name in ("status", "client_ip")}
    found = {name: told[name] for name in said}
    if found.get("timestamp"):
        found["timestamp"] = found["timestamp"].rstrip("Z").rstrip("0").rstrip(".") + "Z"
    assert {name: value and str(value) for name, value in found.items()} == said


@pytest.mark.parametrize("end", ["\n\n", "\n\n\n", "\r\n\r\n"])
def test_a_blank_line_behind_a_record_adds_nothing_to_it(end: str, tmp_path: Path) -> None:
    """What a record says is the same with blank lines behind it, whether its format gives a body or what follows a head."""
    lines = [
        json.dumps({"time": "2026-03-02T10:00:00Z", "level": "info", "msg": f"order {n} placed"}) for n in range(3)
    ]
    records = read(tmp_path, end.join(lines) + end)
    assert [record["body"] for record in records] == [f"order {n} placed" for n in range(3)]


@pytest.mark.parametrize("sign", ["\0", "x", "é"])
def test_of_long_lines_the_beginning_is_learnt_from(sign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Formats are tried on the beginning of a long line; only of a JSON document on all of it, which is read then."""
    learn, learnt = Grammar.learn, []

    def listened(self: Grammar, texts: Sequence[str], **how: bool) -> bool:
        learnt.extend(texts)
        return learn(self, texts, **how)

    monkeypatch.setattr(Grammar, "learn", listened)
    said = "s" * 100_000
    document = json.dumps({"time": "2026-03-02T10:00:00Z", "level": "info", "msg": said})
    records = read(tmp_path, f"{sign * 100_000}\n{document}\n")
    assert [record["body"] for record in records][-1] == said
    assert max(len(text) for text in learnt if not text.startswith("{")) == 1 << 16
