"""At which moments a printed time holds a piece of text: told by the parts of the moment, which costs a hundredth of printing it,
and by few ranges of time where the piece says as much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter

from logtriage.stamps.rendering import Rendering
from logtriage.stamps.stamp_format import MONTHS, tokens
from logtriage.stamps.zone import Zone

Stretch = tuple[datetime, datetime]  # from a moment up to another one, which is not in it
_Cell = tuple[int, str, int]  # the number of a token, the token, and the place in what it prints
_Run = tuple[_Cell, int, int]
_MOST = 24  # stretches that are told one by one
_FEW = 24  # values of a part that are held one by one against each moment
_DIGIT = range(10)
_MOST_UNITS = 5_000  # days, hours, minutes, seconds that are looked at to find them
_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DATES = ("year", "month", "day", "dayofyear", "isodow")
_CLOCK = (
    ("hour", range(24), timedelta(hours=1)),
    ("minute", range(60), timedelta(minutes=1)),
    ("second", range(60), timedelta(seconds=1)),
)
ANY = "\0"  # in a text: some character
_DIGITS = re.compile(f"[0-9{ANY}]*")
_DAY, _TICK = timedelta(days=1), timedelta(microseconds=1)
_MICROS = 6  # digits of a fraction that a TIMESTAMP has
# How wide tokens print, which part of the moment, of what values, and how.
_WIDTHS = {"%Y": 4, "%y": 2, "%j": 3, "%b": 3, "%a": 3, "%p": 2} | {f"%{letter}": 2 for letter in "mdeHkIlMS"}
_HOURS = ("hour", range(24))
_NUMBERS = {
    "%Y": ("year", range(1, 10_000), "{:04}"), "%y": ("year", range(1, 10_000), "{:04}"),
    "%m": ("month", range(1, 13), "{:02}"), "%j": ("dayofyear", range(1, 367), "{:03}"),
    "%d": ("day", range(1, 32), "{:02}"), "%e": ("day", range(1, 32), "{:2}"),
    "%H": (*_HOURS, "{:02}"), "%k": (*_HOURS, "{:2}"), "%I": (*_HOURS, "{:02}"), "%l": (*_HOURS, "{:2}"),
    "%p": (*_HOURS, ""), "%M": ("minute", range(60), "{:02}"), "%S": ("second", range(60), "{:02}"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moments:
    """Those whose parts have some values (of parts that are not there, any), and whose fraction has some digits from a place on."""

    parts: Mapping[str, frozenset[int]]
    digits: str = ""
    place: int = 0

    def sql(self, local: str, nanos: str | None) -> str:
        """SQL: is a TIMESTAMP (on the wall clock that is printed) one of these? `nanos`: 0–999, the digits below the microsecond;
        None: any."""
        tests = [_among(f"{part}({local})", some) for part, some in self.parts.items()]
        upper, lower = self.digits[: max(0, _MICROS - self.place)], self.digits[max(0, _MICROS - self.place) :]
        if upper:
            behind = 10 ** (_MICROS - self.place - len(upper))
            tests.append(f"microsecond({local}) // {behind} % {10 ** len(upper)} = {int(upper)}")
        if lower and nanos:
            place = max(0, self.place - _MICROS)
            behind = 10 ** (3 - place - len(lower))
            tests.append(f"coalesce({nanos}, 0) // {behind} % {10 ** len(lower)} = {int(lower)}")
        return " AND ".join(tests) or "true"

    @property
    def needs_nanos(self) -> bool:
        """Do the digits below the microsecond tell?"""
        return self.place + len(self.digits) > _MICROS

    def stretches(self, first: datetime, last: datetime) -> list[Stretch]:
        """Where they lie from one moment to another one, on the wall clock; in order, and more than they where that are too
        many."""
        began = first.replace(hour=0, minute=0, second=0, microsecond=0)
        if (days := (last - began) // _DAY + 1) > _MOST_UNITS:
            return [(first, last + _TICK)]
        units = [day for day in (began + n * _DAY for n in range(days)) if self._may_be(day)]
        found = _joined(units, _DAY)
        for n, (part, every, step) in enumerate(_CLOCK):
            some = sorted(self.parts.get(part, every))
            if self.parts.keys().isdisjoint(name for name, *_ in _CLOCK[n:]) or len(units) * len(some) > _MOST_UNITS:
                break
            finer = (unit + value * step for unit in units for value in some)
            units = [one for one in finer if first - step < one <= last]
            if len(closer := _joined(units, step)) > _MOST:
                break
            found = closer
        return found

    def in_years(self, first: datetime, last: datetime) -> Moments:
        """The same in the years from one moment to another one: most of those that hold a digit are none of them."""
        if "year" not in self.parts:
            return self
        years = self.parts["year"] & frozenset(range(first.year, last.year + 1))
        return replace(self, parts={**self.parts, "year": years})

    def _may_be(self, day: datetime) -> bool:
        dates = (day.year, day.month, day.day, day.timetuple().tm_yday, day.isoweekday())
        return all(value in self.parts.get(part, (value,)) for part, value in zip(_DATES, dates, strict=True))


@dataclass(frozen=True, slots=True)
class Held:
    """At which moments a text is held, on a zone's wall clock. `stretches`: where they lie, in UTC; None: that is not told."""

    moments: Sequence[Moments]
    zone: Zone
    stretches: Sequence[Stretch] | None

    @property
    def needs_nanos(self) -> bool:
        """Do the digits below the microsecond tell?"""
        return any(one.needs_nanos for one in self.moments)

    def sql(self, timestamp: str, nanos: str) -> str:
        """SQL: does the TIMESTAMP (UTC), printed, hold the text? What asks for that alone comes first."""
        local = self.zone.local_sql(timestamp)
        within = [f"({timestamp} >= '{low}' AND {timestamp} < '{high}')" for low, high in self.stretches or ()]
        every = [f"({' OR '.join(within)})"] if within else []
        for column in (None, nanos) if self.needs_nanos else (None,):
            every.append(f"({' OR '.join(f'({one.sql(local, column)})' for one in self.moments)})")
        return " AND ".join(every)


