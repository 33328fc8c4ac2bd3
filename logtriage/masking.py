"""Masking: a text with all that varies in it (numbers, ids, hashes) behind signs. What is left is its shape.

A piece is a run of ASCII letters and digits. Pieces of hexadecimal digits, with what a `-` joins to them, are one `#`
where they hold a digit: `7`, `0x1f`, `2026-03-04`, a UUID. Of other pieces with a digit the letters stay where they tell
something (`exec7` is `exec#`, `10ms` is `#ms`), and of those that look like a random id nothing stays: they are `¤`.
So a word that someone looks for can be missing in a shape only where `¤` stands, or `#`, if it is hexadecimal itself.
"""

from __future__ import annotations

import re

HEX, OTHER = "#", "¤"

_HEXES = "[0-9A-Fa-f]"
_FIRST = rf"(?:[A-Fa-f]*[0-9]{_HEXES}*|[0-9][xX]{_HEXES}+)"  # with a digit
_NEXT = rf"(?:-(?:[0-9][xX])?{_HEXES}+)"
# Regular expressions for Python and for RE2; `{0}` and `{1}`: where a piece begins and where it ends.
CHAIN = rf"{{0}}(?:[A-Fa-f]+-)*{_FIRST}{_NEXT}*{{1}}"
DASHED = rf"{{0}}(?:[A-Fa-f]+-)*{_FIRST}{_NEXT}+{{1}}|{{0}}(?:[A-Fa-f]+-)+{_FIRST}{{1}}"  # of two pieces or more
NUMBER = r"{0}[0-9]+{1}"
PLAIN_HEX = rf"{{0}}[A-Fa-f]*[0-9]{_HEXES}*{{1}}"
# Digits in a piece whose letters stay: at most at one place amid digits, and few behind them.
FEW = r"{0}([A-Za-z]*)[0-9]+([A-Za-z]?[A-Za-z]?[A-Za-z]?){1}"
AMID = r"{0}([A-Za-z]*)[0-9]+([A-Za-z][A-Za-z]?)[0-9]+{1}"
ANY = r"{0}[A-Za-z]*[0-9][A-Za-z0-9]*{1}"

EDGES = ("(?<![A-Za-z0-9])", "(?![A-Za-z0-9])")
_CHAIN, _FEW, _AMID, _ANY = (one.format(*EDGES) for one in (CHAIN, FEW, AMID, ANY))


def masked(text: str, sign: str = HEX, other: str = OTHER) -> str:
    """The text with its pieces that hold a digit masked. Signs must be neither letters nor digits."""
    text = re.sub(_CHAIN, sign, text)
    text = re.sub(_FEW, rf"\1{sign}\2", text)
    return re.sub(_ANY, other, re.sub(_AMID, rf"\1{sign}\2{sign}", text))
