"""The first so many hits of each source: sources that have theirs are looked at no longer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from logtriage.query.condition import Condition
from logtriage.query.fetch import firsts_of
from logtriage.query.plan import plan
from logtriage.query.planned import Plan
from logtriage.query.query import Query
from logtriage.query.walk import Key, in_window, windows
from logtriage.query.weight import are_dear, few_at_once, pace_of
from logtriage.query.windows import Between, Pace
from logtriage.store.snapshot import Snapshot

_FEW = 1_000  # hits of a source that are asked for apart from the others
_SHARE = 7 / 8  # of the records: where no more are of interest any longer, windows are made anew for those
_TRIES = (2, 16)  # so many records of each part are looked at for one hit, before all are


class Firsts:
    """Of each source the first hits of a query in time order, `most` at most. `undecided` is that of Answer."""

    def __init__(self, snapshot: Snapshot, query: Query, most: int) -> None:
        self._snapshot, self._query, self._most = snapshot, query, most
        self._taken: Counter[str] = Counter()
        self._sources = {part.part: part.source for part in snapshot.catalog.parts}
        self.undecided: list[tuple[int, int]] = []

    def tuples(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Some columns of these. Where sources that have theirs have many records more, the others are looked at alone."""
        every = plan(self._snapshot, self._query)
        records = self._records(every)
        parts, edge = list(records) if self._most else [], None
        while parts:
            todo = replace(every.among(parts), undecided=self.undecided)
            parts, edge = yield from self._some(todo, columns, parts, edge, records)

    def _some(
        self,
        todo: Plan,
        columns: Sequence[str],
        parts: Sequence[int],
        edge: Key | None,
        records: Mapping[int, int],
    ) -> Generator[tuple[Any, ...], None, tuple[list[int], Key | None]]:
        """Those of some parts from a place on, up to a window behind which few records are of interest; and what parts are, and
        that place."""
        pace, left = pace_of(self._snapshot, todo, columns), list(parts)
        for window in windows(self._snapshot, todo, pace, edge=edge, soon=True):
            here = [*window, Condition(f"part IN ({', '.join(map(str, left))})")]
            if edge:
                here.append(Condition("timestamp >= ?", (edge.timestamp,)))
            given = 0
            for *values, part in self._hits(todo, (*columns, "part"), here, pace):
                source = self._sources[part]
                if self._taken[source] < self._most:
                    self._taken[source] += 1
                    given += 1
                    yield tuple(values)
            left = [one for one in parts if self._taken[self._sources[one]] < self._most]
            if not left:
                break
            pace.saw(given)
            if isinstance(window[0], Between) and _sum(records, left) <= _SHARE * _sum(records, parts):
                return left, Key(window[0].parameters[1], 0, 0, 0)
        return [], None

    def _hits(
        self,
        todo: Plan,
        columns: Sequence[str],
        window: Sequence[Condition],
        pace: Pace,
    ) -> Iterable[tuple[Any, ...]]:
        """Hits in a window, in order: of each source the first ones, as many as are missing, or more."""
        few = self._most <= _FEW and few_at_once(self._snapshot, dear=are_dear(todo, columns)) is None
        for more in _TRIES if few else ():
            known = len(todo.undecided)
            rows, among = firsts_of(self._snapshot, todo, columns, window, more * self._most)
            found = list(rows)
            of_part = Counter(row[-1] for row in found)
            cut = (part for part, number in among.items() if number > more * self._most)
            if all(self._taken[self._sources[part]] + of_part[part] >= self._most for part in cut):
                return found
            del todo.undecided[known:]
        return in_window(self._snapshot, todo, columns, window, pace)

    def _records(self, todo: Plan) -> dict[int, int]:
        """How many records each part has that may be hits, where there are any."""
        none = todo.narrowed.none if todo.narrowed else frozenset()
        among = todo.query.parts
        found: Counter[int] = Counter()
        for (part, shape), records in self._snapshot.records.items():
            if shape not in none and (among is None or part in among):
                found[part] += records
        return dict(sorted(found.items()))


def _sum(records: Mapping[int, int], parts: Iterable[int]) -> int:
    return sum(records[one] for one in parts)
