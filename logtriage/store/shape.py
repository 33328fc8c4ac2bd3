"""The search index: a record's text with every word that holds a digit masked is its shape. Real logs have few.

A search looks in the distinct shapes first, and then only at the records whose shape can hold what it looks for. The
text is never put together for every record: its pieces (frame, body, times) repeat, so the distinct pieces are masked,
and then the distinct ways in which they go together.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from logtriage.templates.wording import wording

if TYPE_CHECKING:
    import pyarrow as pa

MASK = "#"
WORD = r"[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]*"
# Records whose shape is one of too many: it says nothing, so every search looks at them. So it does at records with a
# negative shape: theirs has a text, from which templates are mined, but it may not be that of the exact bytes.
ANY = 0
_MOST = 50_000  # shapes that one store keeps in mind; beyond it the index would cost more than it saves
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
# what stands for the pieces in a frame, see frame.py
_STAMP, _BODY, _JSON_BODY, _HTML_BODY, _OBSERVED = "\1", "\2", "\4", "\5", "\6"
_JOINT = "\ufffe"  # stands for a masked word until all pieces are together: no text holds this
_WHOLE = re.compile(f"[A-Za-z0-9_{_JOINT}-]*[0-9{_JOINT}][A-Za-z0-9_{_JOINT}-]*")
_IDS = str.maketrans(dict.fromkeys("\3\7\x08", _JOINT))
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


class Shape(NamedTuple):
    """The text that searches look in, and the part of it that templates are mined from (see wording.py)."""

    text: str
    wording: str


class Shapes:
    """Gives each record the number of its shape; `new` holds those that the last call saw first."""

    def __init__(self, known: set[int] | None = None) -> None:
        """`known`: the numbers of the shapes that the store has already."""
        self.known = known if known is not None else set()
        self.new: dict[int, Shape] = {}

    def number(
        self, frames: pa.Array, bodies: pa.Array, stamps: pa.Array, observed: pa.Array, whole: pa.Array
    ) -> pa.Int64Array:
        """Shape numbers of the records whose pieces lie in four string arrays of one length (nulls are empty).

        `whole`: which of them are kept whole; their numbers are negative. A number is a hash of the shape's text, so that it is the same in every run and every store.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        self.new = {}
        pieces = [_masked(column) for column in (frames, bodies, stamps, observed)]
        joint, radix = pieces[0].indices.cast(pa.int64()), len(pieces[0].dictionary)
        for piece in pieces[1:]:
            joint = pc.add(joint, pc.multiply(piece.indices.cast(pa.int64()), radix))
            radix *= max(1, len(piece.dictionary))
        joint = pc.add(joint, pc.multiply(whole.cast(pa.int64()), radix))
        ways = joint.dictionary_encode()
        texts = [piece.dictionary.to_pylist() for piece in pieces]
        numbers = [self._of(*_shape(way, texts)) for way in ways.dictionary.to_pylist()]
        return pa.array(numbers, pa.int64()).take(ways.indices)

    def _of(self, shape: Shape, whole: bool) -> int:
        number = number_of("\0".join(shape)) * (-1 if whole else 1)
        if number not in self.known:
            if len(self.known) >= _MOST:
                return ANY
            self.known.add(number)
            self.new[number] = shape
        return number


def number_of(text: str) -> int:
    """A shape's number: 63 bits of its BLAKE2b hash, never `ANY`."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1 or 1


def _masked(column: pa.Array) -> pa.DictionaryArray:
    """Each text masked (with `_JOINT` for `MASK`), dictionary-encoded. Digits are made alike first: then few texts are
    left to be masked."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = column.fill_null("") if column.null_count else column
    _, offsets, data = column.buffers()
    zeroed = pa.Array.from_buffers(
        column.type,
        len(column),
        [None, offsets, pa.py_buffer(bytes(data or b"").translate(_ZEROS))],
        offset=column.offset,
    )
    alike = zeroed.dictionary_encode()
    masked = pc.replace_substring_regex(alike.dictionary, pattern=WORD, replacement=_JOINT).dictionary_encode()
    return pa.DictionaryArray.from_arrays(masked.indices.take(alike.indices), masked.dictionary)


def _shape(way: int, texts: Sequence[Sequence[str]]) -> tuple[Shape, bool]:
    """The shape from the places of its pieces in the dictionaries, and whether it is of records kept whole."""
    chosen = []
    for of_piece in texts:
        way, place = divmod(way, max(1, len(of_piece)))
        chosen.append(of_piece[place])
    frame, body, stamp, observed = (piece.translate(_IDS) for piece in chosen)
    text = frame.replace(_STAMP, stamp).replace(_OBSERVED, observed)
    if _BODY in text:
        text = text.replace(_BODY, body)
    elif _JSON_BODY in text:
        text = text.replace(_JSON_BODY, json.dumps(body, ensure_ascii=False)[1:-1])
    elif _HTML_BODY in text:
        text = text.replace(_HTML_BODY, json.dumps(body, ensure_ascii=False)[1:-1].translate(_HTML))
    # a word may have been cut in two
    return Shape(_WHOLE.sub(MASK, text), wording(_WHOLE.sub(MASK, body))), bool(way)
