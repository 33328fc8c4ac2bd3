"""A plain file searched block by block, by several threads, with what was found coming in order.

The file is read into buffers that are used again, not mapped: a mapped file that is truncated while it is read, as log
rotation does, ends the process. Every line belongs to the block in which it begins, so blocks need not know of each
other. Hyperscan and the reads let go of the interpreter's lock, so threads help as long as hits are rare.
"""

from __future__ import annotations

import functools
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from logtriage.errors import SourceError
from logtriage.needles.finder import WINDOW, Finder, count_breaks

_SLACK = 1 << 13  # bytes read beyond a block, so that its last line's end is mostly there
_ALONE = 4 << 20  # bytes of a file that are searched before other threads are started
_DENSE = 1 << 15  # bytes a hit: where hits are denser, threads only wait for each other
_AHEAD = 4  # blocks a thread may be ahead of what was taken


class Hit(NamedTuple):
    """A selected line: the offset of its first byte in the source, and its 1-based number, if numbers were asked for."""

    offset: int
    number: int | None


class Found(NamedTuple):
    """What one block gave: how many lines are selected, their hits (with numbers, if asked for, that count from the
    block's start), the line breaks, if numbers were asked for, the starts of undecided lines and of those that were cut, and
    what went wrong."""

    selected: int = 0
    hits: tuple[Hit, ...] = ()
    breaks: int = 0
    undecided: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()
    problem: BaseException | None = None

    def followed_by(self, other: Found) -> Found:
        """What the lines of this one and those of another behind them give."""
        behind = (hit if hit.number is None else hit._replace(number=hit.number + self.breaks) for hit in other.hits)
        return Found(self.selected + other.selected, (*self.hits, *behind), self.breaks + other.breaks)


class Part(NamedTuple):
    """The lines of an open file that begin in bytes `start` to `end`; `name` is for messages."""

    name: str
    descriptor: int
    start: int
    end: int


# Searches data[start:stop], where data[0] is byte `offset` of the file.
Job = Callable[[Finder, bytearray, int, int, int], Found]


def find_hits(finder: Finder, data: bytearray, start: int, stop: int, offset: int) -> Found:
    """A job: the hits."""
    hits = tuple(Hit(offset + first, None) for first, _ in finder.select(data, start, stop))
    return Found(len(hits), hits)


def find_numbered(finder: Finder, data: bytearray, start: int, stop: int, offset: int) -> Found:
    """A job: the hits with their numbers."""
    hits, number, counted = [], 0, start
    for first, _ in finder.select(data, start, stop):
        number += count_breaks(data, counted, first)
        counted = first
        hits.append(Hit(offset + first, number + 1))
    return Found(len(hits), tuple(hits), number + count_breaks(data, counted, stop))


@contextmanager
def opened(path: str | os.PathLike[str], start: int, end: int | None) -> Iterator[Part]:
    """Opens a plain file. Raises SourceError if it cannot be."""
    name = os.fspath(path)
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as problem:
        raise SourceError(f"cannot read {name}: {problem.strerror}") from None
    try:
        size = os.fstat(descriptor).st_size
        yield Part(name, descriptor, start, size if end is None else min(end, size))
    finally:
        os.close(descriptor)


