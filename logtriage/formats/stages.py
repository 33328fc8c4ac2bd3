"""Lines → rows of the relation `heads`, a format inside another at a time.

A stage holds what the formats around it wrapped (at first the lines themselves). It is claimed for the formats inside,
each reads its share, and what those wrap is the next stage. Stages are Arrow tables that DuckDB looks at.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage import layouts
from logtriage.formats import cuts, parse
from logtriage.formats.clean import without_newline
from logtriage.formats.format import Format
from logtriage.formats.ids import id_after
from logtriage.formats.joints import OPENS, joint_sql
from logtriage.formats.moments import EVENT, OBSERVED, Moments
from logtriage.formats.narrowed import keys_sql, narrowed
from logtriage.formats.node import Node
from logtriage.formats.twin import compiled
from logtriage.sql import literal

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
    **{name: "large_string" for name in parse.ROLES},
}  # fmt: skip


_COLUMN = re.compile(r"([a-z_]+)(?: AS ([a-z_]+))?")


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
        import pyarrow.compute as pc

        children = node.ordered()
        goes_on = "|".join(c.fmt.continues for c in children if c.fmt and c.fmt.continues)
        own = f"regexp_matches(t, {literal(goes_on)})" if goes_on else "false"
        claimed = self._ask(rows, _claimed(children, own))
        rows = rows.append_column("own", claimed["own"])
        for k, child in enumerate(children):
            mine = pc.equal(claimed["k"], k)
            self.read(child, _where(rows.append_column("head", claimed["head"]), mine), carried, zone)
        rows = _where(rows, pc.is_null(claimed["k"]))
        if not len(rows):
            return
        inner = ["t AS content"] if node.fmt else []
        follows = f"own OR regexp_matches(t, {literal(node.continues)})"
        if node.stamped:  # of a piece it is not known whether all of the line would be read
            follows = f"NOT coalesce(partial, false) OR {follows}" if "partial" in carried else "true"
        bare = any(compiled(regex).search("") for regex in (goes_on, node.continues) if regex)
        follows = f"coalesce({follows}, {bare})"  # what wraps nothing has a null there
        joint = joint_sql("t", remarks=node.remarks, others=node.joins)
        items = ["i", *carried, *inner, f"{follows} AS follows", f"{joint} AS joint"]
        self._add(node, self._select(rows, items))

    def read(self, node: Node, rows: pa.Table, carried: Sequence[str], zone: str, *, whole: bool = False) -> None:
        """Reads lines (i, t, own, carried columns), all of the format of `node`, and what is inside.

        `own`: the line goes on with the record before. `whole`: each is a whole record of a format that spans lines.
        `head`, for formats whose body is all that follows: what stands before it.
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
        columns, carried = _fields(node, fmt, carried)
        relation = f"FROM (SELECT *, {parse.extraction(fmt, 't', node)} AS m FROM stage)"
        if parse.body_is_tail(fmt):
            rows, relation = self._with_groups(node, rows)
        if fmt.inner:
            wrapped = "nullif(tail, '')" if parse.body_is_tail(fmt) else parse.inner(fmt, "m", "t")
            columns += [f"{without_newline(wrapped)} AS content"]
            if tag := cuts.is_cut_sql(fmt, "m", wrapped, node.ends):
                columns += [f"{tag} AS partial"]
                carried = list(dict.fromkeys([*carried, "partial"]))
        else:
            columns += ["t AS content"] if node.parent and node.parent.fmt else []
        rows = self._select(rows, ["i", *columns, "own AS follows"], relation)
        if node.moments:
            rows = self.moments.read(node, rows, zone)
        if fmt.inner and not whole:
            kept = list(dict.fromkeys(carried))
            inside = rows.select(["i", "content", *kept]).rename_columns(["i", "t", *kept])
            self.claim(node, inside, carried, zone)
        else:
            self._add(node, rows)

    def _with_groups(self, node: Node, rows: pa.Table) -> tuple[pa.Table, str]:
        """Rows with the `head` of each line, of a format whose body is the `tail`, which is there where it is of use, and SQL
        for what has the groups of the head as well."""
        import pyarrow as pa
        import pyarrow.compute as pc

        fmt = node.fmt
        assert fmt is not None
        if "head" not in rows.column_names:
            made = self._ask(rows, f"SELECT {parse.head_of(fmt, 't')} AS head FROM stage")
            rows = rows.append_column("head", made["head"])
        head, text = rows["head"].combine_chunks(), rows["t"].combine_chunks()
        if fmt.inner or len(node.path) > 1:
            ends = (pc.binary_length(column).cast(pa.int64()) for column in (head, text))
            rows = rows.append_column("tail", layouts.slices(text, *ends))
        names = parse.head_groups(fmt)
        found = layouts.groups(head, parse.head_regex(fmt), names) if names else {}
        if found is None:
            return rows, f"FROM (SELECT *, {parse.head_captures(fmt, 'head')} AS m FROM stage)"
        if found:
            rows = rows.append_column("m", pa.StructArray.from_arrays(list(found.values()), list(found)))
        return rows, "FROM stage"

    def _open(self, node: Node, rows: pa.Table, carried: Sequence[str]) -> None:
        """Notes the first lines of records of a format that spans lines; they are read when the whole records are there."""
        fmt = node.fmt
        assert fmt is not None
        inner = ["t AS content"] if node.parent and node.parent.fmt else []
        opens = f"CASE WHEN regexp_matches(t, {literal(fmt.opens)}) THEN {OPENS} END" if fmt.opens else "NULL"
        items = ["i", *carried, *inner, "own AS follows", f"{opens} AS joint"]
        self._add(node, self._select(rows, items))

    def _ask(self, rows: pa.Table, sql: str) -> pa.Table:
        """What a statement over `stage`, some lines, gives."""
        self.con.register("stage", rows)
        return self.con.execute(sql).to_arrow_table()

    def _select(self, rows: pa.Table, items: Sequence[str], relation: str = "FROM stage") -> pa.Table:
        """Lines with the columns that SELECT items give; those that are there already do not go through DuckDB."""
        import pyarrow as pa

        plain = [found for item in items if (found := _COLUMN.fullmatch(item)) and found[1] in rows.column_names]
        made = [item for item in items if item not in {found[0] for found in plain}]
        columns = {found[2] or found[1]: rows[found[1]] for found in plain}
        told = self._ask(rows, f"SELECT {', '.join(made)} {relation}") if made else rows.select([])
        return pa.table(columns | {name: told[name] for name in told.column_names})

    def _add(self, node: Node, rows: pa.Table) -> None:
        """Puts lines of one format with the heads; columns that are not there are null."""
        import pyarrow as pa

        chain = pa.repeat(pa.scalar(self._chain(node), pa.int32()), len(rows))
        rows = rows.append_column("chain", chain)
        columns = {
            name: rows[name].cast(kind) if name in rows.column_names else pa.nulls(len(rows), kind)
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


def _fields(node: Node, fmt: Format, carried: Sequence[str]) -> tuple[list[str], list[str]]:
    """SELECT items for the roles that a format or one around it gives, and the names carried from here on."""
    items, names = [], [name for name in carried if name not in parse.ROLES]
    for name in parse.ROLES:
        if name == "body" and fmt.inner in (name, *fmt.keys.get(name, ())):
            continue  # what a transport wraps is kept as `content`
        own = parse.role(fmt, name)
        if own is None and name == "program" and fmt.service:
            own = literal(fmt.service)
        if name in node.ids and not (fmt.inner and node.children):
            found = id_after(sorted(node.ids[name]), "t")
            own = f"coalesce({own}, {found})" if own else found
        if own is None and name not in carried:
            continue
        if name == "body" and parse.body_is_tail(fmt):
            outermost = len(node.path) == 1
            items.append("head" if outermost else "tail AS body")
            names.append("head" if outermost else "body")
            continue
        items.append(
            f"{own} AS {name}" if name not in carried else f"coalesce({own}, {name}) AS {name}" if own else name
        )
        names.append(name)
    if node.moments:
        items.append(f"{parse.role(fmt, 'timestamp') or 'NULL'} AS own_text")
        names = list(dict.fromkeys([*names, *EVENT, *(OBSERVED if "timestamp" in carried else ())]))
    items += [n for n in (*EVENT, *OBSERVED) if n in carried]
    items += ["partial"] if "partial" in carried and not cuts.is_cut_sql(fmt, "m", "''", node.ends) else []
    return items, names


def _claimed(children: Sequence[Node], own: str) -> str:
    """SQL over `stage`: which of the formats claims a line (`k`), what stands there before the body, if the rest of the line
    is that (`head`), and whether the line goes on with the record before it (`own`, as given)."""
    relation, heads = f"SELECT *, {own} AS own, NULL::INTEGER AS k FROM stage", ""
    for n, child in enumerate(children):
        assert child.fmt is not None
        told = f"told_{n}"
        if read := parse.told_by(child.fmt, "t"):
            relation = f"SELECT *, CASE WHEN k IS NULL THEN {read} END AS {told} FROM ({relation})"
        if parse.body_is_tail(child.fmt):
            heads += f" WHEN {n} THEN {told}"
        claim = (
            f"CASE WHEN k IS NULL THEN CASE WHEN {parse.claims(child.fmt, 't', child, told)} THEN {n} END ELSE k END"
        )
        relation = f"SELECT * REPLACE ({claim} AS k) FROM ({relation})"
    head = f"CASE k{heads} END" if heads else "NULL::VARCHAR"
    return f"SELECT k, {head} AS head, own FROM ({relation})"


@functools.cache
def _schema() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {name: pa.type_for_alias(kind) for name, kind in COLUMNS.items()}


def _where(rows: pa.Table, mask: pa.ChunkedArray) -> pa.Table:
    """The rows of which something is true; nothing is copied where it is of all."""
    import pyarrow.compute as pc

    return rows if pc.all(mask, skip_nulls=False).as_py() else rows.filter(mask)
