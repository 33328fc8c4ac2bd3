"""A tree → a pattern for an automaton: RE2 inside DuckDB, or Hyperscan over raw bytes.

Both know ASCII words only, and neither lookaround nor backreferences: what they cannot say is widened.
"""

from __future__ import annotations

from logtriage.needles.dialect.charset import LAST, WORD, CharSet, Ranges, common
from logtriage.needles.dialect.nodes import Alt, Around, Backref, Chars, Concat, Group, Look, Node, Repeat
from logtriage.needles.dialect.writer import BYTE, Writer, count, spelt

_WORD_CHARS = WORD.ascii
_RE2_CODE_POINT = r"\x{{{:x}}}"
_MOST_RE2 = 8_000  # characters of one regular expression for DuckDB
_FEW = 12  # so many characters beyond ASCII of a set are still spelt out


class AutomatonWriter(Writer):
    """What the two have in common. `exact`: on every line; `ascii_exact`: on lines that are all ASCII."""

    def __init__(self) -> None:
        super().__init__()
        self.ascii_exact = True

    def repeated(self, node: Repeat) -> str:
        if max(node.low, node.high or 0) * self.counts > self.most:
            self.ascii_exact = False
        return super().repeated(node)

    def around(self, node: Around) -> str:
        self.ascii_exact = False
        return super().around(node)

    def backref(self, node: Backref) -> str:
        self.ascii_exact = False
        return super().backref(node)

    def atomic(self, item: Node) -> str:
        self.ascii_exact = False
        return super().atomic(item)

    def boundary(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        """A word boundary for an engine that only knows ASCII words.

        Where one of its sides is surely an ASCII word character, a Unicode boundary is an ASCII one too, and differs
        only if the other side is beyond ASCII; anywhere else the place is left out.
        """
        self.exact = False
        sides = [side for side in (before, behind) if side is not None and side.ranges]
        sure = any(side.is_narrow and common(side.ranges, _WORD_CHARS) == side.ranges for side in sides)
        is_told = place.kind == "b" and (sure or place.ascii)
        self.ascii_exact = self.ascii_exact and is_told
        return r"\b" if is_told else ""


class Re2Writer(AutomatonWriter):
    """For DuckDB's regular expressions on text that is UTF-8, of one line or several."""

    most = 1000

    def lit(self, char: str) -> str:
        return spelt(((ord(char), ord(char)),), _RE2_CODE_POINT)

    def chars(self, members: CharSet) -> str:
        ranges = members.ranges
        if members.beyond:
            self.exact = False
            ranges = (*members.ascii, (0x80, LAST))
        explicit = spelt(ranges, _RE2_CODE_POINT)
        return f"[{explicit}]" if explicit else r"[^\x00-\x{10FFFF}]"

    def look(self, place: Look, before: CharSet | None, behind: CharSet | None) -> str:
        return f"(?m:{place.kind})" if place.kind in "^$" else self.boundary(place, before, behind)


class HyperscanWriter(AutomatonWriter):
    """For Hyperscan (flag MULTILINE) on raw bytes of many lines, whatever their encoding, each ended by a line break."""

    most = 5_000

    def lit(self, char: str) -> str:
        return _bytes_spelt(char)

    def chars(self, members: CharSet) -> str:
        choices = [f"[{spelt(members.ascii, BYTE)}]"] if members.ascii else []
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
        return "^" if place.kind == "^" else self.boundary(place, before, behind)

    def repeated(self, node: Repeat) -> str:
        item = node.item
        if isinstance(item, Chars) and (item.members.beyond or not _is_short(item.members.wide)):
            return self.repeated_wide(item.members, node.low, node.high)
        return super().repeated(node)

    def repeated_wide(self, members: CharSet, low: int, high: int | None) -> str:
        """A set that goes beyond ASCII, repeated: byte by byte where that is exact on ASCII, or all else too large."""
        self.exact = False
        any_byte = f"[{spelt(members.ascii, BYTE)}\\x80-\\xff]"
        if high is None and low <= 1:
            return any_byte + count(low, None)
        largest = max(low, high or 0)
        if largest * self.counts <= 32:
            return self.chars(members) + count(low, high)
        self.ascii_exact = False
        if 4 * largest * self.counts > self.most:
            return any_byte + count(min(low, 1), None)
        return any_byte + count(low, None if high is None else 4 * high)

    def backref(self, node: Backref) -> str:
        self.exact = self.ascii_exact = False
        return r"[^\n]*"

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


def _bytes_spelt(text: str) -> str:
    return "".join(chr(b) if chr(b).isascii() and chr(b).isalnum() else f"\\x{b:02x}" for b in text.encode("utf-8"))


def grouped(written: list[str]) -> list[str]:
    """Patterns joined by OR, so that none gets too large for RE2."""
    groups: list[list[str]] = [[]]
    size = 0
    for text in written:
        if size + len(text) > _MOST_RE2 and groups[-1]:
            groups.append([])
            size = 0
        groups[-1].append(text)
        size += len(text)
    return ["|".join(group) for group in groups]
