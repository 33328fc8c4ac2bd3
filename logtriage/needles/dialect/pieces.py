"""What a matching line, or its shape, must hold: a tree → alternatives, each a list of texts that all must be there.

A shape is a line in which each maximal run of `[A-Za-z0-9_-]` that holds a digit was replaced by `#`. So of a literal
part of the pattern the words inside it are either there as they stand or, with a digit, as `#`; the words at its two
ends may be parts of longer ones, and so are there as they stand or have vanished in a `#`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from logtriage.needles.dialect.charset import CharSet, Ranges, common, joined
from logtriage.needles.dialect.nodes import Alt, Atomic, Chars, Concat, Group, Lit, Look, Node, Repeat

HOLE = "#"
_DIGITS: Ranges = ((0x30, 0x39),)
_RUN_CHARS: Ranges = joined([(0x2D, 0x2D), (0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
_RUN = re.compile(r"[A-Za-z0-9_-]")
_RUNS = re.compile(r"[A-Za-z0-9_-]+|[^A-Za-z0-9_-]+")
_NO_DIGIT = re.compile(r"[^0-9]+")
_LOWER = {upper: upper + 32 for upper in range(0x41, 0x5B)}
_MOST_WAYS = 16  # ways a pattern may be spelt out into, before its alternatives count as unknown text
_MOST_CHOICES = 32  # alternatives one way may lead to in a shape


class Gap(NamedTuple):
    """Unknown text. `left`, `right`: at that side surely no run of word characters goes on."""

    left: bool
    right: bool


class Digits(NamedTuple):
    """One digit or several, which ones is not known."""


Way: TypeAlias = tuple["str | Gap | Digits", ...]

_DIGIT_WAY: list[Way] = [(Digits(),)]
_ANYTHING: list[Way] = [(Gap(False, False),)]
_EDGE: list[Way] = [(Gap(True, True),)]


def shape_pieces(node: Node) -> list[list[str]]:
    """Alternatives of texts one of which every matching line's shape holds in full; empty: nothing can be said.

    Where `folds(node)`, the texts are in lower case, and the shape must be too (its ASCII letters, see `lowered`).
    """
    out = [[rare] for rare in _rare_cases(node)]
    for way in _ways(node):
        choices = _choices(way)
        if not all(choices):
            return []
        out += [choice for choice in choices if choice not in out]
    return out


def required(node: Node) -> list[str]:
    """Texts one of which every matching line holds (lowered as above); empty: nothing can be said."""
    longest = [max((item for item in way if isinstance(item, str)), key=len, default="") for way in _ways(node)]
    return [*dict.fromkeys(longest), *_rare_cases(node)] if all(longest) else []


def folds(node: Node) -> bool:
    """Does case not count in some part of it?"""
    return any(lit.fold for lit in _literals(node))


def lowered(text: str) -> str:
    """`text` with its ASCII letters in lower case and all else as it is."""
    return text.translate(_LOWER)


def _ways(node: Node) -> list[Way]:
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
    if not common(members.ranges, _RUN_CHARS):
        return _EDGE
    return _ANYTHING


def _repeated(item: Node, low: int, high: int | None) -> list[Way]:
    ways = spelt(item)
    if ways in (_DIGIT_WAY, _EDGE):
        return ways
    if low == high and low <= 64 and len(ways) == 1:
        return _sequence((item,) * low)
    return [(*_joined(way, (Gap(False, False),)),) for way in ways] if len(ways) <= _MOST_WAYS else _ANYTHING


def _choices(way: Way) -> list[list[str]]:
    """What a shape may hold for one way: the product of what each of its texts may have become."""
    out: list[list[str]] = [[]]
    way = _with_digits(way)
    for at, text in enumerate(way):
        if not isinstance(text, str):
            continue
        before, behind = (way[at - 1] if at else None), (way[at + 1] if at + 1 < len(way) else None)
        forms = _masked(text, isinstance(before, Gap) and before.right, isinstance(behind, Gap) and behind.left)
        if len(out) * len(forms) > _MOST_CHOICES:
            forms = _inner(text)
        out = [[*choice, form] if form else choice for choice in out for form in forms]
    return out


def _with_digits(way: Way) -> Way:
    """Unknown digits as a known one, as the mask cannot tell them apart: part of the text around them."""
    out: Way = ()
    for item in way:
        out = _joined(out, ("0",) if isinstance(item, Digits) else (item,))
    return out


def _masked(text: str, closed_left: bool, closed_right: bool) -> list[str]:
    """What `text` may look like in a shape; closed: there its first or last word does not go on beyond it."""
    runs = _RUNS.findall(text)
    forms = [""]
    for at, run in enumerate(runs):
        is_open = (at == 0 and not closed_left) or (at == len(runs) - 1 and not closed_right)
        options = [run, HOLE] if is_open and _is_word(run) and _mask(run) == run else [_mask(run)]
        forms = [form + option for form in forms for option in options]
    return forms


def _inner(text: str) -> list[str]:
    """What `text` surely looks like in a shape: without the words at its ends."""
    runs = _RUNS.findall(text)
    first, last = _is_word(runs[0]), _is_word(runs[-1])
    return ["".join(map(_mask, runs[first : len(runs) - last]))]


def _is_word(run: str) -> bool:
    return _RUN.match(run) is not None


def _mask(run: str) -> str:
    return HOLE if _is_word(run) and not _NO_DIGIT.fullmatch(run) else run
