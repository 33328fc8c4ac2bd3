"""Rows of several sources on one timeline, and the rows around those found."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from logtriage.needles.verdict import MatchTimeout
from logtriage.stream.picked import Row

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

_EARLIEST = datetime.min
T = TypeVar("T")


class Group(NamedTuple):
    """A found row amid those around it, in the order of their source; whether it follows the source's last group without
    any between left out."""

    found: Row
    rows: list[Row]
    touching: bool


def in_time(streams: list[Iterator[Row]]) -> Iterator[Row]:
    """Rows of several streams merged by time; each stream keeps its own order. A row without time stays with the one
    before it."""
    for _, row in _merged(streams, lambda row: row.timestamp):
        yield row


def groups_in_time(streams: list[Iterator[Group]]) -> Iterator[Row | None]:
    """The rows of groups, which are merged by the times of what was found; None where some between are left out."""
    last: int | None = None
    for number, group in _merged(streams, lambda group: group.found.timestamp):
        if last is not None and not (group.touching and number == last):
            yield None
        yield from group.rows
        last = number


def _merged(streams: list[Iterator[T]], time_of: Callable[[T], datetime | None]) -> Iterator[tuple[int, T]]:
    """What streams give, each with the stream's number, merged by time."""

    def timed(number: int, stream: Iterator[T]) -> Iterator[tuple[datetime, int, T]]:
        last = _EARLIEST
        for one in stream:
            last = time_of(one) or last
            yield last, number, one

    if len(streams) == 1:
        return ((0, one) for one in streams[0])
    merged = heapq.merge(*(timed(n, stream) for n, stream in enumerate(streams)), key=lambda item: item[:2])
    return ((number, one) for _, number, one in merged)


def groups(rows: Iterator[Row], before: int, after: int, most: int | None) -> Iterator[Group]:
    """The found rows of a source, `most` at most, with those around them, which have not to be without holes: each group as
    soon as it is whole."""
    waiting: deque[Row] = deque(maxlen=before)
    group: Group | None = None
    touching, left, end = True, 0, 0
    for row in rows if most != 0 else ():
        if row.offset > end:
            waiting.clear()
            touching, left = False, 0
        end = row.offset + len(row.raw)
        wanted = row.found and most != 0
        if group and (wanted or not left):
            yield group
            group = None
        if wanted:
            group = Group(row, [*waiting, row], touching)
            waiting.clear()
            touching, left, most = True, after, None if most is None else most - 1
        elif group:
            group.rows.append(replace(row, found=False))
            left -= 1
        elif most == 0:
            return
        else:
            touching = touching and len(waiting) < before
            waiting.append(row)
        if group and not left:
            yield group
            group = None
    if group:
        yield group


def firsts(rows: Iterator[Row], most: int | None) -> Iterator[Row]:
    """The rows of a source, of which no more than the first `most` found ones are found."""
    left = most
    for row in rows:
        if row.found and left is not None:
            row = row if left else replace(row, found=False)
            left -= row.found
        yield row


def marked(rows: Iterator[Row], needle: Needle, undecided: list[Row]) -> Iterator[Row]:
    """The rows, each with whether the needle finds it too; those that it took too long on are not, and go to a list."""
    for row in rows:
        try:
            found = row.found and finds(needle, row)
        except MatchTimeout:
            undecided.append(row)
            found = False
        yield row if row.found is found else replace(row, found=found)


def finds(needle: Needle, row: Row) -> bool:
    """Whether a needle finds a record: in one of its lines; inverted, in none. Raises MatchTimeout."""
    return any(map(needle.has_match, row.lines)) != needle.invert


def amid(rows: Iterator[Row], before: int, after: int) -> Iterator[Row | None]:
    """The found rows and those around them; None where some between are left out."""
    waiting: deque[Row] = deque(maxlen=before)
    dropped, left = False, -1
    for row in rows:
        if row.found:
            if dropped and left >= 0:
                yield None
            yield from waiting
            waiting.clear()
            yield row
            dropped, left = False, after
        elif left > 0:
            yield row
            left -= 1
        else:
            dropped = dropped or len(waiting) == before
            waiting.append(row)
