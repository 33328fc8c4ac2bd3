"""What the timeline and the list of the screen are made of: lanes, silences, glances, and queries with several texts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import duckdb
import pytest
from engine import examples
from hypothesis import given
from hypothesis import strategies as st
from stores import fill, write_sources

from logtriage.answers import glance, jump, lanes, shade, tally
from logtriage.answers.search import search
from logtriage.answers.silences import silences
from logtriage.needles.needle import Needle
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.store.catalog import PartRow
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    folder = tmp_path_factory.mktemp("sources")
    fill(folder / "store", write_sources(folder))
    with Store(folder / "store") as store, Snapshot(store) as made:
        yield made


def everything(snapshot: Snapshot, query: Query | None = None) -> list[tuple[int, int]]:
    return [(row.part, row.offset) for row in search(snapshot, query or Query())]


def test_pages_of_glances_are_the_search(snapshot: Snapshot) -> None:
    """Going through the store by pages, from either end, gives the records of a search in its order, each once."""
    wanted = everything(snapshot)
    page = glance.first(snapshot, Query(), 37)
    seen = list(page.rows)
    while page.after:
        page = glance.later(snapshot, Query(), seen[-1].key, 41)
        seen += page.rows
    assert [(row.part, row.offset) for row in seen] == wanted
    page = glance.last(snapshot, Query(), 37)
    seen = list(page.rows)
    while page.before:
        page = glance.earlier(snapshot, Query(), seen[0].key, 41)
        seen[:0] = page.rows
    assert [(row.part, row.offset) for row in seen] == wanted


def test_around_a_place_stands_what_is_there(snapshot: Snapshot) -> None:
    """Around a record are those before it, it, and those after it; around a time those on either side of it."""
    rows = glance.first(snapshot, Query(), 1000).rows
    for at in (0, 70, len(rows) - 1):
        found = glance.around(snapshot, Query(), rows[at].key, 10, 20)
        assert found.rows == rows[max(0, at - 10) : at + 20]
        assert (found.before, found.after) == (at > 10, at + 20 < len(rows))
    moment = next(row.timestamp for row in rows[100:] if row.timestamp)
    found = glance.around(snapshot, Query(), glance.at_time(moment), 5, 5)
    assert [row.timestamp for row in found.rows] == sorted(row.timestamp for row in found.rows if row.timestamp)
    assert found.rows[5].timestamp == moment and (found.rows[4].timestamp or moment) < moment


def test_a_glance_is_short(tmp_path: Path) -> None:
    """However long a line is, a glance holds but its beginning, and says how long it is."""
    (tmp_path / "long.log").write_text("2026-03-04 10:00:00 INFO " + "x" * 3_000_000 + "\n")
    fill(tmp_path / "store", [tmp_path / "long.log"])
    with Store(tmp_path / "store") as store:
        (row,) = glance.first(store, Query(), 10).rows
    assert (len(row.text), row.length) == (glance.CUT, 3_000_000)


@pytest.mark.parametrize("count", [1, 7, 60, 5_000])
def test_lanes_hold_every_record_once(snapshot: Snapshot, count: int) -> None:
    """Whatever the width of the cells, those of all lanes hold just the records that have a time, at their worst level."""
    span = lanes.span(snapshot)
    assert span is not None
    made = lanes.lanes(snapshot, *lanes.whole(span), count)
    counts: Counter[tuple[str, int]] = Counter()
    worst: Counter[tuple[str, int]] = Counter()
    names = lanes.lane_names(snapshot.catalog.parts)
    for row in search(snapshot, Query()):
        if row.timestamp:
            place = names[row.part], made.cell_of(row.timestamp)
            counts[place] += 1
            worst[place] = max(worst[place], row.severity_number or 0)
    cells = {(lane.name, k): cell for lane in made.lanes for k, cell in lane.cells.items()}
    assert {place: cell.records for place, cell in cells.items()} == counts
    assert {place: cell.worst for place, cell in cells.items()} == worst
    assert all(0 < cell.bad <= cell.records for cell in cells.values())
    assert made.end >= span[1] + MINUTE


def test_what_falls_silent_is_told(tmp_path: Path) -> None:
    """A source that speaks every few seconds is silent where it says nothing for minutes, and where it ends before the
    others; one that speaks once an hour is not."""
    start = datetime(2026, 3, 4, 10, 0)

    def log(name: str, seconds: list[int]) -> Path:
        text = "".join(f"{start + timedelta(seconds=s):%Y-%m-%d %H:%M:%S} INFO beat {s}\n" for s in seconds)
        (tmp_path / name).write_text(text)
        return tmp_path / name

    hours = 4 * 3600
    files = [
        log("steady.log", list(range(0, hours, 5))),
        log("pause.log", [*range(0, 3600, 5), *range(5400, hours, 5)]),
        log("stops.log", list(range(0, 7200, 5))),
        log("rare.log", list(range(0, hours, 3600))),
    ]
    fill(tmp_path / "store", files)
    with Store(tmp_path / "store") as store, Snapshot(store) as made:
        found = silences(made)
        assert [(one.lane.rpartition("/")[2], one.start, one.end) for one in found] == [
            ("pause", start + timedelta(hours=1), start + timedelta(seconds=5400)),
            ("stops", start + timedelta(hours=2), None),
        ]
        silence = jump.next_silence(made, Query(), found, Key(start, 0, 0, 0))
        assert silence is not None
        assert (silence[0].lane.rpartition("/")[2], silence[1].timestamp) == ("pause", start + timedelta(seconds=3595))


@examples(60)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 90), st.integers(-1, 30)), min_size=1, max_size=25))
def test_silences_are_those_told_lane_by_lane(spoken: list[tuple[int, int, int]]) -> None:
    """What one statement finds of all lanes is what going through the minutes of each finds."""
    base, names = datetime(2026, 3, 4, 10, 0), {1: "one", 2: "two", 3: "two", 4: "four"}
    parts = tuple(PartRow(n, name, name, name, None, name, *(None,) * 4) for n, name in names.items())
    con = duckdb.connect()
    con.execute("CREATE SCHEMA lake; CREATE TABLE lake.activity (minute TIMESTAMP, part INTEGER, records BIGINT)")
    con.executemany("INSERT INTO lake.activity VALUES (?, ?, ?)", [(base + m * MINUTE, p, n) for p, m, n in spoken])
    found = silences(cast(Snapshot, SimpleNamespace(con=con, catalog=SimpleNamespace(parts=parts))))
    active: dict[str, Counter[int]] = {name: Counter() for name in names.values()}
    for part in names:
        counted = Counter[int]()
        for own, minute, n in spoken:
            counted[minute] += n if own == part else 0
        active[names[part]] += +counted
    end = max((max(minutes) for minutes in active.values() if minutes), default=0)
    wanted = set()
    for name, minutes in active.items():
        times = sorted(minutes)
        least = 1 + max(2, -(-10 * (times[-1] - times[0] + 1) // minutes.total())) if times else 0
        pauses = [*pairwise(times), *((last, None) for last in times[-1:])]
        wanted |= {(name, a + 1, b) for a, b in pauses if (end if b is None else b) - a >= least}
    told = {(one.lane, (one.start - base) // MINUTE, one.end and (one.end - base) // MINUTE) for one in found}
    assert told == wanted


def test_lanes_are_called_by_what_wrote_them() -> None:
    """A lane is called by the service or container; the files of one folder have their own names behind the folder's."""

    def part(number: int, name: str, service: str | None = None, container: str | None = None) -> PartRow:
        return PartRow(number, name, name, name, None, service, None, container, None, None)

    parts = [
        part(1, "/d/1-json.log", "cart", "cart-1"), part(2, "/d/2-json.log", "cart", "cart-2"), part(3, "/l/a/error.log"),
        part(4, "/l/a/access.json.log"), part(5, "/l/b/error.log"), part(6, "/l/web/x.log", "web"),
    ]  # fmt: skip
    assert lanes.lane_names(parts) == {1: "cart", 2: "cart", 3: "a/error", 4: "a/access", 5: "error", 6: "web"}


