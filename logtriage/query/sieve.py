"""A weak test for a needle on the columns that a record is kept in, so that few records have to be put together.

Every match holds one of the needle's required texts. Where such a text can stand in a shape, the shape's seams tell in
which column of its records each part of the text must be found.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from logtriage.needles.dialect import pieces
from logtriage.needles.needle import Needle
from logtriage.query.narrow import among
from logtriage.query.query import Condition
from logtriage.sql import literal
from logtriage.stamps.rendering import render_sql
from logtriage.store import seams
from logtriage.store.frame import json_text
from logtriage.store.seams import ANY
from logtriage.store.shape import plain_text
from logtriage.store.views import IDS, Snapshot

_FRAME = ""  # the column of what lies between no marks
_MOST = 1_000  # shapes, or ids, that are named one by one in SQL
_SEAM = re.compile(f"({seams.SEAMS})")
_STAMPS = {
    seams.STAMP: ("stamp", "timestamp", "nanos"),
    seams.OBSERVED: ("observed_stamp", "observed", "observed_nanos"),
}
_BODIES = (seams.BODY, seams.JSON_BODY)
_UNTESTED = (seams.MIXED, seams.HTML_BODY)
# (mark of a column, text in it): all of these hold of a record that has the text at one place of its shape
_Tests: TypeAlias = frozenset[tuple[str, str]]


class Sieve:
    """Conditions on rows of `pieces` that hold of every record with a match of a needle."""

    def __init__(self, snapshot: Snapshot, needle: Needle) -> None:
        self._snapshot, self._folded = snapshot, needle.folded
        self._required = [_Required(text) for text in needle.required]
        self._known: dict[tuple[str, str], str | None] = {}

    def condition(self, shapes: Iterable[tuple[int, str]]) -> Condition | None:
        """The test for the records of some shapes (number, text with its seams); None where nothing is known."""
        cases: dict[str, list[int]] = defaultdict(list)
        for number, text in shapes if self._required else ():
            for case in filter(None, set(map(self._all, self._places(text)))):
                cases[case].append(number)
        if not self._required or len(cases["true"]) > _MOST:
            return None
        unknown = cases.pop("true", [])
        return Condition(" OR ".join([f"shape <= {ANY}", *([among(unknown, "IN")] if unknown else []), *sorted(cases)]))

    def _places(self, text: str) -> Iterator[_Tests]:
        plain, columns = plain_text(text), _columns(text)
        if self._folded:
            plain = pieces.lowered(plain)
        for required in self._required:
            yield from required.places(plain, columns)

    def _all(self, tests: _Tests) -> str | None:
        """SQL of tests that must all hold; None: they never do."""
        dear_last = sorted(tests, key=lambda test: (test[0] in _STAMPS, test))
        each = [self._test(*test) for test in dear_last]
        if None in each:
            return None
        return " AND ".join(f"({one})" for one in each if one != "true") or "true"

    def _test(self, mark: str, text: str) -> str | None:
        """SQL of a test; None: it never holds."""
        if (mark, text) not in self._known:
            self._known[mark, text] = self._new_test(mark, text)
        return self._known[mark, text]

    def _new_test(self, mark: str, text: str) -> str | None:
        # a folded text is in lower case as far as it is ASCII; any other character alone stands for itself
        if not text.isprintable() or (self._folded and not text.isascii() and len(text) > 1):
            return "true"
        if mark == seams.ID:
            return self._among_ids(text)
        if mark in _STAMPS:
            return self._in_stamp(text, *_STAMPS[mark]) or None
        escaped = mark == seams.JSON_BODY and "\\" in text  # what is no part of an escape stands there without
        return self._contains(json_text("body") if escaped else "body" if mark in _BODIES else "frame", text)

    def _contains(self, column: str, text: str) -> str:
        return f"contains({f'lower({column})' if self._folded and text.isascii() else column}, {literal(text)})"

    def _in_stamp(self, text: str, number: str, moment: str, nanos: str) -> str:
        return " OR ".join(
            f"{number} = {n} AND {self._contains(str(render_sql(rendering, moment, nanos)), text)}"
            for n, rendering in self._snapshot.catalog.renderings
            if rendering.may_hold(text)
        )

    def _among_ids(self, text: str) -> str | None:
        found = f"SELECT id FROM lake.ids WHERE {self._contains('text', text)} LIMIT {_MOST + 1}"
        rows = self._snapshot.con.execute(found).fetchall()
        if len(rows) > _MOST:
            return "true"
        numbers = ", ".join(str(number) for (number,) in rows)
        return " OR ".join(f"{column} IN ({numbers})" for column in IDS.values()) if numbers else None


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
