"""Searches streams and files for the lines a needle selects, in order."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias

from logtriage.needles.blockwise import Hit, find_hits, find_numbered, opened, search
from logtriage.needles.finder import WINDOW, Buffer, Finder, count_breaks
from logtriage.needles.needle import Needle

# Told where a line begins that could not be decided in time; without it MatchTimeout is raised at the first such line.
OnTimeout: TypeAlias = "Callable[[int], None] | None"


class BlockLike(Protocol):
    """Whole lines of a stream (see `read`): `offset` of its first byte and the 1-based number of its first line."""

    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def data(self) -> Buffer: ...


def scan_blocks(
    blocks: Iterable[BlockLike], needle: Needle, *, with_numbers: bool = False, on_timeout: OnTimeout = None
) -> Iterator[Hit]:
    """The selected lines of a stream that comes in blocks of whole lines."""
    finder = Finder(needle)
    for block in blocks:
        data = block.data
        finder.on_timeout = _shifted(on_timeout, block.offset)
        counted, number = 0, block.line
        for begin, end in _windows(data, 0, len(data)):
            for first, _ in finder.select(data, begin, end):
                if with_numbers:
                    number += count_breaks(data, counted, first)
                    counted = first
                yield Hit(block.offset + first, number if with_numbers else None)


def scan_file(
    path: str | os.PathLike[str],
    needle: Needle,
    *,
    threads: int = 2,
    offset: int = 0,
    end: int | None = None,
    with_numbers: bool = False,
    on_timeout: OnTimeout = None,
    longest: int = sys.maxsize,
    on_cut: Callable[[int], None] = lambda start: None,
) -> Iterator[Hit]:
    """The selected lines that begin in bytes `offset` (the first of a line) to `end` of a plain file, in order.

    Numbers count from `offset`. Hits come while the rest is still being read; memory does not grow with the file, only
    with its longest line. One of more than `longest` bytes is searched as several of so many, and `on_cut` told where it
    begins. Raises SourceError if the file cannot be read.
    """
    before = 0
    job = find_numbered if with_numbers else find_hits
    with opened(path, offset, end) as part:
        for found in search(part, job, Finder(needle, on_timeout), threads, longest=longest, on_cut=on_cut):
            if with_numbers:
                for hit in found.hits:
                    yield hit._replace(number=before + (hit.number or 0))
                before += found.breaks
            else:
                yield from found.hits


def _shifted(on_timeout: OnTimeout, by: int) -> OnTimeout:
    return None if on_timeout is None else lambda place: on_timeout(by + place)


def _windows(data: Buffer, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """`data[start:stop]` in stretches of whole lines, about WINDOW bytes each."""
    while start < stop:
        end = min(start + WINDOW, stop)
        if end < stop:
            end = data.rfind(b"\n", start, end) + 1 or data.find(b"\n", end, stop) + 1 or stop
        yield start, end
        start = end
