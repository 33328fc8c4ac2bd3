"""The little language in which stamps.toml writes a way to print a moment, such as `%Y-%m-%d %H:%M:%S%f%z`.

The tokens are strftime's, with five of its own: `%f` is an optional fraction of the second with its separator, `%z` an
optional zone, `%s` a count since 1970 (in the unit of the stamp kind), and `%1` … `%9` exactly that many digits of the
fraction (only in renderings). Of the numbers, `%d %m %H %I %M %S` are two digits, `%-d %-m` … `%-S` one or two, and `%e %k
%l` (day, hour, hour of twelve) the same with perhaps a space before a single digit.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FULL_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_FULL_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"

# What each token reads: the part of the moment it tells (the name of its group), and its regex.
TOKENS: Mapping[str, tuple[str, str]] = {
    "%Y": ("year", r"[12][0-9]{3}"),
    "%y": ("year", r"[0-9]{2}"),
    "%m": ("month", r"0[1-9]|1[0-2]"),
    "%-m": ("month", r"0[1-9]|1[0-2]|[1-9]"),
    "%b": ("month", f"(?i:{'|'.join(MONTHS)})"),
    "%B": ("month", f"(?i:{_FULL_MONTHS})"),
    "%d": ("day", r"0[1-9]|[12][0-9]|3[01]"),
    "%-d": ("day", r"0[1-9]|[12][0-9]|3[01]|[1-9]"),
    "%e": ("day", r"0[1-9]|[12][0-9]|3[01]| ?[1-9]"),
    "%j": ("yearday", r"[0-3][0-9]{2}"),
    "%a": ("weekday", f"(?i:{_DAYS})"),
    "%A": ("weekday", f"(?i:{_FULL_DAYS})"),
    "%H": ("hour", r"[01][0-9]|2[0-3]"),
    "%-H": ("hour", r"[01][0-9]|2[0-3]|[0-9]"),
    "%k": ("hour", r"[01][0-9]|2[0-3]| ?[0-9]"),
    "%I": ("hour", r"0[1-9]|1[0-2]"),
    "%-I": ("hour", r"0[1-9]|1[0-2]|[1-9]"),
    "%l": ("hour", r"0[1-9]|1[0-2]| ?[1-9]"),
    "%M": ("minute", r"[0-5][0-9]"),
    "%-M": ("minute", r"[0-5][0-9]|[0-9]"),
    "%S": ("second", r"[0-5][0-9]"),
    "%-S": ("second", r"[0-5][0-9]|[0-9]"),
    "%p": ("half", r"(?i:[AP]M)"),
    "%f": ("fraction", r"[.,][0-9]{1,9}|:[0-9]{3}(?:[0-9]{3})?"),
}
OPTIONAL = frozenset({"%f", "%z"})
_COUNT = {
    "s": r"[12][0-9]{9}",
    "ms": r"[12][0-9]{12}",
    "us": r"[12][0-9]{15}",
    "ns": r"[12][0-9]{18}",
    "tai64n": r"40000000[0-9a-f]{8}[0-3][0-9a-f]{7}",
    "uptime": r" *[0-9]{1,9}\.[0-9]{3,9}",
}
_NAMED = r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)(?:/[A-Z][A-Za-z_]+){1,2}"
_MINUTES = r"[+-][0-9]{3}"  # Db2
_OFFSET = r"[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?"
_TOKEN = re.compile(r"%-?[A-Za-z]|%[1-9]|[^%]+")


@functools.cache
def tokens(form: str) -> tuple[str, ...]:
    """The tokens and literal pieces of a form, in order."""
    return tuple(_TOKEN.findall(form))


@functools.cache
def part_of(token: str) -> str | None:
    """The part of a moment that a token tells (year, month … fraction, zone, count), or None for a literal."""
    if token[0] != "%":
        return None
    if token[1].isdigit():
        return "fraction"
    return {"%z": "zone", "%s": "count", "%x": "count"}.get(token) or TOKENS[token][0]


def zone_regex(words: Mapping[str, int], *, any_word: bool = False) -> str:
    """What `%z` reads: Z, `Europe/Berlin`, an offset (of three digits: minutes), a known word (of `words`), `GMT+0100`; with `any_word`, any
    other capitals too."""
    known = "|".join(sorted(words, key=len, reverse=True))
    other = "|(?:[AP][A-LN-Z]|[B-OQ-Z][A-Z])[A-Z]{1,3}" if any_word else ""  # but not AM and PM
    words_or_hours = (
        rf"(?:(?:UTC|GMT)[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?|{_OFFSET}|[Zz]|{_NAMED})\b|\(?(?:{known}{other})\b\)?"
    )
    return rf"(?: ?(?:{words_or_hours})|{_MINUTES}\b)"


def token_regex(token: str, zone: str, unit: str | None) -> str:
    """The regex of one token, without a group; `zone` is that of `%z`."""
    if token == "%z":
        return zone
    if token == "%s":
        return _COUNT[unit or "s"]
    return TOKENS[token][1] if token[0] == "%" else re.escape(token)


def form_regex(form: str, zone: str, unit: str | None = None, *, named: bool = False) -> str:
    """A form as a regex of the common dialect; `named`: with a group for each part, so that `moment` can read it."""
    return "".join(_piece(token, token_regex(token, zone, unit), named) for token in tokens(form))


def forms_regex(forms: Iterable[str], zone: str, unit: str | None) -> str:
    """Several forms as one regex without groups, which reads common beginnings, and the zone at the end, once."""
    zoned: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for form in forms:
        node = zoned if form.endswith("%z") else others
        for token in [*tokens(form.removesuffix("%z")), ""]:
            node = node.setdefault(token, {})
    branches = [f"{_branches(zoned, zone, unit)}(?:{zone})?"] if zoned else []
    return f"(?:{'|'.join(branches + [_branches(others, zone, unit)] * bool(others))})"


def _branches(node: dict[str, Any], zone: str, unit: str | None) -> str:
    branches = [
        _piece(token, token_regex(token, zone, unit), False) + _branches(below, zone, unit) if token else ""
        for token, below in node.items()
    ]
    return f"(?:{'|'.join(branches)})" if len(branches) > 1 else "".join(branches)


def _piece(token: str, regex: str, named: bool) -> str:
    part = part_of(token)
    if part is None:
        return regex
    group = f"(?P<{part}>{regex})" if named else f"(?:{regex})"
    return group + "?" if token in OPTIONAL else group


def local_moment(parts: Mapping[str, str | None], year: int, day: datetime) -> datetime | None:
    """The moment told by the groups of a form's match, as it stands (no zone applied), to the microsecond.

    `year` stands in where none is written, `day` where no date is. None where there is no such moment (30 February).
    """
    told = {name: text for name, text in parts.items() if text}
    clock = timedelta(
        hours=_hour(told),
        minutes=int(told.get("minute", 0)),
        seconds=int(told.get("second", 0)),
        microseconds=int(told.get("fraction", ".0")[1:7].ljust(6, "0")),
    )
    try:
        if "yearday" in told:
            first = datetime(_year(told, year), 1, 1)
            return (
                first + timedelta(int(told["yearday"]) - 1) + clock if int(told["yearday"]) in range(1, 367) else None
            )
        if "day" in told:
            return datetime(_year(told, year), _month(told["month"]), int(told["day"])) + clock
    except ValueError:
        return None
    return day.replace(hour=0, minute=0, second=0, microsecond=0) + clock


def _year(told: Mapping[str, str], year: int) -> int:
    text = told.get("year")
    if text is None:
        return year
    # POSIX: 69–99 are of the twentieth century.
    return int(text) + (0 if len(text) == 4 else 1900 if int(text) >= 69 else 2000)


def _month(text: str) -> int:
    return int(text) if text.strip().isdigit() else MONTHS.index(text[:3].title()) + 1


def _hour(told: Mapping[str, str]) -> int:
    hour = int(told.get("hour", 0))
    return hour if "half" not in told else hour % 12 + 12 * (told["half"][0] in "Pp")


def offset_minutes(zone: str, words: Mapping[str, int]) -> int | None:
    """Minutes east of UTC that a zone's text (`Z`, `+0100`, `+060`, ` CET`, `GMT+1`) tells; None: it is not known."""
    if re.fullmatch(_MINUTES, zone):
        return int(zone)
    word = re.search(r"[A-Za-z]+", zone)
    base = words.get(word[0].upper()) if word else 0
    number = re.search(r"([+-])([0-9]{1,2}):?([0-9]{2})?", zone)
    if base is None or not (word or number):
        return None
    if not number:
        return base
    return base + int(number[1] + "1") * (int(number[2]) * 60 + int(number[3] or 0))


def literal_pieces(form: str) -> Iterator[tuple[str, bool]]:
    """(text, optional) runs of a form: the optional tokens each alone, all else joined."""
    run = ""
    for token in tokens(form):
        if token in OPTIONAL:
            if run:
                yield run, False
            yield token, True
            run = ""
        else:
            run += token
    if run:
        yield run, False
