"""`logtriage triage [SOURCE…]`: when it began, whom to suspect, and why."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from logtriage.cli.ending import finished
from logtriage.cli.options import BROUGHT_IN, CLOCK, Parser, add_color, add_output, add_sources, add_usual
from logtriage.cli.session import Session
from logtriage.cli.times import Typed
from logtriage.coverage import Coverage
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.store.snapshot import Snapshot
    from logtriage.triage.as_text import Again
    from logtriage.triage.scope import Span
    from logtriage.triage.triage import Asked, Triage

EXAMPLES = """\
  logtriage triage                                     the last day of the store: when did it begin, and where?
  logtriage triage --at 03:02 /var/log/app             it began at 03:02; the time before is the baseline
  logtriage triage --baseline good/ --at 03:02 bad/    compared with other logs
  logtriage triage --baseline 01:00..02:00 --output json
"""

_LEAST = 40  # lines that the answer may have on a terminal of fewer


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "triage",
        "Ranks the services to suspect of an incident, with the evidence. It never claims a cause.\n"
        "A suspect's score says how unlikely the evidence is by chance, in powers of ten: 1 is one in ten, 3 one in a thousand;\n"
        "the strongest kind of evidence counts, all others a little, and less where it is known to mislead.\n"
        "Exit code: 0 there is evidence against some service, 1 there is none, 2 an error.",
        EXAMPLES,
    )
    add_sources(made, help=BROUGHT_IN)
    add_asking(made)
    add_output(made, ("text", "json"), "text (one screen) or json (one object)")
    add_color(made)
    made.add_argument("--show-sql", action="store_true", help="print the SQL behind each piece of evidence")
    add_usual(made)
    return made


def add_asking(made: Parser) -> None:
    """What is compared with what."""
    group = made.add_argument_group("what is compared")
    group.add_argument(
        "--at",
        metavar="WHEN",
        help=f"when it began: 14:05 ({CLOCK}), 2026-11-22T14:05Z, "
        "1h (before the logs' end); without it, the onset is looked for",
    )
    group.add_argument(
        "--since", metavar="WHEN", help="where to begin looking (default: a day before --at, or before the end)"
    )
    group.add_argument("--until", metavar="WHEN", help="where to stop (default: two hours after --at, or the end)")
    group.add_argument(
        "--baseline",
        metavar="SOURCE|FROM..TO",
        action="append",
        help="what was good: logs, or a window (default: the time before it began)",
    )
    group.add_argument("--no-store", action="store_true", help="read the sources into a store that is thrown away")


def run(argv: list[str]) -> int:
    """Exit code 0 where there is any evidence, 1 where there is none, 2 for an error."""
    session = Session.of(parser().parse_intermixed_args(argv))
    from logtriage.output import harmless, use_colour
    from logtriage.triage import as_text
    from logtriage.triage.as_json import plain

    args = session.args
    answer, coverage = answered(session)
    if args.output == "json":
        print(json.dumps(plain(answer), ensure_ascii=False))
    else:
        columns, rows = shutil.get_terminal_size((120, _LEAST + 1))
        screen = (columns, max(_LEAST, rows - 1)) if sys.stdout.isatty() else None
        typed = harmless(shlex.join(["logtriage", "triage", *(one for one in argv if one != "--show-sql")]))
        for line in as_text.lines(answer, session.zone, use_colour(args.color), again(session, typed), screen):
            print(line)
    if args.show_sql:
        for query in as_text.queries(answer):
            session.say(query)
    finished(session, coverage)
    return 2 if session.errors else 0 if answer.culprits else 1


def answered(session: Session) -> tuple[Triage, Coverage]:
    """Brings the store up to date with the sources and the baseline, and asks it; what was looked at."""
    from logtriage.cli.open_store import coverage_of, opened
    from logtriage.store.snapshot import Snapshot
    from logtriage.triage.triage import triage

    windows, names = _baselines(session)
    good = _logs_of(names)
    with opened(session, [*session.args.sources, *names]) as (store, parts), Snapshot(store) as snapshot:
        wanted = _asked(session, snapshot, parts, windows, good)
        _require_baseline(snapshot, wanted, "..".join(windows[0]) if windows else " ".join(names))
        answer = triage(snapshot, wanted)
        return answer, coverage_of(snapshot, parts)


def again(session: Session, triage: str = "") -> Again:
    """How commands name the logs of this session: by its store, if that is not the usual one; by the logs themselves,
    where they are in no store. `triage`: the command that was typed."""
    from logtriage.triage.as_text import Again

    if session.args.no_store:
        return Again(" --no-store", "".join(f" {shlex.quote(name)}" for name in session.args.sources), triage)
    return Again(store_option(session), "", triage)


def store_option(session: Session) -> str:
    """How a command names the store of this session: nothing where it is the usual one."""
    from logtriage.store.place import default_path

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


def _logs_of(names: list[str]) -> set[str]:
    """The names of the sources of a baseline. Raises UsageError where one is no log: the answer would be compared with
    something else."""
    from logtriage.sources.find import find

    good: set[str] = set()
    for name in names:
        found = find([name])
        if not found.sources:
            why = found.errors[0] if found.errors else UsageError(f"{name}: no logs are in it")
            raise UsageError(f"triage: the baseline {why.message}", why.hint)
        good |= {source.name for source in found.sources}
    return good


def _require_baseline(snapshot: Snapshot, asked: Asked, told: str) -> None:
    """Raises UsageError where the baseline that was asked for (`told`; empty: none was) holds no record."""
    from logtriage.answers.tally import count
    from logtriage.query.query import Query

    good = Query(parts=asked.baseline_parts)
    if asked.baseline:
        since, until = (moment.replace(tzinfo=UTC) for moment in (asked.baseline.since, asked.baseline.until))
        good = Query(parts=asked.parts, since=since, until=until)
    if told and not count(snapshot, good):
        raise UsageError(f"triage: the baseline {told} holds no record", "name logs or a time in which all was well")


def _asked(
    session: Session,
    snapshot: Snapshot,
    parts: tuple[int, ...] | None,
    windows: list[tuple[str, str]],
    good: set[str],
) -> Asked:
    from logtriage.answers.lanes import ends
    from logtriage.triage.scope import Span
    from logtriage.triage.triage import Asked

    args = session.args
    baseline = {part.part for part in snapshot.catalog.parts if part.source in good}
    others = tuple(part for part in parts or () if part in baseline)
    mine = tuple(part for part in parts or () if part not in others) if args.sources else None
    typed = Typed(session, partial(ends, snapshot, mine), from_end=True)
    span: Span | None = None
    for text in windows:
        begin, end = _plain(*typed.window(*text))
        if begin is None or end is None or begin >= end:
            raise UsageError(f"triage: the baseline {'..'.join(text)} is empty")
        span = Span(begin, end)
    at, since, until = _plain(typed.moment(args.at), *typed.window(args.since, args.until))
    asked = Asked(at, since, until, mine, others, span)
    if asked.since and asked.until and asked.since >= asked.until:
        raise UsageError("triage: the window ends before it begins", "swap --since and --until")
    if asked.at and not (asked.since or asked.at) <= asked.at < (asked.until or datetime.max):
        raise UsageError(
            "triage: --at lies outside of --since and --until", "they say in which time to look for what began then"
        )
    return asked


def _plain(*moments: datetime | None) -> list[datetime | None]:
    """Moments in UTC as the store has them, without a zone."""
    return [one and one.replace(tzinfo=None) for one in moments]
