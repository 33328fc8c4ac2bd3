"""A JSON format, narrowed to the keys that a source's documents have: of hundreds of usual names for a time, a level or a
message a log has a few, and each place that is looked at costs with every record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from logtriage.formats import documents
from logtriage.formats.format import Format
from logtriage.formats.node import Node

_FEW = 16  # keys, of which none is worth leaving out
_MOST = 10_000  # distinct keys of documents beyond which they are no names


def keys_sql(node: Node, text: str) -> str | None:
    """SELECT items: the outermost keys of documents, as `key`; None where a format names so few that all are looked for."""
    fmt = node.fmt
    if not fmt or fmt.kind != "json" or len(node.keys) > _MOST or few_keys(fmt):
        return None
    return f"DISTINCT unnest(CASE WHEN json_valid({text}) THEN json_keys({text}) END) AS key"


def few_keys(fmt: Format) -> bool:
    """Whether a format names so few keys that all are looked for."""
    return sum(map(len, documents.roles(fmt).values())) <= _FEW


def narrowed(node: Node) -> Format:
    """A format that finds in documents that have no keys but `node.keys` what the node's format finds in them."""
    fmt, keys = node.fmt, node.keys
    assert fmt is not None
    if not keys or len(keys) > _MOST:
        return fmt

    def left(names: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        some = {role: tuple(k for k in of if k in keys or k.split(".")[0] in keys) for role, of in names.items()}
        return {role: of for role, of in some.items() if of}

    return replace(fmt, keys=left(fmt.keys), aliases=left(fmt.aliases))
