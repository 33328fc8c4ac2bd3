"""Records at a glance: what one line of a list shows of each, a page at a time, however long their texts are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from logtriage.query.plan import plan
from logtriage.query.query import Query
from logtriage.query.sides import both_sides
from logtriage.query.walk import Key, rows
from logtriage.store.snapshot import Snapshot, snapshot_of
from logtriage.store.store import Store

_LATEST = timedelta(hours=1)
CUT = 1_000  # characters of a record's text that are given


class Glance(NamedTuple):
    """One record. `text`: the first CUT characters of what it says, `length`: how many there are."""

    part: int
    offset: int
    line: int
    lines: int
    timestamp: datetime | None
    nanos: int | None
    level: str | None
    shape: int
    flags: list[str]
    service: str | None
    container: str | None
    text: str
    length: int

    @property
    def key(self) -> Key:
        """Where it stands in time order."""
        return Key(self.timestamp, self.nanos or 0, self.part, self.offset)


class Glances(NamedTuple):
    """Some records in time order, and whether there are more before and after them."""

    rows: list[Glance]
    before: bool
    after: bool


_TEXT = "coalesce(body, raw)"
_COLUMNS = (
    "part", '"offset"', "line", "lines", "timestamp", "nanos", "level", "shape", "flags", "service", "container",
    f"left({_TEXT}, {CUT})", f"length({_TEXT})",
)  # fmt: skip


def first(store: Store | Snapshot, query: Query, count: int) -> Glances:
    """The first `count` records of a query."""
    with snapshot_of(store) as snapshot:
        found = _some(snapshot, query, count + 1, None, backwards=False)
        return Glances(found[:count], False, len(found) > count)


def last(store: Store | Snapshot, query: Query, count: int) -> Glances:
    """The last `count` records of a query."""
    with snapshot_of(store) as snapshot:
        found = _latest(snapshot, query, count + 1) or _some(snapshot, query, count + 1, None, backwards=True)
        return Glances(found[:count][::-1], len(found) > count, False)


def later(store: Store | Snapshot, query: Query, edge: Key, count: int) -> Glances:
    """The next `count` records after a place."""
    with snapshot_of(store) as snapshot:
        found = _some(snapshot, query, count + 1, edge, backwards=False)
        return Glances(found[:count], True, len(found) > count)


def earlier(store: Store | Snapshot, query: Query, edge: Key, count: int) -> Glances:
    """The last `count` records before a place."""
    with snapshot_of(store) as snapshot:
        found = _some(snapshot, query, count + 1, edge, backwards=True)
        return Glances(found[:count][::-1], len(found) > count, True)


def around(store: Store | Snapshot, query: Query, place: Key, before: int, after: int) -> Glances:
    """The records around a place: `before` ones before it, and `after` ones from it on, the one that is there first."""
    with snapshot_of(store) as snapshot:
        found = both_sides(snapshot, plan(snapshot, query), _COLUMNS, place, before + 1, after + 1)
        if found:
            early, late = ([Glance._make(row) for row in side] for side in found)
            shown = early[max(0, len(early) - before) :] + late[:after]
            return Glances(shown, len(early) > before, len(late) > after)
        front = earlier(snapshot, query, place, before)
        back = later(snapshot, query, place._replace(offset=place.offset - 1), after)
        return Glances(front.rows + back.rows, front.before, back.after)


def at_time(moment: datetime) -> Key:
    """The place before all records of a moment (UTC, naive) and after those before it."""
    return Key(moment, -1, -1, -1)


def _latest(snapshot: Snapshot, query: Query, count: int) -> list[Glance] | None:
    """The last `count` of all records, the last one first, where they are of the last hour that has any: of a store of many
    days the rollup is not read as a whole then. None: they are not, or not all records are asked for."""
    if query != Query():
        return None
    end = snapshot.con.execute("SELECT max(minute) FROM lake.activity").fetchall()[0][0]
    sql = "SELECT minute, sum(records) FROM lake.activity WHERE minute >= ? GROUP BY minute ORDER BY minute DESC"
    minutes = snapshot.con.execute(sql, [end - _LATEST]).fetchall() if end else []
    records = list(accumulate(n for _, n in minutes))
    enough = next((minute for (minute, _), n in zip(minutes, records, strict=True) if n >= count), None)
    if enough is None:
        return None
    found = _some(snapshot, Query(since=enough.replace(tzinfo=UTC)), count, None, backwards=True)
    return found if len(found) == count else None


def _some(snapshot: Snapshot, query: Query, count: int, edge: Key | None, *, backwards: bool) -> list[Glance]:
    found = rows(snapshot, plan(snapshot, query), _COLUMNS, count, backwards=backwards, edge=edge)
    return [Glance._make(row) for row in found]
