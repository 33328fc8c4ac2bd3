"""A JSON value as an indented tree, one line for each of its members."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

_DEEPEST = 12  # deeper ones are told in one line


class Node(NamedTuple):
    """One line: the branch drawn before it, its key, its value if it is no object or list, and the keys that lead to it
    joined by dots, as a filter on a field takes them."""

    branch: str
    key: str
    value: str | None
    path: str


def tree(value: dict[str, Any] | list[Any]) -> Iterator[Node]:
    """The members of an object or list, each with its own below it; what is empty is left out, as in all outputs."""
    yield from _members(value, "", "", 0)


def _members(value: Any, branch: str, path: str, depth: int) -> Iterator[Node]:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    pairs = [(str(key), one) for key, one in members if one not in (None, {}, [])]
    for number, (key, one) in enumerate(pairs):
        last = number == len(pairs) - 1
        here = f"{path}.{key}" if path else key
        sign = "" if depth == 0 else "└ " if last else "├ "
        nested = isinstance(one, dict | list) and one and depth < _DEEPEST
        yield Node(branch + sign, key, None if nested else told(one), here)
        if nested:
            yield from _members(one, branch + ("" if depth == 0 else "  " if last else "│ "), here, depth + 1)


def told(value: Any) -> str:
    """A value as a filter compares it: texts without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
