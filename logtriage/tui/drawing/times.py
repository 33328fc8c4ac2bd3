"""Times on the screen: in UTC or in a zone, as wide as there is room, and how far apart two are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


def clock(moment: datetime | None, zone: tzinfo) -> str:
    """`02:49:59.800`; as wide where there is none. `moment`: UTC, naive."""
    return f"{shifted(moment, zone):%H:%M:%S.%f}"[:12] if moment else "-".ljust(12)


def day(moment: datetime | None, zone: tzinfo) -> str:
    """`2026-01-14`."""
    return f"{shifted(moment, zone):%Y-%m-%d}" if moment else "-".ljust(10)


def offset(moment: datetime | None, zone: tzinfo) -> str:
    """How far the zone is from UTC at that moment: `Z`, `+01:00`."""
    told = shifted(moment, zone).isoformat()[-6:] if moment else "+00:00"
    return "Z" if told == "+00:00" else told


def shifted(moment: datetime, zone: tzinfo) -> datetime:
    """The moment (UTC, naive) in a zone."""
    return moment.replace(tzinfo=UTC).astimezone(zone)


def delta(span: timedelta) -> str:
    """`+1.234 s`, `-2:05:09`, 12 wide at least."""
    sign, span = ("-", -span) if span < timedelta() else ("+", span)
    seconds = span.total_seconds()
    if seconds < 60:
        told = f"{sign}{seconds:.3f}s"
    elif seconds < 86_400:
        told = f"{sign}{int(seconds // 3600)}:{int(seconds // 60) % 60:02}:{int(seconds) % 60:02}"
    else:
        told = f"{sign}{int(seconds // 86_400)}d {int(seconds // 3600) % 24}h"
    return told.rjust(12)


def length(span: timedelta) -> str:
    """`40 s`, `12 min`, `3 h`, `2 d`."""
    seconds = span.total_seconds()
    for unit, width in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * width or seconds == width:
            return f"{seconds / width:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
