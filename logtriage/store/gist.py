"""The gist of a store: the texts of its shapes, and how many records each part has of each, from when to when. It lies
beside the catalog as one small file, from which a search that shapes decide is answered without opening the database, and
with which it is opened sooner, as the small tables need not be read.

It holds for one snapshot of the store, which it names: after the next commit it is of no use. Whoever has written to the
store makes it anew at the end, and who follows logs whenever nothing comes; of the parts that were written to since, the
records are counted again, of no others.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from logtriage.masking import OTHER
from logtriage.sql import MOST_SCANNED, scanned
from logtriage.store.seams import ANY
from logtriage.store.store import VERSION

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.catalog import Catalog
    from logtriage.store.files import Placed
    from logtriage.store.store import Store

NAME = "gist.json"
_MOST = 8 << 20  # bytes: reading more would take as long as opening the database
_SINGLES = 1_000  # records that are told one by one
_LONG = 1 << 18  # bytes of one, about: those of longer ones would not have room
_NEWEST = "SELECT snapshot_id, snapshot_time FROM ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1"
_EPOCH = datetime(1970, 1, 1)
Snapshot = tuple[int, str]  # its number, and when it was made: a store put back from a copy may have the number again


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

    snapshot: Snapshot
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


def moment(microseconds: int | None) -> datetime | None:
    """A time as it is counted here, as the store has it."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def read(folder: Path) -> Gist | None:
    """The gist of the store in a folder as that is now, told by its files alone; None where there is none, or only that of
    an earlier snapshot, or a damaged one."""
    return _kept(folder, _newest(folder)) if (folder / NAME).exists() else None


def of(con: duckdb.DuckDBPyConnection, folder: Path) -> Gist | None:
    """The same of a store that is open: what `con` sees."""
    return _kept(folder, snapshot_of(con)) if (folder / NAME).exists() else None


def snapshot_of(con: duckdb.DuckDBPyConnection) -> Snapshot | None:
    """The snapshot that a connection to the store sees; None where it was given up meanwhile."""
    ((number,),) = con.execute("FROM lake.current_snapshot()").fetchall()
    made = f"SELECT snapshot_time FROM __ducklake_metadata_lake.ducklake_snapshot WHERE snapshot_id = {number}"
    rows = con.execute(made).fetchall()
    return (number, rows[0][0]) if rows else None


def counted(con: duckdb.DuckDBPyConnection, where: str = "true") -> list[Count]:
    """What the records say themselves; all of them, or those of which a condition on `part` holds."""
    rows = con.execute(
        f"SELECT part, coalesce(shape, {ANY}), severity_number, count(*), epoch_us(min(timestamp)), epoch_us(max(timestamp)) "
        f"FROM lake.records WHERE {where} GROUP BY part, shape, severity_number, timestamp IS NULL"
    )
    return list(map(Count._make, rows.fetchall()))


def renew(store: Store) -> None:
    """Writes the gist of a store that is open for writing. Raises OSError where it cannot be written."""
    with store.con.cursor() as con:
        con.execute("SET TimeZone = 'UTC'; BEGIN")  # else every statement would read the catalog anew
        now = snapshot_of(con)
        if now:
            if not _kept(store.path, now):
                _write(store, con, now)
            store.began, store.touched = now, set()


