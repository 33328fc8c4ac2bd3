"""A plain file searched block by block, by several threads, with what was found coming in order.

The file is read into buffers that are used again, not mapped: a mapped file that is truncated while it is read, as log
rotation does, ends the process. Every line belongs to the block in which it begins, so blocks need not know of each
other. Hyperscan and the reads let go of the interpreter's lock, so threads help as long as hits are rare.
"""

from __future__ import annotations

import os
import queue
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
    """A selected line: the offset of its first byte in the source, its bytes without the line break, and its 1-based
    number, if numbers were asked for."""

    offset: int
    line: bytes
    number: int | None


class Found(NamedTuple):
    """What one block gave: how many lines are selected, their hits, if asked for (with numbers that count from the
    block's start), the line breaks, if numbers were asked for, the starts of undecided lines, and what went wrong."""

    selected: int = 0
    hits: tuple[Hit, ...] = ()
    breaks: int = 0
    undecided: tuple[int, ...] = ()
    problem: BaseException | None = None


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
    hits = tuple(Hit(offset + first, bytes(data[first:last]), None) for first, last in finder.select(data, start, stop))
    return Found(len(hits), hits)


def find_numbered(finder: Finder, data: bytearray, start: int, stop: int, offset: int) -> Found:
    """A job: the hits with their numbers."""
    hits, number, counted = [], 0, start
    for first, last in finder.select(data, start, stop):
        number += count_breaks(data, counted, first)
        counted = first
        hits.append(Hit(offset + first, bytes(data[first:last]), number + 1))
    return Found(len(hits), tuple(hits), number + count_breaks(data, counted, stop))


def find_count(finder: Finder, data: bytearray, start: int, stop: int, offset: int) -> Found:
    """A job: the count alone."""
    return Found(finder.count(data, start, stop))


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


def search(part: Part, job: Job, finder: Finder, threads: int) -> Iterator[Found]:
    """What each block gave, in order: the first ones by this thread, the others by several if hits are rare.

    A problem is raised where its block's turn comes; undecided lines are told to the finder's `on_timeout`.
    """
    size = max(part.end - part.start, 0)
    blocks = -(-size // WINDOW)
    alone = blocks if threads < 2 or size <= 2 * _ALONE else _ALONE // WINDOW
    tell = finder.on_timeout
    worker = _Worker(part, job, finder.twin())
    seen = 0
    for index in range(alone):
        found = worker.search(index, tell is not None)
        seen += found.selected
        yield _checked(found, tell)
    rest: Iterator[Found]
    if seen * _DENSE > alone * WINDOW:
        rest = (worker.search(index, tell is not None) for index in range(alone, blocks))
    else:
        workers = [_Worker(part, job, worker.finder.twin()) for _ in range(threads)] if alone < blocks else []
        rest = _in_threads(workers, range(alone, blocks), tell is not None)
    for found in rest:
        yield _checked(found, tell)


def _checked(found: Found, tell: Callable[[int], None] | None) -> Found:
    if found.problem is not None:
        raise found.problem
    for place in found.undecided:
        if tell is not None:
            tell(place)
    return found


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

    def __init__(self, part: Part, job: Job, finder: Finder) -> None:
        self.part, self.job, self.finder = part, job, finder
        self.buffer = bytearray(WINDOW + _SLACK)

    def search(self, index: int, collect: bool) -> Found:
        """What the lines that begin in a block gave; a failure is handed on, not raised.

        `collect`: undecided lines are gathered; otherwise the first one is a failure.
        """
        undecided: list[int] = []
        try:
            data, start, stop, offset = self.lines_of(index)
            self.finder.on_timeout = (lambda at: undecided.append(offset + at)) if collect else None
            found = self.job(self.finder, data, start, stop, offset) if start < stop else Found()
        except OSError as problem:
            return Found(problem=SourceError(f"cannot read {self.part.name}: {problem.strerror}"))
        except Exception as problem:  # it is raised again where the block's turn comes
            return Found(problem=problem)
        return found._replace(undecided=tuple(undecided)) if undecided else found

    def lines_of(self, index: int) -> tuple[bytearray, int, int, int]:
        """The block's lines as `data[start:stop]`, and which byte of the file `data[0]` is."""
        nominal = self.part.start + index * WINDOW
        offset = max(nominal - 1, self.part.start)  # the byte before tells whether a line begins with the block
        last = min(nominal + WINDOW, self.part.end) - 1 - offset  # a line that begins up to here is the block's
        data = self.buffer
        size = self.fill(data, 0, offset)
        start = data.find(b"\n", 0, min(last, size)) + 1 if index else 0
        if (index and not start) or start >= size:
            return data, 0, 0, offset
        looked = last
        while (stop := data.find(b"\n", looked, size) + 1) == 0 and size == len(data):
            looked = size
            if data is self.buffer:  # a long line: in a larger buffer, which is not kept
                data = bytearray(data)
            data.extend(bytes(len(data)))
            size = self.fill(data, size, offset)
        return data, start, stop or size, offset

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
