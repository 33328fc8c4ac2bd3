"""Lines as formats read them, as SQL: without carriage returns, terminal escapes and byte order marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage import layouts
from logtriage.formats import cuts, pretty
from logtriage.formats.node import Node
from logtriage.sources.lines import Lines
from logtriage.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"


def clean(text: str, lines: Lines) -> str:
    """SQL for a line's text as formats read it: no carriage return, no terminal escapes, no byte order mark."""
    return clean_all(text, bom=lines.has_bom, returns=lines.has_cr, escapes=lines.has_escape)


def clean_record(raw: str, lines: Lines) -> str:
    """SQL for a whole record's text, its lines cleaned in the same way, without the newline at its end."""
    sql = f"rtrim({raw}, chr(10) || chr(13))" if lines.has_cr else f"rtrim({raw}, chr(10))"
    if lines.has_cr:
        sql = f"replace({sql}, chr(13) || chr(10), chr(10))"
    return clean_all(sql, bom=lines.has_bom, returns=False, escapes=lines.has_escape)


def clean_all(text: str, *, bom: bool = True, returns: bool = True, escapes: bool = True) -> str:
    """The same where it is not known what the text may hold."""
    sql = f"ltrim({text}, chr(65279))" if bom else text
    if returns:
        sql = f"rtrim({sql}, chr(13))"
    if escapes:
        sql = f"regexp_replace({sql}, {literal(ANSI)}, '', 'g')"
    return sql


def without_newline(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Texts without the line break at their ends."""
    import pyarrow as pa
    import pyarrow.compute as pc

    breaks = [pc.ends_with(texts, end) for end in ("\n", "\r\n")]
    if not pc.any(breaks[0]).as_py():
        return texts
    ends = pc.binary_length(texts).cast(pa.int64())
    for found in breaks:
        ends = pc.subtract(ends, found.cast(ends.type))
    starts = pa.repeat(pa.scalar(0, pa.int64()), len(texts))
    return layouts.where(layouts.slices(texts, starts, ends.fill_null(0)), pc.is_valid(texts))


def first_line(nodes: Sequence[Node], whole: str) -> str:
    """SQL for the text that a record's attributes are read from, out of its text: what its first line says, of a
    format that spans lines all of it. `nodes`: the formats of the record, the outermost first."""
    outer = nodes[0].fmt if nodes else None
    if outer and outer.multiline:
        text = clean_all(f"rtrim({whole}, chr(10))")
        return pretty.document_sql(text) if outer.kind == "json" else text
    line = f"split_part({whole}, chr(10), 1)"
    if outer and cuts.may_cut(outer):
        sign = "'}' || chr(10) || '{'" if outer.family == "docker" else "' P '"
        line = f"CASE WHEN contains({whole}, {sign}) THEN {cuts.glued(outer, clean_all(whole))} ELSE {line} END"
    return clean_all(line)
