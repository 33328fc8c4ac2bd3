"""Looking after a store: what is in it, fewer and larger files, less of what is old."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from logtriage.coverage import counted
from logtriage.errors import StoreInUse
from logtriage.store import file_grams, room
from logtriage.store.cutting import recut
from logtriage.store.files import META
from logtriage.store.lock import alone
from logtriage.store.store import INLINE, Store
from logtriage.store.summing import sum_up

_PATIENCE = 10.0  # seconds that others may read on before it is given up
_MERGED = ("hits", "ids", "shapes", "templates", "mined", "parts", "formats", "renderings", "grams")
_SUMMED = ("activity", "progress", "facets", "grams")
# The tables of which the catalog keeps rows, where it keeps them, and how many files each has besides.
_INLINED = """
    SELECT t.table_name, inlined.table_name, (
        SELECT count(*) FROM {meta}.ducklake_data_file AS f WHERE f.table_id = t.table_id AND f.end_snapshot IS NULL)
    FROM {meta}.ducklake_inlined_data_tables AS inlined JOIN {meta}.ducklake_table AS t USING (table_id)
    WHERE t.end_snapshot IS NULL"""
PRUNED = "pruned"  # the key in lake.meta under which is kept up to when records were removed


@dataclass(frozen=True, slots=True)
class Space:
    """What an operation changed: bytes and files of the store before and after, and how many records went."""

    bytes_before: int
    bytes_after: int
    files_before: int
    files_after: int
    records: int = 0


def size_of(store: Store) -> tuple[int, int]:
    """Bytes and files of the store's folder, without what this process has put aside there."""
    aside = room.for_much(store.path)
    sizes = [path.stat().st_size for path in store.path.rglob("*") if path.is_file() and aside not in path.parents]
    return sum(sizes), len(sizes)


def tables(store: Store) -> list[tuple[str, int, int]]:
    """The tables of the store: name, Parquet files, bytes in them."""
    rows = store.con.execute(
        "SELECT table_name, file_count, file_size_bytes FROM ducklake_table_info('lake') ORDER BY 3 DESC"
    )
    return [(name, files, size) for name, files, size in rows.fetchall()]


def compact(store: Store, on_step: Callable[[str], None] = lambda what: None) -> Space:
    """Cuts records into files that are narrow in time, puts small ones together, adds up counts, and frees what no longer
    belongs to the store. Raises StoreInUse where others read it for long: what was done by then stays."""
    before = size_of(store)
    con = store.con
    with store.changing():
        on_step("rows kept in the catalog")
        with _alone(store):
            _flush(store)
        on_step("counts")
        sum_up(store)
        recut(store, on_step)
        with _alone(store):
            _flush(store)  # files may be of few records
        for name in _MERGED:
            on_step(name)
            with _alone(store):  # for each, so that nobody waits for all
                con.execute(f"CALL ducklake_merge_adjacent_files('lake', '{name}')")
        file_grams.tell(store, on_step)
        with _alone(store):
            _flush(store)
            # where all rows of a file are deleted, DuckLake keeps it, and a list of them beside it
            for name in _SUMMED:
                con.execute(f"CALL ducklake_rewrite_data_files('lake', '{name}', delete_threshold => 0)")
            _free(store)
    after = size_of(store)
    return Space(before[0], after[0], before[1], after[1])


def to_files(store: Store) -> None:
    """Writes to files what the catalog keeps of tables: commits that take records back, and searches, go through all of it.
    Raises StoreInUse where others read it."""
    with store.changing(), alone(store.path):
        _flush(store)


def _flush(store: Store) -> None:
    """Writes to files what the catalog keeps of tables; but for the few rows of those that have no file, which would be one
    more."""
    for name, kept, files in store.con.execute(_INLINED.format(meta=META)).fetchall():
        ((rows,),) = store.con.execute(f"SELECT count(*) FROM {META}.{kept}").fetchall()
        if rows and (files or rows > INLINE):
            store.con.execute(f"CALL ducklake_flush_inlined_data('lake', table_name => '{name}')")


