"""Logs that are followed: what came of many of them since the last look is read as one block where they write alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from logtriage import small
from logtriage.sources.find import Source
from logtriage.sources.read import Block
from logtriage.stream.picked import Picked, Reading, Row
from logtriage.stream.timeline import in_time

if TYPE_CHECKING:
    from logtriage.formats.detect import Grammar
    from logtriage.normalise import Normaliser
    from logtriage.query.condition import Condition
    from logtriage.stream.learnt import Learnt

_TOGETHER = 4 << 20  # bytes of blocks that are read at once


class Followed:
    """Followed logs, and what has been learnt of each."""

    def __init__(self, normaliser: Normaliser, learnt: Learnt | None) -> None:
        """`learnt`: what tells the templates of records; JSON lines need it."""
        self._normaliser, self._learnt = normaliser, learnt
        self._grammars: dict[Source, Grammar] = {}

    def rows(
        self, batch: Sequence[Block], conditions: Sequence[Condition], *, attributes: bool, json: bool
    ) -> Iterator[Row]:
        """The records of blocks, of a source one at most, that fulfil conditions (see `Picked.keep`); in order of time, those
        of a source as they stand there."""
        found: dict[Source, list[Row]] = {}
        for picked in self._picked(batch):
            picked.keep(conditions, attributes=attributes)
            for row in picked.rows(json=json):
                found.setdefault(row.source, []).append(row)
        return in_time([iter(rows) for rows in found.values()])

    def _picked(self, batch: Sequence[Block]) -> Iterator[Picked]:
        normaliser, with_shapes = self._normaliser, self._learnt is not None
        for source in (block.source for block in batch if block.source not in self._grammars):
            self._grammars[source] = normaliser.grammar(source)
        for read in small.read(normaliser, batch, shapes=with_shapes, grammars=self._grammars):
            if self._learnt:
                self._learnt.show()
            sources, chains = [block.source for block in read], list(normaliser.records.chains)
            yield Picked(normaliser.con, Reading(sources, chains, read[0].encoding, with_shapes))


def batches(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """What came at one look, in parts that are read at once: of a source one block each, and not too many bytes."""
    batch: dict[Source, Block] = {}
    size = 0
    for block in blocks:
        if batch and (block.source in batch or size + len(block.data) > _TOGETHER):
            yield list(batch.values())
            batch, size = {}, 0
        batch[block.source] = block
        size += len(block.data)
    if batch:
        yield list(batch.values())
