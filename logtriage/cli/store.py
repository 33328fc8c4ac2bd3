"""`logtriage store info|compact|prune|check`: looking after the store."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from logtriage.cli.options import Parser, add_display, add_general
from logtriage.cli.session import Session
from logtriage.coverage import Coverage, counted
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.store.upkeep import Space

EXAMPLES = """\
  logtriage store info                            what is in it, and how large it is
  logtriage store compact                         fewer and larger files, after much following
  logtriage store prune --older-than 30d --max-size 10GB
  logtriage store check                           is every byte there? 0: yes, 2: no
"""
_UNITS = {"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9, "t": 10**12,
          "tb": 10**12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}  # fmt: skip


def parser() -> Parser:
    """The command's arguments."""
    made = Parser("store", "Looks after the store.", EXAMPLES)
    made.add_argument(
        "action", choices=("info", "compact", "prune", "check"), metavar="ACTION", help="info, compact, prune or check"
    )
    made.add_argument("--older-than", metavar="SPAN", help="prune: remove what is older, e.g. 30d")
    made.add_argument(
        "--max-size", metavar="SIZE", help="prune: remove the oldest days until it is no larger, e.g. 10GB"
    )
    made.add_argument("--no-compare", action="store_true", help="check: do not compare with the files")
    add_display(made)
    add_general(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 2 where `check` found a fault."""
    from logtriage.store.place import require

    session = Session.of(parser().parse_intermixed_args(argv))
    require(session.store_path)  # none is made to be looked after
    action = {"info": _info, "compact": _compact, "prune": _prune, "check": _check}[session.args.action]
    return action(session)


def _info(session: Session) -> int:
    from logtriage.answers.standing import not_understood, sources
    from logtriage.output import harmless, shown_time, table
    from logtriage.store.snapshot import Snapshot
    from logtriage.store.store import Store
    from logtriage.store.upkeep import size_of, tables

    with Store(session.store_path) as store, Snapshot(store) as snapshot:
        size, files = size_of(store)
        print(f"store    {harmless(str(store.path))}")
        print(f"size     {shown_size(size)} in {counted(files, 'file')}")
        for name, count, taken in tables(store):
            if taken:
                print(f"  {name:<12}{shown_size(taken):>10} in {counted(count, 'file')}")
        rows = sources(snapshot)
        shown = [
            (name, n, at, *(shown_time(t, session.zone).strip()[:19] for t in (first, last)), formats)
            for name, n, at, first, last, formats in rows
        ]
        print()
        print(
            table(
                ("source", "records", "bytes", "first", "last", "formats"), shown, 60 if sys.stdout.isatty() else 4096
            )
        )
        coverage = Coverage(len(rows), sum(row[1] for row in rows), plain=not_understood(snapshot))
        for row in rows:
            coverage.seen(row[3], row[4])
        session.say(coverage.line(session.zone))
    return 0


def _compact(session: Session) -> int:
    from logtriage.store.store import Store
    from logtriage.store.upkeep import compact

    with Store(session.store_path, write=True) as store:
        on_terminal = sys.stderr.isatty() and not session.quiet
        space = compact(
            store,
            (lambda what: print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True))
            if on_terminal
            else (lambda what: None),
        )
        if on_terminal:
            print("\r\x1b[K", end="", file=sys.stderr)
    session.say(_told(space))
    return 0


def _prune(session: Session) -> int:
    from logtriage.stamps.span import parse_duration
    from logtriage.store.store import Store
    from logtriage.store.upkeep import prune

    args = session.args
    if not args.older_than and not args.max_size:
        raise UsageError("store prune: of what?", "--older-than 30d, --max-size 10GB, or both")
    span: timedelta | None = parse_duration(args.older_than) if args.older_than else None
    most = parse_size(args.max_size) if args.max_size else None
    with Store(session.store_path, write=True) as store:
        space = prune(store, before=session.now - span if span else None, max_bytes=most)
    session.say(f"{counted(space.records, 'record')} removed; {_told(space)}")
    return 0


def _check(session: Session) -> int:
    from logtriage.store.lock import reading
    from logtriage.store.store import Store
    from logtriage.store.verify import check

    with reading(session.store_path), Store(session.store_path) as store:
        verdict = check(store, compare=not session.args.no_compare)
    for problem in verdict.wrong:
        print(problem)
    told = [
        counted(verdict.parts, "source"),
        counted(verdict.records, "record"),
        f"{verdict.compared:,} compared with their files",
    ]
    if verdict.gone:
        told.append(f"{len(verdict.gone):,} whose files have gone")
    session.say("; ".join(told) + f": {counted(len(verdict.wrong), 'problem')}")
    return 2 if verdict.wrong else 0


def _told(space: Space) -> str:
    return (
        f"{shown_size(space.bytes_before)} in {counted(space.files_before, 'file')} → "
        f"{shown_size(space.bytes_after)} in {counted(space.files_after, 'file')}"
        + (f", {shown_size(freed)} freed" if (freed := space.bytes_before - space.bytes_after) > 0 else "")
    )


def parse_size(text: str) -> int:
    """`10GB`, `500 MiB` → bytes. Raises UsageError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    if not match or match[2].lower() not in _UNITS:
        raise UsageError(f"{text!r} is no size", "a size is written as 500MB, 10GB or 2GiB")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def shown_size(size: int) -> str:
    """`1.2 MB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
