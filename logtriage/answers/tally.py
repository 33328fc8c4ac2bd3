"""How many records a query finds, and when: from `lake.activity` as far as it knows, else from the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from logtriage.query.condition import Condition, joined, stored
from logtriage.query.fetch import all_of, planned_for
from logtriage.query.minutes import counted
from logtriage.query.plan import plan
from logtriage.query.planned import Plan
from logtriage.query.query import Query
from logtriage.query.sums import sums
from logtriage.query.walk import Key, done, rows, windows
from logtriage.query.weight import mean_size
from logtriage.query.windows import MOST, Pace, documents_at_once
from logtriage.store.snapshot import Snapshot, snapshot_of
from logtriage.store.store import Store

_MOST_PROVED = 4 * MOST  # records that are looked at by one statement where columns prove hits
_UNSETTLED = timedelta(minutes=10)  # so far behind the last one there may be records still to come
_MINUTE, _TICK = timedelta(minutes=1), timedelta(microseconds=1)
# (minute or None, severity number or None) → records
_Minutes = Counter[tuple[datetime | None, int | None]]


def count(store: Store | Snapshot, query: Query) -> int:
    """How many records the query finds; `limit` and `tail` are kept to."""
    with snapshot_of(store) as snapshot:
        found = sum(_minutes(snapshot, query).values())
        return min([found, *(n for n in (query.limit, query.tail) if n is not None)])


class Known(NamedTuple):
    """How many records older than `until`, or without time, a query found, and how many the store had then: as long as it has
    as many, only later ones are to be counted."""

    query: Query
    found: int
    until: datetime
    records: int


class Counted(NamedTuple):
    """So many are found by now, `share` (0 to 1) of what is to be looked at being done; all: what is `known` then."""

    found: int
    share: float
    known: Known | None = None


def counting(snapshot: Snapshot, query: Query, known: Known | None = None) -> Iterator[Counted]:
    """How many records the query finds, as one goes through them; the last answer is that of all. `known`: what an earlier
    count of this or any query found, of which is used what still holds."""
    found: _Minutes = Counter()
    until = snapshot.minutes and snapshot.minutes[1] - _UNSETTLED
    before, rest = 0, [query]
    if known and known.query == query and _older(snapshot, known.until) == known.records:
        before, rest = known.found, _from(query, known.until.replace(tzinfo=UTC))
        until = max(until or known.until, known.until)
    for one in rest:
        for share in _gathered(snapshot, one, found):
            yield Counted(before + sum(found.values()), share)
    if until:
        older = before + sum(n for (minute, _), n in found.items() if minute is None or minute < until)
        known = Known(query, older, until, _older(snapshot, until))
    yield Counted(before + sum(found.values()), 1.0, known)


def _older(snapshot: Snapshot, moment: datetime) -> int:
    """How many records are older than a moment (UTC, a whole minute) or have no time."""
    sql = "SELECT coalesce(sum(records), 0)::BIGINT FROM lake.activity WHERE minute < ? OR minute IS NULL"
    return int(snapshot.con.execute(sql, [moment]).fetchall()[0][0])


def _from(query: Query, moment: datetime) -> list[Query]:
    """What a query finds from a moment on, if it may find anything."""
    if query.until and query.until < moment:
        return []
    return [replace(query, since=max(query.since, moment) if query.since else moment)]


def rank(store: Store | Snapshot, query: Query, place: Key) -> tuple[int | None, int]:
    """How many records the query finds up to a place in time order, what is there included (None: it has no time), and in
    all."""
    with snapshot_of(store) as snapshot:
        whole = replace(query, limit=None, tail=None, order="time")
        minutes = _minutes(snapshot, whole)
        total = sum(minutes.values())
        if place.timestamp is None:
            return None, total
        minute, moment = _floor(place.timestamp), place.timestamp.replace(tzinfo=UTC)
        later = sum(n for (at, _), n in minutes.items() if at is not None and at > minute)
        last = (minute + _MINUTE - _TICK).replace(tzinfo=UTC)
        last = min(last, whole.until) if whole.until else last
        if moment < last:
            later += sum(_minutes(snapshot, replace(whole, since=moment + _TICK, until=last)).values())
        same = plan(snapshot, replace(whole, since=moment, until=moment))
        later += sum(1 for _ in rows(snapshot, same, ("part",), None, edge=place))
        return total - later, total


def _floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _minutes(snapshot: Snapshot, query: Query) -> _Minutes:
    """How many records each minute has of each level."""
    found: _Minutes = Counter()
    for _ in _gathered(snapshot, query, found):
        pass
    return found


def _gathered(snapshot: Snapshot, query: Query, found: _Minutes) -> Iterator[float]:
    """Adds that to `found`, and tells now and then which share of it is done."""
    query = replace(query, limit=None, tail=None, order="time")
    whole, rest = _split(query)
    todo = plan(snapshot, whole or query)
    if whole is None or not todo.rolled or (sure := _sure(todo)) is None:
        yield from _from_records(snapshot, plan(snapshot, query), found)
        return
    where, parameters = joined([sure, *counted(replace(todo, shapes=None))])
    sql = f"SELECT minute, severity_number, sum(records)::BIGINT FROM lake.activity WHERE {where} GROUP BY ALL"
    for minute, severity, n in snapshot.con.execute(sql, parameters).fetchall():
        found[minute, severity] += n
    for edge in rest:
        for _ in _from_records(snapshot, plan(snapshot, edge), found):
            pass
    if todo.check is not None:
        yield 0.0
        yield from _from_records(snapshot, todo.only_open(), found)


def _sure(todo: Plan) -> Condition | None:
    """What holds of the shapes all records of which are hits; None: there are too many to name."""
    if todo.check is None:
        return todo.shapes or Condition("true")
    assert todo.narrowed is not None
    return todo.narrowed.certain() if todo.narrowed.sure else Condition("false")


def _split(query: Query) -> tuple[Query | None, list[Query]]:
    """A query over the whole minutes between its bounds, and those over what is left at either end."""
    since = stored(query.since) if query.since else None
    until = stored(query.until) if query.until else None
    first = _floor(since + _MINUTE - _TICK) if since else None
    last = _floor(until + _TICK) - _TICK if until else None
    if first and last and first > last:
        return None, [query]
    rest = [replace(query, since=since, until=first - _TICK)] if since and first and since < first else []
    rest += [replace(query, since=last + _TICK, until=until)] if until and last and last < until else []
    return replace(query, since=first, until=last), rest


def _from_records(snapshot: Snapshot, todo: Plan, found: _Minutes) -> Iterator[float]:
    """The same from the records themselves."""
    dear = todo.query.needs_attributes
    size = mean_size(snapshot) if dear else 0.0
    pace = Pace(MOST // 2, filtered=todo.filtered and documents_at_once(size) is None, dear=dear, size=size)
    columns = ("date_trunc('minute', timestamp)", "severity_number")
    if todo.proven is not None:
        yield from _proved(snapshot, todo, found)
        return
    if todo.ways and todo.check is not None and (hits := all_of(snapshot, todo, columns, MOST)) is not None:
        found.update(hits)
        return
    for window in windows(snapshot, todo, pace):
        some = planned_for(snapshot, todo, columns, window)
        if todo.check is None:
            result = snapshot.con.execute(*some.select((*columns, "count(*)"), window, tail=" GROUP BY ALL")).fetchall()
            for minute, severity, n in result:
                found[minute, severity] += n
        else:
            found.update(some.decided(iter(snapshot.con.execute(*some.select(columns, window)).fetchall())))
        yield done(snapshot, todo, window)


def _proved(snapshot: Snapshot, todo: Plan, found: _Minutes) -> Iterator[float]:
    """The same where few texts have to be put together."""
    minute = "date_trunc('minute', timestamp)"
    for window in windows(snapshot, todo, Pace(_MOST_PROVED, filtered=True)):
        proved, left = sums(snapshot, todo, (f"{minute} AS minute", "severity_number"), window)
        for moment, severity, n, *_ in proved:
            found[moment, severity] += n
        if left:
            rows = snapshot.con.execute(*left.select((minute, "severity_number"), window)).fetchall()
            found.update(left.decided(iter(rows)))
        yield done(snapshot, todo, window)
