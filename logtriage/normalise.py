"""A source → normalised records, a block at a time: read → detect → parse → match → shape. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from logtriage import whole
from logtriage.formats.claims import Claims
from logtriage.formats.detect import Grammar
from logtriage.formats.format import Format
from logtriage.formats.node import Node
from logtriage.formats.records import Records
from logtriage.formats.wholes import Made
from logtriage.layouts import one
from logtriage.signatures.flags import Flags
from logtriage.signatures.library import Pattern
from logtriage.signatures.match import Matcher
from logtriage.sources.find import Source
from logtriage.sources.read import Block, blocks, identity, prefetch
from logtriage.store import bitmaps, frame
from logtriage.store.connection import do_without
from logtriage.store.shape import Shapes

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_BLOCK = 8 << 20  # bytes read at a time: larger ones are hardly quicker and cost memory, as several are in work at once


@dataclass(frozen=True, slots=True)
class Settings:
    """How sources are read: `zone` of stamps without one (`zones`: by glob of the source's name, the first that fits),
    `now` (UTC) in place of a file's own time, one `format` for all."""

    formats: Sequence[Format]
    patterns: Sequence[Pattern]
    zone: str = "UTC"
    now: datetime | None = None
    format: str | None = None
    zones: Sequence[tuple[str, str]] = ()

    def zone_of(self, source: Source) -> str:
        """The zone of stamps without one in a source."""
        fits = (zone for glob, zone in self.zones if fnmatch(source.name, glob) or fnmatch(source.name, f"*/{glob}"))
        return next(fits, self.zone)

    def reference(self, source: Source) -> datetime:
        """The moment that a stamp without year or date is read against: the file was last written then, to the minute, so that
        logs that are written side by side are read against the same."""
        if self.now:
            return self.now
        file = identity(source)
        exact = datetime.fromtimestamp(file.mtime_ns / 1e9, UTC) if file else datetime.now(UTC)
        return exact.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Held:
    """The records of a block, to be shown again: `tables` by their names on the connection, and the formats that the column
    `chain` counts."""

    tables: dict[str, pa.Table]
    chains: list[Node]


_AS_THEY_ARE = (
    "i", "place", "offset", "line", "timestamp", "nanos", "stamp", "observed", "observed_nanos", "observed_stamp", "chain",
    "severity_text", "host", "container", "pod", "namespace", "trace_id", "span_id", "request_id",
)  # fmt: skip


class Normaliser:
    """Shows the records of one block after the other in temp views and tables of `con`.

    `records` (see records.py), `found` and `flags` (see flags.py). `rows`, also an Arrow table: the records as they are kept
    (see frame.py), with their shapes; `shapes.new` holds the texts of the shapes that the block brought.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        settings: Settings,
        shapes: Shapes | None = None,
        *,
        beside: Normaliser | None = None,
    ) -> None:
        """`beside`: one of which this one shares what is dear; only one of them at a time may go beyond `records`."""
        self.con = con
        self.settings = settings
        # The sizes of views over Arrow are unknown to DuckDB, and it would hash the large side of each join.
        do_without(con, "build_side_probe_side", "join_order", "join_filter_pushdown")
        # A second thread costs more than it brings on blocks of this size: two took 1.6 times the CPU and no less time.
        con.execute("SET threads = 1")
        con.execute("CREATE TEMP TABLE IF NOT EXISTS mined (shape BIGINT, template BIGINT)")
        self.shapes = shapes or Shapes()
        self.records = Records(con)
        self._matcher: Matcher = beside._matcher if beside else Matcher(settings.patterns)
        self._flags = Flags(self._matcher)
        self._claims: Claims = beside._claims if beside else Claims(settings.formats)
        self.rows: pa.Table | None = None

    def grammar(self, source: Source) -> Grammar:
        """What is known of a source before its first line."""
        s = self.settings
        return Grammar(s.formats, zone=s.zone_of(source), forced=s.format, claims=self._claims)

    def read(self, source: Source, *, offset: int = 0, line: int = 1) -> Iterator[tuple[Block, Made]]:
        """The records of a source from a place on."""
        grammar, reference = self.grammar(source), self.settings.reference(source)
        self.records.reset()
        yield from whole.whole_records(
            read_ahead(source, offset, line),
            lambda block, final: self.block(block, grammar, reference, final=final),
        )

    def block(
        self,
        block: Block,
        grammar: Grammar,
        reference: datetime,
        *,
        final: bool,
        shapes: bool = True,
        starts: Sequence[int] | None = None,
    ) -> Made:
        """One block, see `Records.read`. Without `shapes`, what only the store needs is not made: `rows` and `shapes`."""
        made = self.records.read(block, grammar, reference=reference, final=final, starts=starts)
        self.finish(block, made, shapes=shapes)
        self.show(self.held())
        return made

    def together(
        self, blocks: Sequence[Block], grammars: Sequence[Grammar], reference: datetime, *, shapes: bool
    ) -> tuple[list[int], list[int]]:
        """Blocks of several logs as one, see `Records.read_together`."""
        self.records.reset()
        made, again, apart = self.records.read_together(blocks, grammars, reference=reference)
        self.finish(blocks[0], made, shapes=shapes)
        self.show(self.held())
        return again, apart

    def held(self) -> Held:
        """The records that were read last."""
        # Of rows what is looked up by the place of a record: to show a column costs some microseconds.
        rows = self.rows.select(["i", "offset", "timestamp", "shape"]) if self.rows is not None else None
        tables = {"records": self.records.table, "rows": rows, "found": self._flags.found, "flags": self._flags.flags}
        return Held({name: table for name, table in tables.items() if table is not None}, list(self.records.chains))

    def show(self, held: Held) -> None:
        """Makes temp views show records; `rows` and `shapes` stay those of the block read last."""
        for name, table in held.tables.items():
            self.con.register(name, table)

    def finish(self, block: Block, made: Made, *, shapes: bool = True) -> None:
        """What is to be done with a block when its `records` have been read."""
        self._flags.read(*self.records.texts)
        if shapes:
            self._rows(block.source, made)

    def let_go(self) -> None:
        """Gives the block's memory back, so that it does not lie beside the next one's."""
        self.records.let_go()
        self._flags.let_go()
        self.rows = self.shapes.runs = None

    def hits(self) -> pa.Table:
        """What `found` tells of `rows`, with their places and times, by the line that each record begins with (`i`)."""
        import pyarrow.compute as pc

        found, rows = self._flags.found, self.rows
        assert found is not None and rows is not None
        at = pc.index_in(found["i"], value_set=rows["i"])
        for name in ("place", "offset", "timestamp"):
            found = found.append_column(name, rows[name].take(at))
        return found

    def grams(self, sources: int = 1) -> list[pa.UInt32Array]:
        """The hashes of the grams in `rows` (see bitmaps.py), of those of each source."""
        import pyarrow as pa
        import pyarrow.compute as pc

        assert self.rows is not None
        if sources > 1:
            texts = [one(self.rows["frame"]), one(self.rows["body"])]
            return bitmaps.grams_of_each(texts, one(self.rows["place"]), sources)
        frames, bodies = self.rows["frame"].unique(), one(self.rows["body"])
        return [pc.unique(pa.concat_arrays([bitmaps.grams(frames), bitmaps.grams(bodies)]))]

    def _rows(self, source: Source, made: Made) -> None:
        """Reads out the records as they are kept, and numbers their shapes."""
        import pyarrow as pa
        import pyarrow.compute as pc

        records = self.records.table
        assert records is not None
        pieces = frame.pieces(records, marked=made.marked)
        wrapped = any(fmt.kind in ("json", "logfmt") for node in self.records.chains for fmt in node.path)
        frames, bodies = frame.cut(self.con, pieces, json=wrapped)
        rows = pa.table({"frame": frames, "body": bodies, "exact": pieces["exact"]})
        rows = rows.append_column("lines", records["lines"].cast(pa.int32()))
        for name in _AS_THEY_ARE:
            column = records[name]
            # texts that nothing has would take room, and be moved
            empty = pa.types.is_large_string(column.type) and column.null_count == len(column)
            rows = rows.append_column(name, pa.nulls(len(column)) if empty else column)
        flags = self._flags.flags
        assert flags is not None
        flagged = flags.take(pc.index_in(rows["i"], value_set=flags["i"]))
        severity = pc.coalesce(records["severity_number"], flagged["severity_number"], records["severity_default"])
        # A place says better whose a log is than the program that wrote a line of it.
        service = records["service"]
        if not source.resource.service:
            service = pc.coalesce(service, records["program"])
        for name, column in (("severity_number", severity), ("flags", flagged["flags"]), ("service", service)):
            rows = rows.append_column(name, column)
        stamps, observed = (
            one(pc.if_else(pc.is_valid(records[number]), records[text], pa.scalar(None, pa.large_string())))
            for number, text in (("stamp", "stamp_text"), ("observed_stamp", "observed_text"))
        )
        # what is kept whole may hold the marks that stand for pieces
        whole = pc.is_valid(one(rows["exact"]))
        numbers = self.shapes.number(frames, bodies, stamps, observed, whole)
        self.rows = rows.append_column("shape", numbers).append_column("run", self.shapes.runs)


def read_ahead(source: Source, offset: int, line: int) -> Iterator[Block]:
    """The blocks of a source from a place on, each while work is done on the one before."""
    return prefetch(blocks(source, offset=offset, line=line, size=whole.block_size(_BLOCK), max_line=whole.LONGEST))
