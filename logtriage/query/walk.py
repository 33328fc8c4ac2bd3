"""Goes through the hits of a plan in order, window by window."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from logtriage.query.condition import Condition
from logtriage.query.fetch import FEW_OF_MANY, all_of, fetched, first_of, has_many_formats, place_of, planned_for
from logtriage.query.minutes import minutes_of, told_by_gist
from logtriage.query.plan import NOTHING
from logtriage.query.planned import Plan
from logtriage.query.query import Query
from logtriage.query.weight import are_dear, are_long, few_at_once, pace_of
from logtriage.query.windows import MOST, Extent, Pace, by_place, by_time
from logtriage.store.seams import ANY
from logtriage.store.snapshot import Snapshot

_FEW = 1_000  # records whose ids are looked up by name
_TESTED = 50  # records that are tested in the time that it takes to put one together
# Records that pass weak tests, of which the first are asked for: so many, and how much more the next time.
_FIRST, _GROWTH = 1_000, 8
# Records of the first window, twice as many, where all hits are asked for: the first ones are there soon.
_SOON = 80_000
_FEW_FILES = 24  # whose records are all tested in the time that a first look takes


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
) -> Iterator[tuple[Any, ...]]:
    """Some columns of a plan's hits in order (or from the last one back), at most `limit`, from the place `edge` on."""
    if limit == 0:
        return
    order = todo.query.order_by(backwards=backwards)
    whole = limit is None and edge is None
    if whole and _is_little(todo):
        found = all_of(snapshot, todo, columns, few_at_once(snapshot, dear=are_dear(todo, columns)) or MOST, order)
        if found is not None:
            yield from found
            return
    pace = pace_of(snapshot, todo, columns, _SOON if whole and todo.ways else limit)
    beyond = [beyond_of(todo.query, edge, backwards)] if edge else []
    given = 0
    for window in windows(snapshot, todo, pace, backwards=backwards, edge=edge, soon=limit is not None):
        left = None if limit is None else limit - given
        if left is not None and left <= _FEW and todo.is_plain:
            few = first_of(snapshot, todo, columns, [*window, *beyond], order, left)
            yield from few
            given += len(few)
            if given == limit:
                return
            pace.saw(len(few))
            continue
        before = given
        for row in in_window(snapshot, todo, columns, [*window, *beyond], pace, left, backwards=backwards):
            yield row
            given += 1
            if given == limit:
                return
        pace.saw(given - before)


def _is_little(todo: Plan) -> bool:
    """Is little looked at by the weak tests of a plan, so that all is done at once?"""
    scanned = [way.files for way in todo.ways if not way.placed]
    files = {file for some in scanned for file in some or ()}
    return bool(todo.ways) and None not in scanned and len(files) <= _FEW_FILES


def in_window(
    snapshot: Snapshot,
    todo: Plan,
    columns: Sequence[str],
    window: Sequence[Condition],
    pace: Pace,
    left: int | None = None,
    *,
    backwards: bool = False,
) -> Iterator[tuple[Any, ...]]:
    """Some columns of the hits in a window, in order; no more than `left` will be asked for."""
    dear = are_dear(todo, columns)
    if not todo.filtered:
        todo = planned_for(snapshot, todo, columns, window)
    at_once = few_at_once(snapshot, dear=dear)
    most = at_once or pace.at_once
    are_many = at_once is not None and (at_once < pace.rows or are_long(snapshot))
    if dear and not todo.filtered and has_many_formats(todo):
        are_many, most = True, min(most, FEW_OF_MANY)
    if are_many or (todo.filtered and pace.rows > _FIRST):
        size = most if are_many else max(_FIRST, 2 * left) if left else most
        return _by_and_by(snapshot, todo, columns, window, size, most, backwards)
    order = todo.query.order_by(backwards=backwards)
    return todo.decided(fetched(snapshot.execute(*todo.select(columns, window, order=order, limit=left))))


