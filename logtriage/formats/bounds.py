"""Lines → records: which lines begin one, and what those say that go on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logtriage.formats import cuts
from logtriage.formats.heads import Heads
from logtriage.formats.joints import going_on
from logtriage.layouts import one
from logtriage.sources.lines import Lines

if TYPE_CHECKING:
    import pyarrow as pa


def starts(heads: Heads, lines: Lines, firsts: pa.Int64Array) -> pa.Int64Array:
    """The lines of a block that begin a record, in order; the `firsts` of each log in it always do."""
    import pyarrow as pa
    import pyarrow.compute as pc

    every = pa.arange(0, len(lines))
    told = heads.of(every, ["follows", "partial", "joint"])
    told = told.set_column(1, "partial", told["partial"].fill_null(False))
    joined = pc.greater(told["joint"], pa.scalar(0, pa.int8())).fill_null(False)
    may, leads = one(pc.or_(told["follows"], joined)), one(pc.or_(told["partial"], joined))
    above = pc.indices_nonzero(pc.or_(may.slice(1), leads.slice(0, len(may) - 1))).cast(pa.int64())
    if not len(above):
        return every
    line = pc.add(above, pa.scalar(1, pa.int64()))
    before, own = told.take(above), told.take(line)
    wrapped = pc.is_valid(heads.of(line, ["content"])["content"])
    follows = pc.or_(own["follows"], pc.and_(wrapped, before["partial"]))
    goes_on = going_on(one(before["joint"]), one(own["joint"]), one(follows))
    gone = line.filter(pc.and_(goes_on, _same_stream(heads, lines, line, above, known=True)))
    return every.filter(pc.or_(pc.invert(pc.is_in(every, value_set=gone)), pc.is_in(every, value_set=firsts)))


def tails(heads: Heads, lines: Lines, starts: pa.Int64Array) -> pa.Table:
    """(i, tail, apart): what the lines say that go on with each record, where a transport wraps lines, without the pieces of a
    cut first line; and whether one of them is wrapped, so that they do not stand side by side."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(starts) == len(lines) or not any(fmt.inner for node in heads.chains for fmt in node.path):
        nothing = {"i": pa.int64(), "tail": pa.large_string(), "apart": pa.bool_()}
        return pa.table({name: pa.array([], kind) for name, kind in nothing.items()})
    assert heads.texts is not None
    places, one_line = pa.arange(0, len(lines)), pa.scalar(1, pa.int64())
    record = pc.subtract(pc.search_sorted(starts, places, side="right"), pa.scalar(1, pa.uint64()))
    goes_on = pc.not_equal(starts.take(record), places)
    line, record = places.filter(goes_on), record.filter(goes_on)
    above = pc.subtract(line, one_line)
    content = one(heads.of(line, ["content"])["content"])
    said = one(pc.coalesce(content, heads.texts.take(line)))
    cut = one(heads.of(above, ["partial"])["partial"].fill_null(False))
    if pc.any(cut).as_py():
        cut = pc.and_(cut, _same_stream(heads, lines, line, above))
    # The first lines that are cut off from one another are pieces of the record's first line.
    own = pc.invert(cut).cast(pa.int64())
    ended = pc.cumulative_sum(own)
    first = pc.index_in(record, value_set=record)
    piece = pc.equal(ended, pc.subtract(ended.take(first), own.take(first)))
    breaks = pa.array(["\n", ""], pa.large_string()).take(cut.cast(pa.int8()))
    said = pc.binary_join_element_wise(breaks, said, pa.scalar("", pa.large_string())).filter(pc.invert(piece))
    wrapped = record.filter(pc.and_(pc.is_valid(content), pc.invert(piece)))
    record = record.filter(pc.invert(piece))
    told = pc.unique(record)
    ends = pa.concat_arrays([pc.search_sorted(record, told), pa.array([len(record)], pa.uint64())]).cast(pa.int64())
    joined = pc.binary_join(pa.LargeListArray.from_arrays(ends, said), pa.scalar("", pa.large_string()))
    return pa.table({"i": starts.take(told), "tail": joined, "apart": pc.is_in(told, value_set=wrapped)})


def _same_stream(
    heads: Heads, lines: Lines, some: pa.Int64Array, others: pa.Int64Array, *, known: bool = False
) -> pa.BooleanArray:
    """Whether lines are of the same stream of a transport as others; with `known`, or it is not told of both."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not any(cuts.mixes(node.path_nodes[0].fmt) for node in heads.chains if node.fmt):
        return pa.repeat(pa.scalar(True), len(some))
    these, those = cuts.streams(lines.text.take(some)), cuts.streams(lines.text.take(others))
    same = pc.equal(these, those)
    return pc.or_(same, pc.or_(pc.equal(these, ""), pc.equal(those, ""))) if known else same
