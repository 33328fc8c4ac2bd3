"""The Monday view: the incidents of the last days, what failed on which day, what is new, and who has fallen quiet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from logtriage.answers.lanes import lane_names
from logtriage.coverage import counted
from logtriage.formats.levels import ERROR, WARN
from logtriage.output import shortened
from logtriage.report.document import Document, Heading, Lane, Paragraph, Table, Timeline
from logtriage.report.incident import both
from logtriage.sql import among
from logtriage.store.snapshot import Snapshot, snapshot_of
from logtriage.store.store import Store

_DAYS = 7
_APART = 15  # minutes: failures further apart are two incidents
_LEAST = 5  # failures in a minute make it part of an incident
_QUIET = 5  # times its usual pause: then a source has fallen quiet
_ROWS, _WIDE = 20, 120  # of a table; characters of a cell


def document(
    store: Store | Snapshot, zone: tzinfo, until: datetime | None = None, parts: Sequence[int] | None = None
) -> Document:
    """The report on the seven days up to `until` (UTC, naive; None: the last record). `parts`: of these sources only."""
    with snapshot_of(store) as snapshot:
        mine = "true" if parts is None else among("part", parts)
        last = until or snapshot.con.execute(f"SELECT max(minute) FROM lake.activity WHERE {mine}").fetchall()[0][0]
        made = Document("The week")
        if last is None:
            made.add(Paragraph("There are no records with a time."))
            return made
        end = until or last + timedelta(minutes=1)
        start = end - timedelta(days=_DAYS)
        made.title = f"The week from {start:%Y-%m-%d} to {end:%Y-%m-%d}"
        days = [(start + timedelta(days=n)).date() for n in range(_DAYS + 1)]
        days = days if end.date() == days[-1] and end > datetime.combine(days[-1], datetime.min.time()) else days[:-1]
        week = _Week(snapshot, mine, start, end, [f"{day:%a %d}" for day in days], [str(day) for day in days])
        made.add(Paragraph(week.summary(zone)))
        if picture := week.picture():
            made.add(Heading("Records an hour"), picture)
        for title, table in (
            ("Incidents", week.incidents(zone)), ("Failures by category and day", week.categories()), ("Templates by day", week.templates()),
            ("New this week", week.news(zone)), ("Quiet sources", week.quiet(zone)),
        ):  # fmt: skip
            made.add(Heading(title), table if table.rows else Paragraph("None."))
        return made


class _Week:
    def __init__(
        self, snapshot: Snapshot, mine: str, start: datetime, end: datetime, names: list[str], keys: list[str]
    ) -> None:
        self.con, self.mine, self.start, self.end = snapshot.con, mine, start, end
        self.names, self.keys = tuple(names), keys
        self.con.execute("CREATE OR REPLACE TEMP TABLE lane_names (part INTEGER, name VARCHAR)")
        if named := lane_names(snapshot.catalog.parts):
            self.con.executemany("INSERT INTO lane_names VALUES (?, ?)", list(named.items()))

    def _rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.con.execute(sql, list(parameters) or [self.start, self.end]).fetchall()

    def summary(self, zone: tzinfo) -> str:
        """Everything in one sentence."""
        ((records, sources),) = self._rows(
            "SELECT coalesce(sum(records), 0)::BIGINT, count(DISTINCT part) FROM lake.activity "
            f"WHERE {self.mine} AND minute >= ? AND minute < ?"
        )
        ((failures,),) = self._rows(
            'SELECT count(DISTINCT (part, "offset")) FROM lake.hits '
            f"WHERE {self.mine} AND timestamp >= ? AND timestamp < ? AND severity_number >= {ERROR}"
        )
        told = f"{counted(records, 'record')} of {counted(sources, 'source')}, {failures:,} of them known failures"
        return f"{both(self.start, zone)} to {both(self.end, zone)}: {told}."

    def picture(self) -> Timeline | None:
        """Records of each hour from the first that has any, by service."""
        hours = int((self.end - self.start) / timedelta(hours=1))
        rows = self._rows(f"""SELECT name, date_diff('hour', ?::TIMESTAMP, minute), sum(records)::BIGINT,
            coalesce(sum(records) FILTER (severity_number >= {ERROR}), 0)::BIGINT FROM lake.activity JOIN lane_names USING (part)
            WHERE {self.mine} AND minute >= ? AND minute < ? GROUP BY ALL""", self.start, self.start, self.end)  # fmt: skip
        lanes: dict[str, tuple[list[int], list[int]]] = {}
        for name, hour, records, bad in rows:
            lane = lanes.setdefault(name, ([0] * (hours + 1), [0] * (hours + 1)))
            lane[0][hour] += records
            lane[1][hour] += bad
        if not lanes:
            return None
        first = min(hour for _, hour, _, _ in rows)
        busiest = sorted(lanes, key=lambda name: -sum(lanes[name][0]))[:10]
        shown = tuple(Lane(name, *(tuple(counts[first:]) for counts in lanes[name])) for name in busiest)
        return Timeline(self.start + timedelta(hours=first), self.end, shown)

    def incidents(self, zone: tzinfo) -> Table:
        """Known failures that come close together: when, for how long, what, and who told."""
        rows = self._rows(f"""
            WITH failed AS (SELECT date_trunc('minute', timestamp) AS minute, list(DISTINCT category) AS categories,
                                   list(DISTINCT name) AS who, count(DISTINCT (part, "offset")) AS n
                            FROM lake.hits JOIN lane_names USING (part)
                            WHERE {self.mine} AND timestamp >= ? AND timestamp < ? AND severity_number >= {ERROR}
                            GROUP BY 1 HAVING n >= {_LEAST}),
                 paused AS (SELECT *, minute - lag(minute) OVER (ORDER BY minute) AS pause FROM failed),
                 grouped AS (SELECT *, count(*) FILTER (pause IS NULL OR pause > INTERVAL {_APART} minute) OVER (ORDER BY minute) AS number
                             FROM paused)
            SELECT min(minute), max(minute), sum(n)::BIGINT, list_sort(list_distinct(flatten(list(categories)))),
                   list_sort(list_distinct(flatten(list(who)))) FROM grouped GROUP BY number ORDER BY 1""")
        told = []
        for begin, end, failures, categories, who in rows:
            lasted = f"{(end - begin) / timedelta(minutes=1) + 1:,.0f} min"
            told.append((both(begin, zone), lasted, f"{failures:,}", ", ".join(categories[:6]), ", ".join(who[:6])))
        return Table(("Began", "Lasted", "Failures", "What", "Who told"), tuple(told))

    def categories(self) -> Table:
        """Flagged records of each category and day."""
        rows = self._rows(
            'SELECT category, timestamp::DATE::VARCHAR, count(DISTINCT (part, "offset")) FROM lake.hits '
            f"WHERE {self.mine} AND timestamp >= ? AND timestamp < ? GROUP BY ALL"
        )
        return self._by_day("Category", rows)

    def templates(self) -> Table:
        """The warnings and errors that came most, by day."""
        rows = self._rows(f"""SELECT coalesce(text, '?'), minute::DATE::VARCHAR, sum(records)::BIGINT FROM lake.activity
            LEFT JOIN lake.mined USING (shape) LEFT JOIN lake.templates USING (template)
            WHERE {self.mine} AND severity_number >= {WARN} AND minute >= ? AND minute < ? GROUP BY ALL""")
        return self._by_day("Template", rows)

    def _by_day(self, name: str, rows: list[tuple[Any, ...]]) -> Table:
        cells: Counter[tuple[str, str]] = Counter()
        for what, day, count in rows:
            cells[what, day] += count
        totals: Counter[str] = Counter()
        for (what, _), count in cells.items():
            totals[what] += count
        chosen = [what for what, _ in sorted(totals.items(), key=lambda one: (-one[1], one[0]))[:_ROWS]]
        body = tuple(
            (
                shortened(what, _WIDE),
                *(f"{cells[what, day]:,}" if cells[what, day] else "" for day in self.keys),
                f"{totals[what]:,}",
            )
            for what in chosen
        )
        return Table((name, *self.names, "All"), body)

    def news(self, zone: tzinfo) -> Table:
        """Templates of warnings and errors that the store had never seen before this week."""
        rows = self._rows(f"""SELECT text, min(minute) AS first, sum(records)::BIGINT AS n,
                   string_agg(DISTINCT name, ', ')
            FROM lake.activity JOIN lake.mined USING (shape) JOIN lake.templates USING (template)
            JOIN lane_names USING (part)
            WHERE {self.mine} AND severity_number >= {WARN} GROUP BY template, text
            HAVING first >= ? AND first < ? AND first > (SELECT min(minute) FROM lake.activity WHERE {self.mine}) + INTERVAL 1 hour
            ORDER BY n DESC, text LIMIT {_ROWS}""")  # fmt: skip
        told = tuple(
            (shortened(text, _WIDE), both(first, zone), f"{n:,}", shortened(who, _WIDE)) for text, first, n, who in rows
        )
        return Table(("Template", "First", "Records", "Who"), told)

    def quiet(self, zone: tzinfo) -> Table:
        """Sources whose last record is much further from the end than their records are from each other."""
        rows = self._rows(f"""
            SELECT coalesce(service, "group") AS name, max(minute) AS last, count(DISTINCT minute) AS minutes, min(minute) AS first
            FROM lake.activity JOIN part_names USING (part)
            WHERE {self.mine} AND minute >= ? AND minute < ? GROUP BY ALL HAVING sum(records) > 0 ORDER BY last""")  # fmt: skip
        told = []
        for name, last, minutes, first in rows:
            usual = max(timedelta(minutes=1), (last - first) / max(1, minutes - 1))
            if self.end - last > max(_QUIET * usual, timedelta(minutes=10)):
                quiet, pause = (self.end - last) / timedelta(hours=1), usual / timedelta(minutes=1)
                told.append((name, both(last, zone), f"{quiet:,.1f} h", f"{pause:,.1f} min"))
        return Table(("Source", "Last record", "Quiet for", "Usual pause"), tuple(told[:_ROWS]))
