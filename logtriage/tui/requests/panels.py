"""What the panels ask the engine (see request.py): a record in full, its neighbours, its trace, the kinds of records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from logtriage.answers import glance
from logtriage.answers.glance import Glance, Glances
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.store.snapshot import Snapshot
from logtriage.tui.requests.request import Request

if TYPE_CHECKING:
    from logtriage.answers.detail import Detail
    from logtriage.answers.kinds import Kinds
    from logtriage.answers.search import Row
    from logtriage.signatures.library import Pattern

_NEAREST = 25  # neighbours on either side
MOST_OF_TRACE = 2_000  # records of one trace that are shown


@dataclass(frozen=True)
class Detailed(Request):
    """All of one record → Detail, or None if it is there no more. `use`: what it is wanted for."""

    place: Key
    shape: int | None
    use: str = "show"
    kind: ClassVar[str] = "detailed"

    def answer(self, snapshot: Snapshot) -> Detail | None:
        from logtriage.answers.detail import detail

        return detail(snapshot, self.place, self.shape)


@dataclass(frozen=True)
class Many(Request):
    """All of some records → list of Detail, in the same order, without those that are there no more."""

    places: tuple[Key, ...]
    use: str
    kind: ClassVar[str] = "many"

    def answer(self, snapshot: Snapshot) -> list[Detail]:
        from logtriage.answers.detail import detail

        found = (detail(snapshot, place) for place in self.places)
        return [one for one in found if one]


@dataclass(frozen=True)
class Near(Request):
    """The records of other sources around one → list of Glance."""

    row: Row
    within: timedelta
    parts: tuple[int, ...] | None
    kind: ClassVar[str] = "near"
    lane: ClassVar[str] = "back"

    def answer(self, snapshot: Snapshot) -> list[Glance]:
        from logtriage.answers.detail import nearby

        return nearby(snapshot, self.row, self.within, self.parts, _NEAREST)


class Traced(NamedTuple):
    """The first records of a trace; `more`: not all of them."""

    trace: str
    records: list[Glance]
    more: bool


@dataclass(frozen=True)
class Trace(Request):
    """All records with the trace or request id of one → Traced, or None where it has none."""

    place: Key
    shape: int | None
    kind: ClassVar[str] = "trace"

    def answer(self, snapshot: Snapshot) -> Traced | None:
        from logtriage.answers.detail import detail

        one = detail(snapshot, self.place, self.shape)
        name = one and (one.row.trace_id or one.row.request_id or one.row.span_id)
        if not name:
            return None
        found: Glances = glance.first(snapshot, Query(trace=name), MOST_OF_TRACE)
        return Traced(name, found.rows, found.after)


@dataclass(frozen=True)
class Library(Request):
    """The signatures, by id → dict of Pattern. `folders`: of the user's own ones."""

    folders: tuple[Path, ...]
    kind: ClassVar[str] = "library"
    lane: ClassVar[str] = "back"

    def answer(self, snapshot: Snapshot) -> dict[str, Pattern]:
        from logtriage.signatures.library import load_patterns

        return {one.id: one for one in load_patterns(self.folders, examples=False)}


@dataclass(frozen=True)
class Sorts(Request):
    """The kinds of records between two moments (UTC, naive), as they are counted → Kinds, or None where no record has a time."""

    parts: tuple[int, ...] | None
    since: datetime | None
    until: datetime | None
    cells: int
    kind: ClassVar[str] = "sorts"
    lane: ClassVar[str] = "aside"
    grows: ClassVar[bool] = True

    def answer(self, snapshot: Snapshot) -> Iterator[Kinds | None]:
        from logtriage.answers.kinds import kinds

        return kinds(snapshot, self.parts, self.since, self.until, self.cells)
