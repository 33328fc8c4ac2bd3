"""Ways to find records: a test on what is kept of one, and the files that have those to be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from logtriage.query.condition import Condition
from logtriage.query.windows import Between
from logtriage.stamps.epoch import microseconds
from logtriage.store.files import ROW, File, Range, reading
from logtriage.store.pieces import bare

PASS = "true"  # SQL of the test that every record passes


class Test(NamedTuple):
    """SQL of a test on a record as it is kept; `near`: of columns, between which values all that pass it have theirs. `apart`:
    DuckDB's scan does not make it by itself, as it looks at several columns, or for one of many values; `wide`: nor this one, which
    takes so long that it is made window by window. `weaker`: SQL of a test that all pass which pass this one."""

    sql: str
    near: frozenset[tuple[str, tuple[Range, ...]]] = frozenset()
    apart: bool = False
    wide: bool = False
    weaker: str = ""


class Way(NamedTuple):
    """SQL of a test on a record as it is kept; those to be looked at lie in `files` (None: that is not known). `placed`: it names
    them by their places; `wide`: DuckDB's scan does not make the test by itself, all columns would be read for every record."""

    sql: str
    files: tuple[File, ...] | None = None
    placed: bool = False
    wide: bool = False

    @property
    def records(self) -> str:
        """SQL of the relation of these, with the columns of `bare`; and, if files are known, their places there."""
        return "bare" if self.files is None else f"({bare(reading(self.files), ROW)})"

    def also(self, other: Way) -> Way:
        """One way for two with the same test."""
        return self._replace(files=tuple(dict.fromkeys([*(self.files or ()), *(other.files or ())])))

    def within(self, window: Sequence[Condition]) -> Way:
        """The same without the files that have no record in a window."""
        if self.files is None:
            return self
        spans = [[(microseconds(low), microseconds(high))] for low, high in _times(window)]
        return self._replace(
            files=tuple(file for file in self.files if all(file.may_hold("timestamp", s) for s in spans))
        )


def within(ways: Sequence[Way], window: Sequence[Condition]) -> list[Way]:
    """Ways to find records in a window; one at least, by which nothing may be found."""
    found = [way.within(window) for way in ways]
    return [way for way in found if way.files != ()] or [Way("false")]


def either(ways: Sequence[Way]) -> Way:
    """One way for several."""
    files = {file.path: file for way in ways for file in way.files or ()}
    return Way(" OR ".join(f"({way.sql})" for way in ways), tuple(files.values()), wide=True)


def _times(window: Sequence[Condition]) -> Iterator[tuple[datetime, datetime]]:
    for condition in window:
        if isinstance(condition, Between):
            low, high = condition.parameters
            yield low, high