def _write(store: Store, con: duckdb.DuckDBPyConnection, now: Snapshot) -> None:
    from logtriage import kept
    from logtriage.store import files
    from logtriage.store.catalog import SMALL, catalog_of, longest_runs, read_up_to

    file, old = store.path / NAME, _kept(store.path, store.began)
    counts: list[Count] = []
    where = "true"
    if old and store.touched is not None:
        where = f"part IN ({', '.join(map(str, store.touched)) or 'NULL'})"
        counts = [one for one in old.counts if one.part not in store.touched]
    counts += counted(con, where)
    small = [con.execute(sql).fetchall() for sql in SMALL]
    span = con.execute("SELECT epoch_us(min(minute)), epoch_us(max(minute)) FROM lake.activity WHERE records > 0")
    first_and_last = span.fetchall()[0]
    used = {one.shape for one in counts}
    shapes = con.execute(f"SELECT shape, text FROM lake.shapes WHERE shape > {ANY}").fetchall()
    singles = _singles(con, catalog_of(*small), *_unsure(counts, shapes))
    known = [[*lot, longest] for lot, longest in longest_runs(con).items()]
    before = files.untold(old.files, store.path) if old else None
    records = files.bounded(con, files.load(con, "records"), before)
    places = [files.told(some, store.path) for some in (records, files.load(con, "ids"))]
    told = [
        *small, first_and_last, [row for row in shapes if row[0] in used], counts, singles, known,
        [*read_up_to(con).items()], *places,
    ]  # fmt: skip
    body = json.dumps(told, separators=(",", ":"))
    if len(body) > _MOST:
        file.unlink(missing_ok=True)
        return
    kept.write(file, json.dumps([VERSION, now, zlib.crc32(body.encode())]) + "\n" + body)


def _unsure(counts: Iterable[Count], shapes: Iterable[tuple[int, str]]) -> tuple[str, int]:
    """SQL: the records of the shapes that leave most searches unsure, where they are few: of those that say nothing, and of
    those with words of which nothing is told. And how many records that are."""
    records: Counter[int] = Counter()
    for one in counts:
        records[one.shape] += one.records
    dark = [number for number, text in shapes if OTHER in text and number in records]
    if len(dark) > MOST_SCANNED:
        dark = []
    groups = {f"shape <= {ANY}": [number for number in records if number <= ANY], scanned("shape", dark): dark}
    few = {sql: number for sql, group in groups.items() if 0 < (number := sum(records[n] for n in group)) <= _SINGLES}
    return " OR ".join(few), sum(few.values())


def _singles(con: duckdb.DuckDBPyConnection, catalog: Catalog, where: str, records: int) -> list[Single]:
    """These records; none where one of them is so long that it must be searched in the store."""
    from logtriage.store.pieces import bare, restored

    if not where:
        return []
    size = "strlen(frame) + coalesce(strlen(body), 0) + coalesce(octet_length(exact), 0)"
    made = f"CREATE OR REPLACE TEMP TABLE singles AS FROM ({bare()}) WHERE ({where}) AND {size} <= {_LONG}"
    if con.execute(made).fetchall()[0][0] < records:
        return []
    near = "(SELECT id, text FROM lake.ids WHERE id IN (SELECT unnest([trace, span, request]) FROM singles))"
    rows = restored(catalog, "singles", near, ("raw",))
    told = con.execute(
        f'SELECT part, shape, severity_number, epoch_us(timestamp), "offset" = 0, raw, exact FROM ({rows}) '
        'ORDER BY part, "offset"'
    ).fetchall()
    con.execute("DROP TABLE singles")
    return [Single._make([*row, None if exact is None else exact.decode("latin-1")]) for *row, exact in told]


def _kept(folder: Path, snapshot: Snapshot | None) -> Gist | None:
    """What the file tells, if that is of this snapshot."""
    try:
        with open(folder / NAME, encoding="utf-8") as file:
            version, of_snapshot, check = json.loads(file.readline())
            if version != VERSION or snapshot is None or tuple(of_snapshot) != snapshot:
                return None
            body = file.read(_MOST + 1)
        return _told(snapshot, body) if zlib.crc32(body.encode()) == check else None
    except (OSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=1)  # a search that it does not decide takes it up again
def _told(snapshot: Snapshot, body: str) -> Gist:
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


def _newest(folder: Path) -> Snapshot | None:
    """The newest snapshot of the store, told by its catalog alone. Not to be asked by a process that has the store open:
    closing a file of SQLite drops the locks that DuckDB's own copy of SQLite holds on it."""
    import sqlite3

    with contextlib.suppress(sqlite3.Error):
        catalog = sqlite3.connect(f"{(folder / 'catalog.sqlite').absolute().as_uri()}?mode=ro", timeout=0, uri=True)
        with contextlib.closing(catalog):
            row = catalog.execute(_NEWEST).fetchone()
            return (row[0], row[1]) if row else None
    return None
