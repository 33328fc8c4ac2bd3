"""Where a store's rows lie, and what the catalog tells of each place: in Parquet files, and few new ones in the catalog itself.
So a search opens those files alone that may hold something, without DuckLake, which takes 10 ms to find that out at each
mention of a table.
"""

from __future__ import annotations

import glob
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from logtriage.sql import literal
from logtriage.stamps.epoch import microseconds

if TYPE_CHECKING:
    import duckdb

META = "__ducklake_metadata_lake"
ROW = "file_row_number"  # the column of a row's place in its file
_COLUMNS = ("part", "offset", "shape", "trace", "span", "request", "id", "timestamp")
Range = tuple[int, int]  # from the first up to the last
Placed = tuple[str, dict[str, list[int]]]  # a file's name below the store's folder, and its ends
_NONE = (1, 0)
ANYWHERE = (-(1 << 63), (1 << 63) - 1)


@dataclass(frozen=True, eq=False)
class File:
    """A file, and between which values those of some whole-numbered columns (times as microseconds of 1970) lie; of columns that
    are null there is none. `gone`: the places of rows that are no longer part of the table. `table`: the one beside the store
    that has the rows kept in the catalog; that is no file."""

    path: str
    ends: dict[str, Range]
    gone: frozenset[int] = frozenset()
    table: str | None = None

    def may_hold(self, column: str, ranges: Sequence[Range]) -> bool:
        """May a value of a column lie in one of some ranges?"""
        if column not in self.ends:
            return False
        least, most = self.ends[column]
        return any(first <= most and last >= least for first, last in ranges)


def load(con: duckdb.DuckDBPyConnection, name: str) -> list[File] | None:
    """The files of all rows of a table, as a snapshot sees it. None where DuckDB would take their names for globs."""
    ((table, now),) = con.execute(
        f"SELECT table_id, snapshot FROM {META}.ducklake_table, (FROM lake.current_snapshot()) AS now(snapshot) "
        f"WHERE table_name = {literal(name)} AND end_snapshot IS NULL"
    ).fetchall()
    listed = con.execute(f"SELECT data_file, delete_file FROM ducklake_list_files('lake', {literal(name)})").fetchall()
    if any(glob.has_magic(path) for path, _ in listed):
        return None
    ends: dict[str, dict[str, Range]] = {}
    for path, column, values, least, most in con.execute(
        "SELECT path, column_name, s.value_count, min_value, max_value "
        f"FROM {META}.ducklake_data_file AS f JOIN {META}.ducklake_file_column_stats AS s USING (data_file_id) "
        f"JOIN {META}.ducklake_column AS c ON c.table_id = {table} AND c.column_id = s.column_id "
        f"WHERE f.table_id = {table} AND column_name IN {_COLUMNS}"
    ).fetchall():
        of_file = ends.setdefault(PurePath(path).name, {})
        if values:  # of some columns it is not told what they are
            known = least is not None
            of_file[column] = (_whole(column, least), _whole(column, most)) if known else ANYWHERE
    if len(ends) < len(listed):
        return None
    gone = _gone(con, table, now)
    for path, removed in listed:
        if removed:  # a file that names the places of rows
            rows = con.execute(f"SELECT pos FROM read_parquet({literal(removed)})").fetchall()
            gone[PurePath(path).name] += [row for (row,) in rows]
    names = [(path, PurePath(path).name) for path, _ in listed]
    files = [File(path, ends[name], frozenset(gone[name])) for path, name in names]
    return [*files, *_inlined(con, name, table, now)]


def _gone(con: duckdb.DuckDBPyConnection, table: int, now: int) -> dict[str, list[int]]:
    """The places of removed rows in each file, as far as the catalog itself has them."""
    import _duckdb as duckdb

    found: dict[str, list[int]] = defaultdict(list)
    try:
        rows = con.execute(
            f"SELECT path, row_id FROM {META}.ducklake_inlined_delete_{table} AS gone "
            f"JOIN {META}.ducklake_data_file ON data_file_id = file_id WHERE gone.begin_snapshot <= {now}"
        ).fetchall()
    except duckdb.CatalogException:  # there never were any
        return found
    for path, row in rows:
        found[PurePath(path).name].append(row)
    return found


def _inlined(con: duckdb.DuckDBPyConnection, name: str, table: int, now: int) -> list[File]:
    """The rows that are kept in the catalog, put beside the store, as DuckLake would read them."""
    inlined = f"SELECT table_name FROM {META}.ducklake_inlined_data_tables WHERE table_id = {table}"
    found = []
    for (rows,) in con.execute(inlined).fetchall():
        seen = f"FROM {META}.{rows} WHERE begin_snapshot <= {now} AND coalesce(end_snapshot > {now}, true)"
        if con.execute(f"{seen} LIMIT 1").fetchall():
            found.append(_beside(con, name, f"inlined_{rows}", seen))
    return found


