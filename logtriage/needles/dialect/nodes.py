"""The tree a pattern is read into, and the few questions that are asked of any part of it."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from logtriage.needles.dialect.charset import CharSet, cases, of_chars


class Lit(NamedTuple):
    """One character; `fold`: in any of its cases."""

    char: str
    fold: bool = False


class Chars(NamedTuple):
    """One character of a set."""

    members: CharSet


class Look(NamedTuple):
    """A place without width: `^` `$` (of the line), `b` `B` (word boundary or not), `<` `>` (a word's start, its end),
    `[` `]` (no word character before, behind: half of a boundary). `ascii`: words are ASCII words."""

    kind: str
    ascii: bool = False


class Repeat(NamedTuple):
    """`item` from `low` to `high` times (None: without end)."""

    item: Node
    low: int
    high: int | None
    lazy: bool = False


class Concat(NamedTuple):
    """One after the other; of nothing: the empty text."""

    items: tuple[Node, ...]


class Alt(NamedTuple):
    """One of them, the first that fits being preferred."""

    items: tuple[Node, ...]


class Group(NamedTuple):
    """A capturing group; its number only matters to a backreference."""

    item: Node
    number: int


class Around(NamedTuple):
    """Lookahead or lookbehind (`behind`), positive or `negative`."""

    item: Node
    behind: bool
    negative: bool


class Backref(NamedTuple):
    """The text that a group has matched."""

    number: int
    fold: bool


class Atomic(NamedTuple):
    """A group that is never entered again."""

    item: Node


Node: TypeAlias = "Lit | Chars | Look | Repeat | Concat | Alt | Group | Around | Backref | Atomic"

EMPTY = Concat(())


def concat(*items: Node) -> Node:
    """`items` one after the other, nested sequences flattened."""
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Concat) else [item])
    return flat[0] if len(flat) == 1 else Concat(tuple(flat))


def alt(items: list[Node]) -> Node:
    """One of `items`, nested choices flattened, and single characters side by side joined to a set."""
    flat: list[Node] = []
    for item in items:
        for choice in item.items if isinstance(item, Alt) else [item]:
            left = edge(flat[-1], last=False) if flat and isinstance(flat[-1], Lit | Chars) else None
            right = edge(choice, last=False) if isinstance(choice, Lit | Chars) else None
            if left is None or right is None:
                flat.append(choice)
            else:
                flat[-1] = Chars(left.united(right))
    return flat[0] if len(flat) == 1 else Alt(tuple(flat))


def text_of(tree: Node) -> tuple[str, bool] | None:
    """The one text that a tree stands for, and whether its case counts; None where it is no mere text."""
    items = tree.items if isinstance(tree, Concat) else (tree,)
    letters = [item for item in items if isinstance(item, Lit)]
    if len(letters) < len(items):
        return None
    return "".join(item.char for item in letters), not any(item.fold for item in letters)


def repeat(item: Node, low: int, high: int | None, lazy: bool) -> Node:
    """`item` repeated, in a form that no backtracking engine chokes on: `(a+)+` is `a+`, `(^)*` is nothing."""
    if high == 0 or item == EMPTY:
        return EMPTY
    if isinstance(item, Look | Around):
        return item if low else EMPTY
    if (low, high) == (1, 1):
        return item
    if isinstance(item, Repeat) and high is None and item.low <= 1 and low <= 1 and item.lazy == lazy:
        return Repeat(item.item, min(item.low, low), None, lazy)
    return Repeat(item, low, high, lazy)


def nullable(node: Node) -> bool:
    """May it match without consuming a character (places included)?"""
    match node:
        case Lit() | Chars():
            return False
        case Repeat(item, low, _):
            return low == 0 or nullable(item)
        case Concat(items):
            return all(nullable(item) for item in items)
        case Alt(items):
            return any(nullable(item) for item in items)
        case Group(item) | Atomic(item):
            return nullable(item)
    return True


def edge(node: Node, last: bool) -> CharSet | None:
    """Which characters it can begin (or end: `last`) with; None: unknown, or it may match nothing at all."""
    match node:
        case Lit(char, fold):
            return of_chars(cases(char) if fold else char)
        case Chars(members):
            return members
        case Repeat(item, low, _) if low:
            return edge(item, last)
        case Group(item) | Atomic(item):
            return edge(item, last)
        case Alt(items):
            return _union([edge(item, last) for item in items])
        case Concat(items):
            sides = [item for item in (reversed(items) if last else items) if not isinstance(item, Look)]
            return edge(sides[0], last) if sides else None
    return None


def _union(sides: list[CharSet | None]) -> CharSet | None:
    out = CharSet(())
    for side in sides:
        if side is None:
            return None
        out = out.united(side)
    return out


def uncaptured(node: Node) -> Node:
    """The same tree without capturing groups."""
    match node:
        case Group(item):
            return uncaptured(item)
        case Concat(items):
            return concat(*(uncaptured(item) for item in items))
        case Alt(items):
            return alt([uncaptured(item) for item in items])
        case Repeat(item, low, high, lazy):
            return repeat(uncaptured(item), low, high, lazy)
    return node


def trimmed(node: Node) -> Node:
    """A smaller tree that is found in exactly the same lines: `x*foo.+` is found where `foo.` is.

    Only whether a line matches stays the same, not where; for trees without groups or anything fancy.
    """
    match node:
        case Alt(items):
            return alt([trimmed(item) for item in items])
        case Concat(items):
            rest = list(items)
            for at in (0, -1):
                while rest and isinstance(rest[at], Repeat):
                    less = _fewest(rest[at])
                    if less == rest[at]:
                        break
                    rest[at : at + 1 or None] = [] if less == EMPTY else [less]
            return concat(*rest)
        case Repeat():
            return _fewest(node)
    return node


def _fewest(node: Node) -> Node:
    if isinstance(node, Repeat):
        return repeat(node.item, node.low, node.low, False)
    return node


def always(node: Node) -> bool:
    """Is it found in every line, whatever it holds? (False may also mean: not known.)"""
    match node:
        case Alt(items):
            return any(always(item) for item in items)
        case Concat(items):
            return sum(_has_place(item) for item in items) <= 1 and all(always(item) for item in items)
        case Look(kind):
            return kind in "^$"
        case Repeat(_, low, _):
            return low == 0
    return False


def _has_place(node: Node) -> bool:
    match node:
        case Concat(items) | Alt(items):
            return any(_has_place(item) for item in items)
        case Repeat(item):
            return _has_place(item)
        case Lit() | Chars():
            return False
    return True
