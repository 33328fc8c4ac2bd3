"""The grams of whole files (see grams.py): compaction puts records of many parts into one file, where no place in a part tells
the file any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from logtriage.sql import literal
from logtriage.store import bitmaps, files
from logtriage.store.files import File
from logtriage.store.grams import FILES, Row, add
from logtriage.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 61_440  # records whose texts are held at once
_MOST = 128 << 20  # bytes of texts of a row group: of a file with longer ones nothing is told


def number_of(file: File) -> int:
    """What stands for a file in lake.grams: 63 bits of the BLAKE2b hash of its name, which no other file ever has."""
    return int.from_bytes(hashlib.blake2b(PurePath(file.path).name.encode(), digest_size=8).digest()) >> 1


def tell(store: Store, on_step: Callable[[str], None]) -> None:
    """Gives each file with records of several parts a bitmap, and takes those away that nothing asks for any more."""
    con = store.con
    every = files.load(con, "records")
    if every is None:
        return
    mixed = {number_of(file): file for file in every if _is_mixed(file)}
    known = {number for (number,) in con.execute(f"SELECT first FROM lake.grams WHERE part = {FILES}").fetchall()}
    new = [number for number in mixed if number not in known]
    if not new and known <= set(mixed):
        return
    rows = []
    for n, number in enumerate(new):
        on_step(f"numbers in records: file {n + 1} of {len(new)}")
        rows.append(Row(FILES, number, number, 0, _bitmap(store, mixed[number]) or b""))
    with store.transaction(touches=()):
        kept = ", ".join(map(str, sorted(known & set(mixed)))) or "NULL"
        con.execute(f"DELETE FROM lake.grams WHERE part = {FILES} AND first NOT IN ({kept})")
        add(con, rows)
        _forget_parts(store, [file for file in every if not _is_mixed(file)])


def _is_mixed(file: File) -> bool:
    first, last = file.ends.get("part", (0, 0))
    return first < last and not file.table


def _bitmap(store: Store, file: File) -> bytes | None:
    """The bitmap of a file; None where its texts are too long, or their grams too many."""
    sizes = (
        f"SELECT path_in_schema, max(total_uncompressed_size) FROM parquet_metadata({literal(file.path)}) GROUP BY 1"
    )
    size = dict(store.con.execute(sizes).fetchall())
    if size["frame"] + size["body"] > _MOST:
        return None
    return bitmaps.bitmap(_hashes(store, file))


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
