"""A second of the incident → the words that are the same for all of it: stamps in every dialect, and the gauges."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from logtriage.demo import shop

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CART_ZONE = timezone(timedelta(hours=1))  # cart alone writes local time, and does not say so
_BOOTED = 1_812_400  # seconds the host had been up when the story begins


def stamps(moment: datetime) -> dict[str, str]:
    """The instant (UTC, whole second) as each log writes it, up to the fraction. Month names are English anywhere."""
    month, clock = _MONTHS[moment.month - 1], moment.strftime("%H:%M:%S")
    day = moment.strftime("%Y-%m-%d")
    return {
        "iso": f"{day}T{clock}",
        "space": f"{day} {clock}",
        "slash": f"{day.replace('-', '/')} {clock}",
        "clf": f"{moment.day:02d}/{month}/{moment.year}:{clock} +0000",
        "bsd": f"{month} {moment.day:>2} {clock}",
        "local": moment.astimezone(_CART_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
        "epoch": str(int(moment.timestamp())),
    }


def _heap(second: int) -> int:
    """MiB in use by inventory: a saw tooth; from the deploy to the kill with a leak on top."""
    leak = max(0.0, (second - shop.DEPLOY) / (shop.OOM - shop.DEPLOY)) if second < shop.OOM else 0.0
    return 88 + second % 35 // 2 + int(400 * leak)


def _depth(second: int) -> int:
    """Messages in the queue of notification: backs up with the outage, drains after it."""
    if second < shop.OOM or second >= shop.RECOVERED:
        return 2 + second % 5
    if second < shop.CLOSED:
        return 4 + (second - shop.OOM) * 3
    return 4 + (shop.RECOVERED - second) * 12


def gauges(second: int) -> dict[str, str]:
    """What the services measure of themselves, as text."""
    down = shop.POOL - shop.POOL_WAIT <= second < shop.CLOSED + 30
    active = min(20, 3 + second - shop.POOL + shop.POOL_WAIT) if down else 2 + second % 5
    heap = _heap(second)
    return {
        "mono": str(_BOOTED + second),
        "heap": str(heap),
        "goroutines": str(60 + heap // 3 + second % 7),
        "entries": str(heap * 2_311 + second % 97),
        "depth": str(_depth(second)),
        "active": str(active),
        "free": str(20 - active),
        "waiting": str(min(60, max(0, second - shop.POOL + 47)) if down else 0),
        "version": shop.VERSIONS["new"] if shop.DEPLOY <= second < shop.ROLLBACK else shop.VERSIONS["old"],
    }
