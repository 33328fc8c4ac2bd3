"""Moments in other words (`4am`, `the last hour`, `monday at noon`, `22 November`) → in those that `when` reads."""

from __future__ import annotations

import re

from logtriage.stamps.span import UNITS

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_NUMBER = r"(?P<day>[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th|\.)?"
_DATES = (
    rf"^{_MONTH} {_NUMBER}(?: (?P<year>[0-9]{{4}}))?(?= |$)",
    rf"^{_NUMBER} {_MONTH}(?: (?P<year>[0-9]{{4}}))?(?= |$)",
)
_HALF = r"(?P<hour>0?[1-9]|1[0-2])(?P<rest>:[0-5][0-9](?::[0-5][0-9])?)? ?(?P<half>[ap])(?:m\b|\.m\.)"
# Each is tried on what the ones before it have made.
_WORDS = (
    (r"\bnoon\b", "12:00"),
    (r"\bmidnight\b", "00:00"),
    (r" at (?=[0-9])|, ?", " "),
    # as Grafana and Splunk have them, where a small m is a minute
    (r"^now ?- ?([0-9]+)(?-i:M)$|^-([0-9]+)mon(?:ths?)?$", r"\1\2 months ago"),
    (r"^(?:now ?)?- ?([0-9]+)y(?:ears?)?$", r"\1 years ago"),
    # what `systemctl status` prints; the date says it all
    (rf"^{WEEKDAY} (?=[0-9]{{4}}-)", ""),
    (rf"^([0-9]{{1,2}}:[0-9:.]+) (?:on )?((?:last )?{WEEKDAY}|today|yesterday|tomorrow)$", r"\2 \1"),
    (rf"^(?:the )?(?:last|past) (?:([0-9.]+) ?)?({UNITS})$", r"\1 \2 ago"),
    (rf"^(?:an?|one)? ?({UNITS}|months?|years?) ago$", r"1 \1 ago"),
)


def in_usual_words(text: str) -> str:
    """A moment as typed, in the words that are usual for it; the same where it is, or where nothing is known of it."""
    text = re.sub(rf"(?<![0-9:]){_HALF}", _of_24_hours, text, flags=re.IGNORECASE)
    for found, usual in _WORDS:
        text = re.sub(found, usual, text, flags=re.IGNORECASE)
    for date in _DATES:
        text = re.sub(date, _of_figures, text, flags=re.IGNORECASE)
    return text


def _of_figures(match: re.Match[str]) -> str:
    """`22 November 2026` → `2026-11-22`; without a year, `Nov 22`, as logs have it."""
    month, day = match["month"][:3].lower(), int(match["day"])
    if not match["year"]:
        return f"{month.title()} {day:2}"
    return f"{match['year']}-{_MONTHS.index(month) + 1:02}-{day:02}"


def _of_24_hours(match: re.Match[str]) -> str:
    """`4:30pm` → `16:30`."""
    hour = int(match["hour"]) % 12 + (12 if match["half"] in "pP" else 0)
    return f"{hour:02}{match['rest'] or ':00'}"
