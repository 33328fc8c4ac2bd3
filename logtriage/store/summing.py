"""One row for each count, each part's progress and each facet, in the place of many: what commits have added to, or replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from logtriage.sql import literal
from logtriage.store import facets
from logtriage.store.store import Store

_ROWS = 1_000_000  # of counts that are held at once, about
# By day, as spans of time are asked for, and then by shape, as searches ask.
_ORDER = "date_trunc('day', minute), shape, part, minute"


def sum_up(store: Store) -> None:
    """Does so."""
    _activity(store)
    con = store.con
    with store.transaction(touches=()):
        con.execute(
            "CREATE OR REPLACE TEMP TABLE newest AS "
            "FROM lake.progress QUALIFY row_number() OVER (PARTITION BY part ORDER BY step DESC) = 1"
        )
        con.execute("DELETE FROM lake.progress")
        con.execute("INSERT INTO lake.progress FROM newest ORDER BY part")
        con.execute(f"CREATE OR REPLACE TEMP TABLE told AS {facets.told('lake.facets')}")
        con.execute("DELETE FROM lake.facets")
        con.execute(
            "INSERT INTO lake.facets FROM told SEMI JOIN lake.activity USING (part, shape) ORDER BY name, part, shape"
        )


def _activity(store: Store) -> None:
    """The counts, some days at a time: those of a fortnight of many sources are millions."""
    con = store.con
    files = con.execute(
        "SELECT filename, min(minute) AS first, max(minute), count(*) > count(minute) FROM lake.activity "
        "GROUP BY filename ORDER BY first NULLS FIRST"
    ).fetchall()
    lots = list(_lots(store))
    if len(files) <= len(lots) and _are_apart([file[1:] for file in files]):
        return
    old = f"filename IN ({', '.join(literal(name) for name, *_ in files)})"
    with store.transaction(touches=()):
        for where in lots:
            con.execute(
                "INSERT INTO lake.activity FROM (SELECT minute, part, shape, severity_number, sum(records)::BIGINT AS n "
                f"FROM lake.activity WHERE ({where}) AND {old} GROUP BY ALL HAVING n <> 0) ORDER BY {_ORDER}"
            )
        for name, *_ in files:  # one by one: a list of all rows that go is held
            con.execute(f"DELETE FROM lake.activity WHERE filename = {literal(name)}")


def _lots(store: Store) -> Iterator[str]:
    """SQL: the rows of some days each, which are together as many as are held at once; those without time are with the first."""
    rows = store.con.execute(
        "SELECT date_trunc('day', minute)::TIMESTAMP AS day, count(*) FROM lake.activity WHERE minute IS NOT NULL "
        "GROUP BY day ORDER BY day"
    ).fetchall()
    ends: list[datetime] = []
    held = 0
    for day, count in rows:
        if held and held + count > _ROWS:
            ends.append(day)
            held = 0
        held += count
    starts: list[datetime | None] = [None, *ends]
    for start, end in zip(starts, [*ends, None], strict=True):
        after = f"minute >= '{start}'" if start else "true"
        before = f"minute < '{end}'" if end else "true"
        yield f"{after} AND {before}" if start else f"minute IS NULL OR {before}"


def _are_apart(files: Sequence[tuple[datetime | None, datetime | None, bool]]) -> bool:
    """Whether no two files (from when to when they count, and whether also what has no time) count the same."""
    timed = [(first, last) for first, last, _ in files if first and last]
    follow = all(last < first for (_, last), (first, _) in pairwise(timed))
    return follow and sum(timeless for *_, timeless in files) <= 1