def _beside(con: duckdb.DuckDBPyConnection, name: str, here: str, kept: str) -> File:
    """Makes a temp table `here` of rows that the catalog keeps of a table (SQL behind SELECT)."""
    columns = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        f"WHERE database_name = 'lake' AND table_name = {literal(name)} ORDER BY column_index"
    ).fetchall()
    told = ", ".join(f'"{column}"::{kind} AS "{column}"' for column, kind in columns)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {here} AS SELECT {told}, '{here}' AS filename, row_id AS {ROW} {kept}")
    whole = [column for column, _ in columns if column in _COLUMNS]
    ends = ", ".join(f'min("{column}"), max("{column}")' for column in whole)
    (values,) = con.execute(f"SELECT {ends} FROM {here}").fetchall()
    pairs = zip(whole, values[::2], values[1::2], strict=True)
    held = {column: (_number(least), _number(most)) for column, least, most in pairs if least is not None}
    return File(here, held, table=here)


def _whole(column: str, text: str) -> int:
    return microseconds(datetime.fromisoformat(text)) if column == "timestamp" else int(text)


def _number(value: int | datetime) -> int:
    return microseconds(value) if isinstance(value, datetime) else value


def bounded(
    con: duckdb.DuckDBPyConnection, files: Sequence[File] | None, before: Sequence[File] | None
) -> list[File] | None:
    """The files with the ends that the catalog does not tell, as themselves tell them: it knows none of a column where one of
    a file's row groups has no value. `before`: files of which that was done."""
    if files is None:
        return None
    known = {file.path: file.ends for file in before or ()}
    new = [file.path for file in files if file.path not in known and not file.table and ANYWHERE in file.ends.values()]
    found: dict[str, dict[str, list[Range]]] = {path: defaultdict(list) for path in new}
    named = ", ".join(map(literal, new))
    for path, column, least, most, is_empty in con.execute(
        "SELECT file_name, path_in_schema, stats_min_value, stats_max_value, stats_null_count IS NOT DISTINCT FROM num_values "
        f"FROM parquet_metadata([{named}]) WHERE path_in_schema IN {_COLUMNS}"
    ).fetchall() if new else ():  # fmt: skip
        if not is_empty:
            is_told = least is not None and most is not None
            found[path][column].append((_whole(column, least), _whole(column, most)) if is_told else ANYWHERE)
    told = known | {
        path: {column: (min(ranges)[0], max(most for _, most in ranges)) for column, ranges in of_file.items()}
        for path, of_file in found.items()
    }
    return [replace(file, ends=told.get(file.path, file.ends)) for file in files]


def told(files: Sequence[File] | None, store: Path) -> list[Placed] | None:
    """The files of a store's folder, as JSON can keep them; None where that does not tell all that lies there."""
    data = _data(store)
    if files is None or not all(file.path.startswith(data) and not file.gone and not file.table for file in files):
        return None
    return [
        (file.path.removeprefix(data), {column: list(ends) for column, ends in file.ends.items()}) for file in files
    ]


def untold(placed: Sequence[Placed] | None, store: Path) -> list[File] | None:
    """These files again."""
    data = _data(store)
    if placed is None or glob.has_magic(data):
        return None
    return [
        File(data + name, {column: (least, most) for column, (least, most) in ends.items()}) for name, ends in placed
    ]


def _data(store: Path) -> str:
    """What the paths of all files of a store begin with."""
    return f"{store / 'data'}/"


def holding(files: Sequence[File], column: str, values: Sequence[int]) -> list[File]:
    """Those that may hold one of some values (in order) of a column."""
    found = []
    for file in files:
        least, most = file.ends.get(column, _NONE)
        at = bisect_left(values, least)
        if at < len(values) and values[at] <= most:
            found.append(file)
    return found


def reading(files: Sequence[File]) -> str:
    """SQL of a relation: the rows in some files (one at least), with `filename` and ROW."""
    told = [f"SELECT * FROM {file.table}" for file in files if file.table]
    for some in ([file for file in files if not file.gone], [file for file in files if file.gone]):
        if named := ", ".join(literal(file.path) for file in some if not file.table):
            gone = ", ".join(literal(f"{row} {file.path}") for file in some for row in sorted(file.gone))
            left = f" WHERE {ROW} || ' ' || filename NOT IN ({gone})" if gone else ""
            told.append(f"SELECT *, filename, {ROW} FROM read_parquet([{named}], hive_partitioning = false){left}")
    return f"({' UNION ALL BY NAME '.join(told)})"
