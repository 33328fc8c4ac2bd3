"""The records of a query → temp tables of sessions and their steps. Nothing is kept by session in Python.

A step is all that a session has of one template. The tables hold numbers in place of texts, and DuckDB moves them to
disk where they get large.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from logtriage.answers.tally import count
from logtriage.query.condition import Condition, joined, stored
from logtriage.query.minutes import counted
from logtriage.query.plan import plan
from logtriage.query.planned import Plan
from logtriage.query.query import Query
from logtriage.query.walk import windows
from logtriage.query.windows import MOST, Pace
from logtriage.sessions.key import Key
from logtriage.sql import literal
from logtriage.store.mined import UNMINED_TEXT
from logtriage.store.snapshot import Snapshot

_SPREAD = 1 << 64  # a moment and a place make one number, by which events can be ordered
_DISORDERED = 0.05  # share of events that are older than the one before them, from which on places say nothing
_SAMPLE = 200_000  # events by which this is told
# The whole years of which 64 bits of nanoseconds tell the times: a record of any other has none here.
_COUNTED = "BETWEEN TIMESTAMP '1678-01-01' AND TIMESTAMP '2262-01-01'"
_EVENT = (
    f"CASE WHEN timestamp {_COUNTED} THEN epoch_us(timestamp) * 1000 + coalesce(nanos, 0) END AS moment",
    '(part::BIGINT << 44) + "offset" AS place',
    "severity_number AS severity",
    "template",
)
# What a step says: the template, in which the session's own name may stand where it looks like a word.
_OWN = r"regexp_replace(text, '(^|\W)' || regexp_escape(session) || '(\W|$)', '\1<*>\2', 'g')"
_SAID = f"CASE WHEN contains(text, session) THEN {_OWN} ELSE coalesce(text, {literal(UNMINED_TEXT)}) END"


class Gathered(NamedTuple):
    """What was gathered: `records`, of them `without` a session, `sessions`, and the window (nanoseconds since 1970)
    in which sessions can be seen, None without times."""

    records: int
    without: int
    sessions: int
    start: int | None
    end: int | None


def gather(snapshot: Snapshot, query: Query, key: Key) -> Gathered:
    """Fills these temp tables of the snapshot's connection:

    `events` (id, template, moment, place, severity): the records of sessions; `moment`: nanoseconds since 1970, `place`: part
    and offset; `names` (id, session), `texts` (template, text): what the numbers stand for;
    `steps` (id, template, n, first, last, starts, worst): `starts` orders the steps of a session, NULL if unknown;
    `sessions` (id, first, last, records, kind, counts, path, opens): of equal `kind` are sessions of the same
    templates, of equal `counts` those that have them equally often, of equal `path` in the same order; `opens`: the
    template that came first.
    """
    con = snapshot.con
    todo = plan(snapshot, replace(query, limit=None, tail=None, order="time"))
    within = _read(snapshot, todo, key)
    _make_steps(snapshot)
    _make_sessions(snapshot)
    start, end = _window(snapshot, todo)
    records = count(snapshot, todo.query)
    sessions = con.execute("SELECT count(*) FROM sessions").fetchall()[0][0]
    return Gathered(records, records - within, sessions, start, end)


def _read(snapshot: Snapshot, todo: Plan, key: Key) -> int:
    """Fills `events` and the names, window by window; gives how many records belong to a session."""
    con = snapshot.con
    for name, columns in (
        ("events", "id UBIGINT, template UBIGINT, moment BIGINT, place BIGINT, severity UTINYINT"),
        ("names", "id UBIGINT, session VARCHAR"),
        ("texts", "template UBIGINT, text VARCHAR"),
    ):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE known_texts AS SELECT format('{:016x}', template) AS template, text FROM lake.templates"
    )
    todo = replace(todo, shapes=todo.shapes or key.shapes(snapshot))  # it may be known that there is nothing
    within = 0
    for window in windows(snapshot, todo, Pace(MOST // 8)):
        sql, parameters = todo.select([f"{key.column} AS key", *_EVENT], window)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE found AS SELECT hash(session) AS id, session, hash(said) AS template, said, "
            f"moment, place, severity FROM (SELECT *, {_SAID} AS said "
            f"FROM (SELECT unnest({key.select()}) AS session, * EXCLUDE (key) FROM ({sql})) "
            "LEFT JOIN known_texts USING (template))",
            [*key.parameters, *parameters],
        )
        con.execute("INSERT INTO events SELECT id, template, moment, place, severity FROM found")
        con.execute("INSERT INTO names SELECT DISTINCT id, session FROM found ANTI JOIN names USING (id)")
        con.execute("INSERT INTO texts SELECT DISTINCT template, said FROM found ANTI JOIN texts USING (template)")
        within += con.execute("SELECT count(DISTINCT place) FROM found").fetchall()[0][0]
    con.execute("DROP TABLE IF EXISTS found")
    return int(within)


def _make_steps(snapshot: Snapshot) -> None:
    """Places decide between events of the same moment, but only in parts that are in order of time. Where nothing has a
    time, places are all there is."""
    con = snapshot.con
    events, timed = con.execute("SELECT count(*), count(moment) FROM events").fetchall()[0]
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE disordered AS
        SELECT part FROM (
            SELECT place >> 44 AS part, moment < lag(moment) OVER (PARTITION BY place >> 44 ORDER BY place) AS back
            FROM (SELECT DISTINCT place, moment FROM events WHERE hash(place) % {events // _SAMPLE + 1} = 0))
        GROUP BY part HAVING avg(back::INTEGER) > {_DISORDERED}""")
    moment = "moment" if timed else "0"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE steps AS
        SELECT id, template, count(*)::INTEGER AS n, min(moment) AS first, max(moment) AS last, max(severity) AS worst,
               min({moment}::HUGEINT * {_SPREAD} + CASE WHEN part IS NULL THEN place ELSE 0 END) AS starts
        FROM events LEFT JOIN disordered ON part = place >> 44 GROUP BY id, template""")


def _make_sessions(snapshot: Snapshot) -> None:
    snapshot.con.execute("""
        CREATE OR REPLACE TEMP TABLE sessions AS
        SELECT id, min(first) AS first, max(last) AS last, sum(n)::BIGINT AS records,
               bit_xor(hash(template)) AS kind, bit_xor(hash(hash(template, n))) AS counts,
               bit_xor(hash(hash(template, rank))) AS path, min(template) FILTER (rank = 1) AS opens
        FROM (SELECT *, rank() OVER (PARTITION BY id ORDER BY starts) AS rank FROM steps) GROUP BY id""")


def _window(snapshot: Snapshot, todo: Plan) -> tuple[int | None, int | None]:
    """From the first to the last record there is, in a session or not: to the minute, or as asked for."""
    con, query = snapshot.con, todo.query
    where, parameters = joined([*counted(todo), Condition(f"minute {_COUNTED}")])
    minutes = con.execute(f"SELECT min(minute), max(minute) FROM lake.activity WHERE {where}", parameters).fetchall()[0]
    first, last = con.execute("SELECT min(first), max(last) FROM sessions").fetchall()[0]
    if first is None or minutes[0] is None:
        return first, last
    start, end = (_nanoseconds(minute) for minute in minutes)
    asked = (_nanoseconds(stored(m)) if m else None for m in (query.since, query.until))
    since, until = asked
    return max(min(first, start + 60 * 10**9), since or start), min(max(last, end), until or max(last, end))


def _nanoseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1) * 1000
