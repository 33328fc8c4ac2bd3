"""Where sources fell silent: pauses much too long for how often they speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from logtriage.answers.lanes import lane_names, of_parts
from logtriage.query.condition import joined
from logtriage.store.snapshot import Snapshot

_MINUTE = timedelta(minutes=1)
# A pause counts as silence if so many records were to be expected in it (by chance it stays empty once in e^10 times),
# and if so many minutes are empty.
_EXPECTED, _EMPTY = 10, 2


class Silence(NamedTuple):
    """A lane had its last record in the minute before `start`, and its next one in the minute `end` (None: none since)."""

    lane: str
    parts: tuple[int, ...]
    start: datetime
    end: datetime | None


def silences(snapshot: Snapshot, parts: Sequence[int] | None = None) -> list[Silence]:
    """Where lanes fell silent, in time order: pauses much too long for how often the lane speaks, and ends well before
    that of the logs. Told to the minute."""
    names = lane_names(snapshot.catalog.parts)
    where, _ = joined(of_parts(parts))
    rows = snapshot.con.execute(_PAUSES.format(lanes=_numbered(names), where=where)).fetchall() if names else []
    found = [Silence(names[own[0]], tuple(own), before + _MINUTE, after) for own, before, after in rows]
    return sorted(found, key=lambda one: (one.start, one.lane))


# The unusual pauses of each lane, told by how many records each minute had: its parts, the minutes before and after.
_PAUSES = f"""
    WITH lanes (part, lane) AS (VALUES {{lanes}}),
    spoken AS MATERIALIZED (
        SELECT lane, part, minute, sum(records) AS n FROM lake.activity JOIN lanes USING (part)
        WHERE minute IS NOT NULL AND {{where}} GROUP BY ALL HAVING n > 0),
    habits AS (
        SELECT lane, list_sort(list(DISTINCT part)) AS own, sum(n)::BIGINT AS records,
               datediff('minute', min(minute), max(minute)) + 1 AS lasted FROM spoken GROUP BY lane),
    pauses AS (
        SELECT lane, minute AS before, lead(minute) OVER (PARTITION BY lane ORDER BY minute) AS after
        FROM (SELECT DISTINCT lane, minute FROM spoken))
    SELECT own, before, after FROM pauses JOIN habits USING (lane)
    WHERE datediff('minute', before, coalesce(after, (SELECT max(minute) FROM spoken)))
        > greatest({_EMPTY}, ({_EXPECTED} * lasted + records - 1) // records)"""


def _numbered(names: Mapping[int, str]) -> str:
    """(part, number of its lane), … as SQL."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names.values()))}
    return ", ".join(f"({part}, {numbers[name]})" for part, name in names.items())
