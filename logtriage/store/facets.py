"""Which values the records of a part and a shape have in the columns that hold few: their flags, and where they come from;
and how long their longest runs of letters and digits are (`run`, see shape.py), which tells what a search cannot find there.

Most often all records of a shape in a part are alike in these, so a filter by them is answered from this small table and
`lake.activity`; only where they differ are the records looked at. A row stays when the last record like it is gone: then
the table tells of more than there is, never of less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

NAMES = ("flags", "service", "host", "container", "pod", "namespace", "run")
# So many different values are told of a part, shape and name at most; beyond, there is one row that says `many`.
_MOST = 100
_REMEMBERED = 50_000
_ROWS = "part, shape, name, value, many"


def of_records(relation: str) -> str:
    """SELECT: the rows of `lake.facets` for records (SQL of a relation)."""
    names = ", ".join(NAMES)
    values = ", ".join(f"{name}::VARCHAR" for name in NAMES)
    few = f"SELECT DISTINCT part, shape, {names} FROM {relation}"
    return told(
        f"(SELECT part, shape, unnest([{', '.join(f'{name!r}' for name in NAMES)}]) AS name, unnest([{values}]) AS value, "
        f"false AS many FROM ({few}))"
    )


def told(relation: str) -> str:
    """SELECT: rows of that table (SQL of a relation), each once."""
    same = "WINDOW same AS (PARTITION BY part, shape, name)"
    return (
        "SELECT DISTINCT part, shape, name, CASE WHEN NOT too_many THEN value END AS value, too_many AS many FROM ("
        f"SELECT *, bool_or(many) OVER same OR count(*) OVER same > {_MOST} AS too_many "
        f"FROM (SELECT DISTINCT {_ROWS} FROM {relation}) {same})"
    )


class Facets:
    """What one process has written to `lake.facets`, so that it writes little twice."""

    def __init__(self) -> None:
        self._written: set[tuple[Any, ...]] = set()
        self._new: list[tuple[Any, ...]] = []

    def write(self, con: duckdb.DuckDBPyConnection) -> None:
        """Adds what the rows of `pending` bring; `committed` is to be called when they are."""
        import pyarrow as pa

        rows = con.execute(of_records("pending")).fetchall()
        self._new = [row for row in rows if row not in self._written]
        if self._new:
            columns = zip(_ROWS.split(", "), map(list, zip(*self._new, strict=True)), strict=True)
            con.register("new_facets", pa.table(dict(columns)))
            con.execute("INSERT INTO lake.facets BY NAME FROM new_facets ORDER BY name, part, shape")

    def committed(self) -> None:
        """What was written is in the store for good."""
        if len(self._written) > _REMEMBERED:
            self._written.clear()
        self._written.update(self._new)
        self._new = []
