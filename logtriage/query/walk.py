"""Goes through the hits of a plan in order, window by window."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from logtriage.query.condition import Condition, joined, stored
from logtriage.query.plan import NOTHING
from logtriage.query.planned import Plan, Side
from logtriage.query.query import TIME_ORDER, Query
from logtriage.query.windows import MOST, Extent, Pace, by_place, by_time
from logtriage.store.gist import moment
from logtriage.store.views import Snapshot

if TYPE_CHECKING:
    import duckdb

_FETCH = 1_000
_FEW = 1_000  # records whose ids are looked up by name
_HELD = 10_000  # records that are held to find those on both sides of a place
_MINUTE = timedelta(minutes=1)


class Key(NamedTuple):
    """A record's place in time order."""

    timestamp: datetime | None
    nanos: int
    part: int
    offset: int


def rows(
    snapshot: Snapshot,
    todo: Plan,
    columns: Sequence[str],
    limit: int | None,
    *,
    backwards: bool = False,
    edge: Key | None = None,
    soon: bool = False,
) -> Iterator[tuple[Any, ...]]:
    """Some columns of a plan's hits in order (or from the last one back), at most `limit`, from the place `edge` on. `soon`:
    likely not all of them will be asked for."""
    if limit == 0:
        return
    order = todo.query.order_by(backwards=backwards)
    if limit is None and edge is None and not soon and todo.ways and todo.gather(snapshot.con, columns, MOST, order):
        yield from todo.decided(_fetched(snapshot.con.execute(*todo.select(columns, (), order=order, gathered=True))))
        return
    pace = Pace(limit, filtered=todo.filtered, dear=todo.query.needs_attributes)
    beyond = [_beyond(todo.query, edge, backwards)] if edge else []
    given = 0
    for window in windows(snapshot, todo, pace, backwards=backwards, edge=edge):
        left = None if limit is None else limit - given
        if left is not None and left <= _FEW and todo.is_plain:
            few = todo.select_few(snapshot.con, columns, [*window, *beyond], order, left)
            yield from few
            given += len(few)
            if given == limit:
                return
            pace.saw(len(few))
            continue
        result = snapshot.con.execute(*todo.select(columns, [*window, *beyond], order=order, limit=left))
        before = given
        for row in todo.decided(_fetched(result)):
            yield row
            given += 1
            if given == limit:
                return
        pace.saw(given - before)


def both_sides(
    snapshot: Snapshot, todo: Plan, columns: Sequence[str], place: Key, before: int, after: int
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]] | None:
    """The last hits before a place and the first from it on, in time order, by one look at the records around it; None
    where that does not do: many in a minute, or no time, or text that has to be put together to know hits."""
    query = todo.query
    if (
        place.timestamp is None
        or not (todo.is_plain and todo.rolled)
        or query.order != "time"
        or todo.shapes == NOTHING
    ):
        return None
    minutes, timeless = _counts(snapshot, todo)
    here = bisect_right(minutes, place.timestamp - _MINUTE, key=itemgetter(0))
    first = last = here
    wanted = before
    while first > 0 and wanted > 0:
        first -= 1
        wanted -= minutes[first][1]
    wanted = after
    while last < len(minutes) and (wanted > 0 or last == here):
        wanted -= minutes[last][1] if minutes[last][0] > place.timestamp else 0
        last += 1
    if first == last or sum(n for _, n in minutes[first:last]) > _HELD:
        return None
    window = Condition("timestamp >= ? AND timestamp < ?", (minutes[first][0], minutes[last - 1][0] + _MINUTE))
    here_on = place._replace(offset=place.offset - 1)
    sides = [
        Side(_beyond(query, place, backwards=True), query.order_by(backwards=True), before),
        Side(_beyond(query, here_on, backwards=False), query.order_by(), after),
    ]
    order = tuple(f"{key} AS k{n}" for n, key in enumerate(TIME_ORDER))
    found = todo.select_beside(snapshot.con, (*columns, *order), [window], sides)
    at = bisect_left(found, _order(place), key=lambda row: _order(Key(*row[-len(order) :])))
    front, back = ([row[: -len(order)] for row in some] for some in (found[:at], found[at:]))
    if (len(front) < before and (first > 0 or timeless)) or (len(back) < after and last < len(minutes)):
        return None
    return front, back


def _order(place: Key) -> tuple[datetime, int, int, int]:
    assert place.timestamp is not None
    return (place.timestamp, place.nanos, place.part, place.offset)


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := result.fetchmany(_FETCH):
        yield from batch


def _beyond(query: Query, edge: Key, backwards: bool) -> Condition:
    """What holds of the records after a place (or before it), the place itself left out."""
    sign, parts = ("<" if backwards else ">"), query.parts
    if query.order == "source":
        at = parts.index(edge.part) if parts else 0
        others = (parts[:at] if backwards else parts[at + 1 :]) if parts else ()
        elsewhere = f"part IN ({', '.join(map(str, others)) or 'NULL'})" if parts else f"part {sign} {edge.part}"
        return Condition(f'{elsewhere} OR (part = {edge.part} AND "offset" {sign} {edge.offset})')
    if edge.timestamp is None:
        same = f'timestamp IS NULL AND (part, "offset") {sign} ({edge.part}, {edge.offset})'
        return Condition(same if backwards else f"({same}) OR timestamp IS NOT NULL")
    place = f'(coalesce(nanos, 0), part, "offset") {sign} ({edge.nanos}, {edge.part}, {edge.offset})'
    same = f"timestamp {sign} ? OR (timestamp = ? AND {place})"
    return Condition(f"{same} OR timestamp IS NULL" if backwards else same, (edge.timestamp, edge.timestamp))


