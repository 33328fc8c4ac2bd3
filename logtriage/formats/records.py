"""Heads → records: where each record begins, its continuation lines joined, its place in the source."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logtriage.formats import cuts, severity
from logtriage.formats.clean import clean, clean_record
from logtriage.formats.detect import Grammar
from logtriage.formats.heads import Heads
from logtriage.formats.joints import goes_on_sql
from logtriage.formats.node import Node
from logtriage.sources.lines import BATCH, Lines, split
from logtriage.stamps.rendering import Rendering

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from logtriage.sources.read import Block


Bytes = bytes  # `Made` has a field of that name


@dataclass(frozen=True, slots=True)
class Made:
    """What `Records.read` made of a block: how many records, and how many lines and bytes they cover.

    `first`: the line (`records.i`) that each record begins with; their texts lie in `joined` from each of `places` to
    the next. `as_written`: no record says anything else than what is written (nothing is unwrapped or cleaned).
    `marked`: some may hold a character that stands for a piece in a frame.
    """

    records: int
    lines: int
    bytes: int
    first: pa.Int64Array
    joined: Bytes
    places: pa.Int64Array
    as_written: bool
    marked: bool

    @property
    def texts(self) -> pa.LargeStringArray:
        """The records' texts as they are written."""
        import pyarrow as pa

        return pa.LargeStringArray.from_buffers(
            self.records, self.places.buffers()[1], pa.py_buffer(self.joined), offset=self.places.offset
        )