def holding(rendering: Rendering, texts: Iterable[str], span: Stretch | None, *, folded: bool = False) -> Held | None:
    """When a time, printed, holds one of some texts; `span`: that of all times (UTC, naive), if it is known; `folded`: in any case,
    the texts are in lower case. None: that is not told of this rendering, as not all that it prints has a known length."""
    cells: list[_Cell] = []
    for n, token in enumerate(tokens(rendering.form)):
        width = _width(token)
        if width is None:
            return None
        cells += ((n, token, k) for k in range(width))
    each = (
        _moments(cells[at : at + len(text)], text, folded) for text in texts for at in range(len(cells) - len(text) + 1)
    )
    found, zone = [one for one in each if one], Zone.of(rendering.zone)
    if span is None or zone.minutes is None:
        return Held(found, zone, None)
    east = timedelta(minutes=zone.minutes)
    where = [one.stretches(span[0] + east, span[1] + east) for one in found]
    found = [one.in_years(span[0] + east, span[1] + east) for one, some in zip(found, where, strict=True) if some]
    found = [one for one in found if all(one.parts.values())]
    stretches = [(low - east, high - east) for some in where for low, high in some]
    told = len(stretches) <= _MOST and not any(low <= span[0] and span[1] < high for low, high in stretches)
    return Held(found, zone, sorted(stretches) if told else None)


