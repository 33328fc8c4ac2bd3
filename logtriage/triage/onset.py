"""When it began: the minute that parts the log best into two, and from there back to the first sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log, sqrt

from logtriage.store.views import Snapshot

_WHO = 'coalesce(service, "group")'  # rotated files, and one container after the other, are one
_BUCKETS = 1_000  # at most
_LEAST_BUCKETS = 6
_SERIES = 500  # kinds of records that are looked at, besides what each source writes in all
_WARN = 13
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


def find(snapshot: Snapshot, since: datetime, until: datetime, parts: Sequence[int]) -> Onset | None:
    """The onset in a window; None where nothing changes in it.

    Each kind of record with a level from warning on, and each source as a whole, is a series of counts a minute. A
    minute's gain is how much better two rates, before and from it on, explain the series than one (log-likelihood of
    Poisson's distribution, over the series' own dispersion as its successive differences show it).
    """
    con = snapshot.con
    minutes = -(-(until - since) // timedelta(minutes=1))
    width = -(-minutes // _BUCKETS) or 1
    buckets = -(-minutes // width)
    mine = f"part IN ({', '.join(map(str, parts)) or 'NULL'})"
    if buckets < _LEAST_BUCKETS:
        return None
    con.execute(f"""CREATE OR REPLACE TEMP TABLE series AS
        WITH rollup AS (SELECT minute, date_diff('minute', ?::TIMESTAMP, minute) // {width} AS bucket, part, shape, severity_number, records
                        FROM lake.activity WHERE {mine} AND minute >= ? AND minute < ?),
             loud AS (SELECT 'k' || {_WHO} || ' ' || coalesce(m.template, 0) AS name, bucket, sum(records) AS n FROM rollup JOIN part_names USING (part) LEFT JOIN lake.mined AS m USING (shape)
                      WHERE severity_number >= {_WARN} GROUP BY ALL),
             chosen AS (SELECT name FROM loud GROUP BY name HAVING sum(n) >= {_RECURS} ORDER BY sum(n) DESC, name LIMIT {_SERIES}),
             told AS (SELECT * FROM loud SEMI JOIN chosen USING (name)
                      UNION ALL SELECT 'p' || {_WHO}, bucket, sum(records) FROM rollup JOIN part_names USING (part) GROUP BY ALL)
        SELECT name, bucket, coalesce(n, 0)::DOUBLE AS n
        FROM (SELECT DISTINCT name FROM told) CROSS JOIN (SELECT unnest(range({buckets})) AS bucket) LEFT JOIN told USING (name, bucket)""",
        [since, since, until])  # fmt: skip
    gains = con.execute(f"""
        WITH grown AS (SELECT name, bucket, n, sum(n) OVER (PARTITION BY name ORDER BY bucket) - n AS before, sum(n) OVER (PARTITION BY name) AS total,
                              n - lag(n) OVER (PARTITION BY name ORDER BY bucket) AS step FROM series),
             spread AS (SELECT name, greatest(1, avg(step * step) / 2 / greatest(avg(n), 1e-9)) AS phi FROM grown GROUP BY name),
             split AS (SELECT name, bucket, before AS a, total - before AS b, total, bucket / {buckets} AS p, phi FROM grown JOIN spread USING (name)
                       WHERE bucket >= 2 AND bucket < {buckets} - 1)
        SELECT bucket, name, (CASE WHEN a > 0 THEN a * ln(a / (total * p)) ELSE 0 END + CASE WHEN b > 0 THEN b * ln(b / (total * (1 - p))) ELSE 0 END) / phi AS gain
        FROM split WHERE total > 0""").fetchall()  # fmt: skip
    if not gains:
        return None
    tests = log(max(2, len(gains)))
    total: dict[int, float] = {}
    best: dict[int, tuple[float, str]] = {}
    for bucket, name, gain in gains:
        total[bucket] = total.get(bucket, 0.0) + sqrt(max(0.0, gain - tests))  # damped: many series count more than one
        best[bucket] = max(best.get(bucket, (0.0, "")), (gain, name))
    at = max(total, key=lambda bucket: (total[bucket], -bucket))
    bans = (best[at][0] - tests) / log(10)
    if bans < _LEAST:
        return None
    begin = since + timedelta(minutes=at * width)
    return _first_sign(snapshot, begin, width, since, mine, bans)


def _first_sign(snapshot: Snapshot, begin: datetime, width: int, since: datetime, mine: str, bans: float) -> Onset:
    """Back from the change, over warnings that had never come before, as long as one follows closely on the other."""
    con = snapshot.con
    signs = con.execute(f"""
        WITH warned AS (
            SELECT {_WHO} AS who, list(DISTINCT part) AS parts, coalesce(m.template, 0) AS template, min(minute) AS first, max(minute) AS last,
                   sum(records) AS n
            FROM lake.activity JOIN part_names USING (part) LEFT JOIN lake.mined AS m USING (shape) WHERE {mine} AND severity_number >= {_WARN} AND minute >= ?
            GROUP BY who, m.template HAVING n > 0)
        SELECT first, parts, template FROM warned AS w
        WHERE n >= {_RECURS} AND first <= ? AND n * date_diff('minute', ?::TIMESTAMP, first) >= {_MISSED} * (date_diff('minute', first, last) + 1)
          AND (SELECT count(*) FROM warned AS o WHERE o.who = w.who AND o.first < w.first
               AND date_diff('minute', ?::TIMESTAMP, o.first) * 2 > date_diff('minute', ?::TIMESTAMP, w.first)) < {_NEWS}
        ORDER BY first DESC""",
        [since, begin + timedelta(minutes=width), since, since, since]).fetchall()  # fmt: skip
    chosen, moment = None, begin
    for first, parts, template in signs:
        if moment - first > _CHAIN:
            break
        chosen, moment = (parts, template), min(first, moment)
    if chosen is None:
        return Onset(begin, False, bans, "here the counts change most")
    parts, template = chosen
    shapes = con.execute("SELECT shape FROM lake.mined WHERE template = ?", [template]).fetchall()
    exact = con.execute(
        f"SELECT min(timestamp) FROM lake.records WHERE part IN ({', '.join(map(str, parts))}) AND shape IN ({_listed(shapes)}) AND timestamp >= ?",
        [moment],
    ).fetchall()[0][0]
    text = con.execute("SELECT text FROM lake.templates WHERE template = ?", [template]).fetchall()
    return Onset(exact or moment, False, bans, f"the first of what followed: «{text[0][0][:100] if text else '?'}»")


def _listed(rows: list[tuple[int]]) -> str:
    return ", ".join(str(number) for (number,) in rows) or "NULL"
