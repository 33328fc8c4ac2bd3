"""Where to go from a place: the next error, flagged record, gap or match before or after it, in time order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from logtriage.answers.glance import at_time
from logtriage.answers.silences import Silence
from logtriage.query.plan import plan
from logtriage.query.query import Query
from logtriage.query.walk import Key, rows
from logtriage.store.snapshot import Snapshot, snapshot_of
from logtriage.store.store import Store

_PLACE = ("timestamp", "nanos", "part", '"offset"')


def next_of(store: Store | Snapshot, query: Query, edge: Key | None, *, backwards: bool = False) -> Key | None:
    """The place of the next record of a query after `edge` (`backwards`: the last one before it; None: from the very
    end, or the beginning)."""
    with snapshot_of(store) as snapshot:
        found = rows(snapshot, plan(snapshot, query), _PLACE, 1, backwards=backwards, edge=edge)
        row = next(found, None)
        return Key(row[0], row[1] or 0, row[2], row[3]) if row else None


def next_silence(
    store: Store | Snapshot,
    query: Query,
    silences: Sequence[Silence],
    edge: Key | None,
    *,
    backwards: bool = False,
) -> tuple[Silence, Key] | None:
    """The next lane that falls silent after a place, and the last record of it before that."""
    moment = edge.timestamp if edge else None
    with snapshot_of(store) as snapshot:
        for one in sorted(silences, key=lambda s: s.start, reverse=backwards):
            if moment and not (one.start < moment if backwards else one.start > moment):
                continue
            own = replace(query, parts=_both(one.parts, query.parts))
            place = next_of(snapshot, own, at_time(one.start), backwards=True)
            if place and (edge is None or _order(place) != _order(edge)):
                return one, place
    return None


def step(moment: datetime, unit: str, count: int) -> datetime:
    """`count` minutes, hours or days on, from the beginning of the unit."""
    from datetime import timedelta

    width = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}[unit]
    floor = moment - (moment - datetime.min) % width
    return floor + count * width if count > 0 or moment == floor else floor + (count + 1) * width


def _both(parts: tuple[int, ...], others: tuple[int, ...] | None) -> tuple[int, ...]:
    return parts if others is None else tuple(part for part in parts if part in set(others))


def _order(place: Key) -> tuple[int, int]:
    return place.part, place.offset
