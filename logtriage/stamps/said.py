"""Moments in other words (`4am`, `the last hour`, `monday at noon`) → in those that `when` reads."""

from __future__ import annotations

import re

from logtriage.stamps.span import UNITS

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_HALF = r"(?P<hour>0?[1-9]|1[0-2])(?P<rest>:[0-5][0-9](?::[0-5][0-9])?)? ?(?P<half>[ap])(?:m\b|\.m\.)"
# Each is tried on what the ones before it have made.
_WORDS = (
    (r"\bnoon\b", "12:00"),
    (r"\bmidnight\b", "00:00"),
    (r" at (?=[0-9])|, ?", " "),
    # what `systemctl status` prints; the date says it all
    (rf"^{WEEKDAY} (?=[0-9]{{4}}-)", ""),
    (rf"^([0-9]{{1,2}}:[0-9:.]+) (?:on )?((?:last )?{WEEKDAY}|today|yesterday|tomorrow)$", r"\2 \1"),
    (rf"^(?:the )?(?:last|past) (?:([0-9.]+) ?)?({UNITS})$", r"\1 \2 ago"),
    (rf"^(?:an?|one)? ?({UNITS}) ago$", r"1 \1 ago"),
)


def in_usual_words(text: str) -> str:
    """A moment as typed, in the words that are usual for it; the same where it is, or where nothing is known of it."""
    text = re.sub(rf"(?<![0-9:]){_HALF}", _of_24_hours, text, flags=re.IGNORECASE)
    for found, usual in _WORDS:
        text = re.sub(found, usual, text, flags=re.IGNORECASE)
    return text


def _of_24_hours(match: re.Match[str]) -> str:
    """`4:30pm` → `16:30`."""
    hour = int(match["hour"]) % 12 + (12 if match["half"] in "pP" else 0)
    return f"{hour:02}{match['rest'] or ':00'}"
