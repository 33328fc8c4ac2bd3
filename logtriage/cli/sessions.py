"""`logtriage sessions --by FIELD|REGEX [SOURCE…]`: which transactions, requests or traces differ from the rest."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from logtriage.answers.lanes import ends
from logtriage.answers.standing import known
from logtriage.cli.filters import asked, span_told, window_told
from logtriage.cli.lines_out import Out
from logtriage.cli.open_store import opened
from logtriage.cli.options import Parser, add_filters, add_output, add_sources, add_usual, number
from logtriage.cli.session import Session
from logtriage.coverage import Coverage, counted
from logtriage.errors import is_it
from logtriage.output import csv_row, harmless, shown_time
from logtriage.query.unseen import unseen
from logtriage.sessions.key import Key
from logtriage.sessions.threshold import FEWEST

if TYPE_CHECKING:
    from logtriage.query.query import Query
    from logtriage.sessions.verdict import Session as Found
    from logtriage.sessions.verdict import Verdict

EXAMPLES = """\
  logtriage sessions --by trace_id --since 1h        every trace of the last hour, in the store
  logtriage sessions --by 'blk_-?\\d+' hdfs.log        what a regex finds names the session; a record may be in several
  logtriage sessions --by 'order=(\\w+)' shop.log      of a regex with groups, the first group
  logtriage sessions --by order_id --output jsonl shop.log | jq -r 'select(.anomalous) | .session'
"""
_OUTPUTS = ("text", "jsonl", "csv")
_SHOWN, _REASONS = 12, 3  # kinds of sessions, and reasons of each, that fit on a screen
_COLUMNS = ("session", "score", "anomalous", "reasons", "first", "last", "records")
_EVERYWHERE = {
    "missing": "missing steps", "end": "missing ends", "new": "new steps", "error": "errors", "number": "repeated steps",
    "order": "the order", "slow": "the time taken",
}  # fmt: skip


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "sessions", "Groups records by what they have in common, and shows which groups differ from the rest:\n"
        "a missing end, a missing, new or repeated step, a wrong order, too slow, an error inside.\n"
        "What is usual is learnt from the sessions themselves; one with a score of 1 or more differs.\n"
        "Without SOURCE it asks the store.\n"
        "Exit code: 0 some differ, 1 none does, 2 an error.", EXAMPLES,
    )  # fmt: skip
    add_sources(made)
    made.add_argument(
        "--by", metavar="FIELD|REGEX", help="what names a session (default: the trace id, else the request id)"
    )
    group = made.add_argument_group("what is shown")
    add_output(group, _OUTPUTS)
    group.add_argument("--anomalous", action="store_true", help="with jsonl and csv: only those that differ")
    group.add_argument(
        "-m",
        "--max-count",
        metavar="N",
        type=number,
        help=f"at most N (text: {_SHOWN}, counting those with the same reasons once; 0: all)",
    )
    group.add_argument("--no-store", action="store_true", help="read the SOURCEs into a store that is thrown away")
    add_filters(made)
    add_usual(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0, 1 or 2."""
    from logtriage.sessions.verdict import judged

    session = Session.of(parser().parse_intermixed_args(argv))
    args = session.args
    key = Key.of(args.by) if args.by else None
    with opened(session, list(args.sources)) as (store, parts):
        wanted = asked(session, ends=partial(ends, store, parts))
        key = key or Key.found_in(store)
        with judged(store, replace(wanted, parts=parts), key) as verdict:
            _print(session, verdict)
            _tell(session, verdict, key, wanted)
    return 2 if session.errors else 0 if verdict.anomalous else 1


def _print(session: Session, verdict: Verdict) -> None:
    args, out = session.args, Out()
    if args.output == "text":
        _table(session, verdict, out)
        return
    if args.output == "csv":
        out.write(csv_row(_COLUMNS).encode() + b"\n")
    shaped = _csv if args.output == "csv" else _json
    for found in verdict.sessions(anomalous=args.anomalous, limit=args.max_count or None):
        out.write(shaped(found).encode() + b"\n")


