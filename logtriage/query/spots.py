"""Where a text that is to be found may stand in a shape, and in which columns of its records each part of it lies then."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from itertools import product
from operator import eq
from typing import TypeAlias

from logtriage.masking import HEX
from logtriage.needles.dialect import pieces
from logtriage.store import seams

FRAME = ""  # the column of what lies between no marks
# Ids that a `-` joins to each other, or to what stands behind, are one sign between marks for a word in two columns; then each
# piece between two `-` lies in one column: else the seam before them would have come behind (see `_joined` in shape.py).
_JOINED = "\x08"
_OF_IDS = re.compile(f"(?<={seams.ID}){seams.MIXED}({HEX}){seams.MIXED}(?={seams.ID}+(?!{seams.SEAMS}))")
_SEAM = re.compile(f"({seams.SEAMS}|{_JOINED})")
_UNTESTED = (seams.MIXED, seams.HTML_BODY)
# (mark of a column, text in it, what that is): all of these hold of a record that has the text at one place of its shape
Tests: TypeAlias = frozenset[tuple[str, str, int]]
# between which marks each run of a text stands, and of each but the first whether that is the column of the one before
_Spot: TypeAlias = tuple[tuple[str, ...], tuple[bool, ...]]
# Of a required text; all of it; in a record that ends with its body; in a column of a value, behind which no match goes on.
PIECE, INSIDE, LAST, ALONE = range(4)
_VALUES = (seams.STAMP, seams.OBSERVED, seams.ID)


class Required:
    """A text that is to be found in shapes."""

    def __init__(self, text: str, behind: str | None = None) -> None:
        """`behind`: what stands in a shape behind a column from which a match goes on that has the text there (None: anything)."""
        self._runs = pieces.parts(text)
        self._behind = re.compile(behind) if behind is not None else None
        # at each place from which it goes on, as one may reach into the next
        self._form = re.compile(f"(?={''.join(f'({form})' for _, form in self._runs)})")
        self._told: dict[tuple[_Spot, int], frozenset[Tests]] = {}  # the same few spots in most shapes

    def places(self, plain: str, columns: list[tuple[int, str]], kind: int) -> set[Tests]:
        """What must hold of the records of a shape that have the text at one place, for each place; `kind`: of the whole text."""
        begins, found = [begin for begin, _ in columns], set[Tests]()
        for where in {tuple(_column(begins, *span) for span in place.regs[1:]) for place in self._form.finditer(plain)}:
            marks = tuple(columns[column][1] if column is not None else seams.MIXED for column in where)
            spot = marks, tuple(map(eq, where, where[1:]))
            its = ALONE if marks[-1] in _VALUES and not self._goes_on(plain, begins, where[-1]) else kind
            if (spot, its) not in self._told:
                self._told[spot, its] = frozenset(self._tests(spot, its))
            found |= self._told[spot, its]
        return found

    def _goes_on(self, plain: str, begins: list[int], column: int | None) -> bool:
        """May a match that has the text in a column go on behind it?"""
        if self._behind is None or column is None:
            return True
        end = begins[column + 1] if column + 1 < len(begins) else len(plain)
        return self._behind.match(plain, end) is not None

    def _tests(self, spot: _Spot, kind: int) -> Iterator[Tests]:
        marks, joined = spot
        texts = [(marks[0], self._runs[0][0])]
        for (run, _), mark, is_joined in zip(self._runs[1:], marks[1:], joined, strict=True):
            texts[-1:] = [(mark, texts[-1][1] + run)] if is_joined else [texts[-1], (mark, run)]
        its = kind if len(texts) == 1 else PIECE
        return (frozenset().union(*tests) for tests in product(*(_ways(mark, text, its) for mark, text in texts)))


def _ways(mark: str, text: str, kind: int) -> Iterable[Tests]:
    """The tests of which one lot holds where a text stands between two such marks."""
    if mark != _JOINED:
        return [frozenset([(mark, text, kind)] if mark not in _UNTESTED else [])]
    piece = max(text.split("-"), key=len)
    its = kind if piece == text else PIECE
    return [frozenset([(column, piece, its)]) for column in (seams.ID, seams.BODY, FRAME)] if piece else [frozenset()]


def columns_of(text: str) -> list[tuple[int, str]]:
    """Where columns begin in a shape without its seams, in order, and the mark of each."""
    columns: dict[int, str] = {0: FRAME}
    inside = [FRAME]
    place = 0
    for chunk in _SEAM.split(_OF_IDS.sub(rf"{_JOINED}\1{_JOINED}", text)):
        if not _SEAM.fullmatch(chunk):
            place += len(chunk)
            continue
        if inside[-1] == chunk:
            inside.pop()
        else:
            inside.append(chunk)
        columns[place] = inside[-1]
    return list(columns.items())


def _column(begins: list[int], first: int, end: int) -> int | None:
    """The number of the column in which all of a span lies; None: it lies in several."""
    behind = bisect(begins, first)
    return behind - 1 if behind == len(begins) or end <= begins[behind] else None
