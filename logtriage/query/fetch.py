"""Fetches hits of a plan where few have to be put together: what they are made of is held beside the store, and their ids are
looked up by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from logtriage.query.condition import Condition
from logtriage.query.places import placed
from logtriage.query.planned import Needed, Plan
from logtriage.query.query import TIME_ORDER
from logtriage.query.way import Way, within
from logtriage.query.windows import documents_at_once
from logtriage.store.files import holding, reading
from logtriage.store.pieces import restored

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.catalog import Catalog
    from logtriage.store.snapshot import Snapshot

_FETCH = 1_000
_HELD = 64 << 20  # bytes of the pieces of hits that are put together at once
_FEW = 1_000  # ids that are looked up by name
_FEW_FORMATS = 8  # are planned for as soon as it is told which of them there are
_MANY_FORMATS = 40  # are never told at once where that can be helped
FEW_OF_MANY = 2_048  # records whose attributes are told at once where formats are many: few of these are among them
_PICKED = "picked"  # the temp table, and what a plan calls the rows that it picks


class Side(NamedTuple):
    """Some of the hits on one side of a place: which those are, in what order, and how many of them."""

    where: Condition
    order: str
    limit: int


def fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """Its rows, some at a time."""
    while batch := result.fetchmany(_FETCH):
        yield from batch


def all_of(
    snapshot: Snapshot,
    todo: Plan,
    columns: Sequence[str],
    most: int,
    order: str = "",
    window: Sequence[Condition] = (),
) -> Iterator[tuple[Any, ...]] | None:
    """All hits in a window, if at most `most` records pass the weak tests of a plan; None: more, or no room to hold them."""
    if not todo.filtered or not snapshot.has_room():
        return None
    todo, needed = _closer(snapshot, todo, window), todo.needed(columns, order)
    # what passes several tests is there several times: to find that out all would have to be held
    picked, parameters, known = todo.picked(needed, window, "UNION ALL")
    snapshot.execute(f"CREATE OR REPLACE TEMP TABLE gathered AS FROM ({picked}) LIMIT {most + 1}", parameters)
    pieces = "coalesce(strlen(frame), 0) + coalesce(strlen(body), 0) + coalesce(octet_length(exact), 0)"
    passed, size = snapshot.execute(f"SELECT count(*), sum({pieces}) FROM gathered").fetchall()[0]
    if passed > most or (size or 0) > _HELD:
        return None
    if not passed:
        return iter(())
    few = documents_at_once(size / passed) or (FEW_OF_MANY if has_many_formats(todo) else passed)
    if "attributes" in needed.columns and few < passed:
        return _by_slices(snapshot, todo, needed, known, order, few)
    snapshot.execute("CREATE OR REPLACE TEMP TABLE picked AS SELECT DISTINCT * FROM gathered")
    return _told(snapshot, todo, needed, known, order)


def _by_slices(
    snapshot: Snapshot, todo: Plan, needed: Needed, known: str, order: str, size: int
) -> Iterator[tuple[Any, ...]]:
    """The hits among the rows of the temp table `gathered`, of so many at a time."""
    place = f"row_number() OVER ({f'ORDER BY {order}' if order else ''}) AS place"
    every = f"SELECT *, {place} FROM (SELECT DISTINCT * FROM gathered)"
    snapshot.execute(f"CREATE OR REPLACE TEMP TABLE gathered AS {every}")
    rows = snapshot.execute("SELECT count(*) FROM gathered").fetchall()[0][0]
    for first in range(1, rows + 1, size):
        some = f"(SELECT * EXCLUDE place FROM gathered WHERE place BETWEEN {first} AND {first + size - 1})"
        yield from _told(snapshot, todo, needed, known.replace(_PICKED, some), order, some)


def has_many_formats(todo: Plan) -> bool:
    """Are there so many formats that to tell the attributes of all at once may take more memory than there is?"""
    return len(todo.catalog.formats) > _MANY_FORMATS


def planned_for(snapshot: Snapshot, todo: Plan, columns: Sequence[str], window: Sequence[Condition]) -> Plan:
    """The same plan for a window alone. Where attributes are told, and the store has many formats, it is planned for those that
    records in the window have: to plan for all takes seconds, and memory."""
    formats = todo.catalog.formats
    if len(formats) <= _FEW_FORMATS or "attributes" not in todo.needed(columns).columns:
        return todo
    there = snapshot.execute(*todo.formats_in(window)).fetchall()
    return replace(todo, catalog=_with(todo.catalog, there))


def _closer(snapshot: Snapshot, todo: Plan, window: Sequence[Condition]) -> Plan:
    """The same plan for a window alone: what passes a test that DuckDB's scan does not make by itself is told by its places."""
    wide = [way for way in todo.ways if way.wide and way.files is not None]
    if not wide:
        return todo
    others = [way for way in todo.ways if way not in wide]
    return replace(todo, ways=[*others, *placed(snapshot, within(wide, window), window)] or [Way("false")])


