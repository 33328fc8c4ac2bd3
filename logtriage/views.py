"""The store as people and queries see it: the views `records`, `sources`, `hits` and `shapes` over its tables.

`lake.records` keeps a record in pieces; only here are they put together again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logtriage import frame, parse
from logtriage.detect import Node
from logtriage.formats import Format
from logtriage.heads import clean_all
from logtriage.jsonl import level_sql
from logtriage.rendering import Rendering

if TYPE_CHECKING:
    import duckdb

    from logtriage.store import Store

RESOURCE = ("service", "host", "container", "pod", "namespace")
# id column → the column of lake.records that holds its number
IDS = dict(zip(frame.IDS, ("trace", "span", "request"), strict=True))
# Columns of `records` that need the store's ids, and those that need the text.
WITH_IDS = frozenset((*IDS, "body", "raw", "bytes", "attributes"))


@dataclass(frozen=True, slots=True)
class Catalog:
    """The small tables of a store at one moment: its parts (rows of lake.parts), and what numbers in records count.

    `formats`: number → (name, the formats a line passed through, outermost first).
    """

    parts: tuple[PartRow, ...]
    formats: dict[int, tuple[str, tuple[Node, ...]]]
    renderings: tuple[tuple[int, Rendering], ...]

    def part(self, number: int) -> PartRow | None:
        """The part of that number."""
        return next((p for p in self.parts if p.part == number), None)


@dataclass(frozen=True, slots=True)
class PartRow:
    """One byte stream of the store: its number, names, and what is known of where it comes from."""

    part: int
    source: str
    group: str
    path: str | None
    member: str | None
    service: str | None
    host: str | None
    container: str | None
    pod: str | None
    namespace: str | None


def reader(store: Store) -> duckdb.DuckDBPyConnection:
    """A second connection to an open store, on one snapshot of it, whose results do not disturb those of `store.con`.

    It has no views yet. Close it, or the snapshot is held until the store is closed.
    """
    con = store.con.cursor()
    con.execute("SET TimeZone = 'UTC'; BEGIN")  # outside a transaction every statement reads the catalog anew
    return con


def load(con: duckdb.DuckDBPyConnection) -> Catalog:
    """Reads the small tables."""
    columns = 'part, source, "group", path, member, ' + ", ".join(RESOURCE)
    parts = tuple(PartRow(*row) for row in con.execute(f"SELECT {columns} FROM lake.parts ORDER BY part").fetchall())
    formats = {n: (name, _nodes(json.loads(text))) for n, name, text in con.execute("FROM lake.formats").fetchall()}
    rows = con.execute("SELECT rendering, text FROM lake.renderings ORDER BY rendering").fetchall()
    return Catalog(parts, formats, tuple((n, Rendering.parse(text)) for n, text in rows))


def create(store: Store) -> None:
    """Makes the views, with all their columns, on the store's connection, for what the store holds now."""
    catalog = load(store.con)
    create_records(store.con, catalog)
    for name, sql in _others().items():
        store.con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")


def create_records(con: duckdb.DuckDBPyConnection, catalog: Catalog, *, ids: bool = True, attributes: bool = True) -> None:
    """Makes `records` and `part_names` (the parts) on a connection.

    Without `ids` the columns of WITH_IDS are left out: joins are paid for even where nobody asks for what they give;
    so is the plan for `attributes`.
    """
    con.execute(
        'CREATE OR REPLACE TEMP TABLE part_names (part INTEGER, source VARCHAR, "group" VARCHAR, path VARCHAR, member VARCHAR, '
        + ", ".join(f"{name} VARCHAR" for name in RESOURCE) + ")"
    )  # fmt: skip
    if catalog.parts:
        rows = ", ".join("(" + ", ".join(map(_value, _row(part))) + ")" for part in catalog.parts)
        con.execute(f"INSERT INTO part_names VALUES {rows}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW records AS {base(catalog, ids=ids, attributes=attributes)}")


