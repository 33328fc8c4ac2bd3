"""How one request went through the services: when each of them spoke, and where time went by. Nothing is asked here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from logtriage.answers.glance import Glance
from logtriage.query.query import LEVELS


class Step(NamedTuple):
    """One record: the time since the first record of all (`at`) and since the one before (`gap`); `hop`: the one before
    is another service's."""

    record: Glance
    service: str
    at: timedelta
    gap: timedelta
    hop: bool


class Track(NamedTuple):
    """What one service said: from its first record to its last one, the worst level of all (0: none told)."""

    service: str
    start: timedelta
    end: timedelta
    worst: int
    steps: tuple[Step, ...]

    @property
    def length(self) -> timedelta:
        """From its first record to its last."""
        return self.end - self.start

    @property
    def is_coarse(self) -> bool:
        """Whether all its times are whole seconds: the service writes no finer ones."""
        return not any(step.record.timestamp.microsecond for step in self.steps if step.record.timestamp)


class Waterfall(NamedTuple):
    """All records that have a time, in its order; a track for each service, the one that spoke first on top. `timeless`:
    how many records are left out as they have none."""

    start: datetime | None
    length: timedelta
    tracks: tuple[Track, ...]
    steps: tuple[Step, ...]
    timeless: int

    @property
    def errors(self) -> int:
        """How many records are errors."""
        return sum(severity(step.record) >= LEVELS["error"] for step in self.steps)

    def longest(self, count: int) -> list[Step]:
        """The steps before which nothing was said for the longest, longest first; none without a pause."""
        paused = [step for step in self.steps if step.gap]
        return sorted(paused, key=lambda step: (-step.gap, step.at))[:count]


def waterfall(records: Iterable[Glance], name: Callable[[Glance], str]) -> Waterfall:
    """The records of one trace, in whatever order, as a waterfall; `name`: which service a record belongs to."""
    records = list(records)
    timed = sorted((one for one in records if one.timestamp), key=_place)
    steps = _steps(timed, name)
    by_service: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        by_service[step.service].append(step)
    tracks = tuple(
        Track(service, own[0].at, own[-1].at, max(severity(step.record) for step in own), tuple(own))
        for service, own in by_service.items()
    )
    start = timed[0].timestamp if timed else None
    return Waterfall(start, steps[-1].at if steps else timedelta(), tracks, tuple(steps), len(records) - len(timed))


def bar(track: Track, length: timedelta, cells: int) -> str:
    """A track as one line of `cells` characters: `●` where records are, `─` between its first and its last one."""
    out = [" "] * cells
    places = [_cell(step.at, length, cells) for step in track.steps]
    for k in range(places[0], places[-1] + 1):
        out[k] = "─"
    for k in places:
        out[k] = "●"
    return "".join(out)


def severity(record: Glance) -> int:
    """Its severity number; 0: none told."""
    return LEVELS.get(record.level or "", 0)


def _steps(records: Sequence[Glance], name: Callable[[Glance], str]) -> list[Step]:
    steps: list[Step] = []
    for record in records:
        first = records[0].timestamp
        assert record.timestamp and first
        at, service = record.timestamp - first, name(record)
        last = steps[-1] if steps else None
        steps.append(Step(record, service, at, at - last.at if last else at, bool(last and last.service != service)))
    return steps


def _cell(at: timedelta, length: timedelta, cells: int) -> int:
    return round(at / length * (cells - 1)) if length else 0


def _place(record: Glance) -> tuple[datetime, int, int, int]:
    assert record.timestamp
    return record.timestamp, record.nanos or 0, record.part, record.offset