def _by_and_by(
    snapshot: Snapshot,
    todo: Plan,
    columns: Sequence[str],
    window: Sequence[Condition],
    size: int,
    most: int,
    backwards: bool,
) -> Iterator[tuple[Any, ...]]:
    """The hits in a window: of the first records that pass the weak tests of a plan, if it has any (`size`), then of more behind
    them, at most so many at once. A window in which few were expected may have any number."""
    order, beyond = todo.query.order_by(backwards=backwards), list[Condition]()
    dear = are_dear(todo, columns)
    found = all_of(snapshot, todo, columns, size, order, window)
    if found is not None:
        yield from found
        return
    while True:
        here = [*window, *beyond]
        last = place_of(snapshot, todo, here, order, size)
        beyond = [beyond_of(todo.query, Key(*last), backwards)] if last else []
        upto = [Condition(f"({one.sql}) IS NOT TRUE", one.parameters) for one in beyond]
        here += upto
        found = all_of(snapshot, todo, columns, size, order, here) if dear else None
        if found is None:
            some = planned_for(snapshot, todo, columns, here)
            found = some.decided(fetched(snapshot.execute(*some.select(columns, here, order=order))))
        yield from found
        if last is None:
            return
        size = min(_GROWTH * size, max(size, most))


def beyond_of(query: Query, edge: Key, backwards: bool) -> Condition:
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
    snapshot: Snapshot,
    todo: Plan,
    pace: Pace,
    *,
    backwards: bool = False,
    edge: Key | None = None,
    soon: bool = False,
) -> Iterator[list[Condition]]:
    """Conditions that part the records a plan has to look at into windows, in the query's order. `soon`: likely not all of
    them will be asked for."""
    if todo.shapes == NOTHING:
        return
    counts = minutes_of(snapshot, todo)
    if todo.query.order == "source":
        extents = _extents(snapshot, counts.by_part(), todo.query, edge, backwards)
        yield from ([window] for window in by_place(extents, pace, backwards=backwards))
        return
    if edge is None and (few := told_by_gist(snapshot, todo, pace.rows)):
        counts = few
    elif not soon:
        counts.every()
    edged = edge.timestamp if edge else None
    if backwards and (edged or edge is None):
        yield from ([window] for window in by_time(counts.until(edged), pace, backwards=True, edge=edged))
    if backwards or edged is None:
        extents = _extents(snapshot, counts.timeless, todo.query, edge, backwards)
        places = by_place(extents, pace, backwards=backwards)
        yield from ([window, Condition("timestamp IS NULL")] for window in places)
    if not backwards:
        yield from ([window] for window in by_time(counts.since(edged), pace, edge=edged))


def done(snapshot: Snapshot, todo: Plan, window: Sequence[Condition]) -> float:
    """Which share of the records a plan has to look at, in time order, lies before the end of a window, that included."""
    counts = minutes_of(snapshot, todo)
    minutes, before = counts.every(), sum(n for _, n in counts.timeless)
    end = next((one for one in window[0].parameters[1:] if isinstance(one, datetime)), None)
    upto = bisect_left(minutes, end, key=itemgetter(0)) if end else 0
    whole = before + sum(n for _, n in minutes)
    return (before * bool(end) + sum(n for _, n in minutes[:upto])) / max(1, whole)


def looked_at(snapshot: Snapshot, todo: Plan) -> int:
    """How many records a plan has to put together, about: what weak tests have to be made on counts for few."""
    if todo.shapes == NOTHING:
        return 0
    none = todo.narrowed.none if todo.narrowed else frozenset()
    possible = {lot: records for lot, records in snapshot.records.items() if lot[1] not in none}
    every = sum(possible.values())
    if not todo.ways or todo.narrowed is None:
        return every
    known = sum(records for (_, shape), records in possible.items() if shape <= ANY or shape in todo.narrowed.sure)
    files = max((len(way.files or ()) for way in todo.ways), default=0)
    share = files / len(snapshot.files) if snapshot.files else 1
    return known + int((every - known) * share / _TESTED)


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
