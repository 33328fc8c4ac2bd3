"""Sources → the store: read → detect → parse → match → shape → store, a block at a time."""

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


@dataclass(slots=True)
class Tally:
    """What an ingest did: counts over all sources, and the errors that did not stop it."""

    sources: int = 0
    unchanged: int = 0
    records: int = 0
    lines: int = 0
    bytes: int = 0
    plain: int = 0
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
        self.parts = Parts(store)
        shapes = Shapes({n for (n,) in self.con.execute("SELECT shape FROM lake.shapes").fetchall()})
        self._normaliser = Normaliser(store.con, settings, shapes)
        self._ids = self.con.execute("SELECT coalesce(max(id), 0) FROM lake.ids").fetchall()[0][0]
        self._formats = {row[1:]: row[0] for row in self.con.execute("FROM lake.formats").fetchall()}
        self._renderings = {text: n for n, text in self.con.execute("FROM lake.renderings").fetchall()}

    def run(self, sources: Iterable[Source], on_progress: Callable[[Tally], None] = lambda tally: None) -> Tally:
        """Brings each source up to date in the store. One that fails is noted in `Tally.errors`; the rest goes on."""
        for source in sources:
            self.tally.sources += 1
            try:
                self._source(source, on_progress)
            except SourceError as why:
                self.tally.errors.append(why)
        return self.tally

    def _source(self, source: Source, on_progress: Callable[[Tally], None]) -> None:
        with self.store.transaction():
            part, new = self.parts.of(source)
        now = identity(source)
        if not new and part.untouched(now):
            self.tally.unchanged += 1
            return
        for block, made in self._normaliser.read(source, offset=part.tail_offset, line=part.tail_line):
            with self.store.transaction():
                self._drop_tail(part, block.offset)
                part = self._write(part, block, made)
                self.parts.save(part)
            self.tally.add(made)
            on_progress(self.tally)
        if now:
            with self.store.transaction():
                self.parts.save(dataclasses.replace(part, size=now.size, mtime_ns=now.mtime_ns))

    def _drop_tail(self, part: Part, offset: int) -> None:
        """Takes back the last record of an earlier run: it is read again, with what was written to the file since."""
        if offset >= part.offset:
            return
        where = f'part = {part.number} AND "offset" >= {offset}'
        self.con.execute(
            "INSERT INTO lake.activity SELECT date_trunc('minute', timestamp), part, shape, severity_number, -count(*) "
            f"FROM lake.records WHERE {where} GROUP BY ALL"
        )
        self.con.execute(f"DELETE FROM lake.records WHERE {where}")
        self.con.execute(f"DELETE FROM lake.hits WHERE {where}")

    def _write(self, part: Part, block: Block, made: Made) -> Part:
        """The temp tables `rows`, `shapes` and `found` → the store; gives the part as it is then."""
        self._number_formats()
        self._add_shapes()
        ids = self._number_ids()
        numbers = ", ".join(f"{name}.id" if name in ids else "NULL" for name in frame.IDS)
        joins = " ".join(f"LEFT JOIN ids AS {name} ON {name}.text = r.{name}" for name in ids)
        self.con.execute(f"""
            INSERT INTO lake.records
            SELECT {part.number}, "offset", line, lines, timestamp, nanos, s.rendering, observed, observed_nanos, o.rendering,
                   severity_number, severity_text, n.format, shape, flags, service, host, container, pod, namespace, {numbers},
                   frame, body, exact
            FROM rows AS r JOIN shapes USING (i) JOIN chain_formats AS n USING (chain) {joins}
            LEFT JOIN renderings AS s ON s.k = r.stamp LEFT JOIN renderings AS o ON o.k = r.observed_stamp
            ORDER BY shape, timestamp
        """)
        self.con.execute(
            f'INSERT INTO lake.hits SELECT {part.number}, "offset", timestamp, pattern, category, f.severity_number, captures '
            "FROM found AS f JOIN rows USING (i) ORDER BY pattern, timestamp"
        )
        self.con.execute(
            f"INSERT INTO lake.activity SELECT date_trunc('minute', timestamp), {part.number}, shape, severity_number, count(*) "
            "FROM rows JOIN shapes USING (i) GROUP BY ALL"
        )
        end, line = block.offset + made.bytes, block.line + made.lines
        tail_offset, tail_line = end, line
        if made.bytes == len(block.data) and made.records:
            tail_offset, tail_line = self.con.execute('SELECT max("offset"), max(line) FROM wholes').fetchall()[0]
        return dataclasses.replace(part, offset=end, line=line, tail_offset=tail_offset, tail_line=tail_line)

    def _add_shapes(self) -> None:
        """Adds the shapes that are new to the store."""
        import pyarrow as pa

        new = self._normaliser.shapes.new
        if new:
            self.con.register("new_shapes", pa.table({"shape": list(new), "text": pa.array(list(new.values()), pa.large_string())}))
            self.con.execute(
                "INSERT INTO lake.shapes SELECT n.shape, n.text, min(r.timestamp) FROM new_shapes AS n "
                "JOIN shapes USING (shape) JOIN rows AS r USING (i) GROUP BY ALL"
            )
            self.con.unregister("new_shapes")

    def _number_ids(self) -> list[str]:
        """Fills `ids` (id, text) with those of the block, numbered as they appear, and adds them to the store; gives the
        kinds of ids that the block has."""
        kinds = self._normaliser.ids
        if kinds:
            every = " UNION ALL ".join(f"SELECT i, {name} AS text FROM rows WHERE {name} IS NOT NULL" for name in kinds)
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE ids AS SELECT {self._ids} + row_number() OVER (ORDER BY first) AS id, text "
                f"FROM (SELECT text, min(i) AS first FROM ({every}) GROUP BY text)"
            )
            self._ids += self.con.execute("INSERT INTO lake.ids FROM ids ORDER BY id").fetchall()[0][0]
        return kinds

    def _number_formats(self) -> None:
        """Fills `chain_formats` and `renderings` (a block's numbers → the store's) and adds what is new to the store."""
        pairs = []
        for k, node in enumerate(self._normaliser.records.chains):
            key = (node.name, json.dumps([dataclasses.asdict(_bare(fmt)) for fmt in node.path]))
            if key not in self._formats:
                self._formats[key] = len(self._formats) + 1
                self.con.execute("INSERT INTO lake.formats VALUES (?, ?, ?)", [self._formats[key], *key])
            pairs.append((k, self._formats[key]))
        _fill(self.con, "chain_formats (chain INTEGER, format INTEGER)", pairs)
        pairs = []
        for k, rendering in enumerate(self._normaliser.records.renderings):
            text = str(rendering)
            if text not in self._renderings:
                self._renderings[text] = len(self._renderings) + 1
                self.con.execute("INSERT INTO lake.renderings VALUES (?, ?)", [self._renderings[text], text])
            pairs.append((k, self._renderings[text]))
        _fill(self.con, "renderings (k INTEGER, rendering SMALLINT)", pairs)


def _bare(fmt: Format) -> Format:
    """A format without its examples, as it is kept in a store."""
    return dataclasses.replace(fmt, examples=(), rejects=())


def _fill(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[int, int]]) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    if rows:
        con.execute(f"INSERT INTO {table.split()[0]} VALUES {', '.join(map(str, rows))}")
