"""What a matching line, or its shape, must hold: a tree → alternatives, each a list of texts that all must be there.

A shape is a line in which what varies is masked (see masking.py). Of a literal part of the pattern the pieces inside it
are there as they stand or, with a digit, as their sign; those at its two ends may be parts of longer ones, and so are
there as they stand, or have vanished in a sign with what is joined to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from logtriage.masking import HEX, OTHER, masked
from logtriage.needles.dialect.charset import CharSet, Ranges, common, joined
from logtriage.needles.dialect.nodes import Alt, Atomic, Chars, Concat, Group, Lit, Look, Node, Repeat

_DIGITS: Ranges = ((0x30, 0x39),)
_RUN_CHARS: Ranges = joined([(0x2D, 0x2D), (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)])
RUN = re.compile("[A-Za-z0-9-]")
RUNS = re.compile(r"[A-Za-z0-9-]+|[^A-Za-z0-9-]+")
_HEX = re.compile("(?:[0-9][xX])?[0-9A-Fa-f]+")
_HEX_END = re.compile("(?:[0-9]?[xX])?[0-9A-Fa-f]*")
_HEX_BEGIN = re.compile("(?:[0-9][xX])?[0-9A-Fa-f]*")
_SOME_DIGITS = re.compile("[0-9]+")
_LOWER = {upper: upper + 32 for upper in range(0x41, 0x5B)}
_MOST_WAYS = 16  # ways a pattern may be spelt out into, before its alternatives count as unknown text


class Gap(NamedTuple):
    """Unknown text. `left`, `right`: at that side surely no run of word characters goes on; `one`: it is one character."""

    left: bool
    right: bool
    one: bool = False


class Digits(NamedTuple):
    """One digit or several, which ones is not known."""


Way: TypeAlias = tuple["str | Gap | Digits", ...]

_DIGIT_WAY: list[Way] = [(Digits(),)]
_ANYTHING: list[Way] = [(Gap(False, False),)]
_EDGE: list[Way] = [(Gap(True, True),)]
_NO_RUN: list[Way] = [(Gap(True, True, one=True),)]


def shape_pieces(node: Node) -> list[list[str]]:
    """Alternatives of regular expressions: every matching line's shape holds a match of each of one; empty: nothing can
    be said.

    Where `folds(node)`, they are in lower case, and the shape must be too (its ASCII letters, see `lowered`).
    """
    out = [[rare] for rare in _rare_cases(node)]
    for way in spelt_lowered(node):
        forms = _forms(way)
        if not forms:
            return []
        out += [forms] if forms not in out else []
    return out


def required(node: Node) -> list[str]:
    """Texts one of which every matching line holds (lowered as above); empty: nothing can be said."""
    longest = [longest_of(way) for way in spelt_lowered(node)]
    return [*dict.fromkeys(longest), *_rare_cases(node)] if all(longest) else []


def longest_of(way: Way) -> str:
    """The longest of its texts, the first one of several; empty: it has none."""
    return max((item for item in way if isinstance(item, str)), key=len, default="")


def folds(node: Node) -> bool:
    """Does case not count in some part of it?"""
    return any(lit.fold for lit in _literals(node))


def lowered(text: str) -> str:
    """`text` with its ASCII letters in lower case and all else as it is."""
    return text.translate(_LOWER)


def spelt_lowered(node: Node) -> list[Way]:
    """As `spelt`, all of it lowered where case does not count somewhere."""
    if not folds(node):
        return spelt(node)
    return [tuple(lowered(item) if isinstance(item, str) else item for item in way) for way in spelt(node)]


def _rare_cases(node: Node) -> list[str]:
    """The Kelvin sign and the long s, if they may stand for a letter of the pattern: they end a run, letters do not."""
    letters = {lit.char.lower() for lit in _literals(node) if lit.fold}
    return [rare for letter, rare in (("k", "\u212a"), ("s", "\u017f")) if letter in letters]


def _literals(node: Node) -> Iterator[Lit]:
    match node:
        case Lit():
            yield node
        case Concat(items) | Alt(items):
            for item in items:
                yield from _literals(item)
        case Group(item) | Atomic(item) | Repeat(item):
            yield from _literals(item)


def spelt(node: Node) -> list[Way]:
    """The texts a pattern is made of, in order, with gaps where they are not known: one way for each alternative."""
    match node:
        case Lit(char):
            return [(char,)]
        case Chars(members):
            return _set(members)
        case Look(kind):
            return _EDGE if kind in "^$" else [()]
        case Concat(items):
            return _sequence(items)
        case Alt(items):
            ways = [way for item in items for way in spelt(item)]
            return ways if len(ways) <= _MOST_WAYS else _ANYTHING
        case Group(item) | Atomic(item):
            return spelt(item)
        case Repeat(item, low, high) if low:
            return _repeated(item, low, high)
    return _ANYTHING


def _sequence(items: tuple[Node, ...]) -> list[Way]:
    ways: list[Way] = [()]
    for item in items:
        more = spelt(item)
        if len(ways) * len(more) > _MOST_WAYS:
            more = _ANYTHING
        ways = [_joined(way, then) for way in ways for then in more]
    return ways


def _joined(first: Way, then: Way) -> Way:
    if first and then and isinstance(first[-1], str) and isinstance(then[0], str):
        return (*first[:-1], first[-1] + then[0], *then[1:])
    return first + then


def _set(members: CharSet) -> list[Way]:
    if members.is_narrow and members.ranges and common(members.ranges, _DIGITS) == members.ranges:
        return _DIGIT_WAY
    no_run = not common(members.ranges, _RUN_CHARS)
    return [(Gap(no_run, no_run, one=True),)]


def _repeated(item: Node, low: int, high: int | None) -> list[Way]:
    ways = spelt(item)
    if ways == _DIGIT_WAY:
        return ways
    if low == high and low <= 64 and len(ways) == 1:
        return _sequence((item,) * low)
    if ways in (_EDGE, _NO_RUN):
        return _EDGE
    return [(*_joined(way, (Gap(False, False),)),) for way in ways] if len(ways) <= _MOST_WAYS else _ANYTHING


def _forms(way: Way) -> list[str]:
    """What a shape must hold for one way: a regular expression for each of its texts."""
    out = []
    way = _with_digits(way)
    for at, text in enumerate(way):
        if isinstance(text, str):
            before, behind = (way[at - 1] if at else None), (way[at + 1] if at + 1 < len(way) else None)
            closed = isinstance(before, Gap) and before.right, isinstance(behind, Gap) and behind.left
            out.append("".join(form for _, form in parts(text, *closed)))
    return out


def _with_digits(way: Way) -> Way:
    """Unknown digits as a known one, as the mask cannot tell them apart: part of the text around them."""
    out: Way = ()
    for item in way:
        out = _joined(out, ("0",) if isinstance(item, Digits) else (item,))
    return out


def parts(text: str, closed_left: bool = False, closed_right: bool = False) -> list[tuple[str, str]]:
    """The text cut where runs of letters, digits and `-` begin and end; with each piece a regular expression: what it may
    look like in a shape. Closed: there its first or last run does not go on beyond it."""
    runs = RUNS.findall(text)
    out = []
    for at, run in enumerate(runs):
        is_open = at == 0 and not closed_left, at == len(runs) - 1 and not closed_right
        if not RUN.match(run):
            form = re.escape(run)
        elif any(is_open):
            form = opened(run, *is_open)
        else:
            form = _whole(run) if masked(run) == run else f"(?:{_whole(run)}|{OTHER}|{_one_by_one(run)})"
        out.append((run, form))
    return out


def _whole(run: str) -> str:
    """Pieces that are all there; at a seam (see shape.py) their run may be `OTHER` nevertheless."""
    return re.escape(masked(run))


def _one_by_one(run: str) -> str:
    """The same where a seam, or an escape of JSON before them, lets each piece stand for itself."""
    return "-".join(
        re.escape(piece) if masked(piece) == piece else f"(?:{re.escape(masked(piece))}|{OTHER})"
        for piece in run.split("-")
    )


def _part(piece: str) -> str:
    """A piece that is not hexadecimal, only a part of which is known: its letters have stayed, or none."""
    return f"(?:{_SOME_DIGITS.sub(HEX, piece)}|{OTHER})" if piece else ""


def opened(run: str, left: bool, right: bool) -> str:
    """What a run may look like that may go on at either side: there a sign may have swallowed its hexadecimal pieces."""
    pieces = run.split("-")
    count = len(pieces)
    hexes = [_HEX.fullmatch(piece) is not None for piece in pieces]
    hexes[0] = hexes[0] or (left and _HEX_END.fullmatch(pieces[0]) is not None)
    hexes[-1] = hexes[-1] or (right and _HEX_BEGIN.fullmatch(pieces[-1]) is not None)
    forms = {OTHER, HEX} if all(hexes) else {OTHER}
    swallowed = (min([*hexes, False].index(False), count - 1), min([*hexes[::-1], False].index(False), count - 1))
    for first in {0, swallowed[0]} if left else {0}:
        for last in {0, swallowed[1]} if right else {0}:
            if first + last <= count:
                forms.add(_amid(pieces, first, last, left, right))
    return f"(?:{'|'.join(sorted(forms))})"


def _amid(pieces: list[str], first: int, last: int, left: bool, right: bool) -> str:
    """The run, `first` pieces at its beginning and `last` ones at its end being swallowed by a sign each."""
    amid = pieces[first : len(pieces) - last]
    begin = [HEX] if first else [_part(amid.pop(0))] if left and amid else []
    end = [HEX] if last else [_part(amid.pop())] if right and amid else []
    return "-".join([*begin, *([_whole("-".join(amid))] if amid else []), *end])
