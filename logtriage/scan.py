"""Searches bytes, files and streams for the lines a needle selects, in order.

A file is read in blocks into buffers that are used again, not mapped: a mapped file that is truncated while it is read,
as log rotation does, ends the process. Every line belongs to the block in which it begins, so blocks need not know of
each other, and two threads share them (Hyperscan and the reads let go of the interpreter's lock).
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from logtriage.errors import SourceError
from logtriage.finder import WINDOW, Buffer, Finder, count_breaks, count_lines
from logtriage.needle import Needle

_SLACK = 1 << 13  # bytes read beyond a block, so that its last line's end is mostly there
_ALONE = 4 << 20  # bytes of a file that are searched before other threads are started
_DENSE = 1 << 9  # bytes a hit: where hits are that dense, threads only wait for each other
_AHEAD = 4  # blocks a thread may be ahead of what was taken

OnTimeout = Callable[[int], None] | None


class Hit(NamedTuple):
    """A selected line: the offset of its first byte in the source, its bytes without the line break, and its 1-based
    number, if numbers were asked for."""

    offset: int
    line: bytes
    number: int | None


class BlockLike(Protocol):
    """Whole lines of a stream (see `read`): `offset` of its first byte and the 1-based number of its first line."""

    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def data(self) -> bytes | bytearray | memoryview: ...


class _Found(NamedTuple):
    """What a block of a file gave: its hits (numbers count from the block's start), its line breaks, and the starts of
    undecided lines; or how many lines were selected, or why it could not be read."""

    hits: list[Hit]
    breaks: int = 0
    undecided: tuple[int, ...] = ()
    problem: BaseException | None = None


def hits(
    buffer: Buffer | memoryview, needle: Needle, *, start: int = 0, stop: int | None = None, on_timeout: OnTimeout = None
) -> Iterator[tuple[int, int]]:
    """The selected lines of `buffer[start:stop]` (whole lines) in order, as (start, end without the line break).

    A memoryview is copied. `on_timeout` is told the start of each line that could not be decided in time; without it
    MatchTimeout is raised.
    """
    data = _searchable(buffer)
    finder = Finder(needle, on_timeout)
    for begin, end in _windows(data, start, len(data) if stop is None else stop):
        yield from finder.select(data, begin, end)


def count(buffer: Buffer | memoryview, needle: Needle, *, on_timeout: OnTimeout = None) -> int:
    """How many lines of `buffer` are selected."""
    data = _searchable(buffer)
    finder = Finder(needle, on_timeout)
    return sum(finder.count(data, begin, end) for begin, end in _windows(data, 0, len(data)))


def scan_blocks(
    blocks: Iterable[BlockLike], needle: Needle, *, with_numbers: bool = False, on_timeout: OnTimeout = None
) -> Iterator[Hit]:
    """The selected lines of a stream that comes in blocks of whole lines."""
    finder = Finder(needle, None)
    for block in blocks:
        data = _searchable(block.data)
        if on_timeout is not None:
            base, tell = block.offset, on_timeout
            finder.on_timeout = lambda at, base=base, tell=tell: tell(base + at)  # type: ignore[misc]
        counted, number = 0, block.line
        for begin, end in _windows(data, 0, len(data)):
            for first, last in finder.select(data, begin, end):
                if with_numbers:
                    number += count_breaks(data, counted, first)
                    counted = first
                yield Hit(block.offset + first, bytes(data[first:last]), number if with_numbers else None)


def count_blocks(blocks: Iterable[BlockLike], needle: Needle, *, on_timeout: OnTimeout = None) -> int:
    """How many lines of a stream are selected."""
    return sum(count(block.data, needle, on_timeout=on_timeout) for block in blocks)


def scan_file(
    path: str | os.PathLike[str],
    needle: Needle,
    *,
    threads: int = 2,
    offset: int = 0,
    end: int | None = None,
    with_numbers: bool = False,
    on_timeout: OnTimeout = None,
) -> Iterator[Hit]:
    """The selected lines that begin in bytes `offset` (a line's first) to `end` of a plain file, in order.

    A line's number counts from `offset`. Hits come while the rest is still being read; memory does not grow with the
    file, only with its longest line. Raises SourceError if the file cannot be read.
    """
    number = 1
    with _opened(path, offset, end) as file:
        for found in _search(file, _hits_of(with_numbers), Finder(needle), on_timeout, threads):
            if with_numbers:
                for hit in found.hits:
                    yield hit._replace(number=number + (hit.number or 0))
                number += found.breaks
            else:
                yield from found.hits


def count_file(
    path: str | os.PathLike[str], needle: Needle, *, threads: int = 2, on_timeout: OnTimeout = None
) -> int:
    """How many lines of a plain file are selected. Raises SourceError if it cannot be read."""
    with _opened(path, 0, None) as file:
        return sum(found.breaks for found in _search(file, _count_of, Finder(needle), on_timeout, threads))


class _File(NamedTuple):
    """A part of an open file, and its name for messages."""

    name: str
    descriptor: int
    start: int
    end: int


_Job = Callable[[Finder, bytearray, int, int, int], _Found]


def _hits_of(with_numbers: bool) -> _Job:
    def job(finder: Finder, data: bytearray, start: int, stop: int, offset: int) -> _Found:
        """The hits in `data[start:stop]`, where `data[0]` is byte `offset` of the file."""
        spans = finder.select(data, start, stop)
        if not with_numbers:
            return _Found([Hit(offset + first, bytes(data[first:last]), None) for first, last in spans])
        out, number, counted = [], 0, start
        for first, last in spans:
            number += count_breaks(data, counted, first)
            counted = first
            out.append(Hit(offset + first, bytes(data[first:last]), number))
        return _Found(out, number + count_breaks(data, counted, stop))

    return job


def _count_of(finder: Finder, data: bytearray, start: int, stop: int, offset: int) -> _Found:
    return _Found([], finder.count(data, start, stop))


def _search(file: _File, job: _Job, finder: Finder, on_timeout: OnTimeout, threads: int) -> Iterator[_Found]:
    """What each block gave, in order: the first ones by this thread, then by several if hits are not too dense."""
    tell = on_timeout is not None
    size = file.end - file.start
    blocks = -(-size // WINDOW)
    alone = blocks if threads < 2 or size <= 2 * _ALONE else _ALONE // WINDOW
    worker = _Worker(file, job, finder, tell)
    hits_so_far = 0
    for index in range(alone):
        found = worker.search(index)
        hits_so_far += max(len(found.hits), found.breaks if job is _count_of else 0)
        yield _told(found, on_timeout)
    if alone == blocks:
        return
    if hits_so_far * _DENSE > _ALONE:
        for index in range(alone, blocks):
            yield _told(worker.search(index), on_timeout)
        return
    for found in _in_threads([_Worker(file, job, finder.twin(None), tell) for _ in range(threads)], alone, blocks):
        yield _told(found, on_timeout)


def _told(found: _Found, on_timeout: OnTimeout) -> _Found:
    if found.problem is not None:
        raise found.problem
    for place in found.undecided:
        if on_timeout is not None:
            on_timeout(place)
    return found


def _in_threads(workers: list[_Worker], first: int, blocks: int) -> Iterator[_Found]:
    """What blocks `first` to `blocks` gave, in order; each worker has every n-th block and stays only a little ahead."""
    stopped = threading.Event()
    lanes: list[queue.Queue[_Found]] = [queue.Queue(_AHEAD) for _ in workers]

    def run(worker: _Worker, lane: queue.Queue[_Found], start: int) -> None:
        for index in range(start, blocks, len(workers)):
            found = worker.search(index)
            lane.put(found)
            if stopped.is_set() or found.problem is not None:
                return

    running = [
        threading.Thread(target=run, args=(worker, lane, first + at), daemon=True)
        for at, (worker, lane) in enumerate(zip(workers, lanes, strict=True))
    ]
    for thread in running:
        thread.start()
    try:
        for index in range(first, blocks):
            yield lanes[(index - first) % len(lanes)].get()
    finally:
        stopped.set()
        for thread, lane in zip(running, lanes, strict=True):
            while thread.is_alive():
                with _nothing_there():
                    lane.get(timeout=0.01)
            thread.join()


@contextmanager
def _nothing_there() -> Iterator[None]:
    try:
        yield
    except queue.Empty:
        pass


class _Worker:
    """Reads blocks of a file, one at a time, into a buffer of its own and searches them."""

    def __init__(self, file: _File, job: _Job, finder: Finder, tell: bool) -> None:
        self.file, self.job, self.finder, self.tell = file, job, finder, tell
        self.buffer = bytearray(WINDOW + _SLACK)

    def search(self, index: int) -> _Found:
        """What the lines that begin in the block gave; a failure is handed on, not raised."""
        undecided: list[int] = []
        try:
            data, start, stop, offset = self.lines_of(index)
            self.finder.on_timeout = (lambda at: undecided.append(offset + at)) if self.tell else None
            found = self.job(self.finder, data, start, stop, offset) if start < stop else _Found([])
            return found._replace(undecided=tuple(undecided))
        except OSError as problem:
            error = SourceError(f"cannot read {self.file.name}: {problem.strerror}")
            return _Found([], problem=error)
        except Exception as problem:  # it is raised again where the block's turn comes
            return _Found([], problem=problem)

    def lines_of(self, index: int) -> tuple[bytearray, int, int, int]:
        """The block's lines as `data[start:stop]`, and which byte of the file `data[0]` is."""
        nominal = self.file.start + index * WINDOW
        offset = max(nominal - 1, self.file.start)  # the byte before tells whether a line begins with the block
        inside = min(nominal + WINDOW, self.file.end) - offset
        data = self.buffer
        size = self.fill(data, 0, offset)
        start = 0 if index == 0 else data.find(b"\n", 0, min(inside - 1, size)) + 1
        if (index and not start) or start >= size:
            return data, 0, 0, offset
        looked = inside - 1
        while (stop := data.find(b"\n", looked, size) + 1) == 0 and size == len(data):
            looked = size
            if data is self.buffer:
                data = bytearray(data)
            data.extend(bytes(len(data)))
            size = self.fill(data, size, offset)
        return data, start, stop or size, offset

    def fill(self, data: bytearray, size: int, offset: int) -> int:
        """Reads on until `data`, filled up to `size`, is full or the file ends; gives the new size."""
        with memoryview(data) as view:
            while size < len(data):
                with view[size:] as rest:
                    got = os.preadv(self.file.descriptor, [rest], offset + size)
                if not got:
                    break
                size += got
        return size


@contextmanager
def _opened(path: str | os.PathLike[str], start: int, end: int | None) -> Iterator[_File]:
    name = os.fspath(path)
    try:
        descriptor = os.open(name, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError as problem:
        raise SourceError(f"cannot read {name}: {problem.strerror}") from None
    try:
        size = os.fstat(descriptor).st_size
        yield _File(name, descriptor, start, size if end is None else min(end, size))
    finally:
        os.close(descriptor)


def _searchable(buffer: Buffer | memoryview) -> Buffer:
    return bytes(buffer) if isinstance(buffer, memoryview) else buffer


def _windows(data: Buffer, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """`data[start:stop]` in stretches of whole lines, about WINDOW bytes each."""
    while start < stop:
        end = min(start + WINDOW, stop)
        if end < stop:
            end = data.rfind(b"\n", start, end) + 1 or data.find(b"\n", end, stop) + 1 or stop
        yield start, end
        start = end


__all__ = ["Hit", "count", "count_blocks", "count_file", "count_lines", "hits", "scan_blocks", "scan_file"]
