"""Heads → records: where each record begins, its continuation lines joined, its place in the source."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from logtriage.formats import bounds, severity
from logtriage.formats.clean import clean_record
from logtriage.formats.detect import Grammar
from logtriage.formats.heads import Heads
from logtriage.formats.node import Node
from logtriage.formats.stages import COLUMNS
from logtriage.formats.wholes import Made, begins, wholes_of
from logtriage.layouts import either, one, slices, where
from logtriage.sources.lines import Lines, split
from logtriage.sql import asked
from logtriage.stamps.rendering import Rendering

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from logtriage.sources.read import Block


class Records:
    """Reads the blocks of any number of sources. `table` has the records of the last one read."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._heads = Heads(con)
        self.table: pa.Table | None = None

    @property
    def renderings(self) -> list[Rendering]:
        """The ways to write a time that the columns `stamp` and `observed_stamp` count."""
        return self._heads.renderings

    @property
    def chains(self) -> list[Node]:
        """The formats that the column `chain` counts."""
        return self._heads.chains

    @property
    def texts(self) -> tuple[pa.Int64Array, pa.LargeStringArray]:
        """The records of the block, by the lines that they begin with (`records.i`), and what they say."""
        assert self.table is not None
        return one(self.table["i"]), either(one(self.table["text"]), one(self.table["raw"]))

    def reset(self) -> None:
        """To be called before the first block of each source."""
        self._heads.reset()

    def let_go_of_lines(self) -> None:
        """Gives the memory back that lines took, when their records have been made."""
        self._heads.let_go()

    def let_go(self) -> None:
        """Gives the block's memory back; there are no records until the next one is read."""
        self.let_go_of_lines()
        self.table = None

    def read(
        self,
        block: Block,
        grammar: Grammar,
        *,
        reference: dt.datetime,
        final: bool = True,
        starts: Sequence[int] | None = None,
    ) -> Made:
        """Makes `table` of the records of a block. `starts`: the lines that begin them, where that is known.

        `reference`: the moment (UTC) that stamps without year or date are read against. With `final` false the last
        record is left out, as lines that are still to come may belong to it; `Made.bytes` says where it begins.
        """
        import pyarrow as pa

        lines, logs = split(block), begins([block])
        self._heads.read(lines, grammar, reference)
        first = (
            bounds.starts(self._heads, lines, one(logs["first"])) if starts is None else pa.array(starts, pa.int64())
        )
        made, wholes = wholes_of(lines, first, block.data, final, logs)
        tails = bounds.tails(self._heads, lines, first)
        self._heads.read_cut(wholes, grammar)
        if any(node.fmt and node.fmt.multiline for node in self.chains):
            self._heads.read_whole(_whole_texts(lines), grammar, wholes=wholes, tails=tails)
        self._assemble(lines, wholes, tails)
        return made

    def read_together(
        self, blocks: Sequence[Block], grammars: Sequence[Grammar], *, reference: dt.datetime
    ) -> tuple[Made, list[int], list[int]]:
        """Makes `table` of the records of some blocks at once, each of another log, of UTF-8, and whole lines: `grammars` are what
        is known of each, which is alike; no format spans lines.

        Their column `place` tells which log it is. Some logs have none yet: of them the places are given of those that have
        taught their grammars more, so that these may be no more alike, and of those that are to be read by themselves.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        logs, data = begins(blocks), b"".join(block.data for block in blocks)
        lines, firsts = split(dataclasses.replace(blocks[0], data=data)), one(logs["first"])
        taught = self._heads.read_together(lines, grammars, firsts, reference)
        first = bounds.starts(self._heads, lines, firsts)
        made, wholes = wholes_of(lines, first, data, True, logs)
        # what a cut line goes on as is learnt of all records, one after the other
        cut = self._heads.of(first, ["partial"])["partial"].fill_null(False)
        apart = pc.unique(wholes["place"].filter(cut)).to_pylist()
        self._assemble(lines, wholes, bounds.tails(self._heads, lines, first))
        assert self.table is not None
        if left := sorted({*taught, *apart}):
            self.table = self.table.filter(
                pc.invert(pc.is_in(self.table["place"], value_set=pa.array(left, pa.int32())))
            )
        return made, [place for place in taught if place not in apart], apart

    def _assemble(self, lines: Lines, wholes: pa.Table, tails: pa.Table) -> None:
        """Makes `table` of heads, wholes and tails. `text` is what a record says (its lines cleaned and unwrapped), null where
        that is `raw`; `head` is what stands in `raw` before its body, if known; `joined`: the body was put together of what
        lines wrap."""
        import pyarrow as pa
        import pyarrow.compute as pc

        records = severity.named(self._side_by_side(lines, wholes, tails), self.chains)
        joined = pc.and_(records["apart"], pc.invert(self._spanning(records)))
        made = {"lines": _lines(records), "body": self._bodies(records, lines), "joined": joined}
        if lines.cleaned:
            made["head"] = pa.nulls(len(records), pa.large_string())
        records = _with(records, made)
        records = _with(records, severity.judged(self.con, records, self.chains))
        self.table = records.drop_columns([*_BESIDE, *severity.EVIDENCE])

    def _bodies(self, records: pa.Table, lines: Lines) -> pa.LargeStringArray:
        """What is behind the heads; else the body that a format gave of the first line and the lines that follow it; else the
        whole text."""
        import pyarrow as pa
        import pyarrow.compute as pc

        body = one(records["body"])
        more = pc.and_(pc.greater(records["lines"], 1), pc.is_valid(body))
        more = one(pc.and_(more, pc.invert(self._spanning(records))))
        if pc.any(more).as_py():
            some = records.filter(more)
            rest = one(some["tail"]).fill_null("")
            if not lines.cleaned:
                own = pc.ascii_rtrim(one(some["raw"]), characters="\n")
                at, end = pc.find_substring(own, "\n").cast(pa.int64()), pc.binary_length(own)
                behind = slices(own, pc.if_else(pc.less(at, 0), end, at), end)
                rest = pc.if_else(pc.is_null(one(some["content"])), behind, rest)
            joined = pc.binary_join_element_wise(one(some["body"]), rest, pa.scalar("", pa.large_string()))
            body = pc.replace_with_mask(body, more, joined)
        found = one(records["behind"])
        for others in (body, one(records["text"]), one(records["own"])):
            found = either(found, others)
        none = pc.is_null(found)
        if not found.null_count:
            return found
        return pc.replace_with_mask(found, none, pc.ascii_rtrim(one(records["raw"].filter(none)), characters="\n"))

    def _spanning(self, records: pa.Table) -> pa.ChunkedArray:
        """Which records are of formats that span lines: these tell what the body is."""
        import pyarrow as pa
        import pyarrow.compute as pc

        chains = [k for k, node in enumerate(self.chains) if node.fmt and node.fmt.multiline]
        return pc.is_in(records["chain"], value_set=pa.array(chains, pa.int32()))

    def _side_by_side(self, lines: Lines, wholes: pa.Table, tails: pa.Table) -> pa.Table:
        """`wholes`, and beside each record the head of its first line, its `tail` (see bounds.py), its `text`, `own` (all of it cleaned, null
        where that is `raw`), and what is `behind` the head."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table, names = wholes, [name for name in COLUMNS if name not in ("i", "follows", "partial", "joint")]
        heads = self._heads.of(one(table["i"]), names)
        for name in names:
            table = table.append_column(name, heads[name])
        with_tail = pc.index_in(table["i"], value_set=tails["i"])
        tail, apart = tails["tail"].take(with_tail).cast(pa.large_string()), tails["apart"].take(with_tail)
        text, source = table["content"], table["raw"]
        if len(tails):
            text = pc.binary_join_element_wise(text, tail.fill_null(""), pa.scalar("", pa.large_string()))
        own = pa.nulls(len(table), pa.large_string())
        ends = pc.subtract(pc.binary_length(source), pc.ends_with(source, "\n").cast(pa.int64()))
        if lines.cleaned:
            cleaned = asked(self.con, f"SELECT {clean_record('raw', lines)} AS own FROM wholes", wholes=wholes)
            own = source = cleaned["own"].cast(pa.large_string())
            text, ends = pc.coalesce(text, own), pc.binary_length(source)
        head = one(table["head"])
        behind = head  # none of them
        if head.null_count < len(head):
            starts = pc.min_element_wise(pc.binary_length(head).fill_null(0), one(ends))
            behind = where(slices(one(source), starts, one(ends)), pc.is_valid(head))
        return _with(table, {"tail": tail, "apart": apart.fill_null(False), "own": own, "behind": behind, "text": text})


# What is told beside a record to make its body and text of.
_BESIDE = ("content", "tail", "apart", "own", "behind")


def _lines(records: pa.Table) -> pa.Int64Array:
    """How many lines each record has. A blank line behind a record of one line keeps it apart from the next one; in a record
    of many lines it is one of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = one(records["lines"])
    many = pc.greater(lines, 1)
    blank = pc.match_substring_regex(records["raw"].filter(many), r"^[^\n]*\n\s*$")
    return pc.replace_with_mask(lines, many, one(pc.if_else(blank, pa.scalar(1, pa.int64()), lines.filter(many))))


def _with(records: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    """Records with other columns, in the place of those of these names."""
    records = records.drop_columns([name for name in columns if name in records.column_names])
    for name, values in columns.items():
        records = records.append_column(name, values)
    return records


def _whole_texts(lines: Lines) -> str:
    """SQL that gives (i, t): the whole text of each record found so far, unwrapped."""
    return (
        f"SELECT w.i, CASE WHEN content IS NULL THEN {clean_record('w.raw', lines)} ELSE content || coalesce(tail, '') END AS t "
        "FROM wholes AS w JOIN heads AS h ON h.i = w.i LEFT JOIN tails ON tails.i = w.i"
    )
