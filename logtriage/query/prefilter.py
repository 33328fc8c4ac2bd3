"""Weak tests for a needle on the columns that a record is kept in, so that few records have to be put together.

Every match holds one of the needle's required texts. Where such a text can stand in a shape, the shape's seams tell in
which column of its records each part of the text must be found; and where all of it lies in one, what of the match
is around it must be found there too.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, product
from operator import attrgetter

from logtriage.needles.behind import behind
from logtriage.needles.dialect import pieces
from logtriage.needles.inside import clipped
from logtriage.needles.needle import Needle
from logtriage.query.minutes import MINUTE
from logtriage.query.reach import Grams, Lot, Reach
from logtriage.query.spots import ALONE, FRAME, INSIDE, LAST, PIECE, Required, Tests, columns_of
from logtriage.query.way import PASS, Test, Way
from logtriage.sql import literal, scanned
from logtriage.stamps.epoch import microseconds
from logtriage.stamps.holding import holding
from logtriage.stamps.rendering import render_sql
from logtriage.store import seams
from logtriage.store.file_grams import name_of
from logtriage.store.files import File, Range, reading
from logtriage.store.frame import json_text
from logtriage.store.grams import IDS as IDS_PART
from logtriage.store.grams import grams_of, pieces_of_id, places
from logtriage.store.ids import COLUMNS as IDS
from logtriage.store.seams import plain_text
from logtriage.store.snapshot import Snapshot

_MOST = 1_000  # ids that are named one by one in SQL
_MOST_WAYS = 12  # that are looked for one by one
_MOST_RANGES = 64  # of ids that are read one by one
_MANY = 600_000  # ids: more take longer than to wake a second thread
_SERIAL = count()
_LAST_ID = (1 << 63) - 1
_STAMPS = {
    seams.STAMP: ("stamp", "timestamp", "nanos"),
    seams.OBSERVED: ("observed_stamp", "observed", "observed_nanos"),
}
_BODIES = (seams.BODY, seams.JSON_BODY)
_ENDS_WITH_BODY = re.compile(f"[^\1-\7]{seams.BODY}\n?\\Z")
_WORD = re.compile("[A-Za-z0-9]+")
_DIGIT = re.compile("[0-9]")
_ESCAPED = re.compile(r'["\\]')


class Prefilter:
    """Conditions on rows of `pieces`, one of which holds of every record with a match of a needle."""

    def __init__(
        self, snapshot: Snapshot, needle: Needle, files: Sequence[File] | None, *, in_ids: bool = True
    ) -> None:
        """`files`: of which records are looked for (None: of all); `in_ids`: whether it may stand inside a trace, span or request
        id."""
        self._snapshot, self._needle, self._folded, self._in_ids = snapshot, needle, needle.folded, in_ids
        self._behind = {text: behind(needle, text) for text in needle.required}
        self._required = [Required(text, rest.form if rest else None) for text, rest in self._behind.items()]
        self._known: dict[tuple[str, str, int], list[Test]] = {}
        self._ids: dict[tuple[str, str | None], list[Test]] = {}
        self._files, self._reach = files, Reach(snapshot, files)

    def ways(self, shapes: Iterable[tuple[int, str]], *, in_files: bool = True) -> list[Way] | None:
        """The tests for the records of some shapes (number, text with its seams); None where nothing is known. `in_files`: they
        may name files.

        A record may pass several. Each asks for parts of few columns: DuckDB's scan reads the others only where a record
        has passed, as long as no test of its own looks at two columns.
        """
        if not self._required:
            return None
        parts: dict[int, list[int]] = defaultdict(list)
        for part, number in self._snapshot.records:
            parts[number].append(part)
        found: dict[Tests, list[Lot]] = defaultdict(list)  # the same few tests for most shapes
        for number, text in shapes:
            for tests in set(self._places(text)):
                found[tests] += [(part, number) for part in parts[number]]
        cases: dict[tuple[Test, Grams], set[Lot]] = defaultdict(set)
        for tests, lots in found.items():
            run, grams = _run(tests), grams_of(_in_columns(tests))
            held = [lot for lot in lots if self._reach.may_hold(*lot, run, grams)]
            for way in self._all(tests) if held else ():
                cases[way, grams].update(held)
        return self._reach.of(cases, _MOST_WAYS, in_files=in_files)

    def _places(self, text: str) -> Iterator[Tests]:
        plain, columns = plain_text(text), columns_of(text)
        if self._folded:
            plain = pieces.lowered(plain)
        for required in self._required:
            yield from required.places(plain, columns, LAST if _ENDS_WITH_BODY.search(text) else INSIDE)

    def _all(self, tests: Tests) -> Iterator[Test]:
        """The ways in which tests may all hold; none: they never do."""
        each = [self._test(*test) for test in sorted(tests, key=lambda test: (test[0] in _STAMPS, test))]
        if math.prod(map(len, each)) > _MOST_WAYS:
            each = [[_either(ways)] for ways in each]
        for ways in product(*each):
            sql = " AND ".join(f"({one.sql})" for one in ways if one.sql != PASS) or PASS
            near, weaker = frozenset().union(*(one.near for one in ways)), ways[0].weaker if len(ways) == 1 else ""
            yield Test(sql, near, any(one.apart for one in ways), any(one.wide for one in ways), weaker)

    def _test(self, mark: str, text: str, kind: int) -> list[Test]:
        """The ways in which a test may hold; none: it never does."""
        if kind == LAST and mark not in _BODIES:
            kind = INSIDE
        if (mark, text, kind) not in self._known:
            self._known[mark, text, kind] = self._new_test(mark, text, kind)
        return self._known[mark, text, kind]

    def _new_test(self, mark: str, text: str, kind: int) -> list[Test]:
        # a folded text is in lower case as far as it is ASCII; any other character alone stands for itself
        if not text.isprintable() or (self._folded and not text.isascii() and len(text) > 1):
            return [Test(PASS)]
        around = self._around(mark, text, kind) if kind != PIECE else None
        if mark == seams.ID:
            return self._among_ids(text, around) if self._in_ids else []
        if mark in _STAMPS and len(text) == 1 and text.isdecimal():
            return [Test(PASS)]  # nearly all times have it, and which takes longer to tell
        if mark in _STAMPS:
            rest = self._behind[text] if kind == ALONE else None
            return self._in_stamp(text, rest.wholes if rest else (text,), around, *_STAMPS[mark])
        escaped = mark == seams.JSON_BODY and "\\" in text  # what is no part of an escape stands there without
        column = json_text("body") if escaped else "body" if mark in _BODIES else "frame"
        holds = self._contains(column, text)
        sql = f"{holds}{_matching(column, around)}"
        inside = f"{holds}{_matching(column, self._around(mark, text, INSIDE))}" if kind == LAST else sql
        return [Test(sql, wide=around is not None, weaker=f"({inside})" if inside != sql else "")]

    def _around(self, mark: str, text: str, kind: int) -> str | None:
        """What is found in the column where the text is part of a match."""
        if mark == seams.JSON_BODY:
            return None if _ESCAPED.search(text) else clipped(self._needle, text, escaped=True)
        return clipped(self._needle, text, ends=mark == FRAME or kind == LAST, alone=kind == ALONE)

    def _contains(self, column: str, text: str) -> str:
        return f"contains({f'lower({column})' if self._folded and text.isascii() else column}, {literal(text)})"

    def _in_stamp(
        self, text: str, wholes: Iterable[str], around: str | None, number: str, moment: str, nanos: str
    ) -> list[Test]:
        """The times that hold a text, or one of several that it is the beginning of."""
        alike: dict[Test, list[int]] = defaultdict(list)  # which of the ways to print a time have the same
        known = self._snapshot.minutes if moment == "timestamp" else None
        span = (known[0], known[1] + MINUTE) if known else None
        for n, rendering in self._snapshot.catalog.renderings:
            held = holding(rendering, wholes, span, folded=self._folded)
            printed = str(render_sql(rendering, moment, nanos))
            if held is None and rendering.may_hold(text):
                sql = f"{self._contains(printed, text)}{_matching(printed, around)}"
                alike[Test(sql, apart=True)].append(n)
            elif held and held.moments:
                where = [(microseconds(low), microseconds(high) - 1) for low, high in held.stretches or ()]
                near = frozenset([(moment, tuple(where))] if where else ())
                sql = f"{held.sql(moment, nanos)}{_matching(printed, around)}"
                alike[Test(sql, near, apart=held.needs_nanos or around is not None)].append(n)
        return [test._replace(sql=f"({scanned(number, some)}) AND {test.sql}") for test, some in alike.items()]

    def _among_ids(self, text: str, around: str | None) -> list[Test]:
        """The records with one of the ids that hold the text; those are kept beside the store, as there may be many."""
        if (text, around) not in self._ids:
            self._ids[text, around] = self._new_among_ids(text, around)
        return self._ids[text, around]

    def _new_among_ids(self, text: str, around: str | None) -> list[Test]:
        snapshot, table = self._snapshot, f"ids_{next(_SERIAL)}"
        known = pieces_of_id(text, folded=self._folded)
        told = (row for file in snapshot.id_files or () for row in snapshot.file_grams.get(name_of(file), ()))
        rows = sorted([*snapshot.grams.get(IDS_PART, ()), *told], key=attrgetter("first"))
        ranges = self._named(places(rows, lambda row: row.may_hold_id(len(text), known), _LAST_ID))
        if not ranges:
            return []
        if not (relation := self._ids_between(ranges)):
            return []
        holds = f"{self._contains('text', text)}{_matching('text', around)}"
        snapshot.execute(f"CREATE TEMP TABLE {table} AS SELECT id FROM {relation} WHERE {holds}")
        numbers = snapshot.execute(f"FROM {table} LIMIT {_MOST + 1}").fetchall()
        if len(numbers) <= _MOST:
            snapshot.execute(f"DROP TABLE {table}")
        if len(numbers) > _MOST:
            return [Test(f"{column} IN (FROM {table})", apart=True) for column in IDS.values()]
        found, near = ", ".join(str(number) for (number,) in numbers), _alone(number for (number,) in numbers)
        return [
            Test(f"{column} IN ({found})", frozenset([(column, near)]), apart=True)
            for column in IDS.values()
            if numbers
        ]

    def _named(self, ranges: list[Range]) -> list[Range]:
        """Those of some ranges of ids, as far as records in the files may have them: ids are numbered as they come."""
        if self._files is None:
            return ranges
        held = [file.ends[column] for file in self._files for column in IDS.values() if column in file.ends]
        least, most = min((first for first, _ in held), default=0), max((last for _, last in held), default=-1)
        return [(max(first, least), min(last, most)) for first, last in ranges if first <= most and last >= least]

    def _ids_between(self, ranges: list[Range]) -> str | None:
        """SQL of a relation with all ids in some ranges; None: there are none. Of a file DuckDB passes over what lies outside one
        range, but not outside several."""
        files = self._snapshot.id_files
        if files is None:
            return "lake.ids"
        last = max((file.ends["id"][1] for file in files if "id" in file.ends), default=0)
        if sum(max(0, min(end, last) - first) for first, end in ranges) > _MANY:
            self._snapshot.widen()
        each = [[one] for one in ranges] if len(ranges) <= _MOST_RANGES else [ranges]
        scans = []
        for some in each:
            if among := [file for file in files if file.may_hold("id", some)]:
                scans.append(f"SELECT id, text FROM {reading(among)} WHERE id BETWEEN {some[0][0]} AND {some[-1][1]}")
        return f"({' UNION ALL '.join(scans)})" if scans else None


def _either(ways: Sequence[Test]) -> Test:
    sql = " OR ".join(f"({way.sql})" for way in ways)
    return Test(f"({sql})", apart=any(way.apart for way in ways), wide=any(way.wide for way in ways))


def _matching(column: str, around: str | None) -> str:
    return f" AND regexp_matches({column}, {literal(around)})" if around is not None else ""


def _alone(numbers: Iterable[int]) -> tuple[Range, ...]:
    return tuple((number, number) for number in sorted(numbers))


def _in_columns(tests: Tests) -> list[str]:
    """The texts that must stand in frame or body as they are."""
    return [
        text for mark, text, _ in tests if mark in (FRAME, *_BODIES) and not (mark == seams.JSON_BODY and "\\" in text)
    ]


def _run(tests: Tests) -> int:
    """How long a run of letters and digits with a digit there must be in frame or body, at least."""
    runs = (run for text in _in_columns(tests) for run in _WORD.findall(text))
    return max((len(run) for run in runs if _DIGIT.search(run)), default=0)
