"""The records of files that fulfil what was asked, each source a stream of rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from logtriage.cli.ending import finished
from logtriage.cli.filters import asked, span_told, window_told
from logtriage.cli.options import WITH_FIELDS
from logtriage.cli.session import Session
from logtriage.coverage import Coverage, counted
from logtriage.errors import SourceError
from logtriage.normalise import Normaliser
from logtriage.query.unseen import attributes, origins, unseen
from logtriage.store.store import connect
from logtriage.stream.dense import is_dense
from logtriage.stream.learnt import Learnt
from logtriage.stream.picked import Picked, Row
from logtriage.stream.reader import Reader, in_batches
from logtriage.stream.timeline import Group, groups, marked

if TYPE_CHECKING:
    from datetime import datetime

    from logtriage.formats.detect import Grammar
    from logtriage.needles.needle import Needle
    from logtriage.sources.find import Source
    from logtriage.stream.seek import Bounds

_WHOLE, _BLOCK, _SMALL = 8 << 20, 4 << 20, 1 << 20  # bytes of a block: alone, of few sources, of many


class Search:
    """The records of some sources that fulfil what was asked, each source a stream of rows."""

    def __init__(self, session: Session, sources: list[Source], *, json: bool, in_order: bool) -> None:
        self.session = session
        self.sources = sources
        self._normaliser = Normaliser(connect(), session.settings())
        self.asked = asked(session, ends=self._span)
        self.coverage = Coverage(len(sources), 0, None, notes=window_told(self.asked.query, session))
        self._json = json
        self._in_order = in_order  # one source after the other
        self._conditions = self.asked.conditions()
        # what records have told of where they come from, as far as it was asked for
        self._seen: dict[str, set[str]] = {column: set() for column in (*origins(self.asked.query), "field")}
        self._sought = 0  # sources of which only a stretch was read
        self._sampled: set[str] = set()  # the sources whose first records' fields are in it
        self._learnt: Learnt | None = None
        if json or session.args.output in WITH_FIELDS or self.asked.query.templates:
            self._learnt = Learnt(self._normaliser)
            self._learnt.sample(sources)

    def whole(self, source: Source) -> Iterator[Picked]:
        """All records of a source, block by block."""
        size = _WHOLE if len(self.sources) == 1 or self._in_order else _BLOCK if len(self.sources) <= 4 else _SMALL
        # of a pipe no sample was taken; else the first hit soon
        first = size if self._learnt and source.path is None else _SMALL
        reader = Reader(self._normaliser, source, self._learnt, self.session.cut)
        start, end, line = self._bounds(source, reader.grammar)
        yield from reader.whole(size, first=first, offset=start, end=end, line=line)

    def _bounds(self, source: Source, grammar: Grammar) -> Bounds:
        """The bytes of a source in which all records of the time asked for begin."""
        from logtriage.stream.seek import bounds

        query = self.asked.query
        found = bounds(source, grammar, self._normaliser.settings.reference(source), query.since, query.until)
        self._sought += found[:2] != (0, None)
        return found

    def found(self, source: Source, needle: Needle, most: int | None) -> Iterator[Row]:
        """The records that a needle finds, up to so many."""
        if not is_dense(source, needle):
            return islice(self.rows(self._hits(source, needle, 0, 0, most), source), most)
        rows = self.rows(self.whole(source), source)
        if not needle.matches_all:
            rows = (row for row in self.marked(rows, needle) if row.found)
        return islice(rows, most)

    def groups(self, source: Source, needle: Needle, before: int, after: int, most: int | None) -> Iterator[Group]:
        """The same with the records around them, which need not fulfil what was asked."""
        query = self.asked.query
        if (
            query.since or query.until or not is_dense(source, needle)
        ):  # those beside the first hit may be before `since`
            rows = self.rows(self._hits(source, needle, before, after, most), source, all=True)
        else:
            rows = self.marked(self.rows(self.whole(source), source, all=True), needle)
        return groups(rows, before, after, most)

    def marked(self, rows: Iterator[Row], needle: Needle) -> Iterator[Row]:
        """The rows of one source, each with whether the needle finds it."""
        undecided: list[Row] = []
        yield from marked(rows, needle, undecided)
        if undecided:
            self._tell_undecided(undecided[0].source, len(undecided))

    def _hits(self, source: Source, needle: Needle, before: int, after: int, most: int | None) -> Iterator[Picked]:
        """The records around the lines that the needle selects, in growing batches."""
        from logtriage.formats.starts import Starts
        from logtriage.stream.stream import Stream, Wanted

        reader = Reader(self._normaliser, source, self._learnt)
        start, end, line = self._bounds(source, reader.grammar)
        stream = Stream(
            source,
            Wanted(needle, before, after, None if self._conditions else most, True),
            lambda: Starts(reader.grammar),
        )
        stream.first_line = line
        first = 4 if len(self.sources) == 1 else 256
        for batch in in_batches(map(stream.written, stream.records(start, end)), first):
            yield reader.some(batch, stream.encoding)
        self.session.cut += [source.name] * len(stream.cut)
        if stream.undecided:
            self._tell_undecided(source, len(stream.undecided))

    def _tell_undecided(self, source: Source, number: int) -> None:
        self.session.error(SourceError(f"{source.name}: the pattern took too long on {counted(number, 'line')}"))

    def finished(self, found: int) -> None:
        """Prints the coverage line; where nothing was found, it says what there is."""
        query = self.asked.query
        if self._sought:
            self.coverage.notes.append(f"{counted(self._sought, 'source')} read only there, as the times in it rise")
        if not found and (query.since or query.until):
            self.coverage.notes += span_told(self.asked, self.session, *self._span())
        if not found:
            self.coverage.notes += unseen(self.asked.query, self._seen.__getitem__)
        finished(self.session, self.coverage)

    def _span(self) -> tuple[datetime | None, datetime | None]:
        """From when to when the sources have records, as far as that is quickly told."""
        from logtriage.stream.seek import span

        grammar, reference = self._normaliser.grammar, self._normaliser.settings.reference
        moments: list[datetime] = []
        for source in self.sources:
            with contextlib.suppress(SourceError, OSError):  # it was told already
                moments += span(source, grammar(source), reference(source)) or ()
        return min(moments, default=None), max(moments, default=None)

    def _keep(self, picked: Picked, source: Source, *, all: bool = False) -> None:
        """Drops what does not fulfil the conditions, and notes where all of it comes from. `all`: it is kept, as not found."""
        for column in origins(self.asked.query):
            self._seen[column] |= picked.names(column)
        if attributes(self.asked.query) and source.name not in self._sampled:
            self._sampled.add(source.name)
            self._seen["field"] |= picked.fields()
        picked.keep(self._conditions, attributes=self.asked.query.needs_attributes, all=all)

    def rows(self, picked: Iterable[Picked], source: Source, *, all: bool = False) -> Iterator[Row]:
        """The rows of blocks, filtered, or `all` of them. An error of the source is told, and ends it."""
        try:
            for one in picked:
                self._keep(one, source, all=all)
                yield from one.rows(json=self._json)
        except SourceError as why:
            self.session.error(why)

    def texts(self, picked: Iterable[Picked], source: Source) -> Iterator[str]:
        """The same as JSON lines alone."""
        try:
            for one in picked:
                self._keep(one, source)
                yield from one.json_lines()
        except SourceError as why:
            self.session.error(why)
