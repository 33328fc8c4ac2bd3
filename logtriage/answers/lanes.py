"""The timeline: of each source, how many records each stretch of time had and how bad they were.

Stretches of whole minutes come from the rollup, `lake.activity`; shorter ones from the records of the span alone, or from
the rollup too where those are many: then what a minute has is spread evenly over it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import NamedTuple

from logtriage.query.condition import Condition, joined
from logtriage.sql import among
from logtriage.store.catalog import PartRow
from logtriage.store.snapshot import Snapshot, snapshot_of
from logtriage.store.store import Store

_MINUTE = timedelta(minutes=1)
_SUFFIXES = (".log", ".json", ".txt", ".out", "-json")
_MOST = 2_000_000  # records that are looked at to tell stretches shorter than a minute
# (part, stretch, severity number, records)
Counted = tuple[int, int, int | None, int]


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
    """All lanes over `cells` stretches of length `width` from `start` (UTC) on. `rolled`: told by the minute."""

    start: datetime
    width: timedelta
    cells: int
    lanes: list[Lane]
    rolled: bool

    @property
    def end(self) -> datetime:
        """Where the last stretch ends."""
        return self.start + self.cells * self.width

    def cell_of(self, moment: datetime) -> int:
        """The number of the stretch that holds a moment; may lie outside."""
        return (moment - self.start) // self.width

    def filled(self, counted: Iterable[Counted]) -> Lanes:
        """The same lanes and stretches with these records in place of all; those of other parts are left out."""
        lanes = [Lane(lane.name, lane.parts) for lane in self.lanes]
        by_part = {part: lane for lane in lanes for part in lane.parts}
        for part, cell, severity, records in counted:
            if part in by_part and records > 0 and 0 <= cell < self.cells:
                cells = by_part[part].cells
                cells[cell] = _with(cells.get(cell, Cell(0, 0, 0)), severity or 0, records)
        return self._replace(lanes=lanes)


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
    if parts is None:
        return snapshot.minutes
    where, _ = joined(of_parts(parts))
    rows = snapshot.con.execute(
        f"SELECT min(minute), max(minute) FROM lake.activity WHERE records > 0 AND {where}"
    ).fetchall()
    return rows[0] if rows[0][0] is not None else None


def ends(store: Store | Snapshot, parts: Sequence[int] | None = None) -> tuple[datetime | None, datetime | None]:
    """The same, as moments that know their zone; twice None where no record has a time."""
    with snapshot_of(store) as snapshot:
        first, last = span(snapshot, parts) or (None, None)
    return first and first.replace(tzinfo=UTC), last and last.replace(tzinfo=UTC)


def whole(minutes: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """The stretch of time from a first to a last minute, both in full."""
    return minutes[0], minutes[1] + _MINUTE


def lanes(
    snapshot: Snapshot, since: datetime, until: datetime, count: int, parts: Sequence[int] | None = None
) -> Lanes:
    """The lanes of these parts (None: all) over `count` equal stretches from `since` up to `until` (UTC, naive)."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for part, name in lane_names([p for p in snapshot.catalog.parts if parts is None or p.part in set(parts)]).items():
        by_name[name].append(part)
    empty = [Lane(name, tuple(own)) for name, own in sorted(by_name.items())]
    width = max((until - since) / max(1, count), timedelta(milliseconds=1))
    begun = since.replace(second=0, microsecond=0)
    if width >= _MINUTE:
        made = Lanes(begun, timedelta(minutes=-(-width // _MINUTE)), count, empty, True)
    elif _records(snapshot, begun, until, parts) > _MOST:
        made = Lanes(begun, _MINUTE / max(1, count // -((begun - until) // _MINUTE)), count, empty, True)
    else:
        made = Lanes(since, width, count, empty, False)
    where = of_parts(parts)
    return made.filled(by_minute(snapshot, made, where) if made.rolled else _from_records(snapshot, made, where))


def firsts(snapshot: Snapshot, parts: Sequence[int] | None = None) -> list[First]:
    """When each signature was first found, in time order: what is new shows up here, what always goes on does not."""
    where, _ = joined(of_parts(parts))
    rows = snapshot.con.execute(
        "SELECT min(timestamp) AS first, pattern, any_value(category), max(coalesce(severity_number, 0)) FROM lake.hits "
        f"WHERE timestamp IS NOT NULL AND {where} GROUP BY pattern ORDER BY first, pattern"
    ).fetchall()
    return [First(*row) for row in rows]


def by_minute(snapshot: Snapshot, over: Lanes, where: Sequence[Condition]) -> Iterator[Counted]:
    """What `lake.activity` has in stretches told by the minute, under conditions on it."""
    within = Condition("minute >= ? AND minute < ?", (over.start, over.end))
    sql, parameters = joined([*where, within])
    minutes, parts = max(1, over.width // _MINUTE), max(1, _MINUTE // over.width)
    rows = snapshot.con.execute(
        f"SELECT part, datediff('minute', ?, minute) // {minutes}, severity_number, sum(records)::BIGINT "
        f"FROM lake.activity WHERE {sql} GROUP BY ALL",
        [over.start, *parameters],
    ).fetchall()
    for part, stretch, severity, records in rows:
        for k in range(parts):
            share = records * (k + 1) // parts - records * k // parts
            yield part, stretch * parts + k, severity, share


def cell_sql(over: Lanes) -> str:
    """SQL for the number of the stretch that a record with a time lies in."""
    start = f"TIMESTAMP '{over.start.isoformat(' ')}'"
    return f"(datediff('microsecond', {start}, timestamp) // {over.width // timedelta(microseconds=1)})::INTEGER"


def _records(snapshot: Snapshot, since: datetime, until: datetime, parts: Sequence[int] | None) -> int:
    where, parameters = joined([*of_parts(parts), Condition("minute >= ? AND minute < ?", (since, until))])
    sql = f"SELECT coalesce(sum(records), 0)::BIGINT FROM lake.activity WHERE {where}"
    return int(snapshot.con.execute(sql, parameters).fetchall()[0][0])


def _from_records(snapshot: Snapshot, over: Lanes, where: Sequence[Condition]) -> list[Counted]:
    sql, parameters = joined([*where, Condition("timestamp >= ? AND timestamp < ?", (over.start, over.end))])
    sql = f"SELECT part, {cell_sql(over)}, severity_number, count(*) FROM pieces WHERE {sql} GROUP BY ALL"
    return snapshot.con.execute(sql, parameters).fetchall()


def _with(cell: Cell, severity: int, records: int) -> Cell:
    """A cell with some more records, all of one severity."""
    if severity == cell.worst:
        return Cell(cell.records + records, severity, cell.bad + records)
    worst = severity > cell.worst
    return Cell(cell.records + records, max(severity, cell.worst), records if worst else cell.bad)


def of_parts(parts: Sequence[int] | None) -> list[Condition]:
    """What holds of the records of these parts (None: all)."""
    return [] if parts is None else [Condition(among("part", parts))]


def _stem(name: str) -> str:
    """`/var/log/nginx/error.log` → `error`."""
    stem = PurePath(name).name or name
    while True:
        shorter = next((stem.removesuffix(s) for s in _SUFFIXES if stem.endswith(s) and stem != s), stem)
        if shorter == stem:
            return stem
        stem = shorter
