"""A block of lines → `heads`: which format claims each line, and what its fields say.

DuckDB works on whole columns, in temp tables of the connection given (`stages.py`). Python only decides: from samples
it learns the grammar of the source, and what it did not know in one round it learns for the next.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage.formats import cuts
from logtriage.formats.clean import ANSI, clean, first_line
from logtriage.formats.detect import Grammar
from logtriage.formats.joints import CONTINUES
from logtriage.formats.node import Node
from logtriage.formats.stages import COLUMNS, OF_A_LINE, Stages
from logtriage.sources.lines import Lines
from logtriage.sql import literal
from logtriage.stamps.rendering import Rendering

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_SAMPLE = 200
_ROUNDS = 6


class Heads:
    """Reads the lines of any number of sources into `heads` of a DuckDB connection, which is `table` as well."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._stages = Stages(con)
        self.table: pa.Table | None = None
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

    def read(self, lines: Lines, grammar: Grammar, reference: dt.datetime) -> None:
        """Fills `heads` from the registered relation `lines` (i, t). What nobody claimed, and stamps that did not
        convert, are learnt from, and it is done again.

        `reference`: the moment (UTC) that stamps without year or date are read against.
        """
        self.con.execute("SET VARIABLE reference = ?", [reference.replace(tzinfo=None)])
        # Later blocks of a source teach less, and what no format reads is learnt from below.
        grammar.learn(_sample(lines, _SAMPLE // 2 if grammar.root.children else _SAMPLE))
        rows = lines.table
        if lines.cleaned:
            rows = self.con.execute(f"SELECT i, {clean('t', lines)} AS t FROM lines").to_arrow_table()
        for _ in range(_ROUNDS):
            self._stages.clear()
            self._stages.claim(grammar.root, rows, [], grammar.zone)
            self.table = self._stages.show()
            bare = [k for k, node in enumerate(self.chains) if node.fmt is None or node.children]
            some = f"SELECT i, content, timestamp IS NULL AND stamp_text IS NOT NULL AS odd FROM heads WHERE odd OR chain IN {(*bare, -1)}"
            unknown = self.con.execute(
                f"SELECT {clean('t', lines)} FROM lines JOIN ({some}) USING (i) WHERE odd "
                f"OR NOT regexp_matches(coalesce(content, t), {literal(CONTINUES)}) ORDER BY hash(i) LIMIT {_SAMPLE}"
            ).fetchall()
            if not unknown:
                return
            if not grammar.learn(text for (text,) in unknown) and not self._admit_odd(grammar):
                return

    def _admit_odd(self, grammar: Grammar) -> bool:
        """Where samples taught nothing more of stamps that did not convert: have all ways to write them tried."""
        missed = self.con.execute(
            "SELECT count(*) FROM heads WHERE timestamp IS NULL AND stamp_text IS NOT NULL"
        ).fetchall()[0][0]
        strict = [node for node in grammar.root.walk() if node.kinds and not node.odd]
        if not missed or not strict:
            return False
        for node in strict:
            node.odd = True
        return True

    def read_cut(self, grammar: Grammar) -> None:
        """Reads the records again whose first line was cut, from the line that its pieces make up."""
        for top in {id(node): node for node in (chain.path_nodes[0] for chain in self.chains if chain.fmt)}.values():
            if not cuts.may_cut(top.fmt):
                continue
            chains = [k for k, node in enumerate(self.chains) if node.fmt and node.path_nodes[0] is top]
            rows = self.con.execute(
                f"SELECT i, {first_line([top], 'raw')} AS t, false AS own "
                f"FROM wholes JOIN heads USING (i) WHERE partial AND chain IN {(*chains, -1)} ORDER BY i"
            ).to_arrow_table()
            if len(rows):
                grammar.learn(rows["t"].slice(0, _SAMPLE).to_pylist(), cut=False)
                self._again(top, rows, [], grammar)

    def read_whole(self, lines_of: str, grammar: Grammar) -> None:
        """Reads the formats that span lines again, from whole records: a relation (i, t) of those found so far."""
        for k, node in enumerate(self.chains):
            if not (node.fmt and node.fmt.multiline):
                continue
            found = self.con.execute(
                f"SELECT t FROM ({lines_of}) JOIN heads USING (i) WHERE chain = {k} ORDER BY i LIMIT {_SAMPLE}"
            ).fetchall()
            if not found:
                continue
            grammar.learn_whole(node, [t for (t,) in found])
            inside = node.parent and node.parent.fmt
            carried = [name for name in COLUMNS if name not in OF_A_LINE] if inside else []
            names = ", ".join(f"heads.{name}" for name in carried)
            rows = self.con.execute(
                f"SELECT w.i, w.t, false AS own{', ' * bool(names)}{names} "
                f"FROM ({lines_of}) AS w JOIN heads USING (i) WHERE chain = {k}"
            ).to_arrow_table()
            self._again(node, rows, carried, grammar, whole=True)

    def _again(
        self, node: Node, rows: pa.Table, carried: Sequence[str], grammar: Grammar, *, whole: bool = False
    ) -> None:
        """Reads lines anew, see `Stages.read`."""
        self._stages.drop(rows["i"].combine_chunks())
        self._stages.read(node, rows, carried, grammar.zone, whole=whole)
        self.table = self._stages.show()


def _sample(lines: Lines, most: int) -> list[str]:
    """The first lines, and others spread over the block."""
    n = len(lines)
    step = max(1, n // most)
    places = sorted({*range(min(n, most // 4)), *range(0, n, step)})
    texts = [text.as_py().rstrip("\r").lstrip("\ufeff") for text in lines.text.take(places)]
    return [re.sub(ANSI, "", text) for text in texts] if lines.has_escape else texts