def firsts_of(
    snapshot: Snapshot, todo: Plan, columns: Sequence[str], window: Sequence[Condition], limit: int
) -> tuple[Iterator[tuple[Any, ...]], dict[int, int]]:
    """The hits in a window among the first records of each part, at most so many of one, that may be hits; in order. And how
    many of each part there are that may be."""
    order = todo.query.order_by()
    needed = todo.needed(columns, order)
    candidates, parameters, known = _in_files(snapshot, todo).picked(needed, window, more=("part", "offset"))
    # an aggregate holds no more than those, whatever the window has
    firsts = f"min_by(one, ({', '.join(TIME_ORDER)}), {limit})"
    each = f"SELECT count(*) AS among, {firsts} AS every FROM ({candidates}) AS one GROUP BY part"
    picked = f"SELECT unnest(one), among FROM (SELECT unnest(every) AS one, among FROM ({each}))"
    snapshot.execute(f"CREATE OR REPLACE TEMP TABLE picked AS {picked}", parameters)
    among = dict(snapshot.execute("SELECT DISTINCT part, among FROM picked").fetchall())
    return (_told(snapshot, todo, needed, known, order) if among else iter(())), among


def _told(
    snapshot: Snapshot, todo: Plan, needed: Needed, known: str, order: str, rows: str = _PICKED
) -> Iterator[tuple[Any, ...]]:
    """The hits among some rows: those of the temp table `picked`, or of another relation."""
    sql = f"SELECT {needed.named} FROM ({_whole(snapshot, todo, known, needed.columns, rows)}) WHERE {needed.where}"
    return todo.decided(fetched(snapshot.execute(f"{sql}{f' ORDER BY {order}' if order else ''}", needed.parameters)))


def place_of(
    snapshot: Snapshot, todo: Plan, window: Sequence[Condition], order: str, number: int
) -> tuple[Any, ...] | None:
    """The place (TIME_ORDER) of the record of that number, from 1 on, among those in a window that pass the weak tests of a plan;
    None: there are fewer. Those that pass several count for several."""
    picked, parameters, _ = todo.picked(todo.needed(TIME_ORDER), window, "UNION ALL")
    sql = f"SELECT {', '.join(TIME_ORDER)} FROM ({picked}) ORDER BY {order} LIMIT 1 OFFSET {number - 1}"
    rows = snapshot.execute(sql, parameters).fetchall()
    return rows[0] if rows else None


def first_of(
    snapshot: Snapshot, todo: Plan, columns: Sequence[str], window: Sequence[Condition], order: str, limit: int
) -> list[tuple[Any, ...]]:
    """The first hits in a window, of a plan that needs no text to know them."""
    needed = todo.needed(columns, order)
    if not needed.texts:
        return snapshot.execute(*todo.select(columns, window, order=order, limit=limit)).fetchall()
    picked, parameters, known = _in_files(snapshot, todo).picked(needed, window)
    kept = snapshot.execute(
        f"CREATE OR REPLACE TEMP TABLE picked AS {picked} ORDER BY {order} LIMIT {limit}", parameters
    )
    if not kept.fetchall()[0][0]:  # the window may lie behind the end of the logs
        return []
    whole = _whole(snapshot, todo, known, needed.columns)
    return snapshot.execute(f"SELECT {', '.join(columns)} FROM ({whole}) ORDER BY {order}").fetchall()


