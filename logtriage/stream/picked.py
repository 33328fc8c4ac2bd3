"""Some records of a block that a Normaliser has read → rows for people, JSON lines for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from logtriage.formats.attributes import attributes
from logtriage.formats.clean import first_line
from logtriage.formats.levels import level_sql
from logtriage.jsonl import lines
from logtriage.query.condition import Condition, joined
from logtriage.query.field import names_in
from logtriage.sources.find import Source
from logtriage.sql import at_place, literal
from logtriage.store.catalog import RESOURCE
from logtriage.stream.around import MARK

if TYPE_CHECKING:
    import duckdb

    from logtriage.formats.node import Node
    from logtriage.stream.stream import Record

_SAMPLED = 200  # records whose fields are looked at


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it is shown. `timestamp` is UTC, naive; `body` what the record says, `text` all of it without the
    transport around it, `whole` with that, `raw` as it was written; `json` only where asked for. `found`: it, or only one
    beside it."""

    timestamp: datetime | None
    source: Source
    line: int
    offset: int
    level: str | None
    body: str
    text: str
    whole: str
    raw: bytes
    plain: bool
    found: bool
    json: str | None = None
    encoding: str = "utf-8"

    @property
    def lines(self) -> list[bytes]:
        """The record's lines as a needle looks at them: without their ends, in UTF-8."""
        raw = self.raw
        if self.encoding != "utf-8":
            raw = raw.decode(self.encoding, "replace").encode("utf-8", "replace")
        raw = raw if self.offset else raw.removeprefix(MARK)
        return raw.removesuffix(b"\n").split(b"\n")


class Reading(NamedTuple):
    """What a block was read of and as: its sources, by the `place` of records, the formats that the column `chain` counts, the encoding of its bytes, and
    whether its records' shapes and templates are known."""

    sources: Sequence[Source]
    chains: Sequence[Node]
    encoding: str
    has_shapes: bool


