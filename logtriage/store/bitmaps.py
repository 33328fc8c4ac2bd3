"""The grams of whole blocks (what a gram is: see grams.py), and bitmaps of their hashes, by Arrow.

Which bytes may be in a gram is a bitmap; put together with itself, moved by a place each time, it tells where six of them
stand side by side. Of each byte the five lowest bits are kept: they tell those in grams apart, and know no case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from logtriage.layouts import translated

if TYPE_CHECKING:
    import pyarrow as pa

LENGTH = 6
_BITS = 5
_LOW = (1 << _BITS) - 1
_REST = 3
# A byte's code: its low bits, and above them what it is in a gram: nothing, or a letter, a point, a digit.
_LETTER, _POINT, _DIGIT = 1 << 5, 1 << 6, 1 << 7
_KINDS = dict.fromkeys(b"abcdefABCDEF", _LETTER) | dict.fromkeys(b".", _POINT) | dict.fromkeys(b"0123456789", _DIGIT)
_CODES = bytes(byte & _LOW | _KINDS.get(byte, 0) for byte in range(256))
# How what is kept of a gram becomes its hash: the last step of MurmurHash3 (A. Appleby, 2011).
_MIX = ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1))
_WORD = (1 << 32) - 1
# Bits of a bitmap for each gram: a quarter of them are set then; and for each piece of ids, which are asked for many at a time.
_BITS_EACH, _BITS_DENSE = 3.8, 2.9
# Of more grams, and of more pieces of ids, there is no bitmap.
_MOST, _MOST_DENSE = 1 << 19, 1 << 20
_LEAST = 1 << 10  # bits of one


@lru_cache(1_000)
def hash_of(gram: bytes) -> int:
    """The hash of a gram as `grams` and `of_ids` make it: 32 bits."""
    mixed = sum((byte & _LOW) << _BITS * k for k, byte in enumerate(gram))
    for shift, factor in _MIX:
        mixed = (mixed ^ mixed >> shift) * factor & _WORD
    return mixed


def grams(texts: pa.Array) -> pa.UInt32Array:
    """The hashes of the grams in texts, each once."""
    import pyarrow.compute as pc

    codes = _codes(texts)
    return pc.unique(_hashes(codes, _windows(codes, _LETTER)))


def grams_of_each(texts: Sequence[pa.Array], owners: pa.Array, many: int) -> list[pa.UInt32Array]:
    """The same of the texts of each of so many owners: columns of texts, beside which `owners` are counted from 0."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found, shift = [], pa.scalar(32, pa.uint64())
    for column in texts:
        codes = _codes(column)
        windows = _windows(codes, _LETTER)
        sizes = pc.add(pc.binary_length(column).fill_null(0).cast(pa.int64()), pa.scalar(1, pa.int64()))
        ends = pc.cumulative_sum(sizes).cast(pa.uint64())
        owner = owners.take(pc.search_sorted(ends, windows, side="right")).cast(pa.uint64())
        found.append(pc.bit_wise_or(pc.shift_left(owner, shift), _hashes(codes, windows).cast(pa.uint64())))
    every = pc.unique(pa.concat_arrays(found))
    every = every.take(pc.sort_indices(every))
    borders = pc.search_sorted(every, pc.shift_left(pa.arange(0, many + 1).cast(pa.uint64()), shift)).to_pylist()
    hashes = pc.bit_wise_and(every, pa.scalar(_WORD, pa.uint64())).cast(pa.uint32())
    return [hashes.slice(start, end - start) for start, end in pairwise(borders)]


def of_ids(ids: pa.Array) -> pa.UInt32Array:
    """The hashes of some of the six neighbouring bytes in ids (see `is_kept`), each once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    codes = _codes(ids)
    low = pc.bit_wise_and(codes, pa.scalar(_LOW, pa.uint8()))
    inside = _of_six(pc.greater(low, pa.scalar(0, pa.uint8())), pc.and_)
    kept = pc.equal(pc.bit_wise_and(low, pa.scalar(_REST, pa.uint8())), pa.scalar(0, pa.uint8()))[: len(inside)]
    digits = _of_six(pc.greater_equal(codes, pa.scalar(_DIGIT, pa.uint8())), pc.and_)
    return pc.unique(_hashes(low, pc.indices_nonzero(pc.and_(inside, pc.or_(kept, digits)))))


def is_kept(piece: bytes) -> bool:
    """Is this piece of an id kept? Those are that begin with one of some bytes, about a quarter of all, and those of digits
    alone, which are asked for by few: all would be too many. None has a byte that cannot be told from what lies between ids."""
    return (piece[0] & _REST == 0 or piece.isdigit()) and all(byte & _LOW for byte in piece)


def bitmap(hashes: pa.UInt32Array, *, dense: bool = False) -> bytes | None:
    """Hashes, each there once, as a bitmap; None where they are too many. `dense`: in less room, for such as are asked for
    many at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(hashes) > (_MOST_DENSE if dense else _MOST):
        return None
    each = _BITS_DENSE if dense else _BITS_EACH
    size = max(_LEAST, -(-int(each * len(hashes)) // 16) * 16)  # an even number of bytes, see Row
    bits = pa.scalar(size, pa.uint32())
    places = pc.subtract(hashes, pc.multiply(pc.divide(hashes, bits), bits)).cast(pa.int64())
    # The bitmap is the one that tells in which places there is a value.
    spread = pc.scatter(pa.repeat(True, len(places)), places, max_index=size - 1)
    held = spread.buffers()[0]
    return held.to_pybytes()[: size // 8] if held else bytes(size // 8)


def _codes(texts: pa.Array) -> pa.UInt8Array:
    """The codes of the bytes of texts, one between each two of them that is of nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    every = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts.fill_null(""))
    data = pc.binary_join(every, pa.scalar(" ", texts.type))[0].as_buffer()
    return pa.Array.from_buffers(pa.uint8(), data.size, [None, translated(data, _CODES)])


def _windows(codes: pa.UInt8Array, least: int) -> pa.UInt64Array:
    """Where the grams begin that consist of codes from one on, at least one of them a digit."""
    import pyarrow as pa
    import pyarrow.compute as pc

    may = pc.greater_equal(codes, pa.scalar(least, pa.uint8()))
    digit = pc.greater_equal(codes, pa.scalar(_DIGIT, pa.uint8()))
    return pc.indices_nonzero(pc.and_(_of_six(may, pc.and_), _of_six(digit, pc.or_)))


def _of_six(flags: pa.BooleanArray, together: Callable[..., pa.BooleanArray]) -> pa.BooleanArray:
    """For each place: the flags of it and of the five behind it, put together."""
    two = together(flags[:-1], flags[1:])
    four = together(two[:-2], two[2:])
    return together(four[:-2], two[4:])


def _hashes(codes: pa.UInt8Array, places: pa.UInt64Array) -> pa.UInt32Array:
    """The hashes of the six bytes from each place on."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def word(value: int) -> pa.Scalar:
        return pa.scalar(value, pa.uint32())

    mixed = pa.repeat(word(0), len(places))
    for k in range(LENGTH):
        low = pc.bit_wise_and(codes[k:].take(places), pa.scalar(_LOW, pa.uint8())).cast(pa.uint32())
        mixed = pc.bit_wise_or(mixed, pc.shift_left(low, word(_BITS * k)))
    for shift, factor in _MIX:
        mixed = pc.multiply(pc.bit_wise_xor(mixed, pc.shift_right(mixed, word(shift))), word(factor))
    return mixed
