"""Which pieces of numbers and of hexadecimal ids stand in the texts of each commit, so that a search for one passes over the
commits that do not hold it.

A gram is six neighbouring characters of `[0-9a-f.]`, in lower case, at least one a digit. Of all grams in the frames and
bodies of a part's records of one commit a bitmap is kept, in which each gram sets the bit that its hash names: a Bloom filter
(B. Bloom, 1970) of one hash. A text can only stand there where the bits of all its grams are set. Ids have a bitmap
too, of their whole texts, and of the grams without letters: those with letters would be too many.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

_LENGTH = 6
_TEXTS, _NUMBERS = "[0-9a-fA-F.]", "[0-9.]"  # what runs that are cut into grams consist of: in texts, in ids
IDS = 0  # the part that stands for lake.ids in lake.grams; its places are their numbers
# Records of a commit that are too few to be worth bitmaps.
_FEW = 5_000
# Bits of a bitmap: three times as many as there are grams, or more, as far as that is no more than so many. Where there are
# half as many grams there is none.
_LEAST, _MOST = 1 << 10, 1 << 20
_RUN = re.compile(f"{_TEXTS}{{{_LENGTH},}}")
_DIGIT = re.compile("[0-9]")

Range = tuple[int, int]  # places from the first up to the last


class Row(NamedTuple):
    """What lake.grams has of the records of a part from one offset up to another one (or of ids, by number): the length of the
    longest text in characters, and the bitmap."""

    part: int
    first: int
    last: int
    longest: int
    bits: bytes

    def may_hold(self, grams: Iterable[str]) -> bool:
        """May all grams be there?"""
        return all(self._has(_number(gram)) for gram in grams)

    def _has(self, number: int) -> bool:
        at = number % (8 * len(self.bits))
        return bool(self.bits[at >> 3] & (0x80 >> (at & 7)))


@lru_cache(1_000)
def _number(gram: str) -> int:
    """As DuckDB's `md5_number_lower`."""
    return int.from_bytes(hashlib.md5(gram.encode(), usedforsecurity=False).digest()[8:], "little")


def write(con: duckdb.DuckDBPyConnection, ends: Mapping[int, int]) -> None:
    """Adds the bitmaps of the rows of `pending`. `ends`: the offset up to which each part was read."""
    rows = con.execute('SELECT part, min("offset"), max("offset"), count(*) FROM pending GROUP BY part').fetchall()
    if sum(records for *_, records in rows) < _FEW:
        return
    texts = "SELECT part, body AS text FROM pending UNION ALL SELECT DISTINCT part, frame FROM pending"
    ranges = {part: (first, max(last, ends.get(part, 0) - 1)) for part, first, last, _ in rows}
    _write(con, texts, _grams(texts, _TEXTS), ranges)


def write_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Adds the bitmap of the ids in the table `ids`."""
    first, last, many = con.execute("SELECT min(id), max(id), count(*) FROM ids").fetchall()[0]
    if many >= _FEW:
        texts = f"SELECT {IDS} AS part, text FROM ids"
        _write(con, texts, f"{_grams(texts, _NUMBERS)} UNION ALL {texts}", {IDS: (first, last)})


def _grams(texts: str, of: str) -> str:
    """SELECT: part and grams of the runs of some characters in texts (SELECT of part and text)."""
    runs = f"SELECT DISTINCT part, lower(unnest(regexp_extract_all(text, '{of}{{{_LENGTH},}}'))) AS run FROM ({texts})"
    each = f"unnest(list_transform(range(1, length(run) - {_LENGTH - 2}), lambda place: substr(run, place, {_LENGTH})))"
    grams = f"SELECT DISTINCT part, {each} AS gram FROM ({runs})"
    return f"SELECT part, gram FROM ({grams}) WHERE regexp_matches(gram, '[0-9]')"


def _write(con: duckdb.DuckDBPyConnection, texts: str, grams: str, ranges: Mapping[int, Range]) -> None:
    longest = dict(con.execute(f"SELECT part, max(length(text)) FROM ({texts}) GROUP BY part").fetchall())
    con.execute(f"CREATE OR REPLACE TEMP TABLE grams AS SELECT part, md5_number_lower(gram) AS number FROM ({grams})")
    con.execute(f"INSERT INTO grams SELECT unnest([{', '.join(map(str, ranges))}]), NULL")  # there may be none
    alike: dict[int, list[int]] = defaultdict(list)
    for part, many in con.execute("SELECT part, count(number) FROM grams GROUP BY part ORDER BY part").fetchall():
        if many <= _MOST // 2:
            alike[min(max(_LEAST, 1 << (3 * many).bit_length()), _MOST)].append(part)
    for size, parts in alike.items():
        told = ", ".join(str((part, *ranges[part], longest[part] or 0)) for part in parts)
        bits = f"coalesce(bitstring_agg((number % {size})::INTEGER, 0, {size - 1}), bitstring('0', {size}))::BLOB"
        con.execute(
            f"INSERT INTO lake.grams SELECT part, any_value(first), any_value(last), any_value(longest), {bits} "
            f"FROM grams JOIN (VALUES {told}) AS told(part, first, last, longest) USING (part) GROUP BY part"
        )


def load(con: duckdb.DuckDBPyConnection) -> dict[int, list[Row]]:
    """The bitmaps of each part, in the order of their places. None of older stores."""
    import duckdb

    found: dict[int, list[Row]] = defaultdict(list)
    try:
        rows = con.execute(
            "SELECT part, first, last, longest, bits FROM lake.grams ORDER BY part, first, last"
        ).fetchall()
    except duckdb.CatalogException:
        return {}
    for row in map(Row._make, rows):
        found[row.part].append(row)
    return dict(found)


def grams_of(texts: Iterable[str]) -> frozenset[str]:
    """The grams that stand in a record's texts if these do."""
    runs = [run.lower() for text in texts for run in _RUN.findall(text)]
    every = (run[at : at + _LENGTH] for run in runs for at in range(len(run) - _LENGTH + 1))
    return frozenset(gram for gram in every if _DIGIT.search(gram))


def numbers_of(text: str) -> frozenset[str]:
    """The grams that are known of an id that holds a text."""
    return frozenset(gram for gram in grams_of([text]) if not re.search("[a-f]", gram))


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
