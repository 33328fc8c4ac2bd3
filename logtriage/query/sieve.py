"""Weak tests for a needle on the columns that a record is kept in, so that few records have to be put together.

Every match holds one of the needle's required texts. Where such a text can stand in a shape, the shape's seams tell in
which column of its records each part of the text must be found.
"""

from __future__ import annotations

import math
import re
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import count, groupby, product
from operator import itemgetter
from typing import TypeAlias

from logtriage.needles.dialect import pieces
from logtriage.needles.needle import Needle
from logtriage.query.condition import Condition
from logtriage.query.narrow import MOST_SCANNED, scanned
from logtriage.sql import literal
from logtriage.stamps.rendering import render_sql
from logtriage.store import seams
from logtriage.store.frame import json_text
from logtriage.store.seams import plain_text
from logtriage.store.views import IDS, Snapshot

_FRAME = ""  # the column of what lies between no marks
_PASS = "true"
_MOST = 1_000  # ids that are named one by one in SQL
_MOST_WAYS = 8  # that are looked for one by one
_SERIAL = count()
_SEAM = re.compile(f"({seams.SEAMS})")
_STAMPS = {
    seams.STAMP: ("stamp", "timestamp", "nanos"),
    seams.OBSERVED: ("observed_stamp", "observed", "observed_nanos"),
}
_BODIES = (seams.BODY, seams.JSON_BODY)
_UNTESTED = (seams.MIXED, seams.HTML_BODY)
# (mark of a column, text in it): all of these hold of a record that has the text at one place of its shape
_Tests: TypeAlias = frozenset[tuple[str, str]]
_Lot: TypeAlias = tuple[int, int]  # the records of one part and shape
_WORD = re.compile("[A-Za-z0-9]+")
_DIGIT = re.compile("[0-9]")


class Sieve:
    """Conditions on rows of `pieces`, one of which holds of every record with a match of a needle."""

    def __init__(self, snapshot: Snapshot, needle: Needle, *, in_ids: bool = True) -> None:
        """`in_ids`: whether it may stand inside a trace, span or request id."""
        self._snapshot, self._folded, self._in_ids = snapshot, needle.folded, in_ids
        self._required = [_Required(text) for text in needle.required]
        self._known: dict[tuple[str, str], list[str]] = {}

    def ways(self, shapes: Iterable[tuple[int, str]]) -> list[Condition] | None:
        """The tests for the records of some shapes (number, text with its seams); None where nothing is known.

        A record may pass several. Each asks for parts of few columns: DuckDB's scan reads the others only where a record
        has passed, as long as no test of its own looks at two columns.
        """
        if not self._required:
            return None
        parts: dict[int, list[int]] = defaultdict(list)
        for part, number in self._snapshot.records:
            parts[number].append(part)
        cases: dict[str, set[_Lot]] = defaultdict(set)
        for number, text in shapes:
            for tests in self._places(text):
                lots = [
                    (part, number)
                    for part in parts[number]
                    if self._snapshot.runs.get((part, number), _run(tests)) >= _run(tests)
                ]
                for way in self._all(tests) if lots else ():
                    cases[way].update(lots)
        if len(cases) > _MOST_WAYS:
            cases = {" OR ".join(f"({way})" for way in sorted(cases)): set().union(*cases.values())}
        return [Condition(f"{where} AND ({way})") for way, of in sorted(cases.items()) for where in self._where(of)]

    def _where(self, lots: set[_Lot]) -> Iterator[str]:
        """Where the records of some parts and shapes lie, told so that DuckDB passes over whole files, which are of one part, or
        whole row groups, which are of few shapes. Of a part that has many of them, or few others, all are looked at."""
        wanted: Counter[int] = Counter()
        every: Counter[int] = Counter()
        named: dict[int, set[int]] = defaultdict(set)
        for (part, number), records in self._snapshot.records.items():
            every[part] += records
            if (part, number) in lots:
                wanted[part] += records
                named[part].add(number)
        few: set[int] = set()
        for part in sorted(named, key=lambda part: len(named[part])):
            if len(few | named[part]) <= MOST_SCANNED and wanted[part] < every[part] // 2:
                few |= named.pop(part)
        if few:
            yield f"({scanned('shape', few)})"
        if named:
            yield f"({scanned('part', named)})" if len(named) < len(every) else _PASS

    def _places(self, text: str) -> Iterator[_Tests]:
        plain, columns = plain_text(text), _columns(text)
        if self._folded:
            plain = pieces.lowered(plain)
        for required in self._required:
            yield from required.places(plain, columns)

    def _all(self, tests: _Tests) -> Iterator[str]:
        """SQL of the ways in which tests may all hold; none: they never do."""
        each = [self._test(*test) for test in sorted(tests, key=lambda test: (test[0] in _STAMPS, test))]
        if math.prod(map(len, each)) > _MOST_WAYS:
            each = [[f"({' OR '.join(ways)})"] for ways in each]
        for ways in product(*each):
            yield " AND ".join(f"({one})" for one in ways if one != _PASS) or _PASS

    def _test(self, mark: str, text: str) -> list[str]:
        """SQL of the ways in which a test may hold; none: it never does."""
        if (mark, text) not in self._known:
            self._known[mark, text] = self._new_test(mark, text)
        return self._known[mark, text]

    def _new_test(self, mark: str, text: str) -> list[str]:
        # a folded text is in lower case as far as it is ASCII; any other character alone stands for itself
        if not text.isprintable() or (self._folded and not text.isascii() and len(text) > 1):
            return [_PASS]
        if mark == seams.ID:
            return self._among_ids(text) if self._in_ids else []
        if mark in _STAMPS:
            return self._in_stamp(text, *_STAMPS[mark])
        escaped = mark == seams.JSON_BODY and "\\" in text  # what is no part of an escape stands there without
        return [self._contains(json_text("body") if escaped else "body" if mark in _BODIES else "frame", text)]

    def _contains(self, column: str, text: str) -> str:
        return f"contains({f'lower({column})' if self._folded and text.isascii() else column}, {literal(text)})"

    def _in_stamp(self, text: str, number: str, moment: str, nanos: str) -> list[str]:
        tests = []
        for n, rendering in self._snapshot.catalog.renderings:
            if rendering.may_hold(text):
                printed = str(render_sql(rendering, moment, nanos))
                test = rendering.fraction_holds(text, moment) or self._contains(printed, text)
                tests.append(f"{number} = {n} AND ({test})")
        return tests

    def _among_ids(self, text: str) -> list[str]:
        """The records with one of the ids that hold the text; those are kept beside the store, as there may be many."""
        con, table = self._snapshot.con, f"ids_{next(_SERIAL)}"
        con.execute(f"CREATE TEMP TABLE {table} AS SELECT id FROM lake.ids WHERE {self._contains('text', text)}")
        numbers = con.execute(f"FROM {table} LIMIT {_MOST + 1}").fetchall()
        if len(numbers) <= _MOST:
            con.execute(f"DROP TABLE {table}")
        found = f"FROM {table}" if len(numbers) > _MOST else ", ".join(str(number) for (number,) in numbers)
        return [f"{column} IN ({found})" for column in IDS.values()] if numbers else []


