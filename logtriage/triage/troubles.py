"""Failures of a service itself that signatures have told: out of memory, disk full, crashed, wrongly configured."""

from __future__ import annotations

from logtriage.coverage import counted
from logtriage.query.condition import inlined
from logtriage.triage.failures import FIRST_THREE, RECORDS, places
from logtriage.triage.finding import Finding
from logtriage.triage.peers import Peers
from logtriage.triage.scope import AFTER, BEFORE, Scope
from logtriage.triage.surprise import of_count

# What such a failure weighs: the cause of others, or what a victim shows as well.
WEIGHTS = {
    "memory": 1.0, "disk": 1.0, "cpu": 1.0, "crash": 1.0, "hardware": 1.0, "corruption": 1.0, "kernel": 0.8, "config": 0.8,
    "container": 0.8, "kubernetes": 0.8, "hang": 0.8, "tls": 0.8, "clock": 0.8, "quorum": 0.7, "replication": 0.7, "restart": 0.7,
    "exhaustion": 0.5, "queue": 0.5, "database": 0.5, "exception": 0.5, "rate-limit": 0.5, "dns": 0.4, "auth": 0.2,
}  # fmt: skip
_LEAST = 0.5
_MOST = 4.0


def detect(scope: Scope, peers: Peers) -> list[Finding]:
    """Findings of kind `trouble` about `failures` (see failures.py): one for each service and category with more such records
    than the baseline has.

    It befell whom the record names, else who wrote it.
    """
    rows = scope.rows(f"""
        WITH names AS (SELECT part, "offset", max(named) AS name FROM failures WHERE named IS NOT NULL GROUP BY ALL)
        SELECT who, name, category, phase, {RECORDS}, min(timestamp), list_sort(list(DISTINCT pattern)), {FIRST_THREE}
        FROM failures LEFT JOIN names USING (part, "offset")
        WHERE category IN {tuple(WEIGHTS)} GROUP BY ALL ORDER BY ALL""")
    found: dict[tuple[str, str], Finding] = {}
    counts: dict[tuple[str, str], list[int]] = {}
    for who, name, category, phase, hits, first, patterns, three in rows:
        service = (peers.service(name) if name else None) or who
        key = service, category
        counts.setdefault(key, [0, 0])[phase] += hits
        if phase != AFTER:
            continue
        sql = inlined(
            'SELECT timestamp, source, "offset", pattern, captures FROM hits WHERE category = ? AND timestamp >= ? '
            "ORDER BY timestamp LIMIT 20",
            (category, scope.plan.after.since),
        )
        finding = found.setdefault(key, Finding("trouble", service, 0.0, "", sql, first))
        finding.at = min(finding.at or first, first)
        finding.text = ", ".join(sorted({*filter(None, finding.text.split(", ")), *patterns}))
        finding.records = [*finding.records, *places(scope, three)][:3]
    before, after = scope.minutes
    for (service, category), finding in found.items():
        was, now = counts[service, category][BEFORE], counts[service, category][AFTER]
        bans = min(_MOST, max(0.0, of_count(now, was, (before or after) / after))) + 0.5
        finding.score = bans * WEIGHTS[category]
        finding.sentence = f"{service}: {category}, {counted(now, 'record')} ({finding.text}), before {was:,}"
    return [finding for finding in found.values() if finding.score >= _LEAST]
