"""Spans of time as people type them: `90s`, `1h30m`, `1h30`, `5 min`."""

from __future__ import annotations

import re
from datetime import timedelta

from logtriage.errors import UsageError

DURATION_HINT = "a span is written as: 90s, 5m, 1h30m, 2d, 1w, 500ms or '30 min'"

_UNITS = {
    "milliseconds": ("ms", "msec", "millisecond", "milliseconds"),
    "seconds": ("s", "sec", "secs", "second", "seconds"),
    "minutes": ("m", "min", "mins", "minute", "minutes"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "wk", "wks", "week", "weeks"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
UNITS = "|".join(sorted(_UNIT_OF, key=len, reverse=True))
_STEP = rf"[0-9]{{1,9}}(?:\.[0-9]{{1,6}})? ?(?:{UNITS})"
# compiled by their first use, which most commands have none for
_HOURS = r"[0-9]{1,9}h[0-5][0-9]"  # `1h30`: what follows hours in two digits are minutes
SPAN = rf"(?:{_STEP}(?: ?{_STEP})*|{_HOURS})"
_ONE_STEP = rf"([0-9.]+) ?({UNITS})"


def parse_duration(text: str) -> timedelta:
    """`90s`, `1h30m`, `5 min` → a span. Raises UsageError, with the accepted forms as hint."""
    span = span_of(text.strip().lower())
    if span is None:
        raise UsageError(f"{text!r} is no span of time", DURATION_HINT)
    return span


def span_of(text: str) -> timedelta | None:
    """The span that a text, in small letters, means; None: it means none, or one of more years than there are."""
    if not re.fullmatch(SPAN, text):
        return None
    try:
        steps = re.findall(_ONE_STEP, f"{text}m" if re.fullmatch(_HOURS, text) else text)
        return sum((timedelta(**{_UNIT_OF[unit]: float(count)}) for count, unit in steps), timedelta())
    except OverflowError:
        return None
