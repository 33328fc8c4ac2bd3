"""The small tables of a store at one moment: its parts, and what numbers in its records count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logtriage.formats.format import Format
from logtriage.formats.node import Node
from logtriage.stamps.rendering import Rendering

if TYPE_CHECKING:
    import duckdb

RESOURCE = ("service", "host", "container", "pod", "namespace")
# The small tables that make up a Catalog.
SMALL = (
    f'SELECT part, source, "group", path, member, {", ".join(RESOURCE)} FROM lake.parts ORDER BY part',
    "SELECT format, name, definition FROM lake.formats ORDER BY format",
    "SELECT rendering, text FROM lake.renderings ORDER BY rendering",
)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The small tables of a store at one moment: its parts (rows of lake.parts), and what numbers in records count.

    `formats`: number → (name, the formats a line passed through, outermost first).
    """

    parts: tuple[PartRow, ...]
    formats: dict[int, tuple[str, tuple[Node, ...]]]
    renderings: tuple[tuple[int, Rendering], ...]

    def part(self, number: int) -> PartRow | None:
        """The part of that number."""
        return next((p for p in self.parts if p.part == number), None)


@dataclass(frozen=True, slots=True)
class PartRow:
    """One byte stream of the store: its number, names, and what is known of where it comes from."""

    part: int
    source: str
    group: str
    path: str | None
    member: str | None
    service: str | None
    host: str | None
    container: str | None
    pod: str | None
    namespace: str | None


def load(con: duckdb.DuckDBPyConnection) -> Catalog:
    """Reads the small tables."""
    return catalog_of(*(con.execute(sql).fetchall() for sql in SMALL))


def longest_runs(con: duckdb.DuckDBPyConnection) -> dict[tuple[int, int], int]:
    """(part, shape) → how long the longest run with a digit is in the frames and bodies of its records, if known."""
    sql = "SELECT part, shape, max(value::INTEGER) FROM lake.facets WHERE name = 'run' GROUP BY part, shape"
    known = con.execute(f"{sql} HAVING bool_and(value IS NOT NULL AND NOT many)")
    return {(part, shape): longest for part, shape, longest in known.fetchall()}


def read_up_to(con: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Up to which offset each part was read."""
    return dict(con.execute('SELECT part, max("offset") FROM lake.progress GROUP BY part').fetchall())


def catalog_of(
    parts: Iterable[tuple[Any, ...]], formats: Iterable[tuple[Any, ...]], renderings: Iterable[tuple[Any, ...]]
) -> Catalog:
    """The same of their rows."""
    return Catalog(
        tuple(PartRow(*row) for row in parts),
        {n: (name, _nodes(json.loads(text))) for n, name, text in formats},
        tuple((n, Rendering.parse(text)) for n, text in renderings),
    )


def _nodes(definition: list[dict[str, Any]]) -> tuple[Node, ...]:
    return tuple(_chain(definition))


def _chain(definition: list[dict[str, Any]]) -> Iterator[Node]:
    node: Node | None = None
    for fields in definition:
        node = Node(_format(fields), node)
        yield node


def _format(fields: dict[str, Any]) -> Format:
    """A format as `dataclasses.asdict` and JSON have left it; what a later version added to it is passed over."""
    known = {key: value for key, value in fields.items() if key in Format.__slots__}
    for key in ("groups", "inside", "require", "examples", "rejects"):
        known[key] = tuple(known.get(key, ()))
    for key in ("keys", "aliases"):
        known[key] = {name: tuple(paths) for name, paths in known.get(key, {}).items()}
    return Format(**known)
