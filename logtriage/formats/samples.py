"""Some lines of a block, from which it is learnt how a log writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logtriage.formats.clean import ANSI
from logtriage.sources.lines import Lines

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 200  # lines
LONG = 1 << 16  # bytes
_FACTOR = 0xD6E8FEB86659FD93


def sample(lines: Lines, most: int) -> list[str]:
    """The first lines, and others spread over the block."""
    return _bare(beginnings(lines.text.take(_spread(len(lines), most))), has_escape=lines.has_escape)


def sample_of(text: str, *, has_escape: bool) -> list[str]:
    """The same as `sample` of a log's first block gives, of a text shorter than LONG that ends with a newline."""
    lines = text.split("\n")[:-1]
    return _bare([lines[place] for place in _spread(len(lines), SAMPLE)], has_escape=has_escape)


def some(lines: pa.Int64Array, most: int) -> pa.Int64Array:
    """A sample of lines, which no rhythm of theirs can spoil: those with the smallest hashes (murmurhash64)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mixed, half = lines.cast(pa.uint64()), pa.scalar(32, pa.uint64())
    for _ in range(2):
        mixed = pc.multiply(pc.bit_wise_xor(mixed, pc.shift_right(mixed, half)), pa.scalar(_FACTOR, pa.uint64()))
    mixed = pc.bit_wise_xor(mixed, pc.shift_right(mixed, half))
    return lines.take(pc.sort_indices(mixed).slice(0, most))


def beginnings(texts: pa.LargeStringArray) -> list[str]:
    """Samples as they are learnt from: of what is long and no JSON document, the beginning tells the format."""
    import pyarrow as pa
    import pyarrow.compute as pc

    long = pc.greater(pc.binary_length(texts), pa.scalar(LONG, pa.int64()))
    if pc.any(long).as_py():
        long = pc.and_(long, pc.invert(pc.match_substring_regex(texts, r"^\s*\{")))
        texts = pc.if_else(long, pc.utf8_slice_codeunits(texts, 0, LONG), texts)
    found: list[str] = texts.to_pylist()
    return found


def _spread(n: int, most: int) -> list[int]:
    """Places of n lines: the first ones, and others at equal distances."""
    return sorted({*range(min(n, most // 4)), *range(0, n, max(1, n // most))})


def _bare(texts: list[str], *, has_escape: bool) -> list[str]:
    texts = [text.rstrip("\r").lstrip("\ufeff") for text in texts]
    return [re.sub(ANSI, "", text) for text in texts] if has_escape else texts