def _table(session: Session, verdict: Verdict, out: Out) -> None:
    """The anomalous ones, those of the same reasons once: the first of them, and how many there are."""
    most = _SHOWN if session.args.max_count is None else session.args.max_count or sys.maxsize
    alike: Counter[tuple[str, ...]] = Counter()
    first: dict[tuple[str, ...], Found] = {}
    hidden = 0
    for found in verdict.sessions(anomalous=True):
        reasons = tuple(found.reasons)
        if reasons in first or len(first) < most:
            alike[reasons] += 1
            first.setdefault(reasons, found)
        else:
            hidden += 1
    for reasons, found in first.items():
        out.write(_text(found, alike[reasons], session).encode() + b"\n")
    if hidden:
        out.write(f"… and {hidden:,} more; -m 0 shows all\n".encode())


def _text(found: Found, alike: int, session: Session) -> str:
    begun = shown_time(found.first, session.zone)
    more = f", and {alike - 1:,} more like it" if alike > 1 else ""
    head = f"{found.score:5.2f}  {begun}  {harmless(found.session)}  ({counted(found.records, 'record')}){more}"
    reasons = [f"       {harmless(reason)}" for reason in found.reasons[:_REASONS]]
    if len(found.reasons) > _REASONS:
        reasons.append(f"       and {counted(len(found.reasons) - _REASONS, 'reason')} more")
    return "\n".join([head, *reasons])


def _json(found: Found) -> str:
    told = {**found._asdict(), "first": _utc(found.first), "last": _utc(found.last)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _csv(found: Found) -> str:
    told = {
        **found._asdict(),
        "reasons": "; ".join(found.reasons),
        "first": _utc(found.first),
        "last": _utc(found.last),
    }
    return csv_row(told[name] for name in _COLUMNS)


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="microseconds") + "Z" if moment else None


def _tell(session: Session, verdict: Verdict, key: Key, wanted: Query) -> None:
    """The command that shows the first one's records, and the coverage line."""
    args, gathered = session.args, verdict.gathered
    if args.output == "text" and verdict.anomalous:
        oddest = next(verdict.sessions(anomalous=True, limit=1))
        session.say(f"to see one: {shown_by(oddest.session, key, session)}")
    if not gathered.sessions:
        near = is_it(key.text, known(verdict.snapshot, wanted, "field")) if key.is_field else ""
        what = f"{'the field' if key.is_field else 'a match of'} {harmless(key.text)}"
        session.say(f"no record has {what}{near and ': ' + near.strip()}")
    elif gathered.sessions < FEWEST:
        session.say("too few sessions to tell what is usual")
    for what in verdict.everywhere:
        session.say(f"{_EVERYWHERE[what]}: left out, as so many sessions differ in this that it is how they are")
    told = Coverage(
        len(session.sources) or verdict.sources,
        gathered.records,
        skipped=session.skipped,
        cut=session.cut,
        errors=len(session.errors),
    )
    told.notes = [
        *window_told(wanted, session),
        f"{counted(gathered.sessions, 'session')}, {verdict.anomalous:,} anomalous (by their scores, of 1 and more)",
    ]
    if verdict.cut:
        told.notes.append(f"{verdict.cut:,} cut off by the ends of the window")
    if gathered.without:
        told.notes.append(f"{counted(gathered.without, 'record')} in no session")
    if not gathered.records:
        told.notes += span_told(wanted, session, *ends(verdict.snapshot, wanted.parts))
        told.notes += unseen(wanted, partial(known, verdict.snapshot, wanted))
    told.seen(*verdict.window)
    session.say(told.line(session.zone))


def shown_by(name: str, key: Key, session: Session) -> str:
    """The command that prints a session's records, ready to paste."""
    args = session.args
    if key.text in ("trace_id", "span_id", "request_id"):
        found = ["--trace", name, ""]
    elif key.is_field:
        found = ["--field", f"{key.text}={name}", ""]
    else:
        whole = re.fullmatch(r"\w(.*\w)?", name, re.ASCII | re.DOTALL)
        found = ["-F", *(["-w"] if whole else []), "-e", name]
    where = args.sources or (["--store", str(args.store)] if args.store else [])
    return "logtriage grep " + " ".join(map(quoted, [*found, *where]))


def quoted(word: str) -> str:
    """A word as a shell reads it, without control characters, which a terminal would act upon."""
    if harmless(word) == word and "\n" not in word:
        return shlex.quote(word)
    return "$'" + "".join(c if c.isprintable() and c not in "\\'" else _escaped(c) for c in word) + "'"


def _escaped(char: str) -> str:
    return f"\\{char}" if char in "\\'" else f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
