"""The stack of filters: each one in or out, on or off, told in a few words; all that are on must hold. → `Query`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any

from logtriage.errors import UsageError
from logtriage.query.condition import stored
from logtriage.query.field import parse_field
from logtriage.query.level import levels_named
from logtriage.query.query import LEVELS, Query
from logtriage.tui.drawing import times

KINDS = (
    "text",
    "level",
    "source",
    "service",
    "container",
    "namespace",
    "flag",
    "field",
    "trace",
    "template",
    "since",
    "until",
)


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its `kind`, of KINDS, and `value` as typed; times as ISO 8601 in UTC. `out`: it hides what it finds.

    A text is a regular expression, whose case counts if it has capitals; in `fixed` a plain text. Raises UsageError
    where the value is none of its kind.
    """

    kind: str
    value: str
    out: bool = False
    on: bool = True
    fixed: bool = False

    def __post_init__(self) -> None:
        self.query()

    def query(self) -> Query:
        """What it finds, whether `out` or not. Raises UsageError."""
        match self.kind:
            case "text":
                from logtriage.needles.needle import Needle

                return Query(needle=Needle.of((self.value,), fixed=self.fixed, smart_case=True))
            case "level":
                level, levels = levels_named(self.value.split(","))
                return Query(level=level, levels=levels)
            case "source":
                return Query(sources=(self.value,))
            case "service":
                return Query(services=(self.value,))
            case "container":
                return Query(containers=(self.value,))
            case "namespace":
                return Query(namespaces=(self.value,))
            case "flag":
                return Query(flags=(self.value,))
            case "field":
                return Query(fields=(parse_field(self.value),))
            case "trace":
                return Query(trace=self.value)
            case "since":
                return Query(since=moment(self.value))
            case "until":
                return Query(until=moment(self.value))
            case "template":
                return Query(templates=(self.value,))
        raise UsageError(f"there is no filter {self.kind!r}", f"the kinds are {', '.join(KINDS)}")

    def told(self, zone: tzinfo) -> str:
        """In a few words: `/timed out/`, `not level ≥ warn`; times as in a zone."""
        match self.kind:
            case "text":
                told = f'"{self.value}"' if self.fixed else f"/{self.value}/"
            case "level":
                told = f"level {' or '.join(self.value.split(','))}" if "," in self.value else f"level ≥ {self.value}"
            case "since":
                told = f"from {_told(self.value, zone)}"
            case "until":
                told = f"to {_told(self.value, zone)}"
            case "field":
                told = self.value
            case "flag" if self.value == "*":
                told = "flagged"
            case _:
                told = f"{self.kind} {self.value}"
        return f"not {told}" if self.out else told


@dataclass(frozen=True)
class Filters:
    """All filters in the order in which they were made, on top of `base`: what is looked at in the first place.

    `off`: all of them are switched off together.
    """

    base: Query = field(default_factory=Query)
    each: tuple[Filter, ...] = ()
    off: bool = False

    @property
    def active(self) -> tuple[Filter, ...]:
        """Those that hide something just now."""
        return () if self.off else tuple(one for one in self.each if one.on)

    def adding(self, new: Filter) -> Filters:
        """With one more; one that is there already is switched on. One of its kind takes its place where only one can
        be: a window's ends."""
        kept = [one for one in self.each if (one.kind, one.value, one.out) != (new.kind, new.value, new.out)]
        if new.kind in ("since", "until") and not new.out:
            kept = [one for one in kept if one.kind != new.kind or one.out]
        return replace(self, each=(*kept, new), off=False)

    def without(self, *gone: Filter) -> Filters:
        """Without some."""
        return replace(self, each=tuple(one for one in self.each if one not in gone))

    def toggled(self, at: int) -> Filters:
        """With the filter of that number switched."""
        each = list(self.each)
        each[at] = replace(each[at], on=not each[at].on)
        return replace(self, each=tuple(each))

    def all_toggled(self) -> Filters:
        """All off together, or as they were."""
        return replace(self, off=not self.off)

    def of_kind(self, *kinds: str) -> tuple[Filter, ...]:
        """Those of some kinds."""
        return tuple(one for one in self.each if one.kind in kinds)

    @cached_property
    def query(self) -> Query:
        """What all that are on let through."""
        return combined(self.base, self.active)


def combined(base: Query, filters: Iterable[Filter]) -> Query:
    """One query of many filters: what a query has one place for stands there, the rest in `also` and `without`."""
    made = base
    for one in sorted(filters, key=lambda one: one.out):
        asked = one.query()
        if one.out:
            made = replace(made, without=(*made.without, asked))
        elif one.kind == "text" and made.needle is None:
            made = replace(made, needle=asked.needle)
        elif one.kind == "level" and asked.level:
            least = asked.level if made.level is None else max(made.level, asked.level, key=LEVELS.__getitem__)
            made = replace(made, level=least)
        elif one.kind == "since":
            assert asked.since is not None
            made = replace(made, since=asked.since if made.since is None else max(made.since, asked.since))
        elif one.kind == "until":
            assert asked.until is not None
            made = replace(made, until=asked.until if made.until is None else min(made.until, asked.until))
        elif one.kind == "template" and not made.templates:
            made = replace(made, templates=asked.templates)
        elif one.kind == "field":
            made = replace(made, fields=(*made.fields, *asked.fields))
        elif one.kind == "trace" and made.trace is None:
            made = replace(made, trace=asked.trace)
        else:
            made = replace(made, also=(*made.also, asked))
    return made


def _told(text: str, zone: tzinfo) -> str:
    at = stored(moment(text))
    return f"{times.day(at, zone)} {times.clock(at, zone)[:8]}{times.offset(at, zone)}"


def moment(text: str) -> datetime:
    """A filter's time. Raises UsageError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no moment in time", "times of filters are ISO 8601 in UTC") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def kept(filters: Filters) -> list[dict[str, Any]]:
    """The filters as plain values, for a file."""
    return [{"kind": f.kind, "value": f.value, "out": f.out, "on": f.on, "fixed": f.fixed} for f in filters.each]


def restored(entries: Any) -> tuple[Filter, ...]:
    """Filters from a file; entries that are none are left out."""
    made = []
    for entry in entries if isinstance(entries, list) else ():
        try:
            made.append(
                Filter(
                    str(entry["kind"]),
                    str(entry["value"]),
                    *(bool(entry.get(k, k == "on")) for k in ("out", "on", "fixed")),
                )
            )
        except (TypeError, KeyError, AttributeError, UsageError):
            continue
    return tuple(made)
