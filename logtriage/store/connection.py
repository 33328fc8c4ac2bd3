"""DuckDB as it is used here: in memory, without reach, without the optimizers that a store would mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_MISLED = ("statistics_propagation", "top_n_window_elimination")  # the other one cannot be without the first


def connect(threads: int | None = None, *, trusting: bool = False) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB whose times are UTC and that reaches nothing outside what it is given.

    `trusting`: it loads extensions without checking DuckDB's signature of the whole file, which takes .09 s each.
    """
    import _duckdb as duckdb  # the package `duckdb` hands it on, and takes as long again to do so

    # Python's variables are no tables; and to look for them, DuckDB calls Python, where it drops a Ctrl-C that comes then.
    con = duckdb.connect(config={"allow_unsigned_extensions": trusting, "python_enable_replacements": False})
    con.execute("SET TimeZone = 'UTC'; SET autoinstall_known_extensions = false; SET memory_limit = '600MB'")
    # The system keeps files as well: nothing is slower without DuckDB's own cache.
    con.execute("SET enable_external_file_cache = false")
    if threads:
        con.execute(f"SET threads = {threads}")
    do_without(con)
    return con


def do_without(con: duckdb.DuckDBPyConnection, *optimizers: str) -> None:
    """Has DuckDB do without some of its optimizers (on all connections to this database), and always without the one that
    believes what DuckLake says of whole tables: where a group of a file's rows has no value in a column, the file is
    without bounds there, and the next commit's bounds become those of the table, so that older records were not found.
    """
    con.execute(f"SET disabled_optimizers = '{','.join((*_MISLED, *optimizers))}'")
