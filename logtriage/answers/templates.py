"""What the store's templates did: how often each was seen in a window, when, where, and what two sides differ in."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from logtriage.answers.search import page
from logtriage.query.condition import joined, stored
from logtriage.query.query import Query
from logtriage.store.mined import UNMINED, UNMINED_TEXT
from logtriage.store.shape import number_of
from logtriage.store.snapshot import Snapshot
from logtriage.templates.miner import Miner

BUCKETS = 12  # of a trend
_BURST = 6.0  # standard deviations of a Poisson process that the busiest stretch is above the others
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Seen:
    """A template in a window: its records, in how many sources, the worst level, first and last time in the whole store
    (UTC, to the minute), and how many records each of BUCKETS stretches of the window had."""

    template: str
    text: str
    records: int = 0
    sources: int = 0
    level: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    trend: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    @property
    def burst(self) -> float:
        """How many standard deviations the busiest stretch is above the mean of the others (as if by chance)."""
        peak = max(self.trend)
        mean = (sum(self.trend) - peak) / (BUCKETS - 1)
        return (peak - mean) / math.sqrt(mean + 1)

    @property
    def is_bursting(self) -> bool:
        """Whether that is more than chance."""
        return self.burst >= _BURST


@dataclass(frozen=True, slots=True)
class Difference:
    """A template on two sides: its records on each, and how surprising that is (0: as expected)."""

    template: str
    text: str
    before: int
    after: int
    score: float

    @property
    def kind(self) -> str:
        """new, gone, more or less."""
        return "new" if not self.before else "gone" if not self.after else "more" if self.score > 0 else "less"


def seen(snapshot: Snapshot, query: Query) -> list[Seen]:
    """The templates of the records of a query (its window, parts and level), the most frequent first."""
    where, parameters = _where(query)
    con = snapshot.con
    low, high = con.execute(f"SELECT min(minute), max(minute) FROM lake.activity WHERE {where}", parameters).fetchall()[
        0
    ]
    found: dict[int, Seen] = {}
    told = {
        number: (identity, text, level, first, last)
        for number, identity, text, level, first, last in con.execute(
            f"SELECT ('0x' || template)::UBIGINT::BIGINT, template, text, level, first_seen, last_seen FROM ({_view()})"
        ).fetchall()
    }
    width = max(1, -(-((high - low) // _MINUTE + 1) // BUCKETS)) if low else 1
    rows = con.execute(
        f"""SELECT coalesce(m.template, {UNMINED}), CASE WHEN minute IS NULL THEN NULL
                   ELSE date_diff('minute', ?::TIMESTAMP, minute) // {width} END, sum(records)::BIGINT
            FROM (FROM lake.activity WHERE {where}) LEFT JOIN lake.mined AS m USING (shape) GROUP BY 1, 2 HAVING sum(records) > 0""",
        [low, *parameters],
    ).fetchall()
    for number, bucket, records in rows:
        identity, text, level, first, last = told.get(number, (f"{number:016x}", UNMINED_TEXT, None, None, None))
        one = found.setdefault(number, Seen(identity, text, level=level, first_seen=first, last_seen=last))
        one.records += records
        if bucket is not None:
            one.trend[bucket] += records
    sources = con.execute(
        f"""SELECT coalesce(m.template, {UNMINED}), count(DISTINCT part) FROM lake.activity LEFT JOIN lake.mined AS m
            USING (shape) WHERE {where} GROUP BY 1""",
        parameters,
    ).fetchall()
    for number, count in sources:
        if number in found:
            found[number].sources = count
    return sorted(found.values(), key=lambda one: (-one.records, one.text))


def gone(snapshot: Snapshot, query: Query, since: datetime) -> list[Seen]:
    """Templates that were seen before a moment and never from it on, the most frequent first."""
    moment = stored(since)
    return [one for one in seen(snapshot, query) if one.last_seen and one.last_seen < moment - _MINUTE]


def exemplar(snapshot: Snapshot, template: str, query: Query | None = None) -> str | None:
    """One record's text."""
    from dataclasses import replace

    rows = page(snapshot, replace(query or Query(), templates=(template,)), limit=1).rows
    return rows[0].raw if rows else None


def difference(before: Sequence[tuple[Snapshot, Query]], after: Sequence[tuple[Snapshot, Query]]) -> list[Difference]:
    """What two sides say, mined together: the new and the gone first, then what became more or less, relative to all."""
    counts = [_wordings(before), _wordings(after)]
    every = sorted(counts[0].keys() | counts[1].keys())
    learnt = {id(snapshot): snapshot for snapshot, _ in (*before, *after)}
    miner = Miner(
        text for snapshot in learnt.values() for (text,) in _rows(snapshot, "SELECT wording FROM lake.shapes")
    )
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for wording, text in zip(every, miner.templates(every), strict=True):
        for side in (0, 1):
            sums[text][side] += counts[side][wording]
    totals = [sum(count.values()) or 1 for count in counts]
    found = [Difference(f"{number_of(text):016x}", text, a, b, _score(a, b, *totals)) for text, (a, b) in sums.items()]
    order = {"new": 0, "gone": 1, "more": 2, "less": 2}
    return sorted(found, key=lambda one: (order[one.kind], -abs(one.score), one.text))


def _score(a: int, b: int, all_a: int, all_b: int) -> float:
    """The signed root of a log-likelihood ratio (Dunning 1993) of two counts out of all records of each side."""
    total = (a + b) / (all_a + all_b)
    terms = ((a, all_a * total), (b, all_b * total))
    ratio = 2 * sum(n * math.log(n / expected) for n, expected in terms if n)
    return math.copysign(math.sqrt(max(ratio, 0.0)), b * all_a - a * all_b)


def _wordings(side: Iterable[tuple[Snapshot, Query]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for snapshot, query in side:
        where, parameters = _where(query)
        sql = (
            f"SELECT wording, sum(records)::BIGINT FROM (FROM lake.activity WHERE {where}) JOIN lake.shapes USING (shape) "
            "GROUP BY 1 HAVING sum(records) > 0"
        )
        for wording, records in _rows(snapshot, sql, parameters):
            found[wording] += records
    return found


def _where(query: Query) -> tuple[str, list[Any]]:
    conditions = list(query.counted())
    where, parameters = joined(conditions)
    for moment, sign in ((query.since, ">="), (query.until, "<=")):
        if moment is not None:
            where += f" AND minute {sign} date_trunc('minute', ?::TIMESTAMP)"
            parameters.append(stored(moment))
    return where, parameters


def _rows(snapshot: Snapshot, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    return snapshot.con.execute(sql, list(parameters)).fetchall()


def _view() -> str:
    from logtriage.store.views import others

    return others()["templates"]
