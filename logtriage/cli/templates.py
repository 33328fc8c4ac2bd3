"""`logtriage templates [SOURCE…]` and `logtriage templates show ID`: what the logs say, how often, and what is new."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logtriage.cli.options import Parser, add_display, add_general, add_reading
from logtriage.cli.session import Session
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.query.query import Query
    from logtriage.query.templates import Seen
    from logtriage.store.store import Store
    from logtriage.store.views import Snapshot

EXAMPLES = """\
  logtriage templates                                the store's templates, the most frequent first
  logtriage templates --rare app.log                 what is said once, at the top
  logtriage templates --new 1h                       never seen before on these systems, until an hour ago
  logtriage templates --gone 1h                      said before, and silent for an hour
  logtriage templates --bursting --since today
  logtriage templates --diff good/ bad/              what two logs differ in; windows: 01:00..02:00 02:00..03:00
  logtriage templates show 3fa9c1                    one of them: its values, and what they do
  logtriage grep --template 3fa9c1 ''                its records
"""
_BARS = "▁▂▃▄▅▆▇█"
_SHORT = 8  # letters of an id that are shown


def parser() -> Parser:
    """The command's arguments."""
    made = Parser("templates", "What the logs say, without the values in it: how often, since when, where.", EXAMPLES)
    made.add_argument(
        "sources", nargs="*", metavar="SOURCE",
        help="logs; the store is brought up to date with them. None: all of the store. `show ID`: one template",
    )  # fmt: skip
    which = made.add_mutually_exclusive_group()
    which.add_argument("--top", action="store_true", help="the most frequent first (as without it)")
    which.add_argument("--rare", action="store_true", help="the rarest first")
    which.add_argument("--new", "--new-since", metavar="WHEN", help="first seen since then")
    which.add_argument("--gone", "--gone-since", metavar="WHEN", help="seen before, and not since then")
    which.add_argument("--bursting", action="store_true", help="much more frequent in one stretch than in the others")
    which.add_argument(
        "--diff", nargs=2, metavar=("A", "B"), help="what differs between two windows (FROM..TO), logs or stores"
    )
    made.add_argument("-m", "--max-count", metavar="N", type=int, default=50, help="N templates at most (default 50)")
    made.add_argument("--since", metavar="WHEN", help="records from then on")
    made.add_argument("--until", metavar="WHEN", help="records up to then")
    made.add_argument("--exemplars", action="store_true", help="one record of each, below it")
    made.add_argument(
        "--output", choices=("text", "jsonl", "csv"), default="text", metavar="KIND", help="text, jsonl or csv"
    )
    made.add_argument("--json", action="store_const", const="jsonl", dest="output", help="the same as --output jsonl")
    made.add_argument("--no-store", action="store_true", help="read the logs into a store that is thrown away")
    add_reading(made)
    add_display(made)
    add_general(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 1 where there is no such template, or no difference; 2 for an error."""
    session = Session.of(parser().parse_intermixed_args(argv))
    args = session.args
    if args.sources[:1] == ["show"] and not os.path.lexists("show"):
        return _show(session, args.sources[1:])
    if args.diff:
        return _diff(session)
    from logtriage.cli.opened import opened
    from logtriage.store.views import Snapshot

    with opened(session, list(args.sources)) as (store, parts), Snapshot(store) as snapshot:
        query = _query(session, store, parts)
        found, told = _chosen(session, snapshot, query, store)
        shown = found[: args.max_count]
        _print(session, snapshot, query, shown)
    session.say(
        f"{len(found):,} templates"
        + (f", {len(found) - len(shown):,} not shown (-m N)" if shown != found else "")
        + told
    )
    return 2 if session.errors else 0 if found else 1


def _query(session: Session, store: Store, parts: tuple[int, ...] | None) -> Query:
    from logtriage.query.query import Query

    args = session.args
    return Query(since=_moment(session, store, args.since), until=_moment(session, store, args.until), parts=parts)


def _moment(session: Session, store: Store, text: str | None) -> datetime | None:
    """A moment; `1h` is counted back from the end of the logs, unless --now says what is now."""
    if not text:
        return None
    from logtriage.stamps.when import parse_when

    ends = store.con.execute("SELECT min(minute), max(minute) FROM lake.activity WHERE records > 0").fetchall()[0]
    first, last = (moment.replace(tzinfo=UTC) if moment else None for moment in ends)
    now = session.fixed_now or (last + timedelta(minutes=1) if last else session.now)  # the last minute's end
    return parse_when(text, now=now, zone=session.zone, start=first, end=last)


def _chosen(session: Session, snapshot: Snapshot, query: Query, store: Store) -> tuple[list[Seen], str]:
    from logtriage.query.query import stored
    from logtriage.query.templates import gone, seen
    from logtriage.store.mined import UNMINED_ID

    args = session.args
    if args.gone:
        since = _moment(session, store, args.gone)
        assert since is not None
        return gone(snapshot, query, since), f" gone since {since:%Y-%m-%d %H:%M} UTC"
    every = seen(snapshot, query)
    unmined = sum(one.records for one in every if one.template == UNMINED_ID)
    told = f"; {unmined:,} records have too many different texts to be mined" if unmined else ""
    if args.new:
        since = _moment(session, store, args.new)
        assert since is not None
        moment = stored(since).replace(second=0, microsecond=0)
        new = [one for one in every if one.first_seen and one.first_seen >= moment]
        return sorted(
            new, key=lambda one: (one.first_seen or moment, one.text)
        ), f" new since {since:%Y-%m-%d %H:%M} UTC{told}"
    if args.bursting:
        return sorted((one for one in every if one.is_bursting), key=lambda one: -one.burst), f" bursting{told}"
    return (every[::-1] if args.rare else every), told


def _print(session: Session, snapshot: Snapshot, query: Query, shown: list[Seen]) -> None:
    from logtriage.output import csv_row, harmless, shown_time, table
    from logtriage.query.templates import exemplar

    args = session.args
    if args.output != "text":
        if args.output == "csv":
            print(csv_row(("template", "records", "sources", "level", "first_seen", "last_seen", "text")))
        for one in shown:
            if args.output == "csv":
                print(
                    csv_row(
                        (one.template, one.records, one.sources, one.level, one.first_seen, one.last_seen, one.text)
                    )
                )
            else:
                print(_json({**asdict(one), "exemplar": exemplar(snapshot, one.template, query)}))
        return
    rows = []
    for one in shown:
        times = [shown_time(moment, session.zone)[:16] for moment in (one.first_seen, one.last_seen)]
        rows.append(
            (
                one.records,
                bars(one.trend),
                one.sources,
                (one.level or "").upper(),
                *times,
                one.template[:_SHORT],
                one.text,
            )
        )
    if not rows:
        return
    lines = table(("records", "trend", "sources", "level", "first", "last", "template", "text"), rows, 160).split("\n")
    print("\n".join(lines[:2]))
    for line, one in zip(lines[2:], shown, strict=True):
        print(line)
        if args.exemplars:
            print("    " + harmless(exemplar(snapshot, one.template, query) or "").replace("\n", "\n    "))


def bars(counts: list[int]) -> str:
    """Counts as a line of small bars."""
    peak = max(counts, default=0)
    return "".join(_BARS[-(-n * (len(_BARS) - 1) // peak)] if n else " " for n in counts) if peak else ""


def _json(told: dict[str, Any]) -> str:
    plain = {key: value.isoformat() + "Z" if isinstance(value, datetime) else value for key, value in told.items()}
    return json.dumps(plain, ensure_ascii=False)


def _diff(session: Session) -> int:
    from logtriage.output import csv_row, table
    from logtriage.query.templates import difference

    args = session.args
    with ExitStack() as stack:
        before, after = (_side(session, stack, text) for text in args.diff)
        every = difference([before], [after])
    found = [one for one in every if one.kind in ("new", "gone") or abs(one.score) >= 4]
    shown = found[: args.max_count]
    if args.output == "text" and shown:
        rows = [(one.kind, one.before, one.after, one.template[:_SHORT], one.text) for one in shown]
        print(table(("", "A", "B", "template", "text"), rows, 160))
    elif args.output == "csv":
        print("\n".join(csv_row((one.kind, one.before, one.after, one.template, one.text)) for one in shown))
    elif args.output == "jsonl":
        for one in shown:
            print(_json({"kind": one.kind, **asdict(one)}))
    same = len(every) - len(found)
    told = ", ".join(f"{sum(one.kind == kind for one in found):,} {kind}" for kind in ("new", "gone", "more", "less"))
    session.say(
        f"{told}; {same:,} as before" + (f"; {len(found) - len(shown):,} not shown (-m N)" if shown != found else "")
    )
    return 2 if session.errors else 0 if found else 1


def _side(session: Session, stack: ExitStack, text: str) -> tuple[Snapshot, Query]:
    """A window of the sources named, a store of its own, or logs."""
    from logtriage.cli.opened import opened
    from logtriage.query.query import Query
    from logtriage.store.store import Store
    from logtriage.store.views import Snapshot

    if (Path(text) / "catalog.sqlite").exists():
        return stack.enter_context(Snapshot(stack.enter_context(Store(Path(text))))), Query()
    window = text.split("..") if not os.path.lexists(text) else []
    if len(window) == 2 and all(window):
        store, parts = stack.enter_context(opened(session, list(session.args.sources)))
        since, until = (_moment(session, store, one) for one in window)
        until = until - timedelta(microseconds=1) if until else None  # windows that adjoin share no minute
        return stack.enter_context(Snapshot(store)), Query(since=since, until=until, parts=parts)
    if not os.path.lexists(text) and (session.store_path / "catalog.sqlite").exists():
        store = stack.enter_context(Store(session.store_path))
        return stack.enter_context(Snapshot(store)), Query(parts=_named(store, text))
    store, parts = stack.enter_context(opened(session, [text]))
    return stack.enter_context(Snapshot(store)), Query(parts=parts)


def _named(store: Store, name: str) -> tuple[int, ...]:
    from fnmatch import fnmatchcase

    rows = store.con.execute('SELECT part, source, "group" FROM lake.parts').fetchall()
    found = tuple(
        part for part, *names in rows if any(fnmatchcase(one, name) or fnmatchcase(one, f"*/{name}") for one in names)
    )
    if not found:
        raise UsageError(
            f"{name}: no such file, store or source", "a window is FROM..TO; `logtriage store info` names sources"
        )
    return found


def _show(session: Session, ids: list[str]) -> int:
    from logtriage.cli.asking import template_ids
    from logtriage.output import harmless, shown_time
    from logtriage.query.values import described
    from logtriage.store.store import Store
    from logtriage.store.views import Snapshot

    if not ids:
        raise UsageError("templates show: which one?", "`logtriage templates` lists them with their ids")
    found = 0
    with Store(session.store_path) as store, Snapshot(store) as snapshot:
        for identity in template_ids(ids):
            for one in described(snapshot, identity):
                found += 1
                seen = one.seen
                if session.args.output == "jsonl":
                    print(
                        _json(
                            {
                                **asdict(seen),
                                "exemplar": one.exemplar,
                                "looked_at": one.looked_at,
                                "places": [asdict(p) for p in one.places],
                            }
                        )
                    )
                    continue
                print(f"{seen.template}  {harmless(seen.text)}")
                times = " to ".join(
                    shown_time(moment, session.zone)[:16] for moment in (seen.first_seen, seen.last_seen)
                )
                print(f"  {seen.records:,} records in {seen.sources:,} sources, {times}  {bars(seen.trend)}")
                print("  " + harmless(one.exemplar or "").replace("\n", "\n  "))
                for k, place in enumerate(one.places, 1):
                    numbers = f"{place.low:g} … {place.middle:g} … {place.high:g}; " if place.low is not None else ""
                    top = ", ".join(f"{value} ({n})" for value, n in place.top)
                    told = "".join(f"; {text}" for text in place.told)
                    print(
                        harmless(
                            f"  {k}. {place.before or '(begin)'}: {numbers}{place.distinct:,} different: {top}{told}"
                        )
                    )
                session.say(
                    f"values of {one.looked_at:,} records; logtriage grep --template {seen.template[:_SHORT]} '' shows them"
                )
    return 0 if found else 1
