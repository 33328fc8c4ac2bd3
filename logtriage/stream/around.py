"""The lines around an offset: of a plain file at any place, of a stream within what was lately read.

A line longer than `whole.LONGEST` is cut, as in a store: each piece is a line here.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from logtriage import whole
from logtriage.errors import SourceError
from logtriage.sources.read import Block
from logtriage.stream.transcoded import Transcoded

_BEHIND, _AHEAD, _MOST_AHEAD = 8 << 10, 16 << 10, 1 << 20
MARK = b"\xef\xbb\xbf"
KEPT = 16 << 20  # bytes of a stream behind the present block that can still be asked for, at least


class Text(Protocol):
    """Bytes of which some stretch is at hand: `data`, which begins at offset `base`."""

    @property
    def base(self) -> int: ...
    @property
    def data(self) -> bytes | bytearray: ...

    def need(self, start: int, end: int) -> None:
        """Brings the bytes from `start` to `end` to hand, as far as they exist."""

    def ends_at(self, offset: int) -> bool:
        """Whether there is nothing from `offset` on."""

    def cut_after(self, start: int) -> int:
        """Where the line that begins at `start` is cut, if it ends no sooner."""

    def last_piece(self, start: int | None, end: int) -> int:
        """Where the last piece begins of the line that begins at `start` and goes to `end`; None: further back than a piece
        is long."""


class FileText:
    """A plain file."""

    def __init__(self, path: str, name: str) -> None:
        """Raises SourceError."""
        try:
            self._file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError as why:
            raise SourceError(f"{name}: {why.strerror}") from None
        self._name = name
        self.size = os.fstat(self._file).st_size
        self.base, self.data = 0, b""
        self._ahead = _AHEAD

    def need(self, start: int, end: int) -> None:
        """See Text."""
        there = self.base + len(self.data)
        end = min(end, self.size)
        if start >= self.base and end <= there:
            return
        close = self.base <= start <= there + _BEHIND
        self._ahead = min(2 * self._ahead, _MOST_AHEAD) if close else _AHEAD
        base = max(0, start - _BEHIND)
        self.data = os.pread(self._file, end + self._ahead - base, base)
        self.base = base
        if (there := base + len(self.data)) < end:
            raise SourceError(f"{self._name}: was truncated to {there} bytes while it was read")

    def ends_at(self, offset: int) -> bool:
        """See Text."""
        return offset >= self.size

    def cut_after(self, start: int) -> int:
        """See Text."""
        return start + whole.LONGEST

    def last_piece(self, start: int | None, end: int) -> int:
        """See Text."""
        self.need(end - 1, end)
        if start is None and self.data[end - 1 - self.base] != 10:
            return end - whole.LONGEST
        start = self._line_of(end - 1) if start is None else start
        return start + (end - 1 - start) // whole.LONGEST * whole.LONGEST

    def _line_of(self, offset: int) -> int:
        """Where the line begins, of any length, that the byte at `offset` is of."""
        while offset > 0:
            low = max(0, offset - _MOST_AHEAD)
            found = os.pread(self._file, offset - low, low).rfind(b"\n")
            if found >= 0:
                return low + found + 1
            offset = low
        return 0

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._file)


class StreamText:
    """A stream of blocks; `blocks` gives them once more as they come, to be searched."""

    def __init__(self, blocks: Iterator[Block], on_cut: Callable[[int], None] = lambda start: None) -> None:
        """`on_cut`: told where each line begins that is cut, which is where a block ends inside it."""
        self._source = blocks
        self._on_cut = on_cut
        self._cuts: list[int] = []
        self._inside: int | None = None  # where the last block began, if it ended inside a line
        self._ahead: deque[Block] = deque()
        self._ended = False
        self._error: SourceError | None = None
        self.base, self.data = 0, bytearray()
        self.encoding = "utf-8"  # of the source
        self._transcoded: deque[Transcoded] = deque()

    def blocks(self) -> Iterator[Block]:
        """The blocks, in UTF-8, each when it is wanted. Raises the stream's error after what came before it."""
        while True:
            if not self._ahead:
                self._pull()
            if not self._ahead:
                if self._error:
                    raise self._error
                return
            block = self._ahead.popleft()
            yield block if block.offset else without_mark(block)
            surplus = block.offset + len(block.data) - KEPT - self.base
            if surplus > KEPT:
                del self.data[:surplus]
                self.base += surplus
                while len(self._transcoded) > 1 and self._transcoded[1].at <= self.base:
                    self._transcoded.popleft()

    def need(self, start: int, end: int) -> None:
        """See Text; what is too far behind is not there any more."""
        while self.base + len(self.data) < end and not self._ended:
            self._pull()

    def ends_at(self, offset: int) -> bool:
        """See Text."""
        self.need(offset, offset + 1)
        return offset >= self.base + len(self.data)

    def written(self, start: int, end: int) -> tuple[int, bytes]:
        """The place in the source of the whole lines from `start` to `end`, and their bytes there."""
        if not self._transcoded:
            return start, bytes_of(self, start, end)
        some = [one for one in self._transcoded if one.at < end and start < one.at + len(one.text)]
        first = some[0].place(start)
        return first, b"".join(
            one.block.data[max(0, first - one.block.offset) : one.place(end) - one.block.offset] for one in some
        )

    def _pull(self) -> None:
        if self._ended:
            return
        try:
            block = next(self._source, None)
        except SourceError as why:
            self._error, block = why, None
        if block is None:
            self._ended = True
            return
        if block.encoding != "utf-8":
            self.encoding = block.encoding
            transcoded = Transcoded.of(block, self.base + len(self.data))
            self._transcoded.append(transcoded)
            block = dataclasses.replace(block, data=transcoded.text, offset=transcoded.at)
        there = self.base + len(self.data)
        if self._inside is not None:
            if self._inside not in self._cuts[-1:]:
                self._on_cut(self._inside)
            self._cuts.append(there)
        self._inside = None if block.data.endswith(b"\n") else there
        self._ahead.append(block)
        self.data += block.data

    def cut_after(self, start: int) -> int:
        """See Text."""
        at = bisect_right(self._cuts, start)
        return self._cuts[at] if at < len(self._cuts) else sys.maxsize

    def last_piece(self, start: int | None, end: int) -> int:
        """See Text."""
        at = bisect_left(self._cuts, end)
        return max(self.base if start is None else start, self._cuts[at - 1] if at else 0)


