"""A source → batches of records to be stored. The lines of a block are read while records are made of those before it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from logtriage import small
from logtriage.errors import SourceError
from logtriage.formats.format import Format
from logtriage.formats.records import Records
from logtriage.formats.wholes import Made
from logtriage.layouts import one
from logtriage.normalise import Normaliser, Settings, read_ahead
from logtriage.sources.cut import count_lines
from logtriage.sources.find import Source
from logtriage.sources.read import Block
from logtriage.store.shape import Shape, Shapes
from logtriage.whole import whole_records

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from logtriage.formats.detect import Grammar


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


class Stretch(NamedTuple):
    """What was read of a source: the bytes from `offset` up to `end`, so many `lines`, behind which line `line` begins; more may
    come to the record that begins at `tail`, in line `tail_line`."""

    offset: int
    end: int
    lines: int
    line: int
    tail: int
    tail_line: int

    @classmethod
    def of(cls, block: Block, size: int, lines: int, last: tuple[int, int]) -> Stretch:
        """The first bytes of a block, so many. `last`: where the last record begins, byte and line."""
        end, line = block.offset + size, block.line + lines
        return cls(block.offset, end, lines, line, *(last if size == len(block.data) else (end, line)))


class Last(NamedTuple):
    """The last record of a source: where it ends, and what its row says."""

    end: int
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of some sources, apart from the connection that they were read on: `rows` as they are kept (see frame.py), `hits`
    in them, the `grams` of each source, and the `shapes` that no batch before had. By `place`, which counts the `sources`, what
    was `read` of those that rows are of."""

    sources: list[Source]
    read: dict[int, Stretch]
    counted: Counted
    rows: pa.Table
    hits: pa.Table
    grams: list[pa.UInt32Array]
    shapes: dict[int, Shape]

    @classmethod
    def of(
        cls, normaliser: Normaliser, blocks: Sequence[Block], made: Made | None = None, counted: Counted | None = None
    ) -> Batch:
        """The records that a normaliser holds. `made`: what it made of one block, if that is not all of it."""
        rows = normaliser.rows
        assert rows is not None
        read = {}
        for place, rows_of in _runs(rows).items():
            data, encoding = blocks[place].data, blocks[place].encoding
            size, lines = (made.bytes, made.lines) if made else (len(data), count_lines(data, encoding))
            last = rows["offset"][rows_of[-1]].as_py(), rows["line"][rows_of[-1]].as_py()
            read[place] = Stretch.of(blocks[place], size, lines, last)
        counted = counted or Counted.of(normaliser.records)
        sources, grams = [block.source for block in blocks], normaliser.grams(len(blocks))
        return cls(sources, read, counted, rows, normaliser.hits(), grams, normaliser.shapes.new)

    def last(self) -> dict[Source, Last]:
        """The last record of each source."""
        runs = _runs(self.rows)
        rows = self._told([rows_of[-1] for rows_of in runs.values()])
        return {self.sources[place]: Last(self.read[place].end, row) for place, row in zip(runs, rows, strict=True)}

    def without(self, known: Mapping[Source, Last]) -> Batch:
        """The same without the first record of each source that is the last one `known` of it, and has not changed."""
        import pyarrow as pa
        import pyarrow.compute as pc

        runs = _runs(self.rows)
        firsts = self._told([rows_of[0] for rows_of in runs.values()])
        seconds = self._told([rows_of[1 % len(rows_of)] for rows_of in runs.values()])
        read, same = dict(self.read), []
        for place, first, second in zip(runs, firsts, seconds, strict=True):
            if known.get(self.sources[place]) == Last(second["offset"], first):
                same.append(runs[place][0])
                read[place] = read[place]._replace(offset=second["offset"], lines=read[place].line - second["line"])
        if not same:
            return self
        lines = self.rows["i"].take(pa.array(same, pa.int64()))
        rows, hits = (
            table.filter(pc.invert(pc.is_in(table["i"], value_set=lines))) for table in (self.rows, self.hits)
        )
        return dataclasses.replace(self, read=read, rows=rows, hits=hits)

    def _told(self, places: Sequence[int]) -> list[dict[str, Any]]:
        """Some rows as what they say, apart from numbers that only this batch gives."""
        rows = self.rows.take(places).drop_columns(["i", "place"]).to_pylist()
        return [{**row, "chain": self.counted.chains[row["chain"]]} for row in rows]


def _runs(rows: pa.Table) -> dict[int, range]:
    """Which rows are of each source, by its place: they lie side by side."""
    import pyarrow.compute as pc

    runs = pc.run_end_encode(one(rows["place"]))
    ends = runs.run_ends.to_pylist()
    return dict(zip(runs.values.to_pylist(), map(range, [0, *ends], ends), strict=True))


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

    def together(self, logs: Iterable[Block], grammars: Mapping[Source, Grammar] | None = None) -> Iterator[Batch]:
        """The records of blocks of a log each, those of some at a time (see `small.read`)."""
        for blocks in small.read(self.normaliser, logs, shapes=True, grammars=grammars):
            yield Batch.of(self.normaliser, blocks)
            self.normaliser.let_go()


def _finish(normaliser: Normaliser, block: Block, made: Made, counted: Counted) -> Batch:
    with _enough_memory(block):
        normaliser.records.let_go_of_lines()
        normaliser.finish(block, made)
        batch = Batch.of(normaliser, [block], made, counted)
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
