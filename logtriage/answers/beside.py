"""Records that were found amid those that stand beside them, of their source or across all, a batch at a time.

What stands beside a hit is another hit, or is printed with the first one in time that it stands beside, and with no other.
That is told by the hits around it alone, so nothing is kept in mind of what was printed before.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from logtriage.answers.near import APART, TIMELESS, Lanes, Near, Place, Spot
from logtriage.query.condition import Condition
from logtriage.query.fetch import fetched
from logtriage.query.places import placed
from logtriage.query.plan import plan
from logtriage.query.planned import Plan
from logtriage.query.query import Query
from logtriage.query.way import Way
from logtriage.query.weight import at_once
from logtriage.query.windows import between
from logtriage.stamps.epoch import moment
from logtriage.store.snapshot import Snapshot

# Of a batch: records near its hits, and those that are read to find them. A stretch takes as long as some records do.
_NEAR, _READ, _STRETCH = 100_000, 500_000, 10_000
_SOON = 0.2  # seconds that are spent on finding hits before those found are shown, at least
_FEW = 1_000  # records that are read from where they lie
_PLACES = Condition('(part, "offset") IN (SELECT part, "offset" FROM places)')


class Beside:
    """Shows hits of a query amid so many records before and after each."""

    def __init__(
        self,
        snapshot: Snapshot,
        query: Query,
        before: int,
        after: int,
        *,
        across: bool,
        taken: Collection[Spot] | None,
    ) -> None:
        """`taken`: the hits among what the query finds; None: all of it."""
        self._snapshot, self._query, self._taken = snapshot, query, taken
        self._before, self._after = before, after
        self._lanes = Lanes(snapshot, across=across)
        self._last: Spot | None = None  # the one that was shown last

    def rows(self, hits: Iterable[Place], columns: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], bool] | None]:
        """Some columns of `records` of each, and whether it is a hit; None where some between are left out. `hits`: all of them, in
        time order; they are taken as they are needed, and not by the same snapshot."""
        dear = "attributes" in columns
        most, every = at_once(self._snapshot, dear=dear), plan(self._snapshot, Query())
        for batch in self._batches(hits):
            near = self._lanes.near(batch, self._before + max(self._after, 1), self._after + self._before)
            shown = list(self._amid(batch, near))
            for start in range(0, len(shown), most):
                some = shown[start : start + most]
                told = self._told(every, (*columns, "part", '"offset"'), near, [one[0] for one in some if one])
                row_of = {row[-2:]: row[:-2] for row in told}
                for one in some:
                    yield one and (row_of[near.spot(one[0])], one[1])

    def _batches(self, hits: Iterable[Place]) -> Iterator[list[Place]]:
        """Hits that are dealt with together: as many as come while those before were, and the first ones soon."""
        most = max(1, _NEAR // (2 * (self._before + self._after) + 1))
        batch: list[Place] = []
        ends: dict[int, int] = {}  # in each lane the last one's
        read, patience, began = 0.0, _SOON, time.monotonic()
        for hit in hits:
            lane, at = self._lanes.at(hit)
            apart = self._lanes.distance(lane, ends[lane], at) if lane in ends else APART
            read += apart if apart < APART else _STRETCH
            if batch and (read > _READ or len(batch) == most):
                yield batch
                batch, ends, read, began = [], {}, 0.0, time.monotonic()
            batch.append(hit)
            ends[lane] = at
            if (now := time.monotonic()) - began > patience:
                yield batch
                batch, ends, read, began = [], {}, 0.0, time.monotonic()
                patience = max(_SOON, began - now)
        if batch:
            yield batch

    def _amid(self, batch: Sequence[Place], near: Near) -> Iterator[tuple[int, bool] | None]:
        """The hits of a batch amid what is shown with them, by their numbers, and whether each is a hit."""
        numbers = [near.number(hit) for hit in batch]
        every = sorted({*numbers, *self._others(batch, near, numbers)})
        for hit, number in zip(batch, numbers, strict=True):
            low, high = near.lane(hit.part)
            at = bisect_left(every, number)
            first, end = max(low, number - self._before), min(high, number + self._after + 1)
            if at and (other := every[at - 1]) >= low:
                first = min(number, max(first, other + 1 + (self._after if near.place(other) < hit else 0)))
            if at + 1 < len(every) and (other := every[at + 1]) < high:
                end = max(number + 1, min(end, other - (self._before if near.place(other) < hit else 0)))
            if self._last and not (first > low and near.spot(first - 1) == self._last):
                yield None
            yield from ((one, one == number) for one in range(first, end))
            self._last = near.spot(end - 1)

    def _others(self, batch: Sequence[Place], near: Near, numbers: Sequence[int]) -> list[int]:
        """The hits near those of a batch that are of another one: in time they come before or behind it."""
        reach, done = self._before + self._after, 0
        first, last, own = batch[0].moment, batch[-1].moment, set(numbers)
        asked: list[int] = []
        for number in sorted(numbers):
            low, high = near.lane(near.parts[number])
            end = min(high, number + reach + 1)
            around = range(max(low, number - reach, done), end)
            asked += (at for at in around if not first < near.moments[at] < last and at not in own)
            done = end
        if not asked:
            return []
        number_of = {near.spot(at): at for at in asked}
        todo = plan(self._snapshot, self._query, of_few=True)
        told = self._told(todo, ("part", '"offset"'), near, asked)
        return [
            number_of[part, offset] for part, offset in told if self._taken is None or (part, offset) in self._taken
        ]

    def _told(self, todo: Plan, columns: Sequence[str], near: Near, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
        """Some columns of those records, by their numbers, that a plan finds, in any order."""
        import pyarrow as pa

        con, places = self._snapshot.con, near.table.take(pa.array(numbers, pa.int64()))
        moments = [near.moments[number] for number in numbers]
        low, high = min(moments), max(moments)
        window = [between(moment(low), moment(high + 1))] if low > TIMELESS else []
        con.register("places", places)
        try:
            ways = self._ways(window, few=len(numbers) <= _FEW)
            where = [*window, _PLACES, *([todo.shapes] if todo.shapes else [])]
            return list(todo.decided(fetched(con.execute(*replace(todo, ways=ways).select(columns, where)))))
        finally:
            con.unregister("places")

    def _ways(self, window: Sequence[Condition], *, few: bool) -> list[Way]:
        """Where the records of `places` are: if these are `few`, of the files only what has them is read."""
        if (files := self._snapshot.files) is None:
            return []
        way = Way(_PLACES.sql if few else "true", tuple(files)).within(window)
        return placed(self._snapshot, [way]) if few else [way]
