"""Which pieces of numbers and of hexadecimal ids stand in the texts of each commit, so that a search for one passes over the
commits that do not hold it.

A gram is six neighbouring characters of `[0-9a-f.]`, in lower case, at least one a digit. Of all grams in the frames and
bodies of a part's records of one commit a bitmap is kept, in which each gram sets the bit that its hash names: a Bloom filter
(B. Bloom, 1970) of one hash. A text can only stand there where the bits of all its grams are set. Ids have a bitmap
too, of any six neighbouring bytes, but only of some of those.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from logtriage.store.bitmaps import LENGTH, bitmap, hash_of, is_kept, of_ids
from logtriage.store.store import ROW_GROUP

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

IDS = 0  # the part that stands for lake.ids in lake.grams; its places are their numbers
FILES = -1  # the part that stands for files of many parts, in older stores by their numbers (see file_grams.py)
# Records of a commit that are too few to be worth bitmaps.
_FEW = 5_000
_IDS_EACH = ROW_GROUP  # ids that have a bitmap of their own, as they lie in one row group where all are in one file
# What a bitmap begins with, and that of ids. One of older versions has no such byte, and is of other hashes.
MIXED, _MIXED_IDS = b"\1", b"\2"
_RUN = re.compile(f"[0-9a-fA-F.]{{{LENGTH},}}")
_DIGIT = re.compile("[0-9]")

Range = tuple[int, int]  # places from the first up to the last


class Row(NamedTuple):
    """What lake.grams has of the records of a part from one offset up to another one (or of ids, by number): the length of the
    longest id in characters, and the bitmap."""

    part: int
    first: int
    last: int
    longest: int
    bits: bytes | memoryview

    def may_hold(self, grams: Iterable[str]) -> bool:
        """May all grams be there?"""
        return all(map(self._has, grams))

    def may_hold_id(self, length: int, pieces: Iterable[bytes]) -> bool:
        """May an id be there of so many characters at least, with some pieces (see `pieces_of_id`)?"""
        is_told = len(self.bits) % 2 and self.bits[:1] == _MIXED_IDS
        return self.longest >= length and (not is_told or all(map(self._has_hash, map(hash_of, pieces))))

    def _has(self, gram: str) -> bool:
        if len(self.bits) % 2 == 0:
            at = _md5(gram) % (8 * len(self.bits))
            return bool(self.bits[at >> 3] & (0x80 >> (at & 7)))
        return self._has_hash(hash_of(gram.encode()))

    def _has_hash(self, hashed: int) -> bool:
        at = hashed % (8 * len(self.bits) - 8) + 8
        return bool(self.bits[at >> 3] & (1 << (at & 7)))


@lru_cache(1_000)
def _md5(gram: str) -> int:
    """As DuckDB's `md5_number_lower`, which older versions took."""
    return int.from_bytes(hashlib.md5(gram.encode(), usedforsecurity=False).digest()[8:], "little")


def write(
    con: duckdb.DuckDBPyConnection,
    rows: pa.Table,
    found: Mapping[int, Sequence[pa.UInt32Array]],
    ends: Mapping[int, int],
) -> None:
    """Adds the bitmaps of records, of which `found` has the hashes by part. `ends`: the offset up to which each part was read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(rows) < _FEW:
        return
    ranges = rows.group_by("part").aggregate([("offset", "min"), ("offset", "max")]).to_pylist()
    told = ((row["part"], row["offset_min"], max(row["offset_max"], ends.get(row["part"], 0) - 1)) for row in ranges)
    add(con, (Row(*where, 0, bitmap(pc.unique(pa.concat_arrays(found[where[0]]))) or b"") for where in told))


def write_ids(con: duckdb.DuckDBPyConnection, texts: pa.LargeStringArray, first: int) -> None:
    """Adds the bitmaps of ids, of which the first one has a number, and so on."""
    if len(texts) < _FEW:
        return
    cuts = sorted({0, len(texts), *range(-(first - 1) % _IDS_EACH, len(texts), _IDS_EACH)})
    told = ((begin, texts[begin:end]) for begin, end in pairwise(cuts))
    add(con, (_row_of(some, first + begin) for begin, some in told), _MIXED_IDS)


def _row_of(ids: pa.LargeStringArray, first: int) -> Row:
    import pyarrow.compute as pc

    bits = bitmap(of_ids(ids), dense=True) or b""
    return Row(IDS, first, first + len(ids) - 1, pc.max(pc.utf8_length(ids)).as_py(), bits)


def add(con: duckdb.DuckDBPyConnection, rows: Iterable[Row], kind: bytes = MIXED) -> None:
    """Keeps rows, whose bitmaps begin with their `kind` then; those without one are left out."""
    import pyarrow as pa

    told = [row._replace(bits=kind + row.bits)._asdict() for row in rows if row.bits]
    if told:
        con.register("bitmaps", pa.Table.from_pylist(told))
        con.execute("INSERT INTO lake.grams BY NAME FROM bitmaps")


def load(con: duckdb.DuckDBPyConnection) -> dict[int, list[Row]]:
    """The bitmaps of each part, in the order of their places. None of older stores."""
    import _duckdb as duckdb

    found: dict[int, list[Row]] = defaultdict(list)
    try:
        rows = con.execute("SELECT part, first, last, longest, bits FROM lake.grams").fetchall()
    except duckdb.CatalogException:
        return {}
    for row in sorted(map(Row._make, rows)):  # DuckDB would copy the bitmaps once more for it
        found[row.part].append(row)
    return dict(found)


def grams_of(texts: Iterable[str]) -> frozenset[str]:
    """The grams that stand in a record's texts if these do."""
    runs = [run.lower() for text in texts for run in _RUN.findall(text)]
    every = (run[at : at + LENGTH] for run in runs for at in range(len(run) - LENGTH + 1))
    return frozenset(gram for gram in every if _DIGIT.search(gram))


def pieces_of_id(text: str, *, folded: bool) -> frozenset[bytes]:
    """The pieces that are known of an id that holds a text; `folded`: in whatever case, so that only what stands for nothing
    else tells anything."""
    data = text.encode()
    every = (data[at : at + LENGTH] for at in range(len(data) - LENGTH + 1))
    return frozenset(
        piece for piece in every if is_kept(piece) and (not folded or _RUN.fullmatch(piece.decode("latin-1")))
    )


def places(rows: Sequence[Row], may_hold: Callable[[Row], bool], end: int) -> list[Range]:
    """Where in a part, up to a place `end`, something may stand, in order: where a row may hold it, and where there is none."""
    possible: list[Range] = []
    known = 0  # all before this place is told by rows
    for row in rows:
        if row.first > known:
            possible.append((known, row.first - 1))
        if may_hold(row):
            possible.append((row.first, row.last))
        known = max(known, row.last + 1)
    if known <= end:
        possible.append((known, end))
    return joined(possible)


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, those that touch each other as one."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found
