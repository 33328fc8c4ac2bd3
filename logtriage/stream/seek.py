"""Where in a plain file a span of time lies: bisection by offset, for files in time order.

Stamps of lines around an offset are read with what has been learnt of the file. Whether it is in order is tried at many
places; where it is not, all of it has to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from logtriage.formats.detect import Grammar
from logtriage.formats.fields import document_of, read_head
from logtriage.formats.node import GENERIC, Node
from logtriage.formats.starts import Starts, readable
from logtriage.sources.find import Source
from logtriage.stamps import stamp
from logtriage.stamps.moment import to_datetime
from logtriage.stamps.zone import Zone
from logtriage.stream.around import FileText, bytes_of, line_end
from logtriage.stream.extents import samples
from logtriage.stream.stream import is_plain

_SMALL = 8 << 20  # bytes of a file that are sooner read than searched
_PROBES, _APART = 64, 1 << 20  # places at which order is tried: so many at least, no more than so many bytes apart
_HEAD = 256 << 10  # bytes of a packed file, from which it is learnt how it writes
_TRIED = 400  # lines looked at for a stamp
_TAILS = (4 << 10, 64 << 10, 1 << 20)  # bytes at a file's end in which its last record is looked for
_SLACK = timedelta(minutes=5)  # lines may be that much out of order


class Bounds(NamedTuple):
    """Bytes of a file: their `start`, their `end` (None: the file's), and the 1-based number of the `line` at the start."""

    start: int = 0
    end: int | None = None
    line: int = 1


def bounds(
    source: Source, grammar: Grammar, reference: datetime, since: datetime | None, until: datetime | None
) -> Bounds:
    """The bytes in which all records from `since` to `until` begin; all of the source, where that cannot be told."""
    if (since is None and until is None) or not is_plain(source):
        return Bounds()
    if source.path is None or source.path.stat().st_size < _SMALL:
        return Bounds()
    text = FileText(str(source.path), source.name)
    try:
        place = _Places(text, grammar, reference)
        if not place.in_order():
            return Bounds()
        start = place.first(lambda at: at >= since - _SLACK) if since else 0
        end = place.first(lambda at: at > until + _SLACK) if until else None
        return Bounds(start, end, 1 + _lines_before(text, start))
    finally:
        text.close()


def span(source: Source, grammar: Grammar, reference: datetime) -> tuple[datetime, datetime] | None:
    """The times of a source's first and last record that have one; None where that is not told quickly: it is no file, part of
    an archive, or packed and large."""
    with _ends_of(source) as path:
        if path is None:
            return None
        text = FileText(str(path), source.name)
        try:
            place = _Places(text, grammar, reference)
            first, last = place.at(0), place.last()
            return (first[1], last[1]) if first and last else None
        finally:
            text.close()


@contextmanager
def _ends_of(source: Source) -> Iterator[Path | None]:
    """A plain file that begins and ends as a source does: itself, or of a packed one what stands at its ends."""
    if is_plain(source) and source.path and source.path.is_file():
        yield source.path
        return
    if not source.path or source.member or not source.compression or source.path.stat().st_size > _SMALL:
        yield None
        return
    from logtriage.sources.read import opened

    encoding, pieces = opened(source)
    head = tail = b""
    for piece in pieces:
        head += piece[: _HEAD - len(head)]
        tail = (tail + piece)[-2 * _TAILS[-1] :]
    with NamedTemporaryFile(prefix="logtriage-") as file:
        file.write(head + b"\n" + tail)
        file.flush()
        yield Path(file.name) if encoding == "utf-8" else None


class _Places:
    """Offsets of a file and the times of the records there."""

    def __init__(self, text: FileText, grammar: Grammar, reference: datetime) -> None:
        self._text = text
        self._grammar = grammar
        self._reference = reference
        self._starts = Starts(grammar)
        self._starts.learn_from(samples(text))

    def in_order(self) -> bool:
        """Whether the times at many places do not fall."""
        step = max(1, min(self._text.size // _PROBES, _APART))
        times = [found[1] for at in range(0, self._text.size, step) if (found := self.at(at))]
        return len(times) > _PROBES // 2 and all(a <= b + _SLACK / 2 for a, b in pairwise(times))

    def last(self) -> tuple[int, datetime] | None:
        """The last record that has a time: its offset and time."""
        for back in _TAILS:
            found, later = None, self.at(max(0, self._text.size - back))
            while later:
                found, later = later, self.at(later[0] + 1)
            if found or back >= self._text.size:
                return found
        return None

    def first(self, late: Callable[[datetime], bool]) -> int:
        """The offset of a record, such that none before it is late; the file's size if none is."""
        low, high = 0, self._text.size
        while high - low > 64 << 10:
            middle = (low + high) // 2
            found = self.at(middle)
            if found is None or found[0] >= high or late(found[1]):
                high = middle
            else:
                low = found[0]
        while low < high and (found := self.at(low + (low > 0))) and found[0] < high and not late(found[1]):
            low = found[0]
        return low

    def at(self, offset: int) -> tuple[int, datetime] | None:
        """The first record with a time that begins behind `offset` (or at 0): its offset and time."""
        at = line_end(self._text, offset) if offset else 0
        for _ in range(_TRIED):
            if self._text.ends_at(at):
                return None
            end = line_end(self._text, at)
            line = bytes_of(self._text, at, end).removesuffix(b"\n")
            if not self._starts.place(line).follows and (time := self._time(line)):
                return at, time
            at = end
        return None

    def _time(self, line: bytes) -> datetime | None:
        return self._of(self._grammar.root, readable(line))

    def _of(self, node: Node, text: str, *, dated: bool = False) -> datetime | None:
        """The innermost time that a line gives, or, `dated`, the innermost one that has a date."""
        for child in node.ordered():
            assert child.fmt is not None
            if child.fmt is GENERIC:
                found = stamp.find(text)
                return self._read(child, text[found[0] : found[1]], dated) if found else None
            fields = read_head(child.fmt, text, document_of(text))
            if fields is None:
                continue
            own = self._read(child, fields.get("timestamp", ""), dated)
            inner = (
                self._of(child, fields.get(child.fmt.inner, "").rstrip("\r\n"), dated=own is not None)
                if child.fmt.inner and child.children
                else None
            )
            return inner or own
        return None

    def _read(self, node: Node, text: str, dated: bool) -> datetime | None:
        kind = node.kind_of(text) if text else None
        if kind is None or (dated and not kind.has_date):
            return None
        zone = node.zone or (node.fmt.zone if node.fmt else None) or self._grammar.zone
        return to_datetime(text, kind, Zone.of(zone).tzinfo, self._reference.astimezone(UTC))


def _lines_before(text: FileText, offset: int) -> int:
    """How many lines a file has before `offset`."""
    at = total = 0
    while at < offset:
        piece = bytes_of(text, at, min(at + (1 << 20), offset))
        if not piece:
            break
        total += piece.count(b"\n")
        at += len(piece)
    return total