def windows(
    snapshot: Snapshot, todo: Plan, pace: Pace, *, backwards: bool = False, edge: Key | None = None
) -> Iterator[list[Condition]]:
    """Conditions that part the records a plan has to look at into windows, in the query's order."""
    if todo.shapes == NOTHING:
        return
    minutes, parts = (None if edge else _few(snapshot, todo, pace.rows)) or _counts(snapshot, todo)
    edged = edge.timestamp if edge and todo.query.order == "time" else None
    extents = _extents(snapshot, parts, todo.query, edge, backwards)
    places = by_place(extents, pace, backwards=backwards)
    if todo.query.order == "source":
        yield from ([window] for window in places)
        return
    timeless: Iterator[list[Condition]] = ([window, Condition("timestamp IS NULL")] for window in places)
    if edged:
        at = bisect_right(minutes, edged if backwards else edged - _MINUTE, key=itemgetter(0))
        minutes = minutes[:at] if backwards else minutes[at:]
        timeless = timeless if backwards else iter(())
    elif edge and backwards:
        minutes = []
    dated = ([window] for window in by_time(minutes, pace, backwards=backwards, edge=edged))
    for part in (dated, timeless) if backwards else (timeless, dated):
        yield from part


def done(snapshot: Snapshot, todo: Plan, window: Sequence[Condition]) -> float:
    """Which share of the records a plan has to look at, in time order, lies before the end of a window, that included."""
    minutes, timeless = _counts(snapshot, todo)
    before = sum(n for _, n in timeless)
    end = next((one for one in window[0].parameters[1:] if isinstance(one, datetime)), None)
    upto = bisect_left(minutes, end, key=itemgetter(0)) if end else 0
    whole = before + sum(n for _, n in minutes)
    return (before * bool(end) + sum(n for _, n in minutes[:upto])) / max(1, whole)


def looked_at(snapshot: Snapshot, todo: Plan) -> int:
    """How many records a plan has to look at, at most."""
    if todo.shapes == NOTHING:
        return 0
    none = todo.narrowed.none if todo.narrowed else ()
    return sum(records for (_, shape), records in snapshot.records.items() if shape not in none)


def _few(snapshot: Snapshot, todo: Plan, most: int) -> tuple[list[tuple[datetime, int]], list[tuple[int, int]]] | None:
    """What `_counts` tells, of few records (`most`) as of one stretch of time, without a look at the activity; None: it
    takes one."""
    if snapshot.gist is None or todo.narrowed is None or todo.query.order != "time":
        return None
    those = [one for one in snapshot.gist.counts if one.shape not in todo.narrowed.none]
    if (total := sum(one.records for one in those)) > most:
        return None
    timeless: Counter[int] = Counter()
    for one in those:
        timeless[one.part] += one.records if one.first is None else 0
    moments = sorted(filter(None, (moment(at) for one in those for at in (one.first, one.last))))
    minutes = [at.replace(second=0, microsecond=0) for at in moments]
    ends = [(minutes[0], total), (minutes[-1], 0)] if minutes else []
    return ends, [(part, records) for part, records in timeless.items() if records]


def _counts(snapshot: Snapshot, todo: Plan) -> tuple[list[tuple[datetime, int]], list[tuple[int, int]]]:
    """How many records may be of interest, from the activity: by minute, in order; and by part those without time, or all
    where the order is not one of time. Kept, as is the plan."""
    key = (repr(todo.query), todo.shapes)
    if key not in snapshot.memory:
        where, parameters = joined(counted(todo))
        timed = todo.query.order == "time"
        by = "minute, CASE WHEN minute IS NULL THEN part END AS p" if timed else "NULL::TIMESTAMP AS m, part AS p"
        sql = f"SELECT {by}, sum(records)::BIGINT AS n FROM lake.activity WHERE {where} GROUP BY ALL HAVING n > 0"
        counts = snapshot.con.execute(f"{sql} ORDER BY ALL", parameters).fetchall()
        minutes = [(minute, n) for minute, _, n in counts if minute is not None]
        snapshot.memory[key] = (minutes, [(part, n) for minute, part, n in counts if minute is None])
    found: tuple[list[tuple[datetime, int]], list[tuple[int, int]]] = snapshot.memory[key]
    return found


def counted(todo: Plan) -> list[Condition]:
    """What of a plan `lake.activity` knows, to the minute."""
    query = todo.query
    conditions = [*([todo.shapes] if todo.shapes else []), *todo.counted]
    if query.since is not None:
        conditions.append(Condition("minute >= date_trunc('minute', ?::TIMESTAMP)", (stored(query.since),)))
    if query.until is not None:
        conditions.append(Condition("minute <= ?", (stored(query.until),)))
    return conditions


def _extents(
    snapshot: Snapshot, counts: Sequence[tuple[int, int]], query: Query, edge: Key | None, backwards: bool
) -> list[Extent]:
    """The parts that hold records of interest, in order, from (or up to) a place on."""
    if not counts:
        return []
    rows_of = dict(counts)
    order = (
        sorted(rows_of) if query.order == "time" or query.parts is None else [p for p in query.parts if p in rows_of]
    )
    extents = [
        Extent(part, 0, snapshot.ends.get(part, 0), snapshot.ends.get(part, 0) / rows_of[part]) for part in order
    ]
    if edge is None or (edge.timestamp is not None and query.order == "time") or edge.part not in order:
        return extents
    at = order.index(edge.part)
    if backwards:
        return [*extents[:at], extents[at]._replace(end=edge.offset)]
    return [extents[at]._replace(start=edge.offset + 1), *extents[at + 1 :]]
