"""What a needle finds in the shapes of a store: which records need not be looked at, and which need not be checked.

A shape is a record's text with what varies in it masked, so what it says, all its records say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from logtriage.masking import HEX, OTHER
from logtriage.needles.needle import Needle
from logtriage.needles.verdict import MatchTimeout
from logtriage.query.condition import Condition
from logtriage.sql import MOST_SCANNED, scanned
from logtriage.store.seams import ANY, plain_text

_SIGNS = frozenset((HEX, OTHER))
_MOST = 1_000  # shapes that are named one by one in SQL


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which shapes are hits, whatever the digits (`sure`), which may hold some (`open`, without `ANY` and less), and which none.

    Of a needle with `-v` too: its hits are the records in which no line matches.
    """

    sure: frozenset[int]
    open: frozenset[int]
    none: frozenset[int]

    def possible(self) -> Condition | None:
        """The condition on `shape` of the records to look at; None: all of them."""
        wanted = self.sure | self.open
        if not self.none:
            return None
        if len(wanted) <= MOST_SCANNED:
            return Condition(f"shape <= {ANY} OR {scanned('shape', wanted)}")
        if len(wanted) < _MOST:
            return Condition(f"shape <= {ANY} OR {among(wanted, 'IN')}")
        return Condition(among(self.none, "NOT IN")) if len(self.none) <= _MOST else None

    def certain(self) -> Condition | None:
        """The condition on `shape` of the records that need no check; None: every one needs it."""
        if not self.sure or len(self.sure) > _MOST:
            return None
        return Condition(among(self.sure, "IN"))


def narrow(needle: Needle, shapes: Iterable[tuple[int, str]]) -> Narrowed:
    """Looks for the needle in the shapes (number, text) of a store."""
    plain = replace(needle, invert=False)
    found: set[int] = set()
    maybe: set[int] = set()
    none: set[int] = set()
    for number, text in shapes:
        lines = plain_text(text).removesuffix("\n").split("\n")
        if not any(_admits(plain, line) for line in lines):
            none.add(number)
        elif not plain.fancy and any(_holds(plain, line) for line in lines):
            found.add(number)
        else:
            maybe.add(number)
    if needle.invert:
        found, none = none, found
    return Narrowed(frozenset(found), frozenset(maybe), frozenset(none))


def _admits(needle: Needle, line: str) -> bool:
    return needle.admits(line) or ("\u2400" in line and needle.admits(line.replace("\u2400", "\0")))


def _holds(needle: Needle, line: str) -> bool:
    """Does every text of this shape match? Surely so if a match touches no mask: all of it stands in the text as well,
    and what it asks of its neighbours too. Only in ASCII, as other characters may stand for bytes that are no text."""
    try:
        spans: Sequence[tuple[int, int]] = [(0, 0)] if needle.matches_all else needle.spans(line)
    except MatchTimeout:
        return False
    for start, end in spans:
        around = line[max(start - 1, 0) : end + 1]
        if needle.matches_all or (not _SIGNS.intersection(around) and around.isascii()):
            return True
    return False


def among(shapes: Iterable[int], verb: str) -> str:
    """SQL: is a record's shape one of some (`verb`: IN), or none of them (NOT IN)?"""
    return f"shape {verb} ({', '.join(map(str, sorted(shapes))) or 'NULL'})"
