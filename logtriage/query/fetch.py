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
from logtriage.store.files import holding, reading
from logtriage.store.pieces import restored

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.catalog import Catalog
    from logtriage.store.snapshot import Snapshot

_FETCH = 1_000
_HELD = 64 << 20  # bytes of the pieces of hits that are put together at once
_FEW = 1_000  # ids that are looked up by name
_ALL_IDS = "SELECT DISTINCT unnest([trace, span, request]) FROM picked"


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
    if not todo.ways or not snapshot.has_room():
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
    snapshot.execute("CREATE OR REPLACE TEMP TABLE picked AS SELECT DISTINCT * FROM gathered")
    return _told(snapshot, todo, needed, known, order)


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


def _told(snapshot: Snapshot, todo: Plan, needed: Needed, known: str, order: str) -> Iterator[tuple[Any, ...]]:
    """The hits among the rows of the temp table `picked`."""
    sql = f"SELECT {needed.named} FROM ({_whole(snapshot, todo, known, needed.columns)}) WHERE {needed.where}"
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


def _whole(snapshot: Snapshot, todo: Plan, known: str, wanted: set[str]) -> str:
    """SELECT: the rows of the temp table `picked` with their texts."""
    ids = [n for (n,) in snapshot.execute(f"{_ALL_IDS} LIMIT {_FEW + 2}").fetchall() if n is not None]
    near = (
        f"SELECT id, text FROM {_texts_of(snapshot, ids) if len(ids) <= _FEW else f'lake.ids WHERE id IN ({_ALL_IDS})'}"
    )
    rows = restored(_of_picked(snapshot, todo.catalog, wanted), known, "near", wanted)
    return f"WITH near AS MATERIALIZED ({near}) {rows}"


def _of_picked(snapshot: Snapshot, catalog: Catalog, wanted: set[str]) -> Catalog:
    """What the rows of the temp table `picked` need of a catalog: to plan for all formats of a store takes seconds."""
    sql = "SELECT DISTINCT stamp, observed_stamp FROM picked"
    printed = {number for row in snapshot.execute(sql).fetchall() for number in row}
    formats = catalog.formats
    if "attributes" in wanted:
        said = snapshot.execute("SELECT DISTINCT format_number FROM picked").fetchall()
        formats = {number: formats[number] for (number,) in said if number in formats}
    renderings = tuple(one for one in catalog.renderings if one[0] in printed)
    return replace(catalog, formats=formats, renderings=renderings)


def _texts_of(snapshot: Snapshot, ids: Iterable[int]) -> str:
    """SQL: the rows of some few ids."""
    named = sorted(ids)
    files = snapshot.id_files
    among = holding(files or (), "id", named)
    relation = "lake.ids" if files is None else reading(among) if among else "(SELECT 0::BIGINT AS id, '' AS text)"
    return f"{relation} WHERE id IN ({', '.join(map(str, named)) or 'NULL'})"
