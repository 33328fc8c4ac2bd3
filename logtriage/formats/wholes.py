"""Where records begin → each of them whole, with its place in its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logtriage.sources.lines import Lines

if TYPE_CHECKING:
    import pyarrow as pa

    from logtriage.sources.read import Block


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a block: how many records, and how many lines and bytes they cover. `marked`: some may
    hold a character that stands for a piece in a frame."""

    records: int
    lines: int
    bytes: int
    marked: bool


def wholes_of(
    lines: Lines, starts: pa.Int64Array, block: Block, final: bool, logs: pa.Int64Array
) -> tuple[Made, pa.Table]:
    """Each record with all its lines, without a copy of the text; its `place` among the `logs`, which begin at these
    lines."""
    import pyarrow as pa
    import pyarrow.compute as pc

    n = len(starts) if final else len(starts) - 1
    borders = pa.concat_arrays([starts, pa.array([len(lines)], pa.int64())]).slice(0, n + 1)
    offsets, places = lines.starts.take(borders), lines.places.take(borders)
    raw = pa.LargeStringArray.from_buffers(n, places.buffers()[1], pa.py_buffer(lines.joined))
    first = starts.slice(0, n)
    exact = pa.nulls(n, pa.large_binary())
    if lines.altered or lines.has_marks:
        data = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), n, [None, offsets.buffers()[1], pa.py_buffer(block.data)]
        )
        same = pc.equal(data, raw.cast(pa.large_binary()))
        if lines.has_marks:
            same = pc.and_(same, pc.invert(pc.match_substring_regex(raw, "[\\x01-\\x08]")))
        exact = pc.if_else(same, exact, data)
    place = pc.subtract(pc.search_sorted(logs, first, side="right").cast(pa.int32()), pa.scalar(1, pa.int32()))
    begins = logs.take(place)
    columns = {
        "i": first,
        "place": place,
        "offset": pc.add(pc.subtract(offsets.slice(0, n), lines.starts.take(begins)), block.offset),
        "line": pc.add(pc.subtract(first, begins), block.line),
        "lines": pc.subtract(borders.slice(1), first),
        "raw": raw,
        "exact": exact,
    }
    return Made(n, borders[n].as_py(), offsets[n].as_py(), lines.has_marks), pa.table(columns)
