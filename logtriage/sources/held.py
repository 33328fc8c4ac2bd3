"""Bytes as they arrive → blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logtriage.sources.cut import NEWLINE, after_last_newline, count_lines
from logtriage.sources.find import Source
from logtriage.sources.head import TOLD_BY, encoding_of
from logtriage.sources.read import BLOCK, Block


@dataclass(slots=True)
class Lines:
    """Gives lines once they are complete; a started one is held until then, or until it is flushed.

    `last` of its blocks is always False: whether a log goes on is not known; events tell when it does not.
    """

    source: Source
    offset: int = 0
    line: int = 1
    encoding: str = "utf-8"
    held: bytes = b""
    longest: int = BLOCK  # bytes of a line: an endless one must not fill the memory

    def take(self, data: bytes) -> Iterator[Block]:
        """The lines complete with `data`."""
        self.held += data
        if not self.offset:
            self.encoding = encoding_of(self.held[:TOLD_BY])
        cut = after_last_newline(self.held, NEWLINE[self.encoding], len(self.held))
        yield from self._give(cut)
        while len(self.held) > self.longest:
            yield from self._give(self.longest)

    def flush(self) -> Iterator[Block]:
        """What is held, as it is; of UTF-16 no half code unit."""
        yield from self._give(len(self.held) - len(self.held) % len(NEWLINE[self.encoding]))

    def _give(self, size: int) -> Iterator[Block]:
        if size:
            data, self.held = self.held[:size], self.held[size:]
            block = Block(self.source, self.offset, self.line, data, False, self.encoding)
            self.offset += size
            self.line += count_lines(data, self.encoding)
            yield block
