"""The search index: a record's text with every word that holds a digit masked is its shape. Real logs have few.

A search looks in the distinct shapes first, and then only at the records whose shape can hold what it looks for.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

MASK = "#"
WORD = r"[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]*"
# Records whose shape is one of too many: their shape says nothing, so every search looks at them.
ANY = 0
_MOST = 50_000  # shapes that one store keeps in mind; beyond it the index would cost more than it saves
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_USELESS = 0.5  # share of distinct texts above which the detour over them does not pay


class Shapes:
    """Gives each record the number of its shape, and keeps the shapes that it has not seen before."""

    def __init__(self, known: set[int] | None = None) -> None:
        """`known`: the numbers of the shapes that the store has already."""
        self.known = known if known is not None else set()
        self.new: dict[int, str] = {}
        self._detour = True

    def number(self, joined: bytes, places: pa.Int64Array) -> pa.Int64Array:
        """Shape numbers of the records that lie one after the other in `joined` from each of `places` to the next.

        `new` then holds the texts of the shapes seen for the first time. A number is a hash of the text, so that it is
        the same in every run and every store.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        zeroed = joined.translate(_ZEROS)
        rows = pa.LargeStringArray.from_buffers(len(places) - 1, places.buffers()[1], pa.py_buffer(zeroed), offset=places.offset)
        alike = None
        if self._detour and len(rows):
            alike = rows.dictionary_encode()
            self._detour = len(alike.dictionary) < _USELESS * len(rows)
        masked = pc.replace_substring_regex(rows if alike is None else alike.dictionary, pattern=WORD, replacement=MASK)
        shapes = masked.dictionary_encode()
        numbers: list[int] = []
        self.new = {}
        for text in shapes.dictionary.to_pylist():
            number = number_of(text)
            if number not in self.known:
                if len(self.known) < _MOST:
                    self.known.add(number)
                    self.new[number] = text
                else:
                    number = ANY
            numbers.append(number)
        of_masked = pa.array(numbers, pa.int64()).take(shapes.indices)
        return of_masked if alike is None else of_masked.take(alike.indices)


def number_of(text: str) -> int:
    """A shape's number: 63 bits of its BLAKE2b hash, never `ANY`."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1 or 1
