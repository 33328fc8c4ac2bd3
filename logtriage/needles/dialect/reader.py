"""A pattern's text → a tree. The grammar is that of Rust's regex crate, so that what ripgrep takes is taken here with
the same meaning, and what it refuses is refused; lookaround, `(?>…)`, `\\1` and `(?P=name)` are read besides.

Not read: `(?-u)` where it would match single bytes beyond ASCII, recursion, conditionals, `\\G`, `\\K`, `\\X`.
"""

from __future__ import annotations

from logtriage.needles.dialect.charset import ALL, CharSet, cases, of_chars
from logtriage.needles.dialect.classes import ClassReader, Flags
from logtriage.needles.dialect.nodes import (
    EMPTY,
    Around,
    Atomic,
    Backref,
    Chars,
    Group,
    Lit,
    Look,
    Node,
    alt,
    concat,
    repeat,
)

_DEEPEST = 100
_MOST_REPEATS = 100_000
_LOOKS = {"A": "^", "z": "$", "b": "b", "B": "B", "<": "<", ">": ">"}
_HALF_LOOKS = {"start": "<", "end": ">", "start-half": "[", "end-half": "]"}
_AROUNDS = {"?=": (False, False), "?!": (False, True), "?<=": (True, False), "?<!": (True, True)}


def character(char: str, fold: bool) -> Node:
    """One character, in any case if `fold`."""
    if not fold or len(cases(char)) == 1:
        return Lit(char)
    return Lit(char, True) if char < "\x80" else Chars(of_chars(cases(char)))


