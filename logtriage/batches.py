"""A source → batches of records to be stored. The lines of a block are read while records are made of those before it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logtriage import small
from logtriage.errors import SourceError
from logtriage.formats.format import Format
from logtriage.formats.records import Records
from logtriage.formats.wholes import Made
from logtriage.normalise import Normaliser, Settings, read_ahead
from logtriage.small import Small
from logtriage.sources.find import Source
from logtriage.sources.read import Block
from logtriage.store.shape import Shape, Shapes
from logtriage.whole import whole_records

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Counted:
    """What numbers in a block's rows stand for: `chains` (name and definition of the formats) and `renderings`."""

    chains: list[tuple[str, str]]
    renderings: list[tuple[str]]

    @classmethod
    def of(cls, records: Records) -> Counted:
        """As it stands now: what is learnt of a source grows."""
        formats = [(n.name, json.dumps([dataclasses.asdict(_bare(fmt)) for fmt in n.path])) for n in records.chains]
        return cls(formats, [(str(rendering),) for rendering in records.renderings])


@dataclass(frozen=True, slots=True)
class Taken:
    """A block's records, apart from the connection that they were read on: `rows` as they are kept (see frame.py), `hits` in
    them, the `grams` of each source (by `place`), and the `shapes` that no block before had."""

    counted: Counted
    rows: pa.Table
    hits: pa.Table
    grams: list[pa.UInt32Array]
    shapes: dict[int, Shape]

    @classmethod
    def of(cls, normaliser: Normaliser, counted: Counted, sources: int = 1) -> Taken:
        """The records that a normaliser holds, of so many sources."""
        assert normaliser.rows is not None
        return cls(counted, normaliser.rows, normaliser.hits(), normaliser.grams(sources), normaliser.shapes.new)


@dataclass(frozen=True, slots=True)
class Batch:
    """A block of one source, its records, and where the last of them begins (byte and line of the source)."""

    block: Block
    made: Made
    taken: Taken
    tail: tuple[int, int] | None

    @classmethod
    def of(cls, normaliser: Normaliser, block: Block, made: Made, counted: Counted | None = None) -> Batch:
        """The records that a normaliser holds."""
        taken = Taken.of(normaliser, counted or Counted.of(normaliser.records))
        rows = taken.rows
        tail = (rows["offset"][-1].as_py(), rows["line"][-1].as_py()) if made.records else None
        return cls(block, made, taken, tail)


class Batches:
    """Two normalisers that take turns, on connections of their own."""

    def __init__(self, con: duckdb.DuckDBPyConnection, settings: Settings, shapes: Shapes) -> None:
        self.normaliser = Normaliser(con.cursor(), settings, shapes)
        self._turns = (self.normaliser, Normaliser(con.cursor(), settings, shapes, beside=self.normaliser))
        self._finishing = ThreadPoolExecutor(max_workers=1)
        self.cut: list[str] = []  # for each record that was too long and is several now, its source's name

    def read(self, source: Source, *, offset: int = 0, line: int = 1) -> Iterator[Batch]:
        """The records of a source from a place on, in order. Raises SourceError behind what could be read."""
        grammar, reference = self.normaliser.grammar(source), self.normaliser.settings.reference(source)
        for normaliser in self._turns:
            normaliser.records.reset()
        ahead, turns = itertools.cycle(self._turns), itertools.cycle(self._turns)
        before: Future[Batch] | None = None
        finished: Future[Batch] | None = None

        def read(block: Block, final: bool) -> Made:
            with _enough_memory(block):
                return next(ahead).records.read(block, grammar, reference=reference, final=final)

        try:
            for block, made in whole_records(
                read_ahead(source, offset, line), read, lambda: self.cut.append(source.name)
            ):
                normaliser = next(turns)
                finished = self._finishing.submit(_finish, normaliser, block, made, Counted.of(normaliser.records))
                if before:
                    yield before.result()
                before = finished
        except SourceError:
            if before:
                yield before.result()
            raise
        finally:
            wait([one for one in (finished,) if one])  # the next source is read by the same normalisers
        if before:
            yield before.result()

    def small(self, logs: Iterable[Small]) -> Iterator[tuple[list[Source], Taken]]:
        """The records of small logs, of some sources at a time, which their `place` counts (see small.py)."""
        for sources in small.read(self.normaliser, logs, shapes=True):
            yield sources, Taken.of(self.normaliser, Counted.of(self.normaliser.records), len(sources))
            self.normaliser.let_go()


def _finish(normaliser: Normaliser, block: Block, made: Made, counted: Counted) -> Batch:
    with _enough_memory(block):
        normaliser.records.let_go_of_lines()
        normaliser.finish(block, made)
        batch = Batch.of(normaliser, block, made, counted)
        normaliser.let_go()
        return batch


@contextlib.contextmanager
def _enough_memory(block: Block) -> Iterator[None]:
    """Where work on a block runs out of memory, it is its source that fails."""
    import _duckdb as duckdb

    try:
        yield
    except (MemoryError, duckdb.OutOfMemoryException) as why:
        raise SourceError(
            f"{block.source.name}: its records at byte {block.offset:,} take more memory than there is, it was read no further",
            "split its longest lines, or name it alone",
        ) from why


def _bare(fmt: Format) -> Format:
    """A format without its examples, as it is kept in a store."""
    return dataclasses.replace(fmt, examples=(), rejects=())