def search(
    part: Part,
    job: Job,
    finder: Finder,
    threads: int,
    *,
    longest: int = sys.maxsize,
    on_cut: Callable[[int], None] = lambda start: None,
) -> Iterator[Found]:
    """What each block gave, in order: the first ones by this thread, the others by several if hits are rare.

    A line of more than `longest` bytes is searched as several, and `on_cut` told where it begins. A problem is raised where
    its block's turn comes; undecided lines are told to the finder's `on_timeout`.
    """
    size = max(part.end - part.start, 0)
    blocks = -(-size // WINDOW)
    alone = blocks if threads < 2 or size <= 2 * _ALONE else _ALONE // WINDOW
    tell = finder.on_timeout
    worker = _Worker(part, job, finder.twin(), longest)
    seen = 0
    for index in range(alone):
        found = worker.search(index, tell is not None)
        seen += found.selected
        yield from _checked(found, tell, on_cut)
    rest: Iterator[Found]
    if seen * _DENSE > alone * WINDOW:
        rest = (worker.search(index, tell is not None) for index in range(alone, blocks))
    else:
        workers = [_Worker(part, job, worker.finder.twin(), longest) for _ in range(threads)] if alone < blocks else []
        rest = _in_threads(workers, range(alone, blocks), tell is not None)
    for found in rest:
        yield from _checked(found, tell, on_cut)


def _checked(found: Found, tell: Callable[[int], None] | None, on_cut: Callable[[int], None]) -> Iterator[Found]:
    for place in found.cut:
        on_cut(place)
    for place in found.undecided:
        if tell is not None:
            tell(place)
    yield found
    if found.problem is not None:
        raise found.problem


def _in_threads(workers: list[_Worker], blocks: range, collect: bool) -> Iterator[Found]:
    """What `blocks` gave, in order; each worker has every n-th of them and stays only a little ahead."""
    stopped = threading.Event()
    lanes: list[queue.Queue[Found]] = [queue.Queue(_AHEAD) for _ in workers]

    def run(worker: _Worker, lane: queue.Queue[Found], mine: range) -> None:
        for index in mine:
            found = worker.search(index, collect)
            lane.put(found)
            if stopped.is_set() or found.problem is not None:
                return

    running = [
        threading.Thread(target=run, args=(worker, lanes[at], blocks[at :: len(workers)]), daemon=True)
        for at, worker in enumerate(workers)
    ]
    for thread in running:
        thread.start()
    try:
        for at in range(len(blocks)):
            yield lanes[at % len(lanes)].get()
    finally:
        stopped.set()
        for thread, lane in zip(running, lanes, strict=True):
            while thread.is_alive():  # it may wait for room in its lane
                with suppress(queue.Empty):
                    lane.get(timeout=0.01)


class _Worker:
    """Reads blocks of a file, one at a time, into a buffer of its own and does a job on them."""

    def __init__(self, part: Part, job: Job, finder: Finder, longest: int) -> None:
        self.part, self.job, self.finder, self.longest = part, job, finder, longest
        self.buffer = bytearray(WINDOW + _SLACK)

    def search(self, index: int, collect: bool) -> Found:
        """What the lines that begin in a block gave; a failure is handed on, not raised.

        `collect`: undecided lines are gathered; otherwise the first one is a failure.
        """
        undecided: list[int] = []
        cut: list[int] = []
        gave: list[Found] = []
        try:
            for data, start, stop, offset in self.lines_of(index, cut):
                self.finder.on_timeout = (lambda at, by=offset: undecided.append(by + at)) if collect else None
                gave.append(self.job(self.finder, data, start, stop, offset))
        except OSError as problem:
            return Found(problem=SourceError(f"cannot read {self.part.name}: {problem.strerror}"))
        except Exception as problem:  # it is raised again where the block's turn comes
            return Found(problem=problem)
        found = functools.reduce(Found.followed_by, gave) if gave else Found()
        if (size := os.fstat(self.part.descriptor).st_size) < self.part.end:
            why = SourceError(f"{self.part.name}: was truncated to {size} bytes while it was read")
            found = found._replace(problem=why)
        return found._replace(undecided=tuple(undecided), cut=tuple(cut)) if undecided or cut else found

    def lines_of(self, index: int, cut: list[int]) -> Iterator[tuple[bytearray, int, int, int]]:
        """The block's lines as `data[start:stop]`, and which byte of the file `data[0]` is; a last line that is long comes by
        itself. Where lines begin that are cut is added to `cut`."""
        nominal = self.part.start + index * WINDOW
        offset = max(nominal - 1, self.part.start)  # the byte before tells whether a line begins with the block
        last = min(nominal + WINDOW, self.part.end) - 1 - offset  # a line that begins up to here is the block's
        data = self.buffer
        size = self.fill(data, 0, offset)
        start = data.find(b"\n", 0, min(last, size)) + 1 if index else 0
        if (index and not start) or start >= size:
            return
        stop = data.find(b"\n", last, size) + 1 or (size if size < len(data) else 0)
        if stop:
            yield data, start, stop, offset
            return
        long = data.rfind(b"\n", start, last) + 1 or start
        if start < long:
            yield data, start, long, offset
        yield from self.long_line(offset + long, cut)

    def long_line(self, offset: int, cut: list[int]) -> Iterator[tuple[bytearray, int, int, int]]:
        """The line that begins at byte `offset` of the file, in pieces of at most `longest` bytes."""
        begin = offset
        while True:
            data = bytearray(min(2 * WINDOW, self.longest))
            size, looked = self.fill(data, 0, offset), 0
            while (stop := data.find(b"\n", looked, size) + 1) == 0 and size == len(data) < self.longest:
                looked = size
                data.extend(bytes(min(size, self.longest - size)))
                size = self.fill(data, size, offset)
            if size:
                yield data, 0, stop or size, offset
            if stop or size < self.longest:
                return
            offset += size
            if not cut and self.fill(bytearray(1), 0, offset):
                cut.append(begin)

    def fill(self, data: bytearray, size: int, offset: int) -> int:
        """Reads on until `data`, filled up to `size`, is full or the file ends; gives the new size."""
        with memoryview(data) as view:
            while size < len(data):
                with view[size:] as rest:
                    got = os.preadv(self.part.descriptor, [rest], offset + size)
                if not got:
                    break
                size += got
        return size
