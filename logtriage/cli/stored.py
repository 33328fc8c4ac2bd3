"""grep and cat over the store."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logtriage.cli.asking import Asked, asked, span_told, window_told
from logtriage.cli.lines_out import Out
from logtriage.cli.options import WITH_FIELDS
from logtriage.cli.rows_out import Named, RowsOut, Shown, Timeline, short_names, width_of
from logtriage.cli.searching import finished
from logtriage.cli.session import Session
from logtriage.cli.straight import in_full, summary
from logtriage.coverage import Coverage
from logtriage.errors import SourceError
from logtriage.output import use_colour
from logtriage.query.lanes import ends
from logtriage.query.query import Query
from logtriage.query.search import COLUMNS, Answer, Found, Row
from logtriage.query.standing import parts_named
from logtriage.store.store import Store
from logtriage.store.views import Snapshot

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

_JSON = ("service", "host", "container", "pod", "namespace")
Full = tuple[Row, bytes, str | None]  # a row, its exact bytes, its attributes


class Stored:
    """A store that is being asked."""

    def __init__(self, session: Session, store: Store, needle: Needle | None = None) -> None:
        self.session = session
        self.snapshot = Snapshot(store)
        self.asked: Asked = asked(session, needle, ends(self.snapshot))
        self.levels = {n for c in self.asked.more for n in c.parameters}
        self.coverage = Coverage(
            len({p.group for p in self.snapshot.catalog.parts}),
            None,
            0 if needle else None,
            notes=window_told(self.asked, session),
        )
        self._shown_sql = False

    def finished(self, found: int) -> None:
        """Prints the coverage line; where nothing was found in the window asked for, it says what there is."""
        if not found:
            self.coverage.notes += span_told(self.asked, self.session, *ends(self.snapshot))
        finished(self.session, self.coverage)

    def rows(self, query: Query, *, attributes: bool = False) -> Iterator[Full]:
        """What a query finds."""
        width = len(COLUMNS)
        for values in self._tuples(query, (*COLUMNS, *_more(attributes))):
            row = Row._make(values[:width])
            if not self.levels or row.level in self.levels:
                yield _full(row, values[width:])

    def sources(self, query: Query) -> Iterator[Found]:
        """Where and when there is what a query finds, no more: for each source and level."""
        answer = self._answer(query)
        for found in answer.sources():
            if not self.levels or found.level in self.levels:
                yield found
        self._told(answer)

    def _tuples(self, query: Query, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        answer = self._answer(query)
        yield from answer.tuples(*columns)
        self._told(answer)

    def _answer(self, query: Query) -> Answer:
        answer = Answer(self.snapshot, query)
        if self.session.args.show_sql and not self._shown_sql:
            self._shown_sql = True
            self.session.say(answer.sql)
        return answer

    def _told(self, answer: Answer) -> None:
        if answer.undecided:
            self.session.error(SourceError(f"the pattern took too long on {len(answer.undecided)} records"))

    def printer(self, needle: Needle | None, *, gaps: bool = False) -> RowsOut:
        """What prints its rows."""
        args = self.session.args
        named = [Named(p.source, p.service, p.container, p.pod) for p in self.snapshot.catalog.parts]
        names = short_names(named) if args.output == "text" else {}
        colour = args.output == "text" and use_colour(args.color)
        look = Timeline(
            args.output, self.session.zone, width_of(list(names.values())), names, colour, sys.stdout.isatty(),
            args.line_number, gaps, getattr(args, "only_matching", False),
        )  # fmt: skip
        return RowsOut(look, needle, Out(args.line_buffered or sys.stdout.isatty()))


def grep(session: Session, needle: Needle) -> int:
    """Prints, counts or names what is found."""
    from logtriage.cli.grep import context, exit_code

    args = session.args
    only_told = args.quiet or args.count or args.files_with_matches
    before, after = (0, 0) if only_told or args.only_matching else context(args)
    with Store(session.store_path) as store:
        stored = Stored(session, store, needle)
        coverage = stored.coverage
        coverage.hits = 0
        query = stored.asked.query
        if args.quiet:
            query = replace(query, limit=1)
        with in_full(session, lambda: None if args.quiet else stored.finished(coverage.hits or 0)):
            if only_told:
                _tell(stored, query)
            else:
                _show(stored, needle, query, before, after)
    return exit_code(session, coverage.hits)


def _show(stored: Stored, needle: Needle, query: Query, before: int, after: int) -> None:
    """Prints what is found, with what stands beside it."""
    args, coverage = stored.session.args, stored.coverage
    printer = stored.printer(needle, gaps=bool(before or after))
    found: Iterator[Full | None] = stored.rows(query, attributes=args.output in WITH_FIELDS)
    if before or after:
        found = _with_context(stored, [full for full in found if full], before, after)
    hits: Counter[str] = Counter()
    for full in found:
        if full is None:
            printer.gap()
            continue
        row = full[0]
        is_hit = not isinstance(full, _Beside)
        if is_hit and args.max_count is not None and hits[row.source] >= args.max_count:
            continue
        hits[row.source] += is_hit
        coverage.hits = (coverage.hits or 0) + is_hit
        coverage.seen(row.timestamp, row.timestamp)
        printer.show(shown(full, printer.look.names, is_hit))


def _tell(stored: Stored, query: Query) -> None:
    """Counts what is found or names where; the records themselves are not read."""
    from logtriage.cli.grep import with_names

    args, coverage = stored.session.args, stored.coverage
    hits: Counter[str] = Counter()
    for found in stored.sources(query):
        hits[found.source] += found.records
        coverage.seen(found.first, found.last)
    if args.max_count is not None:
        hits = Counter({source: min(n, args.max_count) for source, n in hits.items()})
    coverage.hits = hits.total()
    out = Out()
    names = with_names(args, True)
    for name in sorted(hits) if args.count or args.files_with_matches else ():
        out.write(summary(name, hits[name], names, args.null, args.count).encode("utf-8", "surrogateescape"))


def cat(session: Session) -> int:
    """Prints all records of sources of the store that fulfil the filters."""
    args = session.args
    with Store(session.store_path) as store:
        stored = Stored(session, store)
        coverage = stored.coverage
        coverage.records = 0
        query = stored.asked.query
        wanted = _parts_of(stored, list(args.sources))
        if args.sources:
            query = replace(query, parts=tuple(wanted))
            coverage.sources = len(wanted)
        if args.output != "text":
            query = replace(query, order="source")
        with in_full(session, lambda: stored.finished(coverage.records or 0)):
            printer = stored.printer(None)
            if args.max_count is not None and not stored.levels:
                query = replace(query, limit=args.max_count)
            for full in stored.rows(query, attributes=args.output in WITH_FIELDS):
                if coverage.records == args.max_count:
                    break
                coverage.records += 1
                coverage.seen(full[0].timestamp, full[0].timestamp)
                if args.output == "raw":
                    sys.stdout.buffer.write(full[1])
                else:
                    printer.show(shown(full, printer.look.names, True))
    return 2 if session.errors else 0 if coverage.records else 1


def _parts_of(stored: Stored, names: list[str]) -> list[int]:
    """The parts that names mean; a name that means none is told."""
    wanted: list[int] = []
    for name in names:
        same = parts_named(stored.snapshot.catalog.parts, name)
        if not same:
            stored.session.error(
                SourceError(
                    f"{name}: no such file, and no such source in the store", "`logtriage store info` names them"
                )
            )
        wanted += same
    return list(dict.fromkeys(wanted))


def _more(attributes: bool) -> tuple[str, ...]:
    """The columns of a Full, beside those of its row."""
    return ("bytes", "attributes") if attributes else ("bytes",)


def _full(row: Row, more: tuple[Any, ...]) -> Full:
    return row, more[0], more[1] if len(more) > 1 else None


class _Beside(tuple):  # type: ignore[type-arg]
    """A Full that only stands beside what was found."""


def _with_context(stored: Stored, hits: list[Full], before: int, after: int) -> Iterator[Full | None]:
    """Hits with the records before and after them, of their source or (--across) of all. None marks a gap."""
    from logtriage.query.beside import ACROSS, beside

    across = stored.session.args.across
    more = _more(stored.session.args.output in WITH_FIELDS)
    full_of = {full[0].key: full for full in hits}
    done: dict[int, Any] = {}
    last: int | None = None
    for found in beside(stored.snapshot, [full[0] for full in hits], before, after, across=across, more=more):
        row, lane = found.hit, ACROSS if across else found.hit.part
        front = [
            one
            for one in found.before
            if one.row.key not in full_of and not (lane in done and _order(one.row) <= done[lane])
        ]
        ahead = found.before[-1 - len(front)].row if len(front) < len(found.before) else found.touching
        touches = lane in done and lane == last and (ahead is None or _order(ahead) <= done[lane])
        if last is not None and not touches:
            yield None
        yield from (_Beside(_full(*one)) for one in front)
        yield full_of[row.key]
        done[lane] = _order(row)
        for one in found.after:
            if one.row.key in full_of:
                break
            yield _Beside(_full(*one))
            done[lane] = _order(one.row)
        last = lane


def _order(row: Row) -> tuple[bool, datetime, int, int, int]:
    return (row.timestamp is not None, row.timestamp or datetime.min, row.nanos or 0, row.part, row.offset)


def shown(full: Full, names: dict[str, str], found: bool) -> Shown:
    """A row for the timeline."""
    row, data, attributes = full
    made = None if attributes is None else json_line(row, attributes)
    return Shown(
        row.timestamp,
        names.get(row.source, row.source),
        row.line,
        row.level,
        row.body or "",
        row.raw,
        data,
        found,
        made,
    )


def json_line(row: Row, attributes: str) -> str:
    """A record as one JSON object, the same as from the file itself (see jsonl.py)."""
    told: dict[str, Any] = {
        "source": row.source,
        "line": row.line,
        "lines": row.lines,
        "offset": row.offset,
        "timestamp": None,
    }
    if row.timestamp:
        nanos = f"{row.nanos:03}" if row.nanos else ""
        told["timestamp"] = row.timestamp.isoformat(timespec="microseconds") + nanos + "Z"
    told |= {"level": row.level, "severity_text": row.severity_text, **{name: getattr(row, name) for name in _JSON}}
    told |= {
        "format": row.format,
        "template": row.template,
        "flags": row.flags,
        "trace_id": row.trace_id,
        "body": row.body,
    }
    told["attributes"] = _flat(json.loads(attributes) if attributes else {}, "")
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _flat(value: Any, name: str) -> dict[str, Any]:
    """Nested keys joined by dots; what is null is left out."""
    if isinstance(value, dict):
        pairs = [(f"{name}.{key}" if name else key, inner) for key, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{name}.{n}", inner) for n, inner in enumerate(value)]
    else:
        return {} if value is None else {name: value}
    return {key: inner for path, value in pairs for key, inner in _flat(value, path).items()}
