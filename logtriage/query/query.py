"""What is asked of the store: `Query` → SQL on the views (see views.py) and its parameters. Nothing is run here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logtriage.errors import UsageError
from logtriage.formats.levels import SEVERITY
from logtriage.query.condition import Condition, Needs, any_of, joined, once, stored
from logtriage.query.field import Field
from logtriage.sql import literal, scanned

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

LEVELS = SEVERITY
TIME_ORDER = ("timestamp", "coalesce(nanos, 0)", "part", '"offset"')


def by_hits(flags: Sequence[str]) -> Condition:
    """Records in which one of some signatures (globs of their ids or categories) was found, by the view `hits`."""
    wanted = any_of("pattern GLOB ? OR category GLOB ?", len(flags))
    twice = tuple(glob for flag in flags for glob in (flag, flag))
    return Condition(f'(part, "offset") IN (SELECT (part, "offset") FROM hits WHERE {wanted})', twice)


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; all that is given must hold of a record.

    `needle`: one of its lines matches (with `-v`: none does). `since`, `until`: aware datetimes, both included.
    `level`: at least. `levels`: one of these. `services`, `sources`, `containers`, `namespaces`, `flags` are globs, one of each kind must fit:
    a source by its name, the last parts of its path or its rotated set, a flag by its id or category. `parts`: numbers,
    None for all.
    `trace`: a trace, span or request id. `templates`: begins of their ids, `shapes`: numbers; None for all. `also`,
    `without`: what each of these finds too, and what none of them finds (their conditions count, on readable text; not
    their limits). `limit`: the first so many, `tail`: the last so many. `order`: `time`, or `source`: one part after
    the other, as in `parts`.
    """

    needle: Needle | None = None
    since: datetime | None = None
    until: datetime | None = None
    level: str | None = None
    levels: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    parts: tuple[int, ...] | None = None
    containers: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    trace: str | None = None
    templates: tuple[str, ...] = ()
    shapes: tuple[int, ...] | None = None
    also: tuple[Query, ...] = ()
    without: tuple[Query, ...] = ()
    limit: int | None = None
    tail: int | None = None
    order: str = "time"

    def __post_init__(self) -> None:
        for name in (self.level, *self.levels):
            if name is not None and name not in LEVELS:
                raise UsageError(f"{name!r} is no level", f"the levels are {', '.join(LEVELS)}")

    def conditions(self, by_flags: Callable[[Sequence[str]], Condition] = by_hits) -> Iterator[Condition]:
        """Every condition but the needle's, the cheap ones first. `by_flags`: that of records with flags (globs)."""
        if self.since is not None:
            yield Condition("timestamp >= ?", (stored(self.since),))
        if self.until is not None:
            yield Condition("timestamp <= ?", (stored(self.until),))
        yield from self.counted()
        if self.sources:
            yield source_condition(self.sources)
        for column, globs in (
            ("service", self.services),
            ("container", self.containers),
            ("namespace", self.namespaces),
        ):
            if globs:
                yield Condition(any_of(f"{column} GLOB ?", len(globs)), globs, Needs.ORIGIN)
        if self.flags:
            yield by_flags(self.flags)
        if self.trace is not None:
            yield Condition("? IN (trace_id, span_id, request_id)", (self.trace,), Needs.TEXT)
        for field in self.fields:
            yield field.condition()
        for other in self.also:
            yield from other.every(by_flags)
        for other in self.without:
            sql, parameters = joined(every := other.every(by_flags))
            needs = max((one.needs for one in every), default=Needs.COUNTS)
            yield Condition(f"({sql}) IS NOT TRUE", tuple(parameters), needs)

    def every(self, by_flags: Callable[[Sequence[str]], Condition] = by_hits) -> list[Condition]:
        """Every condition, the needle's last."""
        text = self.text_condition()
        return [*self.conditions(by_flags), *([text] if text else [])]

    def counted(self) -> Iterator[Condition]:
        """Those conditions that `lake.activity` can answer too."""
        if self.templates:
            named = any_of("starts_with(template, ?)", len(self.templates))
            yield Condition(f"shape IN (SELECT shape FROM named_shapes WHERE {named})", self.templates, Needs.COUNTS)
        if self.shapes is not None:
            yield Condition(
                f"shape IN ({', '.join(map(str, self.shapes))})" if self.shapes else "false", (), Needs.COUNTS
            )
        if self.parts is not None:
            yield Condition(f"part IN ({', '.join(map(str, self.parts))})" if self.parts else "false", (), Needs.COUNTS)
        if self.level is not None and LEVELS[self.level] > 1:
            yield Condition("severity_number >= ?", (LEVELS[self.level],), Needs.COUNTS)
        elif self.level is not None:
            yield Condition("severity_number IS NOT NULL", (), Needs.COUNTS)
        if self.levels:
            yield Condition(scanned("severity_number", {LEVELS[name] for name in self.levels}), (), Needs.COUNTS)

    @property
    def needs_attributes(self) -> bool:
        """Does it ask for more than columns?"""
        return any(field.is_attribute for field in self.fields) or any(
            other.needs_attributes for other in (*self.also, *self.without)
        )

    def text_condition(self) -> Condition | None:
        """The needle's condition on `raw`; None without needle, and where every line has a match.

        Where the needle is not `exact` it holds for more than it should (inverted too), never for less.
        """
        needle = self.needle
        if needle is None or (needle.matches_all and not needle.invert):
            return None
        plain = replace(needle, invert=False)
        if needle.invert and not plain.exact:
            return Condition("true", (), Needs.TEXT)
        one, parameters = plain.sql("raw")
        each, again = plain.sql("one")
        if plain.literal is None:
            lines = f"len(list_filter(string_split(raw, chr(10)), lambda one: {each})) > 0"
            one, parameters = (
                once(f"CASE WHEN contains(raw, chr(10)) THEN {lines} ELSE {one} END"),
                [*again, *parameters],
            )
        return Condition(f"NOT ({one})" if needle.invert else one, tuple(parameters), Needs.TEXT)

    def sql(self, columns: str = "*", narrowed: Sequence[Condition] = ()) -> tuple[str, list[Any]]:
        """The query as one SELECT on `records`, with its parameters. `narrowed`: more conditions, put first."""
        where, parameters = joined([*narrowed, *self.every()])
        sql = f"SELECT {columns} FROM records WHERE {where}"
        if self.tail is not None:
            sql = f"FROM ({sql} ORDER BY {self.order_by(backwards=True)} LIMIT {self.tail})"
        sql += f" ORDER BY {self.order_by()}"
        return sql + (f" LIMIT {self.limit}" if self.limit is not None else ""), parameters

    def order_by(self, *, backwards: bool = False) -> str:
        """The ORDER BY list. A record without time comes before all others."""
        if self.order == "time":
            direction = " DESC NULLS LAST" if backwards else " NULLS FIRST"
            return ", ".join(key + direction for key in TIME_ORDER)
        part = "part" if not self.parts else f"list_position({list(self.parts)!r}, part)"
        return f'{part}{" DESC" if backwards else ""}, "offset"{" DESC" if backwards else ""}'


def told_by_body(needle: Needle) -> str | None:
    """SQL: a record's body alone has a match of the needle; None: that is not told so. The body may be as it is kept, too: what
    stands for an id there, or is cut at its ends, is in no such match."""
    text = needle.literal.decode() if needle.literal is not None else ""
    return f"contains(body, {literal(text)})" if text.isprintable() and text else None


def beyond_body(needle: Needle) -> str:
    """SQL: a record's whole text, where a needle is not found in its body alone; NULL where it surely is."""
    told = told_by_body(needle)
    return f"CASE WHEN {told} THEN NULL ELSE raw END" if told else "raw"


def source_condition(globs: Sequence[str]) -> Condition:
    """Which sources are meant by globs: their name, the end of their path from a slash on, or their rotated set."""
    fits = any_of('source GLOB ? OR source GLOB ? OR "group" GLOB ? OR "group" GLOB ?', len(globs))
    return Condition(fits, tuple(text for glob in globs for text in (glob, f"*/{glob}") * 2), Needs.ORIGIN)