class Records:
    """Reads the blocks of any number of sources; the temp view `records` of the connection shows the last one read."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._heads = Heads(con)

    @property
    def renderings(self) -> list[Rendering]:
        """The ways to write a time that the columns `stamp` and `observed_stamp` count."""
        return self._heads.renderings

    @property
    def chains(self) -> list[Node]:
        """The formats that the column `chain` counts."""
        return self._heads.chains

    @property
    def _wrapped(self) -> bool:
        """Whether a transport wraps any of the lines."""
        return any(fmt.inner for node in self.chains for fmt in node.path)

    def reset(self) -> None:
        """To be called before the first block of each source."""
        self._heads.reset()

    def read(self, block: Block, grammar: Grammar, *, reference: dt.datetime, final: bool = True) -> Made:
        """Makes `records` show the records of a block, until the next one is read.

        `reference`: the moment (UTC) that stamps without year or date are read against. With `final` false the last
        record is left out, as lines that are still to come may belong to it; `Made.bytes` says where it begins.
        """
        import pyarrow as pa

        lines = split(block)
        table = lines.table
        self.con.register("lines", pa.Table.from_batches(table.to_batches(max_chunksize=BATCH), table.schema))
        self._heads.read(lines, grammar, reference)
        starts = self._starts(len(lines))
        made = self._register(lines, starts, block, final)
        self._tails(lines, starts)
        self._heads.read_cut(grammar)
        if any(node.fmt and node.fmt.multiline for node in self.chains):
            self._heads.read_whole(self._whole_texts(lines), grammar)
        self._assemble(lines)
        return made

    def _whole_texts(self, lines: Lines) -> str:
        """A relation (i, t): the whole text of each record found so far, unwrapped."""
        return (
            f"SELECT w.i, CASE WHEN h.content IS NULL THEN {clean_record('w.raw', lines)} ELSE {_joined('h.content')} END AS t "
            "FROM wholes AS w JOIN heads AS h ON h.i = w.i LEFT JOIN tails ON tails.i = w.i"
        )

    def _starts(self, lines: int) -> pa.Int64Array:
        """The lines that begin a record, in order; the block's first one always does."""
        import pyarrow as pa

        some, partial, joined = self.con.execute(
            "SELECT bool_or(follows), bool_or(partial), bool_or(joint > 0) FROM heads"
        ).fetchall()[0]
        if not some and not partial and not joined:
            return pa.arange(0, lines)
        before = "lag({}) OVER (ORDER BY i)".format
        follows, relation = "follows", "SELECT i, follows, partial, joint, content IS NOT NULL AS wrapped FROM heads"
        if partial:
            follows = f"(follows OR (wrapped AND coalesce({before('partial')}, false)))"
        if joined:
            follows = goes_on_sql(before("joint"), "joint", follows)
        if any(cuts.may_cut(node.path_nodes[0].fmt) for node in self.chains if node.fmt):
            # only where lines may go together it matters which stream they are of
            near = "SELECT unnest([i - 1, i, i + 1]) FROM heads WHERE follows OR partial OR joint > 0"
            streams = f"SELECT i, {cuts.stream_sql('t')} AS stream FROM lines WHERE i IN ({near})"
            relation = f"SELECT * FROM ({relation}) LEFT JOIN ({streams}) USING (i)"
            follows = f"CASE WHEN stream <> '' AND {before('stream')} <> '' AND stream <> {before('stream')} THEN false ELSE {follows} END"
        sql = f"SELECT i FROM (SELECT i, {follows} AS f FROM ({relation})) WHERE i = 0 OR NOT f ORDER BY i"
        return self.con.execute(sql).to_arrow_table()["i"].combine_chunks()

    def _register(self, lines: Lines, starts: pa.Int64Array, block: Block, final: bool) -> Made:
        """Registers `wholes`: each record with all its lines, without a copy of the text."""
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
        columns = {
            "i": first,
            "offset": pc.add(offsets.slice(0, n), block.offset),
            "line": pc.add(first, block.line),
            "lines": pc.subtract(borders.slice(1), first),
            "raw": raw,
            "exact": exact,
        }
        as_written = not lines.cleaned and not self._wrapped
        table = pa.table(columns)
        self.con.register("wholes", pa.Table.from_batches(table.to_batches(max_chunksize=BATCH), table.schema))
        return Made(n, borders[n].as_py(), offsets[n].as_py(), first, lines.joined, places, as_written, lines.has_marks)

    def _tails(self, lines: Lines, starts: pa.Int64Array) -> None:
        """Fills `tails`: what the continuation lines of each record say, where a transport wraps each of them; without
        the pieces of a cut first line."""
        import pyarrow as pa
        import pyarrow.compute as pc

        self.con.execute("CREATE OR REPLACE TEMP TABLE tails (i BIGINT, tail VARCHAR)")
        if len(starts) == len(lines) or not self._wrapped:
            return
        places = pa.arange(0, len(lines))
        begun = starts.take(pc.subtract(pc.search_sorted(starts, places, side="right"), 1))
        follow = pc.not_equal(begun, places)
        self.con.register("following", pa.table({"line": places.filter(follow), "i": begun.filter(follow)}))
        same = f"{cuts.stream_sql('own.t')} = {cuts.stream_sql('above.t')}"
        some = "WHERE i IN (SELECT unnest([line - 1, line]) FROM following)"  # first, as they are few beside all lines
        self.con.execute(f"""
            INSERT INTO tails
            WITH near AS MATERIALIZED (
                SELECT i, t, coalesce(content, {clean("t", lines)}) AS said, partial
                FROM (SELECT * FROM lines {some}) JOIN (SELECT i, content, partial FROM heads {some}) USING (i)
            )
            SELECT i, string_agg(CASE WHEN cut THEN '' ELSE chr(10) END || said, '' ORDER BY line) FILTER (NOT piece)
            FROM (
                SELECT f.i, f.line, own.said, coalesce(CASE WHEN above.partial THEN {same} END, false) AS cut,
                       bool_and(cut) OVER (PARTITION BY f.i ORDER BY f.line) AS piece
                FROM following AS f JOIN near AS own ON own.i = f.line JOIN near AS above ON above.i = f.line - 1
            ) GROUP BY i""")
        self.con.unregister("following")

    def _assemble(self, lines: Lines) -> None:
        """Makes the view `records` of heads, wholes and tails; nothing is copied. `text` is what a record says (its
        lines cleaned and unwrapped), NULL where that is `raw`; `body_at` is where in `raw` its body begins, if known."""
        own = clean_record("w.raw", lines)
        whole = [k for k, node in enumerate(self.chains) if node.fmt and node.fmt.multiline]
        rest = (
            "coalesce(tail, '')"
            if lines.cleaned
            else f"CASE WHEN h.content IS NULL THEN substr({own}, strpos({own}, chr(10))) ELSE coalesce(tail, '') END"
        )
        source = own if lines.cleaned else "w.raw"
        newline = "0" if lines.cleaned else "ends_with(w.raw, chr(10))::INTEGER"
        self.con.execute(f"""
            CREATE OR REPLACE TEMP VIEW records AS
            WITH joined AS (
                SELECT w.* REPLACE ({_LINES} AS lines), h.* EXCLUDE (i, content, follows, partial, joint, body, body_at),
                       CASE WHEN h.content IS NULL THEN {own if lines.cleaned else "NULL"}
                            WHEN w.lines > 1 THEN {_joined("h.content")} ELSE h.content END AS text,
                       CASE WHEN h.body_at IS NOT NULL THEN substr({source}, h.body_at, length({source}) - h.body_at + 1 - {newline})
                            WHEN h.body IS NULL THEN coalesce(text, {own})
                            WHEN w.lines > 1 AND h.chain NOT IN {(*whole, -1)} THEN h.body || {rest}
                            ELSE h.body END AS body, {"NULL::INTEGER" if lines.cleaned else "h.body_at"} AS body_at
                FROM wholes AS w JOIN heads AS h ON h.i = w.i LEFT JOIN tails ON tails.i = w.i
            ), told AS (
                SELECT *, {severity.evidence(self.con, self.chains)}
                FROM joined
            )
            SELECT * EXCLUDE ({", ".join(severity.EVIDENCE)}), {severity.judgement(self.chains)}
            FROM told
        """)


# A blank line behind a record of one line keeps it apart from the next one; in a record of many lines it is one of them.
_LINES = r"CASE WHEN w.lines > 1 THEN CASE WHEN regexp_full_match(substr(w.raw, strpos(w.raw, chr(10))), '\s*') THEN 1 ELSE w.lines END ELSE w.lines END"


def _joined(head: str) -> str:
    return f"{head} || coalesce(tail, '')"
