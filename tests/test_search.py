"""Answers from the store are those of ripgrep on the raw files, in true time order."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import START, fill, json_records, raw_bytes, settings_for_tests, write_sources

from logtriage.answers import beside, near
from logtriage.answers.beside import Beside
from logtriage.answers.near import PLACE, Place
from logtriage.answers.search import Row, page, search
from logtriage.answers.tally import count
from logtriage.ingest import Ingest
from logtriage.jsonl import lines as jsonl_lines
from logtriage.needles.needle import Needle
from logtriage.normalise import Normaliser
from logtriage.query import fetch, prefilter, walk, weight
from logtriage.query.field import Field
from logtriage.query.query import Query
from logtriage.query.quota import Firsts
from logtriage.query.walk import Key
from logtriage.query.windows import FIRST, MOST, MOST_FILTERED, Extent, Pace, by_place, by_time
from logtriage.sources.find import find
from logtriage.store import store as stores
from logtriage.store.connection import connect
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.stream.learnt import Learnt

PATTERNS = [
    "timed out", "timed", "out", "refused|reset", r"\d+ ms", r"Order \d+ placed", "^java", r"\)$", "#", "5432",
    "Main.java:7", "é", "É", "caf.", "^2026", "^ERROR", "begins", "a.b", r"\bdead\b", "beef$", "^$", "x*",
    "nowhere to be found", r"(a|b)(?=t)", "trace_id=[0-9a-f]{32} again", r"[^ ]+\t", "04 10:00", ":58:0", "GET /api",
    r'retry \\"3', "<b>", r"u00e9", "\u2400", "\\x00", "red", r"\x1b", "Übung", "(?i)ÜBUNG", r"\s$", "ms trace",
]  # fmt: skip
OPTIONS: list[dict[str, bool]] = [
    {"ignore_case": True},
    {"word": True},
    {"line": True},
    {"invert": True},
    {"fixed": True},
]


class Raw(NamedTuple):
    """A record as it stands in its file."""

    place: tuple[int, int]
    lines: list[bytes]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sources(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def store(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("store") / "s"
    fill(path, files)
    with Store(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def snapshot(store: Store) -> Iterator[Snapshot]:
    with Snapshot(store) as opened:
        yield opened


@pytest.fixture(scope="module")
def everything(snapshot: Snapshot) -> list[Row]:
    return list(search(snapshot, Query()))


@pytest.fixture(scope="module")
def raw(snapshot: Snapshot) -> list[Raw]:
    """All records by place, read from the files; only where they begin is the store's word."""
    out = []
    for part in snapshot.catalog.parts:
        data = Path(part.path or "").read_bytes()
        sql = 'SELECT "offset" FROM lake.records WHERE part = ? ORDER BY "offset"'
        starts = [offset for (offset,) in snapshot.con.execute(sql, [part.part]).fetchall()]
        for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
            piece = data[start:end]
            if data.startswith(b"\xff\xfe"):
                piece = piece.decode("utf-16-le").encode()
            lines = piece.removesuffix(b"\n").split(b"\n")
            if start == 0:
                lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
            out.append(Raw((part.part, start), lines))
    return out


def expected(raw: list[Raw], needle: Needle) -> set[tuple[int, int]]:
    return {record.place for record in raw if any(map(needle.has_match, record.lines)) != needle.invert}


def found(snapshot: Snapshot, query: Query) -> list[tuple[int, int]]:
    return list(search(snapshot, query).tuples("part", '"offset"'))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_finds_the_records_that_hold_a_matching_line(snapshot: Snapshot, raw: list[Raw], pattern: str) -> None:
    """Whatever the pattern and grep's options: the store gives the records in whose raw lines the needle matches."""
    at = PATTERNS.index(pattern)
    for options in ({}, OPTIONS[at % len(OPTIONS)]):
        needle = Needle.of([pattern], **options)
        hits = found(snapshot, Query(needle=needle))
        assert len(hits) == len(set(hits))
        assert set(hits) == expected(raw, needle), options
    assert count(snapshot, Query(needle=needle)) == len(hits)


