"""What is asked of the store: `Query` → SQL on the views (see views.py) and its parameters. Nothing is run here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from logtriage.errors import UsageError
from logtriage.formats.levels import SEVERITY
from logtriage.sql import literal

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

LEVELS = SEVERITY
TIME_ORDER = ("timestamp", "coalesce(nanos, 0)", "part", '"offset"')
_FIELD = re.compile(r"(?P<name>[^=!<>~]+)(?P<op>!~=|!=|~=|>=|<=|=|>|<)(?P<value>.*)", re.DOTALL)
_FIELD_HINT = "k=v, k!=v, k~=REGEX, k!~=REGEX, k>=N, k<=N, k>N or k<N; nested keys are joined with dots"
# Names that are columns of a record; all others are looked for in its attributes.
_ORIGIN = frozenset(("source", "group", "service", "host", "container", "pod", "namespace"))
_COLUMNS = _ORIGIN | {"severity_text", "level", "format", "template", "trace_id", "span_id", "request_id", "body"}
# A value that stands in the record's text as it is, unless something in the text is escaped or coloured.
_VERBATIM = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{2,}|[1-9][0-9]{1,14}")
# Quoted text is stepped over, a question mark outside is a parameter's place.
_PLACE = re.compile(r"'[^']*'|\"[^\"]*\"|\?")


class Needs(IntEnum):
    """What has to be known of a record to tell whether a condition holds of it, the dearer the later."""

    COUNTS = 0  # what `lake.activity` counts by: part, shape, severity number
    FLAGS = 1  # which signatures were found in it
    ORIGIN = 2  # who wrote it, and where (views.PLACES)
    COLUMNS = 3  # other columns as they are kept
    TEXT = 4  # its text, put together


class Condition(NamedTuple):
    """One condition on a row of `records`."""

    sql: str
    parameters: tuple[Any, ...] = ()
    needs: Needs = Needs.COLUMNS


@dataclass(frozen=True, slots=True)
class Field:
    """`--field`: a record holds if it has the field and its value compares so; `op`: = != ~= !~= >= <= > <."""

    name: str
    op: str
    value: str

    @property
    def is_verbatim(self) -> bool:
        """Whether its value stands in the text of each record found, but where something is escaped or coloured."""
        return self.op == "=" and self.name not in _COLUMNS and _VERBATIM.fullmatch(self.value) is not None

    def condition(self) -> Condition:
        """The field as SQL."""
        needs = Needs.ORIGIN if self.name in _ORIGIN else Needs.TEXT
        needs = Needs.COLUMNS if self.name == "severity_text" else needs
        value = value_of(self.name)
        if self.op in ("=", "!="):
            sql = f"{value} {'=' if self.op == '=' else '<>'} ?"
            if self.is_verbatim:
                test = "contains(raw, ?) OR contains(raw, '\\u') OR contains(raw, chr(27))"
                return Condition(f"CASE WHEN {test} THEN {sql} ELSE false END", (self.value, self.value), Needs.TEXT)
            return Condition(sql, (self.value,), needs)
        if self.op in ("~=", "!~="):
            from logtriage.needles.needle import Needle

            sql, parameters = Needle.of((self.value,)).sql(value)
            sql = f"{value} IS NOT NULL AND " + (f"({sql})" if self.op == "~=" else f"NOT ({sql})")
            return Condition(sql, tuple(parameters), needs)
        return Condition(f"TRY_CAST({value} AS DOUBLE) {self.op} ?", (float(self.value),), needs)


def parse_field(text: str) -> Field:
    """`status>=500` → Field. Raises UsageError where it is no such comparison, or its regex or number is wrong."""
    match = _FIELD.fullmatch(text)
    if not match or not match["name"].strip():
        raise UsageError(f"{text!r} is no comparison of a field", _FIELD_HINT)
    field = Field(match["name"].strip(), match["op"], match["value"])
    if field.op in ("~=", "!~="):
        from logtriage.needles.needle import Needle

        if Needle.of((field.value,)).fancy:
            raise UsageError(f"{text!r}: a field's regex cannot look around or refer back", _FIELD_HINT)
    elif field.op not in ("=", "!="):
        try:
            float(field.value)
        except ValueError:
            raise UsageError(f"{text!r}: {field.value!r} is no number", _FIELD_HINT) from None
    return field


def by_hits(flags: Sequence[str]) -> Condition:
    """Records in which one of some signatures (globs of their ids or categories) was found, by the view `hits`."""
    wanted = _any("pattern GLOB ? OR category GLOB ?", len(flags))
    twice = tuple(glob for flag in flags for glob in (flag, flag))
    return Condition(f'(part, "offset") IN (SELECT (part, "offset") FROM hits WHERE {wanted})', twice)


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; all that is given must hold of a record.

    `needle`: one of its lines matches (with `-v`: none does). `since`, `until`: aware datetimes, both included.
    `level`: at least. `services`, `sources`, `containers`, `namespaces`, `flags` are globs, one of each kind must fit:
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
        if self.level is not None and self.level not in LEVELS:
            raise UsageError(f"{self.level!r} is no level", f"the levels are {', '.join(LEVELS)}")

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
                yield Condition(_any(f"{column} GLOB ?", len(globs)), globs, Needs.ORIGIN)
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
            named = _any("starts_with(template, ?)", len(self.templates))
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

    @property
    def needs_attributes(self) -> bool:
        """Does it ask for more than columns?"""
        return any(field.name not in _COLUMNS for field in self.fields) or any(
            other.needs_attributes for other in (*self.also, *self.without)
        )

    def text_condition(self) -> Condition | None:
        """The needle's condition on `raw`; None without needle.

        Where the needle is not `exact` it holds for more than it should (inverted too), never for less.
        """
        needle = self.needle
        if needle is None:
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


def once(sql: str) -> str:
    """A condition that names `raw` several times, so that it is put together once: the planner would do it for each."""
    return f"list_transform([raw], lambda raw: {sql})[1]"


def joined(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """Conditions joined by AND, and the parameters of all."""
    sql = " AND ".join(f"({c.sql})" for c in conditions) or "true"
    return sql, [value for c in conditions for value in c.parameters]


def source_condition(globs: Sequence[str]) -> Condition:
    """Which sources are meant by globs: their name, the end of their path from a slash on, or their rotated set."""
    fits = _any('source GLOB ? OR source GLOB ? OR "group" GLOB ? OR "group" GLOB ?', len(globs))
    return Condition(fits, tuple(text for glob in globs for text in (glob, f"*/{glob}") * 2), Needs.ORIGIN)


def inlined(sql: str, parameters: Sequence[Any]) -> str:
    """SQL with its parameters as literals, ready to paste."""
    values = iter(parameters)
    return _PLACE.sub(lambda found: _written(next(values)) if found[0] == "?" else found[0], sql)


def stored(moment: datetime) -> datetime:
    """A moment as the store has it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(' ')}'"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    return str(value) if isinstance(value, int | float) else literal(str(value))


def _any(sql: str, count: int) -> str:
    return " OR ".join([sql] * count)


def value_of(name: str) -> str:
    """SQL on a row of `records` for a field's value: a column, or an attribute of that name."""
    return f'"{name}"' if name in _COLUMNS else _attribute(name)


def _attribute(name: str) -> str:
    """SQL for an attribute's text: the key as it is written, or step by step into nested objects and lists."""
    steps = name.split(".")
    paths = [_into([name])]
    if len(steps) > 1:
        paths += [_into(steps), _into(steps, numbers=True)]
    if len(steps) > 2:  # where an alias took an object's place, its members stand beside it
        paths.append(_into([".".join(steps[:2]), *steps[2:]]))
    values = [
        f"CASE WHEN json_type(attributes, {path}) NOT IN ('OBJECT', 'ARRAY', 'NULL') "
        f"THEN json_extract_string(attributes, {path}) END"
        for path in map(literal, dict.fromkeys(paths))
    ]
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _into(steps: Sequence[str], *, numbers: bool = False) -> str:
    """A JSON path; with `numbers`, digits are places in a list."""
    quoted = (f"[{step}]" if numbers and step.isdigit() else '."' + step.replace('"', '\\"') + '"' for step in steps)
    return "$" + "".join(quoted)
