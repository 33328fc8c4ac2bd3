"""Some records of a source, normalised: a block of them at a time → rows for people, JSON lines for programs.

`Reader` runs a source through a Normaliser that other sources use in between; `Picked` is what it left of one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logtriage import whole
from logtriage.errors import SourceError
from logtriage.formats.attributes import attributes
from logtriage.formats.clean import first_line
from logtriage.formats.levels import level_sql
from logtriage.jsonl import lines
from logtriage.query.condition import Condition, joined
from logtriage.sources.find import Source
from logtriage.sources.read import Block, blocks
from logtriage.sql import literal
from logtriage.stream.around import MARK

if TYPE_CHECKING:
    from logtriage.normalise import Normaliser
    from logtriage.stream.learnt import Learnt
    from logtriage.stream.stream import Record

RESOURCE = ("service", "host", "container", "pod", "namespace")


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


class Reader:
    """One source, and what has been learnt of it."""

    def __init__(
        self, normaliser: Normaliser, source: Source, learnt: Learnt | None = None, cut: list[str] | None = None
    ) -> None:
        """`learnt`: what tells the templates of records; JSON lines need it. The source's name is added to `cut` for each
        record that was too long and is several now."""
        self.cut = [] if cut is None else cut
        self._normaliser = normaliser
        self._learnt = learnt
        self.source = source
        self.grammar = normaliser.grammar(source)
        self._reference = normaliser.settings.reference(source)
        self._chains: list[Any] = []
        self.encoding = "utf-8"  # of the bytes last read

    def whole(
        self, size: int, *, first: int | None = None, offset: int = 0, end: int | None = None, line: int = 1
    ) -> Iterator[Picked]:
        """All records that begin in bytes `offset` to `end`, in blocks of about `size` bytes, the first one of `first`.
        Raises SourceError."""
        if self._learnt and not offset and end is None and (sampled := self._learnt.sampled(self.source)):
            self.encoding, self._chains = sampled.encoding, sampled.held.chains
            self._normaliser.show(sampled.held)
            self._learnt.show()
            yield Picked(self._normaliser, self, None)
            return
        size = whole.block_size(size)
        some = blocks(self.source, offset=offset, line=line, size=size, first=first, max_line=whole.LONGEST)
        for _ in whole.whole_records(
            _up_to(some, end),
            lambda block, final: self._read(block, final=final),
            lambda: self.cut.append(self.source.name),
        ):
            yield Picked(self._normaliser, self, None)

    def block(self, block: Block) -> Picked:
        """The records of a block that came by itself, as when a log is followed."""
        self._read(block, final=True)
        return Picked(self._normaliser, self, None)

    def some(self, records: Sequence[Record]) -> Picked:
        """Just these records, whose bytes are whole."""
        data = b"".join(r.data if r.data.endswith(b"\n") else r.data + b"\n" for r in records)
        if not records[-1].data.endswith(b"\n"):
            data = data[:-1]
        self._read(Block(self.source, 0, 1, data, True, "utf-8"), final=True)
        return Picked(self._normaliser, self, records)

    def _read(self, block: Block, *, final: bool) -> Any:
        chains = self._normaliser.records.chains
        chains[:] = self._chains
        self.encoding = block.encoding
        made = self._normaliser.block(
            block, self.grammar, self._reference, final=final, shapes=self._learnt is not None
        )
        if self._learnt:
            self._learnt.show()
        self._chains = list(chains)
        return made

    @property
    def has_shapes(self) -> bool:
        """Whether the records' shapes and templates are known."""
        return self._learnt is not None

    @property
    def chains(self) -> list[Any]:
        """The formats that the column `chain` counts."""
        return self._chains


