"""What an ingest has read → the store's tables, in one transaction."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logtriage.sql import among
from logtriage.store import grams
from logtriage.store.connection import do_without
from logtriage.store.cutting import ORDER
from logtriage.store.facets import Facets
from logtriage.store.ids import Ids
from logtriage.store.mined import Templates, write_templates
from logtriage.store.parts import Changes
from logtriage.store.shape import Shape
from logtriage.store.store import INLINE, Store

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_COLUMNS = (
    'part, "offset", line, lines, timestamp, nanos, stamp, observed, observed_nanos, observed_stamp, severity_number, '
    "severity_text, chain, shape, flags, service, host, container, pod, namespace, trace, span, request, frame, body, exact"
)

_MOST_INLINE = 1 << 20  # bytes of log: the catalog would have to be read whole for each record of few long ones


@dataclass(slots=True)
class Waiting:
    """What waits to be committed: Arrow tables of records and hits, hashes of the grams in each part's records (see
    bitmaps.py), new shapes by number, new formats and renderings with their numbers, what was noted of the parts, the
    offset in a part from which its records are taken back, and the parts that get records or lose some."""

    rows: list[pa.Table] = field(default_factory=list)
    hits: list[pa.Table] = field(default_factory=list)
    grams: dict[int, list[pa.UInt32Array]] = field(default_factory=lambda: defaultdict(list))
    shapes: dict[int, Shape] = field(default_factory=dict)
    formats: list[tuple[str | int, ...]] = field(default_factory=list)
    renderings: list[tuple[str | int, ...]] = field(default_factory=list)
    parts: Changes = field(default_factory=Changes)
    dropped: dict[int, int] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    bytes: int = 0


def write(store: Store, waiting: Waiting, ids: Ids, templates: Templates, facets: Facets) -> None:
    """Commits what waits. Raises StoreError, and nothing is written, where it cannot be."""
    import pyarrow as pa

    con = store.con.cursor()
    do_without(con, "build_side_probe_side", "join_order")
    try:
        with store.transaction(con, waiting.touched):
            if waiting.dropped:
                _drop_tails(con, waiting.dropped)
            for table, values in (("formats", waiting.formats), ("renderings", waiting.renderings)):
                for value in values:
                    con.execute(f"INSERT INTO lake.{table} VALUES ({', '.join('?' * len(value))})", list(value))
            if waiting.rows:
                con.register("pending_hits", pa.concat_tables(waiting.hits, promote_options="permissive"))
                with _in_files(con) if waiting.bytes > _MOST_INLINE else contextlib.nullcontext():
                    rows = _in_order(ids.write(con, _taken(waiting.rows)))
                    con.register("pending", rows)
                    _write_records(con)
                _write_shapes(con, waiting.shapes, templates)
                facets.write(con)
                grams.write(con, rows, waiting.grams, {row["part"]: row["offset"] for row in waiting.parts.progress})
            _write_parts(con, waiting.parts)
        facets.committed()
    finally:
        con.close()


def _taken(tables: list[pa.Table]) -> pa.Table:
    """Tables as one. They are taken out of the list, so that their memory is free when they are in order."""
    import pyarrow as pa

    joined = pa.concat_tables(tables, promote_options="permissive")
    tables.clear()
    return joined


def _in_order(rows: pa.Table) -> pa.Table:
    """Records in the order that cutting.py tells. Arrow moves each row once, where DuckDB's sort takes twice the time; DuckDB
    keeps the order."""
    import pyarrow.compute as pc

    return rows.take(pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in ("chain", *ORDER)]))


def _write_parts(con: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """All at once, as each statement costs milliseconds however little it writes."""
    import pyarrow as pa

    for table, rows in (("parts", changes.added), ("progress", changes.progress)):
        if rows:
            con.register("noted", pa.Table.from_pylist(rows))
            con.execute(f"INSERT INTO lake.{table} BY NAME FROM noted")
    if changes.renamed:
        con.register("renamed", pa.Table.from_pylist(changes.renamed))
        names = ("source", "path", "head_length", "head_sha256")
        con.execute(
            f"UPDATE lake.parts SET {', '.join(f'{name} = r.{name}' for name in names)} FROM renamed AS r WHERE parts.part = r.part"
        )


def _drop_tails(con: duckdb.DuckDBPyConnection, dropped: Mapping[int, int]) -> None:
    """Takes back the last records of earlier runs: they were read again, with what was written to the file since."""
    import pyarrow as pa

    con.register("dropped", pa.table({"part": list(dropped), "offset": list(dropped.values())}))
    some = " OR ".join(f'(part = {part} AND "offset" >= {offset})' for part, offset in dropped.items())
    where = f'{among("part", dropped)} AND "offset" >= {min(dropped.values())} AND ({some})'
    con.execute(
        "INSERT INTO lake.activity SELECT date_trunc('minute', timestamp), part, shape, severity_number, -count(*) "
        f"FROM lake.records WHERE {where} GROUP BY ALL"
    )
    con.execute(f"DELETE FROM lake.records WHERE {where}")
    con.execute(f"DELETE FROM lake.hits WHERE {where}")
    con.execute(
        'UPDATE lake.grams SET last = d."offset" - 1 FROM dropped AS d WHERE grams.part = d.part AND last >= d."offset"'
    )


def _write_shapes(con: duckdb.DuckDBPyConnection, shapes: dict[int, Shape], templates: Templates) -> None:
    import pyarrow as pa

    if shapes:
        texts = {
            name: pa.array([getattr(s, name) for s in shapes.values()], pa.large_string()) for name in Shape._fields
        }
        con.register("new_shapes", pa.table({"shape": list(shapes), **texts}))
        con.execute(
            "INSERT INTO lake.shapes SELECT n.shape, n.text, n.wording, min(timestamp) "
            "FROM pending AS p JOIN new_shapes AS n USING (shape) GROUP BY ALL"
        )
        write_templates(con, templates, shapes)


@contextlib.contextmanager
def _in_files(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Inserts go into files of their own, however few rows they are."""
    con.execute("CALL lake.set_option('data_inlining_row_limit', 0)")
    yield
    con.execute(f"CALL lake.set_option('data_inlining_row_limit', {INLINE})")


def _write_records(con: duckdb.DuckDBPyConnection) -> None:
    """Records, hits and activity."""
    con.execute(f"INSERT INTO lake.records SELECT {_COLUMNS} FROM pending")
    con.execute("INSERT INTO lake.hits BY NAME FROM pending_hits ORDER BY pattern, timestamp")
    con.execute(
        "INSERT INTO lake.activity SELECT date_trunc('minute', timestamp), part, shape, severity_number, count(*) FROM pending GROUP BY ALL"
    )
