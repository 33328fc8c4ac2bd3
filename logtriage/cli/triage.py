"""`logtriage triage [SOURCE…]`: when it began, who is to be suspected, and why."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from logtriage.cli.options import Parser, add_display, add_general, add_reading
from logtriage.cli.session import Session
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.store.store import Store
    from logtriage.triage.scope import Span
    from logtriage.triage.triage import Asked, Triage

EXAMPLES = """\
  logtriage triage                                     the last day of the store: when did it begin, and where?
  logtriage triage --at 03:02 /var/log/app             it began at 03:02; the time before is the baseline
  logtriage triage --baseline good/ --at 03:02 bad/    compared with other logs
  logtriage triage --baseline 01:00..02:00 --output json
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "triage", "Ranks who is to be suspected of an incident, with the evidence. It never claims a cause.", EXAMPLES
    )
    made.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="logs; the store is brought up to date with them. None: all of the store",
    )
    add_asking(made)
    made.add_argument(
        "--output",
        choices=("text", "json"),
        default="text",
        metavar="KIND",
        help="text (one screen) or json (one object)",
    )
    made.add_argument("--json", action="store_const", const="json", dest="output", help="the same as --output json")
    made.add_argument(
        "--color",
        "--colour",
        choices=("auto", "always", "never"),
        default="auto",
        metavar="WHEN",
        help="auto, always or never",
    )
    add_reading(made)
    add_display(made)
    add_general(made)
    return made


def add_asking(made: Parser) -> None:
    """What is compared with what."""
    group = made.add_argument_group("what is compared")
    group.add_argument("--at", metavar="WHEN", help="when it began (else the onset is looked for)")
    group.add_argument("--since", metavar="WHEN", help="from when on to look (else: a day before)")
    group.add_argument("--until", metavar="WHEN", help="up to when (else: to the end, or two hours after --at)")
    group.add_argument(
        "--baseline",
        metavar="SOURCE|FROM..TO",
        action="append",
        help="what was good: logs, or a window (else: the time before it began)",
    )
    group.add_argument("--no-store", action="store_true", help="read the sources into a store that is thrown away")


def run(argv: list[str]) -> int:
    """Exit code 0 where there is any evidence, 1 where there is none, 2 for an error."""
    session = Session.of(parser().parse_intermixed_args(argv))
    from logtriage.output import use_colour
    from logtriage.triage import told

    args = session.args
    answer = answered(session)
    if args.output == "json":
        print(json.dumps(answer.plain(), ensure_ascii=False))
    else:
        width = shutil.get_terminal_size((120, 40)).columns if sys.stdout.isatty() else 200
        for line in told.lines(answer, session.zone, width, use_colour(args.color), store_option(session)):
            print(line)
    return 2 if session.errors else 0 if answer.culprits else 1


def answered(session: Session) -> Triage:
    """Brings the store up to date with the sources and the baseline, and asks it."""
    from logtriage.cli.opened import opened
    from logtriage.triage.triage import triage

    windows, names = _baselines(session)
    _look_for(names)
    with opened(session, [*session.args.sources, *names]) as (store, parts):
        wanted = _asked(session, store, parts, windows, names)
        _require_baseline(store, wanted, "..".join(windows[0]) if windows else " ".join(names))
        return triage(store, wanted)


def store_option(session: Session) -> str:
    """How a command names the store of this session: nothing where it is the usual one."""
    from logtriage.store.store import default_path

    usual = session.config.store or default_path()
    return "" if session.store_path == usual else f" --store {shlex.quote(str(session.store_path))}"


def _baselines(session: Session) -> tuple[list[tuple[str, str]], list[str]]:
    """The windows and the sources that --baseline names. Raises UsageError where there are several windows."""
    given = session.args.baseline or []
    windows = [text.split("..") for text in given if ".." in text and not os.path.lexists(text)]
    windows = [pair for pair in windows if len(pair) == 2 and all(pair)]
    names = [text for text in given if text.split("..") not in windows]
    if len(windows) > 1 or (windows and names):
        raise UsageError("triage: give one window or any number of sources as the baseline")
    return [(first, last) for first, last in windows], names


def _look_for(names: list[str]) -> None:
    """Raises SourceError or UsageError where a baseline is no log: the answer would be compared with something else."""
    from logtriage.sources.find import find

    for name in names:
        found = find([name])
        if not found.sources:
            why = found.errors[0] if found.errors else UsageError(f"{name}: no logs are in it")
            raise UsageError(f"triage: the baseline {why.message}", why.hint)


def _require_baseline(store: Store, asked: Asked, told: str) -> None:
    """Raises UsageError where the baseline that was asked for (`told`; empty: none was) holds no record."""
    span = asked.baseline
    parts = asked.parts if span else asked.baseline_parts
    wanted = ["($1::INTEGER[] IS NULL OR list_contains($1::INTEGER[], part))"]
    wanted += ["minute >= date_trunc('minute', $2::TIMESTAMP) AND minute < $3"] if span else []
    given = [None if parts is None else list(parts), *((span.since, span.until) if span else ())]
    held = store.con.execute(f"SELECT sum(records) FROM lake.activity WHERE {' AND '.join(wanted)}", given).fetchall()
    if told and not held[0][0]:
        raise UsageError(f"triage: the baseline {told} holds no record", "name logs or a time in which all was well")


def _asked(
    session: Session, store: Store, parts: tuple[int, ...] | None, windows: list[tuple[str, str]], names: list[str]
) -> Asked:
    from logtriage.sources.find import find
    from logtriage.stamps.when import parse_when
    from logtriage.triage.scope import Span
    from logtriage.triage.triage import Asked

    ends = store.con.execute("SELECT min(minute), max(minute) FROM lake.activity WHERE records > 0").fetchall()[0]
    first, last = (moment.replace(tzinfo=UTC) if moment else None for moment in ends)

    def moment(text: str | None) -> datetime | None:
        if not text:
            return None
        now = session.fixed_now or last or session.now
        return parse_when(text, now=now, zone=session.zone, start=first, end=last).replace(tzinfo=None)

    others: tuple[int, ...] = ()
    if names and parts is not None:
        good = {source.name for source in find(names).sources}
        numbers = dict(store.con.execute("SELECT part, source FROM lake.parts").fetchall())
        others = tuple(part for part in parts if numbers[part] in good)
    span: Span | None = None
    for text in windows:
        begin, end = (moment(one) for one in text)
        if begin is None or end is None or begin >= end:
            raise UsageError(f"triage: the baseline {'..'.join(text)} is empty")
        span = Span(begin, end)
    mine = None if not session.args.sources else tuple(part for part in parts or () if part not in others)
    args = session.args
    asked = Asked(moment(args.at), moment(args.since), moment(args.until), mine, others, span)
    if asked.since and asked.until and asked.since >= asked.until:
        raise UsageError("triage: the window ends before it begins", "swap --since and --until")
    return asked
