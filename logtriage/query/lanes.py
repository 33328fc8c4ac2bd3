"""The timeline: of each source, how many records each stretch of time had, how bad they were, and where it fell silent.

Stretches of whole minutes come from the rollup, `lake.activity`; shorter ones from the records of the span alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import PurePath
from typing import NamedTuple

from logtriage.query.query import Condition, joined
from logtriage.store.store import Store
from logtriage.store.views import PartRow, Snapshot, snapshot_of

_MINUTE = timedelta(minutes=1)
_SUFFIXES = (".log", ".json", ".txt", ".out", "-json")
# A pause counts as silence if so many records were to be expected in it (by chance it stays empty once in e^10 times),
# and if so many minutes are empty.
_EXPECTED, _EMPTY = 10, 2


class Cell(NamedTuple):
    """A stretch of a lane: its records, the worst severity number among them (0: none told), and how many have it."""

    records: int
    worst: int
    bad: int


class First(NamedTuple):
    """The first time that a signature was found."""

    moment: datetime
    pattern: str
    category: str
    severity: int


class Silence(NamedTuple):
    """A lane had its last record in the minute before `start`, and its next one in the minute `end` (None: none since)."""

    lane: str
    parts: tuple[int, ...]
    start: datetime
    end: datetime | None


@dataclass(slots=True)
class Lane:
    """One source or service: the parts it is made of, and its stretches by number."""

    name: str
    parts: tuple[int, ...]
    cells: dict[int, Cell] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """All of them."""
        return sum(cell.records for cell in self.cells.values())


class Lanes(NamedTuple):
    """All lanes over `cells` stretches of length `width` from `start` (UTC) on."""

    start: datetime
    width: timedelta
    cells: int
    lanes: list[Lane]

    @property
    def end(self) -> datetime:
        """Where the last stretch ends."""
        return self.start + self.cells * self.width

    def cell_of(self, moment: datetime) -> int:
        """The number of the stretch that holds a moment; may lie outside."""
        return (moment - self.start) // self.width


def lane_names(parts: Sequence[PartRow]) -> dict[int, str]:
    """Part → the name of its lane: the service or container that wrote it, else what the file is called; where several
    files would be called the same, each with its own name behind that."""
    plain = {p.part: p.service or p.container or PurePath(p.group).parent.name for p in parts}
    groups: dict[str, set[str]] = defaultdict(set)
    for p in parts:
        if not p.container:
            groups[plain[p.part]].add(p.group)
    names = {}
    for p in parts:
        stem, told = _stem(p.group), plain[p.part]
        alone = p.container or len(groups[told]) < 2
        names[p.part] = (told if p.service or p.container else stem) if alone or not told else f"{told}/{stem}"
    return names


def span(snapshot: Snapshot, parts: Sequence[int] | None = None) -> tuple[datetime, datetime] | None:
    """The first and the last minute (UTC, naive) that has a record; None where no record of these parts has a time."""
    where, _ = joined(_of(parts))
    rows = snapshot.con.execute(
        f"SELECT min(minute), max(minute) FROM lake.activity WHERE records > 0 AND {where}"
    ).fetchall()
    return rows[0] if rows[0][0] is not None else None


def ends(store: Store | Snapshot) -> tuple[datetime | None, datetime | None]:
    """The same of a whole store, as moments that know their zone; twice None where no record has a time."""
    with snapshot_of(store) as snapshot:
        first, last = span(snapshot) or (None, None)
    return first and first.replace(tzinfo=UTC), last and last.replace(tzinfo=UTC)


def whole(minutes: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """The stretch of time from a first to a last minute, both in full."""
    return minutes[0], minutes[1] + _MINUTE


def lanes(
    snapshot: Snapshot, since: datetime, until: datetime, count: int, parts: Sequence[int] | None = None
) -> Lanes:
    """The lanes of these parts (None: all) over `count` equal stretches from `since` up to `until` (UTC, naive)."""
    width = max((until - since) / max(1, count), timedelta(milliseconds=1))
    if width >= _MINUTE:
        width = timedelta(minutes=-(-width // _MINUTE))
        since = since.replace(second=0, microsecond=0)
        rows = _from_activity(snapshot, since, width, count, parts)
    else:
        rows = _from_records(snapshot, since, width, count, parts)
    found: dict[str, Lane] = {}
    names = lane_names([p for p in snapshot.catalog.parts if parts is None or p.part in set(parts)])
    by_name: dict[str, list[int]] = defaultdict(list)
    for part, name in names.items():
        by_name[name].append(part)
    for name, own in by_name.items():
        found[name] = Lane(name, tuple(own))
    for part, cell, severity, records in rows:
        if part in names and records > 0 and 0 <= cell < count:
            lane = found[names[part]]
            lane.cells[cell] = _with(lane.cells.get(cell, Cell(0, 0, 0)), severity or 0, records)
    return Lanes(since, width, count, sorted(found.values(), key=lambda lane: lane.name))


def firsts(snapshot: Snapshot, parts: Sequence[int] | None = None) -> list[First]:
    """When each signature was first found, in time order: what is new shows up here, what always goes on does not."""
    where, _ = joined(_of(parts))
    rows = snapshot.con.execute(
        "SELECT min(timestamp) AS first, pattern, any_value(category), max(coalesce(severity_number, 0)) FROM lake.hits "
        f"WHERE timestamp IS NOT NULL AND {where} GROUP BY pattern ORDER BY first, pattern"
    ).fetchall()
    return [First(*row) for row in rows]


def silences(snapshot: Snapshot, parts: Sequence[int] | None = None) -> list[Silence]:
    """Where lanes fell silent, in time order: pauses much too long for how often the lane speaks, and ends well before
    that of the logs. Told to the minute."""
    where, _ = joined(_of(parts))
    rows = snapshot.con.execute(
        "SELECT part, minute, sum(records)::BIGINT AS n FROM lake.activity "
        f"WHERE minute IS NOT NULL AND {where} GROUP BY ALL HAVING n > 0"
    ).fetchall()
    names = lane_names(snapshot.catalog.parts)
    active: dict[str, Counter[datetime]] = defaultdict(Counter)
    members: dict[str, set[int]] = defaultdict(set)
    for part, minute, records in rows:
        active[names[part]][minute] += records
        members[names[part]].add(part)
    end = max((max(minutes) for minutes in active.values()), default=None)
    found: list[Silence] = []
    for name, minutes in active.items():
        own = tuple(sorted(members[name]))
        found += [Silence(name, own, start, until) for start, until in _pauses(minutes, end)]
    return sorted(found, key=lambda one: (one.start, one.lane))


def _pauses(active: Counter[datetime], end: datetime | None) -> Iterable[tuple[datetime, datetime | None]]:
    """The unusual pauses of a lane, told by how many records each minute had."""
    minutes = sorted(active)
    if end is None or not minutes:
        return
    lasted = (minutes[-1] - minutes[0]) // _MINUTE + 1
    least = _MINUTE * (1 + max(_EMPTY, -(-_EXPECTED * lasted // active.total())))
    for before, after in pairwise(minutes):
        if after - before >= least:
            yield before + _MINUTE, after
    if end - minutes[-1] >= least:
        yield minutes[-1] + _MINUTE, None


def _from_activity(
    snapshot: Snapshot, since: datetime, width: timedelta, count: int, parts: Sequence[int] | None
) -> list[tuple[int, int, int | None, int]]:
    where, parameters = joined([*_of(parts), Condition("minute >= ? AND minute < ?", (since, since + count * width))])
    cell = f"(datediff('minute', ?, minute) // {width // _MINUTE})::INTEGER"
    sql = f"SELECT part, {cell} AS cell, severity_number, sum(records)::BIGINT FROM lake.activity WHERE {where} GROUP BY ALL"
    return snapshot.con.execute(sql, [since, *parameters]).fetchall()


def _from_records(
    snapshot: Snapshot, since: datetime, width: timedelta, count: int, parts: Sequence[int] | None
) -> list[tuple[int, int, int | None, int]]:
    where, parameters = _within(since, width, count, parts)
    sql = f"SELECT part, {_cell(width)}, severity_number, count(*) FROM pieces WHERE {where} GROUP BY ALL"
    return snapshot.con.execute(sql, [since, *parameters]).fetchall()


def _with(cell: Cell, severity: int, records: int) -> Cell:
    """A cell with some more records, all of one severity."""
    if severity == cell.worst:
        return Cell(cell.records + records, severity, cell.bad + records)
    worst = severity > cell.worst
    return Cell(cell.records + records, max(severity, cell.worst), records if worst else cell.bad)


def _within(since: datetime, width: timedelta, count: int, parts: Sequence[int] | None) -> tuple[str, list[object]]:
    return joined([*_of(parts), Condition("timestamp >= ? AND timestamp < ?", (since, since + count * width))])


def _cell(width: timedelta) -> str:
    return f"(datediff('microsecond', ?, timestamp) // {width // timedelta(microseconds=1)})::INTEGER"


def _of(parts: Sequence[int] | None) -> list[Condition]:
    return [] if parts is None else [Condition(f"part IN ({', '.join(map(str, parts)) or 'NULL'})")]


def _stem(name: str) -> str:
    """`/var/log/nginx/error.log` → `error`."""
    stem = PurePath(name).name or name
    while True:
        shorter = next((stem.removesuffix(s) for s in _SUFFIXES if stem.endswith(s) and stem != s), stem)
        if shorter == stem:
            return stem
        stem = shorter
