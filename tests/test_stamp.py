"""Facts about time stamps: their kinds, finding them, and reading and printing whole blocks of them in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtriage.errors import LibraryError, UsageError
from logtriage.stamps.holding import ANY, holding
from logtriage.stamps.moment import to_datetime
from logtriage.stamps.rendering import Rendering, render_sql, rendering_of
from logtriage.stamps.stamp import Stamp, find, find_regex, kind_of, stamp, stamps
from logtriage.stamps.stamp_format import MONTHS, tokens
from logtriage.stamps.stamp_sql import nanos_sql, to_timestamp_sql
from logtriage.stamps.zone import Zone

REFERENCE = datetime(2026, 11, 22, 12, tzinfo=UTC)
REFERENCE_SQL = "TIMESTAMP '2026-11-22 12:00:00'"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EXAMPLES = [(kind, text, datetime.fromisoformat(utc)) for kind in stamps() for text, utc in kind.examples.items()]
KINDS = [kind for kind in stamps() if kind.unit != "uptime"]
CALENDARS = [kind for kind in KINDS if kind.unit is None]


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    # Another TimeZone than UTC: no expression may depend on the session's.
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        yield connection


def read_all(
    db: duckdb.DuckDBPyConnection,
    texts: Sequence[str | None],
    kinds: Sequence[Stamp],
    *,
    zone: str = "UTC",
    reference: str = REFERENCE_SQL,
    renderings: Sequence[Rendering] | None = None,
    boot: str = "NULL",
) -> list[datetime | None]:
    sql = to_timestamp_sql("t", kinds, reference_expr=reference, zone=zone, renderings=renderings, boot_expr=boot)
    rows = db.execute(f"SELECT typeof({sql}), {sql} FROM (SELECT unnest(?::VARCHAR[]) AS t)", [list(texts)]).fetchall()
    assert {row[0] for row in rows} <= {"TIMESTAMP"}
    return [row[1] and row[1].replace(tzinfo=UTC) for row in rows]


def printed(form: str, moment: datetime, nanos: int, digits: int, separator: str, zone: str, unit: str | None) -> str:
    """A moment (as the clock of the text shows it) in a form: a printer that shares no code with what is tested."""
    seconds = int(moment.replace(tzinfo=UTC, microsecond=0).timestamp())
    nine = f"{moment.microsecond:06}{nanos:03}"
    twelve = moment.hour % 12 or 12
    count = {
        "tai64n": f"{seconds + 2**62 + 10:016x}{int(nine):08x}",
        "ms": f"{seconds}{nine[:3]}",
        "us": f"{seconds}{nine[:6]}",
        "ns": f"{seconds}{nine}",
    }.get(unit or "", str(seconds))
    values = {
        "%Y": f"{moment.year:04}",
        "%y": f"{moment.year % 100:02}",
        "%m": f"{moment.month:02}",
        "%-m": f"{moment.month}",
        "%b": MONTHS[moment.month - 1],
        "%B": f"{moment:%B}",
        "%d": f"{moment.day:02}",
        "%-d": f"{moment.day}",
        "%e": f"{moment.day:2}",
        "%j": f"{moment.timetuple().tm_yday:03}",
        "%a": DAYS[moment.weekday()],
        "%A": f"{moment:%A}",
        "%H": f"{moment.hour:02}",
        "%-H": f"{moment.hour}",
        "%-M": f"{moment.minute}",
        "%-S": f"{moment.second}",
        "%k": f"{moment.hour:2}",
        "%I": f"{twelve:02}",
        "%-I": f"{twelve}",
        "%l": f"{twelve:2}",
        "%M": f"{moment.minute:02}",
        "%S": f"{moment.second:02}",
        "%p": "AM" if moment.hour < 12 else "PM",
        "%f": separator + nine[:digits] if digits else "",
        "%z": zone,
        "%s": count,
    }
    return "".join(values.get(token, token) for token in tokens(form))


@st.composite
def written(draw: st.DrawFn, kind: Stamp) -> tuple[str, datetime, int]:
    """A text of the kind, the moment it means (UTC, µs) and the nanoseconds below."""
    form = draw(st.sampled_from(kind.forms))
    low, high = datetime(1970, 1, 2), datetime(2068, 12, 30)
    if kind.unit in ("s", "ms", "us", "ns"):
        low, high = datetime(2001, 9, 10), datetime(2064, 12, 30)  # a second of ten digits
    if not kind.has_year:
        # Neither a stamp nor its UTC may be outside the year, the day, that the reference makes of it.
        low, high = REFERENCE.replace(tzinfo=None) - timedelta(days=360), REFERENCE.replace(tzinfo=None)
    if not kind.has_date:
        low = high - timedelta(hours=20)
    clock = draw(st.datetimes(low, high))
    nanos = draw(st.integers(0, 999))
    digits = draw(st.sampled_from([0, 3, 6, 9, 1, 2, 4, 5, 7, 8])) if "%f" in form else 0
    separator = draw(st.sampled_from(".," if digits not in (3, 6) else ".,:"))
    zones = [
        ("", 0),
        ("Z", 0),
        (" UTC", 0),
        ("+01:00", 60),
        (" +0530", 330),
        ("-0330", -210),
        (" CEST", 120),
        ("+02", 120),
    ]
    zone, offset = draw(st.sampled_from(zones)) if "%z" in form and kind.has_date else ("", 0)
    text = printed(form, clock, nanos, digits, separator, zone, kind.unit)
    full = {"us": 6, "ns": 9, "tai64n": 9, "ms": 3}.get(kind.unit or "", digits)
    micros = int(f"{clock.microsecond:06}"[:full].ljust(6, "0"))
    seconds = clock.second if {"%S", "%-S"} & set(tokens(form)) or kind.unit else 0
    moment = clock.replace(microsecond=micros, second=seconds, tzinfo=timezone(timedelta(minutes=offset)))
    below = f"{nanos:03}"[: max(0, full - 6)].ljust(3, "0")
    return text, moment.astimezone(UTC), int(below)


@pytest.mark.parametrize(("kind", "text", "utc"), EXAMPLES, ids=[text for _, text, _ in EXAMPLES])
def test_every_example_of_the_library_is_read_as_it_says(kind: Stamp, text: str, utc: datetime) -> None:
    """kind_of knows the example's kind, the Python twin its moment, and find sees it in a line where it may look."""
    assert kind_of(text) is kind
    assert to_datetime(text, kind, UTC, REFERENCE) == utc
    lead = {"klog": "I", "anywhere": "INFO [main] "}.get(kind.id) or ("> " if kind.found == "anywhere" else "[")
    line = f"{lead}{text}] started"
    assert find(line) == (len(lead), len(lead) + len(text), kind)


