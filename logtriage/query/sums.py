"""How many hits of a plan there are of each kind, without putting together the texts of those that a column proves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from logtriage.needles.inside import uncut
from logtriage.query.condition import Condition, joined
from logtriage.query.planned import Plan, relation_of
from logtriage.query.way import Way, within
from logtriage.sql import literal
from logtriage.store import frame
from logtriage.store.files import File
from logtriage.store.seams import ANY

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle
    from logtriage.store.snapshot import Snapshot

# Characters that stand otherwise inside a JSON string.
_ESCAPED = frozenset('"\\')


def proof(needle: Needle) -> Condition | None:
    """What a row of `bare` tells by itself of a record in which a needle is found. None: nothing."""
    marks = [frame.BODY, frame.JSON_BODY]
    if needle.literal is not None:
        text = needle.literal.decode()
        if not text.isprintable():
            return None
        test, what = "contains", text
        marks = marks[:1] if _ESCAPED & set(text) else marks
    elif needle.required and not needle.folded and not needle.beside and (regex := uncut(needle)) is not None:
        test, what = "regexp_matches", regex
    else:
        return None
    among = " OR ".join(f"contains(frame, {mark})" for mark in marks)  # else the body is not, or not so, in the text
    in_frame, in_body = (f"{test}({column}, {literal(what)})" for column in ("frame", "body"))
    return Condition(f"exact IS NULL AND shape > {ANY} AND ({in_frame} OR (({among}) AND {in_body}))")


def sums(
    snapshot: Snapshot, todo: Plan, by: Sequence[str], window: Sequence[Condition] = ()
) -> tuple[list[tuple[Any, ...]], Plan | None]:
    """Of the hits in a window that are proved: values of some columns, how many have these, and the first and the last time.
    And the plan of those that are not; None: there are none."""
    if todo.proven is None or not todo.ways:
        return [], todo
    every, parameters = joined([*window, *todo.plain])
    names = ", ".join(by)
    kinds = [
        f"SELECT {names}, coalesce({todo.proven.sql}, false) AS proven, timestamp "
        f"FROM ({relation_of(todo.catalog, every, by, way)}) WHERE {every} AND ({way.sql})"
        for way in _apart(within(todo.ways, window))
    ]
    sql = f"SELECT * EXCLUDE timestamp, count(*), min(timestamp), max(timestamp) FROM ({' UNION ALL '.join(kinds)}) GROUP BY ALL"
    found = snapshot.execute(sql, parameters * len(kinds)).fetchall()
    width = len(by)
    proved = [(*row[:width], *row[width + 1 :]) for row in found if row[width]]
    if len(proved) == len(found):
        return proved, None
    return proved, replace(todo, plain=[*todo.plain, Condition(f"({todo.proven.sql}) IS NOT TRUE")])


def _apart(ways: Sequence[Way]) -> list[Way]:
    """Ways that have no record in common, of those that may have."""
    of_file: dict[File, list[str]] = defaultdict(list)
    for way in ways:
        for file in way.files or ():
            of_file[file].append(way.sql)
    alike: dict[tuple[str, ...], list[File]] = defaultdict(list)
    for file, tests in of_file.items():
        alike[tuple(tests)].append(file)
    apart = [Way(" OR ".join(f"({test})" for test in tests), tuple(files)) for tests, files in alike.items()]
    others = [way for way in ways if way.files is None]
    for n, way in enumerate(others):
        before = "".join(f" AND ({other.sql}) IS NOT TRUE" for other in others[:n])
        apart.append(Way(f"({way.sql}){before}"))
    return apart