def _moments(cells: Sequence[_Cell], text: str, folded: bool) -> Moments | None:
    """The moments at which these places of what is printed have a text; None: it never does."""
    parts: dict[str, frozenset[int]] = {}
    digits, place = "", 0
    for (_, token, first), at, size in sorted(_runs(cells), key=_values):  # most places are told by what never varies
        piece = text[at : at + size]
        if token[0] != "%":
            own = token[first : first + size]
            if not _is(own.lower() if folded else own, piece):
                return None
        elif token[1].isdigit():
            if not (_DIGITS.fullmatch(piece)):
                return None
            digits, place = _longest(piece, first)
        else:
            (part, every), some = _printed(token), _printing(token, first, piece, folded)
            if len(some) < len(every):
                parts[part] = parts.get(part, some) & some
            if not some or not parts.get(part, some):
                return None
    return Moments(parts, digits, place)


@lru_cache(1_000)
def _printing(token: str, first: int, piece: str, folded: bool) -> frozenset[int]:
    """Of which values a token prints a piece, from a place on."""
    printed = ((value, whole[first : first + len(piece)]) for value, whole in _printed(token)[1])
    return frozenset(value for value, own in printed if _is(own.lower() if folded else own, piece))


def _is(own: str, piece: str) -> bool:
    return own == piece or (ANY in piece and all(map(_fits, own, piece)))


def _fits(own: str, wanted: str) -> bool:
    return wanted in (own, ANY)


def _longest(piece: str, first: int) -> tuple[str, int]:
    """The longest run of digits that are known, and the place of its first one, that of the piece being given."""
    digits = max(piece.split(ANY), key=len)
    return digits, first + piece.index(digits)


def _among(number: str, values: frozenset[int]) -> str:
    """SQL: is a number one of some? Of many it is told by their digits, as these are why they are meant. Each IN in a condition
    joined by OR is a join to DuckDB, with tables of its own: those of all the ways in which the logs of a store print times
    took more memory than there is."""
    if len(values) <= _FEW:
        return f"list_contains([{', '.join(map(str, sorted(values)))}], {number})"
    digits = ((10**place, {value // 10**place % 10 for value in values}) for place in range(len(str(max(values)))))
    tests = [_among(f"{number} // {unit} % 10", frozenset(some)) for unit, some in digits if len(some) < len(_DIGIT)]
    return " AND ".join(tests) or "true"


def _runs(cells: Sequence[_Cell]) -> Iterator[_Run]:
    """The first of the cells of each token, its place among all, and how many there are of it."""
    at = 0
    for _, group in groupby(cells, key=itemgetter(0)):
        run = list(group)
        yield run[0], at, len(run)
        at += len(run)


def _values(run: _Run) -> int:
    """How many values have to be looked at to know which print a piece."""
    token = run[0][1]
    return 0 if token[0] != "%" or token[1].isdigit() else len(_printed(token)[1])


def _width(token: str) -> int | None:
    """How many characters a token prints; None: now more, now fewer."""
    if token[0] != "%":
        return len(token)
    return int(token[1]) if token[1].isdigit() else _WIDTHS.get(token)


@cache
def _printed(token: str) -> tuple[str, list[tuple[int, str]]]:
    """Which part of a moment a token prints, and what for each value."""
    if token in ("%b", "%a"):
        part, names = ("month", MONTHS) if token == "%b" else ("isodow", _WEEK)
        return part, list(enumerate(names, 1))
    part, every, form = _NUMBERS[token]
    if token in ("%I", "%l"):
        return part, [(hour, form.format((hour + 11) % 12 + 1)) for hour in every]
    if token == "%p":
        return part, [(hour, "PM" if hour >= 12 else "AM") for hour in every]
    return part, [(value, form.format(value)[-_WIDTHS[token] :]) for value in every]


def _joined(units: Iterable[datetime], step: timedelta) -> list[Stretch]:
    """Stretches of a length, in order, those that touch each other as one."""
    found: list[Stretch] = []
    for unit in units:
        if found and unit == found[-1][1]:
            found[-1] = (found[-1][0], unit + step)
        else:
            found.append((unit, unit + step))
    return found
