"""Rows of several sources on one timeline, and the rows around those found."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from logtriage.needles.verdict import MatchTimeout
from logtriage.stream.picked import Row

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

_EARLIEST = datetime.min


def in_time(streams: list[Iterator[Row]]) -> Iterator[Row]:
    """Rows of several streams merged by time; each stream keeps its own order. A row without time stays with the one
    before it."""

    def timed(number: int, stream: Iterator[Row]) -> Iterator[tuple[datetime, int, Row]]:
        last = _EARLIEST
        for row in stream:
            last = row.timestamp or last
            yield last, number, row

    if len(streams) == 1:
        yield from streams[0]
        return
    merged = heapq.merge(*(timed(n, stream) for n, stream in enumerate(streams)), key=lambda item: item[:2])
    for _, _, row in merged:
        yield row


def up_to(rows: Iterator[Row], most: int | None, after: int = 0) -> Iterator[Row]:
    """The rows up to so many found ones and, of those around them, up to so many `after` the last."""
    left = after
    for row in rows if most != 0 else ():
        if most == 0:
            if row.found or not left:
                return
            left -= 1
        elif row.found and most is not None:
            most -= 1
        yield row
        if most == 0 and not left:
            return


def marked(rows: Iterator[Row], needle: Needle, undecided: list[Row]) -> Iterator[Row]:
    """The rows, each with whether the needle finds it; those that it took too long on are not, and go to a list."""
    for row in rows:
        try:
            found = finds(needle, row)
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
