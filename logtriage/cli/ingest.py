"""`logtriage ingest SOURCE…`: logs → the store."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from logtriage.cli.local_times import tell_local
from logtriage.cli.options import Parser, add_sources, add_usual
from logtriage.cli.progress import Progress
from logtriage.cli.session import Session
from logtriage.cli.signals import stop_with_parent, stopped_by_signal
from logtriage.coverage import Coverage, counted
from logtriage.errors import StoreError, StoreInUse

if TYPE_CHECKING:
    from logtriage.ingest import Ingest, Tally
    from logtriage.normalise import Settings
    from logtriage.sources.find import Source
    from logtriage.sources.follow import Stop
    from logtriage.store.store import Store

EXAMPLES = """\
  logtriage ingest /var/log                      files, folders, globs, archives; .gz .zst .bz2 .xz
  logtriage ingest --follow app.log              keep reading as it grows, through rotation; Ctrl-C ends it
  kubectl logs web-0 | logtriage ingest --service web -
"""
_MANY = (
    5_000_000  # records of one run, after which the files are put in order: it takes a third of the time that they took
)


def parser() -> Parser:
    """The command's arguments."""
    made = Parser("ingest", "Reads logs into the store. What was read before is not read again.", EXAMPLES)
    add_sources(made, nargs="+")
    made.add_argument("-f", "--follow", action="store_true", help="keep reading as the logs grow")
    made.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)  # end when who started it does
    made.add_argument("--service", metavar="NAME", help="the service that wrote the logs")
    made.add_argument("--host", metavar="NAME", help="the host that wrote the logs")
    add_usual(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0, 2 if a source failed, or 130 after Ctrl-C; what could be read is in the store in each case."""
    session = Session.of(parser().parse_intermixed_args(argv))
    sources = session.logs(session.args.sources, to_come=session.args.follow)
    settings = session.settings()
    # From here on Ctrl-C is heard between steps: an exception in the middle of a library is easily lost.
    with stopped_by_signal() as stop:
        _bring_up_to_date(session, settings, sources, stop)
    return 130 if stop.is_set() else 2 if session.errors else 0


def _bring_up_to_date(session: Session, settings: Settings, sources: list[Source], stop: Stop) -> None:
    """Reads the sources into the store, follows them if asked to, and says what that added."""
    from logtriage.cli.follow_into import follow_into
    from logtriage.ingest import Ingest
    from logtriage.store.store import Store

    if session.args.with_parent:
        stop_with_parent()
    following = session.args.follow
    with Store(session.store_path, write=True) as store:
        ingest = Ingest(store, settings)
        progress = Progress(session.quiet)
        # What is followed is stored as it comes: a block of a pipe may be long in coming.
        at_once = [one for one in sources if not (following and one.path is None)]
        was_stopped = not _read(ingest, at_once, progress, stop)
        progress.clear()
        if ingest.tally.records:
            tell_local(session, sources)
        if following and not stop.is_set():
            session.say(f"following {counted(len(sources), 'source')}; Ctrl-C ends it")
            follow_into(ingest, session, sources, stop)
        for error in ingest.tally.errors:
            session.error(error)
        session.say(summary(ingest.tally, session, store, was_stopped))
        if ingest.tally.records >= _MANY and not following and not was_stopped:
            _put_in_order(session, store, stop)


class _Stopped(Exception):
    """Ctrl-C was pressed; what was read so far is to be kept."""


def _read(ingest: Ingest, sources: list[Source], progress: Progress, stop: Stop) -> bool:
    """Reads the sources to their ends, which is True, or until it is stopped; what was read by then is committed."""

    def on_progress(tally: Tally) -> None:
        progress.tell(
            f"{tally.bytes / 1e6:,.0f} MB, {tally.lines:,} lines, {tally.lines / progress.seconds:,.0f} lines/s, "
            f"source {tally.sources}"
        )
        if stop.is_set():
            raise _Stopped

    try:
        ingest.run(sources, on_progress)
    except _Stopped:
        ingest.flush()
        return False
    return True


def _put_in_order(session: Session, store: Store, stop: Stop) -> None:
    """Compacts the store, so that one can look around in it quickly; Ctrl-C leaves what is not done as it is."""
    from logtriage.store.upkeep import compact

    progress = Progress(session.quiet)

    def on_step(what: str) -> None:
        progress.tell(f"putting the files in order: {what}; Ctrl-C leaves them as they are")
        if stop.is_set():
            raise _Stopped

    try:
        compact(store, on_step)
        progress.clear()
        return
    except _Stopped:
        progress.clear()
    except StoreInUse as why:
        progress.clear()
        session.say(why.message)
    except StoreError as why:
        progress.clear()
        session.error(why)
    session.say("the records are stored; logtriage store compact puts their files in order")


def summary(tally: Tally, session: Session, store: Store, was_stopped: bool = False) -> str:
    """The coverage line: what this run added, and from when to when that is."""
    from logtriage.answers.standing import not_understood
    from logtriage.store.snapshot import snapshot_of

    with snapshot_of(store) as snapshot:
        plain = not_understood(snapshot) if tally.records else 0
    coverage = Coverage(
        tally.sources,
        tally.records,
        plain=plain,
        skipped=session.skipped,
        odd=list(map(str, session.odd)),
        cut=tally.cut,
        errors=len(session.errors),
    )
    coverage.seen(tally.first, tally.last)
    if tally.unchanged:
        coverage.notes.append(f"{tally.unchanged:,} unchanged")
    if was_stopped:
        coverage.notes.append("stopped: the same command goes on from here")
    return coverage.line(session.zone)
