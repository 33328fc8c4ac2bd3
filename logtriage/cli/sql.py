"""`logtriage sql QUERY`: read-only SQL on the store's views."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.open_store import opened
from logtriage.cli.options import Parser, add_output, add_usual
from logtriage.cli.session import Session
from logtriage.coverage import counted
from logtriage.errors import UsageError
from logtriage.kept import replacing

if TYPE_CHECKING:
    from logtriage.store.store import Store

EXAMPLES = """\
  logtriage sql "SELECT service, level, count(*) FROM records GROUP BY ALL ORDER BY ALL"
  logtriage sql "SELECT * FROM hits WHERE category = 'memory' ORDER BY timestamp"
  logtriage sql --output parquet errors.parquet "FROM records WHERE level = 'error'"
  logtriage sql --from app.log --from nginx/ "SUMMARIZE records"
  logtriage sql "DESCRIBE records"            its columns

the views are records, sources, hits (of the pattern library), templates, and shapes (texts whose values are masked);
part_names and named_shapes are what --show-sql joins them by
"""
_OUTPUTS = ("table", "csv", "jsonl", "parquet")


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "sql",
        "Asks the store in DuckDB's SQL. It can read the store's views, and nothing else.\n"
        "Exit code: 0 there are rows, 1 there are none, 2 an error.",
        EXAMPLES,
    )
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
    add_output(made, _OUTPUTS)
    made.add_argument("--show-sql", action="store_true", help="print the SQL that runs")
    add_usual(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 1 where there are no rows; 2 for an error."""
    session = Session.of(parser().parse_intermixed_args(argv))
    args = session.args
    file = _file(args)
    from logtriage.answers.statement import shut
    from logtriage.store.lock import reading

    text = sys.stdin.read() if args.query[-1] == "-" else args.query[-1]
    with opened(session, args.sources or [], piped=False) as (store, parts), reading(store.path):
        shut(store, parts)
        rows, has_times = _print(session, store, text, file)
    session.say(counted(rows, "row") + ("; times are UTC" if has_times else ""))
    return 2 if session.errors else 0 if rows else 1


def _file(args: argparse.Namespace) -> Path | None:
    """Where a Parquet file is to go, which may be named before or behind the query; it is taken from `query`. UsageError."""
    parquet = args.output == "parquet"
    if parquet and len(args.query) == 2 and _is_statement(args.query[0]) and not _is_statement(args.query[1]):
        args.query.reverse()
    if len(args.query) != 1 + parquet:
        told = "--output parquet needs a file and a query" if parquet else "give the query as one argument"
        raise UsageError(f"sql: {told}", "`logtriage sql --help` has examples")
    return Path(args.query[0]) if parquet else None


def _is_statement(text: str) -> bool:
    return text == "-" or len(text.split()) > 1


def _print(session: Session, store: Store, text: str, file: Path | None) -> tuple[int, bool]:
    """Prints or writes the rows; gives how many, and whether there are times among them."""
    import _duckdb as duckdb

    from logtriage.answers.statement import checked, names_of, print_rows, write_parquet, wrong
    from logtriage.output import table

    statement = checked(store.con, text)
    if session.args.show_sql:
        session.say(statement)
    kind = session.args.output
    try:
        result = store.con.execute(statement)
        has_times = any(str(column[1]).startswith("TIMESTAMP") for column in result.description or ())
        if file:
            with replacing(file, private=False) as out:
                return write_parquet(result, out), has_times
        if kind != "table":
            return print_rows(result, kind, sys.stdout), has_times
        names, rows = names_of(result), result.fetchall()
        if names:
            print(table(names, rows))
        return len(rows), has_times
    except duckdb.Error as why:
        raise wrong(why) from why
