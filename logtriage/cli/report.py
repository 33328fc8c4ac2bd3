"""`logtriage report [SOURCE…]`: the hand-over as Markdown, and as one HTML page."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.ending import finished
from logtriage.cli.options import BROUGHT_IN, Parser, add_sources, add_usual
from logtriage.cli.session import Session
from logtriage.cli.times import Typed
from logtriage.cli.triage import add_asking, again, answered
from logtriage.coverage import Coverage
from logtriage.errors import UsageError
from logtriage.kept import replacing

if TYPE_CHECKING:
    from logtriage.report.document import Document

EXAMPLES = """\
  logtriage report --at 03:02 /var/log/app > incident.md       the hand-over of an incident
  logtriage report --html incident.html --redact > incident.md  and as one page; secrets and addresses masked
  logtriage report --weekly > monday.md                        what the last seven days of the store had
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "report", "Writes the hand-over: what triage finds, with marks, notes and a timeline.\n"
        "Exit code: 0 there is something to report, 1 there is nothing, 2 an error.", EXAMPLES,
    )  # fmt: skip
    add_sources(made, help=BROUGHT_IN)
    add_asking(made)
    group = made.add_argument_group("the report")
    group.add_argument(
        "--html", metavar="FILE", help="write it as one HTML page as well, with the timeline as a picture"
    )
    group.add_argument("--title", metavar="TEXT", help="its title")
    group.add_argument("--redact", action="store_true", help="mask secrets, e-mail and network addresses")
    group.add_argument("--weekly", action="store_true", help="the last seven days in place of one incident")
    add_usual(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 1 where there was nothing to report; 2 for an error."""
    session = Session.of(parser().parse_intermixed_args(argv))
    from logtriage.report import markdown, page

    args = session.args
    document, found, coverage = _week(session) if args.weekly else _incident(session)
    if args.title:
        document.title = args.title
    if args.redact:
        from logtriage.report.redact import masker

        document = document.mapped(masker())
    if args.html:
        _write(Path(args.html), page.rendered(document))
    sys.stdout.write(markdown.rendered(document))
    finished(session, coverage)
    return 2 if session.errors else 0 if found else 1


def _incident(session: Session) -> tuple[Document, bool, Coverage]:
    from logtriage import marks
    from logtriage.report.incident import document

    answer, coverage = answered(session)
    kept = [] if session.args.no_store else marks.load(session.store_path)
    if answer.activity:
        first, last = answer.activity[0][0], answer.activity[-1][0]
        kept = [
            mark
            for mark in kept
            if mark.timestamp is None or first <= mark.timestamp.replace(second=0, microsecond=0) <= last
        ]
    return document(answer, kept, session.zone, again=again(session)), bool(answer.culprits), coverage


def _week(session: Session) -> tuple[Document, bool, Coverage]:
    from logtriage.answers.lanes import ends
    from logtriage.cli.open_store import coverage_of, opened
    from logtriage.report.weekly import document
    from logtriage.store.snapshot import Snapshot

    args = session.args
    if args.at or args.since or args.baseline:
        raise UsageError("report: --weekly knows no --at, --since or --baseline", "--until says where the week ends")
    with opened(session, list(args.sources)) as (store, parts):
        until = Typed(session, partial(ends, store, parts)).moment(args.until)
        made = document(store, session.zone, until and until.replace(tzinfo=None), parts)
        with Snapshot(store) as snapshot:
            return made, len(made.blocks) > 1, coverage_of(snapshot, parts)


def _write(path: Path, text: str) -> None:
    try:
        with replacing(path, private=False) as file:
            file.write(text.encode())
    except OSError as why:
        raise UsageError(f"report: {path} cannot be written: {why.strerror}") from why
