"""The places of the records near others, in their lanes: those of their source, as they stand there, or across all, by time.

Of a lane only stretches are read: around each record so many that those near it are surely among them, and more where they
turn out not to be.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from logtriage.layouts import one
from logtriage.stamps.epoch import microseconds, moment
from logtriage.store.files import ANYWHERE, File, reading
from logtriage.store.snapshot import Snapshot

if TYPE_CHECKING:
    import pyarrow as pa

APART = 100_000  # records of a lane: what is as far apart is read as two stretches
# Records that are read beside those that are wanted, in all; and times as many as these, at least.
_ROOM, _LEAST = 50_000, 16
_WIDER = 8
_TENTH = 10
_ACROSS = -1  # the one lane of all records; else a lane is a part
_MINUTE = 60_000_000
TIMELESS = -(1 << 62)  # the moment of a record that has none


class Place(NamedTuple):
    """A record's place in time order; `moment` in microseconds of 1970."""

    moment: int
    nanos: int
    part: int
    offset: int


Spot = tuple[int, int]  # a record's part and offset
# SQL of the fields of a Place.
PLACE = (f"coalesce(epoch_us(timestamp), {TIMELESS})", "coalesce(nanos, 0)", "part", '"offset"')


class Stretch(NamedTuple):
    """A stretch of a lane, from one place in it up to another, both included: offsets in a part, moments across all."""

    lane: int
    low: int
    high: int


class Near:
    """Some records by their places, in the order of their lanes."""

    def __init__(self, table: pa.Table, *, across: bool) -> None:
        """`table`: columns `moment`, `nanos`, `part` and `offset`, all int64."""
        self.table, self._across = table, across
        columns = (one(table[name]) for name in Place._fields)
        views = (memoryview(each.buffers()[1]).cast("q")[each.offset :] for each in columns)
        self.moments, self._nanos, self.parts, self.offsets = (view[: len(table)] for view in views)

    def place(self, at: int) -> Place:
        """The place of the record of a number."""
        return Place(self.moments[at], self._nanos[at], self.parts[at], self.offsets[at])

    def spot(self, at: int) -> Spot:
        """What tells that record from all others."""
        return self.parts[at], self.offsets[at]

    def number(self, place: Place) -> int:
        """The number of a record that is among these."""
        if self._across:
            same = bisect_left(self.moments, place.moment), bisect_right(self.moments, place.moment)
            return bisect_left(range(len(self.moments)), place, *same, key=self.place)
        return bisect_left(self.offsets, place.offset, *self.lane(place.part))

    def lane(self, part: int) -> tuple[int, int]:
        """From which number on, and up to which, records are of the same lane as those of a part."""
        if self._across:
            return 0, len(self.moments)
        return bisect_left(self.parts, part), bisect_right(self.parts, part)

    def within(self, stretch: Stretch) -> tuple[int, int]:
        """The same of a stretch."""
        places = self.moments if self._across else self.offsets
        ends = self.lane(stretch.lane)
        return bisect_left(places, stretch.low, *ends), bisect_right(places, stretch.high, *ends)


