"""What the screen asks the engine, each a small dataclass with its answer; `kind`: a newer one of a kind replaces the older.

`answer` runs on a thread of the engine, with a snapshot of the store: calls of `query/`, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from logtriage.answers import glance, jump
from logtriage.answers.glance import Glances
from logtriage.answers.search import Row, page
from logtriage.answers.silences import Silence
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.store.catalog import PartRow
from logtriage.store.snapshot import Snapshot

if TYPE_CHECKING:
    from logtriage.normalise import Settings
    from logtriage.sources.find import Source
    from logtriage.stream.ends import Ends

_DEAR = 60  # records, about what a screen shows


class Request:
    """Something to be asked. `lane`: `front` for what a person waits for, `back` for what takes its time, `aside` for
    what may take any time. `outdates`: requests of which kinds, asked earlier, are of no use any more; those of its own
    `kind` are none in any case. `grows`: there are several answers, each in place of the one before."""

    kind: ClassVar[str]
    lane: ClassVar[str] = "front"
    outdates: ClassVar[tuple[str, ...]] = ()
    needs_store: ClassVar[bool] = True
    grows: ClassVar[bool] = False

    def answer(self, snapshot: Snapshot) -> Any:
        """The answer, as the class tells; if it `grows`, one after the other, each in place of the one before. Raises what
        the query raises."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Called, from another thread, when the answer is not wanted any more; its snapshot is interrupted anyway."""


def _at_once(query: Query, count: int) -> int:
    """How many of so many records are worth waiting for: fewer, where each that is looked at takes long."""
    return min(count, _DEAR) if query.needs_attributes else count


@dataclass(frozen=True)
class Show(Request):
    """The records around a place, or the last ones (`place` None), or the first (`first`) → Glances."""

    query: Query
    place: Key | None
    before: int
    after: int
    first: bool = False
    select: bool = True  # the record at the place is to be the one selected
    kind = "show"
    outdates = ("ahead", "earlier", "later")

    def answer(self, snapshot: Snapshot) -> Glances:
        after = _at_once(self.query, self.after)
        if self.place is not None:
            return glance.around(snapshot, self.query, self.place, _at_once(self.query, self.before), after)
        if self.first:
            return glance.first(snapshot, self.query, after)
        return glance.last(snapshot, self.query, after)


@dataclass(frozen=True)
class Tail(Request):
    """The last records, to be at hand when somebody wants to see them → Glances."""

    query: Query
    count: int
    kind = "tail"
    lane = "back"

    def answer(self, snapshot: Snapshot) -> Glances:
        return glance.last(snapshot, self.query, self.count)


@dataclass(frozen=True)
class Head(Tail):
    """The first records, likewise → Glances."""

    kind = "head"

    def answer(self, snapshot: Snapshot) -> Glances:
        return glance.first(snapshot, self.query, self.count)


@dataclass(frozen=True)
class Glimpse(Request):
    """The last lines of the file written last, of sources that are not in the store yet → Ends."""

    sources: tuple[Source, ...]
    count: int
    kind = "glimpse"
    lane = "aside"
    needs_store = False

    def answer(self, snapshot: Snapshot) -> Ends:
        from logtriage.stream.ends import last_lines

        return last_lines(self.sources, self.count)


@dataclass(frozen=True)
class Ahead(Request):
    """The last records of sources that are not all in the store yet → Ends. `settings`: how they are to be read."""

    sources: tuple[Source, ...]
    settings: Callable[[], Settings]
    count: int
    kind = "ahead"
    outdates = ("show", "earlier", "later")
    needs_store = False

    def answer(self, snapshot: Snapshot) -> Ends:
        from logtriage.stream.ends import last_records

        return last_records(self.sources, self.settings(), self.count)


@dataclass(frozen=True)
class Earlier(Request):
    """The records before those that are shown → Glances."""

    query: Query
    edge: Key
    count: int
    kind = "earlier"

    def answer(self, snapshot: Snapshot) -> Glances:
        return glance.earlier(snapshot, self.query, self.edge, _at_once(self.query, self.count))


@dataclass(frozen=True)
class Later(Request):
    """The records after those that are shown → Glances."""

    query: Query
    edge: Key
    count: int
    kind = "later"

    def answer(self, snapshot: Snapshot) -> Glances:
        return glance.later(snapshot, self.query, self.edge, _at_once(self.query, self.count))


@dataclass(frozen=True)
class Next(Request):
    """The place of the next record of a query → Key, or None. `what`: its name, to say that there is none; `turns`: if
    there is none, it is one in the other direction, or the record at the edge itself."""

    query: Query
    edge: Key | None
    backwards: bool
    what: str
    turns: bool = False
    kind = "next"

    def answer(self, snapshot: Snapshot) -> Key | None:
        found = jump.next_of(snapshot, self.query, self.edge, backwards=self.backwards)
        if found or not self.turns or self.edge is None:
            return found
        found = jump.next_of(snapshot, self.query, self.edge, backwards=not self.backwards)
        return found or jump.next_of(snapshot, self.query, self.edge._replace(offset=self.edge.offset - 1))


@dataclass(frozen=True)
class NextSilence(Request):
    """The next lane that falls silent → (Silence, Key), or None."""

    query: Query
    silences: tuple[Silence, ...]
    edge: Key | None
    backwards: bool
    kind = "next"

    def answer(self, snapshot: Snapshot) -> tuple[Silence, Key] | None:
        return jump.next_silence(snapshot, self.query, self.silences, self.edge, backwards=self.backwards)


@dataclass(frozen=True)
class NextSame(Request):
    """The place of the next record with the same trace, request or span id as the one at a place → Key, or None; where that
    has no id, what to say → str."""

    query: Query
    edge: Key
    backwards: bool
    what: ClassVar[str] = "record of the same id"
    kind = "next"

    def answer(self, snapshot: Snapshot) -> Key | str | None:
        row = Whole(self.edge.part, self.edge.offset).answer(snapshot)
        name = row and (row.trace_id or row.request_id or row.span_id)
        if not name:
            return "this record has no trace, request or span id"
        query = replace(self.query, also=(*self.query.also, Query(trace=name)))
        if self.query.trace is None:
            query = replace(self.query, trace=name)
        return jump.next_of(snapshot, query, self.edge, backwards=self.backwards)


@dataclass(frozen=True)
class Whole(Request):
    """All of one record → Row, or None if it is there no more."""

    part: int
    offset: int
    kind = "whole"

    def answer(self, snapshot: Snapshot) -> Row | None:
        own = Query(parts=(self.part,), order="source")
        found = page(snapshot, own, limit=1, after=Key(None, 0, self.part, self.offset - 1)).rows
        return found[0] if found and found[0].offset == self.offset else None


@dataclass(frozen=True)
class Refresh(Request):
    """A look at the store as it is now → the parts; all that is asked later sees it too."""

    kind = "refresh"

    def answer(self, snapshot: Snapshot) -> tuple[PartRow, ...]:
        return snapshot.catalog.parts
