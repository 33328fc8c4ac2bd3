"""One record in full, with what is known of it: its bytes, attributes, signatures, template, and what stands beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from logtriage.answers import glance
from logtriage.answers.glance import Glance, at_time
from logtriage.answers.search import COLUMNS, Row
from logtriage.formats import attributes
from logtriage.formats.clean import first_line
from logtriage.formats.levels import level_sql
from logtriage.query.condition import Condition
from logtriage.query.plan import plan
from logtriage.query.query import Query
from logtriage.query.walk import Key, rows
from logtriage.store.snapshot import Snapshot


class Hit(NamedTuple):
    """A signature found in a record, and what it caught of it."""

    pattern: str
    category: str
    level: str | None
    captures: dict[str, str]


class Template(NamedTuple):
    """A template: its number as in `records`, its text, its records in the whole store, when it was first seen (UTC)."""

    number: str
    text: str
    records: int
    first_seen: datetime | None


class Detail(NamedTuple):
    """A record, the exact bytes of it, its attributes as logged, its signatures and its template."""

    row: Row
    data: bytes
    attributes: dict[str, Any]
    hits: tuple[Hit, ...]
    template: Template | None


def detail(snapshot: Snapshot, place: Key, shape: int | None = None) -> Detail | None:
    """All of the record at a place; None if there is none. Its `shape`, if known, makes it quick to find."""
    timed = place.timestamp is not None
    query = Query(
        parts=(place.part,), since=place.timestamp, until=place.timestamp, order="time" if timed else "source"
    )
    todo = plan(snapshot, query)
    itself = [Condition(f'"offset" = {place.offset}'), *([Condition(f"shape = {shape}")] if shape is not None else [])]
    todo = replace(todo, plain=[*todo.plain, *itself])
    before = None if timed else place._replace(offset=place.offset - 1)
    found = next(rows(snapshot, todo, (*COLUMNS, "bytes", "format_number"), 1, edge=before), None)
    if found is None:
        return None
    row = Row._make(found[:-2])
    told = _attributes(snapshot, row.raw, found[-1])
    return Detail(row, bytes(found[-2]), told, _hits(snapshot, row), _template(snapshot, row))


def nearby(snapshot: Snapshot, row: Row, within: timedelta, parts: tuple[int, ...] | None, most: int) -> list[Glance]:
    """The records of all other sources (of these parts; None: all) within a time of one, the nearest `most` before it
    and as many after it, in time order."""
    if row.timestamp is None:
        return []
    among = parts if parts is not None else tuple(one.part for one in snapshot.catalog.parts)
    others = tuple(part for part in among if part != row.part)
    if not others:
        return []
    early = Query(parts=others, since=row.timestamp - within, until=row.timestamp)
    late = Query(parts=others, since=row.timestamp, until=row.timestamp + within)
    here = at_time(row.timestamp)
    return glance.earlier(snapshot, early, here, most).rows + glance.later(snapshot, late, here, most).rows


def _hits(snapshot: Snapshot, row: Row) -> tuple[Hit, ...]:
    """Its signatures, those that know most (the most captures) first."""
    if not row.flags:
        return ()
    when = "timestamp = ?" if row.timestamp else "?::TIMESTAMP IS NULL"
    found = snapshot.con.execute(
        f"SELECT pattern, category, {level_sql('severity_number')}, captures FROM lake.hits "
        f'WHERE part = ? AND "offset" = ? AND {when} ORDER BY pattern',
        [row.part, row.offset, row.timestamp],
    ).fetchall()
    hits = [Hit(pattern, category, level, _filled(captures)) for pattern, category, level, captures in found]
    return tuple(sorted(hits, key=lambda hit: (hit.pattern.startswith("generic."), -len(hit.captures))))


def _filled(captures: dict[str, str | None] | None) -> dict[str, str]:
    return {name: value for name, value in (captures or {}).items() if value}


def _template(snapshot: Snapshot, row: Row) -> Template | None:
    """From the rollup: a template's records are those of its shapes."""
    found = snapshot.con.execute(
        """SELECT any_value(text), coalesce(sum(records), 0)::BIGINT, min(minute)
           FROM (SELECT shape, text FROM lake.mined JOIN lake.templates USING (template)
                 WHERE template = (SELECT any_value(template) FROM lake.mined WHERE shape = ?))
           JOIN lake.activity USING (shape)""",
        [row.shape],
    ).fetchall()
    text, records, first = found[0]
    return Template(row.template, text, records, first) if text is not None else None


def _attributes(snapshot: Snapshot, raw: str, number: int) -> dict[str, Any]:
    """The attributes, as the view has them; it plans for all formats, which takes much longer than for this one."""
    nodes = snapshot.catalog.formats[number][1]
    told = attributes.attributes(nodes, "t", flat=False)
    sql = f"SELECT {told} FROM (SELECT {first_line(nodes, 'raw')} AS t FROM (SELECT ?::VARCHAR AS raw))"
    text = snapshot.con.execute(sql, [raw]).fetchall()[0][0]
    try:
        made = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return made if isinstance(made, dict) else {}