def test_every_calendar_kind_has_an_example_and_ids_are_unique() -> None:
    """The library is complete enough to be shown in the documentation."""
    assert all(kind.examples for kind in KINDS)
    assert len({kind.id for kind in stamps()}) == len(stamps())
    assert stamp("syslog").id == "syslog"
    with pytest.raises(LibraryError, match="no-such"):
        stamp("no-such")


@pytest.mark.parametrize("renderings", [None, []], ids=["quick", "general"])
def test_sql_reads_all_examples_in_both_its_ways(
    db: duckdb.DuckDBPyConnection, renderings: list[Rendering] | None
) -> None:
    """Whether a strptime format is known or the text is cut by regex: the moment is the same."""
    for kind in KINDS:
        mine = [(text, utc) for other, text, utc in EXAMPLES if other is kind]
        assert read_all(db, [text for text, _ in mine], [kind], renderings=renderings) == [utc for _, utc in mine]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_any_moment_in_any_rendering_is_read_and_printed_back(
    db: duckdb.DuckDBPyConnection, kind: Stamp, data: st.DataObject
) -> None:
    """text → TIMESTAMP is the moment at the text's resolution, by SQL (both ways) as by Python; and → text again."""
    drawn = data.draw(st.lists(written(kind), min_size=8, max_size=16))
    texts = [text for text, _, _ in drawn]
    moments = [moment for _, moment, _ in drawn]
    assert [to_datetime(text, kind, UTC, REFERENCE) for text in texts] == moments
    assert read_all(db, texts, [kind], renderings=[]) == moments
    renderings = [rendering for text in texts if (rendering := rendering_of(text))]
    assert len(renderings) == len(texts)
    assert [Rendering.parse(str(rendering)) for rendering in renderings] == renderings
    mine = [n for n, text in enumerate(texts) if kind_of(text) is kind]  # not 22/11/2026, that kind_of reads day first
    assert read_all(db, texts, [kind], renderings=[renderings[n] for n in mine]) == moments
    assert [row for n, row in enumerate(printed_by_sql(db, renderings, drawn)) if n in mine] == [texts[n] for n in mine]
    got = db.execute(f"SELECT {nanos_sql('t', [kind])} FROM (SELECT unnest(?) AS t)", [texts]).fetchall()
    assert [row[0] for row in got] == [nanos for _, _, nanos in drawn]


