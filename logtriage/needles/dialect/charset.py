"""Sets of characters: what a class such as `[^a-z\\d]` may match, as numbers as far as they are needed.

A set lives in the universe of all Unicode scalar values without the newline: lines hold none, and ripgrep takes it out
of every class too. Bytes that are not UTF-8 are decoded to lone surrogates, which are in no set.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

Ranges = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
UNIVERSE: Ranges = ((0, 9), (11, 0xD7FF), (0xE000, LAST))
ASCII: Ranges = ((0, 9), (11, 0x7F))
_NOTHING = r"[\x00]"  # as the part of a set beyond ASCII: nothing
_BEYOND_ASCII = {"k": "\u212a", "s": "\u017f"}  # the Kelvin sign and the long s: the only cases of ASCII letters there


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same code points as sorted ranges that neither overlap nor touch."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


def common(left: Ranges, right: Ranges) -> Ranges:
    """The code points that are in both."""
    return joined((max(a, c), min(b, d)) for a, b in left for c, d in right if max(a, c) <= min(b, d))


def without(left: Ranges, right: Ranges) -> Ranges:
    """The code points of `left` that are not in `right`."""
    for low, high in right:
        left = tuple(
            piece for a, b in left for piece in ((a, min(b, low - 1)), (max(a, high + 1), b)) if piece[0] <= piece[1]
        )
    return joined(left)


class CharSet(NamedTuple):
    """Characters a class matches: `ranges`, or beyond ASCII the members of the `regex` (V1) set expression `beyond`."""

    ranges: Ranges
    beyond: str = ""

    @property
    def ascii(self) -> Ranges:
        """The members below 0x80."""
        return common(self.ranges, ASCII)

    @property
    def wide(self) -> Ranges:
        """The known members from 0x80 on (meaningless where `beyond` decides)."""
        return common(self.ranges, ((0x80, LAST),))

    @property
    def is_narrow(self) -> bool:
        """Nothing beyond ASCII is in it."""
        return not self.beyond and not self.wide

    @property
    def holds_all_wide(self) -> bool:
        """Every character beyond ASCII is in it."""
        return not self.beyond and self.wide == common(UNIVERSE, ((0x80, LAST),))

    def negated(self) -> CharSet:
        if self.beyond:
            return CharSet(without(ASCII, self.ascii), f"[^{self.beyond}]")
        return CharSet(without(UNIVERSE, self.ranges))

    def united(self, other: CharSet) -> CharSet:
        if self.beyond or other.beyond:
            return CharSet(joined(self.ascii + other.ascii), f"[{self._beyond()}||{other._beyond()}]")
        return CharSet(joined(self.ranges + other.ranges))

    def shared(self, other: CharSet) -> CharSet:
        if self.beyond or other.beyond:
            return CharSet(common(self.ascii, other.ascii), f"[{self._beyond()}&&{other._beyond()}]")
        return CharSet(common(self.ranges, other.ranges))

    def less(self, other: CharSet) -> CharSet:
        return self.shared(other.negated())

    def folded(self) -> CharSet:
        """With every character also its other cases (Unicode simple case folding)."""
        extra = [(ord(c), ord(c)) for low, high in self.ascii for i in range(low, high + 1) for c in cases(chr(i))]
        if self.beyond:
            narrow = CharSet(joined([*self.ascii, *(pair for pair in extra if pair[0] < 0x80)]))
            wide = tuple(pair for pair in extra if pair[0] >= 0x80)
            return CharSet(narrow.ranges, f"[{self.beyond}||{_text(wide)}]" if wide else self.beyond)
        if not self.holds_all_wide:
            for char, family in families().items():
                if any(low <= ord(char) <= high for low, high in self.wide):
                    extra += [(ord(c), ord(c)) for c in family]
        return CharSet(joined([*self.ranges, *extra]))

    def _beyond(self) -> str:
        return self.beyond or _text(self.wide)


def of_chars(text: str) -> CharSet:
    """The set of the characters of `text`."""
    return CharSet(common(joined((ord(c), ord(c)) for c in text), UNIVERSE))


def _text(ranges: Ranges) -> str:
    if not ranges:
        return _NOTHING
    return "[" + "".join(f"\\U{low:08X}-\\U{high:08X}" for low, high in ranges) + "]"


ALL = CharSet(UNIVERSE)
DIGIT = CharSet(((0x30, 0x39),), r"\d")
WORD = CharSet(((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)), r"\w")
SPACE = CharSet(
    joined([(9, 9), (11, 13), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
            (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)])
)  # fmt: skip


def cases(char: str) -> str:
    """The characters that simple case folding makes equal to `char`, itself among them."""
    if char < "\x80":
        return char.lower() + char.upper() + _BEYOND_ASCII.get(char.lower(), "") if char.isalpha() else char
    if not (char.isalpha() or char.lower() != char or char.upper() != char):
        return char
    return families().get(char, char)


def _fold(char: str) -> str:
    """`char` under simple case folding: the full folding where that is one character, else its lower case."""
    for form in (char.casefold(), char.lower()):
        if len(form) == 1:
            return form
    return char


@functools.cache
def families() -> dict[str, str]:
    """Each character that has other cases → its whole family; Unicode as the running Python knows it."""
    groups: dict[str, set[str]] = {}
    scripts_without_case = ((0x3400, 0xA640), (0xAC00, 0xFB00), (0x1F000, LAST + 1))
    start = 0
    for low, high in scripts_without_case:
        for code in range(start, low):
            char = chr(code)
            folded = _fold(char)
            if folded != char:
                groups.setdefault(folded, {folded}).add(char)
        start = high
    return {char: "".join(sorted(family)) for family in groups.values() for char in family}
