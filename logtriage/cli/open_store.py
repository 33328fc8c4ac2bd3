"""The store that a command asks: brought up to date with the sources it names, or made for it alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from logtriage.cli.local_times import tell_local
from logtriage.cli.options import is_piped
from logtriage.cli.session import Session
from logtriage.coverage import Coverage, counted
from logtriage.errors import StoreInUse, StoreNotWritable, UsageError
from logtriage.sources.find import Source
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store


@contextmanager
def opened(session: Session, names: list[str], *, piped: bool = True) -> Iterator[tuple[Store, tuple[int, ...] | None]]:
    """The open store, and the parts that `names` mean in it (None: all of it, as nothing is named, nor `piped` in).

    What is new of the sources named is read first: into the user's store; with --no-store, from a pipe, and where that store
    cannot be written, be it as another process does, into one that is thrown away. Errors of single sources are told and noted
    in the session. Raises UsageError, StoreError.
    """
    names = names or (["-"] if piped and is_piped() else [])
    aside = "-" in names or getattr(session.args, "no_store", False)
    if not names:
        if aside:
            raise UsageError("--no-store needs logs to read", "name them on the command line")
        with Store(session.store_path) as store:
            yield store, None
        return
    sources = session.logs(names)
    with ExitStack() as stack:
        path = thrown_away(stack) if aside else session.store_path
        try:
            parts = _read(session, path, sources)
        except (StoreInUse, StoreNotWritable) as why:
            session.say(f"{why.message}: these logs are read beside it, and not kept")
            path = thrown_away(stack)
            parts = _read(session, path, sources)
        yield stack.enter_context(Store(path)), tuple(parts)


def thrown_away(stack: ExitStack) -> Path:
    """Where a store can be that is thrown away in the end."""
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="logtriage-"))) / "store"


def coverage_of(snapshot: Snapshot, parts: tuple[int, ...] | None) -> Coverage:
    """What these parts (None: all) hold, for the coverage line."""
    from logtriage.answers import lanes
    from logtriage.answers.standing import records

    these = [part for part in snapshot.catalog.parts if parts is None or part.part in parts]
    coverage = Coverage(len({part.source for part in these}), records(snapshot, parts))
    if minutes := lanes.span(snapshot, [part.part for part in these]):
        coverage.seen(*lanes.whole(minutes))
    return coverage


def up_to_date(session: Session, path: Path, names: list[str]) -> list[int]:
    """Reads what is new of the sources named into the store at `path`; gives their parts."""
    return _read(session, path, session.logs(names))


def _read(session: Session, path: Path, sources: list[Source]) -> list[int]:
    from logtriage.ingest import Ingest

    with Store(path, write=True) as store:
        ingest = Ingest(store, session.settings())
        tally = ingest.run(sources)
        session.cut += tally.cut
        for error in tally.errors:
            session.error(error)
    if tally.records:
        tell_local(session, sources)
    if tally.records and path == session.store_path and not (session.args.store or session.config.store):
        session.say(f"{counted(tally.records, 'record')} kept in the store, {path}; --no-store keeps nothing")
    return ingest.asked