def prune(store: Store, *, before: datetime | None = None, max_bytes: int | None = None) -> Space:
    """Removes records older than `before` (UTC), and then the oldest days until the store has at most `max_bytes`.

    Records without time go with the newest one of their part. How far a source was read stays known, so that nothing
    is read again. A day is removed as a whole. Raises StoreInUse where others read it for long: what was removed by then is no
    record any more, but its bytes are there until this is done again.
    """
    size, files = size_of(store)
    with store.changing():
        _let_go(store, 0)  # else what an earlier one could not free would count
        gone = _remove(store, before, 0) if before else 0
        now_size = size_of(store)[0]
        for _ in range(8):
            if max_bytes is None or now_size <= max_bytes:
                break
            cutoff = _day_after(store, 1 - max_bytes / now_size)
            if cutoff is None:
                break
            gone = _remove(store, cutoff, gone)
            now_size = size_of(store)[0]
    after = size_of(store)
    return Space(size, after[0], files, after[1], gone)


def _remove(store: Store, cutoff: datetime, before: int) -> int:
    """Removes what is older, from all tables; gives the number of records, with those that were removed before."""
    con = store.con
    cutoff = (cutoff.astimezone(UTC) if cutoff.tzinfo else cutoff).replace(tzinfo=None, second=0, microsecond=0)
    with store.transaction():
        con.execute(
            "CREATE OR REPLACE TEMP TABLE old_parts AS "
            "SELECT part FROM lake.records GROUP BY part HAVING coalesce(max(timestamp) < ?, false)",
            [cutoff],
        )
        where = "timestamp < ? OR (timestamp IS NULL AND part IN (FROM old_parts))"
        gone = con.execute(f"SELECT count(*) FROM lake.records WHERE {where}", [cutoff]).fetchall()[0][0]
        if gone:
            con.execute(f"DELETE FROM lake.records WHERE {where}", [cutoff])
            con.execute(f"DELETE FROM lake.hits WHERE {where}", [cutoff])
            con.execute(
                "DELETE FROM lake.activity WHERE minute < ? OR (minute IS NULL AND part IN (FROM old_parts))", [cutoff]
            )
            con.execute(
                "DELETE FROM lake.ids WHERE id < (SELECT min(least(trace, span, request)) FROM lake.records) "
                "OR NOT EXISTS (FROM lake.records WHERE coalesce(trace, span, request) IS NOT NULL)"
            )
            con.execute(f"DELETE FROM lake.meta WHERE key = '{PRUNED}'")
            con.execute("INSERT INTO lake.meta VALUES (?, ?)", [PRUNED, cutoff.isoformat()])
    total = before + int(gone)
    if gone:
        _let_go(store, total)
    return total


@contextlib.contextmanager
def _alone(store: Store) -> Iterator[None]:
    """While inside, nobody reads the store. It was where it is before others were waited for, and is so now."""
    with store.changing(), alone(store.path, _PATIENCE), store.changing():
        yield


def _let_go(store: Store, gone: int) -> None:
    """Frees the bytes of so many records that were removed. Raises StoreInUse, which tells of these."""
    try:
        with _alone(store):
            store.con.execute("CALL ducklake_rewrite_data_files('lake', delete_threshold => 0)")
            file_grams.tell(store, lambda what: None, anew=False)
            _free(store)
    except StoreInUse as why:
        if gone:
            raise StoreInUse(
                f"{counted(gone, 'record')} removed, and not their bytes: {why.message}", why.hint
            ) from why
        raise


def _day_after(store: Store, share: float) -> datetime | None:
    """The end of the first days that together have at least this share of all records."""
    rows = store.con.execute(
        "SELECT date_trunc('day', minute)::TIMESTAMP, sum(records)::BIGINT FROM lake.activity "
        "WHERE minute IS NOT NULL GROUP BY 1 HAVING sum(records) > 0 ORDER BY 1"
    ).fetchall()
    wanted, seen = share * sum(count for _, count in rows), 0
    for day, count in rows:
        seen += count
        if seen >= wanted:
            return datetime.combine(day.date(), datetime.min.time()) + timedelta(days=1)
    return None


def _free(store: Store) -> None:
    """Forgets earlier states of the store, and deletes the files that only they needed."""
    store.con.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
    store.con.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
    store.free_orphans()
    room.free_spilled(store.path)