def printed_by_sql(
    db: duckdb.DuckDBPyConnection, renderings: list[Rendering], rows: list[tuple[str, datetime, int]]
) -> list[str | None]:
    cases = " ".join(f"WHEN {n} THEN {render_sql(rendering, 'm', 'nanos')}" for n, rendering in enumerate(renderings))
    moments = [moment.replace(tzinfo=None) for _, moment, _ in rows]
    source = "SELECT unnest(range(len($1))) AS n, unnest($1::TIMESTAMP[]) AS m, unnest($2::BIGINT[]) AS nanos"
    got = db.execute(f"SELECT CASE n {cases} END FROM ({source}) ORDER BY n", [moments, [row[2] for row in rows]])
    return [row[0] for row in got.fetchall()]


@st.composite
def damaged(draw: st.DrawFn, kind: Stamp) -> str:
    """An example of the kind with up to three characters replaced: 30 February, 25 o'clock, half a zone."""
    cells = list(draw(st.sampled_from(sorted(kind.examples))))
    for at in draw(st.lists(st.integers(0, len(cells) - 1), max_size=3)):
        cells[at] = draw(st.sampled_from("0123456789") | st.sampled_from("Zz+-:., TAé'%_("))
    return "".join(cells)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_sql_agrees_with_python_on_damaged_stamps(
    db: duckdb.DuckDBPyConnection, kind: Stamp, data: st.DataObject
) -> None:
    """What is still a stamp is read alike, all else is NULL; the quick way only ever reads more (spaces for zeros)."""
    texts = data.draw(st.lists(damaged(kind), min_size=10, max_size=20))
    expected = [to_datetime(text, kind, UTC, REFERENCE) for text in texts]
    assert read_all(db, texts, [kind], renderings=[]) == expected
    for text, quick, moment in zip(texts, read_all(db, texts, [kind]), expected, strict=True):
        assert quick == moment or moment is None, text


@settings(max_examples=3, deadline=None)
@given(texts=st.lists(st.none() | st.text() | st.sampled_from([text for _, text, _ in EXAMPLES]), min_size=10))
def test_sql_never_fails(db: duckdb.DuckDBPyConnection, texts: list[str | None]) -> None:
    """All kinds at once, on hostile texts and NULL: a moment or NULL."""
    clean = [text and text.replace("\x00", "") for text in texts]
    found = read_all(db, clean, stamps())
    assert all(moment is None for text, moment in zip(clean, found, strict=True) if not text)


