"""Normalised records → JSON lines, made by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from logtriage.formats.levels import level_sql
from logtriage.sql import at_place, literal
from logtriage.store.catalog import RESOURCE
from logtriage.store.mined import UNMINED

if TYPE_CHECKING:
    import duckdb

    from logtriage.formats.node import Node
    from logtriage.sources.find import Source


def lines(con: duckdb.DuckDBPyConnection, sources: Sequence[Source], chains: Sequence[Node]) -> Iterator[str]:
    """The block in the temp tables (see normalise.py) as one JSON object a record; `mined` holds (shape, template). `sources`: of
    which the records are, by their `place`."""
    from logtriage.formats.attributes import attributes
    from logtriage.formats.clean import first_line

    con.execute("CREATE OR REPLACE TEMP TABLE record_attributes (i BIGINT, attributes JSON)")
    for (chain,) in con.execute("SELECT DISTINCT chain FROM records").fetchall():
        node = chains[chain]
        text = first_line(node.path_nodes, "raw")
        made = attributes(node.path_nodes, "t", flat=True)
        con.execute(
            f"INSERT INTO record_attributes SELECT i, {made} FROM (SELECT i, {text} AS t FROM records WHERE chain = {chain})"
        )
    cases = " ".join(f"WHEN {k} THEN {literal(node.name)}" for k, node in enumerate(chains))
    who = {name: at_place([getattr(one.resource, name) for one in sources]) for name in RESOURCE}
    last = {"service": ", program"}
    told = ", ".join(f"'{name}', coalesce({name}, {of_place}{last.get(name, '')})" for name, of_place in who.items())
    rows = con.execute(f"""
        SELECT json_object('source', {at_place([one.name for one in sources])}, 'line', line, 'lines', lines, 'offset', "offset",
            'timestamp', strftime(timestamp, '%Y-%m-%dT%H:%M:%S.%f') || CASE WHEN nanos > 0 THEN lpad(nanos::VARCHAR, 3, '0') ELSE '' END || 'Z',
            'level', {level_sql("coalesce(r.severity_number, f.severity_number, r.severity_default)")}, 'severity_text', severity_text, {told},
            'format', CASE chain {cases} END, 'template', format('{{:016x}}', coalesce(template, {UNMINED})),
            'flags', CASE WHEN flags IS NULL THEN []::VARCHAR[] ELSE string_split(flags, ' ') END,
            'trace_id', trace_id, 'body', trim(body, chr(10)), 'attributes', attributes)
        FROM records AS r JOIN (SELECT i, shape FROM rows) AS s USING (i) LEFT JOIN mined USING (shape) LEFT JOIN flags AS f USING (i) LEFT JOIN record_attributes USING (i) ORDER BY i
    """)
    while batch := rows.fetchmany(10_000):
        for (text,) in batch:
            yield text
