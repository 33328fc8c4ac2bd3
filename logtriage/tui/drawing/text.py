"""Log text as it may be shown in a cell of the screen: every character in its place, none that talks to the terminal.

What a terminal would act upon, hide or move (controls, marks of direction, zero-width characters) becomes a visible
sign; what cannot be told how wide it is, too. So a text is as wide as `width` says, on any terminal.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

_TAB = 4
# All that is shown as it is at once: printable ASCII.
_PLAIN = re.compile(r"[ -~]*")
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me", "Mc"))


def safe(text: str, most: int | None = None) -> str:
    """One line of text with all that is unsafe made visible; of its characters at most `most`.

    Tabs become spaces, line breaks `⏎`, C0 controls their pictures (`␛`), other invisible ones `·`, and a combining mark is
    kept where it stands on a letter.
    """
    if most is not None and len(text) > most:
        text = text[:most]
    if _PLAIN.fullmatch(text):
        return text
    out: list[str] = []
    column = 0
    for char in unicodedata.normalize("NFC", text):
        shown = " " * (_TAB - column % _TAB) if char == "\t" else visible(char)
        out.append(shown)
        column += cell_len(shown)
    return "".join(out)


@lru_cache(maxsize=4096)
def visible(char: str) -> str:
    """One character as it is shown; never empty, and always one or two cells wide."""
    if " " <= char <= "~":
        return char
    if char == "\n":
        return "⏎"
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "␡"
    if unicodedata.category(char) in _UNSAFE or not 1 <= get_character_cell_size(char) <= 2:
        return "·"
    return char


def cut(text: str, width: int, begin: int = 0) -> str:
    """Safe text from cell `begin` on, exactly `width` cells wide: filled with blanks; `…` where more follows.

    A wide character that would stand half outside is a blank.
    """
    if width <= 0:
        return ""
    if text.isascii():
        part = text[begin : begin + width]
        return part[:-1] + "…" if len(text) > begin + width else part.ljust(width)
    cells = "".join(char + "\0" * (get_character_cell_size(char) - 1) for char in text)  # one place a cell
    part = cells[begin : begin + width]
    more = len(cells) > begin + width
    if part.startswith("\0"):
        part = " " + part[1:]
    if more:
        part = part[:-1]
        part = part[:-1] + " " if part and get_character_cell_size(part[-1]) == 2 else part
        part += "…"
    return (part + " " * (width - len(part))).replace("\0", "")


def width(text: str) -> int:
    """How many cells a safe text takes."""
    return cell_len(text)
