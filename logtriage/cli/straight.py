"""grep through files as they are: one source after the other, without a database."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from logtriage.cli.ending import in_full
from logtriage.cli.grep_args import context, covered, exit_code, most, summary, with_names
from logtriage.cli.lines_out import LinesOut, Look, Out
from logtriage.cli.session import Session
from logtriage.coverage import counted
from logtriage.errors import SourceError
from logtriage.output import use_colour
from logtriage.stream.stream import Stream, Wanted

if TYPE_CHECKING:
    import argparse

    from logtriage.formats.claims import Claims
    from logtriage.formats.format import Format
    from logtriage.formats.starts import Starts
    from logtriage.needles.needle import Needle
    from logtriage.sources.find import Source


def grep(session: Session, needle: Needle, sources: list[Source]) -> int:
    """Prints what is found in each source, or counts or names."""
    args = session.args
    only_one = args.quiet or (args.files_with_matches and not args.count)
    only_told = only_one or args.count
    before, after = (0, 0) if only_told or args.only_matching else context(args)
    look = _look(args, len(sources) > 1, gaps=bool(before or after))
    wanted = Wanted(needle, before, after, most(args, only_one), look.numbers)
    out = Out(look.at_once)
    printer = LinesOut(look, out)
    starts = new_starts(session)
    hits = 0
    with in_full(session, lambda: covered(session, len(sources), hits)):
        for source in sources:
            found = 0
            stream = Stream(source, wanted, starts)
            with told(session, stream):
                for record in stream.records():
                    found += record.found
                    if not only_told:
                        printer.show(stream, record)
            hits += found
            if found and args.quiet:
                break
            if found and only_told:
                line = summary(source.name, found, with_names(args, len(sources) > 1), args.null, args.count)
                out.write(line.encode("utf-8", "surrogateescape"))
    return exit_code(session, hits)


def _look(args: argparse.Namespace, several: bool, *, gaps: bool) -> Look:
    """How lines are printed, as the arguments and the terminal want it."""
    terminal = sys.stdout.isatty()
    return Look(
        names=with_names(args, several and args.output == "text"),
        numbers=args.line_number and not args.no_line_number,
        only_matching=args.only_matching,
        null=args.null,
        gaps=gaps,
        colour=args.output == "text" and use_colour(args.color),
        terminal=terminal,
        at_once=terminal or args.line_buffered,
        raw=args.output == "raw",
    )


@contextlib.contextmanager
def told(session: Session, stream: Stream) -> Iterator[None]:
    """Errors of one source are told, and do not end the command."""
    try:
        yield
    except SourceError as why:
        session.error(why)
    session.cut += [stream.source.name] * len(stream.cut)
    if stream.undecided:
        session.error(
            SourceError(f"{stream.source.name}: the pattern took too long on {counted(len(stream.undecided), 'line')}")
        )


def new_starts(session: Session) -> Callable[[], Starts]:
    """What gives, for each source, what is known of where records begin before the first line."""

    @functools.cache
    def known() -> tuple[Sequence[Format], Claims]:
        from logtriage.formats.claims import Claims

        formats = session.formats()
        return formats, Claims(formats)

    def new() -> Starts:
        from logtriage.formats.detect import Grammar
        from logtriage.formats.starts import Starts

        (formats, claims), args = known(), session.args
        zone = args.assume_tz or session.config.assume_tz
        return Starts(Grammar(formats, zone=zone, forced=args.format, claims=claims))

    return new