QUERIES = [
    Query(needle=Needle.of(["refused"])), Query(needle=Needle.of(["timed"])), Query(level="warn"), Query(level="error"),
    Query(flags=("*",)), Query(services=("nginx",)), Query(sources=("*app*",)), Query(needle=Needle.of(["main"])),
    Query(since=datetime(2026, 3, 4, 10, 0, tzinfo=UTC)), Query(until=datetime(2026, 3, 4, 10, 0, tzinfo=UTC)),
]  # fmt: skip


@examples(12)
@given(st.lists(st.sampled_from(QUERIES), max_size=2), st.lists(st.sampled_from(QUERIES), max_size=2), st.booleans())
def test_also_and_without_are_sets(snapshot: Snapshot, also: list[Query], without: list[Query], narrow: bool) -> None:
    """`also` keeps what each of its queries finds, `without` leaves out what any of its own finds; counted alike."""
    first = Query(needle=Needle.of(["out"])) if narrow else Query()
    wanted = set(everything(snapshot, first))
    for other in also:
        wanted &= set(everything(snapshot, other))
    for other in without:
        wanted -= set(everything(snapshot, other))
    query = Query(needle=first.needle, also=tuple(also), without=tuple(without))
    assert set(everything(snapshot, query)) == wanted
    assert tally.count(snapshot, query) == len(wanted)


def test_the_next_one_is_the_next_in_the_list(snapshot: Snapshot) -> None:
    """From any place, the next error (or the one before) is the nearest in the order of the list."""
    rows = glance.first(snapshot, Query(), 1000).rows
    rng = random.Random(3)
    for at in rng.sample(range(len(rows)), 12):
        for backwards in (False, True):
            beyond = rows[:at][::-1] if backwards else rows[at + 1 :]
            wanted = next((row.key for row in beyond if row.level in ("error", "fatal")), None)
            assert jump.next_of(snapshot, Query(level="error"), rows[at].key, backwards=backwards) == wanted
            flagged = next((row.key for row in beyond if row.flags), None)
            assert jump.next_of(snapshot, Query(flags=("*",)), rows[at].key, backwards=backwards) == flagged


