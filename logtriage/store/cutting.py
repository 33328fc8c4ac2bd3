"""How records are cut into files: each holds a short stretch of time, and no other file anything of that stretch.

So a page or a jump reads one file or two, however many sources write at the same time. Within a file records stand by what
they look like, so that a search reads few row groups of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from logtriage.sql import literal
from logtriage.store.store import Store

# What alike records have alike comes first: few row groups hold a shape, and the shapes of a rare source lie together.
# Places only follow each other within a part, and then take little room.
ORDER = ("shape", "part", "timestamp", "offset")
# Records of a file. Half as many cost a search a fifth more time, twice as many a page half as much again.
_ROWS = 245_760
_FEW = _ROWS // 2  # files of fewer are put together
# Level of zstd: written once and read often, so the time is well spent: 8 % less room than 3, for twice the time.
_LEVEL, _USUAL_LEVEL = 9, 3


class _File(NamedTuple):
    """A file of records: its name, how many it has, the first time and the last (UTC; None: no record has one)."""

    name: str
    records: int
    first: datetime | None
    last: datetime | None


def recut(store: Store, on_step: Callable[[str], None]) -> None:
    """Rewrites the files that overlap others in time, and puts small ones together."""
    for group in list(_groups(_files(store))):
        _rewrite(store, group, on_step)


def _files(store: Store) -> list[_File]:
    """All files of records, those without time first, then by their first one."""
    rows = store.con.execute(
        "SELECT filename, count(*), min(timestamp) AS first, max(timestamp) FROM lake.records GROUP BY filename "
        "ORDER BY first NULLS FIRST, filename"
    )
    return [_File(*row) for row in rows.fetchall()]


def _groups(files: Sequence[_File]) -> Iterator[list[_File]]:
    """Files that are to be cut anew, together: those that overlap, and small ones that follow each other."""
    small: list[_File] = []
    for together in _overlapping(files):
        records = sum(file.records for file in together)
        if records >= _FEW or sum(file.records for file in small) + records > _ROWS:
            yield from [small] if len(small) > 1 else []
            small = []
        if records < _FEW:
            small += together
        elif len(together) > 1:
            yield together
    if len(small) > 1:
        yield small


def _overlapping(files: Iterable[_File]) -> Iterator[list[_File]]:
    """Files by what they share of time with one another, or with one that does; those without time each alone. A second that
    two share is none: it is not cut."""
    together: list[_File] = []
    end: datetime | None = None
    for file in files:
        if together and (end is None or file.first is None or file.first >= end.replace(microsecond=0)):
            yield together
            together, end = [], None
        together.append(file)
        end = file.last if end is None or (file.last and file.last > end) else end
    if together:
        yield together


def _rewrite(store: Store, files: Sequence[_File], on_step: Callable[[str], None]) -> None:
    """Puts the records of some files into new ones."""
    con = store.con
    order = ", ".join(f'"{name}"' for name in ("format", *ORDER))
    with store.transaction(touches=()):
        con.execute(f"CALL lake.set_option('parquet_compression_level', {_LEVEL})")
        pieces = list(_pieces(store, files))
        for n, where in enumerate(pieces):
            on_step(f"records: file {n + 1} of {len(pieces)}, out of {len(files)}")
            con.execute(f"INSERT INTO lake.records FROM lake.records WHERE {where} ORDER BY {order}")
        con.execute(f"DELETE FROM lake.records WHERE {_in(files)}")
        con.execute(f"CALL lake.set_option('parquet_compression_level', {_USUAL_LEVEL})")


def _pieces(store: Store, files: Sequence[_File]) -> Iterator[str]:
    """What the records of each new file have in common, as SQL."""
    total = sum(file.records for file in files)
    if total <= _ROWS:
        yield _in(files)
        return
    size = total / -(-total // _ROWS)
    rows = store.con.execute(f"""
        SELECT min(second), sum(n) FROM (
            SELECT second, n, sum(n) OVER (PARTITION BY second IS NULL ORDER BY second) - n AS before
            FROM (SELECT date_trunc('second', timestamp)::TIMESTAMP AS second, count(*) AS n
                  FROM lake.records WHERE {_in(files)} GROUP BY 1))
        GROUP BY second IS NULL, floor(before / {size}), n > {size} ORDER BY 1 NULLS FIRST
    """).fetchall()
    for n, (start, records) in enumerate(rows):
        end = rows[n + 1][0] if n + 1 < len(rows) else None
        where = "timestamp IS NULL" if start is None else f"timestamp >= '{start}'"
        where += f" AND timestamp < '{end}'" if start and end else ""
        held = [file for file in files if start is None or _reaches(file, start, end)]
        for some in [held] if records <= 2 * _ROWS else _batches(store, held, where):
            yield f"{where} AND {_in(some)}"


def _reaches(file: _File, start: datetime, end: datetime | None) -> bool:
    """May a file have records from `start` up to `end`?"""
    return bool(file.first and file.last and file.last >= start and (end is None or file.first < end))


def _batches(store: Store, files: Sequence[_File], where: str) -> Iterator[list[_File]]:
    """Files, in lots with about one new file's worth of such records: time alone does not tell these apart."""
    sql = f"SELECT filename, count(*) FROM lake.records WHERE {where} AND {_in(files)} GROUP BY filename"
    counts = dict(store.con.execute(sql).fetchall())
    batch: list[_File] = []
    room = _ROWS
    for file in files:
        room -= counts.get(file.name, 0)
        if batch and room < 0:
            yield batch
            batch, room = [], _ROWS - counts.get(file.name, 0)
        batch.append(file)
    yield batch


def _in(files: Iterable[_File]) -> str:
    return f"filename IN ({', '.join(literal(file.name) for file in files)})"
