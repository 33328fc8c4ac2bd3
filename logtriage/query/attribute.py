"""Which records may have an attribute: those whose format names it, or whose text holds its name, as their shapes tell.

Attributes are dear to tell, some 80 µs a record, so few records should be asked for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from logtriage.formats.format import Format, load_formats
from logtriage.needles.needle import Needle
from logtriage.query.condition import Condition, Needs
from logtriage.query.narrow import Narrowed, narrow

if TYPE_CHECKING:
    from logtriage.store.catalog import Catalog
    from logtriage.store.snapshot import Snapshot

# What is told of texts of any form without being named in them (see formats/loose.py), and what must stand there then.
_TOLD = {"status": "(?i)status|code|returned|responded|HTTP/"}
_ADDRESSES = re.compile("(?:client_|ip_)?ip(?:_|$)")
_WORD = re.compile("[A-Za-z_]{3,}")


def with_attribute(snapshot: Snapshot, name: str) -> Condition | None:
    """What holds of every record with an attribute of that name; None: nothing is known.

    It needs the shape alone (`COUNTS`), or the format too (`COLUMNS`).
    """
    steps = [step for step in name.split(".") if not step.isdigit()]
    words = [step for step in steps if _WORD.fullmatch(step)]
    if not words or any(map(_ADDRESSES.match, steps)):
        return None
    patterns = [re.escape(max(words, key=len)), *(_TOLD[step] for step in steps if step in _TOLD)]
    shapes = snapshot.shapes
    possible = with_escaped(narrow(Needle.of(tuple(patterns)), shapes), shapes).possible()
    formats = snapshot.catalog.formats.items()
    native = [number for number, (_, nodes) in formats if any(_names(node.fmt, steps) for node in nodes)]
    if possible is None:
        return None
    if not native:
        return possible._replace(needs=Needs.COUNTS)
    return Condition(f"({possible.sql}) OR format_number IN ({', '.join(map(str, native))})", (), Needs.COLUMNS)


def with_escaped(found: Narrowed, shapes: Iterable[tuple[int, str]]) -> Narrowed:
    """What is found, where a text may also stand for another one: what is escaped or coloured may be anything."""
    escaped = {number for number, text in shapes if "\\" in text or "\x1b" in text} - found.sure
    return replace(found, open=found.open | escaped, none=found.none - escaped)


def may_split_numbers(catalog: Catalog) -> bool:
    """May a format take a number from a place on that is not its first digit? None that is shipped does, and none made of a
    header, whose columns lie between separators. (Some take no more than three digits, whatever follows.)"""
    used = (node.fmt for _, nodes in catalog.formats.values() for node in nodes)
    others = [fmt for fmt in used if fmt and fmt.regex and not fmt.separator]
    shipped = {fmt.id: fmt.regex for fmt in load_formats(examples=False)} if others else {}
    return any(shipped.get(fmt.id) != fmt.regex for fmt in others)


def _names(fmt: Format | None, steps: Iterable[str]) -> bool:
    """May a format give an attribute without its name in the text?"""
    if fmt is None:
        return False
    own = {part for key in (*fmt.groups, *fmt.aliases, *fmt.keys) for part in key.split(".")}
    return not own.isdisjoint(steps)
