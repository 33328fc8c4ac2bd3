"""The records of each request, one after the other: what follows upon what, and how long that takes."""

from __future__ import annotations

from logtriage.triage.scope import AFTER, BEFORE, Scope

_MOST = 300_000  # records that are looked at; of more, a sample of whole requests


def follow(scope: Scope) -> int:
    """Makes the temp table `steps` of all records that carry an id; gives how many there are.

    One row a record: (phase, trace, service, template, moment in seconds), the phase and template of the same service's
    next record in the trace (`own_phase`, `own`; NULL: none comes), and those of the trace's next record of whatever service
    (`next_phase`, `next`, `next_service`, `gap` in seconds).
    """
    total = scope.rows("SELECT coalesce(sum(records), 0)::BIGINT FROM counts")[0][0]
    keep = -(-total // _MOST) or 1
    scope.con.execute(f"""CREATE OR REPLACE TEMP TABLE steps AS
        WITH events AS (
            SELECT {scope.phase("timestamp")} AS phase, hash(text) AS trace, service, template, part, "offset",
                   epoch_us({scope.moment("timestamp")}) / 1e6 + coalesce(nanos, 0) / 1e9 AS moment
            FROM (SELECT part, "offset", timestamp, nanos, shape, coalesce(trace, request) AS id FROM lake.records
                  WHERE {scope.mine} AND coalesce(trace, request) IS NOT NULL AND timestamp IS NOT NULL)
            JOIN (SELECT id, text FROM lake.ids) USING (id) JOIN kinds USING (part, shape)
            WHERE hash(text) % {keep} = 0
        )
        SELECT phase, trace, service, template, moment,
               lead(phase) OVER own AS own_phase, lead(template) OVER own AS own,
               lead(phase) OVER whole AS next_phase, lead(template) OVER whole AS next,
               lead(service) OVER whole AS next_service, lead(moment) OVER whole - moment AS gap
        FROM events WHERE phase IS NOT NULL
        WINDOW whole AS (PARTITION BY trace ORDER BY moment, part, "offset"),
               own AS (PARTITION BY trace, service ORDER BY moment, part, "offset")""")
    return int(scope.rows("SELECT count(*) FROM steps")[0][0])


def requests(scope: Scope) -> tuple[int, int]:
    """How many traces both phases have."""
    found = dict(scope.rows("SELECT phase, count(DISTINCT trace) FROM steps GROUP BY phase"))
    return found.get(BEFORE, 0), found.get(AFTER, 0)
