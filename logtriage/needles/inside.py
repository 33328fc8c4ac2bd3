"""A needle in a part of a line, of which the rest is not known: what must be found there.

A match may go on beyond the part's ends, and beyond a cut: a character in whose place the line has another text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from logtriage.needles.dialect import pieces
from logtriage.needles.dialect.automata import Re2Writer
from logtriage.needles.dialect.charset import CharSet
from logtriage.needles.dialect.nodes import EMPTY, Alt, Chars, Concat, Lit, Look, Node, Repeat, concat
from logtriage.needles.needle import Needle

# Marks of what is cut out (see store/frame.py), a byte order mark, which may be none of the line; what JSON escapes.
_MARKS = CharSet(((0, 8), (0xFEFF, 0xFEFF)))
_ESCAPED = CharSet(((0, 9), (11, 31), (0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x7F)))
_MOST = 2_000  # characters of a regular expression


def clipped(
    needle: Needle, text: str, *, escaped: bool = False, begins: bool = False, ends: bool = False
) -> str | None:
    """For RE2: what is found in a part of a line in which `text` (one of those required) stands as a part of a match, even
    where the match goes on beyond the part or over a cut. None: nothing more than the text, which holds no cut itself.

    `escaped`: the part stands in the line as a JSON string; `begins`, `ends`: with it the line does so.
    """
    if needle.fancy:
        return None
    found: list[Node] = []
    cut = Chars(_MARKS.united(_ESCAPED) if escaped else _MARKS)
    front, back = cut if begins else Alt((Look("^"), cut)), cut if ends else Alt((Look("$"), cut))
    for tree in needle.found:
        own = pieces.required(tree)
        if text not in (map(pieces.lowered, own) if needle.folded else own):
            continue
        items = tree.items if isinstance(tree, Concat) else (tree,)
        span = next(_runs(items, text, folded=needle.folded), None)
        if span is None:
            return None
        first, end = span
        left, right = _going_on(items[:first], front, backwards=True), _going_on(items[end:], back, backwards=False)
        if left is None or right is None or (left, right) == (EMPTY, EMPTY):
            return None
        found.append(concat(left, *items[first:end], right))
    written = Re2Writer().write(Alt(tuple(found))) if found else None
    return written if written is not None and len(written) <= _MOST else None


def _runs(items: Sequence[Node], text: str, *, folded: bool) -> Iterator[tuple[int, int]]:
    """Where literals side by side are a text: from which to which."""
    size = len(text)
    for first in range(len(items) - size + 1):
        run = [item.char for item in items[first : first + size] if isinstance(item, Lit)]
        there = "".join(run)
        if len(run) == size and (pieces.lowered(there) if folded else there) == text:
            yield first, first + size


def _going_on(items: Sequence[Node], cut: Node, *, backwards: bool) -> Node | None:
    """All of some items, or the beginning of that (`backwards`: the end) up to a cut; None: that cannot be told."""
    if not items:
        return EMPTY
    every = Concat(tuple(items))
    begin = _beginning(every, backwards=backwards)
    return None if begin is None else Alt((every, _beside(cut, begin, not backwards)))


def _beginning(node: Node, *, backwards: bool) -> Node | None:
    """What any beginning of a match looks like that is not all of it (`backwards`: any end), nothing among it; None: unknown."""
    match node:
        case Lit() | Chars() | Look() | Concat(()):
            return EMPTY
        case Repeat(item, _, high):
            part = _beginning(item, backwards=backwards)
            return None if part is None else _beside(Repeat(item, 0, high), part, backwards)
        case Concat(items) | Alt(items):
            each = [_beginning(item, backwards=backwards) for item in items]
            parts = [part for part in each if part is not None]
            if len(parts) < len(each):
                return None
            if isinstance(node, Alt):
                return Alt(tuple(dict.fromkeys(parts)))
            (_, begin), *others = (
                zip(items, parts, strict=True) if backwards else reversed(list(zip(items, parts, strict=True)))
            )
            for item, part in others:
                begin = Alt((part, _beside(item, begin, backwards)))
            return begin
    return None


def _beside(item: Node, part: Node, backwards: bool) -> Node:
    """An item, and of what comes behind it (`backwards`: before it) a part."""
    return concat(part, item) if backwards else concat(item, part)