def without_mark(block: Block) -> Block:
    """The block at a text's beginning without the byte order mark, which is not searched."""
    size = len(block.data) - len(block.data.removeprefix(MARK))
    return dataclasses.replace(block, offset=size, data=block.data[size:])


def line_end(text: Text, start: int) -> int:
    """Where the line that begins at `start` ends: behind its line break, where it is cut, or at the end."""
    looked = start
    while True:
        text.need(start, looked + 1)
        cut = text.cut_after(start)
        at = text.data.find(b"\n", looked - text.base, cut - text.base)
        if at >= 0:
            return text.base + at + 1
        end = text.base + len(text.data)
        if end >= cut or text.ends_at(end):
            return min(end, cut)
        looked = end
        text.need(start, min(cut, end + max(_AHEAD, end - start)))


def line_before(text: Text, start: int) -> int:
    """Where the line begins that ends at `start` (> 0)."""
    reach, most = 1 << 10, whole.LONGEST + 1
    while True:
        low = max(0, start - min(reach, most))
        text.need(low, start)
        at = text.data.rfind(b"\n", max(0, low - text.base), start - 1 - text.base)
        if at >= 0 or low == 0:
            return text.last_piece(text.base + at + 1 if at >= 0 else 0, start)
        if reach >= most or low < text.base:
            return text.last_piece(None, start)
        reach *= 4


def last_break(text: Text, start: int, end: int) -> int:
    """Behind the last line break in the bytes from `start` to `end`, in which there is one."""
    text.need(start, end)
    return text.base + text.data.rindex(b"\n", start - text.base, end - text.base) + 1


def bytes_of(text: Text, start: int, end: int) -> bytes:
    """The bytes from `start` to `end`."""
    text.need(start, end)
    return bytes(text.data[start - text.base : end - text.base])
