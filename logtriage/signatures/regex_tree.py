"""The regex dialect that RE2, Hyperscan and Python `regex` share, read into a tree of nodes.

It is what signatures are written in: no lookaround, backreferences, possessive quantifiers or `(?x)`; groups are named.
(`logtriage.needles.dialect` reads what a user types as a search, which may say more.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass


class DialectError(ValueError):
    """The regex uses something that not all three engines know, or read differently."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One character: a literal, an escape, a class or a dot. `wide`: it may stand for a character beyond ASCII."""

    text: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """`node` from `least` to `most` times (None: without end)."""

    node: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Seq:
    """Nodes one after the other; the empty sequence is the empty text."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    """One of several branches."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Flagged:
    """A part that ignores case (`(?i:…)`)."""

    node: Node


Node = Atom | Repeat | Seq | Alt | Flagged

EMPTY = Seq(())
_CLASS = re.compile(r"\[(?P<not>\^?)(?P<items>\]?(?:\\.|[^\]\\])+)\]", re.DOTALL)
_CLASS_ITEM = re.compile(r"\\(?:[dwsDWSntrfv]|x[0-7][0-9a-fA-F]|[^0-9A-Za-z])|[^\\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?P<body>[dwsDWSntrfvbBA]|x[0-7][0-9a-fA-F]|[!-/:-@\[-`{-~ ])", re.DOTALL)
_GROUP = re.compile(r"\((?:\?P<(?P<name>[A-Za-z_]\w*)>|\?(?P<flags>[im]*):|\?(?P<all>[im]+)\))")
_QUANTIFIER = re.compile(r"(?:(?P<mark>[*+?])|\{(?P<least>\d+)(?P<comma>,(?P<most>\d*))?\})(?P<lazy>\??)")
_NOT_ASCII = r"[\x80-\xff]"


def parse(regex: str) -> tuple[Node, tuple[str, ...]]:
    """The tree of a regex, in which assertions have left no trace, and the names of its groups in order.

    Raises DialectError where the regex uses something that not all three engines read alike.
    """
    parser = _Parser(regex)
    return parser.parse(), tuple(parser.names)


class _Parser:
    """A recursive descent over the regex; assertions and group names leave no node."""

    def __init__(self, regex: str) -> None:
        self.regex = regex
        self.at = 0
        self.names: list[str] = []

    def parse(self) -> Node:
        node = self._alternatives(top=True)
        if self.at < len(self.regex):
            raise DialectError(f"unmatched ) at {self.at}")
        return node

    def _alternatives(self, *, top: bool = False) -> Node:
        branches: list[Node] = []
        fold = top and self._leading_flags()
        while True:
            branches.append(self._sequence())
            if not self._take("|"):
                break
        node = branches[0] if len(branches) == 1 else Alt(tuple(branches))
        return Flagged(node) if fold else node

    def _leading_flags(self) -> bool:
        flags = _GROUP.match(self.regex)
        if flags is None or flags["all"] is None:
            return False
        self.at = flags.end()
        return "i" in flags["all"]

    def _sequence(self) -> Node:
        nodes: list[Node] = []
        while self.at < len(self.regex) and self.regex[self.at] not in "|)":
            node = self._quantified(self._single())
            if node != EMPTY:
                nodes.append(node)
        return nodes[0] if len(nodes) == 1 else Seq(tuple(nodes))

    def _single(self) -> Node:
        char = self.regex[self.at]
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise DialectError(f"nothing to repeat before {char} at {self.at}")
        self.at += 1
        if char in "^$":
            return EMPTY
        if char == ".":
            return Atom(".", wide=True)
        return Atom(char) if char.isascii() else Atom(_NOT_ASCII, wide=True)

    def _group(self) -> Node:
        opening = _GROUP.match(self.regex, self.at)
        if opening is None:
            raise DialectError(f"{self.regex[self.at : self.at + 4]!r}: groups are (?P<name>…), (?:…) or (?i:…)")
        if opening["all"] is not None:
            raise DialectError(f"{opening[0]} belongs at the very beginning; use (?i:…) for a part")
        if opening["name"] in self.names:
            raise DialectError(f"group {opening['name']} is named twice")
        if opening["name"]:
            self.names.append(opening["name"])
        self.at = opening.end()
        node = self._alternatives()
        if not self._take(")"):
            raise DialectError("a ( is not closed")
        return Flagged(node) if "i" in (opening["flags"] or "") and node != EMPTY else node

    def _class(self) -> Node:
        found = _CLASS.match(self.regex, self.at)
        items = _CLASS_ITEM.findall(found["items"]) if found else []
        if found is None or "".join(items) != found["items"] or "[" in items:
            raise DialectError(f"a class that is not closed, or has [ or an unknown escape in it, at {self.at}")
        if re.search(r"-[^\x00-\x7f]|[^\x00-\x7f]-", found["items"]):
            raise DialectError(f"a range beyond ASCII at {self.at}")
        self.at = found.end()
        if not found["not"] and found[0].isascii() and not {r"\D", r"\W", r"\S"} & set(items):
            return Atom(found[0])
        # As bytes: the parts of any character beyond ASCII are taken for members, in a negated class too.
        ascii_part = "".join(item for item in items if item.isascii())
        if found["not"]:
            return Atom(f"[^{ascii_part}]" if ascii_part else r"[\x00-\xff]", wide=True)
        return Atom(f"[{ascii_part}\\x80-\\xff]", wide=True)

    def _escape(self) -> Node:
        found = _ESCAPE.match(self.regex, self.at)
        if found is None:
            raise DialectError(f"{self.regex[self.at : self.at + 2]!r} is not in the common dialect")
        self.at = found.end()
        if found["body"] in ("b", "B", "A"):
            return EMPTY
        return Atom(found[0], wide=found["body"] in ("D", "W", "S"))

    def _quantified(self, node: Node) -> Node:
        found = _QUANTIFIER.match(self.regex, self.at)
        if found is None:
            return node
        self.at = found.end()
        if _QUANTIFIER.match(self.regex, self.at) and self.regex[self.at] != "{":
            raise DialectError(f"a possessive or double quantifier at {self.at}")
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1), None: (0, 0)}[found["mark"]]
        if found["mark"] is None:
            least = int(found["least"])
            most = least if found["comma"] is None else int(found["most"]) if found["most"] else None
        return EMPTY if node == EMPTY or most == 0 else Repeat(node, least, most)

    def _take(self, char: str) -> bool:
        taken = self.regex.startswith(char, self.at)
        self.at += taken
        return taken
