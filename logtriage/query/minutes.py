"""How many records a plan has to look at in each minute, at most, as `lake.activity` tells. Of a store of many days no more
is read than one walks over.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from logtriage.query.condition import Condition, joined, stored
from logtriage.stamps.epoch import moment

if TYPE_CHECKING:
    from logtriage.query.planned import Plan
    from logtriage.query.query import Query
    from logtriage.store.snapshot import Snapshot

MINUTE = timedelta(minutes=1)
Minute: TypeAlias = tuple[datetime, int]  # its beginning, and how many records it has
_ROWS = 500_000  # of the activity, at most, that are read to know the first minutes
_GROWTH = 8  # so many times as much is read next
_NEVER = datetime.max.replace(second=0, microsecond=0)
_time, _start = itemgetter(0), itemgetter(0)


class _Stretch(NamedTuple):
    """What is known from one minute up to another."""

    start: datetime
    end: datetime
    minutes: list[Minute]


class Minutes:
    """The minutes that have such records, and of records without time how many each part has."""

    def __init__(
        self,
        snapshot: Snapshot,
        todo: Plan,
        known: list[Minute] | None = None,
        timeless: list[tuple[int, int]] | None = None,
    ) -> None:
        """`known`: all minutes, where these need not be read."""
        self._snapshot = snapshot
        self._where = counted(todo)
        self._first, self._end = _span(snapshot, todo.query if known is None else None)
        self._size = _size(snapshot, todo)
        self._known = [] if known is None else [_Stretch(self._first, self._end, known)]  # in order
        self._timeless = timeless

    def since(self, moment: datetime | None = None) -> Iterator[Minute]:
        """Those from the one on that holds a moment (None: from the first), in order."""
        return self._from(max(self._first, _minute(moment)) if moment else self._first, self._size)

    def _from(self, at: datetime, size: timedelta) -> Iterator[Minute]:
        """Those from a minute on; of what is not known, so long a time is read first."""
        while at < self._end:
            one, _, behind = self._around(at)
            if one is None:
                one, size = self._read(at, at + min(size, behind - at)), size * _GROWTH
            yield from one.minutes[bisect_left(one.minutes, at, key=_time) :]
            at = one.end

    def until(self, moment: datetime | None = None) -> Iterator[Minute]:
        """Those up to the one that holds a moment (None: all), the last one first."""
        end, size = _minute(moment) + MINUTE if moment and moment < self._end else self._end, self._size
        while end > self._first:
            one, before, _ = self._around(end - MINUTE)
            if one is None:
                one, size = self._read(end - min(size, end - before), end), size * _GROWTH
            yield from reversed(one.minutes[: bisect_left(one.minutes, end, key=_time)])
            end = one.start

    def every(self) -> list[Minute]:
        """All of them, in order."""
        return list(self._from(self._first, self._end - self._first))

    @property
    def timeless(self) -> list[tuple[int, int]]:
        """Part → how many records without time, in pairs."""
        if self._timeless is None:
            where, parameters = joined([*self._where, Condition("minute IS NULL")])
            gist = self._snapshot.gist
            some = gist is None or any(one.first is None for one in gist.counts)
            self._timeless = self._rows("part", where, parameters) if some else []
        return self._timeless

    def by_part(self) -> list[tuple[int, int]]:
        """Part → how many records, with time and without, in pairs."""
        return self._rows("part", *joined(self._where))

    def _around(self, at: datetime) -> tuple[_Stretch | None, datetime, datetime]:
        """The stretch that is known and holds a minute; or between which moments, with that minute, none is."""
        n = bisect_right(self._known, at, key=_start)
        before = self._known[n - 1] if n else None
        if before and at < before.end:
            return before, before.start, before.end
        behind = self._known[n].start if n < len(self._known) else self._end
        return None, before.end if before else self._first, behind

    def _read(self, start: datetime, end: datetime) -> _Stretch:
        """Learns what is in a stretch of which nothing is known."""
        within = Condition("minute >= ? AND minute < ?", (start, end))
        found = _Stretch(start, end, self._rows("minute", *joined([*self._where, within])))
        insort(self._known, found, key=_start)
        return found

    def _rows(self, by: str, where: str, parameters: Sequence[Any]) -> list[tuple[Any, int]]:
        sql = f"SELECT {by}, sum(records)::BIGINT AS n FROM lake.activity WHERE {where} GROUP BY {by} HAVING n > 0"
        return self._snapshot.con.execute(f"{sql} ORDER BY {by}", parameters).fetchall()


def minutes_of(snapshot: Snapshot, todo: Plan) -> Minutes:
    """Those of a plan; they are kept, as the plan is."""
    key = (repr(todo.query), todo.shapes)
    if key not in snapshot.memory:
        snapshot.memory[key] = Minutes(snapshot, todo)
    found: Minutes = snapshot.memory[key]
    return found


def told_by_gist(snapshot: Snapshot, todo: Plan, most: int) -> Minutes | None:
    """The minutes of few records (`most`) as of one stretch of time, without a look at the activity; None: it takes one."""
    if snapshot.gist is None or todo.narrowed is None:
        return None
    those = [one for one in snapshot.gist.counts if one.shape not in todo.narrowed.none]
    if (total := sum(one.records for one in those)) > most:
        return None
    timeless: Counter[int] = Counter()
    for one in those:
        timeless[one.part] += one.records if one.first is None else 0
    moments = sorted(filter(None, (moment(at) for one in those for at in (one.first, one.last))))
    ends = [at.replace(second=0, microsecond=0) for at in moments]
    return Minutes(
        snapshot,
        todo,
        known=[(ends[0], total), (ends[-1], 0)] if ends else [],
        timeless=[(part, records) for part, records in timeless.items() if records],
    )


def counted(todo: Plan) -> list[Condition]:
    """What of a plan `lake.activity` knows, to the minute."""
    query = todo.query
    conditions = [*([todo.shapes] if todo.shapes else []), *todo.counted]
    if query.since is not None:
        conditions.append(Condition("minute >= date_trunc('minute', ?::TIMESTAMP)", (stored(query.since),)))
    if query.until is not None:
        conditions.append(Condition("minute <= ?", (stored(query.until),)))
    return conditions


def _span(snapshot: Snapshot, query: Query | None) -> tuple[datetime, datetime]:
    """From the first minute of the store (that a query asks for) up to the end of the last one."""
    first, last = snapshot.minutes or (_NEVER, _NEVER - MINUTE)
    if query and query.since:
        first = max(first, stored(query.since).replace(second=0, microsecond=0))
    if query and query.until:
        last = max(first - MINUTE, min(last, stored(query.until).replace(second=0, microsecond=0)))
    return first, last + MINUTE


def _size(snapshot: Snapshot, todo: Plan) -> timedelta:
    """So long a time has at most `_ROWS` rows."""
    none = todo.narrowed.none if todo.narrowed else ()
    kinds = sum(shape not in none for _, shape in (snapshot.records if todo.lots is None else todo.lots))
    return max(1, _ROWS // max(1, kinds)) * MINUTE


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
