"""Keys of JSON records that the library does not list: which one tells the time, the level, the answer's status, who asked.

A key is told by its name and, more so, by what it holds: a time stamp, or an epoch of these years; a word for a level.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any

from logtriage.formats.format import level_words
from logtriage.stamps import stamp

_DEEPEST = 7
_TIME = re.compile(
    r"(?i)(?:^|[^a-z]|(?<=[a-z]))(?:time|time[_-]?stamp|datetime|date|ts|epoch|creat(?:e|ed|ion)|when|_at)[_-]?(?:utc|iso|unix|sec(?:ond)?s?|nanos?|millis|ms|us|ns)*$|[a-z]At$|^msec$|^(?:epoch_?)?sec(?:ond)?s?$"
)
_NANOS = re.compile(r"(?i)^(?:time_?(?:stamp)?_?)?nanos?(?:_?of_?second)?$")
# Moments of something else than the record: not taken where there is another.
_OTHER_TIME = re.compile(r"(?i)expir|expiry|valid|updat|modif|end|birth|last|until|due|previous|boot")
_LEVEL = re.compile(r"(?i)(?:level|severity|lvl|levelname|priority)(?:[_-]?(?:text|name|label))?$")
_KIND = re.compile(r"(?:^|_|(?<=[a-z])(?=[A-Z]))(?i:type|status|kind|result|outcome|label|at)$")
# A request's answer; `sc-status` is of W3C's logs.
_STATUS = re.compile(
    r"(?i)^(?:(?:http|resp(?:onse)?|sc|cs)[_-]?)?status(?:[_-]?code)?$|^(?:http|resp(?:onse)?)[_-]?code$"
)
# The address of who asked, or began it; one called so without more is anybody's.
_CLIENT = re.compile(
    r"(?i)(?:client|cli|remote|downstream_remote|src|source|sender|caller|user|actor|peer|orig(?:in)?)[_. -]?(?:ip|addr|address)(?:[_-]?address)?$"
)
# What a `type` or `status` may hold to be taken for a level.
_PLAIN = frozenset(
    {"debug", "info", "notice", "warn", "warning", "error", "critical", "alert", "fatal", "emergency", "panic"}
)


def time_key(document: dict[str, Any]) -> str | None:
    """The dotted path of the value that most likely is the record's time, or None."""
    found = []
    for order, (path, value) in enumerate(_leaves(document)):
        name = path.rpartition(".")[2]
        named, kind = bool(_TIME.search(name)), stamp.kind_of(str(value))
        # A number or a mere date is a time only where its name says so.
        if kind and kind.has_date and (named or ":" in str(value)):
            found.append((bool(_OTHER_TIME.search(name)), not named, not kind.has_year, path.count("."), order, path))
    return min(found)[-1] if found else None


def nanos_key(document: dict[str, Any]) -> str | None:
    """The same of the nanoseconds that stand beside a time in whole seconds."""
    return _nearest(document, _NANOS, lambda value: bool(re.fullmatch("[0-9]{1,9}", value)))


def level_key(document: dict[str, Any]) -> str | None:
    """The same of its level."""
    found = []
    for order, (path, value) in enumerate(_leaves(document)):
        name, word = path.rpartition(".")[2], str(value).strip().lower()
        if _LEVEL.search(name) and len(word) > 2 and word in level_words():
            found.append((0, path.count("."), order, path))
        elif _KIND.search(name) and word in _PLAIN:
            found.append((1, path.count("."), order, path))
    return min(found)[3] if found else None


def status_key(document: dict[str, Any]) -> str | None:
    """The same of the status that a request was answered with."""
    return _nearest(document, _STATUS, lambda value: bool(re.fullmatch("[1-5][0-9]{2}", value)))


def client_key(document: dict[str, Any]) -> str | None:
    """The same of the address of who asked."""
    return _nearest(document, _CLIENT, _is_address)


def _nearest(document: dict[str, Any], called: re.Pattern[str], fits: Callable[[str], bool]) -> str | None:
    """Of the values whose name and text fit the one least deep in the document, and there the first. A name may be parted:
    `client.ip`."""
    found = [
        (path.count("."), order, path)
        for order, (path, value) in enumerate(_leaves(document))
        if any(called.search("_".join(path.split(".")[-parts:])) for parts in (1, 2)) and fits(str(value))
    ]
    return min(found)[2] if found else None


def _is_address(text: str) -> bool:
    """Whether it is an IP address, maybe with a port."""
    bare = re.sub(r"^\[(.*)\](:\d+)?$|^([\d.]+):\d+$", r"\1\3", text)
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True


def _leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str | int | float]]:
    """(path, value) of the strings and numbers of a document; of an array its first member, as `a.0.b`."""
    if depth > _DEEPEST:
        return
    members = (
        value.items() if isinstance(value, dict) else [("0", value[0])] if isinstance(value, list) and value else []
    )
    for name, member in members:
        below = f"{path}.{name}" if path else str(name)
        if isinstance(member, dict | list):
            yield from _leaves(member, below, depth + 1)
        elif isinstance(member, str | int | float) and not isinstance(member, bool) and len(str(member)) < 64:
            yield below, member
