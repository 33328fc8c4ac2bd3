"""Small logs, read some ahead of those that are asked for: many of them take little more than one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from logtriage import small
from logtriage.sources.find import Source
from logtriage.stream.picked import Picked, Reading, Row
from logtriage.stream.timeline import Group

if TYPE_CHECKING:
    from logtriage.normalise import Normaliser
    from logtriage.sources.read import Block
    from logtriage.stream.learnt import Learnt

T = TypeVar("T")
Shown = TypeVar("Shown", bound=Row | Group)
_FIRST = 16  # logs that are read at first: something should be there soon
_LOOKED_AT = 1_000  # logs at once, to find so many that hold something
_ENOUGH = 4 << 20  # bytes of logs that are read at once: as rows they take ten times that
_MOST_HELD = 16 << 20  # bytes of small logs that are held until their time comes


class Ahead(Generic[T]):
    """What `taken` makes of the records of small logs, each with its source; kept until the source is asked for."""

    def __init__(
        self,
        normaliser: Normaliser,
        sources: Sequence[Source],
        learnt: Learnt | None,
        taken: Callable[[Picked, Sequence[Source]], Iterable[tuple[Source, T]]],
        wanted: Callable[[bytes], bool] | None = None,
    ) -> None:
        """`wanted`: whether there can be anything to take of a log's bytes; None: there always can."""
        self._normaliser = normaliser
        self._learnt = learnt
        self._taken = taken
        self._wanted = wanted
        some = sources if len(sources) > 1 else ()
        self._pending = dict.fromkeys(source for source in some if not (learnt and learnt.holds(source)))
        self._found: dict[Source, list[T]] = {}
        self._many = _FIRST

    def of(self, source: Source) -> list[T] | None:
        """What a small source holds; None where it is to be read by itself. It is told once."""
        if source in self._pending:
            self._read(source)
        return self._found.pop(source, None)

    def _read(self, first: Source) -> None:
        """Reads a source, if it is small, and others that are pending."""
        logs: list[Block] = []
        size = 0
        for source in [first, *islice(self._pending, _LOOKED_AT)]:
            if len(logs) == self._many or size > _ENOUGH:
                break
            if source in self._pending:
                del self._pending[source]
                if log := small.all_of(source):
                    self._found[source] = []
                    if self._wanted is None or self._wanted(log.data):
                        logs.append(log)
                        size += len(log.data)
        self._many = min(4 * self._many, small.MANY)
        for read in small.read(self._normaliser, logs, shapes=self._learnt is not None):
            if self._learnt:
                self._learnt.show()
            sources, chains = [log.source for log in read], list(self._normaliser.records.chains)
            picked = Picked(self._normaliser.con, Reading(sources, chains, "utf-8", self._learnt is not None))
            for source, one in self._taken(picked, sources):
                self._found[source].append(one)


class ByTurns(Generic[Shown]):
    """What is shown of some sources that are read by turns: where many small ones are begun before any of them is read on, the
    rest of some is read anew when it is wanted."""

    def __init__(
        self,
        ahead: Callable[[Sequence[Source]], Ahead[Shown]],
        sources: Sequence[Source],
        of_source: Callable[[Source], Iterator[Shown]],
    ) -> None:
        """`ahead`: what reads small ones of some sources; `of_source`: what is shown of one that is read by itself."""
        self._new, self._of_source = ahead, of_source
        self._ahead = ahead(sources)
        self._again: Ahead[Shown] | None = None
        self._held = 0  # bytes of the small logs that are begun and held
        self._later: dict[Source, datetime] = {}  # when the small logs begin that are not held

    def of(self, source: Source) -> Iterator[Shown]:
        """What is shown of a source, which is read when it is wanted."""
        known = self._ahead.of(source)
        if known is None:
            yield from self._of_source(source)
            return
        size = sum(len(row.raw) for one in known for row in _rows(one))
        if self._held + size <= _MOST_HELD or len(known) < 2:
            self._held += size
            yield from known
            self._held -= size
            return
        self._later[source] = _rows(known[0])[0].timestamp or datetime.min
        yield known.pop(0)
        known.clear()
        yield from islice(self._anew(source), 1, None)

    def _anew(self, source: Source) -> Iterable[Shown]:
        """The same once more, read together with others whose time has come."""
        if self._again is None:
            self._again = self._new(sorted(self._later, key=self._later.__getitem__))
        known = self._again.of(source)
        return self._of_source(source) if known is None else known


def _rows(one: Row | Group) -> Sequence[Row]:
    return one.rows if isinstance(one, Group) else (one,)
