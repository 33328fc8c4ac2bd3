"""The store as people and queries see it: the views `records`, `sources`, `hits`, `shapes` and `templates` over its tables."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from logtriage.formats.levels import level_sql
from logtriage.sql import literal
from logtriage.store.catalog import RESOURCE, Catalog, load
from logtriage.store.mined import UNMINED, UNMINED_ID, UNMINED_TEXT
from logtriage.store.pieces import COLUMNS, bare, placed, restored
from logtriage.store.seams import SEAMS

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.store import Store

# The view that conditions on a record's shape look templates up in.
NAMED_SHAPES = (
    "SELECT shape, format('{:016x}', template) AS template FROM lake.mined "
    f"UNION ALL SELECT {UNMINED}, '{UNMINED_ID}'"
)


def create(store: Store) -> None:
    """Makes the views, with all their columns, on the store's connection, for what the store holds now."""
    catalog = load(store.con)
    name_parts(store.con, catalog)
    everything = restored(catalog, f"({placed(f'({bare()})')})", "lake.ids")
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    views = {"records": f"SELECT {columns} FROM ({everything})", **others(), "named_shapes": NAMED_SHAPES}
    for name, sql in views.items():
        store.con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")


def name_parts(con: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """The parts as a table beside the store: joining it costs no look into the catalog."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE part_names "
        '(part INTEGER, source VARCHAR, "group" VARCHAR, path VARCHAR, member VARCHAR, '
        + ", ".join(f"{name} VARCHAR" for name in RESOURCE) + ")"
    )  # fmt: skip
    if catalog.parts:
        rows = ", ".join("(" + ", ".join(map(_value, astuple(part))) + ")" for part in catalog.parts)
        con.execute(f"INSERT INTO part_names VALUES {rows}")


def others() -> dict[str, str]:
    """The SELECTs behind the views `sources`, `hits`, `shapes` and `templates`; they need `part_names`."""
    level = level_sql("severity_number")
    return {
        "sources": f"""
            SELECT p.source, p."group", p.part, p.path, p.member, {", ".join("p." + name for name in RESOURCE)},
                   coalesce(records, 0) AS records, first_timestamp, last_timestamp,
                   coalesce(g."offset", 0) AS "offset", coalesce(g.line, 1) - 1 AS lines,
                   coalesce(formats, []) AS formats
            FROM part_names AS p
            LEFT JOIN (SELECT part, count(*) AS records, min(timestamp) AS first_timestamp,
                              max(timestamp) AS last_timestamp, list_sort(list(DISTINCT name)) AS formats
                       FROM lake.records JOIN lake.formats USING (format) GROUP BY part) USING (part)
            LEFT JOIN (FROM lake.progress QUALIFY row_number() OVER (PARTITION BY part ORDER BY step DESC) = 1) AS g
            USING (part)""",
        "hits": f"""
            SELECT source, "group", part, "offset", timestamp, pattern, category, {level} AS level, severity_number,
                   captures
            FROM lake.hits JOIN part_names USING (part)""",
        "shapes": f"""
            SELECT s.shape, format('{{:016x}}', m.template) AS template,
                   regexp_replace(text, '{SEAMS}', '', 'g') AS text, first_seen, coalesce(records, 0) AS records
            FROM lake.shapes AS s LEFT JOIN lake.mined AS m USING (shape)
            LEFT JOIN (SELECT shape, sum(records)::BIGINT AS records FROM lake.activity GROUP BY shape) USING (shape)""",
        "templates": f"""
            SELECT format('{{:016x}}', template) AS template, coalesce(text, {literal(UNMINED_TEXT)}) AS text,
                   records, sources, {level} AS level, severity_number, first_seen, last_seen
            FROM (SELECT coalesce(m.template, {UNMINED}) AS template, coalesce(sum(records), 0)::BIGINT AS records,
                         count(DISTINCT source) FILTER (records <> 0) AS sources,
                         max(severity_number) FILTER (records > 0) AS severity_number,
                         min(least(first_seen, minute)) AS first_seen, max(minute) AS last_seen
                  FROM lake.activity LEFT JOIN part_names USING (part)
                  FULL JOIN lake.mined AS m USING (shape) LEFT JOIN lake.shapes USING (shape) GROUP BY 1)
            LEFT JOIN lake.templates USING (template)""",
    }


def _value(value: Any) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else literal(value)