def _run(tests: _Tests) -> int:
    """How long a run of letters and digits with a digit there must be in frame or body, at least."""
    texts = (
        text for mark, text in tests if mark in (_FRAME, *_BODIES) and not (mark == seams.JSON_BODY and "\\" in text)
    )
    return max((len(run) for text in texts for run in _WORD.findall(text) if _DIGIT.search(run)), default=0)


class _Required:
    """A text that is to be found in shapes."""

    def __init__(self, text: str) -> None:
        self._runs = pieces.parts(text)
        self._form = re.compile("".join(f"({form})" for _, form in self._runs))

    def places(self, plain: str, columns: list[tuple[int, str]]) -> Iterator[_Tests]:
        """What must hold of the records of a shape that have the text at one place, for each place."""
        found = self._form.search(plain)
        while found:
            where = [_column(columns, found.span(k + 1)) for k in range(len(self._runs))]
            alike = groupby(zip(where, self._runs, strict=True), key=itemgetter(0))
            tests = (((mark, "".join(run for _, (run, _) in group))) for (_, mark), group in alike)
            yield frozenset(test for test in tests if test[0] not in _UNTESTED)
            found = self._form.search(plain, found.start() + 1)


def _columns(text: str) -> list[tuple[int, str]]:
    """Where columns begin in a shape without its seams, in order, and the mark of each."""
    columns: dict[int, str] = {0: _FRAME}
    inside = [_FRAME]
    place = 0
    for chunk in _SEAM.split(text):
        if not _SEAM.fullmatch(chunk):
            place += len(chunk)
            continue
        if inside[-1] == chunk:
            inside.pop()
        else:
            inside.append(chunk)
        columns[place] = inside[-1]
    return list(columns.items())


def _column(columns: list[tuple[int, str]], span: tuple[int, int]) -> tuple[int, str]:
    """The column (where it begins, its mark) in which all of a span lies."""
    first, last = (bisect(columns, place, key=itemgetter(0)) - 1 for place in (span[0], span[1] - 1))
    return columns[first] if first == last else (-1, seams.MIXED)
