"""The part of the timeline that a query finds: the same lanes and stretches, with its records alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta

from logtriage.answers.lanes import Counted, Lanes, by_minute, cell_sql
from logtriage.query.condition import joined
from logtriage.query.fetch import planned_for
from logtriage.query.minutes import counted
from logtriage.query.plan import NOTHING, plan
from logtriage.query.planned import Plan
from logtriage.query.query import Query
from logtriage.query.walk import windows
from logtriage.query.windows import MOST, Pace
from logtriage.store.snapshot import Snapshot

_MOST_READ = 4_000_000  # records that may be looked at one by one
_TICK = timedelta(microseconds=1)


def shaded(snapshot: Snapshot, query: Query, over: Lanes) -> Lanes | None:
    """`over` with the records that a query finds; its bounds count to the minute where the rollup answers. None: more
    records than is worth while would have to be looked at."""
    start, last = over.start.replace(tzinfo=UTC), (over.end - _TICK).replace(tzinfo=UTC)
    since = max(query.since, start) if query.since else start
    until = min(query.until, last) if query.until else last
    todo = plan(snapshot, replace(query, since=since, until=until, limit=None, tail=None, order="time"))
    if todo.shapes == NOTHING or since > until:
        return over.filled(())
    where = counted(todo)
    if over.rolled and todo.rolled and todo.check is None:
        return over.filled(by_minute(snapshot, over, where))
    sql, parameters = joined(where)
    looked_at = snapshot.con.execute(f"SELECT sum(records) FROM lake.activity WHERE {sql}", parameters).fetchall()
    if (looked_at[0][0] or 0) > _MOST_READ:
        return None
    return over.filled(_from_records(snapshot, todo, over))


def _from_records(snapshot: Snapshot, todo: Plan, over: Lanes) -> Iterator[Counted]:
    pace = Pace(MOST // 2, filtered=bool(todo.ways))
    columns = ("part", f"{cell_sql(over)} AS cell", "severity_number")
    for window in windows(snapshot, todo, pace):
        some = planned_for(snapshot, todo, columns, window)
        if todo.check is None:
            select = some.select((*columns, "count(*)"), window, tail=" GROUP BY ALL")
            yield from snapshot.con.execute(*select).fetchall()
        else:
            rows = iter(snapshot.con.execute(*some.select(columns, window)).fetchall())
            yield from ((part, cell, severity, 1) for part, cell, severity in some.decided(rows))
