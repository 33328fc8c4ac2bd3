"""One stamp's text → the moment in UTC, for samples and for what a user types; whole blocks are read by `stamp_sql`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from logtriage.stamps.stamp import Stamp, read, zone_words
from logtriage.stamps.stamp_format import local_moment, offset_minutes
from logtriage.stamps.zone import named

# A stamp without year is of the last year in which it is not later than the reference and this.
YEAR_SLACK = timedelta(days=1)
DAY_SLACK = timedelta(hours=1)  # the same for a stamp without date; short, or every evening would be tomorrow's
YEARS_BACK = 5  # how many years are tried: enough for a 29 February
TAI64 = 2**62 + 10  # the label of 1970-01-01 00:00:00 UTC in TAI64


def to_datetime(text: str, kind: Stamp, zone: tzinfo, reference: datetime) -> datetime | None:
    """One text → the moment in UTC, to the microsecond (cut, not rounded); None where it is none.

    `zone`: that of texts without (or with an unknown word as) zone. `reference` (aware): see YEAR_SLACK, DAY_SLACK.
    """
    found = read(text, kind)
    if not found:
        return None
    parts = found[1]
    if kind.unit:
        return _counted(parts["count"] or "", parts.get("fraction"), kind.unit)
    local = _dated(parts, kind, reference.astimezone(zone).replace(tzinfo=None))
    told = parts.get("zone") or ""
    offset = offset_minutes(told, zone_words())
    if local is None or offset is None:
        own = named(told)
        return local and to_utc(local, own.tzinfo if own else zone)
    return (local - timedelta(minutes=offset)).replace(tzinfo=UTC)


def _dated(parts: Mapping[str, str | None], kind: Stamp, reference: datetime) -> datetime | None:
    if not kind.has_date:
        limit = reference + DAY_SLACK
        local = local_moment(parts, limit.year, limit)
        return local - timedelta(days=1) if local and local > limit else local
    limit = reference + YEAR_SLACK
    for back in range(1 if kind.has_year else YEARS_BACK):
        local = local_moment(parts, limit.year - back, limit)
        if local and (kind.has_year or local <= limit):
            return local
    return None


def _counted(count: str, fraction: str | None, unit: str) -> datetime | None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    if unit == "uptime":
        return None
    if unit == "tai64n":
        return epoch + timedelta(seconds=int(count[:16], 16) - TAI64, microseconds=int(count[16:], 16) // 1000)
    micros = int(count) * {"s": 10**6, "ms": 10**3, "us": 1, "ns": 1}[unit]
    micros //= 1000 if unit == "ns" else 1
    return epoch + timedelta(microseconds=micros + int((fraction or ".0")[1:7].ljust(6, "0")))


def to_utc(local: datetime, zone: tzinfo) -> datetime:
    """A wall-clock time → UTC. Of the two in the hour when clocks go back the later one, as DuckDB takes it."""
    both = [local.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    offset = min(moment.utcoffset() or timedelta() for moment in both)
    return (local - offset).replace(tzinfo=UTC)
