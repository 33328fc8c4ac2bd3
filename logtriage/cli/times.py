"""Moments as they are typed: a time of day is one of the logs' own, and it is told which day was taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from logtriage.cli.session import Session

Ends = tuple[datetime | None, datetime | None]  # when logs begin and end (UTC), as far as that is known
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_STILL = timedelta(hours=1)  # logs that ended so short a time ago are those of now, whatever the day
_LONGEST = timedelta(hours=12)  # of a window that reaches beyond midnight; `11:00` to `10:00` is turned round


class Typed:
    """Reads moments; `ends` is asked only where the answer hangs on it.

    A time of day is the last there was: up to now, or, of logs that end before today, up to their end (where they reach so
    far back). A span (`1h`) is counted back from now, or, `from_end`, from the end of the logs (unless --now says what the
    present is).
    """

    def __init__(self, session: Session, ends: Callable[[], Ends], *, from_end: bool = False) -> None:
        self._session = session
        self._ends = ends
        self._from_end = from_end

    def moment(self, text: str | None) -> datetime | None:
        """A moment in UTC; None where none was typed. Raises UsageError."""
        from logtriage.stamps.when import is_clock, is_relative

        if not text:
            return None
        if is_clock(text):
            return self._told(text, *self._last(text))
        if not is_relative(text):
            return self._read(text, self._session.now)
        first, last = self._ends()
        from_end = self._from_end and not self._session.fixed_now
        return self._read(text, last + _MINUTE if last and from_end else self._session.now, first, last)

    def window(self, since: str | None, until: str | None) -> Ends:
        """Both sides of a window; a time of day follows the other side where that has a day. Raises UsageError."""
        from logtriage.stamps.when import is_clock, is_relative

        if since and until and is_clock(since) and not is_clock(until):
            end = self.moment(until)
            assert end is not None
            return self._told(since, self._read(since, end), f"the last before {until}"), end
        begin = self.moment(since)
        if begin and since and until and is_clock(until):
            has_day = not is_clock(since) and not is_relative(since)
            behind = self._read(until, begin + _DAY)
            if has_day or (self._last(until)[0] < begin and behind - begin <= _LONGEST):
                return begin, self._told(until, behind, f"the first behind {since}")
        return begin, self.moment(until)

    def _last(self, text: str) -> tuple[datetime, str]:
        """The last such time of day that the logs can have, and in words which that is."""
        now, (first, end) = self._session.now, self._ends()
        if not end or now - end <= _STILL or self._is_on(end, now):
            return self._read(text, now), "the last before now"
        found = self._read(text, end + _MINUTE)
        if first and found < first and not self._is_on(found, end):
            return self._read(text, end + _DAY), "on the day on which the logs end"
        return found, "the last in the logs"

    def _told(self, text: str, moment: datetime, why: str) -> datetime:
        """The same moment; which day it is on is told where that is not today."""
        from logtriage.stamps.when import shown

        if not self._is_on(moment, self._session.now):
            self._session.say_once(f"{text} is taken as {shown(moment, self._session.zone)}, {why}")
        return moment

    def _is_on(self, moment: datetime, other: datetime) -> bool:
        """Whether both are on the same day."""
        zone = self._session.zone
        return moment.astimezone(zone).date() == other.astimezone(zone).date()

    def _read(self, text: str, now: datetime, first: datetime | None = None, last: datetime | None = None) -> datetime:
        from logtriage.stamps.when import parse_when

        return parse_when(text, now=now, zone=self._session.zone, start=first, end=last)
