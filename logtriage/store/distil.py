"""A store as it is now → its gist (gist.py), in which only the records of the parts that were written to are counted anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.masking import OTHER
from logtriage.sql import MOST_SCANNED, among, scanned
from logtriage.store import files, gist
from logtriage.store.catalog import SMALL, Catalog, catalog_of, longest_runs, read_up_to
from logtriage.store.gist import Count, Gist, Single, SnapshotId
from logtriage.store.pieces import bare, restored
from logtriage.store.seams import ANY

if TYPE_CHECKING:
    import duckdb

_SINGLES = 1_000  # records that are told one by one
_LONG = 1 << 18  # bytes of one, about: those of longer ones would not have room


def renew(
    store: duckdb.DuckDBPyConnection, folder: Path, before: SnapshotId | None, touched: Collection[int] | None
) -> SnapshotId | None:
    """Brings the gist in a store's folder up to date → the snapshot that it is of. `before`: that of the last one; `touched`:
    the parts whose records were changed since, None: any. Raises OSError where it cannot be written."""
    with store.cursor() as con:
        con.execute("SET TimeZone = 'UTC'; BEGIN")  # else every statement would read the catalog anew
        now = gist.snapshot_of(con)
        if now and not gist.at(folder, now):
            old = gist.at(folder, before) if touched is not None else None
            gist.write(folder, _distilled(con, folder, now, old, touched or ()))
        return now


def _distilled(
    con: duckdb.DuckDBPyConnection, folder: Path, now: SnapshotId, old: Gist | None, touched: Collection[int]
) -> Gist:
    """The gist of what `con` sees, which is `old` but for the parts that were touched."""
    if old:
        counts = [one for one in old.counts if one.part not in touched]
        counts += counted(con, among("part", touched))
    else:
        counts = counted(con)
    parts, formats, renderings = (con.execute(sql).fetchall() for sql in SMALL)
    minutes = "SELECT epoch_us(min(minute)), epoch_us(max(minute)) FROM lake.activity WHERE records > 0"
    (span,) = con.execute(minutes).fetchall()
    shapes = con.execute(f"SELECT shape, text FROM lake.shapes WHERE shape > {ANY}").fetchall()
    used = {one.shape for one in counts}
    known = files.untold(old.files, folder) if old else None
    records = files.bounded(con, files.load(con, "records"), known)
    return Gist(
        now,
        parts,
        formats,
        renderings,
        span,
        [row for row in shapes if row[0] in used],
        counts,
        _singles(con, catalog_of(parts, formats, renderings), *_unsure(counts, shapes)),
        longest_runs(con),
        read_up_to(con),
        files.told(records, folder),
        files.told(files.load(con, "ids"), folder),
    )


def counted(con: duckdb.DuckDBPyConnection, where: str = "true") -> list[Count]:
    """What the records say themselves; all of them, or those of which a condition on `part` holds."""
    rows = con.execute(
        f"SELECT part, coalesce(shape, {ANY}), severity_number, count(*), epoch_us(min(timestamp)), epoch_us(max(timestamp)) "
        f"FROM lake.records WHERE {where} GROUP BY part, shape, severity_number, timestamp IS NULL"
    )
    return list(map(Count._make, rows.fetchall()))


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
