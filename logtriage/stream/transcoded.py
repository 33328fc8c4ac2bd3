"""A block of a source that is not in UTF-8: what it is as text, and where that stands in the source."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from logtriage.sources.cut import NEWLINE, after_first_newline
from logtriage.sources.read import Block


@dataclass
class Transcoded:
    """A block that is not in UTF-8: where it begins in the text, what it is there, and what it is in the source."""

    at: int
    text: bytes
    block: Block

    @classmethod
    def of(cls, block: Block, at: int) -> Transcoded:
        """A block whose text begins at `at`."""
        return cls(at, block.data.decode(block.encoding, "replace").encode("utf-8", "replace"), block)

    @cached_property
    def _ends(self) -> tuple[list[int], list[int]]:
        """Behind which bytes the lines end, in the text and in the source."""
        return _ends(self.text, b"\n"), _ends(self.block.data, NEWLINE[self.block.encoding])

    def place(self, offset: int) -> int:
        """The place in the source of a line's begin or end in the text; the block's end, if it lies behind that."""
        there, here = self._ends
        return self.block.offset + here[min(bisect_left(there, offset - self.at), len(here) - 1)]


def _ends(data: bytes, newline: bytes) -> list[int]:
    ends = [0]
    while at := after_first_newline(data, newline, ends[-1]):
        ends.append(at)
    return [*ends, len(data)]
