"""A record as it is kept in `lake.records`, in pieces, and how it is put together again: only here."""

from __future__ import annotations

from collections.abc import Container

from logtriage.formats.levels import level_sql
from logtriage.sql import literal, settled
from logtriage.store import frame
from logtriage.store.catalog import RESOURCE, Catalog
from logtriage.store.ids import COLUMNS as IDS
from logtriage.store.mined import UNMINED

# Columns of lake.records that a record's text is put together from, and others that are taken as they are.
TEXT_PIECES = (
    "timestamp", "nanos", "stamp", "observed", "observed_nanos", "observed_stamp", *IDS.values(), "frame", "body",
    "exact",
)  # fmt: skip
PLACES = ("source", "group", *RESOURCE)
KEPT = ("part", "offset", "line", "lines", "severity_number", "severity_text", "shape")
# SQL for the number of the template of a row of lake.records.
_MINED = "SELECT shape AS of_shape, template AS its_template FROM lake.mined"
TEMPLATE = f"coalesce((SELECT any_value(its_template) FROM ({_MINED}) WHERE of_shape = shape), {UNMINED})"
# The columns of `pieces` whose values lake.facets knows.
FACETS = ("flag_ids", *RESOURCE)
# The columns of the view `records`.
COLUMNS = (
    "source", "group", "part", "offset", "line", "lines", "timestamp", "nanos", "level", "severity_number",
    "severity_text", "format", "shape", "template", "flags", *RESOURCE, *IDS, "body", "raw", "exact", "bytes",
    "attributes",
)  # fmt: skip
_WHOLE = ("raw", "bytes", "attributes")  # those that are made of all of a record's text


def bare(records: str = "lake.records", *more: str) -> str:
    """SELECT: each record (of a relation) as it is kept, with what itself tells of where it comes from, and more columns."""
    kept = ", ".join(f'"{name}"' for name in (*KEPT, *RESOURCE, *TEXT_PIECES, *more))
    return f"SELECT {kept}, format AS format_number, flags AS flag_ids FROM {records}"


def placed(relation: str, columns: Container[str] = RESOURCE) -> str:
    """SELECT: rows that have a part (SQL of a relation), with where they come from; `columns`: what they tell of it."""
    own = ", ".join(f"coalesce(r.{name}, p.{name}) AS {name}" for name in RESOURCE if name in columns)
    return (
        f'SELECT r.*{f" REPLACE ({own})" if own else ""}, p.source, p."group" '
        f"FROM {relation} AS r JOIN part_names AS p ON p.part = r.part"
    )


def facets(column: str) -> str:
    """SELECT: for one of FACETS, part, shape, where that comes from, the column's values in it, and `many`."""
    name = "flags" if column == "flag_ids" else column
    values = f"(SELECT part, shape, value AS {column}, many FROM lake.facets WHERE name = {literal(name)})"
    return placed(values, (column,))


def derived(catalog: Catalog) -> dict[str, tuple[str, str]]:
    """Columns of `records` that stand for another of `pieces`: name → (that column, SQL on it)."""
    names = "".join(f" WHEN {n} THEN {literal(name)}" for n, (name, _) in catalog.formats.items())
    return {
        "level": ("severity_number", level_sql("severity_number")),
        "format": ("format_number", f"CASE format_number{names} END" if names else "NULL::VARCHAR"),
        "template": ("shape", f"format('{{:016x}}', {TEMPLATE})"),
        "flags": ("flag_ids", "coalesce(string_split(flag_ids, ' '), [])"),
    }


def dressed(catalog: Catalog, relation: str, wanted: Container[str] = COLUMNS) -> str:
    """SELECT: rows of `pieces` (SQL of a relation) with those `derived` columns that are wanted."""
    more = "".join(f", {sql} AS {name}" for name, (_, sql) in derived(catalog).items() if name in wanted)
    return f"SELECT *{more} FROM {relation}"


def restored(catalog: Catalog, pieces: str, ids: str, wanted: Container[str] = COLUMNS) -> str:
    """SELECT: rows of `pieces` (SQL of a relation) with their texts, and `dressed`; `ids`: a relation (id, text).

    Of `pieces` it needs TEXT_PIECES and what the columns wanted are derived from.
    """
    joins = "".join(f" LEFT JOIN {ids} AS {column}_ids ON {column}_ids.id = r.{column}" for column in IDS.values())
    texts = ", ".join(f"{column}_ids.text AS {name}" for name, column in IDS.items())
    is_whole = any(name in wanted for name in _WHOLE)
    whole = frame.restored(f"(SELECT r.*, {texts} FROM {pieces} AS r{joins})", catalog.renderings, whole=is_whole)
    rows = dressed(catalog, f"(SELECT * RENAME (frame AS whole) FROM ({whole}))", wanted)
    if not is_whole:
        return rows
    raw = "CASE WHEN ends_with(whole, chr(10)) THEN decode(encode(whole)[:-2]) ELSE whole END"
    more = f", {_attributes(catalog)} AS attributes" if "attributes" in wanted else ""
    return f"SELECT *, {settled(raw)} AS raw, coalesce(exact, encode(whole)) AS bytes{more} FROM ({rows})"


def _attributes(catalog: Catalog) -> str:
    """Nothing but a CASE keeps a format's JSON functions from the text of another format, at which they would fail."""
    from logtriage.formats.attributes import attributes
    from logtriage.formats.clean import first_line

    cases = ""
    for number, (_, nodes) in catalog.formats.items():
        told = attributes(nodes, "line", flat=False)
        cases += f" WHEN {number} THEN list_transform([{first_line(nodes, 'whole')}], lambda line: {told})[1]"
    return f"CASE format_number{cases} END::JSON" if cases else "NULL::JSON"
