"""The Parquet files that a store's records lie in, and what the catalog tells of each: so a search opens those alone that may
hold something, without DuckLake, which takes 10 ms to find that out at each mention of a table.
"""

from __future__ import annotations

import glob
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING

from logtriage.sql import literal

if TYPE_CHECKING:
    import duckdb

_META = "__ducklake_metadata_lake"
ROW = "file_row_number"  # the column of a record's place in its file
_COLUMNS = ("part", "offset", "shape", "trace", "span", "request", "id", "timestamp")
Range = tuple[int, int]  # from the first up to the last
_EPOCH = datetime(1970, 1, 1)
_NONE = (1, 0)
_ANY = (-(1 << 63), (1 << 63) - 1)


@dataclass(frozen=True, eq=False)
class File:
    """A file, and between which values those of some whole-numbered columns (times as microseconds of 1970) lie; of columns that are null there is none."""

    path: str
    ends: dict[str, Range]

    def may_hold(self, column: str, ranges: Sequence[Range]) -> bool:
        """May a value of a column lie in one of some ranges?"""
        if column not in self.ends:
            return False
        least, most = self.ends[column]
        return any(first <= most and last >= least for first, last in ranges)


def load(con: duckdb.DuckDBPyConnection, name: str) -> list[File] | None:
    """The files of all rows of a table. None where some lie elsewhere too (few new ones are kept in the catalog), or were
    removed from a file."""
    import duckdb

    table = con.execute(
        f"SELECT table_id FROM {_META}.ducklake_table WHERE table_name = {literal(name)} AND end_snapshot IS NULL"
    ).fetchall()[0][0]
    try:
        deleted = f"{_META}.ducklake_inlined_delete_{table} JOIN {_META}.ducklake_data_file ON data_file_id = file_id"
        if con.execute(f"FROM {deleted} WHERE end_snapshot IS NULL LIMIT 1").fetchall():
            return None
    except duckdb.CatalogException:  # there never were any
        pass
    inlined = f"SELECT table_name FROM {_META}.ducklake_inlined_data_tables WHERE table_id = {table}"
    for (rows,) in con.execute(inlined).fetchall():
        if con.execute(f"FROM {_META}.{rows} WHERE end_snapshot IS NULL LIMIT 1").fetchall():
            return None
    listed = con.execute(f"SELECT data_file, delete_file FROM ducklake_list_files('lake', {literal(name)})").fetchall()
    if any(deleted or glob.has_magic(path) for path, deleted in listed):
        return None
    ends: dict[str, dict[str, Range]] = {}
    for path, column, values, least, most in con.execute(
        "SELECT path, column_name, s.value_count, min_value, max_value "
        f"FROM {_META}.ducklake_data_file AS f JOIN {_META}.ducklake_file_column_stats AS s USING (data_file_id) "
        f"JOIN {_META}.ducklake_column AS c ON c.table_id = {table} AND c.column_id = s.column_id "
        f"WHERE f.table_id = {table} AND column_name IN {_COLUMNS}"
    ).fetchall():
        of_file = ends.setdefault(PurePath(path).name, {})
        if values:  # of some columns it is not told what they are
            known = least is not None
            of_file[column] = (_whole(column, least), _whole(column, most)) if known else _ANY
    return [File(path, ends[PurePath(path).name]) for path, _ in listed] if len(ends) >= len(listed) else None


def _whole(column: str, text: str) -> int:
    return microseconds(datetime.fromisoformat(text)) if column == "timestamp" else int(text)


def microseconds(moment: datetime) -> int:
    """A moment of the store as a whole number: microseconds of 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


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
    """SQL of a relation: the rows in some files."""
    return f"read_parquet([{', '.join(literal(file.path) for file in files)}], hive_partitioning = false)"
