"""A wording cut into segments: the words that are the event's own, and slots that hold, or may hold, a value.

Digits are masked already (`#`). What holds a mask, a path, a URL or a date is a value wherever it stands; the text behind
`key=`, in quotes, a dotted name or what follows `user` is a value only where others stand in the same place.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

_STOP = r"\s=,;:()\[\]{}<>\"'|"  # ends a word
_CHUNK = rf"[^{_STOP}]*#[^{_STOP}]*"
_HEX = r"[0-9a-fA-F]{1,4}"
_VALUE = rf"(?:<(?=#[^<>]*(?:[\s,;]|$)))?{_CHUNK}(?:::?(?:{_CHUNK}|{_HEX}(?=:)))*"
_UNIT_NAME = r"(?:[KMGTPkmgtp]i?[Bb]|[Bb]|[Bb]ytes?|[nuµμm]s|msecs?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|%)(?![\w#])"
_UNIT = rf"(?:\s|(?<=#)){_UNIT_NAME}"
_QUANTITY = rf"{_VALUE}(?:{_UNIT})?(?:\s\({_VALUE}{_UNIT}\))?"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE = rf"(?:{_DAY},?\s+)?(?:{_MONTH}\s+#|#\s+{_MONTH})(?:,?\s+#)*(?:[\s:]+#:#(?::#)?(?:[.,]#)?)?(?:\s+(?:[AP]M|UTC|GMT|[A-Z]{{2,4}}T))?(?:\s+#(?=\s|$))?"
_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}|\((?:[^()]|\([^()]*\))*\)|\[(?:[^\[\]]|\[[^\[\]]*\])*\]|<(?:[^<>]|<[^<>]*>)*>"
_KEPT = r"(?:\"[^\"]*\"|'[^']*'|[^\s,;|()\[\]{}<>\"'&]+(?:" + _GROUP + r")?|" + _GROUP + r")"
_NAME = r"[A-Za-z_$][\w$-]*"
_SEGMENT = re.compile(
    "|".join(
        (
            rf"(?P<date>(?<![\w#]){_DATE})",
            r"(?P<url>(?<!\w)[A-Za-z][A-Za-z+.-]*://[^\s\"'<>|]*[^\s\"'<>|.,;:)\]}])",
            r"(?P<agent>\"(?=[^\"#]*/#)(?=[^\"()]*\()[^\"]*\")",
            rf"(?P<key>(?<![\w])[A-Za-z_][\w.-]*\"?(?:=|:(?=[^\s:/#])|(?<=\"):\s?))(?P<kept>{_KEPT})?",
            r"(?P<path>(?<![\w/])(?:[A-Za-z]:\\|\\\\|~?/|\.{1,2}/)[^\s\"'<>|,;()\[\]{}]+)",
            r"(?P<place>(?<![\w.])(?:[a-z][a-z\d-]*\.)+[a-z]{2,}:#)",
            r"(?P<aside>(?<=\s)\([^\s()]*\)(?=\s|$))",
            rf"(?P<value>{_QUANTITY})",
            r"(?P<hex>(?<![\w-])[0-9a-fA-F]{8,}(?![\w-]))",
            r"(?P<quoted>\"[^\"\s]*\"|(?<!\w)'[^'\s]*')",
            rf"(?P<dotted>(?<![\w.])(?:{_NAME}\.){{2,}}{_NAME}(?:/[\w.$-]+)?|(?<![\w.])[\w.+-]+@{_NAME}(?:\.{_NAME})+)",
            rf"(?P<user>(?<=\buser\s){_NAME})",
            r"(?P<word>[A-Za-z_]+)",
        )
    )
)


class Kind(IntEnum):
    """How likely a segment's text is a value."""

    OWN = 0  # the event's own text
    VALUE = 1  # a value for sure
    LIKELY = 2  # a value where there are two
    KEY = 3  # behind `key=`
    NAMED = 4  # behind `user`
    ASIDE = 5  # in parentheses that stand alone


class Segment(NamedTuple):
    """A piece of a wording."""

    kind: Kind
    text: str


_KINDS = {
    "date": Kind.VALUE, "agent": Kind.VALUE, "url": Kind.VALUE, "path": Kind.VALUE, "place": Kind.VALUE, "value": Kind.VALUE, "hex": Kind.VALUE,
    "quoted": Kind.LIKELY, "dotted": Kind.LIKELY, "aside": Kind.ASIDE, "user": Kind.NAMED,
}  # fmt: skip
_BETWEEN = re.compile(r"\s+|,\s*")


def segments(wording: str) -> list[Segment]:
    """The wording, all of it, cut. Values that only spaces and commas part are one: a list of them may be of any length."""
    found: list[Segment] = []
    own, at = [], 0
    for match in _SEGMENT.finditer(wording):
        name = match.lastgroup
        own.append(wording[at : match.start()])
        at = match.end()
        if name == "word":
            own.append(match[0])
            continue
        if name in ("key", "kept"):
            own.append(match["key"])
            kind, text = Kind.KEY, match["kept"] or ""
            if is_value(text):
                kind = Kind.VALUE
        else:
            kind, text = _KINDS[name or ""], match[0]
        _put(found, "".join(own), Segment(kind, text))
        own = []
    if rest := "".join(own) + wording[at:]:
        found.append(Segment(Kind.OWN, rest))
    return found


def is_value(text: str) -> bool:
    """Whether what stands in a slot is a value for sure."""
    return "#" in text or text.startswith(("/", '"/', "'/"))


def _put(found: list[Segment], own: str, slot: Segment) -> None:
    if slot.kind is Kind.VALUE and found and found[-1].kind is Kind.VALUE and _BETWEEN.fullmatch(own):
        found[-1] = Segment(Kind.VALUE, f"{found[-1].text}{own}{slot.text}")
        return
    if own:
        found.append(Segment(Kind.OWN, own))
    found.append(slot)
