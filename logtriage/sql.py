"""What goes into SQL: text where it cannot be a parameter, and Arrow tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MOST_SCANNED = 24  # numbers that are named one by one where each is held against every record


def asked(con: duckdb.DuckDBPyConnection, sql: str, **tables: pa.Table) -> pa.Table:
    """What a statement gives that knows Arrow tables by these names; the connection holds none of them afterwards."""
    for name, table in tables.items():
        con.register(name, table)
    try:
        return con.execute(sql).to_arrow_table()
    finally:
        for name in tables:
            con.unregister(name)


def literal(text: str) -> str:
    """A string as an SQL literal, its quotes and what is in it."""
    quoted = "'" + text.replace("'", "''") + "'"
    return (
        quoted if "\0" not in text else "(" + quoted.replace("\0", "' || chr(0) || '") + ")"
    )  # a NUL ends a statement


def at_place(values: Sequence[str | None]) -> str:
    """SQL: of some texts the one that a number `place` counts, from 0; of a single one, itself."""
    told = [literal(value) if value else "NULL" for value in values]
    return told[0] if len(set(told)) == 1 else f"[{', '.join(told)}][place + 1]"


def settled(text: str) -> str:
    """SQL of a text that is dear to make, for a column of a subquery. It is made once there: what is random (here of a NULL
    that stays one) keeps the planner from putting it into each place of a condition that names the column."""
    return f"coalesce({text}, CASE WHEN random() < 0 THEN '' END)"


def among(column: str, numbers: Iterable[int]) -> str:
    """SQL: is a column one of some numbers?"""
    named = ", ".join(map(str, numbers))
    return f"{column} IN ({named})" if named else "false"


def scanned(column: str, numbers: Iterable[int]) -> str:
    """SQL: is a column one of some few numbers? Written so that DuckDB's scan passes over what has others, which it does
    not with IN."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " OR ".join(f"{column} BETWEEN {first} AND {last}" for first, last in runs) or "false"
