"""What people type for moments: `--since "1 hour ago"`, `--until 14:05`, `--at start+30m`."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from logtriage.errors import UsageError
from logtriage.stamps.moment import to_datetime, to_utc
from logtriage.stamps.said import WEEKDAY, WEEKDAYS, in_usual_words
from logtriage.stamps.span import SPAN, span_of
from logtriage.stamps.stamp import kind_of, zone_words
from logtriage.stamps.stamp_format import offset_minutes
from logtriage.stamps.zone import Zone

WHEN_HINT = (
    "a moment is written as: 1h30m, 2d, '30 min ago' or 'last hour' (before now); now, today, yesterday, monday, 14:05, 4am, 14:05Z, "
    "'yesterday 14:05'; "
    "-1h@h or now-1h/h (cut to the hour), @d or now/d (to the day); "
    "2026-11-22, 'Nov 22', '2026-11-22 14:05', 2026-11-22T14:05:00+01:00 or as a log writes it; @1700000000; start+30m, end-5m"
)

# compiled by their first use, which most commands have none for
_BEFORE_NOW = rf"(?P<sign>[+-]?) ?(?P<span>{SPAN})(?P<ago> ago)?"
_MONTHS_BEFORE = r"(?P<count>[0-9]{1,4}) (?P<unit>month|year)s? ago"
_ANCHORED = rf"(?P<anchor>now|start|end)(?: ?(?P<sign>[+-]) ?(?P<span>{SPAN}))?"
_CUT = rf"(?P<moment>[^@/]*)[@/](?P<unit>[A-Za-z]+)(?: ?(?P<sign>[+-]) ?(?P<span>{SPAN}))?"  # as Splunk and Grafana have it
_WHOLE = (  # what of a moment is left out, to have a whole unit
    (("s", "sec", "second"), {"microsecond": 0}),
    (("m", "min", "minute"), {"second": 0}),
    (("h", "hr", "hour"), {"minute": 0}),
    (("d", "day"), {"hour": 0}),
    (("M", "mon", "month"), {"day": 1}),
    (("y", "year"), {"month": 1}),
)
_HOUR = 3  # the place of hours among them
_CLOCK = (
    r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9])(?:[.,](?P<fraction>[0-9]{1,6}))?)?"
    r"(?: ?(?P<zone>[a-z]{1,5}|(?:(?:utc|gmt)[+-][0-9]{1,2}|[+-][0-9]{2}):?(?:[0-5][0-9])?))?"
)
_DAY = rf"(?P<day>today|yesterday|tomorrow|(?P<last>last )?(?P<weekday>{WEEKDAY})|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[ t]{_CLOCK})?"
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_EPOCH = r"@?(?P<count>[0-9]{10}(?:\.[0-9]{1,9})?|[0-9]{13}|[0-9]{16}|[0-9]{19})"


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time in UTC, `since` included, `until` not; None: open there. Raises UsageError if turned round."""

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since and self.until and self.since > self.until:
            raise UsageError(
                f"the window ends ({self.until:%Y-%m-%d %H:%M:%S}Z) before it begins ({self.since:%Y-%m-%d %H:%M:%S}Z)",
                "swap --since and --until",
            )

    def describe(self, zone: tzinfo) -> str:
        """The window in words, in the zone's wall-clock time: `2026-11-22 14:05:00 to 15:00:00 +01:00`."""
        if self.since is None:
            return f"until {shown(self.until, zone)}" if self.until else "all times"
        if self.until is None:
            return f"since {shown(self.since, zone)}"
        first, last = shown(self.since, zone), shown(self.until, zone)
        clock, _, offset = first.rpartition(" ")
        if not last.endswith(f" {offset}"):
            return f"{first} to {last}"
        return f"{clock} to {last[11:] if first[:10] == last[:10] else last}"


def shown(moment: datetime, zone: tzinfo) -> str:
    """A moment as the zone's wall clock has it: `2026-11-22 14:05:00 +01:00`."""
    local = moment.astimezone(zone)
    fraction = f".{local.microsecond:06}".rstrip("0") if local.microsecond else ""
    offset = local.isoformat()[-6:]
    return f"{local:%Y-%m-%d %H:%M:%S}{fraction} {'UTC' if offset == '+00:00' else offset}"


def is_clock(text: str) -> bool:
    """Whether this is a time of day alone: which day is meant, hangs on what is looked at."""
    return bool(re.fullmatch(_CLOCK, _plain(text).lower()))


def is_relative(text: str) -> bool:
    """Whether this is counted from the present, or from the begin or end of logs: `1h`, `end-5m`."""
    if cut := re.fullmatch(_CUT, text.strip()):
        return not cut["moment"] or is_relative(cut["moment"])
    plain = _plain(text).lower()
    return any(re.fullmatch(form, plain) for form in (_BEFORE_NOW, _MONTHS_BEFORE, _ANCHORED))


def parse_when(
    text: str, *, now: datetime, zone: tzinfo, start: datetime | None = None, end: datetime | None = None
) -> datetime:
    """A moment as a person types it → UTC.

    `now` (aware) anchors what is relative; `zone` reads wall-clock times; `start` and `end` are those of the logs,
    where known. A bare span lies before now; a bare clock time is the last such time up to now; days are 24 hours in a
    span but calendar days in `yesterday 14:05`. Raises UsageError, with the accepted forms as hint.
    """
    plain = _plain(text)
    try:
        moment = (
            _counted(text.strip(), now, zone, {"now": now, "start": start, "end": end})
            or _on_a_day(plain.lower(), now, zone)
            or _epoch(plain)
            or _as_logged(text.strip(), now, zone)
            or _as_logged(plain, now, zone)
        )
    except OverflowError:
        moment = None
    if moment is None:
        raise UsageError(f"{text!r} is no moment in time", WHEN_HINT)
    return moment.astimezone(UTC)


