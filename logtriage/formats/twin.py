"""The regexes of formats, which RE2 runs on whole blocks, for the few lines that Python looks at."""

from __future__ import annotations

import re
from functools import cache

_TOKEN = re.compile(r"\\.|\[\^?\]?|\]", re.DOTALL)
_BLANKS = r"\t\n\f\r "  # RE2's `\s`: to Python a vertical tab is one too


@cache
def compiled(regex: str) -> re.Pattern[str]:
    """A regex of Python's that finds what RE2 finds by this one."""
    inside = False

    def translated(token: re.Match[str]) -> str:
        nonlocal inside
        text = token[0]
        if text == r"\s":
            return _BLANKS if inside else f"[{_BLANKS}]"
        if text == r"\S":
            return r"\S\v" if inside else f"[^{_BLANKS}]"
        if text[0] != "\\":
            inside = text != "]"
        return text

    return re.compile(_TOKEN.sub(translated, regex), re.ASCII)
