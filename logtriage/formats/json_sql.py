"""Values out of JSON text as SQL. Total only for valid JSON: a caller asks `json_valid` first."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from logtriage.sql import literal


@functools.cache
def path(key: str, *, nested: bool = True) -> str:
    """`a.b` as a JSON path into nested objects, or (`nested=False`) of the one key "a.b"."""
    parts = key.split(".") if nested else [key]
    return "$" + "".join("[0]" if n and p == "0" else '."' + p.replace('"', '\\"') + '"' for n, p in enumerate(parts))


def members(text: str, names: Sequence[str]) -> str:
    """Of objects whose places aliases take, the members under dotted keys (`user.id` beside `user`), as one object."""
    told = "'{}'"
    for n, name in enumerate(names, 1):
        told = f"json_merge_patch({told}, {_dotted(f'held[{n}]', name)})"
    # The objects are taken out of the document at once: DuckDB holds what it has parsed of some thousand for each mention.
    paths = ", ".join(literal(path(name)) for name in names)
    return f"list_transform([json_extract({text}, [{paths}])], lambda held: {told})[1]"


def _dotted(value: str, name: str) -> str:
    """An object's members under dotted keys; of any other value none."""
    plain = f"list_filter(json_keys({value}), lambda k: regexp_full_match(k, '[\\w @-]+'))"
    values = f"list_transform({plain}, lambda k: json_extract({value}, '$.\"' || k || '\"'))"
    dotted = f"list_transform({plain}, lambda k: {literal(name + '.')} || k)"
    return f"CASE WHEN json_type({value}) = 'OBJECT' THEN to_json(map({dotted}, {values})) ELSE '{{}}' END"


def places(roles: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """(role, JSON path) of every place where a role's value may be, the preferred first."""
    found = []
    for name, keys in roles.items():
        for key in keys:
            if "." in key:
                found.append((name, path(key, nested=False)))
            found.append((name, path(key)))
    return found
