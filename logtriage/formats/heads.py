"""A block of lines → `heads`: which format claims each line, and what its fields say.

DuckDB works on whole columns, in temp tables of the connection given. Python only decides: from samples it learns the
grammar of the source, and what it did not know in one round it learns for the next.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage.formats import cuts, parse
from logtriage.formats.clean import ANSI, clean, first_line
from logtriage.formats.detect import Grammar, Node
from logtriage.formats.joints import CONTINUES, OPENS, joint_sql
from logtriage.sources.lines import Lines
from logtriage.stamps.rendering import Rendering, render_sql, rendering_of
from logtriage.stamps.stamp_sql import nanos_sql, to_timestamp_sql

if TYPE_CHECKING:
    import duckdb

_SAMPLE = 200
_ROUNDS = 6
_MANY = 8  # ways to write a time beyond which it is quicker to try them all at once
_COLUMNS = {
    "i": "BIGINT", "chain": "INTEGER", "content": "VARCHAR", "follows": "BOOLEAN", "partial": "BOOLEAN", "joint": "TINYINT",
    "body_at": "INTEGER",
    "timestamp": "TIMESTAMP", "nanos": "SMALLINT", "stamp": "INTEGER", "stamp_text": "VARCHAR",
    "observed": "TIMESTAMP", "observed_nanos": "SMALLINT", "observed_stamp": "INTEGER", "observed_text": "VARCHAR",
    **{name: "VARCHAR" for name in parse.ROLES},
}  # fmt: skip
_EVENT = ("timestamp", "nanos", "stamp", "stamp_text")
_OBSERVED = ("observed", "observed_nanos", "observed_stamp", "observed_text")


class Heads:
    """Reads the lines of any number of sources into the temp table `heads` of a DuckDB connection.

    `chains` and `renderings` give the meaning of the numbers in the columns `chain`, `stamp` and `observed_stamp`.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.chains: list[Node] = []
        self.renderings: list[Rendering] = []
        con.execute("SET TimeZone = 'UTC'")

    def reset(self) -> None:
        """Forgets the chains of the source read before."""
        self.chains.clear()

    def read(self, lines: Lines, grammar: Grammar, reference: dt.datetime) -> None:
        """Fills `heads` from the registered relation `lines` (i, t). What nobody claimed, and stamps that did not
        convert, are learnt from, and it is done again.

        `reference`: the moment (UTC) that stamps without year or date are read against.
        """
        grammar.learn(_sample(lines))
        for _ in range(_ROUNDS):
            self._heads(lines, grammar, reference)
            bare = [k for k, node in enumerate(self.chains) if node.fmt is None or node.children]
            unknown = self.con.execute(
                f"SELECT {clean('t', lines)} FROM (SELECT i, t FROM heads JOIN lines USING (i) WHERE (chain IN {(*bare, -1)} "
                f"AND NOT regexp_matches(coalesce(content, t), {parse.literal(CONTINUES)})) "
                "OR (timestamp IS NULL AND stamp_text IS NOT NULL)) "
                f"ORDER BY hash(i) LIMIT {_SAMPLE}"
            ).fetchall()
            if not unknown:
                return
            if not grammar.learn(text for (text,) in unknown) and not self._admit_odd(grammar):
                return

    def _admit_odd(self, grammar: Grammar) -> bool:
        """Where samples taught nothing more of stamps that did not convert: have all ways to write them tried."""
        missed = self.con.execute(
            "SELECT count(*) FROM heads WHERE timestamp IS NULL AND stamp_text IS NOT NULL"
        ).fetchall()[0][0]
        strict = [node for node in grammar.root.walk() if node.kinds and not node.odd]
        if not missed or not strict:
            return False
        for node in strict:
            node.odd = True
        return True

    def read_cut(self, grammar: Grammar) -> None:
        """Reads the records again whose first line was cut, from the line that its pieces make up."""
        for top in {id(node): node for node in (chain.path_nodes[0] for chain in self.chains if chain.fmt)}.values():
            if not cuts.may_cut(top.fmt):
                continue
            chains = [k for k, node in enumerate(self.chains) if node.fmt and node.path_nodes[0] is top]
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE cut AS SELECT i, {first_line([top], 'raw')} AS t, false AS own "
                f"FROM wholes JOIN heads USING (i) WHERE partial AND chain IN {(*chains, -1)}"
            )
            sample = self.con.execute(f"SELECT t FROM cut ORDER BY i LIMIT {_SAMPLE}").fetchall()
            if not sample:
                continue
            grammar.learn((t for (t,) in sample), cut=False)
            self.con.execute("DELETE FROM heads WHERE i IN (SELECT i FROM cut)")
            self._child(top, "SELECT * FROM cut", [], grammar)

    def read_whole(self, lines_of: str, grammar: Grammar) -> None:
        """Reads the formats that span lines again, from whole records: a relation (i, t) of those found so far."""
        for k, node in enumerate(self.chains):
            if not (node.fmt and node.fmt.multiline):
                continue
            found = self.con.execute(
                f"SELECT t FROM ({lines_of}) JOIN heads USING (i) WHERE chain = {k} ORDER BY i LIMIT {_SAMPLE}"
            ).fetchall()
            if not found:
                continue
            grammar.learn_whole(node, [t for (t,) in found])
            carried = [
                c for c in _COLUMNS if c not in ("i", "chain", "content", "follows", "partial", "joint", "body_at")
            ]
            carried = [c for c in carried if node.parent and node.parent.fmt]
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE whole AS SELECT heads.* EXCLUDE (chain, content, follows), w.t, false AS own "
                f"FROM ({lines_of}) AS w JOIN heads USING (i) WHERE chain = {k}"
            )
            self.con.execute(f"DELETE FROM heads WHERE chain = {k} AND i IN (SELECT i FROM whole)")
            self._child(
                node, f"SELECT i, t, own{''.join(', ' + c for c in carried)} FROM whole", carried, grammar, whole=True
            )

    def _heads(self, lines: Lines, grammar: Grammar, reference: dt.datetime) -> None:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE heads ({columns})")
        self.con.execute("SET VARIABLE reference = ?", [reference.replace(tzinfo=None)])
        self._stage(grammar.root, f"SELECT i, {clean('t', lines)} AS t FROM lines", [], grammar)

    def _stage(self, node: Node, relation: str, carried: Sequence[str], grammar: Grammar) -> None:
        """Claims the lines of a relation (i, t, carried columns) for the formats known inside `node`, and reads them."""
        table = f"stage_{len(node.path)}"
        children = node.ordered()
        cases = "".join(f" WHEN {parse.claims(c.fmt, 't', c)} THEN {k}" for k, c in enumerate(children) if c.fmt)
        claim = f"CASE{cases} END" if cases else "NULL::INTEGER"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT *, {claim} AS k FROM ({relation})")
        goes_on = "|".join(c.fmt.continues for c in children if c.fmt and c.fmt.continues)
        own = f"regexp_matches(t, {parse.literal(goes_on)})" if goes_on else "false"
        for k, child in enumerate(children):
            self._child(child, f"SELECT * EXCLUDE (k), {own} AS own FROM {table} WHERE k = {k}", carried, grammar)
        inner = ["t AS content"] if node.fmt else []
        follows = f"{own} OR regexp_matches(t, {parse.literal(node.continues)})"
        if node.stamped:  # of a piece it is not known whether all of the line would be read
            follows = f"NOT coalesce(partial, false) OR {follows}" if "partial" in carried else "true"
        joint = joint_sql("t", remarks=node.remarks, others=node.joins)
        self._insert(
            node,
            f"SELECT *, {follows} AS follows, {joint} AS joint FROM {table} WHERE k IS NULL",
            [*carried, *inner, "follows", "joint"],
        )

    def _child(
        self, node: Node, relation: str, carried: Sequence[str], grammar: Grammar, *, whole: bool = False
    ) -> None:
        fmt = node.fmt
        assert fmt is not None
        if fmt.multiline and not whole:  # claimed by its first line; read when the whole record is there
            inner = ["t AS content"] if node.parent and node.parent.fmt else []
            opens = f"CASE WHEN regexp_matches(t, {parse.literal(fmt.opens)}) THEN {OPENS} END" if fmt.opens else "NULL"
            self._insert(
                node,
                f"SELECT *, own AS follows, {opens} AS joint FROM ({relation})",
                [*carried, *inner, "follows", "joint"],
            )
            return
        columns, carried = self._fields(node, carried, grammar)
        reading = parse.head_extraction(fmt, "t") if _is_tail(node) else parse.extraction(fmt, "t", node)
        read = f"SELECT *, {reading} AS m FROM ({relation})"
        if fmt.inner:
            wrapped = parse.inner(fmt, "m", "t")
            columns += [f"{parse.without_newline(wrapped)} AS content"]
            if tag := cuts.is_cut_sql(fmt, "m", wrapped, node.ends):
                columns += [f"{tag} AS partial"]
                carried = list(dict.fromkeys([*carried, "partial"]))
        else:
            columns += ["t AS content"] if node.parent and node.parent.fmt else []
        relation = _with_columns(read, [*columns, "own AS follows"])
        if node.moments:
            relation = self._moments(node, relation, grammar)
        if fmt.inner and not whole:
            kept = ", ".join(dict.fromkeys(carried))
            self._stage(node, f"SELECT i, content AS t, {kept} FROM ({relation})", carried, grammar)
        else:
            inner = ["content"] if len(node.path) > 1 or fmt.inner else []
            self._insert(node, relation, [*carried, *inner, "follows"])

    def _fields(self, node: Node, carried: Sequence[str], grammar: Grammar) -> tuple[list[str], list[str]]:
        """SELECT items for the roles that a format or one around it gives, and the names carried from here on."""
        fmt = node.fmt
        assert fmt is not None
        items, names = [], [name for name in carried if name not in parse.ROLES]
        for name in parse.ROLES:
            if name == "body" and fmt.inner in (name, *fmt.keys.get(name, ())):
                continue  # what a transport wraps is kept as `content`
            own = parse.role(fmt, name)
            if own is None and name == "program" and fmt.service:
                own = parse.literal(fmt.service)
            if name in node.ids and not (fmt.inner and node.children):
                found = parse.id_after(sorted(node.ids[name]), "t")
                own = f"coalesce({own}, {found})" if own else found
            if own is None and name not in carried:
                continue
            if name == "body" and _is_tail(node):
                outermost = len(node.path) == 1
                items.append(
                    "length(m.head_) + 1 AS body_at" if outermost else "substr(t, length(m.head_) + 1) AS body"
                )
                names.append("body_at" if outermost else "body")
                continue
            items.append(
                f"{own} AS {name}" if name not in carried else f"coalesce({own}, {name}) AS {name}" if own else name
            )
            names.append(name)
        if node.moments:
            items.append(f"{parse.role(fmt, 'timestamp') or 'NULL'} AS own_text")
            items += [n for n in (*_EVENT, *_OBSERVED) if n in carried]
            names = list(dict.fromkeys([*names, *_EVENT, *(_OBSERVED if "timestamp" in carried else ())]))
        else:
            items += [n for n in (*_EVENT, *_OBSERVED) if n in carried]
        items += ["partial"] if "partial" in carried and not cuts.is_cut_sql(fmt, "m", "''", node.ends) else []
        return items, names

    def _moments(self, node: Node, relation: str, grammar: Grammar) -> str:
        """Turns `own_text` into the event's time; the time that a format around it gave becomes the observed one."""
        fmt = node.fmt
        assert fmt is not None
        beside = node.parent.children.values() if node.parent else ()
        zone = node.zone or next((n.zone for n in beside if n.zone), None) or fmt.zone or grammar.zone
        written = list(dict.fromkeys(r for r in (rendering_of(text, zone) for text in node.written.values()) if r))
        odd = node.odd or not written or len(written) > _MANY or any(kind.unit for kind in node.moments)
        moment = to_timestamp_sql(
            "own_text",
            node.moments,
            zone=zone,
            reference_expr="getvariable('reference')",
            renderings=written,
            general=odd,
        )
        nanos = "0"
        if digits := {r.digits for r in written if r.digits > 6}:
            plain = digits == {9} and not any(kind.unit for kind in node.moments)
            nine = "coalesce(try_cast(substr(own_text, strpos(own_text, '.') + 7, 3) AS SMALLINT), 0)"
            nanos = nine if plain else nanos_sql("own_text", node.moments)
        relation = f"SELECT *, {moment} AS own_time, {nanos} AS own_nanos FROM ({relation})"
        relation = f"SELECT *, {self._rendered(written)} AS own_stamp FROM ({relation})"
        own = dict(zip(_EVENT, ("own_time", "own_nanos", "own_stamp", "own_text"), strict=True))
        above = node.parent is not None and any(n.moments for n in _above(node))
        if not above:
            items = [f"{value} AS {name}" for name, value in own.items()]
            return f"SELECT *, {', '.join(items)} FROM ({relation})"
        twice = any(n.moments for n in _above(node.parent)) if node.parent else False
        pick = "own_time IS NOT NULL"
        items = [f"CASE WHEN {pick} THEN {value} ELSE {name} END AS new_{name}" for name, value in own.items()]
        for name, old in zip(_OBSERVED, _EVENT, strict=True):
            items.append(f"{f'coalesce({name}, ' if twice else '('}CASE WHEN {pick} THEN {old} END) AS new_{name}")
        gone = [*_EVENT, *(_OBSERVED if twice else ())]
        back = ", ".join(f"new_{name} AS {name}" for name in (*_EVENT, *_OBSERVED))
        return f"SELECT * EXCLUDE ({', '.join(gone)}), {back} FROM (SELECT *, {', '.join(items)} FROM ({relation}))"

    def _rendered(self, written: Sequence[Rendering]) -> str:
        """Which known rendering gives the stamp's text back: its number, or NULL."""
        cases = ""
        for rendering in written:
            if printed := render_sql(rendering, "own_time", "own_nanos"):
                cases += f" WHEN {printed} = own_text THEN {self._rendering(rendering)}"
        return f"CASE{cases} END" if cases else "NULL::INTEGER"

    def _rendering(self, rendering: Rendering) -> int:
        if rendering not in self.renderings:
            self.renderings.append(rendering)
        return self.renderings.index(rendering)

    def _insert(self, node: Node, relation: str, names: Sequence[str]) -> None:
        items = ", ".join(dict.fromkeys(names))
        self.con.execute(
            f"INSERT INTO heads BY NAME SELECT i, {self.chain(node)}::INTEGER AS chain, {items} FROM ({relation})"
        )

    def chain(self, node: Node) -> int:
        """The number of a node: its place in `chains`."""
        for k, known in enumerate(self.chains):
            if known is node:
                return k
        self.chains.append(node)
        return len(self.chains) - 1


def _is_tail(node: Node) -> bool:
    """Whether the body is found by where the rest of the regex ends."""
    return node.fmt is not None and not node.fmt.inner and parse.body_is_tail(node.fmt)


def _with_columns(relation: str, items: Sequence[str]) -> str:
    return f"SELECT i, {', '.join(items)} FROM ({relation})"


def _above(node: Node) -> list[Node]:
    found, parent = [], node.parent
    while parent is not None:
        found.append(parent)
        parent = parent.parent
    return found


def _sample(lines: Lines) -> list[str]:
    """The first lines, and others spread over the block."""
    n = len(lines)
    step = max(1, n // _SAMPLE)
    places = sorted({*range(min(n, _SAMPLE // 4)), *range(0, n, step)})
    texts = [text.as_py().rstrip("\r").lstrip("\ufeff") for text in lines.text.take(places)]
    return [re.sub(ANSI, "", text) for text in texts] if lines.has_escape else texts
