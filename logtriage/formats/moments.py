"""A column of time stamps → moments in UTC: when an event was, and when the transport around it saw it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage import layouts
from logtriage.formats.node import Node
from logtriage.sql import asked
from logtriage.stamps.rendering import Rendering, render_sql, rendering_of
from logtriage.stamps.stamp_sql import nanos_sql, to_timestamp_sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

EVENT = ("timestamp", "nanos", "stamp", "stamp_text")
OBSERVED = ("observed", "observed_nanos", "observed_stamp", "observed_text")
_MANY = 8  # ways to write a time beyond which it is quicker to try them all at once
_FRACTION = re.compile(rb"(?:(?<![0-9:])|(?<=0000:))00?:00:00[.,](0{1,9})(?!0)")


class Moments:
    """`renderings` gives the meaning of the numbers in the columns `stamp` and `observed_stamp`; it only grows."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.renderings: list[Rendering] = []

    def read(self, node: Node, rows: pa.Table, zone: str) -> pa.Table:
        """Rows with `own_text`, the stamps of one format → the same with EVENT and, inside a format that tells times
        itself, OBSERVED. What does not convert is null. `zone`: of stamps of which nothing tells another.

        The variable `reference` of the connection is the moment (UTC) that stamps without year or date are read against.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        zone = _zone_of(node) or zone
        written = list(dict.fromkeys(r for r in (rendering_of(text, zone) for text in node.written.values()) if r))
        moment = to_timestamp_sql(
            "own_text",
            node.moments,
            zone=zone,
            reference_expr="getvariable('reference')",
            renderings=written,
            general=node.odd or not written or len(written) > _MANY or any(kind.unit for kind in node.moments),
        )
        texts = layouts.one(rows["own_text"])
        clocks, nanos = _clocks(texts)
        relation = f"SELECT *, {moment} AS own_time, {_nanos(node, written)} AS own_nanos FROM clocks"
        sql = f"SELECT *, {self._rendered(written)} AS own_stamp FROM ({relation})"
        told = asked(self.con, sql, clocks=pa.table({"own_text": clocks.dictionary}))
        time, behind, stamp = (
            layouts.one(told[name]).take(clocks.indices) for name in ("own_time", "own_nanos", "own_stamp")
        )
        micros = pc.divide(nanos, 1000)
        if any(r.digits > 6 for r in written):
            behind = pc.add(behind, pc.subtract(nanos, pc.multiply(micros, 1000)))
        own = dict(zip(EVENT, (pc.add(time, micros.cast(pa.duration("us"))), behind, stamp, texts), strict=True))
        around = node.path_nodes[:-1]
        if any(above.moments for above in around):
            return _moved(rows, own, twice=any(above.moments for above in around[:-1]))
        return _with(rows, own)

    def _rendered(self, written: Sequence[Rendering]) -> str:
        """Which known rendering gives the stamp's text back: its number, or NULL."""
        cases = ""
        for rendering in written:
            if printed := render_sql(rendering, "own_time", "own_nanos"):
                cases += f" WHEN {printed} = own_text THEN {self._number(rendering)}"
        return f"CASE{cases} END" if cases else "NULL::INTEGER"

    def _number(self, rendering: Rendering) -> int:
        if rendering not in self.renderings:
            self.renderings.append(rendering)
        return self.renderings.index(rendering)


def _zone_of(node: Node) -> str | None:
    """What samples tell of a format's zone, or of that of the formats beside it; else what the format says."""
    beside = node.parent.children.values() if node.parent else ()
    return node.zone or next((n.zone for n in beside if n.zone), None) or (node.fmt.zone if node.fmt else None)


def _nanos(node: Node, written: Sequence[Rendering]) -> str:
    """The digits behind the microseconds, where any stamp has them."""
    digits = {r.digits for r in written if r.digits > 6}
    if not digits:
        return "0"
    if digits == {9} and not any(kind.unit for kind in node.moments):
        return "coalesce(try_cast(substr(own_text, strpos(own_text, '.') + 7, 3) AS SMALLINT), 0)"
    return nanos_sql("own_text", node.moments)


def _clocks(texts: pa.Array) -> tuple[pa.DictionaryArray, pa.Int64Array]:
    """Stamps' texts with zeros for the fraction of the second, and the nanoseconds of that: texts differ in it most, and
    what a clock says to the second is converted once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    alike = layouts.alike(texts)
    spans = [_fraction(layout) for layout in alike.dictionary.to_pylist()]
    starts, ends = (pa.array([span[k] for span in spans], pa.int64()).take(alike.indices) for k in (0, 1))
    zeros = pa.array(["0" * (end - start) for start, end in spans], pa.large_string()).take(alike.indices)
    nothing, all_of_it = (
        pa.repeat(pa.scalar(0, pa.int64()), len(texts)),
        pc.binary_length(texts).fill_null(0).cast(pa.int64()),
    )
    before, behind = layouts.slices(texts, nothing, starts), layouts.slices(texts, ends, all_of_it)
    clocks = pc.binary_join_element_wise(before, zeros, behind, pa.scalar("", pa.large_string()))
    if texts.null_count:
        clocks = pc.if_else(pc.is_valid(texts), clocks, None)
    nanos = pc.ascii_rpad(layouts.slices(texts, starts, ends), 9, "0").cast(pa.int64())
    return clocks.dictionary_encode("encode"), nanos


def _fraction(layout: bytes) -> tuple[int, int]:
    """Where the fraction of the second stands in a stamp's layout; behind it where there is none."""
    found = _FRACTION.search(layout)
    return found.span(1) if found else (len(layout), len(layout))


def _moved(rows: pa.Table, own: dict[str, pa.Array], *, twice: bool) -> pa.Table:
    """The event's time is the format's `own`; the one that a format around it gave becomes the observed one. `twice`:
    there is an observed one already, of a format around that, and it stays."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pick = pc.is_valid(own["timestamp"])
    columns = {name: pc.if_else(pick, value, rows[name]) for name, value in own.items()}
    for name, old in zip(OBSERVED, EVENT, strict=True):
        seen = pc.if_else(pick, rows[old], pa.scalar(None, rows[old].type))
        columns[name] = pc.coalesce(rows[name], seen) if twice else seen
    return _with(rows, columns)


def _with(rows: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    """Rows with other columns of these names."""
    rows = rows.drop_columns([name for name in columns if name in rows.column_names])
    for name, values in columns.items():
        rows = rows.append_column(name, values)
    return rows
