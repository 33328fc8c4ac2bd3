"""A tree → a pattern in the dialect of one engine.

What an engine cannot say is widened, never narrowed: the pattern written holds wherever the tree matches, and `exact`
tells whether it holds nowhere else. All dialects share the syntax of groups, alternatives and repetitions.
"""

from __future__ import annotations

import re

from logtriage.dialect.charset import LAST, UNIVERSE, WORD, CharSet, Ranges, cases, common
from logtriage.dialect.nodes import (
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

_WORD_CHARS = WORD.ascii
BYTE, CODE_POINT, RE2_CODE_POINT = r"\x{:02x}", r"\U{:08X}", r"\x{{{:x}}}"  # how dialects write a character's number
_FEW = 12  # so many characters beyond ASCII of a set are still spelt out


class Writer:
    """One pattern being written. Subclasses say how an engine spells characters and places."""

    most = 65_535  # the largest count a repetition may have, nested ones multiplied

    def __init__(self) -> None:
        self.exact = True
        self.counts = 1

    def write(self, node: Node) -> str:
        match node:
            case Lit(char, fold):
                return self.chars(CharSet(tuple((ord(c), ord(c)) for c in sorted(cases(char))))) if fold else self.lit(char)
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

    def boundary(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        """A word boundary for an engine that only knows ASCII words.

        Where one of its sides is surely an ASCII word character, a Unicode boundary is an ASCII one too, and differs only
        if the other side is beyond ASCII; anywhere else the place is left out.
        """
        self.exact = False
        sides = [side for side in (before, behind) if side is not None and side.ranges]
        sure = any(side.is_narrow and common(side.ranges, _WORD_CHARS) == side.ranges for side in sides)
        return r"\b" if place.kind == "b" and (sure or place.ascii) else ""


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
        explicit = _spelt(members.ascii if members.beyond else members.ranges, CODE_POINT)
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
        return rf"(?i:\{node.index})" if node.fold else rf"(?:\{node.index})"

    def atomic(self, item: Node) -> str:
        return f"(?>{self.write(item)})"


class AsciiWriter(RegexWriter):
    """For the standard `re` on the bytes of a line that is all ASCII: exact there. Not for fancy patterns."""

    def lit(self, char: str) -> str:
        return re.escape(char) if char < "\x80" else "(?!)"

    def chars(self, members: CharSet) -> str:
        explicit = _spelt(members.ascii, BYTE)
        return f"[{explicit}]" if explicit else "(?!)"

    def look(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        return super().look(place._replace(ascii=True), before, behind)

    def group(self, item: Node) -> str:
        return f"(?:{self.write(item)})"


class Re2Writer(Writer):
    """For DuckDB's regular expressions on text that is UTF-8, of one line or several."""

    most = 1000

    def lit(self, char: str) -> str:
        return _spelt(((ord(char), ord(char)),), RE2_CODE_POINT)

    def chars(self, members: CharSet) -> str:
        ranges = members.ranges
        if members.beyond:
            self.exact = False
            ranges = (*members.ascii, (0x80, LAST))
        explicit = _spelt(ranges, RE2_CODE_POINT)
        return f"[{explicit}]" if explicit else r"[^\x00-\x{10FFFF}]"

    def look(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        return f"(?m:{place.kind})" if place.kind in "^$" else self.boundary(place, before, behind)


class HyperscanWriter(Writer):
    """For Hyperscan (flag MULTILINE) on raw bytes of many lines, whatever their encoding, each ended by a line break.

    `exact`: on every line; `ascii_exact`: on lines that are all ASCII.
    """

    most = 5_000

    def __init__(self) -> None:
        super().__init__()
        self.ascii_exact = True

    def lit(self, char: str) -> str:
        return _bytes_spelt(char)

    def chars(self, members: CharSet) -> str:
        choices = [f"[{_spelt(members.ascii, BYTE)}]"] if members.ascii else []
        if members.beyond or not _is_short(members.wide):
            self.exact = False
            choices.append(r"[\xc2-\xf4][\x80-\xbf]{1,3}")
        else:
            choices += [_bytes_spelt(chr(code)) for low, high in members.wide for code in range(low, high + 1)]
        if not choices:  # nothing can match here, which Hyperscan cannot say
            self.exact = self.ascii_exact = False
            return r"[^\n]"
        return choices[0] if members.is_narrow else "(?:" + "|".join(choices) + ")"

    def look(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        if place.kind == "^":
            return "^"
        text = self.boundary(place, before, behind)
        self.ascii_exact = self.ascii_exact and bool(text)
        return text

    def repeated(self, node: Repeat) -> str:
        item = node.item
        if isinstance(item, Chars) and (item.members.beyond or not _is_short(item.members.wide)):
            return self.repeated_wide(item.members, node.low, node.high)
        if max(node.low, node.high or 0) * self.counts > self.most:
            self.ascii_exact = False
        return super().repeated(node)

    def repeated_wide(self, members: CharSet, low: int, high: int | None) -> str:
        """A set that reaches beyond ASCII, repeated: byte by byte where that stays exact on ASCII, or would be too large."""
        self.exact = False
        any_byte = f"[{_spelt(members.ascii, BYTE)}\\x80-\\xff]"
        if high is None and low <= 1:
            return any_byte + count(low, None)
        largest = max(low, high or 0)
        if largest * self.counts <= 32:
            return self.chars(members) + count(low, high)
        self.ascii_exact = False
        if 4 * largest * self.counts > self.most:
            return any_byte + count(min(low, 1), None)
        return any_byte + count(low, None if high is None else 4 * high)

    def around(self, node: Around) -> str:
        self.ascii_exact = False
        return super().around(node)

    def backref(self, node: Backref) -> str:
        self.ascii_exact = False
        self.exact = False
        return r"[^\n]*"

    def atomic(self, item: Node) -> str:
        self.ascii_exact = False
        return super().atomic(item)

    def to_line_end(self, node: Node) -> str:
        """`node`, and then all up to and with its line's break: so each line is reported once.

        The break is what the end of a line is told by: Hyperscan's own `$` misses matches near the end of the data.
        """
        if _is_line_end(node):
            return r"\n"
        if isinstance(node, Group):
            return self.to_line_end(node.item)
        if isinstance(node, Alt):
            return "(?:" + "|".join(self.to_line_end(item) for item in node.items) + ")"
        if isinstance(node, Concat) and node.items and isinstance(node.items[-1], Alt | Group | Look):
            last = node.items[-1]
            if not isinstance(last, Look) or _is_line_end(last):
                return self.sequence(node.items, self.to_line_end(last))
        return self.write(node) + r"[^\n]*\n"


def _is_line_end(node: Node) -> bool:
    return isinstance(node, Look) and node.kind == "$"


def _is_short(ranges: Ranges) -> bool:
    return sum(high - low + 1 for low, high in ranges) <= _FEW


def _spelt(ranges: Ranges, form: str) -> str:
    """Ranges as the inside of a class; letters and digits as they are, all others as numbers."""
    def one(code: int) -> str:
        char = chr(code)
        return char if char.isascii() and char.isalnum() else form.format(code)

    return "".join(one(low) if low == high else f"{one(low)}-{one(high)}" for low, high in ranges)


def _bytes_spelt(text: str) -> str:
    return "".join(chr(b) if chr(b).isascii() and chr(b).isalnum() else f"\\x{b:02x}" for b in text.encode("utf-8"))
