"""A pattern as it was read: its tree, and what is to be known of it before any line is looked at."""

from __future__ import annotations

from typing import NamedTuple

from logtriage.errors import UsageError
from logtriage.needles.dialect.classes import Flags
from logtriage.needles.dialect.nodes import Node, concat
from logtriage.needles.dialect.reader import Reader, character


class Pattern(NamedTuple):
    """A pattern that was read. `fancy`: only `regex` can decide it; `literals`, `uppercase`: what smart case asks."""

    tree: Node
    groups: int
    fancy: bool
    literals: bool
    uppercase: bool


def read(pattern: str, *, fold: bool = False, first_group: int = 1) -> Pattern:
    """Reads `pattern`; its groups are numbered from `first_group`.

    Raises UsageError, which says what is wrong and at which character.
    """
    reader = Reader(pattern, Flags(fold=fold), first_group)
    tree = reader.choice(0)
    if not reader.at_end():
        raise reader.error("there is a ')' that no '(' opens")
    return Pattern(tree, reader.groups, reader.fancy, reader.literals, reader.uppercase)


def literal(text: str, *, fold: bool = False) -> Pattern:
    """The tree of `text` as it stands (-F)."""
    if "\n" in text:
        raise UsageError("a pattern cannot hold a line break", "give several patterns, each with -e")
    tree = concat(*(character(char, fold) for char in text))
    return Pattern(tree, 0, False, bool(text), any(char.isupper() for char in text))
