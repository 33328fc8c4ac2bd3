"""Requests that wait longer: the time between one record of a request and the next, by who let it wait."""

from __future__ import annotations

from math import sqrt

from logtriage.coverage import counted
from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE, Scope

_LEAST_SEEN = 6  # times that a step must be in the baseline for its own usual time to be known
# A wait lies between two records, mostly of two services. It is shared out: what a service does after it has spoken
# is its own doing a little more often than that of the one that speaks next.
_SHARE = 0.55
_BANS = 0.85  # of one unit of excess over its own noise: puts slow and broken steps on one scale
_LEAST = 1.0


def detect(scope: Scope) -> list[Finding]:
    """Findings of kind `slower` about `steps` (see traces.py).

    A gap's excess is what it has over the 90th percentile of the same step in the baseline (of a step seldom seen: of
    all steps between the two services), as a square root, so that one hung request does not outweigh many slow ones. A
    service's score is its excess less that which the baseline itself has, over the square root of the latter.
    """
    scope.con.execute(f"""CREATE OR REPLACE TEMP TABLE waits AS
        WITH usual AS (SELECT service, template, next_service, next, quantile_disc(gap, 0.9) AS most, median(gap) AS mid
                       FROM steps WHERE next_phase = {BEFORE} GROUP BY ALL HAVING count(*) >= {_LEAST_SEEN}),
             between AS (SELECT service, next_service, quantile_disc(gap, 0.9) AS most, median(gap) AS mid FROM steps
                         WHERE next_phase = {BEFORE} GROUP BY ALL HAVING count(*) >= {_LEAST_SEEN})
        SELECT s.next_phase AS phase, s.trace, s.service, s.template, s.next_service, s.next, s.gap,
               coalesce(u.mid, b.mid) AS mid, sqrt(greatest(0, s.gap - coalesce(u.most, b.most))) AS excess
        FROM steps AS s LEFT JOIN usual AS u
            ON (s.service, s.template, s.next_service, s.next) = (u.service, u.template, u.next_service, u.next)
        LEFT JOIN between AS b ON (s.service, s.next_service) = (b.service, b.next_service)
        WHERE s.gap IS NOT NULL AND coalesce(u.most, b.most) IS NOT NULL""")
    totals = scope.rows(f"""
        SELECT phase, who, count(DISTINCT trace), sum(excess)
        FROM (SELECT phase, trace, service AS who, excess * {_SHARE} AS excess FROM waits
              UNION ALL SELECT phase, trace, next_service, excess * {1 - _SHARE} FROM waits) GROUP BY ALL""")
    told = {(phase, who): (requests, excess) for phase, who, requests, excess in totals}
    found = []
    for (phase, who), (requests, excess) in told.items():
        if phase != AFTER:
            continue
        before, usual = told.get((BEFORE, who), (0, 0.0))
        expected = usual / before * requests if before else 0.0
        score = _BANS * (excess - expected) / sqrt(expected + 0.5)
        if score >= _LEAST:
            found.append(_finding(scope, who, score, requests))
    return found


def _finding(scope: Scope, who: int, score: float, requests: int) -> Finding:
    """The sentence names the step that makes the most of it."""
    name = scope.services[who]
    service, template, next_service, following, slow, mid, now, extra = scope.rows(f"""
        SELECT service, template, next_service, next, count(*), median(mid), median(gap), sum(gap - mid) FROM waits
        WHERE phase = {AFTER} AND excess > 0 AND {who} IN (service, next_service)
        GROUP BY ALL ORDER BY sum(excess * CASE WHEN service = {who} THEN {_SHARE} ELSE {1 - _SHARE} END) DESC LIMIT 1""")[0]
    sentence = (
        f"requests wait longer at {name}: {counted(slow, 'step')} from «{scope.text(template, 60)}» of {scope.services[service]} to "
        f"«{scope.text(following, 60)}» of {scope.services[next_service]} took {_time(now)} (median), before {_time(mid)}; "
        f"{_time(extra)} more in all, over {counted(requests, 'request')}"
    )
    return Finding("slower", name, score, sentence, template=template, writer=scope.services[service])


def _time(seconds: float) -> str:
    return (
        f"{seconds * 1000:.0f} ms"
        if seconds < 1
        else f"{seconds:.1f} s"
        if seconds < 120
        else f"{seconds / 60:.1f} min"
    )