class Reader(ClassReader):
    """One pass over one pattern, by recursive descent."""

    def __init__(self, text: str, flags: Flags, first_group: int) -> None:
        super().__init__(text)
        self.flags = flags
        self.first_group = first_group
        self.groups = 0
        self.names: dict[str, int] = {}
        self.fancy = False

    def choice(self, depth: int) -> Node:
        """Alternatives up to a `)` or the end."""
        if depth > _DEEPEST:
            raise self.error("the groups are nested too deeply")
        branches = [self.sequence(depth)]
        while self.take("|"):
            branches.append(self.sequence(depth))
        return alt(branches)

    def sequence(self, depth: int) -> Node:
        items: list[Node] = []
        repeatable = False
        while True:
            self.skip_comments()
            if self.at_end() or self.peek() in "|)":
                return concat(*items)
            if self.peek() in "*+?{":
                if not repeatable:
                    sign = self.peek()
                    raise self.error(f"there is nothing that {sign!r} could repeat", f"write it as \\{sign}")
                items.append(self.repetition(items.pop()))
                continue
            before = self.at
            atom = self.atom(depth)
            repeatable = atom is not None
            items.append(atom if atom is not None else EMPTY)
            if self.at == before:
                raise self.error("this cannot be read")

    def repetition(self, item: Node) -> Node:
        sign = self.next()
        low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign) or self.bounds()
        lazy = self.take("?") != self.flags.swap_greed
        return repeat(item, low, high, lazy)

    def bounds(self) -> tuple[int, int | None]:
        start = self.at
        inside = self.until("}", "'{' begins a repetition such as {2,5} that is not finished; write a brace as \\{")
        low, comma, high = (part.strip() for part in inside.partition(","))
        if not low.isdecimal() or (high and not high.isdecimal()):
            raise self.error("'{' begins a repetition such as {2,5}; write a brace as \\{", at=start)
        least, most = int(low), int(high) if high else None if comma else int(low)
        if most is not None and most < least:
            raise self.error("the repetition's limits are the wrong way round", at=start)
        if max(least, most or 0) > _MOST_REPEATS:
            raise self.error(f"more than {_MOST_REPEATS} repetitions", at=start)
        return least, most

    def atom(self, depth: int) -> Node | None:
        """One thing that can be repeated; None: a `(?i)` that only switches flags."""
        char = self.next()
        if char == "(":
            return self.group(depth)
        if char == "[":
            return Chars(self.within(self.bracket(depth)))
        if char == ".":
            return Chars(self.within(ALL))
        if char in "^$":
            return Look(char)
        if char == "\\":
            return self.escape()
        return self.char(char)

    def escape(self) -> Node:
        char = self.peek()
        if not char:
            raise self.error("it ends in a backslash")
        if char in "123456789":
            return self.backreference(int(self.digits()))
        if char in _LOOKS:
            self.next()
            if char == "b" and self.rest().startswith("{"):
                name = self.rest()[1:].partition("}")[0]
                if name in _HALF_LOOKS:
                    self.at += len(name) + 2
                    return Look(_HALF_LOOKS[name], not self.flags.unicode)
            return Look(_LOOKS[char], char not in "Az" and not self.flags.unicode)
        members = self.class_escape()
        if isinstance(members, CharSet):
            return Chars(self.within(members))
        return self.char(members)

    def char(self, char: str) -> Node:
        self.note(char)
        if char == "\n":
            raise self.error("a line never holds a line break", "give several patterns, each with -e")
        if not self.flags.unicode and char > "\x7f":
            raise self.error("(?-u) with characters beyond ASCII is not supported")
        node = character(char, self.flags.fold)
        if self.flags.unicode or not isinstance(node, Lit) or not node.fold:
            return node
        return Chars(of_chars(char.lower() + char.upper()))

    def within(self, members: CharSet) -> CharSet:
        """`members`, or an error where `(?-u)` would make them single bytes beyond ASCII."""
        if not self.flags.unicode and not members.is_narrow:
            raise self.error("(?-u) with bytes beyond ASCII is not supported")
        return members

    def backreference(self, index: int) -> Node:
        if not 1 <= index <= self.groups:
            raise self.error(f"there is no group {index} before this")
        self.fancy = True
        return Backref(index + self.first_group - 1, self.flags.fold)

    def group(self, depth: int) -> Node | None:
        start = self.at
        outer = self.flags
        node: Node
        if not self.take("?"):
            node = self.captured("", depth)
        elif (name := self.group_name()) is not None:
            node = self.captured(name, depth)
        elif self.take("P="):
            name = self.until(")", "the '(' is not closed")
            if name not in self.names:
                raise self.error(f"there is no group named {name!r} before this")
            return self.backreference(self.names[name])
        elif around := next((sign for sign in _AROUNDS if self.rest().startswith(sign[1:])), None):
            self.at += len(around) - 1
            self.fancy = True
            node = Around(self.choice(depth + 1), *_AROUNDS[around])
        elif self.take(">"):
            self.fancy = True
            node = Atomic(self.choice(depth + 1))
        else:
            self.switch_flags()
            if self.take(")"):
                return None
            if not self.take(":"):
                raise self.error("'(?' begins no group that is known here", at=start)
            node = self.choice(depth + 1)
        if not self.take(")"):
            raise self.error("the '(' is not closed", at=start)
        self.flags = outer
        return node

    def captured(self, name: str, depth: int) -> Node:
        self.groups += 1
        index = self.groups
        if name:
            if name in self.names:
                raise self.error(f"there are two groups named {name!r}")
            self.names[name] = index
        return Group(self.choice(depth + 1), index + self.first_group - 1)

    def group_name(self) -> str | None:
        rest = self.rest()
        for sign in ("P<", "<"):
            if rest.startswith(sign) and not rest.startswith(("<=", "<!")):
                self.at += len(sign)
                name = self.until(">", "the group's name is not closed by '>'")
                if not name.isidentifier():
                    raise self.error(f"{name!r} cannot be a group's name")
                return name
        return None

    def switch_flags(self) -> None:
        on = True
        while (sign := self.peek()) and sign in "imsUuxR-":
            self.next()
            if sign == "-":
                on = False
            elif sign == "i":
                self.flags = self.flags._replace(fold=on)
            elif sign == "x":
                self.flags = self.flags._replace(verbose=on)
            elif sign == "U":
                self.flags = self.flags._replace(swap_greed=on)
            elif sign == "u":
                self.flags = self.flags._replace(unicode=on)

    def skip_comments(self) -> None:
        """Under `(?x)`: white space, and from a `#` to the end of its line."""
        while self.flags.verbose and (char := self.peek()) and (char.isspace() or char == "#"):
            self.next()
            if char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
