"""`logtriage templates [SOURCE…]` and `logtriage templates show ID`: what the logs say, how often, and what is new."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.options import BROUGHT_IN, CLOCK, Parser, add_output, add_sources, add_usual, number
from logtriage.cli.session import Session
from logtriage.cli.templates_out import SHORT, json_line, print_list, show
from logtriage.cli.times import Typed
from logtriage.coverage import counted
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.answers.templates import Seen
    from logtriage.query.query import Query
    from logtriage.store.snapshot import Snapshot
    from logtriage.store.store import Store

EXAMPLES = """\
  logtriage templates                                the store's templates, the most frequent first
  logtriage templates --rare app.log                 what is said once, at the top
  logtriage templates --new 1h                       first seen within the last hour
  logtriage templates --gone 1h                      said before, and silent for an hour
  logtriage templates --bursting --since today
  logtriage templates --diff good/ bad/              what two logs differ in; windows: 01:00..02:00 02:00..03:00
  logtriage templates show 3fa9c1                    one of them: its values, and what they do
  logtriage grep --template 3fa9c1 ''                its records
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "templates", "What the logs say, without the values in it: how often, since when, where.\n"
        "Exit code: 0 there are such templates, or differences, 1 there are none, 2 an error.", EXAMPLES,
    )  # fmt: skip
    add_sources(made, help=BROUGHT_IN + "; `show ID`: one template")
    which = made.add_mutually_exclusive_group()
    which.add_argument("--top", action="store_true", help="the most frequent first (the default)")
    which.add_argument("--rare", action="store_true", help="the rarest first")
    which.add_argument(
        "--new",
        "--new-since",
        metavar="WHEN",
        help=f"first seen since then: 1h (before the logs' end), 14:05 ({CLOCK}), 2026-11-22T14:05Z",
    )
    which.add_argument("--gone", "--gone-since", metavar="WHEN", help="seen before, and not since then")
    which.add_argument("--bursting", action="store_true", help="much more frequent in one stretch than in the others")
    which.add_argument(
        "--diff", nargs=2, metavar=("A", "B"), help="what differs between two windows (FROM..TO), logs or stores"
    )
    made.add_argument(
        "-m", "--max-count", metavar="N", type=number, default=50, help="at most N templates (default 50)"
    )
    made.add_argument("--since", metavar="WHEN", help="records from then on")
    made.add_argument("--until", metavar="WHEN", help="records up to then")
    made.add_argument("--exemplars", action="store_true", help="one record of each, below it")
    add_output(made, ("text", "jsonl", "csv"))
    made.add_argument("--no-store", action="store_true", help="read the logs into a store that is thrown away")
    add_usual(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 1 where there is no such template, or no difference; 2 for an error."""
    session = Session.of(parser().parse_intermixed_args(argv))
    args = session.args
    if args.sources[:1] == ["show"] and not os.path.lexists("show"):
        return show(session, args.sources[1:])
    if args.diff:
        return _diff(session)
    from logtriage.cli.ending import finished
    from logtriage.cli.filters import window_told
    from logtriage.cli.open_store import coverage_of, opened
    from logtriage.store.snapshot import Snapshot

    with opened(session, list(args.sources)) as (store, parts), Snapshot(store) as snapshot:
        query = _query(session, store, parts)
        found, told = _chosen(session, snapshot, query, store)
        shown = found[: args.max_count]
        print_list(session, snapshot, query, shown)
        coverage = coverage_of(snapshot, parts)
    left = f", {len(found) - len(shown):,} not shown (-m N)" if shown != found else ""
    coverage.notes += [*window_told(query, session), counted(len(found), "template") + left + told]
    finished(session, coverage)
    return 2 if session.errors else 0 if found else 1


def _query(session: Session, store: Store, parts: tuple[int, ...] | None) -> Query:
    from logtriage.query.query import Query

    since, until = _typed(session, store, parts).window(session.args.since, session.args.until)
    return Query(since=since, until=until, parts=parts)


def _typed(session: Session, store: Store, parts: tuple[int, ...] | None) -> Typed:
    from logtriage.answers.lanes import ends

    return Typed(session, partial(ends, store, parts), from_end=True)


def _chosen(session: Session, snapshot: Snapshot, query: Query, store: Store) -> tuple[list[Seen], str]:
    from logtriage.answers.templates import gone, seen
    from logtriage.query.condition import stored
    from logtriage.stamps.when import shown
    from logtriage.store.mined import UNMINED_ID

    args = session.args
    since = _typed(session, store, query.parts).moment(args.new or args.gone)
    if since:
        _tell_if_before(session, snapshot, since)
    if since and args.gone:
        return gone(snapshot, query, since), f" gone since {shown(since, session.zone)}"
    every = seen(snapshot, query)
    unmined = sum(one.records for one in every if one.template == UNMINED_ID)
    told = f"; {counted(unmined, 'record')} with too many different texts to be mined" if unmined else ""
    if since:
        moment = stored(since).replace(second=0, microsecond=0)
        new = [one for one in every if one.first_seen and one.first_seen >= moment]
        new.sort(key=lambda one: (one.first_seen or moment, one.text))
        return new, f" new since {shown(since, session.zone)}{told}"
    if args.bursting:
        return sorted((one for one in every if one.is_bursting), key=lambda one: -one.burst), f" bursting{told}"
    return (every[::-1] if args.rare else every), told


def _tell_if_before(session: Session, snapshot: Snapshot, since: datetime) -> None:
    """Says so where there is nothing before a moment to compare with: all would be new, and nothing gone."""
    from logtriage.answers.lanes import ends
    from logtriage.stamps.when import shown

    first, last = ends(snapshot)
    if first and last and since <= first:
        minutes = (last - first) // timedelta(minutes=4)
        option = "--new" if session.args.new else "--gone"
        near = f": {option} {minutes}m compares their last quarter with the rest" if minutes else ""
        what = "all they say is new" if session.args.new else "nothing can be gone"
        session.say(f"the logs begin at {shown(first, session.zone)}, not before that time, so {what}{near}")


def _diff(session: Session) -> int:
    from logtriage.answers.templates import difference
    from logtriage.output import csv_row, table

    args = session.args
    with ExitStack() as stack:
        before, after = (_side(session, stack, text) for text in args.diff)
        every = difference([before], [after])
    for text, records in zip(
        args.diff, (sum(one.before for one in every), sum(one.after for one in every)), strict=True
    ):
        if not records:  # all would be new, or gone
            raise UsageError(f"templates: {text} holds no record to compare with", "name logs or times that have some")
    found = [one for one in every if one.kind in ("new", "gone") or abs(one.score) >= 4]
    shown = found[: args.max_count]
    if args.output == "text" and shown:
        rows = [(one.kind, one.before, one.after, one.template[:SHORT], one.text) for one in shown]
        print(table(("", "A", "B", "template", "text"), rows, 160))
    elif args.output == "csv":
        print("\n".join(csv_row((one.kind, one.before, one.after, one.template, one.text)) for one in shown))
    elif args.output == "jsonl":
        for one in shown:
            print(json_line({"kind": one.kind, **asdict(one)}))
    same = len(every) - len(found)
    told = ", ".join(f"{sum(one.kind == kind for one in found):,} {kind}" for kind in ("new", "gone", "more", "less"))
    session.say(
        f"{told}; {same:,} as before" + (f"; {len(found) - len(shown):,} not shown (-m N)" if shown != found else "")
    )
    return 2 if session.errors else 0 if found else 1


def _side(session: Session, stack: ExitStack, text: str) -> tuple[Snapshot, Query]:
    """A window of the sources named, a store of its own, or logs."""
    from logtriage.cli.open_store import opened
    from logtriage.query.query import Query
    from logtriage.store.place import is_store
    from logtriage.store.snapshot import Snapshot
    from logtriage.store.store import Store

    if is_store(Path(text)):
        return stack.enter_context(Snapshot(stack.enter_context(Store(Path(text))))), Query()
    window = text.split("..") if not os.path.lexists(text) else []
    if len(window) == 2 and all(window):
        store, parts = stack.enter_context(opened(session, list(session.args.sources)))
        since, until = _typed(session, store, parts).window(*window)
        until = until - timedelta(microseconds=1) if until else None  # windows that adjoin share no minute
        return stack.enter_context(Snapshot(store)), Query(since=since, until=until, parts=parts)
    if not os.path.lexists(text) and is_store(session.store_path):
        store = stack.enter_context(Store(session.store_path))
        return stack.enter_context(Snapshot(store)), Query(parts=_named(store, text))
    store, parts = stack.enter_context(opened(session, [text]))
    return stack.enter_context(Snapshot(store)), Query(parts=parts)


def _named(store: Store, name: str) -> tuple[int, ...]:
    from logtriage.answers.standing import parts_named
    from logtriage.store.catalog import load

    if found := parts_named(load(store.con).parts, name):
        return found
    raise UsageError(
        f"{name}: no such file, store or source", "a window is FROM..TO; `logtriage store info` names sources"
    )
