"""The grams of whole files (see grams.py), which lie beside the catalog in one file of their own: a search maps that, and looks
at some hundred bytes of it.

Compaction puts records of many parts into one file, where no place in a part tells the file any more: it has a bitmap of its
own. A file of ids has those that its ids had, taken out of `lake.grams`. What is told of a file holds for as long as there is
one, as none is ever written to again, and no other has its name.
"""

from __future__ import annotations

import contextlib
import json
import mmap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeAlias

from logtriage.sql import literal
from logtriage.store import bitmaps, files
from logtriage.store.files import File
from logtriage.store.grams import FILES, IDS, MIXED, Row, load
from logtriage.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "grams"
Told: TypeAlias = Mapping[str, Sequence[Row]]  # file → its bitmaps; none of one of which nothing is known
_BATCH = 61_440  # records whose texts are held at once
_MOST = 128 << 20  # bytes of texts of a row group: of a file with longer ones nothing is told


def read(folder: Path) -> Told:
    """What is told of the files of the store in a folder; nothing where that is damaged, or was never told."""
    with contextlib.suppress(OSError, ValueError, TypeError), open(folder / NAME, "rb") as file:
        heads: dict[str, list[tuple[int, int, int, int, int]]] = json.loads(file.readline())
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))[file.tell() :]
        size, found = 0, dict[str, list[Row]]()
        for name, every in heads.items():
            found[name] = []
            for part, first, last, longest, length in every:
                found[name].append(Row(part, first, last, longest, data[size : size + length]))
                size += length
        return found if size == len(data) else {}
    return {}


def name_of(file: File) -> str:
    """By what name a file is told of."""
    return PurePath(file.path).name


def tell(store: Store, on_step: Callable[[str], None], *, anew: bool = True) -> None:
    """Tells of each file with records of several parts, and of each file of ids, and forgets files that are gone, and the rows
    of lake.grams that nothing asks for any more. Not `anew`: only where there was such a file before."""
    records, ids = (files.load(store.con, name) for name in ("records", "ids"))
    if records is None or ids is None or not (anew or (store.path / NAME).exists()):
        return
    known, kept = read(store.path), load(store.con)
    told = {name: known[name] for name in map(name_of, records) if name in known}
    before = {row.first: row for row in kept.get(FILES, ())}
    new = [file for file in records if _is_mixed(file) and name_of(file) not in known]
    for n, file in enumerate(new):
        on_step(f"numbers in records: file {n + 1} of {len(new)}")
        told[name_of(file)] = [before[number_of(file)]] if number_of(file) in before else _rows(store, file)
    of_ids = [*kept.get(IDS, ()), *(row for rows in known.values() for row in rows if row.part == IDS)]
    for file in ids:
        if not file.table:
            told[name_of(file)] = [row for row in of_ids if file.may_hold("id", [(row.first, row.last)])]
    if told != known:
        _write(store.path, told)
    with store.transaction(touches=()):
        store.con.execute(f"DELETE FROM lake.grams WHERE part IN ({FILES}, {IDS})")
        _forget_parts(store, [file for file in records if name_of(file) not in told])


def number_of(file: File) -> int:
    """What stands for a file in lake.grams of older stores: 63 bits of the BLAKE2b hash of its name."""
    import hashlib

    return int.from_bytes(hashlib.blake2b(name_of(file).encode(), digest_size=8).digest()) >> 1


def _write(folder: Path, told: Told) -> None:
    from logtriage import kept  # who only reads does without

    heads = {name: [(*row[:-1], len(row.bits)) for row in rows] for name, rows in told.items()}
    with kept.replacing(folder / NAME) as file:
        file.write(json.dumps(heads, separators=(",", ":")).encode() + b"\n")
        file.writelines(row.bits for rows in told.values() for row in rows)


def _is_mixed(file: File) -> bool:
    first, last = file.ends.get("part", (0, 0))
    return first < last and not file.table


def _rows(store: Store, file: File) -> list[Row]:
    """The bitmap of a file; none where its texts are too long, or their grams too many."""
    sizes = (
        f"SELECT path_in_schema, max(total_uncompressed_size) FROM parquet_metadata({literal(file.path)}) GROUP BY 1"
    )
    size = dict(store.con.execute(sizes).fetchall())
    bits = bitmaps.bitmap(_hashes(store, file)) if size["frame"] + size["body"] <= _MOST else None
    return [Row(FILES, 0, 0, 0, MIXED + bits)] if bits else []


def _hashes(store: Store, file: File) -> pa.UInt32Array:
    """The hashes of the grams in a file's records, each once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pa.array([], pa.uint32())
    texts = f"SELECT frame, body FROM read_parquet({literal(file.path)}, hive_partitioning = false)"
    for batch in store.con.execute(texts).to_arrow_reader(_BATCH):
        columns = (bitmaps.grams(pc.unique(batch[name])) for name in ("frame", "body"))
        found = pc.unique(pa.concat_arrays([found, *columns]))
    return found


def _forget_parts(store: Store, others: Sequence[File]) -> None:
    """Bitmaps of commits are only of use for parts that have records in other files."""
    parts = sorted({part for file in others for part in file.ends.get("part", ())})
    left = f"AND part NOT BETWEEN {parts[0]} AND {parts[-1]}" if parts else ""
    store.con.execute(f"DELETE FROM lake.grams WHERE part > 0 {left}")
