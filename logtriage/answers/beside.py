"""The records that stand beside others, found for many at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

from logtriage.answers.search import COLUMNS, Row
from logtriage.query.condition import Condition
from logtriage.query.plan import plan
from logtriage.query.query import TIME_ORDER, Query
from logtriage.query.walk import Key
from logtriage.query.weight import few_at_once
from logtriage.store.views import Snapshot

ACROSS = -1  # the one lane of all records; else a lane is a part
_HITS, _RECORDS = 1_000, 300_000  # of a batch: hits, and records among which their neighbours are looked for
_TIMELESS = datetime.min


class Near(NamedTuple):
    """A neighbour, with what was asked for of it beside its row."""

    row: Row
    more: tuple[Any, ...]


class Beside(NamedTuple):
    """A record with its neighbours in its lane. `touching`: the one before those, None at the lane's beginning."""

    hit: Row
    before: list[Near]
    after: list[Near]
    touching: Row | None


def beside(
    snapshot: Snapshot, hits: Sequence[Row], before: int, after: int, *, across: bool, more: Sequence[str] = ()
) -> Iterator[Beside]:
    """Each of some records (in time order) with so many before and after it: of its part, as they stand there, or `across`
    all, by time. `more`: columns of `records` that are told of the neighbours too."""
    lanes = _lanes(snapshot, across)
    at_once = few_at_once(snapshot, dear="attributes" in more) or _RECORDS
    most = min(_HITS, max(1, at_once // (before + after + 2)))
    start = 0
    while start < len(hits):
        batch = _batch(hits[start : start + most], lanes, across)
        start += len(batch)
        rows: dict[int, list[Near]] = defaultdict(list)
        for near in _near(snapshot, batch, before + 1, after, lanes, across, more, at_once):
            rows[_lane(near.row, across)].append(near)
        if not across:
            for those in rows.values():
                those.sort(key=lambda near: near.row.offset)
        places = {near.row.key: at for lane in rows.values() for at, near in enumerate(lane)}
        for hit in batch:
            lane, at = rows[_lane(hit, across)], places[hit.key]
            first = max(0, at - before)
            yield Beside(hit, lane[first:at], lane[at + 1 : at + 1 + after], lane[first - 1].row if first else None)


class _Minutes(NamedTuple):
    """The minutes in which a lane has records, in order, and how many it has before each of them, and in all."""

    minutes: list[datetime]
    before: list[int]

    def at(self, moment: datetime | None) -> int:
        """The place of the minute that a moment lies in."""
        return bisect_right(self.minutes, moment or _TIMELESS) - 1

    def around(self, first: datetime | None, last: datetime | None, before: int, after: int) -> Condition:
        """The time in which records from `first` to `last` lie, with so many before and after them at least."""
        low = bisect_right(self.before, self.before[self.at(first)] - before, hi=len(self.minutes)) - 1
        high = bisect_left(self.before, self.before[self.at(last) + 1] + after)
        sql, values = "true", []
        if high < len(self.minutes):
            sql, values = "timestamp < ?", [self.minutes[high]]
        start = self.minutes[max(low, 0)]
        if start == _TIMELESS:
            return Condition(f"timestamp IS NULL OR {sql}", tuple(values))
        return Condition(f"timestamp >= ? AND {sql}", (start, *values))

    def beside(self, first: datetime | None, last: datetime | None, before: int, after: int) -> Condition:
        """The same for records as they stand in a source: those without a time may stand anywhere among the others."""
        if first is None:
            return Condition("true")
        inside = self.around(first, last, before, after)
        if self.minutes[0] != _TIMELESS:
            return inside
        return Condition(f"timestamp IS NULL OR {inside.sql}", inside.parameters)


def _lane(row: Row, across: bool) -> int:
    return ACROSS if across else row.part


def _lanes(snapshot: Snapshot, across: bool) -> dict[int, _Minutes]:
    lane = str(ACROSS) if across else "part"
    sql = f"SELECT {lane} AS lane, minute, sum(records)::BIGINT AS n FROM lake.activity GROUP BY ALL HAVING n > 0"
    counts: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for number, minute, n in snapshot.con.execute(f"{sql} ORDER BY minute NULLS FIRST").fetchall():
        counts[number].append((minute or _TIMELESS, n))
    return {
        number: _Minutes([minute for minute, _ in those], list(accumulate((n for _, n in those), initial=0)))
        for number, those in counts.items()
    }


def _batch(hits: Sequence[Row], lanes: dict[int, _Minutes], across: bool) -> Sequence[Row]:
    """The first hits that are near enough to each other to be dealt with together."""
    first: dict[int, int] = {}
    seen: dict[int, int] = {}
    for end, hit in enumerate(hits):
        number = _lane(hit, across)
        lane = lanes[number]
        at = lane.at(hit.timestamp)
        seen[number] = lane.before[at] - lane.before[first.setdefault(number, at)]
        if sum(seen.values()) > _RECORDS:
            return hits[:end]
    return hits


def _near(
    snapshot: Snapshot,
    batch: Sequence[Row],
    before: int,
    after: int,
    lanes: dict[int, _Minutes],
    across: bool,
    more: Sequence[str],
    at_once: int,
) -> Iterator[Near]:
    """Those of a batch and their neighbours, in time order; so many are put together at once."""
    of_lane: dict[int, list[Key]] = defaultdict(list)
    for hit in batch:
        of_lane[_lane(hit, across)].append(hit.key)
    times = []
    for lane, keys in of_lane.items():
        ends = keys[0].timestamp, keys[-1].timestamp
        if across:
            times.append(lanes[lane].around(*ends, before, after))
        else:
            inside = lanes[lane].beside(*ends, before, after)
            times.append(Condition(f"part = {lane} AND ({inside.sql})", inside.parameters))
    where = " OR ".join(f"({one.sql})" for one in times)
    values = [value for one in times for value in one.parameters]
    places = ", ".join(f"({hit.part}, {hit.offset})" for hit in batch)
    in_time = f"ORDER BY {', '.join(f'{key} NULLS FIRST' for key in TIME_ORDER)}"
    order = in_time if across else 'PARTITION BY part ORDER BY "offset"'
    found = snapshot.con.execute(
        f'SELECT part, "offset" FROM (SELECT *, bool_or((part, "offset") IN (VALUES {places})) '
        f"OVER ({order} ROWS BETWEEN {after} PRECEDING AND {before} FOLLOWING) AS is_near FROM "
        f'(SELECT part, "offset", timestamp, nanos FROM lake.records WHERE {where})) '
        f"WHERE is_near ORDER BY {Query().order_by()}",
        values,
    ).fetchall()
    todo, width = plan(snapshot, Query()), len(COLUMNS)
    for start in range(0, len(found), at_once):
        some = ", ".join(map(str, found[start : start + at_once]))
        conditions = [Condition(where, tuple(values)), Condition(f'(part, "offset") IN (VALUES {some})')]
        sql, parameters = todo.select((*COLUMNS, *more), conditions, order=todo.query.order_by())
        for row in snapshot.con.execute(sql, parameters).fetchall():
            yield Near(Row._make(row[:width]), row[width:])
