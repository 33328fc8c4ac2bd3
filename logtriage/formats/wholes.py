"""Where records begin → each of them whole, with its place in its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from logtriage.layouts import one
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


def begins(blocks: Sequence[Block]) -> pa.Table:
    """Of blocks one behind the other, the line with which each begins (`first`), and where that is in its source."""
    import pyarrow as pa

    firsts = accumulate((block.data.count(b"\n") for block in blocks[:-1]), initial=0)
    columns = (firsts, (block.offset for block in blocks), (block.line for block in blocks))
    return pa.table([pa.array(values, pa.int64()) for values in columns], ["first", "offset", "line"])


def wholes_of(lines: Lines, starts: pa.Int64Array, data: bytes, final: bool, logs: pa.Table) -> tuple[Made, pa.Table]:
    """Each record with all its lines, without a copy of the text (of which `data` are the bytes); its `place` among the `logs`
    (see `begins`)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    n = len(starts) if final else len(starts) - 1
    borders = pa.concat_arrays([starts, pa.array([len(lines)], pa.int64())]).slice(0, n + 1)
    offsets, places = lines.starts.take(borders), lines.places.take(borders)
    raw = pa.LargeStringArray.from_buffers(n, places.buffers()[1], pa.py_buffer(lines.joined))
    first = starts.slice(0, n)
    exact = pa.nulls(n, pa.large_binary())
    if lines.altered or lines.has_marks:
        written = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), n, [None, offsets.buffers()[1], pa.py_buffer(data)]
        )
        same = pc.equal(written, raw.cast(pa.large_binary()))
        if lines.has_marks:
            same = pc.and_(same, pc.invert(pc.match_substring_regex(raw, "[\\x01-\\x08]")))
        exact = pc.if_else(same, exact, written)
    place = pc.search_sorted(one(logs["first"]), first, side="right").cast(pa.int32())
    place = pc.subtract(place, pa.scalar(1, pa.int32()))
    log = logs.take(place)
    columns = {
        "i": first,
        "place": place,
        "offset": pc.add(pc.subtract(offsets.slice(0, n), lines.starts.take(one(log["first"]))), one(log["offset"])),
        "line": pc.add(pc.subtract(first, one(log["first"])), one(log["line"])),
        "lines": pc.subtract(borders.slice(1), first),
        "raw": raw,
        "exact": exact,
    }
    return Made(n, borders[n].as_py(), offsets[n].as_py(), lines.has_marks), pa.table(columns)
