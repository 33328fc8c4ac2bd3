"""Lines → rows of the temp table `heads`, a format inside another at a time.

A stage holds what the formats around it wrapped (at first the lines themselves). It is claimed for the formats inside,
each reads its share, and what those wrap is the next stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage.formats import cuts, parse
from logtriage.formats.clean import without_newline
from logtriage.formats.ids import id_after
from logtriage.formats.joints import OPENS, joint_sql
from logtriage.formats.moments import EVENT, OBSERVED, Moments
from logtriage.formats.node import Node
from logtriage.sql import literal

if TYPE_CHECKING:
    import duckdb

# The columns that are of one line and its format; the others are handed on to what is read inside.
OF_A_LINE = ("i", "chain", "content", "follows", "partial", "joint", "body_at")
COLUMNS = {
    "i": "BIGINT", "chain": "INTEGER", "content": "VARCHAR", "follows": "BOOLEAN", "partial": "BOOLEAN", "joint": "TINYINT",
    "body_at": "INTEGER",
    "timestamp": "TIMESTAMP", "nanos": "SMALLINT", "stamp": "INTEGER", "stamp_text": "VARCHAR",
    "observed": "TIMESTAMP", "observed_nanos": "SMALLINT", "observed_stamp": "INTEGER", "observed_text": "VARCHAR",
    **{name: "VARCHAR" for name in parse.ROLES},
}  # fmt: skip


class Stages:
    """Fills `heads` of a DuckDB connection. `chains` gives the meaning of the numbers in its column `chain`."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.chains: list[Node] = []
        self.moments = Moments()

    def clear(self) -> None:
        """Empties `heads`."""
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE heads ({columns})")

    def claim(self, node: Node, relation: str, carried: Sequence[str], zone: str) -> None:
        """Claims the lines of a relation (i, t, carried columns) for the formats known inside `node`, and reads them."""
        table = f"stage_{len(node.path)}"
        children = node.ordered()
        cases = "".join(f" WHEN {parse.claims(c.fmt, 't', c)} THEN {k}" for k, c in enumerate(children) if c.fmt)
        claim = f"CASE{cases} END" if cases else "NULL::INTEGER"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT *, {claim} AS k FROM ({relation})")
        goes_on = "|".join(c.fmt.continues for c in children if c.fmt and c.fmt.continues)
        own = f"regexp_matches(t, {literal(goes_on)})" if goes_on else "false"
        for k, child in enumerate(children):
            self.read(child, f"SELECT * EXCLUDE (k), {own} AS own FROM {table} WHERE k = {k}", carried, zone)
        inner = ["t AS content"] if node.fmt else []
        follows = f"{own} OR regexp_matches(t, {literal(node.continues)})"
        if node.stamped:  # of a piece it is not known whether all of the line would be read
            follows = f"NOT coalesce(partial, false) OR {follows}" if "partial" in carried else "true"
        joint = joint_sql("t", remarks=node.remarks, others=node.joins)
        self._insert(
            node,
            f"SELECT *, {follows} AS follows, {joint} AS joint FROM {table} WHERE k IS NULL",
            [*carried, *inner, "follows", "joint"],
        )

    def read(self, node: Node, relation: str, carried: Sequence[str], zone: str, *, whole: bool = False) -> None:
        """Reads the lines of a relation (i, t, own, carried columns), all of the format of `node`, and what is inside.

        `own`: the line goes on with the record before. `whole`: each is a whole record of a format that spans lines.
        """
        fmt = node.fmt
        assert fmt is not None
        if fmt.multiline and not whole:  # claimed by its first line; read when the whole record is there
            self._open(node, relation, carried)
            return
        columns, carried = _fields(node, carried)
        reading = parse.head_extraction(fmt, "t") if _is_tail(node) else parse.extraction(fmt, "t", node)
        read = f"SELECT *, {reading} AS m FROM ({relation})"
        if fmt.inner:
            wrapped = parse.inner(fmt, "m", "t")
            columns += [f"{without_newline(wrapped)} AS content"]
            if tag := cuts.is_cut_sql(fmt, "m", wrapped, node.ends):
                columns += [f"{tag} AS partial"]
                carried = list(dict.fromkeys([*carried, "partial"]))
        else:
            columns += ["t AS content"] if node.parent and node.parent.fmt else []
        relation = f"SELECT i, {', '.join([*columns, 'own AS follows'])} FROM ({read})"
        if node.moments:
            relation = self.moments.read(node, relation, zone)
        if fmt.inner and not whole:
            kept = ", ".join(dict.fromkeys(carried))
            self.claim(node, f"SELECT i, content AS t, {kept} FROM ({relation})", carried, zone)
        else:
            inner = ["content"] if len(node.path) > 1 or fmt.inner else []
            self._insert(node, relation, [*carried, *inner, "follows"])

    def _open(self, node: Node, relation: str, carried: Sequence[str]) -> None:
        """Notes the first lines of records of a format that spans lines; they are read when the whole records are there."""
        fmt = node.fmt
        assert fmt is not None
        inner = ["t AS content"] if node.parent and node.parent.fmt else []
        opens = f"CASE WHEN regexp_matches(t, {literal(fmt.opens)}) THEN {OPENS} END" if fmt.opens else "NULL"
        self._insert(
            node,
            f"SELECT *, own AS follows, {opens} AS joint FROM ({relation})",
            [*carried, *inner, "follows", "joint"],
        )

    def _insert(self, node: Node, relation: str, names: Sequence[str]) -> None:
        items = ", ".join(dict.fromkeys(names))
        self.con.execute(
            f"INSERT INTO heads BY NAME SELECT i, {self._chain(node)}::INTEGER AS chain, {items} FROM ({relation})"
        )

    def _chain(self, node: Node) -> int:
        """The number of a node: its place in `chains`."""
        for k, known in enumerate(self.chains):
            if known is node:
                return k
        self.chains.append(node)
        return len(self.chains) - 1


def _fields(node: Node, carried: Sequence[str]) -> tuple[list[str], list[str]]:
    """SELECT items for the roles that a format or one around it gives, and the names carried from here on."""
    fmt = node.fmt
    assert fmt is not None
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
        if name == "body" and _is_tail(node):
            outermost = len(node.path) == 1
            items.append("length(m.head_) + 1 AS body_at" if outermost else "substr(t, length(m.head_) + 1) AS body")
            names.append("body_at" if outermost else "body")
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


def _is_tail(node: Node) -> bool:
    """Whether the body is found by where the rest of the regex ends."""
    return node.fmt is not None and not node.fmt.inner and parse.body_is_tail(node.fmt)
