"""Lines → rows of the relation `heads`, a format inside another at a time.

A stage holds what the formats around it wrapped (at first the lines themselves). It is claimed for the formats inside,
each reads its share, and what those wrap is the next stage. Stages are Arrow tables that DuckDB looks at.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from logtriage import layouts
from logtriage.formats import cuts, parse
from logtriage.formats.clean import without_newline
from logtriage.formats.format import Format
from logtriage.formats.ids import ids_after
from logtriage.formats.joints import OPENS, joint_sql
from logtriage.formats.moments import Moments
from logtriage.formats.narrowed import keys_sql, narrowed
from logtriage.formats.node import Node
from logtriage.formats.opened import opened
from logtriage.formats.stage_sql import GROUP, READ, claimed, fields, sought, tells_all
from logtriage.formats.twin import compiled
from logtriage.sql import asked, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# The columns that are of one line and its format; the others are handed on to what is read inside.
OF_A_LINE = ("i", "chain", "content", "follows", "partial", "joint", "head")
COLUMNS = {
    "i": "int64", "chain": "int32", "content": "large_string", "follows": "bool", "partial": "bool", "joint": "int8",
    "head": "large_string",
    "timestamp": "timestamp[us]", "nanos": "int16", "stamp": "int32", "stamp_text": "large_string",
    "observed": "timestamp[us]", "observed_nanos": "int16", "observed_stamp": "int32", "observed_text": "large_string",
    **dict.fromkeys(parse.ROLES, "large_string"),
}  # fmt: skip


class Stages:
    """Shows `heads` on a DuckDB connection. `chains` gives the meaning of the numbers in its column `chain`."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.chains: list[Node] = []
        self.moments = Moments(con)
        self._heads: list[pa.Table] = []

    def clear(self) -> None:
        """Empties `heads`."""
        self._heads = []

    def drop(self, lines: pa.Array) -> None:
        """Takes the heads of some lines back."""
        import pyarrow.compute as pc

        self._heads = [heads.filter(pc.invert(pc.is_in(heads["i"], value_set=lines))) for heads in self._heads]

    def show(self) -> pa.Table:
        """`heads` with what was read until now."""
        import pyarrow as pa

        return pa.concat_tables(self._heads)

    def claim(self, node: Node, rows: pa.Table, carried: Sequence[str], zone: str) -> None:
        """Claims lines (i, t, carried columns) for the formats known inside `node`, and reads them."""
        import pyarrow as pa
        import pyarrow.compute as pc

        children = node.ordered()
        goes_on = "|".join(c.fmt.continues for c in children if c.fmt and c.fmt.continues)
        own = f"regexp_matches(t, {literal(goes_on)})" if goes_on else "false"
        claims = self._ask(rows, claimed(children, own, carried))
        rows = rows.append_column("own", claims["own"])
        for k, child in enumerate(children):
            whole, lines = tells_all(child, children), rows
            for name in claims.column_names:
                if name == "opening" if not whole else name.startswith(READ):
                    lines = lines.append_column(name, claims[name])
            self.read(child, _where(lines, pc.equal(claims["k"], pa.scalar(k, pa.int32()))), carried, zone)
        rows = _where(rows, pc.is_null(claims["k"]))
        if not len(rows):
            return
        follows = f"own OR regexp_matches(t, {literal(node.continues)})"
        if node.stamped:  # of a piece it is not known whether all of the line would be read
            some = "partial" in carried and pc.any(rows["partial"]).as_py()
            follows = f"NOT coalesce(partial, false) OR {follows}" if some else "true"
        bare = any(compiled(regex).search("") for regex in (goes_on, node.continues) if regex)
        follows = f"coalesce({follows}, {bare})"  # what wraps nothing has a null there
        joint = joint_sql("t", node.joints)
        items = {name: name for name in ("i", *carried)} | {"follows": follows, "joint": joint}
        items |= {"content": "t"} if node.fmt else {}
        self._add(node, self._select(rows, items))

    def read(self, node: Node, rows: pa.Table, carried: Sequence[str], zone: str, *, whole: bool = False) -> None:
        """Reads lines (i, t, own, carried columns), all of the format of `node`, and what is inside.

        `own`: the line goes on with the record before. `whole`: each is a whole record of a format that spans lines.
        `opening`: what the format's opening is, if it has one; READ: what else the claim gave.
        """
        fmt = node.fmt
        assert fmt is not None
        if not len(rows):
            return
        if fmt.multiline and not whole:  # claimed by its first line; read when the whole record is there
            self._open(node, rows, carried)
            return
        if keys := keys_sql(node, "t"):
            node.keys.update(self._ask(rows, f"SELECT {keys} FROM stage")["key"].to_pylist())
            fmt = narrowed(node)
        begins = parse.opening_of(fmt)
        if begins:
            rows = opened(node, rows, begins, self._ask)
        ready = {name.removeprefix(GROUP) for name in rows.column_names if name.startswith(GROUP)}
        items, told = fields(node, fmt, carried, ready)
        items = {name: READ + name if READ + name in rows.column_names else sql for name, sql in items.items()}
        items |= {"i": "i", "follows": "own"}
        items |= {"content": "t"} if not fmt.inner and node.parent and node.parent.fmt else {}
        m = "*" if begins else f"*, {parse.extraction(fmt, 't', node)} AS m"
        read = self._select(rows, items, f"FROM (SELECT {m} FROM stage)")
        for name, before in sought(node).items():
            read = _with_id(read, rows, name, sorted(before))
        if node.moments:
            read = self.moments.read(node, read, zone)
        if not fmt.inner:
            self._add(node, read)
            return
        read = _unwrapped(read, fmt if cuts.told(fmt, node.ends) else None)
        told = list(dict.fromkeys([*told, *(["partial"] if "partial" in read.column_names else [])]))
        if whole:
            self._add(node, read)
        else:
            inside = read.select(["i", "content", *told]).rename_columns(["i", "t", *told])
            self.claim(node, inside, told, zone)

    def _open(self, node: Node, rows: pa.Table, carried: Sequence[str]) -> None:
        """Notes the first lines of records of a format that spans lines; they are read when the whole records are there."""
        fmt = node.fmt
        assert fmt is not None
        opens = f"CASE WHEN regexp_matches(t, {literal(fmt.opens)}) THEN {OPENS} END" if fmt.opens else "NULL"
        items = {name: name for name in ("i", *carried)} | {"follows": "own", "joint": opens}
        items |= {"content": "t"} if node.parent and node.parent.fmt else {}
        self._add(node, self._select(rows, items))

    def _ask(self, rows: pa.Table, sql: str) -> pa.Table:
        """What a statement over `stage`, some lines, gives."""
        return asked(self.con, sql, stage=rows)

    def _select(self, rows: pa.Table, items: Mapping[str, str], relation: str = "FROM stage") -> pa.Table:
        """Lines with columns by their SQL; what is there already does not go through DuckDB."""
        import pyarrow as pa

        columns = {name: rows[sql] for name, sql in items.items() if sql in rows.column_names}
        made = ", ".join(f"{sql} AS {name}" for name, sql in items.items() if name not in columns)
        told = self._ask(rows, f"SELECT {made} {relation}") if made else rows.select([])
        return pa.table(columns | {name: told[name] for name in told.column_names})

    def _add(self, node: Node, rows: pa.Table) -> None:
        """Puts lines of one format with the heads; columns that are not there are null."""
        import pyarrow as pa

        chain = pa.repeat(pa.scalar(self._chain(node), pa.int32()), len(rows))
        rows = rows.append_column("chain", chain)
        nothing = {kind: pa.nulls(len(rows), kind) for kind in set(_schema().values())}
        columns = {
            name: rows[name].cast(kind) if name in rows.column_names else nothing[kind]
            for name, kind in _schema().items()
        }
        self._heads.append(pa.table(columns))

    def _chain(self, node: Node) -> int:
        """The number of a node: its place in `chains`."""
        for k, known in enumerate(self.chains):
            if known is node:
                return k
        self.chains.append(node)
        return len(self.chains) - 1


