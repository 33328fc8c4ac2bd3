"""Clocks that disagree: sources whose records of one request lie far from those of the others."""

from __future__ import annotations

from collections.abc import Sequence

from logtriage.sql import among
from logtriage.store.snapshot import Snapshot

_SAMPLE = 20_000  # records, in whole requests
_REQUESTS = 5  # that two sources must share
_LEAST = 2.0  # seconds: less may be work
_STEADY = 0.1  # of the difference: by so much may it vary


def skews(snapshot: Snapshot, parts: Sequence[int]) -> dict[int, float]:
    """How many seconds the clock of a part is ahead of those of most others (< 0: behind), for the parts where it is.

    Told by the ids that lines carry: of each request that two parts have in common, the middle of the one's records less
    that of the other's. Where that is large and always the same it is the clock, or work that always waits so long;
    either way it says nothing about an incident. The largest group of parts that agree is taken to be right.
    """
    con = snapshot.con
    mine = among("part", parts)
    total = con.execute(f"SELECT coalesce(sum(records), 0)::BIGINT FROM lake.activity WHERE {mine}").fetchall()[0][0]
    keep = -(-total // _SAMPLE) or 1
    pairs = con.execute(f"""
        WITH told AS (
            SELECT part, text, avg(epoch(timestamp)) AS middle
            FROM (SELECT part, timestamp, coalesce(trace, request) AS id FROM lake.records
                  WHERE {mine} AND timestamp IS NOT NULL AND coalesce(trace, request) IS NOT NULL)
            JOIN (SELECT id, text FROM lake.ids WHERE hash(text) % {keep} = 0) USING (id) GROUP BY ALL)
        SELECT a.part, b.part, median(a.middle - b.middle) AS apart, mad(a.middle - b.middle) AS spread
        FROM told AS a JOIN told AS b ON a.text = b.text AND a.part <> b.part
        GROUP BY ALL HAVING count(*) >= {_REQUESTS}""").fetchall()
    apart = {
        (a, b): seconds for a, b, seconds, spread in pairs if abs(seconds) < _LEAST or spread <= _STEADY * abs(seconds)
    }
    right = _largest_group(apart)
    found: dict[int, float] = {}
    for part in {a for a, _ in apart} - right:
        seconds = sorted(apart[part, other] for other in right if (part, other) in apart)
        if seconds and abs(seconds[len(seconds) // 2]) >= _LEAST:
            found[part] = seconds[len(seconds) // 2]
    return found


def _largest_group(apart: dict[tuple[int, int], float]) -> set[int]:
    """The most parts that agree, directly or by others."""
    groups: list[set[int]] = []
    for part in {a for a, _ in apart}:
        near = {part} | {b for (a, b), seconds in apart.items() if a == part and abs(seconds) < _LEAST}
        touching = [group for group in groups if group & near]
        groups = [group for group in groups if not group & near] + [near.union(*touching)]
    return max(groups, key=lambda group: (len(group), -min(group)), default=set())
