"""The lines around an offset: of a plain file at any place, of a stream within what was lately read."""

from __future__ import annotations

import dataclasses
import os
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from logtriage.errors import SourceError
from logtriage.sources.read import Block

_BEHIND, _AHEAD, _MOST_AHEAD = 8 << 10, 16 << 10, 1 << 20
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


class FileText:
    """A plain file."""

    def __init__(self, path: str, name: str) -> None:
        """Raises SourceError."""
        try:
            self._file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError as why:
            raise SourceError(f"{name}: {why.strerror}") from None
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
        if base + len(self.data) < end:  # the file was truncated meanwhile
            self.size = base + len(self.data)

    def ends_at(self, offset: int) -> bool:
        """See Text."""
        return offset >= self.size

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._file)


class StreamText:
    """A stream of blocks; `blocks` gives them once more as they come, to be searched."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._source = blocks
        self._ahead: deque[Block] = deque()
        self._ended = False
        self._error: SourceError | None = None
        self.base, self.data = 0, bytearray()
        # Where the text was transcoded: the encoding, and the last known pair of places, in `data` and in the source.
        self._encoding: str | None = None
        self._pair = (0, 0)

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
            yield block
            surplus = block.offset + len(block.data) - KEPT - self.base
            if surplus > KEPT:
                del self.data[:surplus]
                self.base += surplus

    def need(self, start: int, end: int) -> None:
        """See Text; what is too far behind is not there any more."""
        while self.base + len(self.data) < end and not self._ended:
            self._pull()

    def ends_at(self, offset: int) -> bool:
        """See Text."""
        self.need(offset, offset + 1)
        return offset >= self.base + len(self.data)

    def true_offset(self, offset: int) -> int:
        """The place in the source of an offset in the text; to be asked in rising order."""
        if self._encoding is None:
            return offset
        at, there = self._pair
        if offset > at:
            between = bytes(self.data[at - self.base : offset - self.base]).decode("utf-8", "replace")
            self._pair = (offset, there + len(between.encode(self._encoding, "replace")))
        return self._pair[1]

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
            self._encoding = block.encoding
            text = block.data.decode(block.encoding, "replace").encode("utf-8", "replace")
            block = dataclasses.replace(block, data=text, offset=self.base + len(self.data))
        self._ahead.append(block)
        self.data += block.data


def line_end(text: Text, start: int) -> int:
    """Where the line that begins at `start` ends: behind its line break, or at the end."""
    looked = start
    while True:
        text.need(start, looked + 1)
        at = text.data.find(b"\n", looked - text.base)
        if at >= 0:
            return text.base + at + 1
        end = text.base + len(text.data)
        if text.ends_at(end):
            return end
        looked = end
        text.need(start, end + max(_AHEAD, end - start))


def line_before(text: Text, start: int) -> int:
    """Where the line begins that ends at `start` (> 0)."""
    reach = 1 << 10
    while True:
        low = max(0, start - reach)
        text.need(low, start)
        low = max(low, text.base)
        at = text.data.rfind(b"\n", low - text.base, start - 1 - text.base)
        if at >= 0:
            return text.base + at + 1
        if low == 0 or low > start - reach:
            return low
        reach *= 4


def bytes_of(text: Text, start: int, end: int) -> bytes:
    """The bytes from `start` to `end`."""
    text.need(start, end)
    return bytes(text.data[start - text.base : end - text.base])
