"""grep and cat over files where fields are needed: filters, JSON lines, several sources on one timeline."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from logtriage.cli.ending import first_or_last, in_full
from logtriage.cli.grep_args import context, exit_code, is_told, most, summary, with_names
from logtriage.cli.lines_out import Out
from logtriage.cli.options import WITH_FIELDS
from logtriage.cli.rows_out import Named, RowsOut, shown, timeline
from logtriage.cli.searching import Search
from logtriage.cli.session import Session
from logtriage.coverage import Coverage
from logtriage.stream.picked import Row
from logtriage.stream.timeline import amid, firsts, groups_in_time, in_time

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle
    from logtriage.sources.find import Source


def cat(session: Session, sources: list[Source]) -> int:
    """Prints all records that fulfil the filters."""
    args = session.args
    if args.follow:
        from logtriage.cli.follow_out import follow_out

        return follow_out(session, sources, None)
    search = Search(session, sources, json=False, in_order=args.output != "text")
    out = Out(args.line_buffered)
    coverage = search.coverage
    with in_full(session, lambda: search.finished(coverage.records or 0)):
        printer = RowsOut(timeline(session, [Named.of(source) for source in sources]), None, out)
        if args.output in WITH_FIELDS:
            texts = (text for source in sources for text in search.texts(source))
            told = first_or_last(args, texts)
            search.progress.clear()
            for text in told:
                printer.tell(text)
                coverage.records = (coverage.records or 0) + 1
        else:
            streams = search.all_rows()
            rows = first_or_last(args, in_time(streams) if args.output == "text" else chain.from_iterable(streams))
            search.progress.clear()
            for row in rows:
                _count(coverage, row)
                printer.show(shown(row, printer.look.output))
    return 2 if session.errors else 0 if coverage.records else 1


def grep(session: Session, needle: Needle, sources: list[Source]) -> int:
    """Prints the records that match and fulfil the filters, or counts them, or names their sources."""
    args = session.args
    if args.follow:
        from logtriage.cli.follow_out import follow_out

        return follow_out(session, sources, needle)
    only_told = is_told(args)
    around = (0, 0) if only_told or args.only_matching else context(args)
    search = Search(session, sources, json=args.output in WITH_FIELDS, in_order=False)
    out = Out(args.line_buffered or sys.stdout.isatty())
    coverage = search.coverage
    coverage.records, coverage.hits = None, 0
    counts = dict.fromkeys((source.name for source in sources), 0)
    enough = most(args, args.quiet or (args.files_with_matches and not args.count))
    with in_full(session, lambda: None if args.quiet else search.finished(coverage.hits or 0)):
        look = timeline(session, [Named.of(source) for source in sources], gaps=any(around))
        printer = None if only_told else RowsOut(look, needle, out)
        for row in _rows(search, needle, around, enough):
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
                printer.show(shown(row, printer.look.output))
        if args.count or args.files_with_matches:
            _tell_counts(session, counts, out)
    return exit_code(session, coverage.hits or 0)


def _rows(search: Search, needle: Needle, around: tuple[int, int], enough: int | None) -> Iterator[Row | None]:
    """What the needle finds, `enough` of each source at most, amid so many before and after each; None where some between
    are left out. In order of time, unless it is only counted or named."""
    args = search.session.args
    if args.across:
        each = search.all_rows(all=True)
        return amid(in_time([firsts(search.marked(one, needle), enough) for one in each]), *around)
    if any(around):
        return groups_in_time(search.groups(needle, *around, enough))
    found = search.found(needle, enough)
    return chain.from_iterable(found) if is_told(args) else in_time(found)


def _count(coverage: Coverage, row: Row) -> None:
    if coverage.records is not None:
        coverage.records += 1
    coverage.plain += row.plain
    coverage.seen(row.timestamp, row.timestamp)


def _tell_counts(session: Session, counts: dict[str, int], out: Out) -> None:
    args = session.args
    names = with_names(args, len(counts) > 1)
    for name, found in counts.items():
        if found:
            out.write(summary(name, found, names, args.null, args.count).encode("utf-8", "surrogateescape"))
