"""Names that a query asks for and no record has: who misspelt one is told what there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase

from logtriage.errors import is_it
from logtriage.output import harmless
from logtriage.query.query import Query

_NAMED = 5  # names that are told where another was asked for


def origins(query: Query) -> dict[str, tuple[str, ...]]:
    """Globs of where records come from, by column, as far as a query has them."""
    every = {"source": query.sources, "service": query.services, "container": query.containers,
             "namespace": query.namespaces}  # fmt: skip
    return {column: globs for column, globs in every.items() if globs}


def attributes(query: Query) -> list[str]:
    """The names of the fields that a query asks for and that are no columns."""
    return [one.name for one in query.fields if one.is_attribute]


def unseen(query: Query, known: Callable[[str], Collection[str]]) -> list[str]:
    """Which of the names asked for no record has, and what such names there are: a line each. `known`: the names there are,
    by column, and by `field` those of attributes, as far as they were looked at."""
    told = []
    for column, globs in origins(query).items():
        there = sorted(known(column))
        for glob in globs:
            if not any(fnmatchcase(name, one) for name in there for one in (glob, f"*/{glob}")):
                ends = sorted({os.path.basename(name) for name in there})
                near = is_it(glob, [*there, *ends]).strip() or f"there is {_some(ends)}"
                told.append(f"no {column} {glob!r} was seen: {near}")
    there = sorted(known("field")) if attributes(query) else []
    for name in attributes(query) if there else ():
        if not any(one == name or name.startswith(f"{one}.") for one in there):
            near = is_it(name, there).strip() or f"there is {_some(there)}"
            told.append(f"no field {name!r} in the first records: {near}")
    return told


def _some(names: list[str]) -> str:
    """The first of some names, for who does not know what there is."""
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
    return harmless(shown).replace("\n", " ") or "none"
