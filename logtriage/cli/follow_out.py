"""Following logs on the screen: what is written to them is printed as it comes, without a store."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from logtriage.cli.ending import finished
from logtriage.cli.filters import asked
from logtriage.cli.grep_args import context, exit_code, most
from logtriage.cli.lines_out import Out
from logtriage.cli.options import WITH_FIELDS
from logtriage.cli.rows_out import Named, RowsOut, shown, timeline
from logtriage.cli.session import Session
from logtriage.cli.signals import stopped_by_signal
from logtriage.coverage import Coverage, counted
from logtriage.errors import SourceError, UsageError
from logtriage.sources.find import find
from logtriage.sources.follow import Event, follow
from logtriage.sources.read import Block
from logtriage.stream.followed import Followed, batches
from logtriage.stream.picked import Row
from logtriage.stream.timeline import marked

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle
    from logtriage.sources.find import Source


def follow_out(session: Session, sources: list[Source], needle: Needle | None) -> int:
    """Prints the records that match as they come, from the beginning of the logs on. Ends with Ctrl-C, with standard input
    where that is all, or once all sources have given as many as are asked for."""
    from logtriage.normalise import Normaliser
    from logtriage.store.connection import connect
    from logtriage.stream.learnt import Learnt

    args = session.args
    enough, quiet = (_enough(args), args.quiet) if needle else (None, False)
    wants = asked(session, needle)
    normaliser = Normaliser(connect(), session.settings())
    printer = RowsOut(timeline(session, [Named.of(source) for source in sources]), needle, Out(True))
    learnt = Learnt(normaliser) if args.output in WITH_FIELDS or wants.templates else None
    if learnt:
        learnt.sample(sources)
    followed = Followed(normaliser, learnt)
    given = Counter[str]()
    coverage = Coverage(len(sources), None, 0)
    # nothing comes after standard input
    rescan = None if set(args.sources) <= {"-"} else lambda: find(list(args.sources)).sources
    with stopped_by_signal() as stop:
        came = follow(sources, {}, stop=stop, rescan=rescan)
        for batch in (batch for look in came for batch in batches(_blocks(session, look))):
            rows = followed.rows(
                batch, list(wants.conditions()), attributes=wants.needs_attributes, json=args.output in WITH_FIELDS
            )
            for row in _found(session, needle, list(rows)):
                if enough is not None and given[row.source.name] >= enough:
                    continue
                given[row.source.name] += 1
                coverage.seen(row.timestamp, row.timestamp)
                if not quiet:
                    printer.show(shown(row, printer.look.output))
            sys.stdout.flush()
            if (quiet and given) or (enough is not None and all(given[one.name] >= enough for one in sources)):
                break
    coverage.hits = given.total()
    if not quiet:
        finished(session, coverage)
    return 130 if stop.is_set() else exit_code(session, coverage.hits)


def _blocks(session: Session, look: Iterable[Block | Event]) -> Iterator[Block]:
    """What came; what happened to a log is told."""
    for item in look:
        if isinstance(item, Block):
            yield item
        elif item.error:
            session.error(item.error)


def _enough(args: argparse.Namespace) -> int | None:
    """How many records of a source are wanted. Raises UsageError for what cannot be said before the logs end."""
    if args.count or args.files_with_matches or any(context(args)) or args.across:
        raise UsageError("grep: --follow prints records as they come", "leave out -c, -l, -A, -B, -C and --across")
    return most(args, args.quiet)


def _found(session: Session, needle: Needle | None, rows: list[Row]) -> Iterator[Row]:
    """Those of some rows that the needle finds; those that it took too long on are told."""
    undecided: list[Row] = []
    every = marked(iter(rows), needle, undecided) if needle else rows
    yield from (row for row in every if row.found)
    if undecided:
        told = counted(len(undecided), "line")
        session.error(SourceError(f"{undecided[0].source.name}: the pattern took too long on {told}"))
