"""A record's attributes as SQL: all that its formats name, and what can be told from the text inside them."""

from __future__ import annotations

from collections.abc import Sequence

from logtriage.formats import json_sql, loose, parse
from logtriage.formats.format import Format
from logtriage.formats.narrowed import narrowed
from logtriage.formats.node import GENERIC, Node
from logtriage.sql import literal


def attributes(nodes: Sequence[Node], text: str, *, flat: bool) -> str:
    """An expression for a record's attributes, a JSON object, from the text of its first line (outermost).

    Named groups and keys of every format on the way in, then `key=value` pairs, addresses and an HTTP status found in
    the text. `flat` joins nested keys with dots (it needs a subquery a row, so only what is printed is made flat).
    """
    layers: list[str] = []
    for node in nodes:
        fmt = narrowed(node)
        layers.append(_layer(fmt, text, flat))
        if fmt.inner:
            wrapped = parse.inner(fmt, parse.extraction(fmt, text, node), text)
            text = f"CASE WHEN json_valid({text}) THEN {wrapped} END" if fmt.kind == "json" else wrapped
    merged = loose.told(text)
    for layer in layers:
        merged = f"json_merge_patch({merged}, coalesce({layer}, '{{}}'))"
    return merged


def _layer(fmt: Format, text: str, flat: bool) -> str:
    """What one format says: its named groups, or its keys."""
    if fmt.id == GENERIC.id:
        return "'{}'"
    if fmt.kind == "json":
        return _json_layer(fmt, text, flat)
    if fmt.kind == "logfmt":
        told = f"list_transform([{loose.pairs(text, meant=parse.unescaped)}], lambda p: {_with_aliases(fmt, 'p', 'p')})"
        return f"{told}[1]"  # the pairs are mentioned often, and looked for but once
    names = [g for g in fmt.groups if g not in parse.RESERVED]
    if not names:
        return "'{}'"
    m = parse.captures(parse.regex_of(fmt), text, names)
    values = {n: f'{m}."{n}"' for n in names}
    pairs = values.pop("structured", None)  # RFC 5424, 6.3: pairs with the names of who wrote them
    picked = ", ".join(
        f"{literal(n)}, CASE WHEN {v} NOT IN ('', '-') THEN {_alias(n, v)} END" for n, v in values.items()
    )
    own = f"json_merge_patch('{{}}', json_object({picked}))"
    return f"json_merge_patch({loose.told(pairs)}, {own})" if pairs else own


def _json_layer(fmt: Format, text: str, flat: bool) -> str:
    """A document's keys, with the values of aliases under their names."""
    whole = text
    if flat:
        key = "replace(replace(substr(fullkey, 3), '[', '.'), ']', '')"
        whole = (
            f"(SELECT json_group_object({key}, atom) FROM json_tree(CASE WHEN json_valid({text}) THEN {text} END) WHERE atom IS NOT NULL AND type <> 'NULL' "
            f"AND fullkey <> {literal('$.' + (fmt.inner or ' '))})"
        )
    elif fmt.inner:
        whole = f"json_merge_patch({text}, json_object({literal(fmt.inner)}, NULL))"
    merged = _with_aliases(fmt, whole, text)
    hidden = [n for n, keys in fmt.aliases.items() if not flat and any(key.startswith(f"{n}.") for key in keys)]
    if hidden:
        merged = f"json_merge_patch({merged}, {json_sql.members(text, hidden)})"
    return f"CASE WHEN json_valid({text}) THEN {merged} END"


def _with_aliases(fmt: Format, whole: str, text: str) -> str:
    """An object, and what a format's aliases find in a document, which is parsed once for all of them: DuckDB holds what
    it has parsed of some thousand records for each mention of a function."""
    if not fmt.aliases:
        return whole
    places = json_sql.places(fmt.aliases)
    found = []
    for name in fmt.aliases:
        own = [n for n, (of, _) in enumerate(places, 1) if of == name]
        value = f"list_filter(m[{own[0]}:{own[-1]}], lambda v: NOT starts_with(v, '{{'))[1]"
        found.append(f"{literal(name)}, {_alias(name, value)}")
    paths = ", ".join(literal(path) for _, path in places)
    picked = f"list_transform([json_extract_string({text}, [{paths}])], lambda m: json_object({', '.join(found)}))[1]"
    return f"json_merge_patch({whole}, json_merge_patch('{{}}', {picked}))"


def _alias(name: str, value: str) -> str:
    """An attribute's value; that of an address without its brackets and port."""
    return f"coalesce({loose.address(value)}, {value})" if name == "client_ip" else value
