"""The templates of logs that are read straight from their files, without a store.

They are mined from a sample of all sources before the first record is printed, so that the same text has the same
template from the first line to the last. A text that the sample has not got is given the template that it fits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logtriage import small
from logtriage.errors import SourceError
from logtriage.sources.read import Block, blocks
from logtriage.store.shape import number_of
from logtriage.templates.miner import Miner
from logtriage.whole import LONGEST

if TYPE_CHECKING:
    from logtriage.normalise import Held, Normaliser
    from logtriage.sources.find import Source

SAMPLE = 8 << 20  # bytes of all sources together: what is not larger is mined as a whole
_LEAST = 1 << 18  # bytes of each source


@dataclass(frozen=True, slots=True)
class Sampled:
    """All records of a source that was read to its end for the sample, and the encoding of its bytes."""

    held: Held
    encoding: str


class Learnt:
    """Keeps the table `mined` (shape, template) of a Normaliser's connection up to date."""

    def __init__(self, normaliser: Normaliser) -> None:
        self._normaliser = normaliser
        self._waiting: dict[int, str] = {}
        self._told: set[int] = set()
        self._miner: Miner | None = None
        self._whole: dict[tuple[str, str], Sampled] = {}  # by group and name: small logs need not be read twice
        self._room = SAMPLE  # bytes of logs that may still be kept so

    def sample(self, sources: Sequence[Source]) -> None:
        """Learns from the begin of each source that can be read twice; one that fails will tell when it is printed."""
        size = max(SAMPLE // max(1, len(sources)), _LEAST)
        for at in range(0, len(sources), small.MANY):
            some = sources[at : at + small.MANY]
            logs = {source: log for source in some if (log := small.all_of(source))}
            self._small(logs)
            for source in some:
                if source not in logs:
                    self._large(source, size)
        self._normaliser.records.reset()

    def _small(self, logs: Mapping[Source, Block]) -> None:
        """Learns from small logs (see small.py)."""
        for read in small.read(self._normaliser, logs.values(), shapes=True):
            self._collect()
            if len(read) == 1:  # the others are read again as quickly
                self._hold(read[0].source, read[0].encoding, len(read[0].data))

    def _large(self, source: Source, size: int) -> None:
        """Learns from a log's first bytes, so many."""
        normaliser = self._normaliser
        if source.path is None or not source.path.is_file():
            return
        with suppress(SourceError):
            if block := next(blocks(source, size=size, max_line=LONGEST), None):
                normaliser.records.reset()
                reference = normaliser.settings.reference(source)
                normaliser.block(block, normaliser.grammar(source), reference, final=block.last)
                self._collect()
                if block.last:
                    self._hold(source, block.encoding, len(block.data))

    def _hold(self, source: Source, encoding: str, size: int) -> None:
        """Keeps the records of a source that was read as a whole, as long as there is room for them."""
        if size <= self._room:
            self._room -= size
            self._whole[source.group, source.name] = Sampled(self._normaliser.held(), encoding)

    def holds(self, source: Source) -> bool:
        """Whether a source was read as a whole, and has not been told."""
        return (source.group, source.name) in self._whole

    def sampled(self, source: Source) -> Sampled | None:
        """The records of a source that was read as a whole; they are told once."""
        return self._whole.pop((source.group, source.name), None)

    def show(self) -> None:
        """Makes `mined` hold all shapes that were seen, those of the block that the normaliser has just read included."""
        import pyarrow as pa

        self._collect()
        if self._miner is None:
            self._miner = Miner(self._waiting.values())
        if self._waiting:
            found = self._miner.templates(self._waiting.values())
            numbers = {"shape": list(self._waiting), "template": [number_of(text) for text in found]}
            self._waiting = {}
            con = self._normaliser.con
            con.register(
                "newly_mined", pa.table({name: pa.array(values, pa.int64()) for name, values in numbers.items()})
            )
            con.execute("INSERT INTO mined FROM newly_mined")

    def _collect(self) -> None:
        new = self._normaliser.shapes.new
        self._waiting |= {number: shape.wording for number, shape in new.items() if number not in self._told}
        self._told |= new.keys()
