"""A time zone as users and formats name it: `UTC`, `+01:00`, `Europe/Berlin`; for Python and for DuckDB alike."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo

from logtriage.errors import UsageError

_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>[0-5]\d)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Zone:
    """`name` as it is printed; `minutes` east of UTC, or None for a zone whose offset changes (an IANA name)."""

    name: str
    minutes: int | None

    @staticmethod
    @functools.cache
    def of(name: str) -> Zone:
        """The zone of this name. Raises UsageError where there is none."""
        if name.upper() in ("UTC", "Z", "GMT"):
            return Zone("UTC", 0)
        if match := _OFFSET.fullmatch(name):
            minutes = int(match["hours"]) * 60 + int(match["minutes"] or 0)
            if minutes <= 18 * 60:
                return Zone.of_minutes(minutes if match["sign"] == "+" else -minutes)
        _iana(name)
        return Zone(name, None)

    @staticmethod
    def of_minutes(minutes: int) -> Zone:
        """The zone with this fixed offset east of UTC."""
        hours, rest = divmod(abs(minutes), 60)
        return Zone(f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}" if minutes else "UTC", minutes)

    @property
    def tzinfo(self) -> tzinfo:
        """The zone for Python's datetime."""
        if self.minutes is None:
            return _iana(self.name)
        return timezone(timedelta(minutes=self.minutes)) if self.minutes else UTC

    def utc_sql(self, local: str) -> str:
        """SQL: a wall-clock TIMESTAMP of this zone → UTC. Of an hour that occurs twice, the later one is taken."""
        if self.minutes is None:
            return f"(({local}) AT TIME ZONE '{self.name}' AT TIME ZONE 'UTC')"
        return _shifted(local, -self.minutes)

    def local_sql(self, utc: str) -> str:
        """SQL: a TIMESTAMP in UTC → this zone's wall clock."""
        if self.minutes is None:
            return f"(({utc}) AT TIME ZONE 'UTC' AT TIME ZONE '{self.name}')"
        return _shifted(utc, self.minutes)


def named(text: str) -> Zone | None:
    """The zone that a stamp names in full (`Europe/Berlin`); None: it names none, or one that there is not."""
    if "/" not in text:
        return None
    try:
        return Zone.of(text.strip())
    except UsageError:
        return None


def _shifted(expr: str, minutes: int) -> str:
    return f"({expr} + INTERVAL ({minutes}) MINUTE)" if minutes else expr


def _iana(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, available_timezones

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as why:
        city = f"/{name.lower().replace(' ', '_')}"
        near = "".join(f"is it {one}? " for one in sorted(available_timezones()) if one.lower().endswith(city))
        hint = f"{near}UTC, an offset such as +01:00, or a name such as Europe/Berlin"
        raise UsageError(f"no time zone is named {name!r}", hint) from why
