"""What is compared with what: the records from the onset on with those of the baseline, counted and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from logtriage.output import shortened
from logtriage.query.condition import inlined
from logtriage.sql import among
from logtriage.store.snapshot import Snapshot

BEFORE, AFTER = 0, 1
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in UTC (naive), `since` included, `until` not."""

    since: datetime
    until: datetime

    @property
    def minutes(self) -> float:
        """How long it is."""
        return max(0.0, (self.until - self.since) / _MINUTE)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to compare. `after`: the time looked at, which begins with the onset. `before`: the same sources' time that
    is the baseline (None: none of it is). `parts`: those sources (None: all but `others`); `others`: sources that are
    baseline for all their time. `skews`: part → seconds by which its clock is ahead (see clocks.py)."""

    after: Span
    before: Span | None
    parts: tuple[int, ...] | None = None
    others: tuple[int, ...] = ()
    skews: Mapping[int, float] = field(default_factory=dict)


@dataclass(slots=True)
class Kind:
    """All records of one service that have one template: how many, how bad, and since when."""

    service: str
    template: int
    text: str
    severity: int = 0
    counts: list[int] = field(default_factory=lambda: [0, 0])


class Scope:
    """A snapshot seen as two phases, BEFORE (the baseline) and AFTER.

    Temp tables on `con`: `kinds` (part, shape, service, template): who writes what, by numbers; `counts` (phase, minute,
    service, template, severity, records). `services`: the names, by number. `minutes`: the length of both phases. `mine`: SQL
    that is true of the parts of either.
    """

    def __init__(self, snapshot: Snapshot, plan: Plan) -> None:
        self.snapshot, self.con, self.plan = snapshot, snapshot.con, plan
        known = [part.part for part in snapshot.catalog.parts]
        wanted = known if plan.parts is None else plan.parts
        self.parts = [part for part in wanted if part not in plan.others]
        self.mine = among("part", [*self.parts, *plan.others])
        self.services: list[str] = []
        self._name_kinds()
        self._count()
        self.texts = dict(self.rows("SELECT template, text FROM lake.templates"))
        self.kinds = self._kinds()
        self.minutes = self._lengths()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a statement gives."""
        return self.con.execute(sql, list(parameters)).fetchall()

    def phase(self, moment: str, part: str = "part") -> str:
        """SQL for a row's phase (NULL: it belongs to none); `moment` is SQL for its time, `part` the column of its part."""
        moment = self.moment(moment, part)
        after, before = self.plan.after, self.plan.before
        cases = [(f"{moment} >= ? AND {moment} < ?", (after.since, after.until), AFTER)]
        if before:
            cases.append((f"{moment} >= ? AND {moment} < ?", (before.since, before.until), BEFORE))
        when = "".join(f" WHEN {inlined(sql, values)} THEN {phase}" for sql, values, phase in cases)
        others = f"WHEN {among(part, self.plan.others)} THEN {BEFORE} " if self.plan.others else ""
        return f"CASE {others}WHEN {among(part, self.parts)} THEN CASE{when} END END"

    def moment(self, moment: str, part: str = "part") -> str:
        """SQL for a row's time, put right where its part's clock is wrong."""
        cases = "".join(
            f" WHEN {number} THEN to_microseconds({round(seconds * 1e6)})"
            for number, seconds in self.plan.skews.items()
        )
        return f"({moment} - CASE {part}{cases} ELSE INTERVAL 0 second END)" if cases else moment

    def text(self, template: int | None, most: int = 100) -> str:
        """A template's text, cut."""
        return shortened(self.texts.get(template, "") if template is not None else "", most)

    def _name_kinds(self) -> None:
        """Who writes what: a part's own service, else what its records say, else its name."""
        parts = {part.part: part for part in self.snapshot.catalog.parts}
        mine = [*self.parts, *self.plan.others]
        nameless = [number for number in mine if not parts[number].service]
        self.mixed = among("part", nameless)  # SQL: parts whose records say themselves who wrote them
        told = self.rows(f"""SELECT part, shape, any_value(service) FROM lake.records WHERE {self.mixed} GROUP BY ALL""") if nameless else []  # fmt: skip
        self.named = {parts[number].service for number in mine} | {name for _, _, name in told}
        numbers: dict[str, int] = {}

        def number_of(part: int, told: str | None) -> int:
            name = parts[part].service or told or service_of_file(parts[part].source)
            return numbers.setdefault(name, len(numbers))

        self._table(
            "whole_parts", "part INTEGER, service INTEGER", [(n, number_of(n, None)) for n in mine if parts[n].service]
        )
        self._table(
            "mixed_parts",
            "part INTEGER, shape BIGINT, service INTEGER",
            [(p, s, number_of(p, name)) for p, s, name in told],
        )
        self.con.execute(f"""CREATE OR REPLACE TEMP TABLE kinds AS
            SELECT part, shape, coalesce(w.service, m.service) AS service, coalesce(template, 0) AS template
            FROM (SELECT DISTINCT part, shape FROM lake.activity WHERE {self.mine})
            LEFT JOIN whole_parts AS w USING (part) LEFT JOIN mixed_parts AS m USING (part, shape)
            LEFT JOIN lake.mined USING (shape) WHERE coalesce(w.service, m.service) IS NOT NULL""")
        self.services = list(numbers)
        # Who writes only into logs of a whole machine reports on others: the kernel, the system's manager.
        self.messengers = frozenset(name for _, _, name in told if name) - {parts[number].service for number in mine}

    def _table(self, name: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
        if rows:
            self.con.execute(f"INSERT INTO {name} VALUES " + ", ".join(f"({', '.join(map(str, row))})" for row in rows))

    def _count(self) -> None:
        """The rollup tells all minutes but those that a phase begins or ends in: these are counted from the records."""
        spans = [span for span in (self.plan.after, self.plan.before) if span]
        edges = {edge for span in spans for edge in (span.since, span.until) if edge.second or edge.microsecond}
        cut = sorted({edge.replace(second=0, microsecond=0) for edge in edges})
        whole = " AND ".join(inlined("minute <> ?", (minute,)) for minute in cut) or "true"
        pieces = (
            " OR ".join(inlined("(timestamp >= ? AND timestamp < ?)", (minute, minute + _MINUTE)) for minute in cut)
            or "false"
        )
        self.con.execute(f"""CREATE OR REPLACE TEMP TABLE counts AS
            SELECT phase, minute, service, template, coalesce(severity_number, 0)::INTEGER AS severity,
                   sum(records)::BIGINT AS records
            FROM (SELECT {self.phase("minute")} AS phase, date_trunc('minute', {self.moment("minute")}) AS minute,
                         part, shape, severity_number, records
                  FROM lake.activity WHERE {self.mine} AND minute IS NOT NULL AND {whole}
                  UNION ALL
                  SELECT {self.phase("timestamp")}, date_trunc('minute', {self.moment("timestamp")}),
                         part, shape, severity_number, 1
                  FROM lake.records WHERE {self.mine} AND ({pieces}))
            JOIN kinds USING (part, shape) WHERE phase IS NOT NULL GROUP BY ALL HAVING sum(records) > 0""")

    def _kinds(self) -> dict[tuple[int, int], Kind]:
        found: dict[tuple[int, int], Kind] = {}
        for phase, service, template, severity, records in self.rows(
            "SELECT phase, service, template, max(severity), sum(records)::BIGINT FROM counts GROUP BY ALL"
        ):
            kind = found.setdefault(
                (service, template), Kind(self.services[service], template, self.texts.get(template, ""))
            )
            kind.severity = max(kind.severity, severity)
            kind.counts[phase] = records
        return found

    def _lengths(self) -> tuple[float, float]:
        """Minutes of both phases that have any records, as gaps in what was collected are no silence."""
        told = {
            phase: (lowest, highest)
            for phase, lowest, highest in self.rows("SELECT phase, min(minute), max(minute) FROM counts GROUP BY ALL")
        }
        after = self.plan.after
        before = float(self.rows(f"SELECT count(DISTINCT minute) FROM counts WHERE phase = {BEFORE}")[0][0])
        own = self.plan.before
        if own and not self.plan.others:
            before = min(before, own.minutes) if BEFORE in told else 0.0
        last = told[AFTER][1] + _MINUTE if AFTER in told else after.until
        return before, max(1 / 60, (min(after.until, last) - after.since) / _MINUTE)


def service_of_file(source: str) -> str:
    """What a source is called whose service is not known: as its file, up to the first dot."""
    name = PurePath(source.replace("!", "/")).name
    return name.split(".")[0] or name
