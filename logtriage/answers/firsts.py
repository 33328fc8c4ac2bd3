"""The flagged records, of each kind the first: what went wrong when, on one screen."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from logtriage.store.store import Store
from logtriage.store.views import create


class First(NamedTuple):
    """A flagged record (time in UTC, naive; the first line of its body), and how many of its kind there are."""

    timestamp: datetime | None
    service: str | None
    source: str
    level: str | None
    flags: list[str]
    body: str
    times: int


def firsts(store: Store, *, every: bool = False) -> list[First]:
    """In time order, the first record of each kind (service, source, signatures and level alike), or `every` one."""
    create(store)
    chosen = "true" if every else "first"
    rows = store.con.execute(f"""
        WITH flagged AS (
            SELECT timestamp, nanos, part, "offset", source, service, level, flags,
                   split_part(body, chr(10), 1) AS body, count(*) OVER kind AS times,
                   row_number() OVER (kind ORDER BY timestamp, nanos, "offset") = 1 AS first
            FROM records WHERE len(flags) > 0 WINDOW kind AS (PARTITION BY service, source, flags, level)
        )
        SELECT timestamp, service, source, level, flags, body, CASE WHEN {chosen} AND first THEN times ELSE 1 END
        FROM flagged WHERE {chosen} ORDER BY timestamp, nanos, part, "offset"
    """).fetchall()
    return [First(*row) for row in rows]
