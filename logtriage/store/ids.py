"""Trace, span and request ids: the texts are kept once, in `lake.ids`, and records have their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage.layouts import one
from logtriage.store import frame, grams

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

COLUMNS = dict(zip(frame.IDS, ("trace", "span", "request"), strict=True))


class Ids:
    """Numbers the ids of one commit after the other."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        """`con` sees the store as the database `lake`."""
        self._last = con.execute("SELECT coalesce(max(id), 0) FROM lake.ids").fetchall()[0][0]

    def write(self, con: duckdb.DuckDBPyConnection, rows: pa.Table) -> pa.Table:
        """Adds the ids of records, in the order in which they come first; gives the records with numbers in place of texts."""
        import pyarrow as pa
        import pyarrow.compute as pc

        kinds = [name for name in COLUMNS if rows[name].null_count < len(rows)]
        numbers = dict.fromkeys(COLUMNS, pa.nulls(len(rows), pa.int64()))
        if kinds:
            first = self._last + 1
            # All ids of a record side by side: those that are wanted together should lie together.
            every = _side_by_side([one(rows[name]) for name in kinds]).dictionary_encode()
            counted = pc.add(every.indices.cast(pa.int64()), first)
            places = pc.multiply(pa.arange(0, len(rows)), len(kinds))
            numbers |= {name: counted.take(pc.add(places, k)) for k, name in enumerate(kinds)}
            self._last += len(every.dictionary)
            con.register("new_ids", pa.table({"id": pa.arange(first, self._last + 1), "text": every.dictionary}))
            con.execute("INSERT INTO lake.ids FROM new_ids")
            grams.write_ids(con, every.dictionary, first)
        for name, column in COLUMNS.items():
            rows = rows.drop_columns(name).append_column(column, numbers[name])
        return rows


def _side_by_side(columns: Sequence[pa.Array]) -> pa.Array:
    """The first value of each column, the second of each, …"""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(columns) == 1:
        return columns[0]
    every = pa.arange(0, len(columns) * len(columns[0]))
    rows = pc.divide(every, len(columns))
    within = pc.subtract(every, pc.multiply(rows, len(columns)))
    return pa.concat_arrays(columns).take(pc.add(pc.multiply(within, len(columns[0])), rows))
