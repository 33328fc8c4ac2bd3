"""A plan: how a query on one snapshot is answered, as SQL window by window, and what Python has to decide."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from logtriage.query.condition import Condition, inlined, joined
from logtriage.query.holding import holds
from logtriage.query.query import Query, beyond_body, told_by_body
from logtriage.store.catalog import RESOURCE, Catalog
from logtriage.store.pieces import KEPT, PLACES, TEXT_PIECES, derived, dressed, placed, restored

if TYPE_CHECKING:
    from logtriage.query.narrow import Narrowed
    from logtriage.query.way import Way

# Columns of `records` that cost putting the text together.
_TEXTS = frozenset(("trace_id", "span_id", "request_id", "body", "raw", "bytes", "attributes"))
_WHOLE = frozenset(("raw", "bytes", "attributes"))  # … of all of it
_NAME = re.compile(r"'[^']*'|[a-z_]+")  # or quoted text, which names none
_NAMES_PLACES = re.compile(rf"\b(?:{'|'.join(PLACES)})\b")
# What `decided` needs of a record.
ADDED = ("raw", "exact", "part", '"offset"')


class Needed(NamedTuple):
    """What a SELECT of whole records consists of: what it names, its condition with the parameters of that, and the columns
    that all this is made of. `unframed`: of which records (SQL on what is kept) the whole text is not asked for."""

    named: str
    where: str
    parameters: list[Any]
    columns: set[str]
    unframed: str | None

    @property
    def texts(self) -> bool:
        """Do texts have to be put together?"""
        return not self.columns.isdisjoint(_TEXTS)


@dataclass(slots=True)
class Plan:
    """How to answer `query`.

    `plain`: conditions on `pieces` besides that on the shape; `counted`: on `lake.activity`, besides shape and time;
    `text`: on whole records. `check`: SQL on a whole record that tells whether `holds` must decide; None: never.
    `proven`: of which records the columns that are kept prove that they are hits, as far as that is known.
    `lots`: parts and shapes (in pairs) that all hits are of, besides what the needle tells; None: that is not known.
    `rolled`: only the needle keeps `lake.activity` from knowing the answer. `ways`: weak tests that let go of most records
    that are no hits; one of them holds of every hit (none at all: nothing is known); `prefiltered`: a plain condition does so.
    `undecided` collects records (part, offset) on which the pattern took too long.
    """

    query: Query
    catalog: Catalog
    plain: list[Condition] = field(default_factory=list)
    counted: list[Condition] = field(default_factory=list)
    text: list[Condition] = field(default_factory=list)
    lots: Collection[tuple[int, int]] | None = None
    narrowed: Narrowed | None = None
    shapes: Condition | None = None
    ways: list[Way] = field(default_factory=list)
    prefiltered: bool = False
    check: str | None = None
    proven: Condition | None = None
    rolled: bool = False
    undecided: list[tuple[int, int]] = field(default_factory=list)

    @property
    def filtered(self) -> bool:
        """Whether few records of a window are likely to be kept."""
        return bool(self.ways) or self.prefiltered

    @property
    def is_plain(self) -> bool:
        """Whether the hits are known without putting a text together."""
        return not self.text and self.check is None

    def only_open(self) -> Plan:
        """The same for the records alone that have to be checked."""
        assert self.narrowed is not None
        certain = self.narrowed.certain()
        others = [Condition(f"NOT ({certain.sql})")] if certain else []
        return replace(
            self,
            plain=[*self.plain, *others],
            ways=[way for way in self.ways if certain is None or way.sql != certain.sql],
            shapes=replace(self.narrowed, sure=frozenset(), none=self.narrowed.sure | self.narrowed.none).possible(),
        )

    def among(self, parts: Collection[int]) -> Plan:
        """The same for the records of some parts alone."""
        query = replace(self.query, parts=tuple(parts))
        own = Condition(f"part IN ({', '.join(map(str, parts)) or 'NULL'})")
        return replace(self, query=query, plain=[*self.plain, own], counted=[*self.counted, own])

    def select(
        self,
        columns: Sequence[str],
        window: Sequence[Condition],
        *,
        order: str = "",
        limit: int | None = None,
        tail: str = "",
    ) -> tuple[str, list[Any]]:
        """SELECT of some columns of the hits in a window; where `check` is set, ADDED and `unproven` follow, and
        no limit applies. `tail`: what follows WHERE, as GROUP BY."""
        needed = self.needed(columns, order)
        last = f" ORDER BY {order}" if order else ""
        last += f" LIMIT {limit}" if limit is not None and self.check is None else ""
        where, parameters = self._where(window)
        if not needed.texts:
            rows = relation_of(self.catalog, where, needed.columns)
            sql = f"SELECT {needed.named} FROM ({rows}) WHERE {where} AND {needed.where}{tail}{last}"
            return sql, parameters + needed.parameters
        picked, parameters, known = self.picked(needed, window)
        if limit is not None and not self.text and not tail:
            picked += last
        near = "SELECT id, text FROM lake.ids WHERE id IN (SELECT unnest([trace, span, request]) FROM picked)"
        rows = restored(self.catalog, known, "near", needed.columns)
        return (
            f"WITH picked AS MATERIALIZED ({picked}), near AS MATERIALIZED ({near}) "
            f"SELECT {needed.named} FROM ({rows}) WHERE {needed.where}{tail}{last}"
        ), parameters + needed.parameters

    def needed(self, columns: Sequence[str], *orders: str) -> Needed:
        """What selecting some columns in some orders needs; ADDED and `unproven` too where `check` is set."""
        added = (*ADDED, f"({self.check}) AS unproven") if self.check is not None else ()
        named = ", ".join((*columns, *added))
        outer, parameters = joined(self.text)
        names = set(_NAME.findall(" ".join((named, outer, *orders))))
        return Needed(named, outer, parameters, names, self._unframed([*columns, *added, outer]))

    def formats_in(self, window: Sequence[Condition]) -> tuple[str, list[Any]]:
        """SELECT of the numbers of the formats that records in a window have; what is dear to ask of them is not asked."""
        where, parameters = joined(window) if self.filtered else self._where(window)
        rows = relation_of(self.catalog, where, ("format_number",))
        return f"SELECT DISTINCT format_number FROM ({rows}) WHERE {where}", parameters

    def _unframed(self, asked: Iterable[str]) -> str | None:
        needle = self.query.needle
        wholes = {one for one in asked if not _WHOLE.isdisjoint(_NAME.findall(one))}
        return told_by_body(needle) if needle and wholes == {beyond_body(needle)} else None

    def _where(self, window: Sequence[Condition]) -> tuple[str, list[Any]]:
        return joined([*window, *([self.shapes] if self.shapes and not self.ways else []), *self.plain])

    def picked(
        self, needed: Needed, window: Sequence[Condition], together: str = "UNION", *, more: Collection[str] = ()
    ) -> tuple[str, list[Any], str]:
        """SELECT of the pieces that what is needed is made of (and `more` columns), as relation `picked`, of records that may be
        hits; and where their names are known."""
        where, parameters = self._where(window)
        wanted = needed.columns | set(more)
        names = self._pieces(wanted)
        known = f"({placed('picked', names)})" if wanted & set(PLACES) else "picked"
        relation = "bare"
        if _NAMES_PLACES.search(where):
            names = [*names, *(name for name in PLACES if name in wanted and name not in names)]
            relation = "pieces"
            known = "picked"
        if not self.ways:
            return f"SELECT {_listed(names, needed.unframed)} FROM {relation} WHERE {where}", parameters, known
        from logtriage.query.way import within

        each = [  # a record may pass several
            f"SELECT {_listed(names, needed.unframed)} FROM {_kept(relation, way)} WHERE {where} AND ({way.sql})"
            for way in within(self.ways, window)
        ]
        return f" {together} ".join(each), parameters * len(each), known

    def _pieces(self, wanted: set[str]) -> list[str]:
        """The columns of `bare` that those wanted are made from: no more, as each is read for every record picked."""
        sources = {source for name, (source, _) in derived(self.catalog).items() if name in wanted}
        sources |= {"format_number"} if "attributes" in wanted else set()
        sources |= {"part"} if wanted & set(PLACES) else set()
        names = [name for name in (*KEPT, *RESOURCE) if name in wanted | sources] + sorted(sources - set(KEPT))
        return [*names, *TEXT_PIECES]

    def decided(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """The rows of `select` that are hits, without what was added to them."""
        return rows if self.check is None else self._checked(rows)

    def _checked(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            *asked, raw, exact, part, offset, open_ = row
            if not open_ or self._holds(raw, exact, part, offset):
                yield tuple(asked)

    def _holds(self, raw: str, exact: bytes | None, part: int, offset: int) -> bool:
        from logtriage.needles.verdict import MatchTimeout

        assert self.query.needle is not None
        try:
            return holds(self.query.needle, raw, exact, begins=offset == 0)
        except MatchTimeout:
            self.undecided.append((part, offset))
            return False

    def shown(self) -> str:
        """The query on the views, ready to paste; a comment tells what it leaves undecided."""
        narrowed = [self.shapes] if self.shapes and len(self.shapes.sql) < 2_000 else []
        sql = inlined(*self.query.sql(narrowed=narrowed))
        return sql + (
            "\n-- the pattern is more than SQL can express: each record found is checked once more"
            if self._beyond_sql
            else ""
        )

    @property
    def _beyond_sql(self) -> bool:
        needle = self.query.needle
        return self.check is not None and needle is not None and not replace(needle, invert=False).exact


def relation_of(catalog: Catalog, where: str, columns: Collection[str], way: Way | None = None) -> str:
    """SELECT: records (that may pass a way) with what a condition and some columns need of them, none of which are texts."""
    places = _NAMES_PLACES.search(where) or not set(PLACES).isdisjoint(columns)
    return dressed(catalog, _kept("pieces" if places else "bare", way), columns)


def _kept(relation: str, way: Way | None) -> str:
    """The relation `bare` or `pieces`, of the records that may pass a way."""
    if way is None or way.files is None:
        return relation
    return f"({placed(way.records)})" if relation == "pieces" else way.records


def _listed(names: Sequence[str], unframed: str | None) -> str:
    frame = f"CASE WHEN {unframed} THEN NULL ELSE frame END AS frame" if unframed else '"frame"'
    return ", ".join(frame if name == "frame" else f'"{name}"' for name in names)
