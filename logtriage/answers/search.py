"""Answers from the store: the records that a query finds, in true time order, found without reading the others.

A needle is looked for in the store's shapes first (narrow.py); of the records whose shape may hold it, those are
checked whose shape does not prove it. The records found are those whose lines ripgrep finds in the raw files.

    with Snapshot(store) as snapshot:            # or give the Store itself: one snapshot for each call
        answer = search(snapshot, Query(needle=Needle.of(["timed out"]), level="warn"))
        for row in answer: print(row.raw)
        answer.matched, answer.sql

Times in rows are UTC without saying so. One answer at a time can be read from a snapshot.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from logtriage.query.by_gist import Found
from logtriage.query.fetch import has_many_formats
from logtriage.query.plan import plan
from logtriage.query.planned import Plan
from logtriage.query.query import Query
from logtriage.query.sums import sums
from logtriage.query.walk import Key, looked_at, rows
from logtriage.query.weight import few_at_once
from logtriage.store.snapshot import Snapshot, snapshot_of
from logtriage.store.store import Store


class Row(NamedTuple):
    """One record, as in the view `records`; `raw` is its text without the newline at its end."""

    source: str
    group: str
    part: int
    offset: int
    line: int
    lines: int
    timestamp: datetime | None
    nanos: int | None
    level: str | None
    severity_number: int | None
    severity_text: str | None
    format: str | None
    shape: int
    template: str
    flags: list[str]
    service: str | None
    host: str | None
    container: str | None
    pod: str | None
    namespace: str | None
    trace_id: str | None
    span_id: str | None
    request_id: str | None
    body: str | None
    raw: str

    @property
    def key(self) -> Key:
        """Where it stands in time order."""
        return Key(self.timestamp, self.nanos or 0, self.part, self.offset)


class Page(NamedTuple):
    """Some rows in order, and whether there are more in the direction asked for."""

    rows: list[Row]
    more: bool


COLUMNS = tuple(f'"{name}"' if name in ("group", "offset") else name for name in Row._fields)


class Answer:
    """The records a query finds; iterate once, to get `Row`s, or take `tuples`.

    `sql` is the query on the views, ready to paste. While and after iterating: `matched` records were given, `more`
    tells whether `limit` held some back, `undecided` names records (part, offset) on which the pattern took too long.
    """

    def __init__(self, snapshot: Snapshot, query: Query, *, owned: bool = False) -> None:
        self._snapshot, self._query, self._owned = snapshot, query, owned
        self._plan = plan(snapshot, query)
        self.sql = self._plan.shown()
        self.matched = 0
        self.more = False

    @property
    def looked_at(self) -> int:
        """How many records have to be put together, about."""
        return looked_at(self._snapshot, self._plan)

    @property
    def undecided(self) -> list[tuple[int, int]]:
        """Records of which it is not known whether they match."""
        return self._plan.undecided

    def __iter__(self) -> Iterator[Row]:
        return map(Row._make, self.tuples(*COLUMNS))

    def tuples(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        """The same, of each record only these columns of `records` (`bytes`: the exact ones) as a plain tuple."""
        with self._snapshot if self._owned else contextlib.nullcontext():
            yield from self._tuples(*columns)

    def _tuples(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        query = self._query
        if query.tail is not None:
            last = list(rows(self._snapshot, self._plan, columns, query.tail + 1, backwards=True))
            self.more = len(last) > query.tail
            found: Iterator[tuple[Any, ...]] = reversed(last[: query.tail])
        else:
            found = rows(self._snapshot, self._plan, columns, None if query.limit is None else query.limit + 1)
        for row in found:
            if query.limit is not None and self.matched == query.limit:
                self.more = True
                break
            self.matched += 1
            yield row

    def sources(self) -> Iterator[Found]:
        """The same in numbers; where the query has no limit, no record is looked at one by one that needs no check.

        There may be several for a source and level."""
        names = {part.part: part.source for part in self._snapshot.catalog.parts}
        snapshot, todo = self._snapshot, self._plan
        found: list[tuple[Any, ...]] = []
        left: Plan | None = todo
        with snapshot if self._owned else contextlib.nullcontext():
            whole = self._query.limit is None and self._query.tail is None
            dear = self._query.needs_attributes and (few_at_once(snapshot, dear=True) or has_many_formats(todo))
            if whole and todo.check is not None:
                found, left = sums(snapshot, todo, ("part", "level"))
            elif whole and not dear:
                columns = ("part", "level", "count(*)", "min(timestamp)", "max(timestamp)")
                sql, parameters = todo.select(columns, (), tail=" GROUP BY part, level")
                found, left = snapshot.execute(sql, parameters).fetchall(), None
            for part, level, records, first, last in found:
                self.matched += records
                yield Found(names[part], level, records, first, last)
            if left:
                self._plan = left
                for source, level, moment in self._tuples("source", "level", "timestamp"):
                    yield Found(source, level, 1, moment, moment)


def search(store: Store | Snapshot, query: Query) -> Answer:
    """The records that hold all that the query asks."""
    if isinstance(store, Snapshot):
        return Answer(store, query)
    return Answer(Snapshot(store), query, owned=True)


def page(
    store: Store | Snapshot, query: Query, *, limit: int, after: Key | None = None, before: Key | None = None
) -> Page:
    """The next `limit` records of a query after a place in time order, or the last ones before it; in time order."""
    with snapshot_of(store) as snapshot:
        todo = plan(snapshot, query)
        backwards = before is not None
        edge = after or before
        found = [Row._make(row) for row in rows(snapshot, todo, COLUMNS, limit + 1, backwards=backwards, edge=edge)]
        kept = found[:limit]
        return Page(kept[::-1] if backwards else kept, len(found) > limit)
