"""The first so many hits of each source: sources that have theirs are looked at no longer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from logtriage.query.plan import plan
from logtriage.query.query import TIME_ORDER, Query
from logtriage.query.walk import Key, rows
from logtriage.store.views import Snapshot

_MANY = 20_000  # records: to begin anew takes less time than to look at them


class Firsts:
    """Of each source the first hits of a query in time order that are wanted, `most` at most. `undecided` is that of Answer."""

    def __init__(self, snapshot: Snapshot, query: Query, most: int) -> None:
        self._snapshot, self._query, self._most = snapshot, query, most
        self._taken: Counter[str] = Counter()
        self._sources = {part.part: part.source for part in snapshot.catalog.parts}
        self.undecided: list[tuple[int, int]] = []

    def tuples(self, columns: Sequence[str], wanted: Callable[[tuple[Any, ...]], bool]) -> Iterator[tuple[Any, ...]]:
        """Some columns of these. Once sources that have theirs have many records more, the others are looked at alone."""
        records = self._records()
        parts, edge = list(records) if self._most else [], None
        while parts:
            todo = plan(self._snapshot, replace(self._query, parts=tuple(parts)))
            left = parts
            for *values, part, timestamp, nanos, place in rows(
                self._snapshot, todo, (*columns, "part", *TIME_ORDER[:2], TIME_ORDER[3]), None, edge=edge, soon=True
            ):
                source, row = self._sources[part], tuple(values)
                if self._taken[source] == self._most or not wanted(row):
                    continue
                self._taken[source] += 1
                yield row
                if self._taken[source] < self._most:
                    continue
                left = [one for one in left if self._taken[self._sources[one]] < self._most]
                done = sum(records[one] for one in parts) - sum(records[one] for one in left)
                if done >= _MANY or not left:
                    edge = Key(timestamp, nanos, part, place)
                    break
            else:
                left = []
            self.undecided += todo.undecided
            parts = left

    def _records(self) -> dict[int, int]:
        """How many records each part has that may be hits, where there are any."""
        todo = plan(self._snapshot, self._query)
        none = todo.narrowed.none if todo.narrowed else frozenset()
        among = todo.query.parts
        found: Counter[int] = Counter()
        for (part, shape), records in self._snapshot.records.items():
            if shape not in none and (among is None or part in among):
                found[part] += records
        return dict(sorted(found.items()))
