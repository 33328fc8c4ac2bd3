"""grep straight through a source: the records around the lines that a needle selects, without a database.

A hit is a whole record: from the line that begins it to the last one that goes on with it. Only the lines around hits
are looked at more closely than by the search itself.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from logtriage import whole
from logtriage.needles.needle import Needle
from logtriage.needles.verdict import MatchTimeout
from logtriage.sources.find import Source
from logtriage.stream.around import MARK, FileText, StreamText, Text, bytes_of
from logtriage.stream.extents import Extents

if TYPE_CHECKING:
    from logtriage.formats.starts import Starts
    from logtriage.sources.read import Block

_BLOCK = 4 << 20  # bytes of a stream between two looks


class Record(NamedTuple):
    """A record of a text in UTF-8: the offset of its first byte, all its bytes, its first line's 1-based number
    (0 if numbers were not asked for), and whether it was found or only stands beside what was."""

    start: int
    data: bytes
    line: int
    found: bool


class Wanted(NamedTuple):
    """What is looked for: the needle, how many records before and after a found one are wanted too, how many found ones
    are enough (None: all), and whether line numbers are needed."""

    needle: Needle
    before: int = 0
    after: int = 0
    most: int | None = None
    numbers: bool = False


class Stream:
    """One source being searched. `new_starts` gives what is known of record boundaries before the first line."""

    def __init__(self, source: Source, wanted: Wanted, new_starts: Callable[[], Starts]) -> None:
        self.source = source
        self.wanted = wanted
        self._new_starts = new_starts
        self._text: Text = StreamText(iter(()))  # nothing, until `records` opens the source
        self.first_line = 1  # the number of the line at the offset where `records` starts
        self.undecided: list[int] = []  # offsets of lines, or of their records, that took the pattern too long
        self.cut: set[int] = set()  # offsets of records and lines that are longer than `whole.LONGEST`, and so several

    def records(self, start: int = 0, end: int | None = None) -> Iterator[Record]:
        """The records found, with those wanted beside them, in order; of a plain file only those found that begin in bytes
        `start` to `end`. Raises SourceError, after what came before the damage."""
        if is_plain(self.source):
            yield from self._of_file(start, end)
        else:
            yield from self._of_stream()

    def _of_file(self, start: int, end: int | None) -> Iterator[Record]:
        from logtriage.needles.scan import scan_file

        text = FileText(str(self.source.path), self.source.name)
        self._text = text
        try:
            hits = scan_file(
                self.source.path or "", self.wanted.needle, offset=start or self._mark(),
                end=text.size if end is None else end,
                with_numbers=self.wanted.numbers, on_timeout=self.undecided.append, longest=whole.LONGEST,
                on_cut=self.cut.add,
            )  # fmt: skip
            yield from self._around((hit.offset, (hit.number or 1) + self.first_line - 1) for hit in hits)
        finally:
            text.close()

    def _of_stream(self) -> Iterator[Record]:
        from logtriage.needles.scan import scan_blocks

        text = StreamText(_blocks(self.source), self.cut.add)
        self._text = text
        hits = scan_blocks(
            text.blocks(), self.wanted.needle, with_numbers=self.wanted.numbers, on_timeout=self.undecided.append
        )
        yield from self._around((hit.offset, hit.number or 1) for hit in hits)

    def _mark(self) -> int:
        """How many bytes the byte order mark at the beginning has."""
        return len(MARK) if bytes_of(self._text, 0, len(MARK)) == MARK else 0

    def _around(self, hits: Iterator[tuple[int, int]]) -> Iterator[Record]:
        """Selected lines (offset, number) → records."""
        extents = Extents(self._text, self._new_starts, self.cut)
        left = self.wanted.most
        done = skipped = 0
        for offset, line in hits:
            if offset == len(MARK):
                offset -= self._mark()
            if offset < max(done, skipped):
                continue
            if left == 0:
                return
            start, end = extents.around(offset, done)
            data = bytes_of(self._text, start, end)
            line -= data.count(b"\n", 0, offset - start)
            if self.wanted.needle.invert and not self.selects(data, start):
                skipped = end
                continue
            yield from self._before(extents, start, line, done)
            yield Record(start, data, line, True)
            left = None if left is None else left - 1
            line += data.count(b"\n")
            after = self.wanted.after
            while after and not self._text.ends_at(end):
                start, end = end, extents.end(end, end)
                data = bytes_of(self._text, start, end)
                found = left != 0 and self.selects(data, start)
                yield Record(start, data, line, found)
                line += data.count(b"\n")
                if found:
                    left = None if left is None else left - 1
                after = self.wanted.after if found else after - 1
            done = end
            if left == 0:
                return

    @property
    def encoding(self) -> str:
        """That of the source, as far as it was read."""
        return self._text.encoding if isinstance(self._text, StreamText) else "utf-8"

    def written(self, record: Record) -> Record:
        """A record as it stands in the source: where that is not in UTF-8, at another place and in other bytes."""
        if self.encoding == "utf-8" or not isinstance(self._text, StreamText):
            return record
        start, data = self._text.written(record.start, record.start + len(record.data))
        return record._replace(start=start, data=data)

    def selects(self, data: bytes, start: int) -> bool:
        """Whether a record is found: one of its lines is selected; with `invert`, all of them. Where that hangs on a line
        that takes too long it is not, and is one of the `undecided`."""
        data = data if start else data.removeprefix(MARK)
        needle, undecided = self.wanted.needle, False
        for line in data.removesuffix(b"\n").split(b"\n"):
            try:
                if needle.has_match(line):
                    return not needle.invert
            except MatchTimeout:
                undecided = True
        if undecided:
            self.undecided.append(start)
        return needle.invert and not undecided

    def selects_line(self, line: bytes) -> bool:
        """Whether a line is selected; one that takes too long is not."""
        try:
            return self.wanted.needle.has_match(line) != self.wanted.needle.invert
        except MatchTimeout:
            return False

    def _before(self, extents: Extents, start: int, line: int, done: int) -> Iterator[Record]:
        """The records before the one at `start`, up to `done`."""
        found: list[Record] = []
        while len(found) < self.wanted.before and start > done:
            end, start = start, extents.before(start, done)
            data = bytes_of(self._text, start, end)
            line -= data.count(b"\n")
            found.append(Record(start, data, line, False))
        return reversed(found)


def _blocks(source: Source) -> Iterator[Block]:
    """A source's blocks; those of a pipe as soon as they come."""
    from logtriage.sources.held import Lines
    from logtriage.sources.read import blocks, opened

    if source.path is not None and source.path.is_file():
        yield from blocks(source, size=min(_BLOCK, whole.LONGEST), max_line=whole.LONGEST)
        return
    encoding, pieces = opened(source)
    lines = Lines(source, longest=whole.LONGEST)
    for piece in pieces:
        yield from lines.take(piece)
        lines.encoding = encoding
    yield from lines.flush()


def is_plain(source: Source) -> bool:
    """Whether a source is a plain file in which any place can be read, in UTF-8 or a superset of ASCII."""
    from logtriage.sources.head import TOLD_BY, encoding_of

    if source.path is None or source.member is not None or source.compression is not None:
        return False
    try:
        status = source.path.stat()
        if not stat.S_ISREG(status.st_mode) or not status.st_size:  # those of /proc say 0, whatever they hold
            return False
        with open(source.path, "rb", buffering=0) as file:
            return encoding_of(file.read(TOLD_BY)) == "utf-8"
    except OSError:
        return False