class Lanes:
    """The lanes of a snapshot."""

    def __init__(self, snapshot: Snapshot, *, across: bool) -> None:
        self._snapshot, self._across = snapshot, across
        records: Counter[int] = Counter()
        for (part, _), number in snapshot.records.items():
            records[_ACROSS if across else part] += number
        if across:
            minutes = tuple(map(microseconds, snapshot.minutes or ()))
            self._ends = {_ACROSS: (minutes[0] - 1, minutes[1] + _MINUTE) if minutes else (0, 0)}
        else:
            self._ends = {part: (0, snapshot.ends.get(part, 0)) for part in records}
        # from one record to the next, on average
        self._steps = {
            lane: max(1.0, (last - first) / max(1, records[lane])) for lane, (first, last) in self._ends.items()
        }
        if across and (usual := self._usual_step(records[_ACROSS])):
            self._steps[_ACROSS] = max(1.0, min(usual, self._steps[_ACROSS]))

    def _usual_step(self, records: int) -> float | None:
        """How far one record of so many is from the next in time, but for the first and the last of the files: one record of a
        clock that was not set yet stands decades apart. None: there are too few files to tell."""
        ends = [file.ends.get("timestamp", ANYWHERE) for file in self._snapshot.files or ()]
        known = [(first, last) for first, last in ends if (first, last) != ANYWHERE]
        few = -(-len(known) // _TENTH)
        if len(known) <= 2 * few:
            return None
        first, last = sorted(first for first, _ in known)[few], sorted(last for _, last in known)[-1 - few]
        return (last - first) / (records * (1 - 2 * few / len(known)))

    def at(self, place: Place) -> tuple[int, int]:
        """The lane that a record is in, and where: without a time, across all, just before the first one that has one."""
        return (_ACROSS, max(place.moment, self._ends[_ACROSS][0])) if self._across else (place.part, place.offset)

    def distance(self, lane: int, first: int, last: int) -> float:
        """How many records lie between two places in a lane, about."""
        return abs(last - first) / self._steps[lane]

    def near(self, places: Sequence[Place], before: int, after: int) -> Near:
        """Some records, and so many before and after each, as far as there are any."""
        spots = sorted(map(self.at, places))
        room = max(_LEAST * (before + after), _ROOM // len({lane for lane, _ in spots}))
        stretches = self._joined([self._wider(Stretch(lane, at, at), room, room) for lane, at in spots])
        while True:
            near = Near(self._read(stretches), across=self._across)
            numbers = sorted(map(near.number, places))
            short = [self._is_short(each, near, numbers, before, after) for each in stretches]
            if not any(map(any, short)):
                return near
            room *= _WIDER
            wider = (
                self._wider(each, *(room * side for side in sides))
                for each, sides in zip(stretches, short, strict=True)
            )
            stretches = self._joined(sorted(wider))

    def _wider(self, stretch: Stretch, before: float, after: float) -> Stretch:
        """A stretch with so many records more before it and behind it, about."""
        (lane, low, high), step, (least, most) = stretch, self._steps[stretch.lane], self._ends[stretch.lane]
        return Stretch(lane, max(low - int(before * step), least), min(high + int(after * step), most))

    def _joined(self, stretches: Sequence[Stretch]) -> list[Stretch]:
        """Stretches in order, those that are near each other as one."""
        joined: list[Stretch] = []
        for each in stretches:
            last = joined[-1] if joined else None
            if (
                last
                and last.lane == each.lane
                and self.distance(last.lane, last.high, max(each.low, last.high)) <= APART
            ):
                joined[-1] = last._replace(high=max(last.high, each.high))
            else:
                joined.append(each)
        return joined

    def _is_short(
        self, stretch: Stretch, near: Near, numbers: Sequence[int], before: int, after: int
    ) -> tuple[bool, bool]:
        """Whether records before those of some numbers, in a stretch, may lie outside it, and whether such behind them."""
        first, end = near.within(self._with_timeless(stretch))
        inside = numbers[bisect_left(numbers, first) : bisect_left(numbers, end)]
        least, most = self._ends[stretch.lane]
        is_short_before = stretch.low > least and inside[0] - first < before
        return is_short_before, stretch.high < most and end - 1 - inside[-1] < after

    def _with_timeless(self, stretch: Stretch) -> Stretch:
        return stretch._replace(low=TIMELESS) if self._across and stretch.low <= self._ends[_ACROSS][0] else stretch

    def _read(self, stretches: Sequence[Stretch]) -> pa.Table:
        """The places of the records in some stretches."""
        columns = ", ".join(f'({sql})::BIGINT AS "{name}"' for sql, name in zip(PLACE, Place._fields, strict=True))
        files = self._snapshot.files
        order = 'moment, nanos, part, "offset"' if self._across else 'part, "offset"'
        records = "lake.records" if files is None else reading([one for one in files if self._may_hold(one, stretches)])
        sql = f"SELECT {columns} FROM {records} {self._where(stretches)} ORDER BY {order}"
        return self._snapshot.con.execute(sql).to_arrow_table()

    def _where(self, stretches: Sequence[Stretch]) -> str:
        if not self._across:
            listed = ", ".join(map(str, map(tuple, stretches)))
            return (
                f'JOIN (VALUES {listed}) AS stretch(lane, low, high) ON part = lane AND "offset" BETWEEN low AND high'
            )
        times = [
            f"timestamp BETWEEN TIMESTAMP '{moment(low)}' AND TIMESTAMP '{moment(high)}'" for _, low, high in stretches
        ]
        timeless = ["timestamp IS NULL"] if stretches[0].low <= self._ends[_ACROSS][0] else []
        return f"WHERE {' OR '.join([*timeless, *times])}"

    def _may_hold(self, file: File, stretches: Sequence[Stretch]) -> bool:
        if self._across:
            timeless = stretches[0].low <= self._ends[_ACROSS][0]
            return timeless or file.may_hold("timestamp", [(low, high) for _, low, high in stretches])
        least, most = file.ends.get("part", (1, 0))
        low, high = bisect_left(stretches, (least,)), bisect_left(stretches, (most + 1,))
        return low < high and file.may_hold("offset", [(first, last) for _, first, last in stretches[low:high]])
