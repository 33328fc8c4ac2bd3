"""A search in time order goes through the store in windows of about equal numbers of records, told by `lake.activity`.

So a first page comes soon however much there is, no answer has to be held or sorted as a whole, and every window has
two bounds, which lets the store pass over whole files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from logtriage.query.condition import Condition

FIRST = 20_000  # records of the first window
MOST = 320_000  # of the largest: they may all have to be put together and sorted
MOST_FILTERED = 32 * MOST  # where most are let go before that
_MOST_FOUND = 40_000  # where most of them are hits, which takes memory, and more saves little time
_FOUND_BYTES = 12 << 20  # of those: what puts them together takes some eight times that
_PASSED_BYTES = 24 << 20  # of records that pass weak tests and are put together at once: some few windows have many
FIRST_DEAR, MOST_DEAR = 5_000, 40_000  # the same where attributes have to be told: 80 µs and some kB a record
MOST_FILTERED_DEAR = (
    4 * MOST
)  # … but of few: what is put together of a window has ids, and to look up many reads all there are
_AT_ONCE = 2048  # records of which DuckDB holds the documents that it parses, for each mention of a function
_PARSED = 2 << 20  # bytes of documents that may be held so: what they are parsed to takes some 80 times that
_GROWTH = 8
_FEW = 64  # one hit in so many records, or fewer
_SLICES = 600  # parts that a minute or a source is cut into at most
_LARGE = 1 << 8  # bytes: a larger record counts as several, so that a window of long ones is small too
_BYTES = 16 << 20  # of a window, where records are large: what puts one together takes many times that
_MINUTE, _TICK = timedelta(minutes=1), timedelta(microseconds=1)


def documents_at_once(size: float) -> int | None:
    """How many documents of a mean size in bytes may be parsed at once; None: as many as DuckDB likes to."""
    return max(1, int(_PARSED / size)) if size * _AT_ONCE > _PARSED else None


class Pace:
    """How many records the next window is to have: more and more, as long as little is found in them."""

    def __init__(
        self,
        wanted: int | None = None,
        *,
        filtered: bool = False,
        dear: bool = False,
        size: float = 0,
        weight: float = math.inf,
    ) -> None:
        """`wanted`: how many hits are asked for; `filtered`: whether few records of a window are likely to be kept;
        `dear`: whether the attributes of each have to be told; `size`: how many bytes a record then has in the mean;
        `weight`: how many it has at most, about, which tells how large a window may be of which most is found."""
        self.rows = FIRST_DEAR if dear else max(FIRST, 2 * (wanted or 0))
        self.most = (MOST_FILTERED_DEAR if filtered else MOST_DEAR) if dear else MOST_FILTERED if filtered else MOST
        self._most_found = 0 if dear or filtered else max(FIRST, min(_MOST_FOUND, int(_FOUND_BYTES / max(1, weight))))
        self.at_once = max(FIRST, min(MOST, int(_PASSED_BYTES / max(1, weight))))  # records that are put together
        self.among: float = 0  # records of the window under way, where that is known
        self.large: float = _LARGE
        few = documents_at_once(size) if dear and not filtered else None
        if few is not None:
            self.rows = self.most = few
            self.large = size  # not several as well: a window would be some records small

    def saw(self, found: int) -> None:
        """To be told how many records of a window were hits."""
        grown = self.rows
        if found < self.rows // _FEW and self.rows >= MOST:
            grown = self.most
        elif found < (self.among or self.rows) // 2:
            grown *= _GROWTH
        elif self._most_found:
            grown = self._most_found
        self.rows = min(grown, self.most, max(self.at_once, self.at_once * self.rows // max(1, found)))
        self.among = 0


class Extent(NamedTuple):
    """Where in a part to look: at offsets from `start` up to `end`. To a record of interest there are about `bytes`."""

    part: int
    start: int
    end: int
    bytes: float


def by_time(
    minutes: Iterable[tuple[datetime, int]], pace: Pace, *, backwards: bool = False, edge: datetime | None = None
) -> Iterator[Condition]:
    """Windows over all records with a time. `minutes` (in order; `backwards`: from the last one on): how many records of
    interest each has at most. What lies before `edge` (`backwards`: after it) is left out as far as that costs nothing."""
    coming = iter(minutes)
    one = next(coming, None)
    while one:
        minute, rows = one
        one = next(coming, None)
        if rows > 2 * pace.rows:
            yield from _slices(minute, rows, pace, backwards, edge)
            continue
        last = minute
        while one and rows + one[1] <= pace.rows:
            last, rows = one[0], rows + one[1]
            one = next(coming, None)
        pace.among = rows
        yield between(min(minute, last), max(minute, last) + _MINUTE)


def by_place(extents: Sequence[Extent], pace: Pace, *, backwards: bool = False) -> Iterator[Condition]:
    """Windows over parts, one after the other, in the order of their offsets; small ones together."""
    together: list[Extent] = []
    room = 0.0
    for extent in reversed(extents) if backwards else extents:
        part, start, end = extent[:3]
        if start >= end:
            continue
        size = min(extent.bytes, pace.large)
        room -= (end - start) / size
        if together and room < 0:
            yield _inside(together)
            together = []
        if not together:
            room = pace.rows - (end - start) / size
        if room >= 0:
            together.append(extent)
            continue
        while start < end:
            most = int(size * pace.rows) if extent.bytes <= pace.large else min(int(size * pace.rows), _BYTES)
            share = max(1, most, (end - start) // _SLICES)
            low, high = (max(end - share, start), end) if backwards else (start, min(start + share, end))
            yield _inside([Extent(part, low, high, size)])
            start, end = (start, low) if backwards else (high, end)
    if together:
        yield _inside(together)


def _inside(extents: Sequence[Extent]) -> Condition:
    places = (f'part = {part} AND "offset" >= {start} AND "offset" < {end}' for part, start, end, _ in extents)
    return Condition(" OR ".join(places))


def _slices(minute: datetime, rows: int, pace: Pace, backwards: bool, edge: datetime | None) -> Iterator[Condition]:
    """Windows in one minute of many rows."""
    start, end = minute, minute + _MINUTE
    if edge is not None:
        start, end = (start, min(end, edge + _TICK)) if backwards else (max(start, edge), end)
    while start < end:
        length = max(_MINUTE * min(1, 2 * pace.rows / rows), _MINUTE / _SLICES)
        low, high = (max(end - length, start), end) if backwards else (start, min(start + length, end))
        start, end = (start, low) if backwards else (high, end)
        pace.among = rows * ((high - low) / _MINUTE)
        yield between(low, high)


class Between(Condition):
    """That a record's time lies in a window."""

    __slots__ = ()


def between(low: datetime, high: datetime) -> Condition:
    """A window from one moment up to another."""
    return Between("timestamp >= ? AND timestamp < ?", (low, high))
