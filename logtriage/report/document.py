"""A report before it is written: blocks of plain text. No text in it is markup; whoever writes it out sees to that."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from logtriage.output import harmless

Blocks = list["Block"]
# Marks that turn the direction of writing, or are not seen at all: they could make a text look like another.
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; `level` from 1 on."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or two."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `numbered` where the order counts."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """What is to be typed, or a text as it was logged."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under names."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """One service's line in the picture: records and warnings (or worse) of each stretch of time."""

    name: str
    records: tuple[int, ...]
    bad: tuple[int, ...]


class Moment(NamedTuple):
    """When something happened (UTC, naive); `kind`: onset, change, sign or mark."""

    at: datetime
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture: lanes over equal stretches from `start` to `end` (UTC, naive), and moments worth a line or a sign."""

    start: datetime
    end: datetime
    lanes: tuple[Lane, ...]
    moments: tuple[Moment, ...] = ()


Block = Heading | Paragraph | Items | Code | Table | Timeline


@dataclass(slots=True)
class Document:
    """A report's title and blocks, in order."""

    title: str
    blocks: Blocks = field(default_factory=list)

    def add(self, *blocks: Block) -> None:
        """Puts blocks at the end; those without content are left out."""
        self.blocks += [block for block in blocks if not _is_empty(block)]

    def mapped(self, change: Callable[[str], str]) -> Document:
        """The same with every text changed, as for masking what is secret."""
        return Document(change(self.title), [_mapped(block, change) for block in self.blocks])


def visible(text: str) -> str:
    """The text with what cannot be seen, or would change how the rest is seen, made visible."""
    return _HIDDEN.sub("\ufffd", harmless(text)).replace("\r", "␍")


def _is_empty(block: Block) -> bool:
    return (isinstance(block, Items) and not block.items) or (isinstance(block, Table) and not block.rows)


def _mapped(block: Block, change: Callable[[str], str]) -> Block:
    if isinstance(block, Heading | Paragraph | Code):
        return replace(block, text=change(block.text))
    if isinstance(block, Items):
        return replace(block, items=tuple(map(change, block.items)))
    if isinstance(block, Table):
        return Table(tuple(map(change, block.names)), tuple(tuple(map(change, row)) for row in block.rows))
    lanes = tuple(replace(lane, name=change(lane.name)) for lane in block.lanes)
    return replace(block, lanes=lanes, moments=tuple(one._replace(label=change(one.label)) for one in block.moments))
