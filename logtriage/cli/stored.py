"""grep and cat over the store."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from logtriage.answers.beside import Beside
from logtriage.answers.lanes import ends
from logtriage.answers.near import PLACE, Place, Spot
from logtriage.answers.search import Answer
from logtriage.answers.standing import known, parts_named
from logtriage.cli.ending import finished, first_or_last, in_full
from logtriage.cli.filters import asked, span_told, window_told
from logtriage.cli.full import columns, shown
from logtriage.cli.grep_args import context, exit_code, is_told
from logtriage.cli.grep_gist import tell
from logtriage.cli.lines_out import Out
from logtriage.cli.rows_out import Named, RowsOut, Shown, timeline
from logtriage.cli.session import Session
from logtriage.coverage import Coverage, counted
from logtriage.errors import SourceError
from logtriage.query.by_gist import Found
from logtriage.query.query import Query
from logtriage.query.quota import Firsts
from logtriage.query.unseen import unseen
from logtriage.sources.sets import shown as shown_name
from logtriage.store.snapshot import Snapshot, twins
from logtriage.store.store import Store

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle
    from logtriage.store.gist import Gist


_MANY = 5_000  # records, which take longer than to wake a second thread


class Stored:
    """A store that is being asked."""

    def __init__(self, session: Session, store: Store, needle: Needle | None = None) -> None:
        self.session = session
        self.store = store
        store.in_any_order()
        self.snapshot = Snapshot(store)
        self.asked = asked(session, needle, partial(ends, self.snapshot))
        self.coverage = Coverage(
            len({p.source for p in self.snapshot.catalog.parts}),
            None,
            0 if needle else None,
            notes=window_told(self.asked, session),
        )
        self._shown_sql = False

    def finished(self, found: int) -> None:
        """Prints the coverage line; where nothing was found, it says what there is."""
        if not found and not self.session.errors:
            self.coverage.notes += span_told(self.asked, self.session, *ends(self.snapshot))
            self.coverage.notes += unseen(self.asked, partial(known, self.snapshot, self.asked))
        finished(self.session, self.coverage)

    def shown(self, query: Query, needle: Needle | None = None, *, most: int | None = None) -> Iterator[Shown]:
        """What a query finds, at most so many of each source, as it is printed."""
        found = self._found(query, self._columns(needle), most)
        return map(partial(shown, output=self._output), found)

    def amid(self, query: Query, needle: Needle, before: int, after: int, most: int | None) -> Iterator[Shown | None]:
        """The same amid so many records before and after each; None where some between are left out."""
        self.snapshot.close()
        self.snapshot, other = twins(self.store)
        hits: Iterable[Place] = (Place(*place) for place in self._found(query, PLACE, most))
        taken: set[Spot] | None = None
        if most is not None:
            hits = list(hits)
            taken = {(hit.part, hit.offset) for hit in hits}

        around = Beside(other, query, before, after, across=self.session.args.across, taken=taken)
        for one in around.rows(hits, self._columns(needle)):
            yield one and shown(one[0], self._output)._replace(found=one[1])

    @property
    def _output(self) -> str:
        return str(self.session.args.output)

    def _columns(self, needle: Needle | None) -> tuple[str, ...]:
        return columns(self._output, needle, only_matching=getattr(self.session.args, "only_matching", False))

    def _found(self, query: Query, columns: tuple[str, ...], most: int | None) -> Iterator[tuple[Any, ...]]:
        return self._tuples(query, columns) if most is None else self._firsts(query, columns, most)

    def _firsts(self, query: Query, columns: tuple[str, ...], most: int) -> Iterator[tuple[Any, ...]]:
        answer = self._answer(query)
        firsts = Firsts(self.snapshot, query, most)
        yield from firsts.tuples(columns)
        answer.undecided.extend(firsts.undecided)
        self._told(answer)

    def sources(self, query: Query) -> Iterator[Found]:
        """Where and when there is what a query finds, no more: for each source and level."""
        answer = self._answer(query)
        yield from answer.sources()
        self._told(answer)

    def _tuples(self, query: Query, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        answer = self._answer(query)
        yield from answer.tuples(*columns)
        self._told(answer)

    def _answer(self, query: Query) -> Answer:
        answer = Answer(self.snapshot, query)
        if answer.looked_at > _MANY:
            self.store.widen()
        if self.session.args.show_sql and not self._shown_sql:
            self._shown_sql = True
            self.session.say(answer.sql)
        return answer

    def _told(self, answer: Answer) -> None:
        if answer.undecided:
            self.session.error(SourceError(f"the pattern took too long on {counted(len(answer.undecided), 'record')}"))

    def printer(self, needle: Needle | None, *, gaps: bool = False) -> RowsOut:
        """What prints its rows."""
        named = [Named(p.source, p.service, p.container, p.pod) for p in self.snapshot.catalog.parts]
        look = timeline(self.session, named, gaps=gaps)
        return RowsOut(look, needle, Out(self.session.args.line_buffered or look.terminal))


def grep(session: Session, needle: Needle, told: Gist | None) -> int:
    """Prints, counts or names what is found. `told`: the store's gist."""
    args = session.args
    only_told = is_told(args)
    before, after = (0, 0) if only_told or args.only_matching else context(args)
    with Store(session.store_path, threads=1, told=told) as store:
        stored = Stored(session, store, needle)
        coverage = stored.coverage
        coverage.hits = 0
        query = stored.asked
        if args.quiet:
            query = replace(query, limit=1)
        with in_full(session, lambda: None if args.quiet else stored.finished(coverage.hits or 0)):
            if only_told:
                tell(args, coverage, stored.sources(query))
            else:
                _show(stored, needle, query, before, after)
    return exit_code(session, coverage.hits)


