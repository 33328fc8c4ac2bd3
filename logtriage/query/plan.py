"""A query on one snapshot of a store → the plan of its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from logtriage.query.condition import Condition, Needs, joined, once
from logtriage.query.narrow import Narrowed, narrow
from logtriage.query.planned import Plan
from logtriage.query.query import Query, source_condition
from logtriage.sql import MOST_SCANNED, scanned
from logtriage.store.seams import ANY

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle
    from logtriage.store.files import File
    from logtriage.store.snapshot import Snapshot

NOTHING = Condition("false")
_KEPT = 100  # plans and counts that a snapshot keeps
_ESCAPES = ("'\\u'", "chr(27)")  # behind which a text may be there without standing there, as SQL
_PIECE_OF_ID = 4  # characters: no piece of an id that is a value of its own is shorter
# Records whose text is not what ripgrep sees: damaged bytes, or a byte order mark, which it passes over.
_BEYOND_ASCII = "strlen(raw) <> length(raw)"
_DOUBTFUL = "(exact IS NOT NULL OR starts_with(raw, chr(65279)))"


def plan(snapshot: Snapshot, query: Query, *, of_few: bool = False) -> Plan:
    """The plan: sources and ids resolved to numbers, the needle narrowed down to shapes. A snapshot is asked the same again
    and again, page by page: its plans are kept. `of_few`: it is asked about few records by their places, so that weak tests
    for the needle would spare nothing."""
    key = (repr(query), of_few)  # that of a query tells all nodes of a needle apart, which `==` does not
    if key not in snapshot.memory:
        if len(snapshot.memory) >= _KEPT:
            snapshot.memory.clear()
        snapshot.memory[key] = _made(snapshot, query, of_few)
    known: Plan = snapshot.memory[key]
    return replace(known, undecided=[])


def _made(snapshot: Snapshot, query: Query, of_few: bool) -> Plan:
    if query.sources:
        where, parameters = joined([source_condition(query.sources)])
        rows = snapshot.con.execute(f"SELECT part FROM part_names WHERE {where} ORDER BY part", parameters).fetchall()
        meant = [number for (number,) in rows]
        parts = meant if query.parts is None else [part for part in query.parts if part in set(meant)]
        query = replace(query, sources=(), parts=tuple(parts))
    if query.templates:
        (condition,) = Query(templates=query.templates).counted()
        named = snapshot.con.execute(f"SELECT shape FROM named_shapes WHERE {condition.sql}", condition.parameters)
        shapes = {number for (number,) in named.fetchall()}
        query = replace(query, templates=(), shapes=tuple(sorted(shapes)))
    todo = Plan(query, snapshot.catalog)
    _sort(todo, snapshot)
    if query.trace is not None:
        todo.plain.append(_by_id(snapshot, query.trace))
    for one in query.fields:
        if one.is_verbatim:
            _by_value(todo, snapshot, one.value)
        if one.is_attribute:
            _by_name(todo, snapshot, one.name)
    if query.needle is not None and todo.shapes != NOTHING:
        _look_for(todo, snapshot, query.needle, of_few)
    return todo


def _sort(todo: Plan, snapshot: Snapshot) -> None:
    """Puts each condition of the query where it belongs."""
    query = todo.query
    timeless = replace(query, since=None, until=None)
    conditions = list(timeless.conditions(lambda flags: _by_flags(snapshot, flags)))
    todo.counted = [one for one in conditions if one.needs == Needs.COUNTS]
    columns = [one for one in conditions if one.needs == Needs.COLUMNS]
    todo.text = [one for one in conditions if one.needs == Needs.TEXT]
    held = [one for one in conditions if one.needs in (Needs.FLAGS, Needs.ORIGIN)]
    todo.rolled = not columns and not todo.text
    if held:
        from logtriage.query.facets import among

        found = among(snapshot, held)
        if found is None:
            todo.shapes = NOTHING
            return
        todo.counted += found.conditions
        todo.lots = found.lots
        if not found.sure:
            columns = [*held, *columns]
            todo.rolled = False
    todo.plain = [*Query(since=query.since, until=query.until).conditions(), *todo.counted, *columns]


def _by_flags(snapshot: Snapshot, globs: Sequence[str]) -> Condition:
    """Records keep the names of their signatures; which of those are meant, the few distinct ones tell."""
    where = " OR ".join(["pattern GLOB ? OR category GLOB ?"] * len(globs))
    sql = f"SELECT DISTINCT pattern FROM lake.hits WHERE {where} ORDER BY pattern"
    meant = [name for (name,) in snapshot.con.execute(sql, [glob for glob in globs for _ in range(2)]).fetchall()]
    if not meant or "*" in globs:
        return Condition("flag_ids IS NOT NULL" if meant else "false", (), Needs.FLAGS)
    names = "|".join(map(re.escape, meant))
    return Condition("regexp_matches(flag_ids, ?)", (f"(^| )({names})( |$)",), Needs.FLAGS)


def _by_id(snapshot: Snapshot, text: str) -> Condition:
    numbers = [n for (n,) in snapshot.con.execute("SELECT id FROM lake.ids WHERE text = ?", [text]).fetchall()]
    among = ", ".join(map(str, numbers)) or "NULL"
    return Condition(" OR ".join(f"{column} IN ({among})" for column in ("trace", "span", "request")))


def _by_name(todo: Plan, snapshot: Snapshot, name: str) -> None:
    from logtriage.query.attribute import with_attribute

    if may := with_attribute(snapshot, name):
        todo.plain.append(may)
        if may.needs == Needs.COUNTS:
            todo.counted.append(may)


def _by_value(todo: Plan, snapshot: Snapshot, value: str) -> None:
    """Attributes are dear to tell: only records are asked for them that hold the value somewhere, or something escaped."""
    from logtriage.needles.needle import Needle
    from logtriage.query.attribute import may_split_numbers, with_escaped
    from logtriage.query.prefilter import Prefilter

    # most records that have the digits of a number have them within a time, an id or a larger number
    begins = value.isdecimal() and not may_split_numbers(todo.catalog)
    needle = Needle.of((rf"(?:^|[^0-9]){value}",)) if begins else Needle.of((value,), fixed=True)
    shapes = snapshot.shapes
    found = narrow(needle, shapes)
    if possible := with_escaped(found, shapes).possible():
        todo.counted.append(possible)
        todo.plain.append(possible)
    prefilter = Prefilter(snapshot, needle, snapshot.files, in_ids=len(value) >= _PIECE_OF_ID)
    ways = prefilter.ways((shape for shape in shapes if shape[0] not in found.none), in_files=False)
    if ways is not None:
        either = [f"shape <= {ANY}", *(way.sql for way in ways)]
        either += [f"contains({text}, {sign})" for text in ("frame", "body") for sign in _ESCAPES]
        todo.plain.append(Condition(" OR ".join(f"({one})" for one in either)))
        todo.prefiltered = True


def _look_for(todo: Plan, snapshot: Snapshot, needle: Needle, of_few: bool) -> None:
    """Narrows the plan down to the shapes and files in which a needle may be found."""
    if needle.matches_all:
        todo.shapes = NOTHING if needle.invert else None
        return
    todo.narrowed = narrow(needle, snapshot.shapes)
    todo.shapes = todo.narrowed.possible()
    if among := _parts(snapshot, todo.narrowed):
        todo.counted.append(among)
        todo.plain.append(among)
    if not todo.narrowed.open and not snapshot.unshaped:
        todo.shapes = todo.shapes if todo.narrowed.sure else NOTHING
        return
    from logtriage.query.reach import files_of

    files = files_of(snapshot, todo.query)
    if files == []:
        todo.shapes = NOTHING
        return
    _ask_texts(todo, todo.narrowed, needle)
    if not needle.invert and not of_few:
        _find_ways(todo, snapshot, todo.narrowed, needle, files)


def _ask_texts(todo: Plan, narrowed: Narrowed, needle: Needle) -> None:
    """What is asked of the texts of records whose shapes do not tell, and of which of them Python has the last word."""
    from logtriage.query.sums import proof

    condition, certain, weak = todo.query.text_condition(), narrowed.certain(), _weak(needle)
    assert condition is not None
    first = f"WHEN {certain.sql} THEN true " if certain else ""
    sql = once(f"CASE {first}WHEN {_DOUBTFUL} THEN {weak.sql} ELSE {condition.sql} END")
    todo.text.append(Condition(sql, weak.parameters + condition.parameters, Needs.TEXT))
    suspects = _suspects(needle)
    todo.check = f"NOT ({certain.sql}) AND {suspects}" if certain else suspects
    if len(todo.text) == 1 and (held := proof(needle)):
        todo.proven = Condition(" OR ".join(f"({one.sql})" for one in (certain, held) if one))


def _suspects(needle: Needle) -> str:
    """SQL: whether Python has the last word on a record whose shape does not tell."""
    if replace(needle, invert=False).exact:
        return _DOUBTFUL
    return f"({_DOUBTFUL} OR {_BEYOND_ASCII})" if needle.ascii_exact else "true"


def _find_ways(
    todo: Plan, snapshot: Snapshot, narrowed: Narrowed, needle: Needle, files: Sequence[File] | None
) -> None:
    """The weak tests by which few records have to be put together; `files`: in which they are (None: not known)."""
    from logtriage.query.prefilter import Prefilter
    from logtriage.query.reach import Reach

    certain = narrowed.certain()
    looked_at = narrowed.open if certain else narrowed.open | narrowed.sure
    ways = Prefilter(snapshot, needle, files).ways(shape for shape in snapshot.shapes if shape[0] in looked_at)
    if ways is not None:
        unshaped = [Condition(f"shape <= {ANY}")] if snapshot.unshaped else []
        reach = Reach(snapshot, files)
        todo.ways = [*ways, *map(reach.of_shapes, [*([certain] if certain else []), *unshaped])]
        todo.shapes = todo.shapes if todo.ways else NOTHING


def _parts(snapshot: Snapshot, narrowed: Narrowed) -> Condition | None:
    """The condition on `part` where few parts have records to look at: a file of records is of one part, or of few."""
    parts = {part for part, shape in snapshot.records if shape <= ANY or shape not in narrowed.none}
    if len(parts) > MOST_SCANNED or len(parts) == len(snapshot.catalog.parts):
        return None
    return Condition(scanned("part", parts), (), Needs.COUNTS)


def _weak(needle: Needle) -> Condition:
    """What must hold of a doubtful record's readable text."""
    if needle.invert or needle.folded or not needle.required or any("\0" in text for text in needle.required):
        return Condition("true")
    return Condition(" OR ".join(["contains(raw, ?)"] * len(needle.required)), tuple(needle.required))
