"""Rules on the records of some parts of a store → what breaks them. New is what the baseline's records never said;
both were mined together, so the same wording has the same template in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from logtriage.errors import UsageError
from logtriage.formats.levels import LEVEL_OF
from logtriage.gate.rules import Rule
from logtriage.query.condition import Condition
from logtriage.query.plan import plan
from logtriage.query.query import Query
from logtriage.sql import among
from logtriage.store.mined import UNMINED
from logtriage.store.pieces import TEMPLATE
from logtriage.store.snapshot import Snapshot

# Of the records of a group, where the first by time is.
_FIRST = """arg_min({'part': part, 'offset': "offset"}, (coalesce(timestamp, TIMESTAMP 'infinity'), part, "offset"))"""


class Place(NamedTuple):
    """Where a record is, and what it says. `timestamp`: UTC, or None."""

    source: str
    line: int
    timestamp: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What breaks a rule: so many records of one template or one signature (`name`, its `text`), the worst `level`, and
    the first of them."""

    rule: Rule
    name: str
    text: str
    records: int
    level: str | None
    first: Place

    @property
    def title(self) -> str:
        """What it is, in a few words: the template's text, or the signature's id and category."""
        return f"{self.name} ({self.text})" if self.rule.kind == "flag" else " ".join(self.text.split()) or self.name


class Side(NamedTuple):
    """One side of the comparison: how many sources, records and templates; `unmined`: records without a template."""

    sources: int
    records: int
    templates: int
    unmined: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was compared, and what was found, rule by rule, the most records first."""

    rules: tuple[Rule, ...]
    checked: Side
    baseline: Side | None
    findings: tuple[Finding, ...]


def check(snapshot: Snapshot, checked: Sequence[int], baseline: Sequence[int] | None, rules: Sequence[Rule]) -> Outcome:
    """Looks for what breaks the rules in the parts `checked`. Raises UsageError where the answer would say nothing: there
    are no records, or the baseline has none, or is the same."""
    if baseline is None and any(rule.kind == "new" for rule in rules):
        raise UsageError("check: new against what?", "name good logs with --baseline")
    if both := set(checked) & set(baseline or ()):
        name = snapshot.catalog.part(min(both))
        raise UsageError(
            f"check: {name.source if name else 'a source'} is its own baseline", "name other logs that were good"
        )
    sides = _side(snapshot, checked), None if baseline is None else _side(snapshot, baseline)
    for side, problem in zip(sides, ("the logs hold no record: there is nothing to check",
                                     "the baseline holds no record: everything would be new"), strict=True):  # fmt: skip
        if side is not None and not side.records:
            raise UsageError(f"check: {problem}", "are these the right files?")
    if any(rule.kind == "new" for rule in rules) and not all(side.templates for side in sides if side):
        raise UsageError("check: new cannot be told: no record has a template", "there are too many different texts")
    found = [one for rule in rules for one in _broken(snapshot, rule, checked, baseline or ())]
    return Outcome(tuple(rules), *sides, tuple(_placed(snapshot, found)))


class _Found(NamedTuple):
    rule: Rule
    name: str
    text: str
    records: int
    severity: int | None
    part: int
    offset: int


def _side(snapshot: Snapshot, parts: Sequence[int]) -> Side:
    sql = f"""SELECT coalesce(sum(records), 0)::BIGINT, count(DISTINCT template) FILTER (template <> {UNMINED}),
                     coalesce(sum(records) FILTER (template = {UNMINED}), 0)::BIGINT
              FROM (SELECT records, {TEMPLATE} AS template FROM lake.activity WHERE {among("part", parts)})"""
    records, templates, unmined = snapshot.con.execute(sql).fetchall()[0]
    return Side(len(parts), records, templates, unmined)


def _broken(snapshot: Snapshot, rule: Rule, checked: Sequence[int], baseline: Sequence[int]) -> list[_Found]:
    con = snapshot.con
    if rule.kind == "flag":
        rows = con.execute(
            f"""SELECT pattern, category, count(DISTINCT (part, "offset")), max(severity_number), {_FIRST} AS p
                FROM hits WHERE {among("part", checked)} AND (pattern GLOB ? OR category GLOB ?)
                GROUP BY ALL ORDER BY 3 DESC, 1""",
            [rule.name, rule.name],
        ).fetchall()
        return [_Found(rule, name, text, n, worst, p["part"], p["offset"]) for name, text, n, worst, p in rows]
    known = f"""SELECT {TEMPLATE} FROM lake.activity WHERE {among("part", baseline)}
                GROUP BY ALL HAVING sum(records) > 0 UNION ALL SELECT {UNMINED}"""
    of_rule = f"template NOT IN ({known})" if rule.kind == "new" else "true"
    rows = con.execute(
        f"""SELECT format('{{:016x}}', template), any_value(text), count(*) AS n, max(severity_number), {_FIRST} AS p
            FROM (SELECT part, "offset", timestamp, severity_number, {TEMPLATE} AS template
                  FROM lake.records WHERE {among("part", checked)} AND coalesce(severity_number, 0) >= {rule.level})
            LEFT JOIN lake.templates USING (template) WHERE {of_rule} GROUP BY template ORDER BY n DESC, 1"""
    ).fetchall()
    return [_Found(rule, name, text or "", n, worst, p["part"], p["offset"]) for name, text, n, worst, p in rows]


def _placed(snapshot: Snapshot, found: Sequence[_Found]) -> list[Finding]:
    """The findings with the records that they name first: all read in one go."""
    if not found:
        return []
    places = ", ".join(f"({one.part}, {one.offset})" for one in found)
    todo = plan(snapshot, Query(parts=tuple({one.part for one in found})))
    todo = replace(todo, plain=[*todo.plain, Condition(f'(part, "offset") IN (VALUES {places})')])
    sql, parameters = todo.select(["part", '"offset"', "source", "line", "timestamp", "raw"], [])
    at = {(part, offset): Place(*rest) for part, offset, *rest in snapshot.con.execute(sql, parameters).fetchall()}
    return [
        Finding(one.rule, one.name, one.text, one.records, LEVEL_OF.get(one.severity or 0), at[one.part, one.offset])
        for one in found
    ]
