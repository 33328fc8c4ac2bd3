"""A tree → a pattern in the dialect of one engine.

What an engine cannot say is widened, never narrowed: the pattern written holds wherever the tree matches, and `exact`
tells whether it holds nowhere else. All dialects share the syntax of groups, alternatives and repetitions.
"""

from __future__ import annotations

import re

from logtriage.needles.dialect.charset import UNIVERSE, CharSet, Ranges, cases, of_chars
from logtriage.needles.dialect.nodes import (
    Alt,
    Around,
    Atomic,
    Backref,
    Chars,
    Concat,
    Group,
    Lit,
    Look,
    Node,
    Repeat,
    edge,
)

BYTE, CODE_POINT = r"\x{:02x}", r"\U{:08X}"  # how a character's number is written


class Writer:
    """One pattern being written. Subclasses say how an engine spells characters and places."""

    most = 65_535  # the largest count a repetition may have, nested ones multiplied

    def __init__(self) -> None:
        self.exact = True
        self.counts = 1

    def write(self, node: Node) -> str:
        match node:
            case Lit(char, fold):
                return self.chars(of_chars(cases(char))) if fold else self.lit(char)
            case Chars(members):
                return self.chars(members)
            case Look():
                return self.look(node, None, None)
            case Repeat():
                return self.repeated(node)
            case Concat(items):
                return self.sequence(items)
            case Alt(items):
                return "(?:" + "|".join(self.write(item) for item in items) + ")"
            case Group(item):
                return self.group(item)
            case Around():
                return self.around(node)
            case Backref():
                return self.backref(node)
            case Atomic(item):
                return self.atomic(item)

    def sequence(self, items: tuple[Node, ...], tail: str | None = None) -> str:
        """`items` one after the other; `tail` is what to write for the last of them, if not what it is."""
        out = []
        for at, item in enumerate(items):
            if tail is not None and at == len(items) - 1:
                out.append(tail)
            elif isinstance(item, Look):
                before = edge(items[at - 1], last=True) if at else None
                behind = edge(items[at + 1], last=False) if at + 1 < len(items) else None
                out.append(self.look(item, before, behind))
            else:
                out.append(self.write(item))
        return "".join(out)

    def repeated(self, node: Repeat) -> str:
        low, high = node.low, node.high
        if max(low, high or 0) * self.counts > self.most:
            self.exact = False
            low, high = min(low, 1), None
        outer, self.counts = self.counts, self.counts * max(low, high or 0, 1)
        inner = self.write(node.item)
        self.counts = outer
        return f"(?:{inner}){count(low, high)}" + ("?" if node.lazy else "")

    def lit(self, char: str) -> str:
        raise NotImplementedError

    def chars(self, members: CharSet) -> str:
        raise NotImplementedError

    def look(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        """`place` between what may end before it and what may begin behind it, as far as that is known."""
        raise NotImplementedError

    def group(self, item: Node) -> str:
        return f"(?:{self.write(item)})"

    def around(self, node: Around) -> str:
        self.exact = False
        return ""

    def backref(self, node: Backref) -> str:
        self.exact = False
        return f"(?:{self.chars(CharSet(UNIVERSE))})*"

    def atomic(self, item: Node) -> str:
        self.exact = False
        return f"(?:{self.write(item)})"


def count(low: int, high: int | None) -> str:
    """The sign for `low` to `high` repetitions."""
    short = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
    return short or (f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}")


class RegexWriter(Writer):
    """For `regex` (flag V1) on one line of text, where bytes that are not UTF-8 are lone surrogates: always exact."""

    most = 10**9

    def lit(self, char: str) -> str:
        return re.escape(char)

    def chars(self, members: CharSet) -> str:
        explicit = spelt(members.ascii if members.beyond else members.ranges, CODE_POINT)
        if not members.beyond:
            return f"[{explicit}]" if explicit else r"[^\s\S]"
        return rf"[{explicit}[{members.beyond}--[\x00-\x7F\uD800-\uDFFF]]]"

    def look(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        word = "[A-Za-z0-9_]" if place.ascii else r"\w"
        return {
            "^": r"\A",
            "$": r"\Z",
            "b": rf"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))",
            "B": rf"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))",
            "<": rf"(?:(?<!{word})(?={word}))",
            ">": rf"(?:(?<={word})(?!{word}))",
            "[": rf"(?<!{word})",
            "]": rf"(?!{word})",
        }[place.kind]

    def group(self, item: Node) -> str:
        return f"({self.write(item)})"

    def around(self, node: Around) -> str:
        return f"(?{'<' if node.behind else ''}{'!' if node.negative else '='}{self.write(node.item)})"

    def backref(self, node: Backref) -> str:
        return rf"(?i:\{node.number})" if node.fold else rf"(?:\{node.number})"

    def atomic(self, item: Node) -> str:
        return f"(?>{self.write(item)})"


class AsciiWriter(RegexWriter):
    """For the standard `re` on the bytes of a line that is all ASCII: exact there. Not for fancy patterns."""

    def lit(self, char: str) -> str:
        return re.escape(char) if char < "\x80" else "(?!)"

    def chars(self, members: CharSet) -> str:
        explicit = spelt(members.ascii, BYTE)
        return f"[{explicit}]" if explicit else "(?!)"

    def look(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        return super().look(place._replace(ascii=True), before, behind)

    def group(self, item: Node) -> str:
        return f"(?:{self.write(item)})"


def spelt(ranges: Ranges, form: str) -> str:
    """Ranges as the inside of a class; letters and digits as they are, all others as numbers."""

    def one(code: int) -> str:
        char = chr(code)
        return char if char.isascii() and char.isalnum() else form.format(code)

    return "".join(one(low) if low == high else f"{one(low)}-{one(high)}" for low, high in ranges)
