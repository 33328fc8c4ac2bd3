"""grep and cat over files where fields are needed: filters, JSON lines, several sources on one timeline."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from logtriage.cli.asking import Asked, asked, span_told, window_told
from logtriage.cli.lines_out import Out
from logtriage.cli.options import WITH_FIELDS
from logtriage.cli.rows_out import RowsOut, Shown, Timeline, short_names, width_of
from logtriage.cli.session import Session
from logtriage.cli.straight import in_full
from logtriage.coverage import Coverage
from logtriage.errors import SourceError
from logtriage.normalise import Normaliser
from logtriage.output import as_logfmt, use_colour
from logtriage.store.store import connect
from logtriage.stream.learnt import SAMPLE, Learnt
from logtriage.stream.picked import Picked, Reader, Row, pieces_in_windows
from logtriage.stream.timeline import amid, in_time, marked, up_to

if TYPE_CHECKING:
    from datetime import datetime

    from logtriage.needles.needle import Needle
    from logtriage.sources.find import Source

_WHOLE, _BLOCK, _SMALL = (32 << 20) - (64 << 10), 4 << 20, 1 << 20  # bytes of a block: alone, of few sources, of many


class Search:
    """The records of some sources that fulfil what was asked, each source a stream of rows."""

    def __init__(self, session: Session, asked: Asked, sources: list[Source], *, json: bool, in_order: bool) -> None:
        self.session = session
        self.asked = asked
        self.sources = sources
        self.coverage = Coverage(len(sources), 0, None, notes=window_told(asked, session))
        self._json = json
        self._in_order = in_order  # one source after the other
        self._normaliser = Normaliser(connect(), session.settings())
        self._conditions = asked.conditions()
        self._learnt: Learnt | None = None
        if json or session.args.output in WITH_FIELDS or asked.query.templates:
            self._learnt = Learnt(self._normaliser)
            if not self._is_one_block:
                self._learnt.sample(sources)

    @property
    def _is_one_block(self) -> bool:
        """Whether all that is read is one block that tells as much as a sample would."""
        if not self._in_order or len(self.sources) > 1 or self.asked.query.since or self.asked.query.until:
            return False
        path = self.sources[0].path
        return path is None or not path.is_file() or path.stat().st_size <= SAMPLE

    def whole(self, source: Source) -> Iterator[Picked]:
        """All records of a source, block by block."""
        from logtriage.stream.seek import bounds

        size = _WHOLE if len(self.sources) == 1 or self._in_order else _BLOCK if len(self.sources) <= 4 else _SMALL
        reader = Reader(self._normaliser, source, self._learnt)
        query = self.asked.query
        start, end, line = bounds(
            source, reader.grammar, self._normaliser.settings.reference(source), query.since, query.until
        )
        yield from reader.whole(size, offset=start, end=end, line=line)

    def hits(self, source: Source, needle: Needle, before: int, after: int, most: int | None) -> Iterator[Picked]:
        """The records around the lines that the needle selects, in growing batches."""
        from logtriage.formats.starts import Starts
        from logtriage.stream.seek import bounds
        from logtriage.stream.stream import Stream, Wanted

        reader = Reader(self._normaliser, source, self._learnt)
        query = self.asked.query
        start, end, line = bounds(
            source, reader.grammar, self._normaliser.settings.reference(source), query.since, query.until
        )
        stream = Stream(
            source,
            Wanted(needle, before, after, None if self._conditions else most, True),
            lambda: Starts(reader.grammar),
        )
        stream.first_line = line
        first = 4 if len(self.sources) == 1 else 256
        records = (record._replace(start=stream.place_of(record)) for record in stream.records(start, end))
        for batch in pieces_in_windows(records, first):
            yield reader.some(batch)
        if stream.undecided:
            self.session.error(
                SourceError(f"{source.name}: the pattern took too long on {len(stream.undecided)} lines")
            )

    def finished(self, found: int) -> None:
        """Prints the coverage line; where nothing was found in the window asked for, it says what there is."""
        query = self.asked.query
        if not found and (query.since or query.until):
            self.coverage.notes += span_told(self.asked, self.session, *self._span())
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

    def rows(self, picked: Iterable[Picked], source: Source) -> Iterator[Row]:
        """The rows of blocks, filtered. An error of the source is told, and ends it."""
        try:
            for one in picked:
                one.keep(self._conditions, attributes=self.asked.query.needs_attributes)
                yield from one.rows(json=self._json)
        except SourceError as why:
            self.session.error(why)

    def texts(self, picked: Iterable[Picked], source: Source) -> Iterator[str]:
        """The same as JSON lines alone."""
        try:
            for one in picked:
                one.keep(self._conditions, attributes=self.asked.query.needs_attributes)
                yield from one.json_lines()
        except SourceError as why:
            self.session.error(why)


def cat(session: Session, sources: list[Source]) -> int:
    """Prints all records that fulfil the filters."""
    args = session.args
    if args.follow:
        from logtriage.cli.following import follow_out

        return follow_out(session, sources, None)
    search = Search(session, asked(session), sources, json=False, in_order=args.output != "text")
    out = Out(args.line_buffered)
    coverage = search.coverage
    with in_full(session, lambda: search.finished(coverage.records or 0)):
        if args.output in WITH_FIELDS:
            for source in sources:
                for text in search.texts(search.whole(source), source):
                    if coverage.records == args.max_count:
                        break
                    out.write((as_logfmt(text) if args.output == "logfmt" else text).encode() + b"\n")
                    coverage.records = (coverage.records or 0) + 1
        else:
            printer = RowsOut(_timeline(session, sources), None, out)
            streams = [search.rows(search.whole(source), source) for source in sources]
            for row in in_time(streams) if args.output == "text" else (row for stream in streams for row in stream):
                if coverage.records == args.max_count:
                    break
                _count(coverage, row)
                printer.show(shown(row, printer.look.names))
    return 2 if session.errors else 0 if coverage.records else 1


def grep(session: Session, needle: Needle, sources: list[Source]) -> int:
    """Prints the records that match and fulfil the filters, or counts them, or names their sources."""
    from logtriage.cli.grep import context, exit_code

    args = session.args
    if args.follow:
        from logtriage.cli.following import follow_out

        return follow_out(session, sources, needle)
    wants = asked(session)
    only_told = args.quiet or args.count or args.files_with_matches
    before, after = (0, 0) if only_told or args.only_matching else context(args)
    search = Search(session, wants, sources, json=args.output in WITH_FIELDS, in_order=False)
    out = Out(args.line_buffered or sys.stdout.isatty())
    coverage = search.coverage
    coverage.records, coverage.hits = None, 0
    counts = dict.fromkeys((source.name for source in sources), 0)
    with in_full(session, lambda: None if args.quiet else search.finished(coverage.hits or 0)):
        if args.across:
            streams = [marked(search.rows(search.whole(source), source), needle) for source in sources]
            rows = amid(in_time(streams), before, after)
        else:
            everything = needle.matches_all and not needle.invert and not before and not after
            streams = []
            for source in sources:
                picked = (
                    search.whole(source) if everything else search.hits(source, needle, before, after, args.max_count)
                )
                streams.append(up_to(search.rows(picked, source), args.max_count))
            rows = iter(in_time(streams))
        printer = None if only_told else RowsOut(_timeline(session, sources, gaps=bool(before or after)), needle, out)
        for row in rows:
            if row is None:
                if printer:
                    printer.gap()
                continue
            counts[row.source.name] += row.found
            coverage.hits += row.found
            _count(coverage, row)
            if args.quiet and row.found:
                break
            if printer:
                printer.show(shown(row, printer.look.names))
        if args.count or args.files_with_matches:
            _tell_counts(session, counts, out)
    return exit_code(session, coverage.hits or 0)


def shown(row: Row, names: dict[str, str]) -> Shown:
    """A row for the timeline."""
    return Shown(
        row.timestamp,
        names.get(row.source.name, row.source.name),
        row.line,
        row.level,
        row.body,
        row.text,
        row.raw,
        row.found,
        row.json,
    )


def _timeline(session: Session, sources: list[Source], *, gaps: bool = False) -> Timeline:
    args = session.args
    names = short_names([source.name for source in sources]) if args.output == "text" else {}
    colour = args.output == "text" and use_colour(args.color)
    return Timeline(
        args.output, session.zone, width_of(list(names.values())), names, colour, sys.stdout.isatty(),
        args.line_number, gaps, getattr(args, "only_matching", False),
    )  # fmt: skip


def _count(coverage: Coverage, row: Row) -> None:
    if coverage.records is not None:
        coverage.records += 1
    coverage.plain += row.plain
    coverage.seen(row.timestamp, row.timestamp)


def _tell_counts(session: Session, counts: dict[str, int], out: Out) -> None:
    from logtriage.cli.straight import summary

    args = session.args
    names = args.with_filename or (len(counts) > 1 and not args.no_filename)
    for name, found in counts.items():
        if found:
            out.write(summary(name, found, names, args.null, args.count).encode("utf-8", "surrogateescape"))


def finished(session: Session, coverage: Coverage) -> None:
    """Prints the coverage line."""
    coverage.skipped, coverage.errors = session.skipped, len(session.errors)
    session.say(coverage.line(session.zone))
