"""`logtriage sql QUERY`: read-only SQL on the store's views."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logtriage.cli.opened import opened
from logtriage.cli.options import Parser, add_display, add_general, add_reading
from logtriage.cli.session import Session
from logtriage.coverage import counted
from logtriage.errors import UsageError

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.store import Store

EXAMPLES = """\
  logtriage sql "SELECT service, level, count(*) FROM records GROUP BY ALL ORDER BY ALL"
  logtriage sql "SELECT * FROM hits WHERE category = 'memory' ORDER BY timestamp"
  logtriage sql --output parquet errors.parquet "FROM records WHERE level = 'error'"
  logtriage sql --from app.log --from nginx/ "SUMMARIZE records"
  logtriage sql "DESCRIBE records"            the columns; the views are records, sources, hits and shapes
"""
# Statements that only read, by DuckDB's own names for them.
_READING = {"SELECT", "EXPLAIN", "RELATION"}
_OUTPUTS = ("table", "csv", "jsonl", "parquet")


def parser() -> Parser:
    """The command's arguments."""
    made = Parser("sql", "Asks the store in DuckDB's SQL. It can read the store's views, and nothing else.", EXAMPLES)
    made.add_argument(
        "query",
        nargs="+",
        metavar="[FILE] QUERY",
        help="the statement; - reads it from standard input; FILE only with --output parquet",
    )
    made.add_argument(
        "--from",
        dest="sources",
        metavar="SOURCE",
        action="append",
        help="only these logs; the store is brought up to date with them first",
    )
    made.add_argument("--no-store", action="store_true", help="with --from: read them into a store that is thrown away")
    made.add_argument(
        "--output", choices=_OUTPUTS, default="table", metavar="KIND", help="table, csv, jsonl or parquet"
    )
    made.add_argument("--json", action="store_const", const="jsonl", dest="output", help="the same as --output jsonl")
    made.add_argument("--show-sql", action="store_true", help="print the SQL that runs")
    add_reading(made)
    add_display(made)
    add_general(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 1 where there are no rows; 2 for an error."""
    session = Session.of(parser().parse_intermixed_args(argv))
    args = session.args
    words = 2 if args.output == "parquet" else 1
    if len(args.query) != words:
        raise UsageError(
            "sql: " + ("--output parquet needs a file and a query" if words == 2 else "give the query as one argument"),
            "logtriage sql --help",
        )
    text = sys.stdin.read() if args.query[-1] == "-" else args.query[-1]
    with opened(session, args.sources or []) as (store, parts):
        _only(store, parts)
        rows = _print(session, store, text)
    session.say(counted(rows, "row"))
    return 2 if session.errors else 0 if rows else 1


def _only(store: Store, parts: tuple[int, ...] | None) -> None:
    """Makes the views, of some parts only where there are any given, and shuts everything else."""
    from logtriage.store.views import create

    create(store)
    con = store.con
    if parts is not None:
        wanted = ", ".join(map(str, parts)) or "NULL"
        con.execute(f"DELETE FROM part_names WHERE part NOT IN ({wanted})")
    con.execute("SET allow_community_extensions = false; SET autoload_known_extensions = false")
    con.execute(f"SET allowed_directories = ['{str(store.path).replace(chr(39), chr(39) * 2)}/']")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def checked(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """The one statement in the text, if it only reads. Raises UsageError."""
    import duckdb

    try:
        statements = con.extract_statements(text)
    except duckdb.Error as why:
        raise UsageError(f"sql: {_first_line(why)}") from why
    if len(statements) != 1:
        raise UsageError("sql: give one statement" if statements else "sql: there is no statement")
    if statements[0].type.name not in _READING:
        raise UsageError(
            f"sql: a {statements[0].type.name} statement may change something",
            "SELECT, FROM, DESCRIBE, SUMMARIZE and EXPLAIN are allowed",
        )
    return statements[0].query


def _print(session: Session, store: Store, text: str) -> int:
    import duckdb

    statement = checked(store.con, text)
    if session.args.show_sql:
        session.say(statement)
    try:
        result = store.con.execute(statement)
        if session.args.output == "parquet":
            return _parquet(result, Path(session.args.query[0]))
        names = [column[0] for column in result.description or ()]
        return _rows(session, names, result)
    except duckdb.Error as why:
        raise UsageError(f"sql: {_first_line(why)}", _more(why)) from why


def _rows(session: Session, names: list[str], result: duckdb.DuckDBPyConnection) -> int:
    from logtriage.output import csv_row, table

    kind = session.args.output
    if kind == "table":
        rows = result.fetchall()
        if names:
            print(table(names, rows))
        return len(rows)
    total = 0
    if kind == "csv":
        print(csv_row(names))
    while batch := result.fetchmany(10_000):
        for row in batch:
            print(csv_row(row) if kind == "csv" else _json(names, row))
        total += len(batch)
    return total


def _json(names: list[str], row: tuple[Any, ...]) -> str:
    import json

    return json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return (
        value.isoformat()
        if hasattr(value, "isoformat")
        else value.decode("utf-8", "replace")
        if isinstance(value, bytes)
        else str(value)
    )


def _parquet(result: duckdb.DuckDBPyConnection, path: Path) -> int:
    import pyarrow.parquet as pq

    reader = result.to_arrow_reader(100_000)
    total = 0
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            total += batch.num_rows
    return total


def _first_line(why: Exception) -> str:
    return str(why).strip().splitlines()[0]


def _more(why: Exception) -> str | None:
    """DuckDB's own hints: candidate names, and where in the statement."""
    rest = [line for line in str(why).strip().splitlines()[1:] if line.strip() and not line.startswith("LINE")]
    return rest[0].strip() if rest else None
