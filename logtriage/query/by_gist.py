"""Answers in numbers that need no look at the records: what a store's gist (see store/gist.py) tells for certain."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from logtriage.formats.levels import LEVEL_OF, SEVERITY
from logtriage.needles.needle import Needle
from logtriage.needles.verdict import MatchTimeout
from logtriage.query.condition import stored
from logtriage.query.narrow import narrow
from logtriage.query.query import Query
from logtriage.stamps.epoch import moment
from logtriage.store.gist import Count, Gist
from logtriage.store.seams import ANY


class Found(NamedTuple):
    """How many records of one source and level are found, and when the first and the last are from."""

    source: str
    level: str | None
    records: int
    first: datetime | None
    last: datetime | None


def found(gist: Gist, query: Query) -> list[Found] | None:
    """What a query for a needle finds, of a level and in a span of time; None: that is only told by the records, as some
    shapes leave it open, or some records that are alike lie on both sides of an end of the span."""
    needle = query.needle
    if needle is None or query != Query(needle, query.since, query.until, query.level, query.levels):
        return None
    if needle.matches_all:
        hits = [] if needle.invert else gist.counts
    else:
        narrowed = narrow(needle, gist.shapes)
        unsure = narrowed.open | {one.shape for one in gist.counts if one.shape <= ANY}
        singles = _singles(gist, needle, unsure)
        if singles is None:
            return None
        hits = [*(one for one in gist.counts if one.shape in narrowed.sure), *singles]
    hits = [one for one in hits if _is_of_level(one, query)]
    inside = [_is_inside(one, query) for one in hits]
    if None in inside:
        return None
    names = {part: source for part, source, *_ in gist.parts}
    return [
        Found(names[one.part], LEVEL_OF.get(one.severity_number or 0), one.records, moment(one.first), moment(one.last))
        for one, is_hit in zip(hits, inside, strict=True)
        if is_hit
    ]


def _singles(gist: Gist, needle: Needle, shapes: Collection[int]) -> list[Count] | None:
    """The hits among the records of some shapes; None: they are not told one by one."""
    if not shapes:
        return []
    if not {one.shape for one in gist.singles}.issuperset(shapes):
        return None
    from logtriage.query.holding import holds

    hits = []
    for one in gist.singles:
        if one.shape not in shapes:
            continue
        exact = None if one.exact is None else one.exact.encode("latin-1")
        try:
            is_hit = holds(needle, one.raw, exact, begins=one.begins)
        except MatchTimeout:
            return None
        if is_hit:
            hits.append(Count(one.part, one.shape, one.severity_number, 1, one.time, one.time))
    return hits


def _is_of_level(one: Count, query: Query) -> bool:
    """As Query.counted has it: the lowest level asks that there is one."""
    level, levels, number = query.level, query.levels, one.severity_number
    if levels and number not in {SEVERITY[name] for name in levels}:
        return False
    return level is None or (number is not None and (number >= SEVERITY[level] or SEVERITY[level] == 1))


def _is_inside(one: Count, query: Query) -> bool | None:
    """Are all of these records in the query's span of time? None: some are."""
    if query.since is None and query.until is None:
        return True
    first, last = moment(one.first), moment(one.last)
    if first is None or last is None:
        return False
    since, until = stored(query.since or first), stored(query.until or last)
    return True if since <= first and last <= until else False if last < since or until < first else None
