"""What a pattern's reader knows of characters: escapes, `[…]` and its set operations, `\\d`, `\\p{…}`, `[:alpha:]`."""

from __future__ import annotations

from typing import NamedTuple

from logtriage.errors import UsageError
from logtriage.needles.dialect.charset import (
    ASCII,
    DIGIT,
    SPACE,
    UNIVERSE,
    WORD,
    CharSet,
    common,
    families,
    joined,
    of_chars,
)

_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_PERL = {"d": DIGIT, "s": SPACE, "w": WORD}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_OPERATORS = ("&&", "--", "~~")
_POSIX: dict[str, tuple[str, ...]] = {
    "alnum": ("09", "AZ", "az"), "alpha": ("AZ", "az"), "ascii": ("\0\x7f",), "blank": ("\t\t", "  "),
    "cntrl": ("\0\x1f", "\x7f\x7f"), "digit": ("09",), "graph": ("!~",), "lower": ("az",), "print": (" ~",),
    "punct": ("!/", ":@", "[`", "{~"), "space": ("\t\r", "  "), "upper": ("AZ",), "word": ("09", "AZ", "az", "__"),
    "xdigit": ("09", "AF", "af"),
}  # fmt: skip


class Flags(NamedTuple):
    """What `(?…)` switches: `i` case, `x` comments, `U` greed, `u` Unicode (`s`, `m`, `R` change nothing in a line)."""

    fold: bool = False
    verbose: bool = False
    swap_greed: bool = False
    unicode: bool = True


