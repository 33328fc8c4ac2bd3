"""The hits on both sides of a place, by one look at the records around it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from logtriage.query.fetch import Side, beside
from logtriage.query.minutes import MINUTE, minutes_of
from logtriage.query.plan import NOTHING
from logtriage.query.planned import Plan
from logtriage.query.query import TIME_ORDER
from logtriage.query.walk import Key, beyond_of
from logtriage.query.windows import between
from logtriage.store.snapshot import Snapshot

_HELD = 10_000  # records that are held to find those on both sides of a place


def both_sides(
    snapshot: Snapshot, todo: Plan, columns: Sequence[str], place: Key, before: int, after: int
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]] | None:
    """The last hits before a place and the first from it on, in time order, by one look at the records around it; None
    where that does not do: many in a minute, or no time, or text that has to be put together to know hits."""
    query, moment = todo.query, place.timestamp
    if moment is None or not (todo.is_plain and todo.rolled) or query.order != "time" or todo.shapes == NOTHING:
        return None
    counts = minutes_of(snapshot, todo)
    here = moment.replace(second=0, microsecond=0)
    earlier, later = counts.until(here - MINUTE), counts.since(here)
    first, held = _enough(earlier, before, 0)
    last, held = _enough(later, after, held, behind=moment)
    if not 0 < held <= _HELD:
        return None
    low, high = first or here, last + MINUTE if last else here
    window = between(low, high)
    here_on = place._replace(offset=place.offset - 1)
    sides = [
        Side(beyond_of(query, place, backwards=True), query.order_by(backwards=True), before),
        Side(beyond_of(query, here_on, backwards=False), query.order_by(), after),
    ]
    order = tuple(f"{key} AS k{n}" for n, key in enumerate(TIME_ORDER))
    found = beside(snapshot, todo, (*columns, *order), [window], sides)
    at = bisect_left(found, _order(place), key=lambda row: _order(Key(*row[-len(order) :])))
    front, back = ([row[: -len(order)] for row in some] for some in (found[:at], found[at:]))
    if (len(front) < before and (next(earlier, None) or counts.timeless)) or (len(back) < after and next(later, None)):
        return None
    return front, back


def _enough(
    minutes: Iterator[tuple[datetime, int]], wanted: int, held: int, *, behind: datetime = datetime.min
) -> tuple[datetime | None, int]:
    """Goes over minutes until those that begin behind a moment have as many records as are wanted, or more are held than
    is good; gives the last minute and how many records are held then, with those `held` before."""
    last, found = None, 0
    for minute, records in minutes:
        last, held, found = minute, held + records, found + records * (minute > behind)
        if found >= wanted or held > _HELD:
            break
    return last, held


def _order(place: Key) -> tuple[datetime, int, int, int]:
    assert place.timestamp is not None
    return (place.timestamp, place.nanos, place.part, place.offset)
