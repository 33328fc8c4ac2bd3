"""When it began: the minute that parts the log best into two, and from there back to the first sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log, sqrt
from typing import NamedTuple

from logtriage.formats.levels import WARN
from logtriage.sql import among
from logtriage.store.snapshot import Snapshot

_WHO = 'coalesce(service, "group")'  # rotated files, and one container after the other, are one
_BUCKETS = 1_000  # at most
LEAST_MINUTES = 6  # of a window in which an onset can be found
_MINUTE = timedelta(minutes=1)
_SERIES = 500  # kinds of records that are looked at, besides what each source writes in all
_CHAIN = timedelta(minutes=5)  # signs that follow each other so closely are one story
_RECURS = 3  # times that a sign has to come: what came once is no beginning
_MISSED = 5  # times that it would have come before, had it always come as often as since its first time
_NEWS = 2  # warnings that a source had lately for the first time: where there are more, one more is no sign
_SURE, _LIKELY, _LEAST = 6.0, 3.0, 1.5  # bans


@dataclass(frozen=True, slots=True)
class Onset:
    """When it began (UTC, naive). `given`: by the user. `bans`: how surprising the change is; `why`: what tells it."""

    moment: datetime
    given: bool
    bans: float
    why: str

    @property
    def sure(self) -> str:
        """How sure it is, in a word."""
        return "given" if self.given else "sure" if self.bans >= _SURE else "likely" if self.bans >= _LIKELY else "weak"


class _Window(NamedTuple):
    """A time in `buckets` of `width` minutes, and SQL that is true of the parts looked at in it."""

    since: datetime
    until: datetime
    mine: str
    width: int
    buckets: int


def find(snapshot: Snapshot, since: datetime, until: datetime, parts: Sequence[int]) -> Onset | None:
    """The onset in a window; None where nothing changes in it.

    Each kind of record with a level from warning on, and each source as a whole, is a series of counts a minute. A
    minute's gain is how much better two rates, before and from it on, explain the series than one (log-likelihood of
    Poisson's distribution, over the series' own dispersion as its successive differences show it).
    """
    minutes = -(-(until - since) // _MINUTE)
    width = -(-minutes // _BUCKETS) or 1  # minutes in a bucket
    buckets = -(-minutes // width)
    if buckets < LEAST_MINUTES:
        return None
    window = _Window(since, until, among("part", parts), width, buckets)
    _count(snapshot, window)
    gains = _gains(snapshot, buckets)
    if not gains:
        return None
    tests = log(max(2, len(gains)))
    total: dict[int, float] = {}
    best: dict[int, float] = {}
    for bucket, gain in gains:
        total[bucket] = total.get(bucket, 0.0) + sqrt(max(0.0, gain - tests))  # damped: many series count more than one
        best[bucket] = max(best.get(bucket, 0.0), gain)
    at = max(total, key=lambda bucket: (total[bucket], -bucket))
    bans = (best[at] - tests) / log(10)
    return _first_sign(snapshot, window, since + at * width * _MINUTE, bans) if bans >= _LEAST else None


def _count(snapshot: Snapshot, window: _Window) -> None:
    """Makes the temp table `series` (name, bucket, n), with a row for every bucket of every series."""
    since, until, mine, width, buckets = window
    snapshot.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE series AS
        WITH rollup AS (
            SELECT {_WHO} AS who, date_diff('minute', ?::TIMESTAMP, minute) // {width} AS bucket, shape, severity_number, records
            FROM lake.activity JOIN part_names USING (part) WHERE {mine} AND minute >= ? AND minute < ?),
        loud AS (
            SELECT 'k' || who || ' ' || coalesce(m.template, 0) AS name, bucket, sum(records) AS n
            FROM rollup LEFT JOIN lake.mined AS m USING (shape) WHERE severity_number >= {WARN} GROUP BY ALL),
        chosen AS (
            SELECT name FROM loud GROUP BY name HAVING sum(n) >= {_RECURS} ORDER BY sum(n) DESC, name LIMIT {_SERIES}),
        told AS (
            SELECT * FROM loud SEMI JOIN chosen USING (name)
            UNION ALL SELECT 'p' || who, bucket, sum(records) FROM rollup GROUP BY ALL)
        SELECT name, bucket, coalesce(n, 0)::DOUBLE AS n
        FROM (SELECT DISTINCT name FROM told) CROSS JOIN (SELECT unnest(range({buckets})) AS bucket)
        LEFT JOIN told USING (name, bucket)""",
        [since, since, until],
    )


