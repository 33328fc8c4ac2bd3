"""What grep's arguments mean, and how it ends, wherever it searches: in files or in the store."""

from __future__ import annotations

import argparse

from logtriage.cli.ending import finished
from logtriage.cli.session import Session
from logtriage.coverage import Coverage


def with_names(args: argparse.Namespace, usual: bool) -> bool:
    """Whether sources' names stand in front: as the last of -H and -I says, else as `usual`."""
    return usual if args.with_filename is None else bool(args.with_filename)


def summary(name: str, found: int, names: bool, null: bool, count: bool) -> str:
    """What -c or -l says of a source."""
    if not count:
        return name + ("\0" if null else "\n")
    return (name + ("\0" if null else ":") if names else "") + f"{found}\n"


def is_told(args: argparse.Namespace) -> bool:
    """Whether what is found is only counted or named, not printed."""
    return bool(args.quiet or args.count or args.files_with_matches)


def most(args: argparse.Namespace, only_one: bool) -> int | None:
    """How many records of a source are enough; `only_one`: whether there is one is all that is asked."""
    return args.max_count if not only_one else 1 if args.max_count is None else min(1, args.max_count)


def context(args: argparse.Namespace) -> tuple[int, int]:
    """How many records before and after each."""
    both = args.context or 0
    return (
        both if args.before_context is None else args.before_context,
        both if args.after_context is None else args.after_context,
    )


def exit_code(session: Session, hits: int) -> int:
    """0, 1 or 2: an error wins, except when asked quietly and something was found."""
    if session.errors and not (getattr(session.args, "quiet", False) and hits):
        return 2
    return 0 if hits else 1


def covered(session: Session, sources: int, hits: int) -> None:
    """Prints the coverage line of a search that did not read all fields."""
    if not session.args.quiet:
        finished(session, Coverage(sources, None, hits))
