"""A source through a Normaliser that other sources use in between: all of its records, or just some → a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from logtriage import whole
from logtriage.errors import SourceError
from logtriage.sources.cut import NEWLINE, count_lines
from logtriage.sources.find import Source
from logtriage.sources.read import Block, blocks, by_and_by
from logtriage.stream.picked import Picked, Reading
from logtriage.stream.stream import is_plain

if TYPE_CHECKING:
    from logtriage.formats.node import Node
    from logtriage.formats.wholes import Made
    from logtriage.normalise import Normaliser
    from logtriage.stream.learnt import Learnt
    from logtriage.stream.stream import Record


class Reader:
    """One source, and what has been learnt of it."""

    def __init__(
        self, normaliser: Normaliser, source: Source, learnt: Learnt | None = None, cut: list[str] | None = None
    ) -> None:
        """`learnt`: what tells the templates of records; JSON lines need it. The source's name is added to `cut` for each
        record that was too long and is several now."""
        self._cut = [] if cut is None else cut
        self._normaliser = normaliser
        self._learnt = learnt
        self._source = source
        self.grammar = normaliser.grammar(source)
        self._reference = normaliser.settings.reference(source)
        self._chains: list[Node] = []
        self._encoding = "utf-8"  # of the bytes last read

    def whole(
        self,
        size: int,
        *,
        first: int | None = None,
        offset: int = 0,
        end: int | None = None,
        line: int = 1,
        sparing: bool = False,
    ) -> Iterator[Picked]:
        """All records that begin in bytes `offset` to `end`, in blocks of about `size` bytes, the first one of `first`.
        `sparing`: a plain file is open only while a block is read. Raises SourceError."""
        if self._learnt and not offset and end is None and (sampled := self._learnt.sampled(self._source)):
            self._encoding, self._chains = sampled.encoding, sampled.held.chains
            self._normaliser.show(sampled.held)
            self._learnt.show()
            yield self._picked()
            return
        size = whole.block_size(size)
        if sparing and is_plain(self._source):
            some = by_and_by(self._source, offset=offset, line=line, size=size, max_line=whole.LONGEST)
        else:
            some = blocks(self._source, offset=offset, line=line, size=size, first=first, max_line=whole.LONGEST)
        for _ in whole.whole_records(
            _up_to(some, end),
            lambda block, final: self._read(block, final=final),
            lambda: self._cut.append(self._source.name),
        ):
            yield self._picked()

    def some(self, records: Sequence[Record], encoding: str = "utf-8") -> Picked:
        """Just these records, whose bytes are whole, each one by itself."""
        newline = NEWLINE[encoding]
        ended = [r if r.data.endswith(newline) else r._replace(data=r.data + newline) for r in records]
        lines = accumulate((count_lines(r.data, encoding) for r in ended[:-1]), initial=0)
        data = b"".join([*(r.data for r in ended[:-1]), records[-1].data])
        self._read(Block(self._source, 0, 1, data, True, encoding), final=True, starts=list(lines))
        return self._picked(ended)

    def _read(self, block: Block, *, final: bool, starts: Sequence[int] | None = None) -> Made:
        chains = self._normaliser.records.chains
        chains[:] = self._chains
        self._encoding = block.encoding
        made = self._normaliser.block(
            block, self.grammar, self._reference, final=final, shapes=self._learnt is not None, starts=starts
        )
        if self._learnt:
            self._learnt.show()
        self._chains = list(chains)
        return made

    def _picked(self, records: Sequence[Record] | None = None) -> Picked:
        """What the Normaliser has just read."""
        reading = Reading([self._source], self._chains, self._encoding, self._learnt is not None)
        return Picked(self._normaliser.con, reading, records)


def _up_to(blocks: Iterator[Block], end: int | None) -> Iterator[Block]:
    """The blocks that begin before an offset."""
    for block in blocks:
        at_end = end is not None and block.end >= end
        yield replace(block, last=block.last or at_end)
        if at_end:
            return


def in_batches(records: Iterator[Record], first: int) -> Iterator[list[Record]]:
    """Records in growing batches: the first soon, the many cheaply. A failure comes after what was found."""
    most, batch, size = first, [], 0
    try:
        for record in records:
            batch.append(record)
            size += len(record.data)
            if (len(batch) >= most or size > 4 << 20) and record.found:
                yield batch
                most, batch, size = min(4 * most, 20_000), [], 0
    except SourceError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
