"""Times without a zone that are likely none of UTC: told, with the option that says what they are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from logtriage.cli.session import Session

if TYPE_CHECKING:
    from logtriage.sources.find import Source

_QUARTER = timedelta(minutes=15)  # by which zones differ
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)
_AHEAD = timedelta(minutes=20)  # of now: more than clocks are wrong by
# Lines are written when they say, or soon after. Of a copied file the time tells nothing: by chance, 1 in 300 fits.
_EARLY, _LATE = timedelta(seconds=1), timedelta(seconds=2)
_OTHER = "+01:00"  # read in any other zone, only times that name none are others


def tell_local(session: Session, sources: Iterable[Source]) -> None:
    """Says so where the log that was written last has such times. Where it was said what they are, nothing is."""
    if session.fixed_now or not (newest := _newest(sources)):
        return
    source, written = newest
    settings = session.settings(patterns=False)
    if settings.zone_of(source) != "UTC" or getattr(session.args, "assume_tz", None):
        return
    last = _last(session, source)
    if not last or not (why := reason(last, written, session.now)) or _last(session, source, _OTHER) == last:
        return
    session.say(f"{source.name}: its times name no zone and are read as UTC, {why}")


def is_ahead(last: datetime | None, now: datetime) -> bool:
    """Whether the last time of some logs (UTC, naive or aware) lies in the future, by more than clocks are wrong."""
    return last is not None and last.replace(tzinfo=UTC) - now > _AHEAD


def reason(last: datetime, written: datetime, now: datetime) -> str | None:
    """Why the last time of a log is none of UTC, as it was read, and what to do; None: nothing speaks against it. `written`:
    when the file was."""
    quarters = round((last - written) / _QUARTER)
    offset = quarters * _QUARTER
    if quarters and _WEST <= offset <= _EAST and -_EARLY <= written - (last - offset) <= _LATE:
        side = "ahead of" if quarters > 0 else "behind"
        return f"by which it ends {_span(abs(offset))} {side} its last writing: --assume-tz {_zone(offset)} would fit"
    if is_ahead(last, now) and last - now <= _EAST:
        return (
            f"by which it ends {_span(last - now)} ahead of now: --assume-tz ZONE (+02:00, Europe/Berlin) tells theirs"
        )
    return None


def _newest(sources: Iterable[Source]) -> tuple[Source, datetime] | None:
    """The file that was written last, and when."""
    from logtriage.sources.read import identity

    known = [(one, file.mtime_ns) for one in sources if not one.member and (file := identity(one))]
    if not known:
        return None
    source, mtime_ns = max(known, key=lambda one: one[1])
    return source, datetime.fromtimestamp(mtime_ns / 1e9, UTC)


def _last(session: Session, source: Source, zone: str | None = None) -> datetime | None:
    """The last time in a log, as it is read, or as it would be in another zone; None: it has none, or cannot be read to its end,
    which is told elsewhere."""
    from logtriage.errors import SourceError
    from logtriage.formats.claims import Claims
    from logtriage.formats.detect import Grammar
    from logtriage.stream.seek import span

    settings = session.settings(patterns=False)
    grammar = Grammar(settings.formats, zone=zone or "UTC", forced=settings.format, claims=Claims(settings.formats))
    with contextlib.suppress(SourceError):
        found = span(source, grammar, settings.reference(source))
        return found and found[1]
    return None


def _span(length: timedelta) -> str:
    """`2 h`, `5 h 30 min`, `45 min`."""
    hours, minutes = divmod(round(length / timedelta(minutes=1)), 60)
    return " ".join(f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min")) if number)


def _zone(offset: timedelta) -> str:
    from logtriage.stamps.zone import Zone

    return Zone.of_minutes(offset // timedelta(minutes=1)).name
