"""Sources → the store: read → detect → parse → match → shape → store, a block at a time.

Small blocks wait in temp tables (`pending`, `pending_hits`) for others, so that a folder of small files is one commit.
Records and how far their source was read are committed together: killed anywhere and run again, the store is the same.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logtriage import frame
from logtriage.errors import LogtriageError, SourceError
from logtriage.formats import Format
from logtriage.normalise import Normaliser, Settings
from logtriage.parts import Part, Parts
from logtriage.read import Block, identity
from logtriage.records import Made
from logtriage.shape import Shapes
from logtriage.sources import Source
from logtriage.store import Store

if TYPE_CHECKING:
    import duckdb

_ENOUGH = 24 << 20  # bytes of log that are worth a commit of their own
_PENDING = (
    '"offset", line, lines, timestamp, nanos, s.rendering AS stamp, observed, observed_nanos, o.rendering AS observed_stamp, '
    "severity_number, severity_text, n.format, shape, flags, service, host, container, pod, namespace, "
    "trace_id, span_id, request_id, frame, body, exact"
)
_STORED = (
    'part, "offset", line, lines, timestamp, nanos, stamp, observed, observed_nanos, observed_stamp, severity_number, '
    "severity_text, format, shape, flags, service, host, container, pod, namespace, {ids}, frame, body, exact"
)


@dataclass(slots=True)
class Tally:
    """What an ingest did: counts over all sources, and the errors that did not stop it."""

    sources: int = 0
    unchanged: int = 0
    records: int = 0
    lines: int = 0
    bytes: int = 0
    errors: list[LogtriageError] = field(default_factory=list)

    def add(self, made: Made) -> None:
        """Counts a block."""
        self.records += made.records
        self.lines += made.lines
        self.bytes += made.bytes


class Ingest:
    """An open store being written to."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.con = store.con
        self.tally = Tally()
        self.parts = Parts(store.con)
        self._normaliser = Normaliser(store.con, settings, Shapes({n for (n,) in self._all("SELECT shape FROM lake.shapes")}))
        self._ids = self._all("SELECT coalesce(max(id), 0) FROM lake.ids")[0][0]
        self._formats = _Numbers(self.con, "formats", {(name, text): n for n, name, text in self._all("FROM lake.formats")})
        self._renderings = _Numbers(self.con, "renderings", {(text,): n for n, text in self._all("FROM lake.renderings")})
        self._shapes: dict[int, str] = {}
        self._dropped: list[tuple[int, int]] = []
        self._waiting = 0

    def run(self, sources: Iterable[Source], on_progress: Callable[[Tally], None] = lambda tally: None) -> Tally:
        """Brings each source up to date in the store. One that fails is noted in `Tally.errors`; the rest goes on."""
        for source in sources:
            self.tally.sources += 1
            try:
                self._source(source, on_progress)
            except SourceError as why:
                self.tally.errors.append(why)
        self.flush()
        return self.tally

    def _source(self, source: Source, on_progress: Callable[[Tally], None]) -> None:
        part, now = self.parts.of(source), identity(source)
        if part.untouched(now):
            self.tally.unchanged += 1
            return
        for block, made in self._normaliser.read(source, offset=part.tail_offset, line=part.tail_line):
            part = self.add(part, block, made)
            on_progress(self.tally)
        if now:
            self.parts.note(dataclasses.replace(part, size=now.size, mtime_ns=now.mtime_ns))

    def add(self, part: Part, block: Block, made: Made) -> Part:
        """Takes over the records that the normaliser holds; gives the part as it is then. They may wait for `flush`."""
        if block.offset < part.offset:  # the last record of an earlier run is read again, with what was written since
            self._dropped.append((part.number, block.offset))
        self._wait(part, made)
        self._shapes |= self._normaliser.shapes.new
        self.tally.add(made)
        end, line = block.offset + made.bytes, block.line + made.lines
        tail_offset, tail_line = end, line
        if made.bytes == len(block.data) and made.records:
            tail_offset, tail_line = self._all('SELECT max("offset"), max(line) FROM wholes')[0]
        part = dataclasses.replace(part, offset=end, line=line, tail_offset=tail_offset, tail_line=tail_line, size=None)
        self.parts.note(part)
        self._waiting += made.bytes
        if self._waiting >= _ENOUGH:
            self.flush()
        return part

    def _wait(self, part: Part, made: Made) -> None:
        """The temp tables `rows`, `shapes` and `found` → `pending` and `pending_hits`."""
        nodes = self._normaliser.records.chains
        chains = [(node.name, json.dumps([dataclasses.asdict(_bare(fmt)) for fmt in node.path])) for node in nodes]
        self._formats.of_block("chain_formats (chain, format)", chains)
        self._renderings.of_block("block_renderings (k, rendering)", [(str(r),) for r in self._normaliser.records.renderings])
        records = (
            f"SELECT {part.number} AS part, {_PENDING} FROM rows AS r JOIN shapes USING (i) JOIN chain_formats AS n USING (chain) "
            "LEFT JOIN block_renderings AS s ON s.k = r.stamp LEFT JOIN block_renderings AS o ON o.k = r.observed_stamp"
        )
        hits = (
            f'SELECT {part.number} AS part, "offset", timestamp, pattern, category, f.severity_number, captures '
            "FROM found AS f JOIN rows USING (i)"
        )
        for name, query in (("pending", records), ("pending_hits", hits)):
            self.con.execute(f"INSERT INTO {name} {query}" if self._waiting else f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def flush(self) -> None:
        """Writes all that waits to the store in one transaction, with how far each source was read."""
        with self.store.transaction():
            if self._waiting:
                self._drop_tails()
                self._formats.write()
                self._renderings.write()
                self._write_shapes()
                self._write_records()
            self.parts.write()
        self._waiting, self._shapes, self._dropped = 0, {}, []

    def _drop_tails(self) -> None:
        for part, offset in self._dropped:
            where = f'part = {part} AND "offset" >= {offset}'
            self.con.execute(
                "INSERT INTO lake.activity SELECT date_trunc('minute', timestamp), part, shape, severity_number, -count(*) "
                f"FROM lake.records WHERE {where} GROUP BY ALL"
            )
            self.con.execute(f"DELETE FROM lake.records WHERE {where}")
            self.con.execute(f"DELETE FROM lake.hits WHERE {where}")

    def _write_shapes(self) -> None:
        import pyarrow as pa

        if self._shapes:
            new = pa.table({"shape": list(self._shapes), "text": pa.array(list(self._shapes.values()), pa.large_string())})
            self.con.register("new_shapes", new)
            self.con.execute(
                "INSERT INTO lake.shapes SELECT n.shape, n.text, min(timestamp) FROM pending AS p JOIN new_shapes AS n USING (shape) GROUP BY ALL"
            )
            self.con.unregister("new_shapes")

    def _write_records(self) -> None:
        counts = self._all(f"SELECT {', '.join(f'count({name})' for name in frame.IDS)} FROM pending")[0]
        kinds = [name for name, count in zip(frame.IDS, counts, strict=True) if count]
        if kinds:
            every = " UNION ALL ".join(f'SELECT part, "offset", {name} AS text FROM pending WHERE {name} IS NOT NULL' for name in kinds)
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE ids AS SELECT {self._ids} + row_number() OVER (ORDER BY first) AS id, text "
                f'FROM (SELECT text, min((part, "offset")) AS first FROM ({every}) GROUP BY text)'
            )
            self._ids += self._all("INSERT INTO lake.ids FROM ids ORDER BY id")[0][0]
        numbers = ", ".join(f"{name}.id" if name in kinds else "NULL" for name in frame.IDS)
        joins = " ".join(f"LEFT JOIN ids AS {name} ON {name}.text = p.{name}" for name in kinds)
        self.con.execute(f"INSERT INTO lake.records SELECT {_STORED.format(ids=numbers)} FROM pending AS p {joins} ORDER BY shape, timestamp")
        self.con.execute("INSERT INTO lake.hits FROM pending_hits ORDER BY pattern, timestamp")
        self.con.execute(
            "INSERT INTO lake.activity SELECT date_trunc('minute', timestamp), part, shape, severity_number, count(*) FROM pending GROUP BY ALL"
        )

    def _all(self, sql: str) -> list[tuple]:
        return self.con.execute(sql).fetchall()


class _Numbers:
    """Numbers that the store gives to values of a table (number, value…): formats, renderings."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, known: dict[tuple[str, ...], int]) -> None:
        self._con, self._table, self._known = con, table, known
        self._new: list[tuple[str, ...]] = []

    def of_block(self, table: str, values: Sequence[tuple[str, ...]]) -> None:
        """Makes a temp table of the values' places in a block and their numbers in the store."""
        for value in values:
            if value not in self._known:
                self._known[value] = len(self._known) + 1
                self._new.append(value)
        name, columns = table.split(" ", 1)
        pairs = ", ".join(str((k, self._known[value])) for k, value in enumerate(values)) or "(NULL, NULL)"
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM (VALUES {pairs}) AS v {columns}")

    def write(self) -> None:
        """Adds what is new to the store."""
        for value in self._new:
            marks = ", ".join("?" * len(value))
            self._con.execute(f"INSERT INTO lake.{self._table} VALUES (?, {marks})", [self._known[value], *value])
        self._new = []


def _bare(fmt: Format) -> Format:
    """A format without its examples, as it is kept in a store."""
    return dataclasses.replace(fmt, examples=(), rejects=())
