"""Where records lie that may hold something, told so that DuckDB passes over whole files, which are of one part or few, and
whole row groups, which are of few shapes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from logtriage.query.condition import Condition, stored
from logtriage.query.narrow import among
from logtriage.query.places import placed
from logtriage.query.query import Query
from logtriage.query.way import PASS, Test, Way, either
from logtriage.sql import MOST_SCANNED, scanned
from logtriage.stamps.epoch import microseconds
from logtriage.store.file_grams import name_of, number_of
from logtriage.store.files import ANYWHERE, File, Range
from logtriage.store.grams import FILES, Row, joined, places
from logtriage.store.snapshot import Snapshot

Lot: TypeAlias = tuple[int, int]  # the records of one part and shape
Grams: TypeAlias = frozenset[str]
_SCAN = 100_000  # records that are looked at while one scan more is begun
_MOST_NAMED = 1_000  # shapes, where nothing but the shape tells


def files_of(snapshot: Snapshot, query: Query) -> list[File] | None:
    """The files that may have records of the times and parts that a query asks for; None: files are not known."""
    asked: list[tuple[str, list[Range]]] = []
    if query.since or query.until:
        first = microseconds(stored(query.since)) if query.since else ANYWHERE[0]
        last = microseconds(stored(query.until)) if query.until else ANYWHERE[1]
        asked.append(("timestamp", [(first, last)]))
    if query.parts is not None:
        asked.append(("part", [(part, part) for part in query.parts]))
    files = snapshot.files
    return files and [file for file in files if all(file.may_hold(column, ranges) for column, ranges in asked)]


class Reach:
    """What a snapshot knows of where records lie, in some files (None: they are not known)."""

    def __init__(self, snapshot: Snapshot, files: Sequence[File] | None) -> None:
        self._snapshot, self._among = snapshot, files
        self._known: dict[tuple[int, Grams], list[Range] | None] = {}
        self._every: Counter[int] = Counter()
        for (part, _), records in snapshot.records.items():
            self._every[part] += records
        self._before = {row.first: row for row in snapshot.grams.get(FILES, ())}
        self._possible: dict[Grams, list[File]] = {}

    def ranges(self, part: int, grams: Grams) -> list[Range] | None:
        """The offsets at which a part's records may hold some grams (see store/grams.py); None: at all."""
        if (part, grams) not in self._known:
            rows = self._snapshot.grams.get(part) if grams else None
            end = self._snapshot.ends.get(part, 1) - 1
            found = places(rows, lambda row: row.may_hold(grams), end) if rows else None
            self._known[part, grams] = None if found and found[0][0] <= 0 and found[0][1] >= end else found
        return self._known[part, grams]

    def may_hold(self, part: int, shape: int, run: int, grams: Grams) -> bool:
        """May records of a part and shape hold a run of letters and digits as long as this, and some grams?"""
        ranges = self.ranges(part, grams)
        return (ranges is None or bool(ranges)) and self._snapshot.runs.get((part, shape), run) >= run

    def of(self, cases: Mapping[tuple[Test, Grams], set[Lot]], most: int, *, in_files: bool) -> list[Way]:
        """Ways in which records can hold a text: of some parts and shapes those which pass a test and for which some grams
        have to be there. One `most` of tests is told alone, of all others that one holds. `in_files`: files are named."""
        if not in_files or self._among is None:
            return [Way(sql) for sql in self._in_lake(cases, most)]
        apart: list[Way] = []
        of_shapes: list[Way] = []  # of which nothing but the shape tells
        others: list[Way] = []
        found: dict[str, tuple[Test, Way]] = {}
        for (test, grams), lots in sorted(cases.items(), key=_by_sql):
            way = self._in_files(test, grams, lots)
            found[way.sql] = test, way.also(found[way.sql][1]) if way.sql in found else way
        wider = {sql: set(way.files or ()) for sql, (_, way) in found.items()}
        for test, way in found.values():
            weaker = {f"({test.weaker})", f"({test.sql})"} - {way.sql}
            if way.files and not any(wider[one].issuperset(way.files) for one in weaker & wider.keys()):
                (of_shapes if test.sql == PASS else apart if test.apart else others).append(way)
        by_place = [
            *placed(self._snapshot, apart),
            *placed(self._snapshot, of_shapes),
        ]  # many of one leave the other's few
        return [*(others if len(others) <= most else [either(others)]), *by_place]

    def of_shapes(self, condition: Condition) -> Way:
        """The way of all records with which a condition on the shape holds."""
        return Way(condition.sql, tuple(self._among) if self._among is not None else None)

    def _in_files(self, test: Test, grams: Grams, lots: set[Lot]) -> Way:
        parts = {part: self.ranges(part, grams) for part, _ in lots}
        named = sorted({shape for _, shape in lots})
        shapes = [(shape, shape) for shape in named]
        found = tuple(
            file
            for file in self._files(grams)
            if all(file.may_hold(column, ranges) for column, ranges in test.near)
            and file.may_hold("shape", shapes)
            and any(
                file.may_hold("part", [(part, part)]) and (ranges is None or file.may_hold("offset", ranges))
                for part, ranges in parts.items()
            )
        )
        few = ""
        if len(named) <= MOST_SCANNED:
            few = f"({scanned('shape', named)}) AND "
        elif test.sql == PASS and len(named) <= _MOST_NAMED:
            few = f"{among(named, 'IN')} AND "
        return Way(f"{few}({test.sql})", found, wide=test.wide)

    def _files(self, grams: Grams) -> list[File]:
        """The files that may hold some grams, as far as that is known of them as a whole."""
        if grams not in self._possible:
            self._possible[grams] = [
                file for file in self._among or () if all(row.may_hold(grams) for row in self._told(file))
            ]
        return self._possible[grams]

    def _told(self, file: File) -> Sequence[Row]:
        """What is told of a file as a whole, if anything."""
        found = self._snapshot.file_grams.get(name_of(file))
        if found is None and self._before and (row := self._before.get(number_of(file))):
            return [row]
        return found or ()

    def _in_lake(self, cases: Mapping[tuple[Test, Grams], set[Lot]], most: int) -> Iterator[str]:
        anywhere: dict[str, set[Lot]] = defaultdict(set)
        nearby: dict[int, _Near] = {}
        for (test, grams), lots in cases.items():
            for part, shape in lots:
                if (ranges := self.ranges(part, grams)) is None:
                    anywhere[test.sql].add((part, shape))
                else:
                    near = _Near({part}, {test.sql}, {shape}, ranges)
                    nearby[part] = nearby[part].with_(near) if part in nearby else near
        yield from self._around(nearby.values())
        named = sorted({shape for _, shape in anywhere.get(PASS, ())})
        if 0 < len(named) <= _MOST_NAMED:
            del anywhere[PASS]
            yield among(named, "IN")
        if len(anywhere) > most:
            anywhere = {" OR ".join(f"({test})" for test in sorted(anywhere)): set().union(*anywhere.values())}
        for test_sql, lots in sorted(anywhere.items()):
            yield from (f"{where} AND ({test_sql})" for where in self._where(lots))

    def _where(self, lots: set[Lot]) -> Iterator[str]:
        """Of a part that has many of the records, or few others, all are looked at."""
        wanted: Counter[int] = Counter()
        named: dict[int, set[int]] = defaultdict(set)
        for (part, number), records in self._snapshot.records.items():
            if (part, number) in lots:
                wanted[part] += records
                named[part].add(number)
        few: set[int] = set()
        for part in sorted(named, key=lambda part: len(named[part])):
            if len(few | named[part]) <= MOST_SCANNED and wanted[part] < self._every[part] // 2:
                few |= named.pop(part)
        if few:
            yield f"({scanned('shape', few)})"
        if named:
            yield f"({scanned('part', named)})" if len(named) < len(self._every) else "true"

    def _around(self, nearby: Iterable[_Near]) -> Iterator[str]:
        """Where to look, at several places at once where that has few more records looked at."""
        groups: list[_Near] = []
        for near in nearby:
            for n, group in enumerate(groups):
                both = group.with_(near)
                if self._records(both) <= self._records(group) + self._records(near) + _SCAN:
                    groups[n] = both
                    break
            else:
                groups.append(near)
        yield from (group.sql() for group in groups if group.ranges)

    def _records(self, near: _Near) -> float:
        """About how many records are to be looked at."""
        bytes_ = sum(last + 1 - first for first, last in near.ranges)
        return sum(self._every[part] * min(1, bytes_ / max(1, self._snapshot.ends.get(part, 1))) for part in near.parts)


def _by_sql(case: tuple[tuple[Test, Grams], set[Lot]]) -> str:
    return case[0][0].sql


@dataclass(frozen=True, slots=True)
class _Near:
    """In which parts, shapes, and at which offsets records lie that may pass some tests."""

    parts: set[int]
    tests: set[str]
    shapes: set[int]
    ranges: list[Range]

    def with_(self, other: _Near) -> _Near:
        return _Near(
            self.parts | other.parts, self.tests | other.tests, self.shapes | other.shapes,
            joined([*self.ranges, *other.ranges]),
        )  # fmt: skip

    def sql(self) -> str:
        ranges = self.ranges if len(self.ranges) <= MOST_SCANNED else [(self.ranges[0][0], self.ranges[-1][1])]
        offsets = " OR ".join(f'"offset" BETWEEN {first} AND {last}' for first, last in ranges)
        shapes = f" AND ({scanned('shape', self.shapes)})" if len(self.shapes) <= MOST_SCANNED else ""
        tests = " OR ".join(f"({test})" for test in sorted(self.tests))
        return f"({scanned('part', self.parts)}) AND ({offsets}){shapes} AND ({tests})"
