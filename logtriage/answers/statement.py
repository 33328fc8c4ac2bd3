"""One SQL statement of a person's own on a store: that it only reads, that it reaches nothing else, and its rows as files."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, TextIO

from logtriage.errors import LogtriageError, UsageError, unreadable
from logtriage.output import csv_row, harmless
from logtriage.query.windows import documents_at_once
from logtriage.sql import among

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.store import Store

# Statements that only read, by DuckDB's own names for them.
_READING = {"SELECT", "EXPLAIN", "RELATION"}
_BATCH = 10_000
OUTPUTS = ("csv", "jsonl", "parquet")


def shut(store: Store, parts: tuple[int, ...] | None) -> None:
    """Makes the views (see views.py), of some parts only where there are any given, and shuts everything else. Where
    documents are long, one thread answers: each holds what it has parsed."""
    from logtriage.store.views import create

    create(store)
    con = store.con
    if parts is not None:
        con.execute(f"DELETE FROM part_names WHERE NOT ({among('part', parts)})")
    if documents_at_once(_mean(con)) is not None:
        con.execute("SET threads = 1")
    con.execute("SET allow_community_extensions = false; SET autoload_known_extensions = false")
    con.execute(f"SET allowed_directories = ['{str(store.path).replace(chr(39), chr(39) * 2)}/']")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def _mean(con: duckdb.DuckDBPyConnection) -> float:
    """How many bytes a record has, on average."""
    ends = 'SELECT max("offset") AS reached FROM lake.progress GROUP BY part'
    sql = f"SELECT (SELECT sum(reached) FROM ({ends})) / sum(records) FROM lake.activity"
    return con.execute(sql).fetchall()[0][0] or 0.0


def checked(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """The one statement in the text, if it only reads. Raises UsageError."""
    import _duckdb as duckdb

    try:
        statements = con.extract_statements(text)
    except duckdb.Error as why:
        raise wrong(why) from why
    if len(statements) != 1:
        raise UsageError("sql: give one statement" if statements else "sql: there is no statement")
    if statements[0].type.name not in _READING:
        raise UsageError(
            f"sql: a {statements[0].type.name} statement may change something",
            "SELECT, FROM, DESCRIBE, SUMMARIZE and EXPLAIN are allowed",
        )
    return statements[0].query


def names_of(result: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of a result's columns."""
    return [column[0] for column in result.description or ()]


def print_rows(result: duckdb.DuckDBPyConnection, kind: str, out: TextIO) -> int:
    """Prints a result as `csv` or `jsonl`, however large it is; gives how many rows."""
    names, total, terminal = names_of(result), 0, out.isatty()
    if kind == "csv":
        print(harmless(csv_row(names)) if terminal else csv_row(names), file=out)
    while batch := result.fetchmany(_BATCH):
        for row in batch:
            line = csv_row(row) if kind == "csv" else _json(names, row)
            print(harmless(line) if terminal else line, file=out)
        total += len(batch)
    return total


def write_parquet(result: duckdb.DuckDBPyConnection, file: IO[bytes]) -> int:
    """Writes a result as Parquet, however large it is; gives how many rows."""
    import pyarrow.parquet as pq

    reader = result.to_arrow_reader(100_000)
    total = 0
    with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            total += batch.num_rows
    return total


def wrong(why: Exception) -> LogtriageError:
    """What DuckDB says of a statement: its first line, and as the hint what it would rather have, and where."""
    if error := unreadable(why):
        return error
    first, *rest = str(why).strip().splitlines()
    told = [line.strip() for line in rest if line.strip(" ^") and not line.startswith("LINE")]
    return UsageError(f"sql: {first}", told[0] if told else None)


def _json(names: list[str], row: tuple[Any, ...]) -> str:
    return json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return (
        value.isoformat()
        if hasattr(value, "isoformat")
        else value.decode("utf-8", "replace")
        if isinstance(value, bytes)
        else str(value)
    )
