"""Logs that are followed: what came of many of them since the last look is read as one block where they write alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from logtriage import small
from logtriage.sources.find import Source
from logtriage.sources.read import Block
from logtriage.stream.picked import Picked, Reading, Row
from logtriage.stream.reader import Reader
from logtriage.stream.timeline import in_time

if TYPE_CHECKING:
    from logtriage.normalise import Normaliser
    from logtriage.query.condition import Condition
    from logtriage.stream.learnt import Learnt

_TOGETHER = 4 << 20  # bytes of blocks that are read at once


class Followed:
    """Followed logs by name, and what has been learnt of each."""

    def __init__(self, normaliser: Normaliser, learnt: Learnt | None) -> None:
        """`learnt`: what tells the templates of records; JSON lines need it."""
        self._normaliser, self._learnt = normaliser, learnt
        self._readers: dict[str, Reader] = {}

    def rows(
        self, batch: Sequence[Block], conditions: Sequence[Condition], *, attributes: bool, json: bool
    ) -> Iterator[Row]:
        """The records of blocks, of a source one at most, that fulfil conditions (see `Picked.keep`); in order of time, those
        of a source as they stand there."""
        found: dict[Source, list[Row]] = {}
        for picked, moved in self._picked(batch):
            picked.keep(conditions, attributes=attributes)
            for row in picked.rows(json=json):
                found.setdefault(row.source, []).append(_moved(row, batch) if moved else row)
        return in_time([iter(rows) for rows in found.values()])

    def _picked(self, batch: Sequence[Block]) -> Iterator[tuple[Picked, bool]]:
        """The records of blocks, and whether their places are those in the block that they were read of."""
        logs = (
            [] if self._learnt or len(batch) == 1 else [log for block in batch if (log := small.Small.of_block(block))]
        )
        together = {log.source for log in logs}
        for block in batch:
            reader = self._readers.setdefault(block.source.name, Reader(self._normaliser, block.source, self._learnt))
            if block.source not in together:
                yield reader.block(block), False
        grammars = {source: self._readers[source.name].grammar for source in together}
        for sources in small.read(self._normaliser, logs, shapes=False, grammars=grammars):
            chains = list(self._normaliser.records.chains)
            yield Picked(self._normaliser.con, Reading(sources, chains, "utf-8", False)), True


def _moved(row: Row, batch: Sequence[Block]) -> Row:
    block = next(block for block in batch if block.source == row.source)
    return replace(row, offset=block.offset + row.offset, line=block.line + row.line - 1)


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
