"""Sessions → a score each, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from logtriage.query.query import Query
from logtriage.sessions.habits import learn
from logtriage.sessions.key import Key
from logtriage.sessions.oddities import find
from logtriage.sessions.reasons import Oddity, reason
from logtriage.sessions.steps import Gathered, gather
from logtriage.sessions.threshold import reachable, threshold
from logtriage.sql import literal
from logtriage.stamps.epoch import moment
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store

if TYPE_CHECKING:
    import duckdb

# Bits up to which a kind of oddity may always be usual: what 5 % of the sessions do; steps that run side by side come in
# another order in some. From there the threshold is searched.
_USUAL = {"missing": 4.3, "number": 4.3, "new": 4.3, "order": 5.0, "slow": 3.3}
# What is odd by itself is odd unless so many have it: an end that is missing from less than a fifth of the sessions, an
# error in less than an eighth.
_FIXED = {"end": 2.4, "error": 3.0}
_MOST = 0.2  # the share of sessions from which on something is how they are, and no oddity
_REASONS = 8  # told of one session
_FETCH = 1_000


class Session(NamedTuple):
    """One session; from 1 on its score makes it anomalous. `first`, `last`: UTC without saying so, None without times."""

    session: str
    score: float
    anomalous: bool
    reasons: list[str]
    first: datetime | None
    last: datetime | None
    records: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: `cut` sessions lack what may lie outside of the window; `everywhere`: what so many sessions have
    that it says nothing of one (kinds as in `oddities`)."""

    snapshot: Snapshot
    gathered: Gathered
    anomalous: int
    cut: int
    everywhere: tuple[str, ...]

    @property
    def sources(self) -> int:
        """How many sources the store has."""
        return len({part.source for part in self.snapshot.catalog.parts})

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """From when to when sessions could be seen (UTC)."""
        return _moment(self.gathered.start), _moment(self.gathered.end)

    def sessions(self, *, anomalous: bool = False, limit: int | None = None) -> Iterator[Session]:
        """The sessions, the oddest first; only the `anomalous` ones, at most `limit`."""
        con = self.snapshot.con
        texts = _texts(con)
        result = con.execute(
            "SELECT session, coalesce(floor(score * 100) / 100, 0.0), first, last, records, why "
            f"FROM sessions JOIN names USING (id) {'' if anomalous else 'LEFT'} JOIN "
            f"(FROM scores {'WHERE score >= 1' if anomalous else ''}) USING (id) LEFT JOIN "
            "(SELECT id, list((what, template, other, value, usual) ORDER BY score DESC, what, template) AS why "
            "FROM weighed WHERE score >= 1 GROUP BY id) USING (id) "
            f"ORDER BY coalesce(score, 0) DESC, len(why) DESC, session {'' if limit is None else f'LIMIT {limit}'}"
        )
        while rows := result.fetchmany(_FETCH):
            yield from (_session(row, texts) for row in rows)


@contextmanager
def judged(store: Store, query: Query, key: Key) -> Iterator[Verdict]:
    """Gathers the sessions of the records that a query finds, and compares them. What does not fit into memory lies in
    a folder of its own that is gone afterwards."""
    with TemporaryDirectory(prefix="logtriage-") as room, Snapshot(store) as snapshot:
        con = snapshot.con
        con.execute(f"SET temp_directory = {literal(room)}")
        gathered = gather(snapshot, query, key)
        learn(con, gathered)
        find(con, gathered)
        everywhere = _weigh(con, gathered.sessions)
        anomalous = con.execute("SELECT count(*) FROM scores WHERE score >= 1").fetchall()[0][0]
        cut = con.execute("SELECT count(*) FROM cuts").fetchall()[0][0]
        yield Verdict(snapshot, gathered, anomalous, cut, everywhere)


def _weigh(con: duckdb.DuckDBPyConnection, sessions: int) -> tuple[str, ...]:
    """Fills the temp tables `weighed` (oddities with their score) and `scores` (id, score); gives what was left out."""
    limits, left_out = {what: reachable(bits, sessions) for what, bits in _FIXED.items()}, []
    for what, usual in _USUAL.items():
        scores = con.execute(
            "SELECT bits, count(*) FROM (SELECT max(bits) AS bits FROM oddities WHERE what = ? GROUP BY id) GROUP BY bits",
            [what],
        ).fetchall()
        limits[what] = threshold(scores, sessions, usual)
        if sum(n for bits, n in scores if bits >= limits[what]) > max(1, sessions * _MOST):
            left_out.append(what)
            del limits[what]
    rows = ", ".join(f"('{what}', {limit!r})" for what, limit in limits.items())
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE weighed AS
        SELECT o.*, bits / threshold AS score FROM oddities AS o JOIN (VALUES {rows}) AS w (what, threshold) USING (what)""")
    con.execute("CREATE OR REPLACE TEMP TABLE scores AS SELECT id, max(score) AS score FROM weighed GROUP BY id")
    return tuple(left_out)


def _session(row: tuple[Any, ...], texts: dict[int, str]) -> Session:
    name, score, first, last, records, why = row
    reasons = [reason(Oddity._make(odd), texts) for odd in (why or ())[:_REASONS]]
    if why and len(why) > _REASONS:
        reasons.append(f"{len(why) - _REASONS:,} more")
    return Session(name, score, score >= 1, list(dict.fromkeys(reasons)), _moment(first), _moment(last), records)


def _texts(con: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """The texts of the templates that reasons name."""
    return dict(
        con.execute(
            "WITH used AS (SELECT unnest([template, other]) AS template FROM weighed WHERE score >= 1) "
            "FROM texts SEMI JOIN used USING (template)"
        ).fetchall()
    )


def _moment(nanoseconds: int | None) -> datetime | None:
    return None if nanoseconds is None else moment(nanoseconds // 1000)
