"""Whether all in a store is as it should be: every byte there, once, counted right, and still that of its file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logtriage.errors import LogtriageError, unreadable
from logtriage.sources.find import Resource, Source
from logtriage.sources.read import opened
from logtriage.sources.unpack import Pull
from logtriage.sql import among, literal
from logtriage.store import distil, gist, views
from logtriage.store.catalog import load, read_up_to
from logtriage.store.paths import name_of
from logtriage.store.pieces import bare, restored
from logtriage.store.store import Store
from logtriage.store.upkeep import PRUNED

# Bytes of a part that are put together at once; of one whose records are large, which takes many times that
_PIECE, _OF_LARGE, _LARGE = 256 << 20, 16 << 20, 1 << 14


@dataclass(slots=True)
class Verdict:
    """What `check` found: how much was looked at, what is wrong, and sources whose file is gone or another by now."""

    parts: int = 0
    records: int = 0
    compared: int = 0
    wrong: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def check(store: Store, *, compare: bool = True) -> Verdict:
    """Whether every part's bytes are all there, once, and the counts are right; with `compare` also whether they are
    the bytes of the files, where these are still there. Where files of the store cannot be read, it is these that are told."""
    verdict = Verdict(wrong=list(_unreadable(store)))
    if verdict.wrong:
        return verdict
    views.create(store)
    con = store.con
    # the view `records` tells attributes as well: to plan that for all formats of a store takes seconds
    everything = restored(load(con), f"({bare()})", "lake.ids", ("bytes",))
    con.execute(f"CREATE OR REPLACE TEMP VIEW whole AS {everything}")
    pruned = con.execute(f"SELECT count(*) FROM lake.meta WHERE key = '{PRUNED}'").fetchall()[0][0] > 0
    counts = dict(con.execute("SELECT part, sum(records)::BIGINT FROM lake.activity GROUP BY part").fetchall())
    _place(store)
    rows = con.execute("""
        WITH placed AS (SELECT *, lead("offset") OVER (PARTITION BY part ORDER BY "offset") AS next FROM sized)
        SELECT s.part, s.source, s."offset", coalesce(min(p."offset"), 0), coalesce(max(p."offset" + size), 0),
               count(p."offset"), count(*) FILTER (next < p."offset" + size), count(*) FILTER (next > p."offset" + size)
        FROM sources AS s LEFT JOIN placed AS p USING (part) GROUP BY ALL ORDER BY s.part
    """).fetchall()
    for part, name, read, first, last, records, twice, holes in rows:
        verdict.parts += 1
        verdict.records += records
        if twice:
            verdict.wrong.append(f"{name} (part {part}): {twice} records are there twice")
        if not pruned and (holes or first or last != read):
            verdict.wrong.append(
                f"{name} (part {part}): of {read} bytes read some are missing ({holes} holes, {first} to {last})"
            )
        if counts.get(part, 0) != records:
            verdict.wrong.append(f"{name} (part {part}): {records} records, but {counts.get(part, 0)} were counted")
    nameless = "SELECT DISTINCT part FROM lake.records WHERE part NOT IN (SELECT part FROM lake.parts) ORDER BY part"
    verdict.wrong += [
        f"part {part}: it is not known whose records these are" for (part,) in con.execute(nameless).fetchall()
    ]
    told = gist.of(con, store.path)
    if told and set(told.counts) != set(distil.counted(con)):
        verdict.wrong.append(f"{gist.NAME} does not tell what the records say: remove it")
    if compare and not pruned:
        _compare(store, {part: read for part, _, read, *_ in rows}, verdict)
    return verdict


def _unreadable(store: Store) -> Iterator[str]:
    """The store's files that cannot be read to their ends, and why."""
    import _duckdb as duckdb

    names = store.con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY 1"
    ).fetchall()
    for (name,) in names:
        files = store.con.execute(
            f"SELECT data_file, delete_file FROM ducklake_list_files('lake', '{name}')"
        ).fetchall()
        for path in (path for pair in files for path in pair if path):
            try:
                store.con.execute(f"SELECT count(COLUMNS(*)) FROM read_parquet({literal(path)})").fetchall()
            except duckdb.Error as why:
                error = unreadable(why)
                yield error.message if error else f"the store cannot be read: {path}: {str(why).splitlines()[0]}"


def _pieces(store: Store) -> Iterator[str]:
    """SQL: conditions that part all records, so that not too many bytes are put together at once; small parts are together."""
    ends = """
        SELECT part, max("offset"), count(*), min("offset") FROM lake.records GROUP BY part ORDER BY part
    """
    together, held, reached = list[int](), 0, read_up_to(store.con)
    for part, end, records, first in store.con.execute(ends).fetchall():
        length = reached.get(part, end) - first
        is_large = length > _LARGE * records
        if not is_large and held + length < _PIECE:
            together.append(part)
            held += length
            continue
        size = _OF_LARGE if is_large else _PIECE
        for start in range(first, end + 1, size):
            yield f'part = {part} AND "offset" >= {start} AND "offset" < {start + size}'
        if not is_large:
            yield among("part", together)
            together, held = [], 0
    yield among("part", together)


def _place(store: Store) -> None:
    """Makes the temp table `sized`: where each record begins, and how many bytes it has."""
    store.con.execute('CREATE OR REPLACE TEMP TABLE sized (part INTEGER, "offset" BIGINT, size BIGINT)')
    for piece in _pieces(store):
        store.con.execute(f'INSERT INTO sized SELECT part, "offset", octet_length(bytes) FROM whole WHERE {piece}')


def _compare(store: Store, read: dict[int, int], verdict: Verdict) -> None:
    """Compares each part's bytes (`read`: how many of them were read) with those of its file, by their SHA-256."""
    kept = {part: hashlib.sha256() for part in read}
    for piece in _pieces(store):
        for part, data in _rows(store, f'SELECT part, bytes FROM whole WHERE {piece} ORDER BY part, "offset"'):
            if part in kept:
                kept[part].update(data)
    rows = store.con.execute(
        'SELECT part, source, "group", path, member, head_length, head_sha256 FROM lake.parts ORDER BY part'
    ).fetchall()
    for part, name, group, path, member, head_length, head in rows:
        if path is None or part not in read:
            continue
        source = Source(name, group, Path(name_of(path)), name_of(member), None, Resource(None, None, None, None, None))
        there = _digest(source, read[part], head_length if head_length <= read[part] else 0, head)
        if there is None:
            verdict.gone.append(name)
            continue
        verdict.compared += 1
        if kept[part].digest() != there:
            verdict.wrong.append(f"{name} (part {part}): the bytes differ from those of the file")


def _digest(source: Source, size: int, head_length: int, head: str) -> bytes | None:
    """The SHA-256 of a source's first `size` bytes; None where they are not there, or begin otherwise."""
    try:
        pull = Pull(opened(source)[1])
        piece = pull.read(head_length)
        if head_length and hashlib.sha256(piece).hexdigest() != head:
            return None
        digest, left = hashlib.sha256(piece), size - len(piece)
        while left and (piece := pull.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
    except (LogtriageError, OSError):
        return None
    return None if left else digest.digest()


def _rows(store: Store, sql: str) -> Iterator[tuple[Any, ...]]:
    result = store.con.execute(sql)
    while batch := result.fetchmany(1_000):
        yield from batch
