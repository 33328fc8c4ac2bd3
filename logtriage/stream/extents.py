"""Where records begin and end in a text, found from any of their lines: only the lines beside it are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from logtriage import whole
from logtriage.stream.around import FileText, Text, bytes_of, last_break, line_before, line_end

if TYPE_CHECKING:
    from logtriage.formats.starts import Starts

_HEAD, _SPREAD = 50, 200  # lines to learn from: the first ones, and how many more
_SAMPLED = 32 << 20  # bytes over which these are spread


class Extents:
    """The records of one text. `done`, where it is asked for, is where the last known record ended."""

    def __init__(self, text: Text, new_starts: Callable[[], Starts], cut: set[int]) -> None:
        """`new_starts` gives what is known of record boundaries before the first line; it is asked when a line needs it.
        To `cut` go the offsets of records that are longer than `whole.LONGEST`, and so are several."""
        self._text = text
        self._new_starts = new_starts
        self._cut = cut
        self._starts: Starts | None = None

    def around(self, offset: int, done: int) -> tuple[int, int]:
        """Where the record that holds the line at `offset` begins and ends."""
        end = line_end(self._text, offset)
        if offset == done and self._text.ends_at(end):
            return offset, end
        start = self._start(offset, done)
        return start, self.end(start, offset)

    def before(self, start: int, done: int) -> int:
        """Where the record begins that ends at `start` (> `done`)."""
        return self._start(line_before(self._text, start), done)

    def _start(self, offset: int, done: int) -> int:
        """Where the record begins that the line at `offset` is of; of one that is cut, where the piece begins: each has as
        many lines as it may."""
        end, start = line_end(self._text, offset), offset
        while start > done and self._goes_on(start):
            start = line_before(self._text, start)
        while end - start > whole.LONGEST:
            self._cut.add(start)
            start = last_break(self._text, start, start + whole.LONGEST)
        return start

    def end(self, start: int, offset: int) -> int:
        """Where the record ends, or the piece of one, that begins at `start` and holds the line at `offset`."""
        end = line_end(self._text, offset)
        while not self._text.ends_at(end) and self._goes_on(end):
            further = line_end(self._text, end)
            if further - start > whole.LONGEST:
                self._cut.add(start)
                break
            end = further
        return end

    def _goes_on(self, offset: int) -> bool:
        """Whether the line at `offset` goes on with the record before it; a piece of a line never does."""
        if bytes_of(self._text, offset - 1, offset) != b"\n":
            return False
        if self._starts is None:
            self._starts = self._new_starts()
            self._starts.learn_from(samples(self._text))
        place, before = (self._starts.place(self._line(at)) for at in (offset, line_before(self._text, offset)))
        return place.goes_on(before)

    def _line(self, offset: int) -> bytes:
        return bytes_of(self._text, offset, line_end(self._text, offset)).removesuffix(b"\n")


def samples(text: Text) -> Sequence[bytes]:
    """Lines to learn a source from: its first ones, and others spread over its first block."""
    if isinstance(text, FileText):
        text.need(0, 64 << 10)
        size = min(text.size, _SAMPLED)
    else:  # only what has come already: the rest may be long in coming
        size = text.base + (text.data.rfind(b"\n") + 1 or len(text.data))
    lines: dict[int, bytes] = {}
    at = text.base
    for _ in range(_HEAD):
        if at >= size:
            break
        end = line_end(text, at)
        lines[at] = bytes_of(text, at, end)
        at = end
    for place in range(max(at, text.base), size, max(1, (size - text.base) // _SPREAD)):
        start = line_end(text, place)
        if start < size and text.data[start - 1 - text.base] == 10:
            lines[start] = bytes_of(text, start, line_end(text, start))
    return [line.removesuffix(b"\n") for line in lines.values()]
