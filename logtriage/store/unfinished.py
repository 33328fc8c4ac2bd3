"""A catalog whose making was cut off, as by a kill during the very first ingest: who only reads cannot use it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote


def is_unfinished(catalog: Path, tables: int) -> bool:
    """Whether a catalog has fewer than so many tables, or none of DuckLake's own. Not to be asked while it is open: SQLite
    would let go of DuckDB's locks on it."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(catalog))}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT count(*) FROM ducklake_table WHERE end_snapshot IS NULL").fetchone()[0]
    except sqlite3.OperationalError as why:
        return "no such table" in str(why)
    except sqlite3.DatabaseError:  # no catalog at all, or a damaged one
        return False
    return int(found) < tables
