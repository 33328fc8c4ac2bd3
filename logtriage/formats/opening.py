"""What of a format's regex has to be looked at, where the body is all that stands behind its head.

Much of a regex reads what is inside the body, for attributes, and matches whatever stands there: it is left out where a
line is claimed and its body cut off. What is left, the opening, finds the same as the whole regex: of several ways to match
the first one counts, and what is left out lets every way go on to the end.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

BEFORE = "before"  # the group that takes the head
_BODY = "(?P<body>"
_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<opens>\()|(?P<closes>\))|(?P<many>[*+?]\??|\{\d+(?:,\d*)?\}\??)|(?P<either>\|)|.",
    re.DOTALL,
)
_OPTIONAL = re.compile(r"(?:[*?]|\{0,\d*\})\??$")
_GROUP = re.compile(r"\(\?P<\w+>")


class Opening(NamedTuple):
    """Two regexes that stand one behind the other: of the head, and of as much of the body as must be looked at."""

    head: str
    body: str

    @property
    def whole(self) -> str:
        """A regex that finds both."""
        return self.head + self.body

    @property
    def bare(self) -> str:
        """The same without groups: RE2 is thrice as quick."""
        return _GROUP.sub("(?:", self.whole)

    @property
    def apart(self) -> str:
        """The same with the head as the group BEFORE."""
        return f"(?P<{BEFORE}>{self.head}){self.body}"


@functools.lru_cache(1_000)
def opening(regex: str, wanted: tuple[str, ...]) -> Opening | None:
    """The opening of a regex, which has all the groups that are `wanted` besides `body`. None: its body is not all that is
    left of a line, or that cannot be told; or the opening may be empty."""
    *before, body = pieces(regex) or [""]
    anchored = body == "$"
    if anchored and before:
        *before, body = before
    if not (body.startswith(_BODY) and body.endswith(")")):
        return None
    inside = pieces(body[len(_BODY) : -1])
    upto = len(inside)
    while (
        upto and _OPTIONAL.search(inside[upto - 1]) and not any(f"(?P<{name}>" in inside[upto - 1] for name in wanted)
    ):
        upto -= 1
    rest = inside[upto:]
    if not (rest[-1:] == [".*"] or (anchored and {".*", ".*?"} & {*rest})):
        return None
    found = Opening("".join(before), "".join(inside[:upto]))
    return None if re.match(found.whole, "") else found


def pieces(regex: str) -> list[str]:
    """What follows one another in a regex, each with its quantifier; alternatives are one piece."""
    found: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(regex):
        if depth == 0 and token.lastgroup == "either":
            return [regex]
        if found and (depth or token.lastgroup == "many"):
            found[-1] += token[0]
        else:
            found.append(token[0])
        depth += (token.lastgroup == "opens") - (token.lastgroup == "closes")
    return found
