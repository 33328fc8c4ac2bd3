"""The gist of a store: the texts of its shapes, and how many records each part has of each, from when to when. It lies
beside the catalog as one small file, from which a search that shapes decide is answered without opening the database.

It holds for one snapshot of the store, which it names: after the next commit it is of no use. Whoever has written to the
store makes it anew at the end; of the parts that were written to the records are counted again, of no others.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from logtriage import kept
from logtriage.store.seams import ANY
from logtriage.store.store import VERSION

if TYPE_CHECKING:
    import duckdb

NAME = "gist.json"
_MOST = 8 << 20  # bytes: reading more would take as long as opening the database
_NEWEST = "SELECT snapshot_id, snapshot_time FROM {}ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1"
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


@dataclass(frozen=True, slots=True)
class Gist:
    """What is told of a store as it was at `snapshot`. `parts`: number → (source, group). `shapes`: (number, text), without
    those that say nothing (see seams.ANY). `span`: the first and the last minute that has a record."""

    snapshot: Snapshot
    parts: dict[int, tuple[str, str]]
    span: tuple[int | None, int | None]
    shapes: list[tuple[int, str]]
    counts: list[Count]

    @property
    def unshaped(self) -> bool:
        """Are there records of whose shape a search cannot be sure?"""
        return any(one.shape <= ANY for one in self.counts)

    @property
    def ends(self) -> tuple[datetime | None, datetime | None]:
        """The span, as moments that know their zone; twice None where no record has a time."""
        first, last = (moment(at) for at in self.span)
        return first and first.replace(tzinfo=UTC), last and last.replace(tzinfo=UTC)


def moment(microseconds: int | None) -> datetime | None:
    """A time as it is counted here, as the store has it."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def read(folder: Path) -> Gist | None:
    """The gist of the store in a folder as that is now; None where there is none, or only that of an earlier snapshot, or
    a damaged one."""
    told = _read(folder)
    return told if told and told.snapshot == _newest(folder) else None


def snapshot_of(con: duckdb.DuckDBPyConnection) -> Snapshot:
    """The snapshot that a connection to the store sees."""
    rows = con.execute(_NEWEST.format("__ducklake_metadata_lake.")).fetchall()
    return rows[0][0], rows[0][1]


def renew(con: duckdb.DuckDBPyConnection, folder: Path, before: Snapshot, touched: Iterable[int] | None) -> None:
    """Writes the gist of the store in a folder as `con` sees it, for the one who may write to the store.

    `before`: the snapshot since when nobody else has written; `touched`: the parts whose records were changed since; None:
    any. Raises OSError where it cannot be written.
    """
    now, old = snapshot_of(con), _read(folder)
    if old and old.snapshot == now:
        return
    counted: list[Count] = []
    where = "true"
    if old and old.snapshot == before and touched is not None:
        among = set(touched)
        counted = [one for one in old.counts if one.part not in among]
        where = f"part IN ({', '.join(map(str, sorted(among))) or 'NULL'})"
    counted += map(
        Count._make,
        con.execute(
            "SELECT part, shape, severity_number, count(*), epoch_us(min(timestamp)), epoch_us(max(timestamp)) "
            f"FROM lake.records WHERE {where} GROUP BY part, shape, severity_number, timestamp IS NULL"
        ).fetchall(),
    )
    parts = {n: names for n, *names in con.execute('SELECT part, source, "group" FROM lake.parts').fetchall()}
    span = con.execute(
        "SELECT epoch_us(min(minute)), epoch_us(max(minute)) FROM lake.activity WHERE records > 0"
    ).fetchall()[0]
    used = {one.shape for one in counted}
    shapes = [
        row
        for row in con.execute(f"SELECT shape, text FROM lake.shapes WHERE shape > {ANY}").fetchall()
        if row[0] in used
    ]
    body = json.dumps([parts, span, shapes, counted], separators=(",", ":"))
    if len(body) > _MOST:
        (folder / NAME).unlink(missing_ok=True)
        return
    kept.write(folder / NAME, json.dumps([VERSION, now, zlib.crc32(body.encode())]) + "\n" + body)


def _read(folder: Path) -> Gist | None:
    """What the file tells, of whatever snapshot."""
    try:
        with open(folder / NAME, encoding="utf-8") as file:
            head, body = file.readline(), file.read(_MOST + 1)
        version, snapshot, check = json.loads(head)
        if version != VERSION or zlib.crc32(body.encode()) != check:
            return None
        parts, span, shapes, counts = json.loads(body)
    except (OSError, ValueError, TypeError):
        return None
    return Gist(
        tuple(snapshot),
        {int(number): tuple(names) for number, names in parts.items()},
        tuple(span),
        [(number, text) for number, text in shapes],
        [Count._make(row) for row in counts],
    )


def _newest(folder: Path) -> Snapshot | None:
    """The newest snapshot of the store, told by its catalog alone. Not to be asked by a process that has the store open:
    closing a file of SQLite drops the locks that DuckDB's own copy of SQLite holds on it."""
    import sqlite3

    with contextlib.suppress(sqlite3.Error):
        catalog = sqlite3.connect(f"{(folder / 'catalog.sqlite').absolute().as_uri()}?mode=ro", timeout=0, uri=True)
        with contextlib.closing(catalog):
            row = catalog.execute(_NEWEST.format("")).fetchone()
            return (row[0], row[1]) if row else None
    return None