def test_a_wrong_year_day_or_hour_is_null(db: duckdb.DuckDBPyConnection) -> None:
    """A text that looks like a stamp and means no moment gives NULL, not a neighbouring moment."""
    texts = ["2026-02-30 00:00:00", "2026-11-22 24:00:00", "2026-13-01 00:00:00", "2026-11-22 00:61:00", "", "now"]
    assert read_all(db, texts, [stamp("iso")]) == [None] * len(texts)


@pytest.mark.parametrize("zone", ["UTC", "+01:00", "-0330", "Europe/Berlin", "America/Sao_Paulo"])
def test_zoneless_texts_are_read_in_the_zone(db: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Python and SQL agree in every zone, through both clock changes, on full, year-less and date-less texts."""
    full = [f"2026-03-{day} {hour:02}:30:00" for day in (28, 29, 30) for hour in range(24)]
    full += [f"2026-10-{day} {hour:02}:30:00.5" for day in (24, 25) for hour in range(24)]
    short = [f"{month} {day:2} {hour:02}:30:00" for month in MONTHS for day in (1, 22, 28) for hour in (0, 3, 23)]
    times = [f"{hour:02}:30:00" for hour in range(24)]
    for kind, texts in (("iso", full), ("syslog", short), ("time", times)):
        expected = [to_datetime(text, stamp(kind), Zone.of(zone).tzinfo, REFERENCE) for text in texts]
        assert None not in expected
        assert read_all(db, texts, [stamp(kind)], zone=zone) == expected
        assert read_all(db, texts, [stamp(kind)], zone=zone, renderings=[]) == expected


@pytest.mark.parametrize(
    ("reference", "text", "year"),
    [
        ("2026-01-03", "Dec 31 23:59:59", 2025),
        ("2026-01-03", "Jan  3 12:00:00", 2026),  # up to a day ahead: the log's zone may be unknown
        ("2026-01-03", "Jan  5 00:00:00", 2025),
        ("2025-12-31", "Jan  1 00:00:00", 2026),
        ("2026-11-22", "Feb 29 12:00:00", 2024),
        ("2024-02-29", "Feb 29 00:00:00", 2024),
        ("2024-02-20", "Feb 29 00:00:00", 2020),
    ],
)
def test_a_missing_year_is_the_last_in_which_the_stamp_is_not_ahead(
    db: duckdb.DuckDBPyConnection, reference: str, text: str, year: int
) -> None:
    """The reference (when the file was last written) gives the year; 29 February goes to the last leap year."""
    at = f"TIMESTAMP '{reference} 00:00:00'"
    got = read_all(db, [text], [stamp("syslog")], reference=at)[0]
    assert got and got.year == year
    assert got == to_datetime(text, stamp("syslog"), UTC, datetime.fromisoformat(reference).replace(tzinfo=UTC))


def test_a_reference_may_differ_from_row_to_row(db: duckdb.DuckDBPyConnection) -> None:
    """The reference may be a column, for rows of several files."""
    sql = to_timestamp_sql("t", [stamp("time")], reference_expr="r")
    rows = db.execute(
        f"SELECT {sql} FROM (VALUES ('23:50:00', TIMESTAMP '2026-03-01 00:10:00'),"
        " ('00:05:00', TIMESTAMP '2026-03-01 00:10:00')) v(t, r)"
    ).fetchall()
    assert rows == [(datetime(2026, 2, 28, 23, 50),), (datetime(2026, 3, 1, 0, 5),)]


def test_an_uptime_is_a_moment_only_when_the_boot_is_known(db: duckdb.DuckDBPyConnection) -> None:
    """The kernel's seconds since boot are NULL without a boot time and exact with one."""
    kinds = [stamp("uptime"), stamp("uptime-bare")]
    texts = ["[   12.345678]", "12.345678"]
    assert read_all(db, texts, kinds) == [None, None]
    boot = "TIMESTAMP '2026-01-01 00:00:00'"
    assert read_all(db, texts, kinds, boot=boot) == [datetime(2026, 1, 1, 0, 0, 12, 345678, tzinfo=UTC)] * 2
    assert rendering_of("12.345678") is None
    assert to_datetime("12.345678", kinds[1], UTC, REFERENCE) is None


def test_an_unknown_zone_word_is_read_as_none(db: duckdb.DuckDBPyConnection) -> None:
    """`NPT` is in no table: the text is read in the zone of zone-less texts, and its rendering keeps the word."""
    text = "2026-11-22 00:41:33 NPT"
    assert kind_of(text) is stamp("iso")
    moment = datetime(2026, 11, 21, 23, 41, 33, tzinfo=UTC)
    assert to_datetime(text, stamp("iso"), ZoneInfo("Europe/Berlin"), REFERENCE) == moment
    assert read_all(db, [text], [stamp("iso")], zone="Europe/Berlin", renderings=[]) == [moment]
    assert rendering_of(text, "Europe/Berlin") == Rendering("%Y-%m-%d %H:%M:%S NPT", "Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "offset"),
    [("UTC+1", 60), ("GMT-0330", -210), ("GMT+01:00", 60), ("PST", -480), ("(JST)", 540), ("+14:00", 840), ("z", 0)],
)
def test_zones_in_all_spellings(db: duckdb.DuckDBPyConnection, text: str, offset: int) -> None:
    """Python and SQL read offsets, abbreviations and offsets behind GMT."""
    stamp_text = f"2026-11-22 00:41:33 {text}"
    utc = datetime(2026, 11, 22, 0, 41, 33, tzinfo=timezone(timedelta(minutes=offset)))
    assert to_datetime(stamp_text, stamp("iso"), UTC, REFERENCE) == utc
    assert read_all(db, [stamp_text], [stamp("iso")], renderings=[]) == [utc]


@pytest.mark.parametrize("name", ["Mars/Base", "'; DROP", "../etc/passwd", "+25:00", ""])
def test_an_unknown_zone_is_told_to_the_user(name: str) -> None:
    """A zone's name reaches SQL, so only known ones pass; the error says what a zone looks like."""
    with pytest.raises(UsageError) as caught:
        to_timestamp_sql("t", [stamp("iso")], reference_expr=REFERENCE_SQL, zone=name)
    assert "Europe/Berlin" in str(caught.value)


def test_a_rendering_in_a_named_zone_prints_the_local_clock(db: duckdb.DuckDBPyConnection) -> None:
    """A zone-less text of a zone with clock changes comes back as it was."""
    rendering = rendering_of("2026-07-01 12:00:00,123", "Europe/Berlin")
    assert str(rendering) == "%Y-%m-%d %H:%M:%S,%3|Europe/Berlin"
    assert rendering and rendering.digits == 3
    sql = render_sql(rendering, "TIMESTAMP '2026-07-01 10:00:00.123'")
    assert db.execute(f"SELECT {sql}").fetchone() == ("2026-07-01 12:00:00,123",)


@pytest.mark.parametrize(
    ("text", "rendering"),
    [
        ("2026-11-22T00:41:33.123456789+01:00", "%Y-%m-%dT%H:%M:%S.%9+01:00|+01:00"),
        ("Nov  2 00:41:33", "%b %e %H:%M:%S|UTC"),
        ("Nov 02 00:41:33", "%b %d %H:%M:%S|UTC"),
        ("Nov 2 00:41:33", "%b %-d %H:%M:%S|UTC"),
        ("1700000000123", "%s%3|UTC"),
        ("1700000000.5", "%s.%1|UTC"),
    ],
)
def test_renderings_are_short_texts(text: str, rendering: str) -> None:
    """What the store keeps for a text's look."""
    assert str(rendering_of(text)) == rendering


def test_what_no_rendering_is() -> None:
    """Texts that are no stamps have none, nor has a text from a later version's store."""
    assert rendering_of("hello") is None
    assert render_sql(Rendering("%Y-%Q"), "now()") is None
    with pytest.raises(ValueError, match="not a rendering"):
        Rendering.parse("%Y")


NOISE = [
    "listening on 10.0.0.1:8080, 192.168.1.24 and [::1]:443",
    "version 1.2.3.4 of 2026.11.22 replaces 20.04.1-2",
    "took 12.5s, 00:12:33 in all, 1700000000 bytes for 12.50 EUR",
    "user 1700000000123 has 4111111111111111 in account 20261122",
    "mac 00:1b:44:11:3a:b7 and 00:41:33:12:34:56 are up",
    "00:41:33:12:34:56 is down",
    "0x7ffd5e8b 1234567890 1.7.0-rc1 2026-11-22 3/4 12:30",
    "commit 4000000065 Nov 22 at 3.14",
    "block blk_1700000000_1234 of 20261122004133x",
    "",
]


@pytest.mark.parametrize("line", NOISE)
def test_numbers_that_are_no_time_are_not_found(line: str) -> None:
    """Addresses, versions, prices, ids, durations and bare numbers are left alone."""
    assert find(line) is None


@given(
    st.lists(
        st.one_of(
            st.ip_addresses().map(str),
            st.integers(0, 10**12).map(lambda n: f"n{n}"),
            st.from_regex(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,3}", fullmatch=True),
            st.from_regex(r"[0-9]{1,5}(\.[0-9]{1,3})?(ms|s|m|h|%|MB)", fullmatch=True),
            st.sampled_from(["to", "from", "May", "in", "Mon", "GET", "-", "=>"]),
        ),
        max_size=12,
    )
)
def test_no_line_of_words_addresses_versions_and_durations_has_a_stamp(words: list[str]) -> None:
    """Whatever their order, none of them makes a stamp."""
    assert find("message: " + " ".join(words)) is None


@pytest.mark.parametrize(
    ("line", "text", "kind"),
    [
        ('127.0.0.1 - - [22/Nov/2026:00:41:33 +0000] "GET /"', "22/Nov/2026:00:41:33 +0000", "clf"),
        ("2026-11-22 00:41:33INFO glued", "2026-11-22 00:41:33", "iso"),
        ("2026-11-22 00:41:33 WARN not a zone", "2026-11-22 00:41:33", "iso"),
        ("00:00:01 restored from 2026-11-22 00:41:33", "2026-11-22 00:41:33", "iso"),
        ("00:00:01.412345 VirtualPump 7.0.8 release log (Apr 18 2023 12:01:02)", "00:00:01.412345", "time"),
        ("1660360496 anna  44 bytes  2026-11-22 00:41:33", "2026-11-22 00:41:33", "iso"),
        ("17/06/09 20:10:40 INFO up", "17/06/09 20:10:40", "short-year-first"),
        ("W 05/04/23 20:10:40 fan", "05/04/23 20:10:40", "us-short-year"),
        ("I1122 00:41:33.123456   1 main.go:7] up", "1122 00:41:33.123456", "klog"),
        ('{"level":"info","ts":1700000000.1234567,"msg":"x"}', "1700000000.1234567", "epoch"),
        ("level=info time=1700000000123 msg=x", "1700000000123", "epoch-ms"),
        ("#+1700000000", "1700000000", "epoch"),
        ("<6>[   12.345678] usb 1-1", "[   12.345678]", "uptime"),
        ("\x1b[33m[app]\x1b[39m11/22/2026, 7:34:03 PM up", "11/22/2026, 7:34:03 PM", "us"),
        ("[12:34:56.789] up", "12:34:56.789", "time"),
        ("# Time: 261122  0:41:33", "261122  0:41:33", "compact-short-year"),
    ],
)
def test_stamps_are_found_in_lines(db: duckdb.DuckDBPyConnection, line: str, text: str, kind: str) -> None:
    """The earliest full stamp of the head, unless a clock at the very start is far before it; and the regex made of its kind finds the same in DuckDB."""
    found = find(line)
    assert found and (line[found[0] : found[1]], found[2].id) == (text, kind)
    got = db.execute("SELECT regexp_extract(?, ?, ['timestamp'])", [line, find_regex([found[2]])]).fetchone()
    assert got and got[0] == {"timestamp": text}


def test_only_the_head_of_a_line_is_searched() -> None:
    """A stamp far behind is the message's business, not the line's."""
    assert find("x" * 200 + " 2026-11-22 00:41:33") is None
    assert find("x" * 110 + " 2026-11-22 00:41:33.123456 +0100") is not None


@pytest.mark.parametrize("text", [text for _, text, _ in EXAMPLES])
def test_a_rendering_may_hold_each_piece_of_its_texts(text: str) -> None:
    """No part of a printed time is ruled out; a longer number, or another order of digits and letters, is."""
    rendering = rendering_of(text)
    if rendering is None:
        return
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            assert rendering.may_hold(text[start:end]) and rendering.may_hold(text[start:end].lower())
    assert (
        rendering.form == "%x" or "%x" in rendering.form or not rendering.may_hold("413ea90d0e6061fe56cd3816ba1a55b5")
    )


@pytest.mark.parametrize("zone", ["UTC", "+05:30", "Europe/Berlin"])
@pytest.mark.parametrize(
    "form", ["%Y-%m-%dT%H:%M:%S.%9Z", "%H:%M:%S,%3", "%b %e %H:%M:%S.%6", "%d/%b/%Y:%H:%M:%S +0000", "%Y%m%d%H%M%S%3",
             "%a %m/%d/%y %I:%M:%S %p", "%j %k.%M %l%p"],
)  # fmt: skip
def test_what_a_time_holds_is_told_without_printing(db: duckdb.DuckDBPyConnection, form: str, zone: str) -> None:
    """Of moments in a span those are told that, printed, hold a text: each piece of one, and texts that few or none hold."""
    rendering, random = Rendering(form, zone), Random(form + zone)
    first, last = datetime(2026, 3, 28, 21, 17), datetime(2026, 4, 2, 3, 5)
    moments = [first, last] + [first + random.random() * (last - first) for _ in range(300)]
    values = ", ".join(f"(TIMESTAMP '{moment}', {random.randrange(1000)})" for moment in moments)
    db.execute(f"CREATE OR REPLACE TEMP TABLE moments AS FROM (VALUES {values}) AS _(moment, nanos)")
    printed = render_sql(rendering, "moment", "nanos")
    texts = [text for (text,) in db.execute(f"SELECT {printed} FROM moments").fetchall()]
    pieces = {"77777", "999999999", " 504 ", "23:5", ":00:", " ", "2", "30", "AM", "Sun", "29", "0.0", "T1", "é"}
    for text in random.sample(texts, 60):
        start = random.randrange(len(text))
        pieces.add(text[start : start + random.choice((1, 2, 3, 5, 8, 30))])
    for folded in (False, True):
        for piece in sorted({one.lower() for one in pieces} if folded else pieces):
            for span in (None, (first, last)):
                held = holding(rendering, [piece], span, folded=folded)
                assert held is not None
                test = held.sql("moment", "nanos") if held.moments else "false"
                wanted = f"contains({f'lower({printed})' if folded else printed}, '{piece}')"
                wrong = f"SELECT moment, nanos, {printed} FROM moments WHERE ({test}) IS DISTINCT FROM {wanted}"
                assert db.execute(wrong).fetchall() == [], (piece, test)
    assert holding(Rendering("%-d.%m.%Y"), ["1.0"], None) is None


def test_a_piece_of_a_time_of_which_some_characters_are_not_known(db: duckdb.DuckDBPyConnection) -> None:
    """Every moment that, printed, holds such a piece is told, and where none prints the like none is asked for."""
    form, random = Rendering("%Y-%m-%dT%H:%M:%S.%9", "+02:00"), Random(7)
    first, last = datetime(2026, 3, 28, 21, 17), datetime(2026, 4, 2, 3, 5)
    moments = [first + random.random() * (last - first) for _ in range(300)]
    values = ", ".join(f"(TIMESTAMP '{moment}', {random.randrange(1000)})" for moment in moments)
    db.execute(f"CREATE OR REPLACE TEMP TABLE moments AS FROM (VALUES {values}) AS _(moment, nanos)")
    printed = render_sql(form, "moment", "nanos")
    for (text,) in db.execute(f"SELECT {printed} FROM moments LIMIT 100").fetchall():
        start = random.randrange(len(text))
        piece = "".join(random.choice((char, char, ANY)) for char in text[start : start + random.randrange(1, 14)])
        held = holding(form, [piece, "x" + piece], (first, last))
        assert held is not None
        missed = f"SELECT 1 FROM moments WHERE NOT ({held.sql('moment', 'nanos')}) AND {printed} LIKE ?"
        assert held.moments and db.execute(missed, [f"%{piece.replace(ANY, '_')}%"]).fetchall() == [], piece
    assert (found := holding(form, [f"100{ANY}77{ANY}77{ANY}173"], (first, last))) and not found.moments


def test_a_piece_of_a_time_is_few_stretches() -> None:
    """What names a minute or some seconds of a day lies in one stretch of each day; what a fraction alone holds, anywhere."""
    span = (datetime(2026, 3, 28, 21, 17), datetime(2026, 3, 30, 3, 5))
    form = Rendering("%Y-%m-%d %H:%M:%S,%3", "+02:00")
    days = [datetime(2026, 3, day, 0, 15, 10) for day in (29, 30)]
    found = holding(form, ["02:15:1"], span)
    assert found and found.stretches == [(day, day + timedelta(seconds=10)) for day in days]
    assert (found := holding(form, [",504"], span)) and found.stretches is None and len(found.moments) == 1
    assert (found := holding(form, [" 504 "], span)) and not found.moments
    assert (found := holding(form, ["2027-"], span)) and not found.moments


def test_a_piece_of_a_time_is_asked_for_without_joins() -> None:
    """DuckDB makes a join of each IN in a condition: of all the ways in which times are printed those took too much memory."""
    span = (datetime(2026, 3, 28, 21, 17), datetime(2026, 3, 30, 3, 5))
    form = Rendering("%Y-%m-%d %H:%M:%S,%3")
    found = holding(form, ["02"], span)
    assert found and " IN (" not in found.sql("timestamp", "nanos")
    assert all(one.parts.get("year", {2026}) <= {2026} for one in found.moments)
    for wide in ((datetime(1014, 3, 28), span[1]), None):  # as where one log has a year that nobody meant
        found = holding(form, ["02"], wide)
        assert found and len(asked := found.sql("timestamp", "nanos")) < 3_000
        assert " IN (" not in asked and "[]" not in asked


def test_years_are_told_by_their_digits(db: duckdb.DuckDBPyConnection) -> None:
    """Of many years, those that print a piece are told by their digits: these and no others."""
    db.execute(
        "CREATE OR REPLACE TEMP TABLE moments AS SELECT make_timestamp(year, 1, 1, 1, 1, 1) AS moment FROM range(1, 9999) AS _(year)"
    )
    for piece in ("0", "7", "20", "202", "0-", "3-01-01"):
        found = holding(Rendering("%Y-%m-%d"), [piece], None)
        assert found
        wrong = f"SELECT moment FROM moments WHERE ({found.sql('moment', 'NULL')}) <> contains(strftime(moment, '%Y-%m-%d'), ?)"
        assert db.execute(wrong, [piece]).fetchall() == [], piece