@given(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)), st.sampled_from(["minute", "hour", "day"]))
def test_steps_begin_at_whole_units(moment: datetime, unit: str) -> None:
    """A step on leads to the beginning of the next unit, one back to that of this unit, or of the last one."""
    later, earlier = jump.step(moment, unit, 1), jump.step(moment, unit, -1)
    assert earlier < moment < later
    width = {"minute": MINUTE, "hour": 60 * MINUTE, "day": 1440 * MINUTE}[unit]
    assert later - moment <= width and moment - earlier <= width
    assert jump.step(earlier, unit, 1) in (moment, later)


def in_cells(snapshot: Snapshot, query: Query, over: lanes.Lanes) -> Counter[tuple[str, int]]:
    names = lanes.lane_names(snapshot.catalog.parts)
    times = ((row.part, row.timestamp) for row in search(snapshot, query) if row.timestamp)
    return Counter((names[part], over.cell_of(time)) for part, time in times)


SOME = [
    Query(level="warn"), Query(needle=Needle.of(("refused",))), Query(needle=Needle.of((r"[0-9]{3}$",))),
    Query(flags=("*",)), Query(level="error", without=(Query(flags=("*",)),)), Query(needle=Needle.of(("no such thing",))),
]  # fmt: skip


@pytest.mark.parametrize("count", [1, 60, 5_000])
@pytest.mark.parametrize("query", SOME, ids=repr)
def test_what_a_query_finds_of_the_lanes(snapshot: Snapshot, query: Query, count: int) -> None:
    """Of the same lanes and cells, it is just the query's records that are counted, whoever can tell them."""
    span = lanes.span(snapshot)
    assert span is not None
    over = lanes.lanes(snapshot, *lanes.whole(span), count)
    made = shade.shaded(snapshot, query, over)
    assert made is not None
    assert [lane.name for lane in made.lanes] == [lane.name for lane in over.lanes]
    cells = {(lane.name, k): cell.records for lane in made.lanes for k, cell in lane.cells.items()}
    assert cells == in_cells(snapshot, query, over)


def test_too_much_is_not_looked_at(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many records would have to be read, no part is told; what the rollup knows still is."""
    monkeypatch.setattr(shade, "_MOST_READ", 10)
    span = lanes.span(snapshot)
    assert span is not None
    over = lanes.lanes(snapshot, *lanes.whole(span), 5)
    assert shade.shaded(snapshot, Query(needle=Needle.of((r"[0-9]{3}$",))), over) is None
    assert shade.shaded(snapshot, Query(level="warn"), over) is not None


def test_many_records_are_told_by_the_minute(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where short stretches hold too many records to look at, the minute's number is spread over it: none is lost."""
    span = lanes.span(snapshot)
    assert span is not None
    exact = lanes.lanes(snapshot, *lanes.whole(span), 5_000)
    monkeypatch.setattr(lanes, "_MOST", 10)
    spread = lanes.lanes(snapshot, *lanes.whole(span), 5_000)
    assert spread.rolled and not exact.rolled and spread.width < MINUTE

    def by_minute(made: lanes.Lanes) -> Counter[tuple[str, datetime]]:
        found: Counter[tuple[str, datetime]] = Counter()
        for lane in made.lanes:
            for k, cell in lane.cells.items():
                found[lane.name, (made.start + (k + 0.5) * made.width).replace(second=0, microsecond=0)] += cell.records
        return found

    assert by_minute(spread) == by_minute(exact)
    assert shade.shaded(snapshot, Query(), spread) == spread


@pytest.mark.parametrize("query", SOME, ids=repr)
def test_the_rank_of_a_record(snapshot: Snapshot, query: Query) -> None:
    """A record's rank is its place among all that the query finds, in time order."""
    found = list(search(snapshot, query))
    for number in {0, 1, len(found) // 2, len(found) - 1} & set(range(len(found))):
        row = found[number]
        known = number + 1 if row.timestamp else None
        assert tally.rank(snapshot, query, row.key) == (known, len(found))


@pytest.mark.parametrize("hour", [timedelta(seconds=1), timedelta(minutes=2), timedelta(hours=1), timedelta(days=400)])
@pytest.mark.parametrize("query", [Query(), SOME[0]], ids=repr)
def test_the_last_page_is_the_end_of_all(
    snapshot: Snapshot, query: Query, hour: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the latest stretch alone holds it or not, the last page is the last of what the query finds."""
    monkeypatch.setattr(glance, "_LATEST", hour)
    wanted = everything(snapshot, query)
    for count in (1, 7, 60, 2_000):
        page = glance.last(snapshot, query, count)
        assert [(row.part, row.offset) for row in page.rows] == wanted[-count:]
        assert page.before == (len(wanted) > count)