def beside(
    snapshot: Snapshot, todo: Plan, columns: Sequence[str], window: Sequence[Condition], sides: Sequence[Side]
) -> list[tuple[Any, ...]]:
    """The first hits of each side in a window, of a plan that needs no text to know them, in the order of the last
    side. The window is looked at once and held as a whole, so it must be small."""
    needed = todo.needed(columns, *(side.order for side in sides))
    picked, parameters, known = _in_files(snapshot, todo).picked(needed, window)
    snapshot.execute(f"CREATE OR REPLACE TEMP TABLE held AS {picked}", parameters)
    each = [f"(FROM held WHERE {side.where.sql} ORDER BY {side.order} LIMIT {side.limit})" for side in sides]
    values = [value for side in sides for value in side.where.parameters]
    snapshot.execute(f"CREATE OR REPLACE TEMP TABLE picked AS {' UNION ALL '.join(each)}", values)
    whole = _whole(snapshot, todo, known, needed.columns)
    return snapshot.execute(f"SELECT {', '.join(columns)} FROM ({whole}) ORDER BY {sides[-1].order}").fetchall()


def _in_files(snapshot: Snapshot, todo: Plan) -> Plan:
    """The same plan; it names the files that all records lie in, where they do, as DuckLake takes 10 ms to look them up."""
    if todo.ways or snapshot.files is None:
        return todo
    return replace(todo, ways=[Way(todo.shapes.sql if todo.shapes else "true", tuple(snapshot.files))])


def _whole(snapshot: Snapshot, todo: Plan, known: str, wanted: set[str], rows: str = _PICKED) -> str:
    """SELECT: some rows (a relation; `known`: with the names of where they are from) with their texts."""
    every = f"SELECT DISTINCT unnest([trace, span, request]) FROM {rows}"
    ids = [n for (n,) in snapshot.execute(f"{every} LIMIT {_FEW + 2}").fetchall() if n is not None]
    near = f"SELECT id, text FROM {_texts_of(snapshot, ids) if len(ids) <= _FEW else f'lake.ids WHERE id IN ({every})'}"
    whole = restored(_of(snapshot, todo.catalog, wanted, rows), known, "near", wanted)
    return f"WITH near AS MATERIALIZED ({near}) {whole}"


def _of(snapshot: Snapshot, catalog: Catalog, wanted: set[str], rows: str) -> Catalog:
    """What some rows need of a catalog: to plan for all formats of a store takes seconds."""
    sql = f"SELECT DISTINCT stamp, observed_stamp FROM {rows}"
    printed = {number for row in snapshot.execute(sql).fetchall() for number in row}
    if "attributes" in wanted:
        catalog = _with(catalog, snapshot.execute(f"SELECT DISTINCT format_number FROM {rows}").fetchall())
    return replace(catalog, renderings=tuple(one for one in catalog.renderings if one[0] in printed))


def _with(catalog: Catalog, formats: Iterable[tuple[Any, ...]]) -> Catalog:
    """A catalog with these of its formats (rows of their numbers)."""
    return replace(
        catalog, formats={number: catalog.formats[number] for (number,) in formats if number in catalog.formats}
    )


def _texts_of(snapshot: Snapshot, ids: Iterable[int]) -> str:
    """SQL: the rows of some few ids."""
    named = sorted(ids)
    files = snapshot.id_files
    among = holding(files or (), "id", named)
    relation = "lake.ids" if files is None else reading(among) if among else "(SELECT 0::BIGINT AS id, '' AS text)"
    return f"{relation} WHERE id IN ({', '.join(map(str, named)) or 'NULL'})"
