"""Found records printed as they stand in their source, in the way of grep and ripgrep."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

from logtriage.needles.verdict import MatchTimeout
from logtriage.output import harmless, highlighted, painted

if TYPE_CHECKING:
    from logtriage.stream.stream import Record, Stream

_FLUSH = 0.02  # seconds that a hit may wait for the next one
_PAGE = 1_000  # hits that may do so
T = TypeVar("T")


class Look(NamedTuple):
    """How lines are printed: source names and line numbers in front, only the matched parts, a NUL behind names,
    whether gaps between groups are marked, colours, whether every record is handed on at once, and whether it is printed
    in the bytes of its source, not in UTF-8."""

    names: bool = False
    numbers: bool = False
    only_matching: bool = False
    null: bool = False
    gaps: bool = False
    colour: bool = False
    terminal: bool = False
    at_once: bool = False
    raw: bool = False


class Out:
    """Standard output as bytes, flushed soon after each record, but not after every one where they come thick."""

    def __init__(self, at_once: bool = False, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer
        self._at_once = at_once
        self._flushed = 0.0

    def pages(self, rows: Iterable[T]) -> Iterator[list[T]]:
        """Rows, as many at a time as may wait for each other before they are written."""
        page: list[T] = []
        since = 0.0
        try:
            for row in rows:
                page.append(row)
                now = time.monotonic()
                if self._at_once or now - since > _FLUSH or len(page) == _PAGE:
                    yield page
                    page, since = [], now
        except (Exception, KeyboardInterrupt):
            yield page
            raise
        yield page

    def write(self, data: bytes) -> None:
        """Writes, and flushes where it is time to."""
        self._stream.write(data)
        now = time.monotonic()
        if self._at_once or now - self._flushed > _FLUSH:
            self._stream.flush()
            self._flushed = now


def ended(record: bytes) -> bytes:
    """A record's bytes with a line's end behind the last one."""
    return record if record.endswith((b"\n", "\n".encode("utf-16-le"))) else record + b"\n"


class LinesOut:
    """Prints the records of sources, one source after the other."""

    def __init__(self, look: Look, out: Out) -> None:
        self.look = look
        self._out = out
        self._end: tuple[str, int] | None = None
        self._as_is = not (look.names or look.numbers or look.only_matching or look.colour or look.terminal)

    def show(self, stream: Stream, record: Record) -> None:
        """Prints one record."""
        if self.look.only_matching and not record.found:
            return
        written = self._gap(stream.source.name, record)
        if self._as_is:
            written += ended(stream.written(record).data if self.look.raw else record.data)
        else:
            written += self._lines(stream, record)
        if written:
            self._out.write(written)

    def _gap(self, name: str, record: Record) -> bytes:
        last, self._end = self._end, (name, record.start + len(record.data))
        if not self.look.gaps or self.look.only_matching or last is None or last == (name, record.start):
            return b""
        return painted("--", "separator", self.look.colour).encode() + b"\n"

    def _lines(self, stream: Stream, record: Record) -> bytes:
        out = []
        lines = record.data.removesuffix(b"\n").split(b"\n")
        for number, line in enumerate(lines, record.line):
            selected = record.found and (len(lines) == 1 or stream.selects_line(line))
            front = self._front(stream.source.name, number, ":" if selected else "-")
            if not self.look.only_matching or (selected and stream.wanted.needle.invert):
                out.append(front + self._text(stream, line, selected))
            elif selected:
                text = line.decode("utf-8", "surrogateescape")
                text = text if record.start else text.removeprefix("\ufeff")
                out += [front + self._shown(text[a:b], [(0, b - a)]) for a, b in self._matches(stream, record, text)]
        return b"\n".join([*out, b""])

    def _matches(self, stream: Stream, record: Record, text: str) -> list[tuple[int, int]]:
        """Where a line matches; all of it where that takes too long, which is told."""
        try:
            return stream.wanted.needle.spans(text)
        except MatchTimeout:
            stream.undecided.append(record.start)
            return [(0, len(text))]

    def _front(self, name: str, number: int, mark: str) -> bytes:
        mark = painted(mark, "separator", self.look.colour)
        front = b""
        if self.look.names:
            shown = painted(harmless(name) if self.look.terminal else name, "name", self.look.colour)
            front += shown.encode("utf-8", "surrogateescape") + (b"\0" if self.look.null else mark.encode())
        if self.look.numbers:
            front += (painted(str(number), "number", self.look.colour) + mark).encode()
        return front

    def _text(self, stream: Stream, line: bytes, selected: bool) -> bytes:
        if not self.look.colour and not self.look.terminal:
            return line
        text = line.decode("utf-8", "surrogateescape")
        needle, spans = stream.wanted.needle, list[tuple[int, int]]()
        if self.look.colour and selected and not needle.invert:
            with contextlib.suppress(MatchTimeout):  # it is found, if not where
                spans = needle.spans(text)
        return self._shown(text, spans)

    def _shown(self, text: str, spans: list[tuple[int, int]]) -> bytes:
        if self.look.colour or self.look.terminal:
            text = highlighted(harmless(text), spans, self.look.colour)
        return text.encode("utf-8", "surrogateescape")
