"""How much of a store may be put together at once: that takes many times the bytes that it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from logtriage.query.planned import Plan
from logtriage.query.windows import MOST, Pace, documents_at_once
from logtriage.store.snapshot import Snapshot

# Bytes of long records, and how much of them is put together at once: that takes up to forty times the memory.
_LONG, _AT_ONCE = 16 << 10, 16 << 20
_MANY = 20_000  # records
_WEIGHT = "weight"  # what is kept in mind of a snapshot


def pace_of(snapshot: Snapshot, todo: Plan, columns: Sequence[str], wanted: int | None = None) -> Pace:
    """How large windows are to be in which some columns of a plan's hits are asked for, so many of these."""
    dear = are_dear(todo, columns)
    return Pace(
        wanted, filtered=todo.filtered, dear=dear, size=mean_size(snapshot) if dear else 0, weight=_weight(snapshot)
    )


def are_dear(todo: Plan, columns: Sequence[str]) -> bool:
    """Do attributes have to be told?"""
    return todo.query.needs_attributes or "attributes" in columns


def few_at_once(snapshot: Snapshot, *, dear: bool) -> int | None:
    """How many records may be put together at once where they are long, sooner so where their attributes are told (`dear`);
    None: they are not."""
    weight = _weight(snapshot)
    few = documents_at_once(mean_size(snapshot)) if dear else None
    return min(few or MOST, max(1, int(_AT_ONCE / weight))) if weight >= _LONG else few


def at_once(snapshot: Snapshot, *, dear: bool) -> int:
    """How many records are put together at once that are wanted one here, one there."""
    return few_at_once(snapshot, dear=dear) or max(1, min(_MANY, int(_AT_ONCE / max(1, _weight(snapshot)))))


def are_long(snapshot: Snapshot) -> bool:
    """Whether some part's records are long."""
    return _weight(snapshot) >= _LONG


def mean_size(snapshot: Snapshot) -> float:
    """How many bytes a record has, on average."""
    return sum(snapshot.ends.values()) / max(1, sum(snapshot.records.values()))


def _weight(snapshot: Snapshot) -> float:
    """How many bytes a record has, on average, in the part where they are the longest: a minute may have many of megabytes."""
    if _WEIGHT not in snapshot.memory:
        records: Counter[int] = Counter()
        for (part, _), number in snapshot.records.items():
            records[part] += number
        each = [snapshot.ends.get(part, 0) / number for part, number in records.items() if number]
        snapshot.memory[_WEIGHT] = max(each, default=0)
    return float(snapshot.memory[_WEIGHT])
