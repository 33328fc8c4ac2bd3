"""What a finding rests on: the text of its template, the SQL that shows its records, the first of these and their lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from logtriage.query.condition import Condition, inlined, joined
from logtriage.sql import among
from logtriage.triage.finding import Finding
from logtriage.triage.scope import Scope, service_of_file

_ROWS = 20  # that the SQL of a finding shows


def complete(scope: Scope, findings: Iterable[Finding]) -> None:
    """Gives findings that have no SQL of their own that of their template, and its text."""
    for finding in findings:
        if not finding.sql:
            templates = [] if finding.template is None else [finding.template]
            finding.sql = records_sql(scope, finding.writer, templates)
            finding.text = scope.texts.get(finding.template, "") if finding.template is not None else ""


def records_sql(scope: Scope, service: str, templates: Sequence[int]) -> str:
    """SQL that shows the records of a service from the onset on: those with one of some templates, or of none given all."""
    after = scope.plan.after
    conditions = [Condition("timestamp >= ?", (after.since,)), Condition("timestamp < ?", (after.until,))]
    if service in scope.named:
        conditions.append(Condition("service = ?", (service,)))
    else:
        parts = scope.snapshot.catalog.parts
        nameless = [part.part for part in parts if not part.service and service_of_file(part.source) == service]
        conditions.append(Condition(among("part", nameless)))
    if templates:
        ids = tuple(f"{template % 2**64:016x}" for template in templates)
        conditions.append(Condition(f"template IN ({', '.join('?' for _ in ids)})", ids))
    where, parameters = joined(conditions)
    sql = f"SELECT timestamp, source, line, body FROM records WHERE {where} ORDER BY timestamp LIMIT {_ROWS}"
    return inlined(sql, parameters)


def examples(
    scope: Scope, kinds: set[tuple[str, int]], most: int = 3
) -> dict[tuple[str, int], list[tuple[str, int, datetime]]]:
    """The first records of services with a template from the onset on, as (source, offset, time)."""
    numbers = {name: number for number, name in enumerate(scope.services)}
    wanted = ", ".join(f"({numbers[service]}, {template})" for service, template in kinds if service in numbers)
    if not wanted:
        return {}
    shapes = scope.rows(f"SELECT DISTINCT shape FROM kinds WHERE (service, template) IN ({wanted})")
    among_shapes = ", ".join(str(shape) for (shape,) in shapes)
    rows = scope.rows(
        f"""SELECT k.service, k.template, p.source, r."offset", r.timestamp FROM lake.records AS r
        JOIN kinds AS k USING (part, shape) JOIN part_names AS p USING (part)
        WHERE r.shape IN ({among_shapes}) AND (k.service, k.template) IN ({wanted}) AND r.timestamp >= ? AND r.timestamp < ?
        QUALIFY row_number() OVER (PARTITION BY k.service, k.template ORDER BY r.timestamp, r.part, r."offset") <= {most}
        ORDER BY r.timestamp, r.part, r."offset\"""",
        [scope.plan.after.since, scope.plan.after.until],
    )
    found: dict[tuple[str, int], list[tuple[str, int, datetime]]] = {}
    for service, template, source, offset, at in rows:
        found.setdefault((scope.services[service], template), []).append((source, offset, at))
    return found


def lines_of(scope: Scope, places: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Of records, given as (source, offset), the numbers of their first lines."""
    if not places:
        return {}
    sources = {source for source, _ in places}
    parts = [part.part for part in scope.snapshot.catalog.parts if part.source in sources]
    offsets = ", ".join(map(str, sorted({offset for _, offset in places})))
    rows = scope.rows(f"""SELECT source, "offset", line FROM lake.records JOIN part_names USING (part)
        WHERE {among("part", parts)} AND "offset" IN ({offsets})""")
    return {(source, offset): line for source, offset, line in rows if (source, offset) in places}
