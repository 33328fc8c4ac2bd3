"""`logtriage demo FOLDER`: a made-up incident; `--run` shows what logtriage makes of it."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.options import Parser, add_display, add_general, number
from logtriage.cli.session import Session
from logtriage.coverage import Coverage, counted
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.store.store import Store

EXAMPLES = """\
  logtriage demo --run                        write it, read it, and show what went wrong when
  logtriage demo incident --lines 1000000     only write it, in any size
"""
_FOLDER = "logtriage-demo"
_MOST = 50_000_000
_NAME, _SAID = 14, 30  # characters of a name, and of what a record says at least
_OURS = {"docker", "journal", "nginx", "payment", "pods", "postgresql", "syslog"}  # what a demo consists of


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "demo", "Writes the logs of a made-up incident: a shop whose gateway, services (text and JSON, with stack\n"
        "traces), containers, system journal and database all tell their part of it.", EXAMPLES,
    )  # fmt: skip
    made.add_argument("folder", nargs="?", default=_FOLDER, metavar="FOLDER", help=f"where to (default ./{_FOLDER})")
    made.add_argument(
        "--lines", type=number, default=20_000, metavar="N", help="about so many lines (2,000 to 50,000,000)"
    )
    made.add_argument(
        "--seed",
        type=number,
        default=7,
        metavar="N",
        help="the same number gives the same bytes, another one other logs",
    )
    made.add_argument(
        "--run",
        action="store_true",
        help="then read it into a store beside it, and show the failures of all sources on one timeline",
    )
    made.add_argument(
        "--every", action="store_true", help="with --run: every flagged record, not only the first ones of each kind"
    )
    add_display(made)
    add_general(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0."""
    args = parser().parse_intermixed_args(argv)
    if not 2_000 <= args.lines <= _MOST:
        raise UsageError(f"demo: --lines {args.lines} is not between 2,000 and {_MOST:,}")
    session = Session.of(args)
    folder = Path(args.folder)
    if folder.exists() and (not folder.is_dir() or any(path.name not in _OURS for path in folder.iterdir())):
        raise UsageError(f"demo: {folder} is in use", "name another folder")
    from logtriage.demo import write_demo

    summary = write_demo(folder, lines=args.lines, seed=args.seed)
    session.say(f"{summary.lines:,} lines in {counted(len(summary.files), 'file')} under {folder}")
    if not args.run:
        logs = shlex.quote(str(folder))
        session.say(f"who moved first:  {_program()} triage --no-store {logs}")
        session.say(f"what timed out:   {_program()} grep -i 'timed out' {logs}")
        return 0
    return _show(session, folder)


def _show(session: Session, folder: Path) -> int:
    """Reads the demo's logs into a store beside them, and prints the flagged records."""
    from logtriage.answers.tally import count
    from logtriage.ingest import Ingest
    from logtriage.query.query import Query
    from logtriage.sources.find import find
    from logtriage.store.store import Store

    began = time.monotonic()
    place = Path(session.args.store) if session.args.store else folder.with_name(f"{folder.name}-store")
    with Store(place, write=True) as store:
        tally = Ingest(store, session.settings()).run(find([str(folder)]).sources)
        seconds = time.monotonic() - began
        _timeline(session, store)
        flagged = count(store, Query(flags=("*",)))
    coverage = Coverage(tally.sources, tally.records, errors=len(tally.errors))
    coverage.seen(tally.first, tally.last)
    coverage.notes = [f"{flagged:,} flagged", f"read in {seconds:.1f} s"]
    session.say(coverage.line(session.zone))
    at = f"--store {shlex.quote(str(place))}"
    session.say(f"who moved first:  {_program()} triage {at}")
    session.say(f"on one timeline:  {_program()} tui {at}")
    session.say(f"around a line:    {_program()} grep {at} --across -C 3 'Killed process'")
    return 2 if tally.errors else 0


def _program() -> str:
    """How this program is called from here: by its path, where the shell does not know its name."""
    typed = Path(sys.argv[0])
    return shlex.quote(str(typed)) if typed.name == "logtriage" and not shutil.which("logtriage") else "logtriage"


def _timeline(session: Session, store: Store) -> None:
    """Prints flagged records in time order, of each kind in each source the first; how often it came is told behind. On
    a terminal what a record says is cut to fit."""
    from logtriage.answers.firsts import firsts
    from logtriage.output import harmless, painted, shortened, shown_time, use_colour

    colour = use_colour("auto", sys.stdout)
    width = shutil.get_terminal_size((120, 40)).columns if sys.stdout.isatty() else None
    for moment, service, source, level, flags, body, times in firsts(store, every=session.args.every):
        time_shown = shown_time(moment, session.zone)
        who = shortened(harmless(service or Path(source).name), _NAME).ljust(_NAME)
        grade = (level or "").upper().ljust(5)
        kind = f"[{' '.join(flags)}]" + (f" (× {times:,})" if times > 1 else "")
        said = harmless(body)
        room = max(_SAID, width - len(f"{time_shown} {who} {grade}  {kind}")) if width else len(said)
        print(
            f"{painted(time_shown, 'time', colour)} {painted(who, 'source', colour)} "
            f"{painted(grade, level or '', colour)} {shortened(said, room)} {painted(kind, 'name', colour)}"
        )
