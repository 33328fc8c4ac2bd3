"""What the screen asks of the whole: how many there are, when, and what the store holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from logtriage.answers import lanes, tally
from logtriage.answers.lanes import First, Lanes
from logtriage.answers.silences import Silence, silences
from logtriage.answers.tally import Counted, Known
from logtriage.errors import UsageError
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.store.catalog import PartRow
from logtriage.store.snapshot import Snapshot
from logtriage.tui.requests.request import Request


@dataclass(frozen=True)
class Names(Request):
    """What the sources are called → names, by part."""

    kind = "names"

    def answer(self, snapshot: Snapshot) -> dict[int, str]:
        return lanes.lane_names(snapshot.catalog.parts)


@dataclass(frozen=True)
class Count(Request):
    """How many records a query finds, as far as that is known, until it is → Counted. `known`: what an earlier count found."""

    query: Query
    known: Known | None = field(default=None, compare=False)
    kind = "count"
    lane = "back"
    outdates = ("preview",)
    grows = True

    def answer(self, snapshot: Snapshot) -> Iterator[Counted]:
        return tally.counting(snapshot, self.query, self.known)


@dataclass(frozen=True)
class Preview(Count):
    """How many records a filter would leave, before it is applied → Counted."""

    kind = "preview"


@dataclass(frozen=True)
class Unseen(Request):
    """Why a query finds nothing, as far as it asks for names that nothing has → lines. `folders`: of the user's own
    signatures."""

    query: Query
    folders: tuple[Path, ...]
    kind = "unseen"
    lane = "back"

    def answer(self, snapshot: Snapshot) -> list[str]:
        from logtriage.answers.standing import known
        from logtriage.query.unseen import unseen
        from logtriage.signatures.library import load_patterns, require_flag

        each = (self.query, *self.query.also)
        first = replace(self.query, also=(), fields=())
        told = [line for one in each for line in unseen(one, partial(known, snapshot, first))]
        flags = [flag for one in each for flag in one.flags]
        patterns = load_patterns(self.folders, examples=False) if flags else ()
        for flag in flags:
            try:
                require_flag(flag, patterns)
            except UsageError as why:
                told.append(f"{why.message}: {why.hint}" if why.hint else why.message)
        return told


@dataclass(frozen=True)
class Timeline(Request):
    """The lanes over a span of time (None: all there is) → Lanes, or None where no record has a time."""

    since: datetime | None
    until: datetime | None
    count: int
    parts: tuple[int, ...] | None
    kind = "timeline"
    lane = "back"

    def answer(self, snapshot: Snapshot) -> Lanes | None:
        if self.since is None or self.until is None:
            found = lanes.span(snapshot, self.parts)
            if found is None:
                return None
            return lanes.lanes(snapshot, *lanes.whole(found), self.count, self.parts)
        return lanes.lanes(snapshot, self.since, self.until, self.count, self.parts)


@dataclass(frozen=True)
class Shade(Request):
    """What a query finds of the lanes shown → Lanes, or None where that would take too long."""

    query: Query
    over: Lanes
    kind = "shade"
    lane = "back"

    def answer(self, snapshot: Snapshot) -> Lanes | None:
        from logtriage.answers.shade import shaded

        return shaded(snapshot, self.query, self.over)


@dataclass(frozen=True)
class Matches(Request):
    """How many records a query finds up to a place, itself included, and in all (None: it has no time), and in all → (int | None, int)."""

    query: Query
    place: Key
    kind = "matches"
    lane = "back"
    outdates = ("preview",)

    def answer(self, snapshot: Snapshot) -> tuple[int | None, int]:
        return tally.rank(snapshot, self.query, self.place)


class Standing(NamedTuple):
    """What there is: the parts, how many records, how many of no known format, their time span, who fell silent, when
    each signature was first found, and how far each part was read."""

    parts: tuple[PartRow, ...]
    names: dict[int, str]
    records: int
    plain: int
    span: tuple[datetime, datetime] | None
    silences: tuple[Silence, ...]
    firsts: tuple[First, ...]
    read: dict[int, int]


@dataclass(frozen=True)
class Survey(Request):
    """What there is → Standing."""

    parts: tuple[int, ...] | None
    kind = "survey"
    lane = "back"

    def answer(self, snapshot: Snapshot) -> Standing:
        from logtriage.answers.standing import not_understood, records

        return Standing(
            snapshot.catalog.parts,
            lanes.lane_names(snapshot.catalog.parts),
            records(snapshot, self.parts),
            not_understood(snapshot, self.parts),
            lanes.span(snapshot, self.parts),
            tuple(silences(snapshot, self.parts)),
            tuple(lanes.firsts(snapshot, self.parts)),
            snapshot.ends,
        )