@pytest.mark.parametrize("at_once", [2_000, 20_000])
def test_few_long_records_at_a_time(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """However few records are put together at once, as where they are long, the same are found in the same order."""
    asked = [
        Query(needle=Needle.of([pattern], invert=invert), order=order)
        for pattern in ("timed out", "0", "^$", "Order 37", r"\d\d ms")
        for invert, order in ((False, "time"), (True, "source"))
    ]
    asked.append(Query())
    before = [found(snapshot, query) for query in asked]
    monkeypatch.setattr(weight, "_LONG", 1)
    monkeypatch.setattr(weight, "_AT_ONCE", at_once)
    assert [found(snapshot, query) for query in asked] == before


@pytest.mark.parametrize("order", ["time", "source"])
def test_attributes_for_few_formats_at_a_time(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    """However many formats are planned for at once, and however few records' attributes are told at once, as where their documents
    are long, the same are told, of the same records in the same order."""

    def told() -> list[list[tuple[Any, ...]]]:
        snapshot.memory.clear()
        fields = [("status", "=", "200"), ("status", ">=", "500"), ("trace_id", "~=", "a"), ("level", "=", "error")]
        asked = [Query(order=order), *(Query(order=order, fields=(Field(*field),)) for field in fields)]
        return [list(search(snapshot, query).tuples("part", '"offset"', "attributes")) for query in asked]

    before = told()
    assert all(before)
    monkeypatch.setattr(fetch, "_FEW_FORMATS", 0)
    assert told() == before
    with monkeypatch.context() as long:
        long.setattr(fetch, "documents_at_once", lambda size: 7)
        assert told() == before
    for module in (fetch, walk):
        monkeypatch.setattr(module, "FEW_OF_MANY", 50)
    monkeypatch.setattr(fetch, "_MANY_FORMATS", 0)
    assert told() == before
    monkeypatch.setattr(Snapshot, "has_room", lambda snapshot: False)
    assert told() == before


def test_numbers_are_found_by_their_value(snapshot: Snapshot) -> None:
    """A record is found by each whole number that it has as an attribute, and no other one is, as where the digits are part of a
    time, of an id or of a larger number."""
    having: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for part, offset, attributes in search(snapshot, Query()).tuples("part", '"offset"', "attributes"):
        for name, value in json.loads(attributes).items():
            if re.fullmatch("[1-9][0-9]{1,14}", str(value)):
                having.setdefault((name, str(value)), set()).add((part, offset))
    rng = random.Random(5)
    for name, value in rng.sample(sorted(having), 40):
        query = Query(fields=(Field(name, "=", value),))
        assert set(found(snapshot, query)) == having[name, value], (name, value)


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_finds_any_piece_of_any_record(snapshot: Snapshot, raw: list[Raw], data: st.DataObject) -> None:
    """A piece cut anywhere out of a line, across times, ids and bodies, is found again wherever it stands."""
    lines = [line for record in raw for line in record.lines if line.strip()]
    line = data.draw(st.sampled_from(lines)).decode("utf-8", "ignore").replace("\0", "")
    start = data.draw(st.integers(0, max(0, len(line) - 2)))
    text = line[start : start + data.draw(st.integers(1, 24))]
    needle = Needle.of([text], fixed=True, ignore_case=data.draw(st.booleans()), invert=data.draw(st.booleans()))
    assert set(found(snapshot, Query(needle=needle))) == expected(raw, needle), text


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_finds_any_piece_of_which_some_characters_are_not_known(
    snapshot: Snapshot, raw: list[Raw], data: st.DataObject
) -> None:
    """As an address typed without escapes: any character may stand for a dot, in a column, at its end, or behind it."""
    lines = [line for record in raw for line in record.lines if re.search(rb"\d", line)]
    line = data.draw(st.sampled_from(lines)).decode("utf-8", "ignore").replace("\0", "")
    start = data.draw(st.integers(0, max(0, len(line) - 2)))
    text = line[start : start + data.draw(st.integers(3, 24))]
    unknown = data.draw(st.sets(st.integers(0, len(text) - 1), min_size=1, max_size=4))
    pattern = "".join("." if at in unknown or not char.isalnum() else char for at, char in enumerate(text))
    pattern += data.draw(st.sampled_from(["", "", "", ".", "$", "|nowhere", ".*0"]))
    needle = Needle.of([pattern], ignore_case=data.draw(st.booleans()))
    assert set(found(snapshot, Query(needle=needle))) == expected(raw, needle), pattern


@pytest.mark.skipif(not shutil.which("rg"), reason="ripgrep is not installed")
@pytest.mark.parametrize("pattern", ["timed out", "Order 37", "5432", "0", "2026", "trace_id=", "nowhere", r"\d\d ms"])
def test_all_at_once_as_window_by_window(
    snapshot: Snapshot, raw: list[Raw], pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether few or many records pass the weak tests, and few or many ids hold the needle, the same are found."""
    needle = Needle.of([pattern])
    for most in (1_000_000, 20, 1):
        monkeypatch.setattr(walk, "MOST", most)
        monkeypatch.setattr(prefilter, "_MOST", most)
        snapshot.memory.clear()
        assert set(found(snapshot, Query(needle=needle))) == expected(raw, needle)
    snapshot.memory.clear()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(1, 2_000))
def test_windows_grow_no_faster_than_what_is_held_of_them(shares: list[float], weight: int) -> None:
    """However the hits lie, a window with as large a share of them as the last one has no more than may be held: 24 MiB."""
    pace = Pace(filtered=True, weight=weight)
    most = max(FIRST, min(MOST, (24 << 20) // weight))
    for share in shares:
        before, found = pace.rows, int(pace.rows * share)
        pace.saw(found)
        assert pace.rows <= most or found * pace.rows <= most * before
        assert FIRST <= pace.rows <= MOST_FILTERED


@given(st.lists(st.integers(1, 1_000_000), min_size=1, max_size=20), st.integers(1, 20_000), st.booleans())
def test_windows_full_of_hits_hold_few_of_them(minutes: list[int], weight: int, backwards: bool) -> None:
    """Where all records are hits, windows grow to 80,000 records or 24 MiB of them and no further, also where one has but
    the rest of a minute; the first is small."""
    times = [(dt.datetime(2026, 3, 2, 10, n), records) for n, records in enumerate(minutes)]
    pace = Pace(weight=weight)
    for n, _ in enumerate(by_time(times[::-1] if backwards else times, pace, backwards=backwards)):
        assert pace.among <= 2 * (max(FIRST, min(40_000, (12 << 20) // weight)) if n else FIRST) + 1
        pace.saw(int(pace.among))


@given(st.integers(2_000, 50_000), st.floats(0.2, 5), st.booleans())
def test_windows_of_long_documents_hold_what_may_be_parsed_at_once(mean: int, factor: float, backwards: bool) -> None:
    """Where attributes of long documents are told, a window has 2 MiB of a source, if records there are as long as elsewhere
    or longer, and never more: each window reads the files anew, so small ones are slow."""
    size, end = mean * factor, 64 << 20
    some = list(by_place([Extent(1, 0, end, size)], Pace(dear=True, size=mean), backwards=backwards))
    ends = [tuple(int(n) for n in re.findall(r" (?:>=|<) (\d+)", window.sql)) for window in some]
    assert sum(high - low for low, high in ends) == end
    assert max(high - low for low, high in ends) <= 2 << 20
    assert factor < 1 or len(some) <= 35


def test_what_is_too_short_is_passed_over(snapshot: Snapshot) -> None:
    """No number as long as this is in any record that could hold one, which the store knows without looking at them."""
    tests = prefilter.Prefilter(snapshot, Needle.of(["4711" * 10]), snapshot.files).ways(
        snapshot.con.execute("SELECT shape, text FROM lake.shapes WHERE shape > 0").fetchall()
    )
    assert tests == []


@pytest.mark.parametrize("pattern", ["timed out", "Order", "INFO", "", r"\d\d", "5432", "nowhere"])
@pytest.mark.parametrize("most", [0, 1, 3, 40, 1000])
def test_the_first_of_each_source(snapshot: Snapshot, pattern: str, most: int) -> None:
    """Of each source come as many hits as are asked for, in time order, whichever sources are left out on the way."""
    for query in (Query(needle=Needle.of([pattern])), Query(needle=Needle.of([pattern]), sources=("*.log",))):
        every = list(search(snapshot, query).tuples("source", "part", '"offset"'))
        taken: dict[str, int] = {}
        want = []
        for source, part, offset in every:
            if taken.get(source, 0) < most:
                taken[source] = taken.get(source, 0) + 1
                want.append((source, part, offset))
        firsts = Firsts(snapshot, query, most).tuples(("source", "part", '"offset"'))
        assert list(firsts) == want


@pytest.mark.parametrize("pattern", ["timed out", "Order 37", "INFO", "", r"\d\d ms"])
def test_sources_are_counted(snapshot: Snapshot, pattern: str) -> None:
    """What is told of sources and levels is what their records tell."""
    query = Query(needle=Needle.of([pattern]))
    told: dict[tuple[str, str | None], list[dt.datetime | None]] = {}
    for source, level, moment in search(snapshot, query).tuples("source", "level", "timestamp"):
        told.setdefault((source, level), []).append(moment)
    counted: dict[tuple[str, str | None], int] = {}
    for one in search(snapshot, query).sources():
        counted[one.source, one.level] = counted.get((one.source, one.level), 0) + one.records
        assert {one.first, one.last} <= set(told[one.source, one.level]) | {None}
    assert counted == {key: len(moments) for key, moments in told.items()}


def test_agrees_with_ripgrep(snapshot: Snapshot, files: list[Path]) -> None:
    """The records found are those that ripgrep's lines lie in."""
    part = next(p for p in snapshot.catalog.parts if p.source.endswith("app.log"))
    rows = list(search(snapshot, Query(parts=(part.part,), order="source")))
    for pattern in PATTERNS:
        if "(?=" in pattern:
            continue
        shown = subprocess.run(
            ["rg", "-n", "-N", "-n", "--no-heading", pattern, str(files[0])], capture_output=True
        ).stdout
        numbers = {int(line.split(b":")[0]) for line in shown.splitlines() if line.split(b":")[0].isdigit()}
        want = [row.offset for row in rows if numbers & set(range(row.line, row.line + row.lines))]
        hits = found(snapshot, Query(parts=(part.part,), order="source", needle=Needle.of([pattern])))
        assert [offset for _, offset in hits] == want, pattern


def test_time_order(everything: list[Row], raw: list[Raw]) -> None:
    """Every record comes once, those without time first, then by time, then by place."""
    assert sorted((row.part, row.offset) for row in everything) == sorted(record.place for record in raw)
    keys = [(row.timestamp or dt.datetime.min, row.nanos or 0, row.part, row.offset) for row in everything]
    assert keys == sorted(keys)


def test_rows_hold_the_text(everything: list[Row], raw: list[Raw]) -> None:
    """`raw` is the record's text without its last newline, where it is text."""
    lines = {record.place: record.lines for record in raw}
    for row in everything:
        data = b"\n".join(lines[row.part, row.offset])
        if not re.search(rb"[\x80-\xff\0]", data):
            assert row.raw.removeprefix("\ufeff").encode() == data
        assert row.lines == max(1, len(data.rstrip(b"\r\n").split(b"\n")))


BEHIND = walk.Key(dt.datetime.max, 0, 1 << 30, 0)  # all records


@pytest.mark.parametrize(
    "query", [Query(), Query(level="warn"), Query(needle=Needle.of(["timed out"])), Query(order="source")]
)
def test_pages_join_up(snapshot: Snapshot, query: Query) -> None:
    """Page after page, forwards and backwards, gives the whole answer, each record once."""
    rows = list(search(snapshot, query))
    for size in (len(rows) // 5 + 1, 1000):
        pages, after = [], None
        while True:
            one = page(snapshot, query, limit=size, after=after)
            pages += one.rows
            if not one.more:
                break
            after = one.rows[-1].key
        assert pages == rows
        pages, before = [], None
        while rows:
            one = page(snapshot, query, limit=size, before=before or BEHIND)
            pages = one.rows + pages
            if not one.more:
                break
            before = one.rows[0].key
        assert pages == rows


def test_limit_and_tail(snapshot: Snapshot, everything: list[Row]) -> None:
    """`limit` keeps the first, `tail` the last, and `more` tells that some were held back."""
    for many, more in ((0, True), (5, True), (len(everything), False)):
        first, last = search(snapshot, Query(limit=many)), search(snapshot, Query(tail=many))
        assert list(first) == everything[:many] and first.more == more
        assert list(last) == everything[len(everything) - many :] and last.more == more


def test_the_sql_shown_finds_the_same(store: Store, snapshot: Snapshot) -> None:
    """The SQL of an answer, pasted, gives the same records on the views."""
    from logtriage.store.views import create

    create(store)
    since = START.replace(tzinfo=dt.UTC) + dt.timedelta(seconds=20)
    for query in (
        Query(needle=Needle.of(["Order"]), level="info", since=since, limit=9),
        Query(needle=Needle.of([r"Order \d+5 "]), tail=3),
        Query(sources=("app.log",), flags=("timeout",), trace=None),
    ):
        answer = search(snapshot, query)
        rows = [(row.part, row.offset) for row in answer]
        assert rows
        assert store.con.execute(f'SELECT part, "offset" FROM ({answer.sql}\n)').fetchall() == rows


def amid(
    everything: list[Row], hits: list[Row], before: int, after: int, across: bool
) -> Iterator[tuple[Row, bool] | None]:
    """What is shown of some hits, told in the plainest way: by what was shown already."""
    own, shown, last = {row.key for row in hits}, set[Key](), None
    for hit in hits:
        lane = [row for row in everything if across or row.part == hit.part]
        if not across:
            lane.sort(key=lambda row: row.offset)
        at = [row.key for row in lane].index(hit.key)
        low = high = at
        while low > max(0, at - before) and lane[low - 1].key not in own | shown:
            low -= 1
        while high < min(len(lane) - 1, at + after) and lane[high + 1].key not in own | shown:
            high += 1
        if last is not None and not (low and lane[low - 1].key == last):
            yield None
        rows = lane[low : high + 1]
        yield from ((row, row.key == hit.key) for row in rows)
        shown |= {row.key for row in rows}
        last = rows[-1].key


@pytest.mark.parametrize("across", [True, False])
def test_beside(store: Store, everything: list[Row], across: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits are shown amid what each stands beside, each record once, in however many batches and stretches these are found,
    and where some that the query finds are none: those of no time and out of order among them."""
    query = Query(needle=Needle.of(["timed|[4-6]"]))
    every = list(search(store, query))
    for few, before, after, step in ((3, 1, 2, 61), (2_000, 2, 1, 2), (100_000, 0, 1, 1)):
        for module, names in ((beside, ("_NEAR", "_READ", "_STRETCH", "APART")), (near, ("APART", "_ROOM"))):
            for name in names:
                monkeypatch.setattr(module, name, few)
        monkeypatch.setattr(near, "_LEAST", 1)
        monkeypatch.setattr(beside, "at_once", lambda *_, few=few, **__: few)
        hits = every[::step]
        places = {(row.part, row.offset) for row in hits}
        with Snapshot(store) as one, Snapshot(store) as other:
            shown = Beside(one, query, before, after, across=across, taken=places)
            found = (Place(*place) for place in search(other, query).tuples(*PLACE))
            own = (place for place in found if (place.part, place.offset) in places)
            rows = list(shown.rows(own, ("part", '"offset"', "raw")))
        told = [
            one and (one[0].part, one[0].offset, one[0].raw, one[1])
            for one in amid(everything, hits, before, after, across)
        ]
        assert [one and (*one[0], one[1]) for one in rows] == told


def test_a_record_of_another_age_has_no_more_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that was not set yet tells nothing of how close records are in time: no more of them are read to find neighbours."""
    monkeypatch.setattr(stores, "INLINE", 0)
    monkeypatch.setattr(near, "_ROOM", 4)
    monkeypatch.setattr(near, "_LEAST", 1)
    with Store(tmp_path / "store", write=True) as store:
        for n in range(6):
            lines = [f"2026-03-04 10:0{n}:{k:02} INFO said {k}\n" for k in range(60)]
            (tmp_path / f"{n}.log").write_text(
                "".join(["1970-01-01 00:00:05 INFO awake\n", *lines] if n == 3 else lines)
            )
            Ingest(store, settings_for_tests()).run(find([str(tmp_path / f"{n}.log")]).sources)
    with Store(tmp_path / "store") as store, Snapshot(store) as snapshot:
        every = [Place(*place) for place in search(store, Query()).tuples(*PLACE)]
        lanes = near.Lanes(snapshot, across=True)
        for at in (1, 100, 360):
            found = lanes.near([every[at]], 1, 1)
            number = found.number(every[at])
            beside = [found.place(one) for one in range(number - 1, min(number + 2, len(found.moments)))]
            assert beside == every[at - 1 : at + 2]
            assert len(found.moments) < 90


@pytest.mark.parametrize("across", [True, False])
def test_nothing_stands_beside_nothing(tmp_path: Path, across: bool) -> None:
    """A store without records, as an ingest of an empty log leaves it, has no neighbours to tell."""
    with Store(tmp_path / "store", write=True) as store, Snapshot(store) as snapshot:
        around = Beside(snapshot, Query(), 1, 1, across=across, taken=None)
        assert list(around.rows([], ("raw",))) == []


def test_bytes_come_back(snapshot: Snapshot) -> None:
    """The bytes of every source are those of its file, damage included."""
    for part in snapshot.catalog.parts:
        data = Path(part.path or "").read_bytes()
        assert hashlib.sha256(raw_bytes(snapshot, part.part)).digest() == hashlib.sha256(data).digest()


def test_jsonl_is_that_of_files(snapshot: Snapshot, files: list[Path]) -> None:
    """JSON lines from the store are those that are made of the files without a store."""
    from logtriage.sources.find import find

    con = connect()
    normaliser = Normaliser(con, settings_for_tests())
    want = []
    sources = find([str(path) for path in files]).sources
    learnt = Learnt(normaliser)
    learnt.sample(sources)
    for source in sources:
        for _ in normaliser.read(source):
            learnt.show()
            want += map(json.loads, jsonl_lines(con, [source], normaliser.records.chains))
    assert json_records(snapshot, Query(order="source")) == want
    picked = list(json_records(snapshot, Query(order="source", needle=Needle.of(["timed"], word=True), tail=5)))
    assert len(picked) == 5 and all(line in want for line in picked)


def test_new_texts_have_templates(tmp_path: Path) -> None:
    """A text that comes up in a later block, after others were given templates, is given one too."""
    from logtriage.sources.find import find

    normaliser = Normaliser(connect(), settings_for_tests())
    learnt = Learnt(normaliser)
    for nth, text in enumerate(("one thing", "another matter here"), start=1):
        (tmp_path / f"{nth}.log").write_text(f"2026-03-04 10:00:00 INFO {text}\n")
        for _ in normaliser.read(find([str(tmp_path / f"{nth}.log")]).sources[0]):
            learnt.show()
            assert normaliser.con.execute("SELECT count(DISTINCT template) FROM mined").fetchall() == [(nth,)]


@given(
    texts=st.lists(st.text(st.sampled_from('ab1 #-:\n="é\x03\r{}'), min_size=1, max_size=30), min_size=1, max_size=12),
    seed=st.integers(0, 99),
)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text(tmp_path_factory: pytest.TempPathFactory, texts: list[str], seed: int) -> None:
    """Of texts made up at random too: the bytes come back, and patterns find what they find in the lines."""
    folder = tmp_path_factory.mktemp("any")
    rng = random.Random(seed)
    lines = [rng.choice(["", f"2026-03-04 10:00:0{k % 10} INFO "]) + text for k, text in enumerate(texts)]
    data = "\n".join(lines).encode()
    (folder / "a.log").write_bytes(data)
    fill(folder / "s", [folder / "a.log"])
    with Store(folder / "s") as store, Snapshot(store) as snapshot:
        assert raw_bytes(snapshot, 1) == data
        spans = [(row.offset, row.offset + len(row.raw.encode())) for row in search(snapshot, Query(order="source"))]
        for pattern in ("a", "b1", "#", "1 a", "^$", "a$", "-:", '"', "é", "(?i)A", r"\w+1"):
            needle = Needle.of([pattern])
            want = [start for start, end in spans if any(map(needle.has_match, data[start:end].split(b"\n")))]
            hits = found(snapshot, Query(needle=needle, order="source"))
            assert [offset for _, offset in hits] == want, pattern


def test_what_queries_leave_beside_the_store_is_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary tables that were replaced are freed by `sweep`, once they are much; it tells whether the store has changed."""
    (tmp_path / "a.log").write_text("2026-03-04 10:00:00 INFO one\n")
    with Store(tmp_path / "st", write=True) as store:
        ingest = Ingest(store, settings_for_tests())
        ingest.run(find([str(tmp_path / "a.log")]).sources)
        with Snapshot(store) as snapshot:

            def held() -> int:
                for _ in range(4):
                    snapshot.con.execute("CREATE OR REPLACE TEMP TABLE held AS SELECT range AS n FROM range(1_000_000)")
                sql = "SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
                return int(snapshot.con.execute(sql).fetchall()[0][0])

            before = held()
            monkeypatch.setattr("logtriage.store.snapshot._MOST_BESIDE", before + 1)
            assert snapshot.sweep() and held() > 1.5 * before
            assert snapshot.sweep() and held() < 1.4 * before  # the last one of those before is still there
            monkeypatch.setattr("logtriage.store.snapshot._MOST_BESIDE", 0)
            (tmp_path / "a.log").write_text("2026-03-04 10:00:00 INFO one\n2026-03-04 10:00:01 INFO two\n")
            ingest.run(find([str(tmp_path / "a.log")]).sources)
            assert not snapshot.sweep()
