"""What kinds of records there are: categories, signatures and templates, with their counts over time.

Signatures are counted in `lake.hits`, templates in the rollup: neither reads a record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from logtriage.answers.lanes import of_parts, span
from logtriage.query.condition import Condition, joined
from logtriage.store.mined import UNMINED, UNMINED_TEXT
from logtriage.store.snapshot import Snapshot

_MINUTE = timedelta(minutes=1)
_TEMPLATE = f"format('{{:016x}}', coalesce(m.template, {UNMINED}))"
_LATE = 0.05  # a share of the time that all logs cover, before which nothing is new
_CHANCE = 0.05  # what comes so late by chance more rarely than this is new


class Kind(NamedTuple):
    """A category, signature or template. `kind`: which of the three; `name`: its id, as filters take it; `text`: what it
    says; `worst`: the highest severity number (0: none told); `cells`: its records in each stretch of time."""

    kind: str
    name: str
    text: str
    records: int
    worst: int
    first: datetime | None
    last: datetime | None
    new: bool
    cells: tuple[int, ...]


class Kinds(NamedTuple):
    """All kinds of records between two moments, of each sort the most frequent ones first; None: not counted yet."""

    since: datetime
    until: datetime
    categories: list[Kind]
    signatures: list[Kind]
    templates: list[Kind] | None


def kinds(
    snapshot: Snapshot,
    parts: tuple[int, ...] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cells: int = 24,
) -> Iterator[Kinds | None]:
    """What there is of these parts (None: all) between two moments (UTC, naive; to the minute; None: from the beginning, to the
    end), over `cells` stretches of time: first as far as it is counted quickly, then all. None where no record has a time.

    New is what was never seen before `since`, and so late since the beginning of the logs as, at a constant rate, its records
    would all have come once in 20 times; in the first twentieth of the time nothing is new.
    """
    known = span(snapshot, parts)
    if known is None:
        yield None
        return
    since = max(since, known[0]) if since else known[0]
    until = min(until, known[1] + _MINUTE) if until else known[1] + _MINUTE
    until = max(until, since + _MINUTE)
    of_time = _OfTime(since, (until - since) / cells, cells, known[0])
    among = of_parts(parts)
    categories = _flagged(snapshot, "category", "category", among, of_time)
    flagged = Kinds(since, until, categories, _flagged(snapshot, "signature", "pattern", among, of_time), None)
    yield flagged
    yield flagged._replace(templates=_templates(snapshot, among, of_time))


class _OfTime(NamedTuple):
    """How time is cut: from `since` on, into `cells` stretches of `width`. The logs begin at `start`."""

    since: datetime
    width: timedelta
    cells: int
    start: datetime

    def within(self, column: str) -> Condition:
        return Condition(f"{column} >= ? AND {column} < ?", (self.since, self.since + self.cells * self.width))

    def is_new(self, first: datetime, records: int) -> bool:
        """Whether so many records, none before `first`, are something new. What is frequent comes in bursts, and is not new for
        being a minute late: it has to be late by a share of the time, too."""
        until = self.since + self.cells * self.width
        left = (until - first) / (until - self.start)
        return first >= self.since and left < 1 - _LATE and left**records < _CHANCE

    def cell(self, column: str) -> str:
        """SQL for the number of the stretch that a time lies in; needs `since` as a parameter."""
        width = max(1, self.width // timedelta(microseconds=1))
        return f"least({self.cells - 1}, datediff('microsecond', ?::TIMESTAMP, {column}) // {width})::INTEGER"


def _flagged(snapshot: Snapshot, kind: str, name: str, among: list[Condition], of_time: _OfTime) -> list[Kind]:
    """Kinds of hits, told by the column that has their name; a record with several signatures of a category counts once for it."""
    where, parameters = joined([*among, of_time.within("timestamp")])
    sql = f"""SELECT {name}, {name}, {of_time.cell("timestamp")} AS cell,
               count(DISTINCT "offset"), max(coalesce(severity_number, 0)), min(timestamp), max(timestamp)
        FROM lake.hits WHERE {where} GROUP BY {name}, cell, part"""
    rows = snapshot.con.execute(sql, [of_time.since, *parameters]).fetchall()
    where, parameters = joined(among)
    firsts = dict(
        snapshot.con.execute(
            f"SELECT {name}, min(timestamp) FROM lake.hits WHERE {where} GROUP BY 1", parameters
        ).fetchall()
    )
    return _made(kind, rows, firsts, of_time)


def _templates(snapshot: Snapshot, among: list[Condition], of_time: _OfTime) -> list[Kind]:
    """Templates; added up by shape first, as there are few, and then by what shapes say."""
    where, parameters = joined([*among, of_time.within("minute")])
    sql = f"""SELECT {_TEMPLATE} AS name, any_value(coalesce(t.text, ?)), cell, sum(n)::BIGINT, max(worst), min(first), max(last)
        FROM (SELECT shape, {of_time.cell("minute")} AS cell, sum(records) AS n, max(coalesce(severity_number, 0)) AS worst,
                     min(minute) AS first, max(minute) AS last
              FROM lake.activity WHERE {where} GROUP BY shape, cell)
        LEFT JOIN lake.mined AS m USING (shape) LEFT JOIN lake.templates AS t ON t.template = m.template
        GROUP BY name, cell HAVING sum(n) > 0"""
    rows = snapshot.con.execute(sql, [UNMINED_TEXT, of_time.since, *parameters]).fetchall()
    where, parameters = joined([*among, Condition("records > 0")])
    sql = f"""SELECT {_TEMPLATE}, min(first)
        FROM (SELECT shape, min(minute) AS first FROM lake.activity WHERE {where} GROUP BY shape)
        LEFT JOIN lake.mined AS m USING (shape) GROUP BY 1"""
    return _made("template", rows, dict(snapshot.con.execute(sql, parameters).fetchall()), of_time)


def _made(
    kind: str,
    rows: list[tuple[str, str, int, int, int, datetime, datetime]],
    firsts: dict[str, datetime],
    of_time: _OfTime,
) -> list[Kind]:
    by_name: dict[str, list[tuple[str, str, int, int, int, datetime, datetime]]] = defaultdict(list)
    for row in rows:
        by_name[row[0]].append(row)
    made = []
    for name, own in by_name.items():
        cells = [0] * of_time.cells
        for _, _, cell, records, *_ in own:
            cells[cell] += records
        first = firsts.get(name)
        new = first is not None and of_time.is_new(first, sum(cells))
        worst, last = max(row[4] for row in own), max(row[6] for row in own)
        made.append(Kind(kind, name, own[0][1], sum(cells), worst, first, last, new, tuple(cells)))
    return sorted(made, key=lambda one: (-one.records, one.name))