class ClassReader:
    """A place in a pattern's text, and the reading of everything that stands for a set of characters."""

    flags: Flags

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.literals = False
        self.uppercase = False

    def at_end(self) -> bool:
        return self.at >= len(self.text)

    def peek(self) -> str:
        """The next character, or "" at the end."""
        return self.text[self.at : self.at + 1]

    def rest(self) -> str:
        return self.text[self.at :]

    def next(self) -> str:
        char = self.peek()
        if not char:
            raise self.error("the pattern ends too early")
        self.at += 1
        return char

    def take(self, sign: str) -> bool:
        """Is `sign` next? Then it is passed."""
        found = self.text.startswith(sign, self.at)
        self.at += len(sign) if found else 0
        return found

    def until(self, sign: str, problem: str) -> str:
        """The text before the next `sign`, which is passed too."""
        end = self.text.find(sign, self.at)
        if end < 0:
            raise self.error(problem)
        inside, self.at = self.text[self.at : end], end + len(sign)
        return inside

    def digits(self) -> str:
        start = self.at
        while self.peek() and self.peek() in "0123456789":
            self.at += 1
        return self.text[start : self.at]

    def error(self, problem: str, hint: str = "", at: int | None = None) -> UsageError:
        """What is wrong near the present place, or at `at`."""
        place = min((self.at if at is None else at) + 1, len(self.text))
        return UsageError(
            f"invalid pattern {self.text!r}: {problem} (near character {place})",
            hint or "use -F to search for a text as it stands",
        )

    def note(self, char: str) -> None:
        """Remembers what smart case asks: was there a literal character, and an upper-case one?"""
        self.literals = True
        self.uppercase = self.uppercase or char.isupper()

    def skip_comments(self) -> None:
        """Passes what does not count; the grammar above knows what that is."""

    def class_escape(self) -> CharSet | str:
        """After a backslash: the set or the character that it stands for."""
        char = self.next()
        if char.lower() in _PERL:
            members = _PERL[char.lower()]
            if not self.flags.unicode:
                members = CharSet(members.ascii)
            return members.negated() if char.isupper() else members
        if char in "pP":
            return self.property(char == "P")
        if char in _HEX_DIGITS:
            return self.hexadecimal(_HEX_DIGITS[char])
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char.isalnum() or char > "\x7f" or (char.isspace() and not self.flags.verbose):
            raise self.error(f"\\{char} has no meaning here")
        return char

    def hexadecimal(self, width: int) -> str:
        if self.take("{"):
            digits = self.until("}", "the '{' is not closed")
        else:
            digits = self.text[self.at : self.at + width]
            self.at += width
            width = -width
        try:
            if width < 0 and len(digits) != -width:
                raise ValueError
            return chr(int(digits, 16)).encode("utf-8").decode("utf-8")
        except (ValueError, OverflowError):
            raise self.error(f"{digits!r} is not the hexadecimal number of a character") from None

    def property(self, negative: bool) -> CharSet:
        """After `\\p`: a Unicode property, by the tables of `regex`."""
        import regex

        name = self.until("}", "the '{' is not closed") if self.take("{") else self.next()
        if "!=" in name:
            name, negative = name.replace("!=", "="), not negative
        text = rf"\p{{{name}}}"
        try:
            if not all(char.isalnum() or char in "_=: -" for char in name):
                raise regex.error("")
            test = regex.compile(text)
        except regex.error:
            raise self.error(f"{name!r} is not a Unicode property that is known here") from None
        members = CharSet(common(joined((i, i) for i in range(128) if test.match(chr(i))), ASCII), text)
        if self.flags.fold:
            members = members.united(
                of_chars("".join(family for char, family in families().items() if test.match(char)))
            )
        return members.negated() if negative else members

    def bracket(self, depth: int) -> CharSet:
        """After `[`: the whole class, its `]` included."""
        start = self.at
        if depth > 100:
            raise self.error("the classes are nested too deeply")
        negative = self.take("^")
        items: list[CharSet] = []
        while self.take("-"):
            items.append(self.single("-"))
        if not items and self.take("]"):
            items.append(self.single("]"))
        left, operator = self.operands(items, depth, start), ""
        while not self.take("]"):
            operator = next(sign for sign in _OPERATORS if self.take(sign))
            right = self.operands([], depth, start)
            left = _combined(left, operator, right)
        return left.negated() if negative else left

    def operands(self, items: list[CharSet], depth: int, start: int) -> CharSet:
        """The union of what stands up to an operator or the `]`, folded if case does not count."""
        while True:
            self.skip_comments()
            if self.at_end():
                raise self.error("the '[' is not closed", at=start - 1)
            if self.peek() == "]" or self.rest().startswith(_OPERATORS):
                break
            if (posix := self.posix()) is not None:
                items.append(posix)
            elif self.take("["):
                items.append(self.bracket(depth + 1))
            else:
                items.append(self.range())
        members = CharSet(())
        for item in items:
            members = members.united(item)
        if not self.flags.fold:
            return members
        folded = members.folded()
        return folded if self.flags.unicode else CharSet(folded.ascii)

    def range(self) -> CharSet:
        """One character, an escape's set, or `a-z`."""
        low = self.member()
        self.skip_comments()
        after = self.rest()
        if isinstance(low, CharSet) or not after.startswith("-") or after.startswith(("-]", "--")):
            return low if isinstance(low, CharSet) else self.single(low)
        self.next()
        self.skip_comments()
        high = self.member()
        if isinstance(high, CharSet) or high < low:
            raise self.error("this range in a class is not one from a lower to a higher character")
        self.note(low)
        self.note(high)
        return self.within(CharSet(common(((ord(low), ord(high)),), UNIVERSE)))

    def single(self, char: str) -> CharSet:
        self.note(char)
        return self.within(of_chars(char))

    def member(self) -> CharSet | str:
        char = self.next()
        return self.class_escape() if char == "\\" else char

    def posix(self) -> CharSet | None:
        """`[:alpha:]`, which is ASCII only, or None where none begins."""
        name, closed, _ = self.rest().removeprefix("[:").partition(":]")
        negative = name.startswith("^")
        spans = _POSIX.get(name[negative:])
        if not self.rest().startswith("[:") or not closed or spans is None:
            return None
        self.at += len(name) + 4
        members = CharSet(common(joined((ord(span[0]), ord(span[1])) for span in spans), ASCII))
        if self.flags.fold and negative:
            members = members.folded()
        return members.negated() if negative else members

    def within(self, members: CharSet) -> CharSet:
        """`members`, or an error where the grammar above does not allow them."""
        return members


def _combined(left: CharSet, operator: str, right: CharSet) -> CharSet:
    if operator == "&&":
        return left.shared(right)
    if operator == "--":
        return left.less(right)
    return left.united(right).less(left.shared(right))
