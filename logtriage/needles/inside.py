"""A needle in a part of a line, of which the rest is not known: what must be found there.

A match may go on beyond the part's ends, and beyond a cut: a character in whose place the line has another text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from logtriage.needles.dialect import pieces
from logtriage.needles.dialect.automata import Re2Writer
from logtriage.needles.dialect.charset import CharSet, cases, of_chars
from logtriage.needles.dialect.nodes import EMPTY, Alt, Chars, Concat, Group, Lit, Look, Node, Repeat, concat
from logtriage.needles.needle import Needle

# Marks of what is cut out (see store/frame.py), a byte order mark, which may be none of the line; what JSON escapes.
_MARKS = CharSet(((0, 8), (0xFEFF, 0xFEFF)))
_ESCAPED = CharSet(((0, 9), (11, 31), (0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x7F)))
_MOST = 2_000  # characters of a regular expression


def clipped(needle: Needle, text: str, *, escaped: bool = False, ends: bool = False, alone: bool = False) -> str | None:
    """For RE2: what is found in a part of a line in which `text` (one of those required) stands as a part of a match, even
    where the match goes on beyond the part or over a cut. None: nothing more than the text, which holds no cut itself.
    Of patterns with -w nothing more is told: what stands beside a word lets go of little for what it costs.

    `escaped`: the part stands in the line as a JSON string; `ends`: with it the line does so; `alone`: behind the part no match
    goes on, and nothing is cut out of it.
    """
    if needle.fancy or needle.beside:
        return None
    found: list[Node] = []
    cut = Chars(_MARKS.united(_ESCAPED) if escaped else _MARKS)
    for tree in needle.found:
        own = pieces.required(tree)
        if text not in (map(pieces.lowered, own) if needle.folded else own):
            continue
        items = tree.items if isinstance(tree, Concat) else (tree,)
        span = next(_runs(items, text, folded=needle.folded), None)
        if span is None or span == (0, len(items)):
            return None
        first, end = span
        before, behind = Concat(items[:first]), Concat(items[end:])
        ending, beginning = _piece(before, last=True), _piece(behind, last=False)
        if ending is None or beginning is None:
            return None
        around = list(items[first:end])
        if first:
            around.insert(0, Alt((before, concat(Alt((Look("^"), cut)), ending))))
        if end < len(items):
            clip = concat(beginning, cut if ends else Alt((Look("$"), cut)))
            around.append(behind if alone else Alt((behind, clip)))
        found.append(concat(*around))
    written = Re2Writer().write(Alt(tuple(found))) if found else None
    return written if written is not None and len(written) <= _MOST else None


def uncut(needle: Needle) -> str | None:
    """For RE2: a match in any part of a line, in which nothing is cut out or escaped by JSON: whatever else the line holds, it
    matches. Not every match is such a one. None: nothing is told so."""
    if needle.fancy or needle.invert:
        return None
    found = [tree for tree in map(_uncut, needle.found) if tree is not None]
    writer = Re2Writer()
    written = "|".join(map(writer.write, found))
    return written if found and writer.exact and len(written) <= _MOST else None


def _uncut(node: Node) -> Node | None:
    """What a node matches without what may be cut or escaped, and without a look at what stands beside it; None: nothing."""
    match node:
        case Lit(char, fold):
            return _uncut(Chars(of_chars(cases(char) if fold else char)))
        case Chars(members):
            left = (CharSet(members.ascii) if members.beyond else members).less(_MARKS.united(_ESCAPED))
            return Chars(left) if left.ranges else None
        case Repeat(item, low, _):
            left_of = _uncut(item)
            return node._replace(item=left_of) if left_of is not None else None if low else EMPTY
        case Concat(items):
            each = [part for part in map(_uncut, items) if part is not None]
            return Concat(tuple(each)) if len(each) == len(items) else None
        case Alt(items):
            some = [part for part in map(_uncut, items) if part is not None]
            return Alt(tuple(some)) if some else None
        case Group(item):
            return _uncut(item)
    return None


def _runs(items: Sequence[Node], text: str, *, folded: bool) -> Iterator[tuple[int, int]]:
    """Where literals side by side are a text: from which to which."""
    size = len(text)
    for first in range(len(items) - size + 1):
        run = [item.char for item in items[first : first + size] if isinstance(item, Lit)]
        there = "".join(run)
        if len(run) == size and (pieces.lowered(there) if folded else there) == text:
            yield first, first + size


def _piece(node: Node, *, last: bool) -> Node | None:
    """What any beginning of a match (`last`: any end) looks like that is not all of it, nothing among it; None: unknown."""
    match node:
        case Lit() | Chars() | Look() | Concat(()):
            return EMPTY
        case Repeat(item, _, high):
            part = _piece(item, last=last)
            return None if part is None else _grown(part, Repeat(item, 0, high), last=last)
        case Concat(items) | Alt(items):
            each = [_piece(item, last=last) for item in items]
            parts = [part for part in each if part is not None]
            if len(parts) < len(each):
                return None
            if isinstance(node, Alt):
                return Alt(tuple(dict.fromkeys(parts)))
            found, *others = zip(parts, items, strict=True) if last else zip(parts[::-1], items[::-1], strict=True)
            known = found[0]
            for part, item in others:
                known = Alt((part, _grown(known, item, last=last)))
            return known
    return None


def _grown(piece: Node, whole: Node, *, last: bool) -> Node:
    """A piece and what is then all there: behind an end, before a beginning."""
    return concat(piece, whole) if last else concat(whole, piece)