def _gains(snapshot: Snapshot, buckets: int) -> list[tuple[int, float]]:
    """For each series and each bucket that could begin the change: the gain of a split there (natural logarithm)."""
    return snapshot.con.execute(f"""
        WITH grown AS (
            SELECT name, bucket, n, sum(n) OVER (PARTITION BY name ORDER BY bucket) - n AS a,
                   sum(n) OVER (PARTITION BY name) AS total, n - lag(n) OVER (PARTITION BY name ORDER BY bucket) AS step
            FROM series),
        spread AS (
            SELECT name, greatest(1, avg(step * step) / 2 / greatest(avg(n), 1e-9)) AS phi FROM grown GROUP BY name),
        split AS (
            SELECT bucket, a, total - a AS b, total * bucket / {buckets} AS a_even, total * (1 - bucket / {buckets}) AS b_even, phi
            FROM grown JOIN spread USING (name) WHERE bucket >= 2 AND bucket < {buckets} - 1 AND total > 0)
        SELECT bucket, (CASE WHEN a > 0 THEN a * ln(a / a_even) ELSE 0 END + CASE WHEN b > 0 THEN b * ln(b / b_even) ELSE 0 END) / phi
        FROM split""").fetchall()


def _first_sign(snapshot: Snapshot, window: _Window, begin: datetime, bans: float) -> Onset:
    """Back from the change, over warnings that had never come before, as long as one follows closely on the other."""
    con = snapshot.con
    signs = con.execute(
        f"""WITH warned AS (
            SELECT {_WHO} AS who, list(DISTINCT part) AS parts, coalesce(m.template, 0) AS template,
                   min(minute) AS first, max(minute) AS last, sum(records) AS n, date_diff('minute', $1::TIMESTAMP, first) AS missed
            FROM lake.activity JOIN part_names USING (part) LEFT JOIN lake.mined AS m USING (shape)
            WHERE {window.mine} AND severity_number >= {WARN} AND minute >= $1 GROUP BY who, m.template HAVING n > 0)
        SELECT first, parts, template FROM warned AS w
        WHERE n >= {_RECURS} AND first <= $2 AND n * missed >= {_MISSED} * (date_diff('minute', first, last) + 1)
          AND (SELECT count(*) FROM warned AS o WHERE o.who = w.who AND o.first < w.first AND o.missed * 2 > w.missed) < {_NEWS}
        ORDER BY first DESC""",
        [window.since, begin + window.width * _MINUTE],
    ).fetchall()
    chosen, moment = None, begin
    for first, parts, template in signs:
        if moment - first > _CHAIN:
            break
        chosen, moment = (parts, template), min(first, moment)
    if chosen is None:
        return Onset(begin, False, bans, "here the counts change most")
    parts, template = chosen
    shapes = con.execute("SELECT shape FROM lake.mined WHERE template = ?", [template]).fetchall()
    ((exact,),) = con.execute(
        f"""SELECT min(timestamp) FROM lake.records WHERE {among("part", parts)}
        AND {among("shape", (shape for (shape,) in shapes))} AND timestamp >= ?""",
        [moment],
    ).fetchall()
    text = con.execute("SELECT text FROM lake.templates WHERE template = ?", [template]).fetchall()
    return Onset(exact or moment, False, bans, f"the first of what followed: «{text[0][0][:100] if text else '?'}»")
