"""The gist of a store: the texts of its shapes, and how many records each part has of each, from when to when. It lies
beside the catalog as one small file, from which a search that shapes decide is answered without opening the database, and
with which it is opened sooner, as the small tables need not be read.

It holds for one snapshot of the store, which it names: after the next commit it is of no use. Whoever has written to the
store makes it anew at the end (distil.py), and who follows logs whenever nothing comes.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from logtriage.stamps.epoch import moment
from logtriage.store.place import CATALOG, VERSION

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.files import Placed

NAME = "gist.json"
_MOST = 8 << 20  # bytes: reading more would take as long as opening the database
_NEWEST = "SELECT snapshot_id, snapshot_time FROM ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1"


class SnapshotId(NamedTuple):
    """Which snapshot of a store: its number, and when it was made, as a store put back from a copy may have the number again."""

    number: int
    made: str


class Count(NamedTuple):
    """How many records a part has of one shape and severity number, and when the first and the last are from: microseconds
    of 1970 in UTC, or None of those without a time, which are counted apart."""

    part: int
    shape: int
    severity_number: int | None
    records: int
    first: int | None
    last: int | None


class Single(NamedTuple):
    """A record of a shape that leaves a search unsure: its time, whether its source begins with it, its text, and its bytes,
    one a character, where they are not that text's."""

    part: int
    shape: int
    severity_number: int | None
    time: int | None
    begins: bool
    raw: str
    exact: str | None


@dataclass(frozen=True, slots=True)
class Gist:
    """What is told of a store as it was at `snapshot`. `parts`, `formats`, `renderings`: the rows of these small tables (see
    catalog.SMALL). `span`: the first and the last minute that has a record. `shapes`: (number, text), without those that say
    nothing (see seams.ANY). `singles`: the records of some shapes, all that these have. `runs`, `reached`: see
    catalog.longest_runs and read_up_to. `files`, `id_files`: see files.told."""

    snapshot: SnapshotId
    parts: list[tuple[Any, ...]]
    formats: list[tuple[Any, ...]]
    renderings: list[tuple[Any, ...]]
    span: tuple[int | None, int | None]
    shapes: list[tuple[int, str]]
    counts: list[Count]
    singles: list[Single]
    runs: dict[tuple[int, int], int]
    reached: dict[int, int]
    files: list[Placed] | None
    id_files: list[Placed] | None

    @property
    def minutes(self) -> tuple[datetime, datetime] | None:
        """The span, as the store has times."""
        first, last = (moment(at) for at in self.span)
        return (first, last) if first and last else None

    @property
    def records(self) -> dict[tuple[int, int], int]:
        """(part, shape) → how many records."""
        told: Counter[tuple[int, int]] = Counter()
        for one in self.counts:
            told[one.part, one.shape] += one.records
        return dict(told)

    @property
    def ends(self) -> tuple[datetime | None, datetime | None]:
        """The span, as moments that know their zone; twice None where no record has a time."""
        first, last = self.minutes or (None, None)
        return first and first.replace(tzinfo=UTC), last and last.replace(tzinfo=UTC)


def read(folder: Path) -> Gist | None:
    """The gist of the store in a folder as that is now, told by its files alone; None where there is none, or only that of
    an earlier snapshot, or a damaged one."""
    return at(folder, _newest(folder)) if (folder / NAME).exists() else None


def of(con: duckdb.DuckDBPyConnection, folder: Path) -> Gist | None:
    """The same of a store that is open: what `con` sees."""
    return at(folder, snapshot_of(con)) if (folder / NAME).exists() else None


def snapshot_of(con: duckdb.DuckDBPyConnection) -> SnapshotId | None:
    """The snapshot that a connection to the store sees; None where it was given up meanwhile."""
    ((number,),) = con.execute("FROM lake.current_snapshot()").fetchall()
    made = f"SELECT snapshot_time FROM __ducklake_metadata_lake.ducklake_snapshot WHERE snapshot_id = {number}"
    rows = con.execute(made).fetchall()
    return SnapshotId(number, rows[0][0]) if rows else None


def at(folder: Path, snapshot: SnapshotId | None) -> Gist | None:
    """The gist in a store's folder, if it is of this snapshot."""
    if snapshot is None:
        return None
    try:
        with open(folder / NAME, encoding="utf-8") as file:
            version, of_snapshot, check = json.loads(file.readline())
            if version != VERSION or tuple(of_snapshot) != snapshot:
                return None
            body = file.read(_MOST + 1)
        return _told(snapshot, body) if zlib.crc32(body.encode()) == check else None
    except (OSError, ValueError, TypeError):
        return None


def write(folder: Path, told: Gist) -> None:
    """Puts it into its file, or none where it would be too large. Raises OSError."""
    from logtriage import kept  # who only reads does without

    runs = [[*lot, longest] for lot, longest in told.runs.items()]
    all_of_it = [
        told.parts, told.formats, told.renderings, told.span, told.shapes, told.counts, told.singles, runs,
        [*told.reached.items()], told.files, told.id_files,
    ]  # fmt: skip
    body = json.dumps(all_of_it, separators=(",", ":"))
    if len(body) > _MOST:
        (folder / NAME).unlink(missing_ok=True)
        return
    kept.write(folder / NAME, json.dumps([VERSION, told.snapshot, zlib.crc32(body.encode())]) + "\n" + body)


@lru_cache(maxsize=1)  # a search that it does not decide takes it up again
def _told(snapshot: SnapshotId, body: str) -> Gist:
    parts, formats, renderings, span, shapes, counts, singles, runs, reached, files, id_files = json.loads(body)
    return Gist(
        snapshot,
        list(map(tuple, parts)),
        list(map(tuple, formats)),
        list(map(tuple, renderings)),
        tuple(span),
        list(map(tuple, shapes)),
        list(map(Count._make, counts)),
        list(map(Single._make, singles)),
        {(part, shape): longest for part, shape, longest in runs},
        dict(reached),
        files,
        id_files,
    )


def _newest(folder: Path) -> SnapshotId | None:
    """The newest snapshot of the store, told by its catalog alone. Not to be asked by a process that has the store open:
    closing a file of SQLite drops the locks that DuckDB's own copy of SQLite holds on it."""
    import sqlite3

    with contextlib.suppress(sqlite3.Error):
        catalog = sqlite3.connect(f"{(folder / CATALOG).absolute().as_uri()}?mode=ro", timeout=0, uri=True)
        with contextlib.closing(catalog):
            row = catalog.execute(_NEWEST).fetchone()
            return SnapshotId(*row) if row else None
    return None
