"""What a store holds as a whole: its sources by name, how much was not understood, how far each was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from logtriage.answers.search import Answer
from logtriage.query.field import names_in
from logtriage.query.query import Query
from logtriage.sql import among
from logtriage.store.catalog import PartRow
from logtriage.store.pieces import facets
from logtriage.store.snapshot import Snapshot
from logtriage.store.views import others

_SAMPLED = 200  # records whose fields are looked at


def records(snapshot: Snapshot, parts: Sequence[int] | None = None) -> int:
    """How many records these parts (None: all) have."""
    sql = f"SELECT coalesce(sum(records), 0)::BIGINT FROM lake.activity WHERE {_among(parts)}"
    return int(snapshot.con.execute(sql).fetchall()[0][0])


def not_understood(snapshot: Snapshot, parts: Sequence[int] | None = None) -> int:
    """How many records of these parts (None: all) no format was found for."""
    numbers = ", ".join(str(n) for n, (name, _) in snapshot.catalog.formats.items() if name == "plain")
    if not numbers:
        return 0
    sql = f"SELECT count(*) FROM lake.records WHERE format IN ({numbers}) AND {_among(parts)}"
    return int(snapshot.con.execute(sql).fetchall()[0][0])


def parts_named(parts: Sequence[PartRow], name: str) -> tuple[int, ...]:
    """The parts that a name means: a source's newest part, else all of a rotated set, else all that a glob fits."""
    return (
        tuple(part.part for part in parts if part.source == name)[-1:]
        or tuple(part.part for part in parts if part.group == name)
        or tuple(part.part for part in parts if _fits(part, name))
    )


def known(snapshot: Snapshot, query: Query, column: str) -> set[str]:
    """All that a store's records tell in a column that says where they come from: `source`, `service`, `container` …; for
    `field`, the names of the attributes of the first records that fulfil a query but for its own `fields`."""
    if column == "field":
        first = Answer(snapshot, replace(query, fields=(), tail=None, limit=_SAMPLED))
        return {name for (told,) in first.tuples("attributes") for name in names_in(told or "{}")}
    if column == "source":
        return {name for part in snapshot.catalog.parts for name in (part.source, part.group)}
    sql = f"SELECT DISTINCT {column} FROM ({facets(column)}) WHERE {column} IS NOT NULL"
    return {name for (name,) in snapshot.con.execute(sql).fetchall()}


def _among(parts: Sequence[int] | None) -> str:
    return "true" if parts is None else among("part", parts)


def _fits(part: PartRow, glob: str) -> bool:
    return any(fnmatchcase(name, each) for name in (part.source, part.group) for each in (glob, f"*/{glob}"))


def sources(snapshot: Snapshot) -> list[tuple[Any, ...]]:
    """Each part: source, records, bytes read, first and last time (UTC, naive; or None), names of its formats."""
    return snapshot.con.execute(
        'SELECT source, records, "offset", first_timestamp, last_timestamp, '
        f"array_to_string(formats, ' ') FROM ({others()['sources']}) ORDER BY source, part"
    ).fetchall()
