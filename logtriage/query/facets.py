"""A query's conditions on flags and on where records come from, answered from the few facets of the store (see
store/facets.py): which parts and shapes may hold such records, and whether all records of these are such.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from logtriage.query.condition import Condition, Needs
from logtriage.store.pieces import FACETS, facets
from logtriage.store.snapshot import Snapshot

_MOST = 1_000  # parts or shapes that are named one by one in SQL
_GROUPS = 30  # of parts that have the same shapes
_Pair = tuple[int, int]  # a part and a shape


class Among(NamedTuple):
    """`conditions` on part and shape, which all records asked for fulfil; `sure`: and no others do. `lots`: which parts and
    shapes these are."""

    conditions: list[Condition]
    sure: bool
    lots: set[_Pair]


def among(snapshot: Snapshot, conditions: Sequence[Condition]) -> Among | None:
    """Where records may be of which all these conditions hold, each of which needs `ORIGIN` at most. None: nowhere."""
    every: set[_Pair] = set()
    possible, sure = None, True
    for one in conditions:
        found = _found(snapshot, one)
        every |= found.keys()
        may = {pair for pair, (_, may) in found.items() if may}
        possible = may if possible is None else possible & may
        unsure = {pair for pair in may if not found[pair][0]}
        sure = sure and not unsure & possible
    if not possible:
        return None
    where, exact = _places(every, possible)
    return Among(where, exact and sure, possible)


def _found(snapshot: Snapshot, condition: Condition) -> dict[_Pair, tuple[bool, bool]]:
    """Of each part and shape: whether the condition holds of all its records, and whether it may hold of some."""
    named = [name for name in FACETS if re.search(rf"\b{name}\b", condition.sql)]
    holds = f"coalesce({condition.sql}, false)" if len(named) < 2 else "NULL"
    rows = snapshot.con.execute(
        f"SELECT part, shape, bool_and(coalesce(holds, false)), bool_or(coalesce(holds, true)) "
        f"FROM (SELECT part, shape, CASE WHEN NOT many THEN {holds} END AS holds FROM ({facets((named or FACETS)[0])})) "
        "GROUP BY part, shape",
        list(condition.parameters) if len(named) < 2 else [],
    ).fetchall()
    return {(part, shape): (sure, may) for part, shape, sure, may in rows}


def _places(every: set[_Pair], wanted: set[_Pair]) -> tuple[list[Condition], bool]:
    """Conditions that hold of the wanted pairs of part and shape, and whether of these only."""
    parts, shapes = {part for part, _ in wanted}, {shape for _, shape in wanted}
    each = [_among("part", parts, {part for part, _ in every}), _among("shape", shapes, {shape for _, shape in every})]
    known = [one for one in each if one is not None and one.sql != "true"]
    if None not in each and len(wanted) == sum(part in parts and shape in shapes for part, shape in every):
        return known, True
    of_part: dict[int, set[int]] = defaultdict(set)
    for part, shape in wanted:
        of_part[part].add(shape)
    alike: dict[frozenset[int], list[int]] = defaultdict(list)
    for part, its in of_part.items():
        alike[frozenset(its)].append(part)
    if len(alike) > _GROUPS or sum(map(len, alike)) + len(of_part) > _MOST:
        return known, False
    groups = (f"part IN ({_list(numbers)}) AND shape IN ({_list(its)})" for its, numbers in alike.items())
    return [*known, Condition(" OR ".join(sorted(groups)), (), Needs.COUNTS)], True


def _among(column: str, wanted: Collection[int], every: set[int]) -> Condition | None:
    """That a column has one of some values, of all that there are; None: too many to be named."""
    rest = every - set(wanted)
    if not rest:
        return Condition("true", (), Needs.COUNTS)
    if len(wanted) > _MOST and len(rest) > _MOST:
        return None
    verb, named = ("IN", wanted) if len(wanted) <= len(rest) else ("NOT IN", rest)
    return Condition(f"{column} {verb} ({_list(named)})", (), Needs.COUNTS)


def _list(numbers: Collection[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