class Picked:
    """The records of one block, in the temp tables of the Normaliser's connection until the next one is read."""

    def __init__(self, normaliser: Normaliser, reader: Reader, records: Sequence[Record] | None) -> None:
        self._con = normaliser.con
        self._reader = reader
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

        at, places = 0, []
        for record in records:
            places.append(at)
            at += len(record.data) + (not record.data.endswith(b"\n"))
        self._con.register("pieces", pa.table({
            "at": pa.array(places, pa.int64()), "true_at": pa.array([r.start for r in records], pa.int64()),
            "true_line": pa.array([r.line for r in records], pa.int64()), "found": pa.array([r.found for r in records]),
        }))  # fmt: skip
        return (
            'SELECT r.* REPLACE (r."offset" - p.at + p.true_at AS "offset", p.true_line AS line), p.found '
            'FROM records AS r ASOF JOIN pieces AS p ON r."offset" >= p.at'
        )

    def keep(self, conditions: Sequence[Condition], *, attributes: bool) -> None:
        """Drops the records that do not fulfil the conditions (which are those of a `Query`)."""
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
            f"DELETE FROM kept WHERE i NOT IN (SELECT i FROM ({self._facets(attributes)}) WHERE {where})", parameters
        )

    def names(self, column: str) -> set[str]:
        """All that the records tell in a column that says where they come from: `source`, `service`, `container` …"""
        if column == "source":
            return {self._reader.source.name, self._reader.source.group}
        sql = f"SELECT DISTINCT {column} FROM ({self._facets(False)}) WHERE {column} IS NOT NULL"
        return {name for (name,) in self._con.execute(sql).fetchall()}

    def _facets(self, attributes: bool) -> str:
        """The records with the columns that the store's view `records` has."""
        chains, source = self._reader.chains, self._reader.source
        names = "".join(f" WHEN {k} THEN {literal(node.name)}" for k, node in enumerate(chains))
        who = source.resource
        known = {name: literal(value) if (value := getattr(who, name)) else "NULL" for name in RESOURCE}
        own = {name: "k.service, program" if name == "service" else f"k.{name}" for name in RESOURCE}
        told = ", ".join(f"coalesce({own[name]}, {known[name]}) AS {name}" for name in RESOURCE)
        ids = ", ".join(f"k.{name}" for name in ("trace_id", "span_id", "request_id"))
        more = f", {self._attributes()} AS attributes" if attributes else ""
        level = "coalesce(k.severity_number, f.severity_number, k.severity_default)"
        with_shapes = self._reader.has_shapes
        shape, shapes = (
            ("s.shape", " LEFT JOIN (SELECT i, shape FROM rows) AS s USING (i)")
            if with_shapes
            else ("NULL::BIGINT", "")
        )
        return (
            f'SELECT i, {literal(source.name)} AS source, {literal(source.group)} AS "group", 0 AS part, '
            f'k."offset", line, lines, '
            f"timestamp, nanos, {level_sql(level)} AS level, {level} AS severity_number, severity_text, "
            f"CASE chain{names} END AS format, coalesce(string_split(f.flags, ' '), []) AS flags, {told}, {ids}, "
            f"{shape} AS shape, body, coalesce(text, raw) AS text, rtrim(raw, chr(10)) AS raw, raw AS written, exact, found{more} "
            f"FROM {self._from} AS k LEFT JOIN flags AS f USING (i){shapes}"
        )

    def _attributes(self) -> str:
        cases = ""
        for k, node in enumerate(self._reader.chains):
            told = attributes(node.path_nodes, "line", flat=False)
            cases += f" WHEN {k} THEN list_transform([{first_line(node.path_nodes, 'raw')}], lambda line: {told})[1]"
        return f"CASE chain{cases} END"

    def json_lines(self) -> Iterator[str]:
        """One JSON object a record, in order."""
        return lines(self._con, self._reader.source, self._reader.chains)

    def rows(self, *, json: bool) -> list[Row]:
        """The records, in order."""
        found = self._con.execute(
            'SELECT timestamp, line, "offset", level, body, text, raw, coalesce(exact, encode(written)), format, found '
            f"FROM ({self._facets(False)}) ORDER BY i"
        ).fetchall()
        texts: list[str | None] = list(self.json_lines()) if json else [None] * len(found)
        source, encoding = self._reader.source, self._reader.encoding
        return [
            Row(
                at, source, line, offset, level, body or "", text or "", all_, raw, form == "plain", hit, made, encoding
            )
            for (at, line, offset, level, body, text, all_, raw, form, hit), made in zip(found, texts, strict=True)
        ]


def _up_to(blocks: Iterator[Block], end: int | None) -> Iterator[Block]:
    """The blocks that begin before an offset."""
    for block in blocks:
        at_end = end is not None and block.end >= end
        yield replace(block, last=block.last or at_end)
        if at_end:
            return


def pieces_in_windows(records: Iterator[Record], first: int) -> Iterator[list[Record]]:
    """Records in growing batches: the first soon, the many cheaply. A failure comes after what was found."""
    most, batch, size = first, [], 0
    try:
        for record in records:
            batch.append(record)
            size += len(record.data)
            if (len(batch) >= most or size > 4 << 20) and record.found:
                yield batch
                most, batch, size = min(4 * most, 20_000), [], 0
    except SourceError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
