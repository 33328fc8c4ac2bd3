"""`--field`: what a record's column or attribute must be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from logtriage.errors import UsageError
from logtriage.query.condition import Condition, Needs
from logtriage.sql import literal

_FIELD = r"(?s)(?P<name>[^=!<>~]+)(?P<op>!~=|!=|~=|>=|<=|=|>|<)(?P<value>.*)"
_FIELD_HINT = "k=v, k!=v, k~=REGEX, k!~=REGEX, k>=N, k<=N, k>N or k<N; nested keys are joined with dots"
# Names that are columns of a record; all others are looked for in its attributes.
_ORIGIN = frozenset(("source", "group", "service", "host", "container", "pod", "namespace"))
_COLUMNS = _ORIGIN | {"severity_text", "level", "format", "template", "trace_id", "span_id", "request_id", "body"}
# A value that stands in the record's text as it is, unless something in the text is escaped or coloured.
_VERBATIM = r"[A-Za-z_][A-Za-z0-9_.:-]{2,}|[1-9][0-9]{1,14}"


@dataclass(frozen=True, slots=True)
class Field:
    """`--field`: a record holds if it has the field and its value compares so; `op`: = != ~= !~= >= <= > <."""

    name: str
    op: str
    value: str

    @property
    def is_attribute(self) -> bool:
        """Whether it is none of the columns."""
        return self.name not in _COLUMNS

    @property
    def is_verbatim(self) -> bool:
        """Whether its value stands in the text of each record found, but where something is escaped or coloured."""
        return self.op == "=" and self.is_attribute and re.fullmatch(_VERBATIM, self.value) is not None

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
    match = re.fullmatch(_FIELD, text)
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


def names_in(attributes: str) -> set[str]:
    """The names by which what a record's attributes (a JSON object) hold can be asked for."""

    def within(value: Any, front: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield front
            return
        for key, inner in value.items():
            yield from within(inner, f"{front}.{key}" if front else key)

    return set(within(json.loads(attributes), ""))


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