class Picked:
    """The records of one block, in the temp tables of the Normaliser's connection until the next one is read."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, reading: Reading, records: Sequence[Record] | None = None
    ) -> None:
        """`records`: what the block was put together from, if it is not a stretch of its source."""
        self._con = con
        self._reading = reading
        self._from = "(SELECT *, true AS found FROM records)"
        if records is not None:
            self._settle(self._moved(records))

    def _settle(self, selected: str) -> None:
        """Makes what a SELECT gives the records from now on."""
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE kept AS {selected}")
        self._con.execute("CREATE OR REPLACE TEMP VIEW records AS SELECT * EXCLUDE (found) FROM kept")
        self._from = "kept"

    def _moved(self, records: Sequence[Record]) -> str:
        """The records with their true places: the block was put together from pieces of the source."""
        import pyarrow as pa

        places = accumulate((len(record.data) for record in records[:-1]), initial=0)
        self._con.register("pieces", pa.table({
            "at": pa.array(places, pa.int64()), "true_at": pa.array([r.start for r in records], pa.int64()),
            "true_line": pa.array([r.line for r in records], pa.int64()), "found": pa.array([r.found for r in records]),
        }))  # fmt: skip
        return (
            'SELECT r.* REPLACE (p.true_at AS "offset", p.true_line AS line), p.found '
            'FROM records AS r JOIN pieces AS p ON r."offset" = p.at'
        )

    def keep(self, conditions: Sequence[Condition], *, attributes: bool, all: bool = False) -> None:
        """Drops the records that do not fulfil the conditions (which are those of a `Query`); with `all` they are kept, as
        not found."""
        if not conditions:
            return
        if self._from != "kept":
            self._settle("SELECT *, true AS found FROM records")
        if any("FROM hits" in condition.sql for condition in conditions):
            self._con.execute(
                "CREATE OR REPLACE TEMP VIEW hits AS "
                'SELECT 0 AS part, k."offset", pattern, category FROM found JOIN kept AS k USING (i)'
            )
        if any("FROM named_shapes" in condition.sql for condition in conditions):
            self._con.execute(
                "CREATE OR REPLACE TEMP VIEW named_shapes AS SELECT shape, format('{:016x}', template) AS template FROM mined"
            )
        where, parameters = joined(conditions)
        self._con.execute(
            f"{'UPDATE kept SET found = false' if all else 'DELETE FROM kept'} WHERE i NOT IN (SELECT i FROM ({self._facets(attributes)}) WHERE {where})",
            parameters,
        )

    def names(self, column: str) -> set[str]:
        """All that the records tell in a column that says where they come from: `source`, `service`, `container` …"""
        if column == "source":
            return {name for source in self._reading.sources for name in (source.name, source.group)}
        sql = f"SELECT DISTINCT {column} FROM ({self._facets(False)}) WHERE {column} IS NOT NULL"
        return {name for (name,) in self._con.execute(sql).fetchall()}

    def fields(self) -> set[str]:
        """The names of the attributes of the first records, so many for each source."""
        some = f"(FROM {self._from} ORDER BY i LIMIT {_SAMPLED * len(self._reading.sources)})"
        told = self._con.execute(f"SELECT attributes FROM ({self._facets(True, some)})").fetchall()
        return {name for (attributes,) in told for name in names_in(attributes or "{}")}

    def _facets(self, attributes: bool, records: str | None = None) -> str:
        """The records (SQL of a relation: of some) with the columns that the store's view `records` has."""
        chains, sources = self._reading.chains, self._reading.sources
        names = "".join(f" WHEN {k} THEN {literal(node.name)}" for k, node in enumerate(chains))
        known = {name: at_place([getattr(source.resource, name) for source in sources]) for name in RESOURCE}
        told = ", ".join(f"coalesce(k.{name}, {known[name]}) AS {name}" for name in RESOURCE if name != "service")
        # a place says better whose a log is than the program that wrote a line of it
        told += f", coalesce(k.service, {known['service']}, program) AS service"
        ids = ", ".join(f"k.{name}" for name in ("trace_id", "span_id", "request_id"))
        more = f", {self._attributes()} AS attributes" if attributes else ""
        level = "coalesce(k.severity_number, f.severity_number, k.severity_default)"
        with_shapes = self._reading.has_shapes
        shape, shapes = (
            ("s.shape", " LEFT JOIN (SELECT i, shape FROM rows) AS s USING (i)")
            if with_shapes
            else ("NULL::BIGINT", "")
        )
        return (
            f'SELECT i, place, {at_place([s.name for s in sources])} AS source, {at_place([s.group for s in sources])} AS "group", '
            f"0 AS part, "
            f'k."offset", line, lines, '
            f"timestamp, nanos, {level_sql(level)} AS level, {level} AS severity_number, severity_text, "
            f"CASE chain{names} END AS format, coalesce(string_split(f.flags, ' '), []) AS flags, {told}, {ids}, "
            f"{shape} AS shape, body, coalesce(text, raw) AS text, rtrim(raw, chr(10)) AS raw, raw AS written, exact, found{more} "
            f"FROM {records or self._from} AS k LEFT JOIN flags AS f USING (i){shapes}"
        )

    def _attributes(self) -> str:
        cases = ""
        for k, node in enumerate(self._reading.chains):
            told = attributes(node.path_nodes, "line", flat=False)
            cases += f" WHEN {k} THEN list_transform([{first_line(node.path_nodes, 'raw')}], lambda line: {told})[1]"
        return f"CASE chain{cases} END"

    def json_lines(self) -> Iterator[str]:
        """One JSON object a record, in order."""
        return lines(self._con, self._reading.sources, self._reading.chains)

    def places(self) -> list[int]:
        """Of which source each record is, in order."""
        return [place for (place,) in self._con.execute("SELECT place FROM records ORDER BY i").fetchall()]

    def rows(self, *, json: bool) -> list[Row]:
        """The records, in order."""
        found = self._con.execute(
            "SELECT timestamp, place, line, \"offset\", level, coalesce(body, ''), coalesce(text, ''), raw, "
            "coalesce(exact, encode(written)), format IS NOT DISTINCT FROM 'plain', found "
            f"FROM ({self._facets(False)}) ORDER BY i"
        ).fetchall()
        texts: list[str | None] = list(self.json_lines()) if json else [None] * len(found)
        sources, encoding = self._reading.sources, self._reading.encoding
        return [
            Row(at, sources[place], line, offset, level, body, text, whole, raw, plain, hit, made, encoding)
            for (at, place, line, offset, level, body, text, whole, raw, plain, hit), made in zip(
                found, texts, strict=True
            )
        ]
