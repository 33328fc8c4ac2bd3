"""The records that signatures have flagged, with who wrote them and in which phase."""

from __future__ import annotations

from logtriage.triage.scope import Scope


def collect(scope: Scope) -> None:
    """Makes the temp table `failures` (part, offset, timestamp, source, who, phase, pattern, category, captures)."""
    scope.con.execute(f"""CREATE OR REPLACE TEMP TABLE failures AS
        SELECT h.part, h."offset", h.timestamp, p.source, coalesce(r.service, p.service, p.source) AS who,
               {scope.phase("h.timestamp", "h.part")} AS phase, pattern, category, captures
        FROM lake.hits AS h JOIN part_names AS p USING (part)
        LEFT JOIN (SELECT part, "offset", service FROM lake.records WHERE {scope.mixed}) AS r USING (part, "offset")
        WHERE {scope.mine} AND phase IS NOT NULL""")
