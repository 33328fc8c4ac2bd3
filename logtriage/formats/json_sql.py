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


def scalar(text: str, key: str) -> str:
    """The text of the value under a dotted key: the key "a.b" itself, else b inside a."""
    if "." not in key:
        return f"json_extract_string({text}, {literal(path(key))})"
    return f"coalesce(json_extract_string({text}, {literal(path(key, nested=False))}), json_extract_string({text}, {literal(path(key))}))"


def members(text: str, name: str) -> str:
    """An object whose place an alias takes: its members under dotted keys (`user.id` beside `user`); else NULL."""
    key = literal(path(name))
    plain = f"list_filter(json_keys({text}, {key}), lambda k: regexp_full_match(k, '[\\w @-]+'))"
    values = f"list_transform({plain}, lambda k: json_extract({text}, {key} || '.\"' || k || '\"'))"
    dotted = f"list_transform({plain}, lambda k: {literal(name + '.')} || k)"
    return f"CASE WHEN json_type({text}, {key}) = 'OBJECT' THEN to_json(map({dotted}, {values})) ELSE '{{}}' END"


def places(roles: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """(role, JSON path) of every place where a role's value may be, the preferred first."""
    found = []
    for name, keys in roles.items():
        for key in keys:
            if "." in key:
                found.append((name, path(key, nested=False)))
            found.append((name, path(key)))
    return found
