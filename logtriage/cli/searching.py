"""The records of files that fulfil what was asked, each source a stream of rows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from logtriage.cli.ending import finished
from logtriage.cli.filters import asked, span_told, window_told
from logtriage.cli.local_times import is_ahead, tell_local
from logtriage.cli.options import WITH_FIELDS
from logtriage.cli.progress import Progress
from logtriage.cli.session import Session
from logtriage.coverage import Coverage, counted
from logtriage.errors import SourceError
from logtriage.normalise import Normaliser
from logtriage.query.unseen import attributes, origins, unseen
from logtriage.store.connection import connect
from logtriage.stream.ahead import Ahead, ByTurns
from logtriage.stream.dense import is_dense, may_find
from logtriage.stream.learnt import Learnt
from logtriage.stream.picked import Picked, Row
from logtriage.stream.reader import Reader, in_batches
from logtriage.stream.timeline import Group, groups, marked

if TYPE_CHECKING:
    from logtriage.formats.detect import Grammar
    from logtriage.needles.needle import Needle
    from logtriage.sources.find import Source
    from logtriage.stream.seek import Bounds

_WHOLE, _BLOCK, _SMALL, _LEAST = 8 << 20, 4 << 20, 1 << 20, 1 << 16  # bytes of a block: alone, of few sources, of many
_BY_TURNS = 32 << 20  # bytes of all blocks, where many sources are read by turns: as rows they take ten times that
_MOST_OPEN = 64  # files
T = TypeVar("T", bound=Row | Group)


class Search:
    """The records of some sources that fulfil what was asked, each source a stream of rows."""

    def __init__(self, session: Session, sources: list[Source], *, json: bool, in_order: bool) -> None:
        self.session = session
        self.sources = sources
        self._normaliser = Normaliser(connect(), session.settings())
        self.asked = asked(session, ends=self._span)
        self.coverage = Coverage(len(sources), 0, None, notes=window_told(self.asked, session))
        self._json = json
        self._in_order = in_order  # one source after the other
        self._conditions = list(self.asked.conditions())
        # what records have told of where they come from, as far as it was asked for
        self._seen: dict[str, set[str]] = {column: set() for column in (*origins(self.asked), "field")}
        self._sought = 0  # sources of which only a stretch was read
        self._sampled: set[str] = set()  # the sources whose first records' fields are in it
        self._learnt: Learnt | None = None
        if json or session.args.output in WITH_FIELDS or self.asked.templates:
            self._learnt = Learnt(self._normaliser)
            self._learnt.sample(sources)
        self._texts_ahead = Ahead(self._normaliser, sources, self._learnt, self._texts)
        self._undecided: set[Source] = set()  # of which it was told
        # told where nothing is printed before all is read
        self.progress = Progress(session.quiet or getattr(session.args, "tail", None) is None)
        self._begun: set[str] = set()  # the sources that were read from

    def whole(self, source: Source) -> Iterator[Picked]:
        """All records of a source, block by block."""
        many = len(self.sources)
        by_turns = max(_LEAST, min(_SMALL, _BY_TURNS // many))
        size = _WHOLE if many == 1 or self._in_order else _BLOCK if many <= 4 else by_turns
        # of a pipe no sample was taken; else the first hit soon
        first = size if self._learnt and source.path is None else min(size, _SMALL)
        reader = Reader(self._normaliser, source, self._learnt, self.session.cut)
        start, end, line = self._bounds(source, reader.grammar)
        sparing = many > _MOST_OPEN and not self._in_order
        yield from reader.whole(size, first=first, offset=start, end=end, line=line, sparing=sparing)

    def _bounds(self, source: Source, grammar: Grammar) -> Bounds:
        """The bytes of a source in which all records of the time asked for begin."""
        from logtriage.stream.seek import bounds

        query = self.asked
        found = bounds(source, grammar, self._normaliser.settings.reference(source), query.since, query.until)
        self._sought += found[:2] != (0, None)
        return found

    def all_rows(self, *, all: bool = False) -> list[Iterator[Row]]:
        """Of each source all rows that fulfil what was asked; `all`: the others too, as not found."""
        return self._streams(lambda rows: rows, lambda source: self.rows(self.whole(source), source, all=all), all=all)

    def found(self, needle: Needle, most: int | None) -> list[Iterator[Row]]:
        """Of each source the records that a needle finds, up to so many."""

        def of_all(rows: Iterator[Row]) -> Iterator[Row]:
            return islice((row for row in self.marked(rows, needle) if row.found), most)

        def of_source(source: Source) -> Iterator[Row]:
            if is_dense(source, needle):
                return of_all(self.rows(self.whole(source), source))
            return islice(self.rows(self._hits(source, needle, 0, 0, most), source), most)

        return self._streams(of_all, of_source, needle=needle)

    def groups(self, needle: Needle, before: int, after: int, most: int | None) -> list[Iterator[Group]]:
        """The same with the records around them, which need not fulfil what was asked."""
        query = self.asked

        def of_all(rows: Iterator[Row]) -> Iterator[Group]:
            return groups(self.marked(rows, needle), before, after, most)

        def of_source(source: Source) -> Iterator[Group]:
            # those beside the first hit may be before `since`
            if query.since or query.until or not is_dense(source, needle):
                rows = self.rows(self._hits(source, needle, before, after, most), source, all=True)
                return groups(rows, before, after, most)
            return of_all(self.rows(self.whole(source), source, all=True))

        return self._streams(of_all, of_source, needle=needle, all=True)

    def _streams(
        self,
        of_all: Callable[[Iterator[Row]], Iterator[T]],
        of_source: Callable[[Source], Iterator[T]],
        *,
        needle: Needle | None = None,
        all: bool = False,
    ) -> list[Iterator[T]]:
        """What is wanted of each source: `of_all` rows of a small log, if the needle may find any of it; `of_source` gives the
        same of any other log."""

        def taken(picked: Picked, sources: Sequence[Source]) -> Iterator[tuple[Source, T]]:
            self._keep(picked, sources, all=all)
            for source, rows in groupby(picked.rows(json=self._json), attrgetter("source")):
                yield from ((source, one) for one in of_all(rows))

        wanted = partial(may_find, needle) if needle else None

        def ahead(sources: Sequence[Source]) -> Ahead[T]:
            return Ahead(self._normaliser, sources, self._learnt, taken, wanted)

        by_turns = ByTurns(ahead, self.sources, of_source)
        return [by_turns.of(source) for source in self.sources]

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
        if source in self._undecided:  # it is read anew
            return
        self._undecided.add(source)
        self.session.error(SourceError(f"{source.name}: the pattern took too long on {counted(number, 'line')}"))

    def finished(self, found: int) -> None:
        """Prints the coverage line; where nothing was found, it says what there is."""
        self.progress.clear()
        query = self.asked
        if self._sought:
            self.coverage.notes.append(f"{counted(self._sought, 'source')} read only there, as the times in it rise")
        if is_ahead(self.coverage.last, self.session.now) or (not found and (query.since or query.until)):
            tell_local(self.session, self.sources)
        if not found and (query.since or query.until):
            self.coverage.notes += span_told(self.asked, self.session, *self._span())
        if not found:
            self.coverage.notes += unseen(self.asked, self._seen.__getitem__)
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

    def _keep(self, picked: Picked, sources: Sequence[Source], *, all: bool = False) -> None:
        """Drops what does not fulfil the conditions, and notes where all of it comes from. `all`: it is kept, as not found."""
        for column in origins(self.asked):
            self._seen[column] |= picked.names(column)
        names = {source.name for source in sources}
        self._begun |= names
        self.progress.tell(f"reading source {len(self._begun):,} of {len(self.sources):,}")
        if attributes(self.asked) and not names <= self._sampled:
            self._sampled |= names
            self._seen["field"] |= picked.fields()
        picked.keep(self._conditions, attributes=self.asked.needs_attributes, all=all)

    def rows(self, picked: Iterable[Picked], source: Source, *, all: bool = False) -> Iterator[Row]:
        """The rows of blocks, filtered, or `all` of them. An error of the source is told, and ends it."""
        try:
            for one in picked:
                self._keep(one, [source], all=all)
                yield from one.rows(json=self._json)
        except SourceError as why:
            self.progress.clear()
            self.session.error(why)

    def texts(self, source: Source) -> Iterator[str]:
        """The same as JSON lines alone."""
        known = self._texts_ahead.of(source)
        try:
            for one in self.whole(source) if known is None else ():
                self._keep(one, [source])
                yield from one.json_lines()
        except SourceError as why:
            self.progress.clear()
            self.session.error(why)
        yield from known or ()

    def _texts(self, picked: Picked, sources: Sequence[Source]) -> Iterator[tuple[Source, str]]:
        self._keep(picked, sources)
        return zip((sources[place] for place in picked.places()), picked.json_lines(), strict=True)
