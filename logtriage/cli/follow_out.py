"""Following logs on the screen: what is written to them is printed as it comes, without a store."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from logtriage.cli.ending import finished
from logtriage.cli.filters import asked
from logtriage.cli.lines_out import Out
from logtriage.cli.options import WITH_FIELDS
from logtriage.cli.rows_out import Named, RowsOut, shown, timeline
from logtriage.cli.session import Session
from logtriage.cli.signals import stopped_by_signal
from logtriage.coverage import Coverage
from logtriage.sources.events import Vanished
from logtriage.sources.find import find
from logtriage.sources.follow import follow
from logtriage.sources.read import Block
from logtriage.stream.reader import Reader
from logtriage.stream.timeline import finds

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle
    from logtriage.sources.find import Source


def follow_out(session: Session, sources: list[Source], needle: Needle | None) -> int:
    """Prints the records that match as they come, from the beginning of the logs on; ends with Ctrl-C."""
    from logtriage.normalise import Normaliser
    from logtriage.store.store import connect
    from logtriage.stream.learnt import Learnt

    wants = asked(session, needle)
    normaliser = Normaliser(connect(), session.settings())
    printer = RowsOut(timeline(session, [Named.of(source) for source in sources]), needle, Out(True))
    learnt = Learnt(normaliser) if session.args.output in WITH_FIELDS or wants.query.templates else None
    if learnt:
        learnt.sample(sources)
    readers: dict[str, Reader] = {}
    coverage = Coverage(len(sources), None, 0)
    with stopped_by_signal() as stop:
        for item in follow(sources, {}, stop=stop, rescan=lambda: find(list(session.args.sources)).sources):
            if isinstance(item, Vanished) and item.error:
                session.error(item.error)
            if not isinstance(item, Block):
                continue
            name = item.source.name
            reader = readers.setdefault(name, Reader(normaliser, item.source, learnt))
            picked = reader.block(item)
            picked.keep(wants.conditions(), attributes=wants.query.needs_attributes)
            for row in picked.rows(json=session.args.output in WITH_FIELDS):
                if needle is None or finds(needle, row):
                    coverage.hits = (coverage.hits or 0) + 1
                    coverage.seen(row.timestamp, row.timestamp)
                    printer.show(shown(row, printer.look.output))
            sys.stdout.flush()
    finished(session, coverage)
    return 130 if stop.is_set() else 2 if session.errors else 0 if coverage.hits else 1
