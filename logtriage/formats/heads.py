"""A block of lines → `heads`: which format claims each line, and what its fields say.

DuckDB works on whole columns, in temp tables of the connection given (`stages.py`). Python only decides: from samples
it learns the grammar of the source, and what it did not know in one round it learns for the next.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage.formats import cuts
from logtriage.formats.clean import clean, first_line
from logtriage.formats.detect import Grammar
from logtriage.formats.joints import CONTINUES
from logtriage.formats.node import Node
from logtriage.formats.samples import SAMPLE, beginnings, sample, some
from logtriage.formats.stages import COLUMNS, OF_A_LINE, Stages
from logtriage.layouts import one
from logtriage.sources.lines import Lines
from logtriage.sql import asked
from logtriage.stamps.rendering import Rendering

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROUNDS = 6


class Heads:
    """Reads the lines of any number of sources into `heads` of a DuckDB connection, which is `table` as well."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._stages = Stages(con)
        self.table: pa.Table | None = None
        self.texts: pa.ChunkedArray | None = None  # the lines as formats read them
        self._rows: pa.Int32Array | None = None  # where each line is in the table, if not in its order
        self._reference: dt.datetime | None = None
        con.execute("SET TimeZone = 'UTC'")

    @property
    def chains(self) -> list[Node]:
        """The formats that the column `chain` counts."""
        return self._stages.chains

    @property
    def renderings(self) -> list[Rendering]:
        """The ways to write a time that the columns `stamp` and `observed_stamp` count."""
        return self._stages.moments.renderings

    def reset(self) -> None:
        """Forgets the chains of the source read before."""
        self.chains.clear()

    def let_go(self) -> None:
        """Gives the block's memory back."""
        self._stages.clear()
        self.table = self.texts = self._rows = None

    def read(self, lines: Lines, grammar: Grammar, reference: dt.datetime) -> None:
        """Fills `heads` from the registered relation `lines` (i, t). What nobody claimed, and stamps that did not
        convert, are learnt from, and it is done again.

        `reference`: the moment (UTC) that stamps without year or date are read against.
        """
        # Later blocks of a source teach less, and what no format reads is learnt from below.
        grammar.learn(sample(lines, SAMPLE // 2 if grammar.root.children else SAMPLE))
        rows = self._texts(lines, reference)
        for _ in range(ROUNDS):
            self._claim(rows, grammar)
            if not _teach(grammar, rows, self._unknown(rows)):
                return

    def read_together(
        self, lines: Lines, grammars: Sequence[Grammar], firsts: pa.Int64Array, reference: dt.datetime
    ) -> list[int]:
        """The same of the lines of several logs, of which each begins at one of `firsts` and has one of `grammars`, which are
        alike. Which of them have learnt more from what the one round left, and are to be read anew."""
        import pyarrow.compute as pc

        rows = self._texts(lines, reference)
        self._claim(rows, grammars[0])
        unknown = self._unknown(rows).sort_by("i")
        starts, bounds = firsts.to_pylist(), pc.search_sorted(one(unknown["i"]), firsts).to_pylist()
        taught = []
        for k, grammar in enumerate(grammars):
            own = slice(bounds[k], bounds[k + 1] if k + 1 < len(bounds) else len(unknown))
            if own.start < own.stop:
                lines_of = pc.subtract(one(unknown["i"][own]), firsts[k])  # a log's sample hangs on nothing but itself
                if _teach(grammar, rows.slice(starts[k]), unknown[own].set_column(0, "i", lines_of)):
                    taught.append(k)
        return taught

    def of(self, lines: pa.Int64Array, names: Sequence[str]) -> pa.Table:
        """What `heads` says of some lines of the block, in the order given, which is that of the lines."""
        import pyarrow as pa

        assert self.table is not None
        heads = self.table.select(names)
        if self._rows is None and lines.equals(pa.arange(0, len(lines))):  # all, or all but the last ones
            return heads.slice(0, len(lines))
        rows = lines if self._rows is None else self._rows.take(lines)
        # what nothing is told of is not worth a copy
        told = (c.slice(0, len(rows)) if c.null_count == len(c) else c.take(rows) for c in heads.columns)
        return pa.table(list(told), names)

    def _show(self) -> None:
        """Makes `heads` show what was read until now."""
        import pyarrow as pa
        import pyarrow.compute as pc

        self.table = self._stages.show()
        lines, places = pa.arange(0, len(self.table)), one(self.table["i"])
        self._rows = None if places.equals(lines) else pc.index_in(lines, value_set=places)

    def _texts(self, lines: Lines, reference: dt.datetime) -> pa.Table:
        """The lines (i, t) as formats are to read them."""
        import pyarrow as pa

        if reference != self._reference:
            self.con.execute(f"SET VARIABLE reference = TIMESTAMP '{reference.replace(tzinfo=None)}'")
            self._reference = reference
        rows = lines.table
        if lines.cleaned:
            rows = asked(self.con, f"SELECT i, {clean('t', lines)} AS t FROM lines", lines=rows)
        self.texts = rows["t"].cast(pa.large_string())
        return rows

    def _claim(self, rows: pa.Table, grammar: Grammar) -> None:
        """Reads lines by what is known."""
        self._stages.clear()
        self._stages.claim(grammar.root, rows, [], grammar.zone)
        self._show()

    def _unknown(self, rows: pa.Table) -> pa.Table:
        """Of the lines read (i, t) those worth learning from (i, odd): `odd` ones with stamps that did not convert, and what no
        format reads, unless it goes on with the line before it."""
        import pyarrow as pa
        import pyarrow.compute as pc

        assert self.table is not None
        heads = self.table.select(["i", "content", "chain"]).append_column("odd", self._odd())
        bare = [k for k, node in enumerate(self.chains) if node.fmt is None or node.children]
        heads = heads.filter(pc.or_(heads["odd"], pc.is_in(heads["chain"], value_set=pa.array(bare, pa.int32()))))
        if not len(heads):
            return heads.select(["i", "odd"])
        texts = rows["t"].take(heads["i"])
        goes_on = pc.match_substring_regex(pc.coalesce(heads["content"], texts), CONTINUES)
        return heads.filter(pc.or_(heads["odd"], pc.invert(goes_on))).select(["i", "odd"])

    def _odd(self) -> pa.ChunkedArray:
        """Of which lines the stamp did not convert."""
        import pyarrow.compute as pc

        assert self.table is not None
        return pc.and_(pc.is_null(self.table["timestamp"]), pc.is_valid(self.table["stamp_text"]))

    def read_cut(self, wholes: pa.Table, grammar: Grammar) -> None:
        """Reads the records (i, raw) again whose first line was cut, from the line that its pieces make up."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not any(cuts.may_cut(node.path_nodes[0].fmt) for node in self.chains if node.fmt):
            return
        first = self.of(one(wholes["i"]), ["chain", "partial"])
        cut = first["partial"].fill_null(False)
        if not pc.any(cut).as_py():
            return
        wholes, chain = wholes.select(["i", "raw"]).filter(cut), first["chain"].filter(cut)
        for top in {id(node): node for node in (chain.path_nodes[0] for chain in self.chains if chain.fmt)}.values():
            if not cuts.may_cut(top.fmt):
                continue
            chains = [k for k, node in enumerate(self.chains) if node.fmt and node.path_nodes[0] is top]
            own = wholes.filter(pc.is_in(chain, value_set=pa.array(chains, pa.int32())))
            rows = asked(self.con, f"SELECT i, {first_line([top], 'raw')} AS t, false AS own FROM cut", cut=own)
            if len(rows):
                grammar.learn(rows["t"].slice(0, SAMPLE).to_pylist(), cut=False)
                self._again(top, rows, [], grammar)

    def read_whole(self, texts: str, grammar: Grammar, **tables: pa.Table) -> None:
        """Reads the formats that span lines again, from whole records: SQL over `tables` and `heads`, which gives (i, t) of
        those found so far."""
        for k, node in enumerate(self.chains):
            if not (node.fmt and node.fmt.multiline):
                continue
            assert self.table is not None
            whole = f"FROM ({texts}) AS w JOIN heads USING (i) WHERE chain = {k}"
            known = {**tables, "heads": self.table}
            found = asked(self.con, f"SELECT t {whole} ORDER BY i LIMIT {SAMPLE}", **known)["t"].to_pylist()
            if not found:
                continue
            grammar.learn_whole(node, found)
            inside = node.parent and node.parent.fmt
            carried = [name for name in COLUMNS if name not in OF_A_LINE] if inside else []
            names = ", ".join(f"heads.{name}" for name in carried)
            rows = asked(self.con, f"SELECT w.i, w.t, false AS own{', ' * bool(names)}{names} {whole}", **known)
            self._again(node, rows, carried, grammar, whole=True)

    def _again(
        self, node: Node, rows: pa.Table, carried: Sequence[str], grammar: Grammar, *, whole: bool = False
    ) -> None:
        """Reads lines anew, see `Stages.read`."""
        self._stages.drop(one(rows["i"]))
        self._stages.read(node, rows, carried, grammar.zone, whole=whole)
        self._show()


def _teach(grammar: Grammar, rows: pa.Table, unknown: pa.Table) -> bool:
    """Learns from the lines (i, t) of a log that are `unknown` (i, odd): whether there was anything new. Where samples taught
    nothing more of stamps that did not convert, all ways to write them are to be tried."""
    import pyarrow.compute as pc

    if not len(unknown):
        return False
    if grammar.learn(beginnings(one(rows["t"].take(some(one(unknown["i"]), SAMPLE))))):
        return True
    strict = [node for node in grammar.root.walk() if node.kinds and not node.odd]
    if not strict or not pc.any(unknown["odd"]).as_py():
        return False
    for node in strict:
        node.odd = True
    return True