def base(catalog: Catalog, *, ids: bool = True, attributes: bool = True) -> str:
    """The SELECT behind `records`; see `create_records`."""
    names = "".join(f" WHEN {n} THEN {parse.literal(name)}" for n, (name, _) in catalog.formats.items())
    joins = "".join(f" LEFT JOIN lake.ids AS {column}_ids ON {column}_ids.id = r.{column}" for column in IDS.values()) if ids else ""
    texts = "".join(f", {column}_ids.text AS {name}" for name, column in IDS.items()) if ids else ""
    resource = ", ".join(f"coalesce(r.{name}, p.{name}) AS {name}" for name in RESOURCE)
    items = f"""source, "group", part, "offset", line, lines, timestamp, nanos, {level_sql("severity_number")} AS level,
        severity_number, severity_text, {f"CASE format{names} END" if names else "NULL::VARCHAR"} AS format, shape,
        format('{{:016x}}', shape) AS template, coalesce(string_split(flags, ' '), []) AS flags, {", ".join(RESOURCE)}"""
    if ids:
        raw = f"CASE WHEN exact IS NULL THEN {frame.restore(catalog.renderings)} ELSE frame END"
        items += f", {', '.join(IDS)}, {frame.with_ids('body')} AS body, {raw} AS whole, exact"
    inner = f"""SELECT {items} FROM (
        SELECT r.* EXCLUDE ({", ".join(RESOURCE)}), p.source, p."group", {resource}{texts}
        FROM lake.records AS r JOIN part_names AS p ON p.part = r.part{joins})"""
    if not ids:
        return inner
    text = "CASE WHEN ends_with(whole, chr(10)) THEN left(whole, -1) ELSE whole END"
    more = f", {_attributes(catalog)} AS attributes" if attributes else ""
    return f"SELECT * EXCLUDE (whole), {text} AS raw, coalesce(exact, encode(whole)) AS bytes{more} FROM ({inner})"


def first_line(nodes: Sequence[Node], whole: str) -> str:
    """SQL for the text that a record's attributes are read from, out of its text."""
    fmt = nodes[-1].fmt if nodes else None
    return clean_all(f"rtrim({whole}, chr(10))" if fmt and fmt.multiline else f"split_part({whole}, chr(10), 1)")


def _attributes(catalog: Catalog) -> str:
    """Nothing but a CASE keeps a format's JSON functions from the text of another format, at which they would fail."""
    cases = "".join(
        f" WHEN {parse.literal(name)} THEN {parse.attributes(nodes, first_line(nodes, 'whole'), flat=False)}"
        for name, nodes in catalog.formats.values()
    )
    return f"CASE format{cases} END::JSON" if cases else "NULL::JSON"


def _others() -> dict[str, str]:
    level = level_sql("severity_number")
    return {
        "sources": f"""
            SELECT p.source, p."group", p.part, p.path, p.member, {", ".join("p." + name for name in RESOURCE)},
                   coalesce(records, 0) AS records, first_timestamp, last_timestamp, coalesce(g."offset", 0) AS "offset",
                   coalesce(g.line, 1) - 1 AS lines, coalesce(formats, []) AS formats
            FROM part_names AS p
            LEFT JOIN (SELECT part, count(*) AS records, min(timestamp) AS first_timestamp, max(timestamp) AS last_timestamp,
                              list_sort(list(DISTINCT name)) AS formats
                       FROM lake.records JOIN lake.formats USING (format) GROUP BY part) USING (part)
            LEFT JOIN (FROM lake.progress QUALIFY row_number() OVER (PARTITION BY part ORDER BY noted DESC) = 1) AS g USING (part)""",
        "hits": f"""
            SELECT source, "group", part, "offset", timestamp, pattern, category, {level} AS level, severity_number, captures
            FROM lake.hits JOIN part_names USING (part)""",
        "shapes": """
            SELECT shape, format('{:016x}', shape) AS template, text, first_seen, coalesce(records, 0) AS records
            FROM lake.shapes LEFT JOIN (SELECT shape, sum(records)::BIGINT AS records FROM lake.activity GROUP BY shape)
            USING (shape)""",
    }


def _nodes(definition: list[dict[str, Any]]) -> tuple[Node, ...]:
    return tuple(_chain(definition))


def _chain(definition: list[dict[str, Any]]) -> Iterator[Node]:
    node: Node | None = None
    for fields in definition:
        node = Node(_format(fields), node)
        yield node


def _format(fields: dict[str, Any]) -> Format:
    """A format as `dataclasses.asdict` and JSON have left it; what a later version added to it is passed over."""
    known = {key: value for key, value in fields.items() if key in Format.__slots__}
    for key in ("groups", "inside", "require", "examples", "rejects"):
        known[key] = tuple(known.get(key, ()))
    for key in ("keys", "aliases"):
        known[key] = {name: tuple(paths) for name, paths in known.get(key, {}).items()}
    return Format(**known)


def _row(part: PartRow) -> tuple[Any, ...]:
    return (part.part, part.source, part.group, part.path, part.member, part.service, part.host, part.container, part.pod, part.namespace)


def _value(value: Any) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else parse.literal(value)