def _plain(text: str) -> str:
    return in_usual_words(" ".join(text.split()))


def _counted(text: str, now: datetime, zone: tzinfo, anchors: dict[str, datetime | None]) -> datetime | None:
    """A moment counted from the present, or from an end of the logs, maybe cut to a whole hour or day of the zone."""
    if not (match := re.fullmatch(_CUT, text)):
        plain = _plain(text).lower()
        return _relative(plain, now, anchors) or _months_before(plain, now, zone)
    moment = _counted(match["moment"].strip() or "now", now, zone, anchors)
    if whole := moment and _whole(moment.astimezone(zone), match["unit"], zone):
        return _shift(whole, match["sign"], match["span"]) if match["span"] else whole
    return None


def _whole(local: datetime, unit: str, zone: tzinfo) -> datetime | None:
    """When the hour, or the day, began that a moment lies in."""
    size = next((n for n, (words, _) in enumerate(_WHOLE, 1) if unit in words or unit.lower() in words[1:]), None)
    if size is None:
        return None
    for _, begin in _WHOLE[:size]:
        local = local.replace(**begin)  # type: ignore[arg-type]
    # which of an hour that comes twice it was is known of a moment, a day begins once
    return local.astimezone(UTC) if size <= _HOUR else to_utc(local.replace(tzinfo=None), zone)


def _relative(text: str, now: datetime, anchors: dict[str, datetime | None]) -> datetime | None:
    if (match := re.fullmatch(_BEFORE_NOW, text)) and not (match["sign"] == "+" and match["ago"]):
        return _shift(now, match["sign"] or "-", match["span"])
    if not (match := re.fullmatch(_ANCHORED, text)):
        return None
    anchor = anchors[match["anchor"]]
    if anchor is None:
        raise UsageError(f"{text!r}: the {match['anchor']} of the logs is not known here", WHEN_HINT)
    return _shift(anchor, match["sign"], match["span"]) if match["span"] else anchor


def _shift(anchor: datetime, sign: str, span_text: str) -> datetime | None:
    span = span_of(span_text)
    if span is None:
        return None
    # In UTC: Python would add to the wall clock, which is an hour off where a clock change lies between.
    utc = anchor.astimezone(UTC)
    return utc + span if sign == "+" else utc - span


def _months_before(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The same time on the same day of an earlier month, or on its last day where it has no such day."""
    if not (match := re.fullmatch(_MONTHS_BEFORE, text)):
        return None
    local = now.astimezone(zone).replace(tzinfo=None)
    months = local.year * 12 + local.month - 1 - int(match["count"]) * (12 if match["unit"] == "year" else 1)
    if months < 12:
        return None
    year, month = months // 12, months % 12 + 1
    return to_utc(local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1])), zone)


def _on_a_day(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    clock, match = re.fullmatch(_CLOCK, text), re.fullmatch(_DAY, text)
    if said := (clock or match or {"zone": None})["zone"]:
        minutes = offset_minutes(said.upper(), zone_words())
        if minutes is None:
            return None
        zone = Zone.of_minutes(minutes).tzinfo
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if clock:
        moment = to_utc(today + _clock(clock), zone)
        return moment if moment <= now else to_utc(today - timedelta(days=1) + _clock(clock), zone)
    if not match:
        return None
    day = _day(match["day"], today)
    if day is None:
        return None
    moment = to_utc(day + _clock(match), zone)
    is_of_last_week = match["weekday"] and (moment > now or (match["last"] and day == today))
    return to_utc(day - timedelta(7) + _clock(match), zone) if is_of_last_week else moment


def _day(text: str, today: datetime) -> datetime | None:
    """A day as typed, begun at midnight; of a weekday the last one, today included."""
    if text in _DAYS:
        return today + timedelta(_DAYS[text])
    if (name := text.removeprefix("last ")[:3]) in WEEKDAYS:
        return today - timedelta((today.weekday() - WEEKDAYS.index(name)) % 7)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _clock(match: re.Match[str]) -> timedelta:
    return timedelta(
        hours=int(match["hour"] or 0),
        minutes=int(match["minute"] or 0),
        seconds=int(match["second"] or 0),
        microseconds=int((match["fraction"] or "").ljust(6, "0")),
    )


def _epoch(text: str) -> datetime | None:
    match = re.fullmatch(_EPOCH, text)
    if not match:
        return None
    whole, _, fraction = match["count"].partition(".")
    micros = int(fraction.ljust(6, "0")[:6])
    return datetime.fromtimestamp(int(whole[:10]), UTC) + timedelta(
        microseconds=int(whole[10:16].ljust(6, "0")) + micros
    )


def _as_logged(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    if len(text) < 8 and text.isdecimal():  # `0305`: five past three, or the fifth of March?
        return None
    for whole in (text, f"{text}:00", f"{text} 00:00:00"):  # `Jan 14 03:02` and `Jan 14` are typed, no log has them
        if kind := kind_of(whole):
            return to_datetime(whole, kind, zone, now)
    return None
