"""Small logs, read some ahead of those that are asked for: many of them take little more than one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from logtriage import small
from logtriage.sources.find import Source
from logtriage.stream.picked import Picked, Reading

if TYPE_CHECKING:
    from logtriage.normalise import Normaliser
    from logtriage.stream.learnt import Learnt

T = TypeVar("T")
_FIRST = 16  # logs that are read at first: something should be there soon


class Ahead(Generic[T]):
    """What `taken` makes of the records of small logs, each with its source; kept until the source is asked for."""

    def __init__(
        self,
        normaliser: Normaliser,
        sources: Sequence[Source],
        learnt: Learnt | None,
        taken: Callable[[Picked, Sequence[Source]], Iterable[tuple[Source, T]]],
        wanted: Callable[[bytes], bool] = lambda data: True,
    ) -> None:
        """`wanted`: whether there can be anything to take of a log's bytes."""
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
        logs: list[small.Small] = []
        for source in [first, *self._pending]:
            if len(logs) == self._many:
                break
            if source in self._pending:
                del self._pending[source]
                if log := small.Small.of(source):
                    self._found[source] = []
                    logs += [log] if self._wanted(log.data) else []
        self._many = min(4 * self._many, small.MANY)
        for sources in small.read(self._normaliser, logs, shapes=self._learnt is not None):
            if self._learnt:
                self._learnt.show()
            chains = list(self._normaliser.records.chains)
            picked = Picked(self._normaliser.con, Reading(sources, chains, "utf-8", self._learnt is not None))
            for source, one in self._taken(picked, sources):
                self._found[source].append(one)