def _with_id(read: pa.Table, rows: pa.Table, name: str, keys: Sequence[str]) -> pa.Table:
    """What was read of lines, with an id: that which the format names, or one that stands in the text, or one known before."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = layouts.one(rows["t"])
    if name in read.column_names:
        ids = layouts.one(read[name]).cast(pa.large_string())
        missing = pc.is_null(ids)
        if ids.null_count:
            ids = pc.replace_with_mask(ids, missing, ids_after(texts.filter(missing), keys))
        read = read.drop_columns([name])
    else:
        ids = ids_after(texts, keys)
    return read.append_column(name, pc.coalesce(ids, rows[name].cast(ids.type)) if name in rows.column_names else ids)


def _unwrapped(read: pa.Table, telling: Format | None) -> pa.Table:
    """What was read of a transport's lines, with the `content` of what it `wrapped`, and whether that is `partial`, where the
    format is one that tells it (else None)."""
    wrapped = layouts.one(read["wrapped"])
    if telling:
        logtag = layouts.one(read["logtag"]) if "logtag" in read.column_names else None
        read = read.append_column("partial", cuts.are_cut(wrapped, logtag))
    return read.append_column("content", without_newline(wrapped))


@functools.cache
def _schema() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {name: pa.type_for_alias(kind) for name, kind in COLUMNS.items()}


def _where(rows: pa.Table, mask: pa.ChunkedArray) -> pa.Table:
    """The rows of which something is true; nothing is copied where it is of all."""
    import pyarrow.compute as pc

    return rows if pc.all(mask, skip_nulls=False).as_py() else rows.filter(mask)