def _show(stored: Stored, needle: Needle, query: Query, before: int, after: int) -> None:
    """Prints what is found, with what stands beside it."""
    args, coverage = stored.session.args, stored.coverage
    printer = stored.printer(needle, gaps=bool(before or after))
    found: Iterator[Shown | None]
    if before or after:
        found = stored.amid(query, needle, before, after, args.max_count)
    else:
        found = stored.shown(query, needle, most=args.max_count)
    for page in printer.out.pages(found):
        hits = [one for one in page if one]
        coverage.hits = (coverage.hits or 0) + sum(one.found for one in hits)
        _seen(coverage, hits)
        printer.show_page(page)


def _seen(coverage: Coverage, shown: Iterable[Shown]) -> None:
    times = [one.timestamp for one in shown if one.timestamp]
    if times:
        coverage.seen(min(times), max(times))


def cat(session: Session) -> int:
    """Prints all records of sources of the store that fulfil the filters."""
    args = session.args
    with Store(session.store_path, threads=1) as store:
        stored = Stored(session, store)
        coverage = stored.coverage
        coverage.records = 0
        query = stored.asked
        wanted = _parts_of(stored, list(args.sources))
        if args.sources:
            query = replace(query, parts=tuple(wanted))
            coverage.sources = len(wanted)
        if args.output != "text":
            query = replace(query, order="source")
        with in_full(session, lambda: stored.finished(coverage.records or 0)):
            printer = stored.printer(None)
            query = replace(query, limit=args.max_count, tail=args.tail)
            for page in printer.out.pages(first_or_last(args, stored.shown(query))):
                coverage.records += len(page)
                _seen(coverage, page)
                if args.output == "raw":
                    sys.stdout.buffer.writelines(one.raw for one in page if one.raw is not None)
                else:
                    printer.show_page(page)
    return 2 if session.errors else 0 if coverage.records else 1


def _parts_of(stored: Stored, names: list[str]) -> list[int]:
    """The parts that names mean; a name that means none is told."""
    wanted: list[int] = []
    for name in names:
        parts = stored.snapshot.catalog.parts
        same = parts_named(parts, shown_name(name)) or parts_named(parts, name)  # perhaps copied from the screen
        if not same:
            stored.session.error(
                SourceError(
                    f"{name}: no such file, and no such source in the store", "`logtriage store info` names them"
                )
            )
        wanted += same
    return list(dict.fromkeys(wanted))
