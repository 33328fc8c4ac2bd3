"""Sources → the store: read → detect → parse → match → shape → store, a block at a time.

Small blocks wait for others, so that a folder of small files is one commit; a thread writes while the next ones are
read. Records and how far their source was read are committed together: killed anywhere and run again, the store is the same.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logtriage import small
from logtriage.batches import Batch, Batches
from logtriage.errors import LogtriageError, SourceError
from logtriage.layouts import one
from logtriage.mended import mended
from logtriage.normalise import Settings
from logtriage.sources.find import Source
from logtriage.sources.read import Block, Identity, identity
from logtriage.store.facets import Facets
from logtriage.store.ids import Ids
from logtriage.store.mined import Templates
from logtriage.store.parts import Part, Parts
from logtriage.store.shape import Shapes
from logtriage.store.store import Store
from logtriage.store.write import Waiting as _Waiting
from logtriage.store.write import write

if TYPE_CHECKING:
    import pyarrow as pa

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT = 1000  # milliseconds
_ENOUGH = 24 << 20  # bytes of log that are worth a commit of their own
# Bytes: records of this size are files of their own, as reading a file takes 20 times what its records are.
_LONG = 1 << 20


@dataclass(slots=True)
class Tally:
    """What an ingest did: counts over all sources, from when to when the records are that it read (UTC, naive; None: none
    has a time), the source of each record that was cut, and the errors that did not stop it."""

    sources: int = 0
    unchanged: int = 0
    records: int = 0
    lines: int = 0
    bytes: int = 0
    first: datetime | None = None
    last: datetime | None = None
    cut: list[str] = field(default_factory=list)
    errors: list[LogtriageError] = field(default_factory=list)

    def add(self, rows: pa.Table) -> None:
        """Counts records."""
        import pyarrow.compute as pc

        ends = pc.min_max(rows["timestamp"]).as_py()
        self.first = min(filter(None, (self.first, ends["min"])), default=None)
        self.last = max(filter(None, (self.last, ends["max"])), default=None)
        self.records += len(rows)


class Ingest:
    """An open store being written to."""

    def __init__(self, store: Store, settings: Settings) -> None:
        _give_back_memory()
        self.store = store
        self.con = store.con
        self.tally = Tally()
        self.asked: list[int] = []  # the parts of the sources that it was to bring up to date
        self.parts = Parts(store.con)
        self.templates = Templates(store.con)
        self.facets = Facets()
        self.ids = Ids(store.con)
        self.batches = Batches(store.con, settings, Shapes(set(self.templates.wordings)))
        self._formats = _Numbers({(name, text): n for n, name, text in self._all("FROM lake.formats")})
        self._renderings = _Numbers({(text,): n for n, text in self._all("FROM lake.renderings")})
        self._small: dict[int, tuple[Part, Identity, Block]] = {}  # by number of the part
        self._waiting = _Waiting()
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._written: Future[None] | None = None

    def run(self, sources: Iterable[Source], on_progress: Callable[[Tally], None] = lambda tally: None) -> Tally:
        """Brings each source up to date in the store. One that fails is noted in `Tally.errors`; the rest goes on.
        `on_progress` is called before each source and after each block; what it raises ends the run."""
        for source in sources:
            on_progress(self.tally)
            self.tally.sources += 1
            try:
                self._source(source, on_progress)
            except SourceError as why:
                self.tally.errors.append(why)
        self._read_small(on_progress)
        self.flush()
        self.tally.cut = self.batches.cut
        return self.tally

    def _source(self, source: Source, on_progress: Callable[[Tally], None]) -> None:
        part = mended(self.store, self.parts, source, lambda: on_progress(self.tally)) or self.parts.of(source)
        now = identity(source)
        if part.number in self._small:
            self._read_small(on_progress)
            part = self.parts.of(source)
        self.asked.append(part.number)
        if part.untouched(now):
            self.tally.unchanged += 1
            return
        if not part.offset and now and (log := small.all_of(source)):
            self._small[part.number] = (part, now, log)
            if len(self._small) == small.MANY:
                self._read_small(on_progress)
            return
        for batch in self.batches.read(source, offset=part.tail_offset, line=part.tail_line):
            (part,) = self.add([part], batch)
            on_progress(self.tally)
        self.parts.note(_at_its_end(part, source, now))

    def _read_small(self, on_progress: Callable[[Tally], None]) -> None:
        """Takes over the small logs that wait, of which the store has nothing yet."""
        found = {log.source: (part, now, log) for part, now, log in self._small.values()}
        self._small = {}
        for batch in self.batches.together([log for _, _, log in found.values()]):
            parts = self.add([found[source][0] for source in batch.sources], batch)
            for place in batch.read:
                _, now, log = found[batch.sources[place]]
                self.parts.note(_at_its_end(parts[place], log.source, now))
            on_progress(self.tally)

    def add(self, parts: Sequence[Part], batch: Batch) -> list[Part]:
        """Takes over more records of some parts (by `place`); gives the parts as they are then. They may wait for `flush`."""
        size = sum(read.end - read.offset for read in batch.read.values())
        long = size > _LONG * len(batch.rows)
        if long and self._waiting.bytes:
            self._write()
        # the last record of an earlier run is read again, with what was written since
        again = {
            parts[place].number: read.offset for place, read in batch.read.items() if read.offset < parts[place].offset
        }
        if again.keys() & self._waiting.touched:  # read by another name just now: what is taken back must be there
            self._write()
        self._waiting.dropped |= again
        self._wait([part.number for part in parts], batch)
        self.tally.lines += sum(read.lines for read in batch.read.values())
        self.tally.bytes += size
        reached = list(parts)
        for place, (_, end, _, line, tail, tail_line) in batch.read.items():
            part = dataclasses.replace(
                parts[place], offset=end, line=line, tail_offset=tail, tail_line=tail_line, size=None
            )
            reached[place] = self.parts.note(part)
        self._waiting.bytes += size
        if long or self._waiting.bytes >= _ENOUGH:
            self._write()
        return reached

    def _wait(self, parts: Sequence[int], batch: Batch) -> None:
        """Puts rows and hits of some parts (by `place`) with those that wait, under the store's numbers."""
        import pyarrow as pa
        import pyarrow.compute as pc

        waiting, rows, counted = self._waiting, batch.rows, batch.counted
        self.tally.add(rows)
        chains, renderings = self._formats.of(counted.chains), self._renderings.of(counted.renderings)
        for column, numbers in (("chain", chains), ("stamp", renderings), ("observed_stamp", renderings)):
            counts = pa.array(numbers, pa.int32()).take(one(rows[column]))
            rows = rows.set_column(rows.schema.get_field_index(column), column, counts)
        for table, waits in ((rows, waiting.rows), (batch.hits.drop_columns("i"), waiting.hits)):
            part = pa.array(parts, pa.int32()).take(one(table["place"]))
            waits.append(table.drop_columns("place").append_column("part", part))
        for place in pc.unique(rows["place"]).to_pylist():
            waiting.grams[parts[place]].append(batch.grams[place])
            waiting.touched.add(parts[place])
        waiting.shapes |= batch.shapes

    @property
    def has_new(self) -> bool:
        """Whether any records wait for `flush`."""
        return bool(self._waiting.touched)

    def flush(self) -> None:
        """Writes all that waits, and returns when it is committed."""
        self._write()
        if self._written:
            self._written.result()

    def _write(self) -> None:
        """Hands what waits to the writing thread; waits for what was handed over before, and raises what it raised."""
        if self._written:
            self._written.result()
        self._waiting.formats, self._waiting.renderings = self._formats.new(), self._renderings.new()
        self._waiting.parts = self.parts.changes()
        self._written = self._writer.submit(write, self.store, self._waiting, self.ids, self.templates, self.facets)
        self._waiting = _Waiting()

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql).fetchall()


class _Numbers:
    """Numbers that the store gives to values (formats, renderings)."""

    def __init__(self, known: dict[tuple[str, ...], int]) -> None:
        self._known = known
        self._new: list[tuple[str | int, ...]] = []

    def of(self, values: Sequence[tuple[str, ...]]) -> list[int]:
        """The values' numbers; a value that is new gets the next one."""
        for value in values:
            if value not in self._known:
                self._known[value] = len(self._known) + 1
                self._new.append((self._known[value], *value))
        return [self._known[value] for value in values]

    def new(self) -> list[tuple[str | int, ...]]:
        """(number, value…) of what was added since the last call."""
        new, self._new = self._new, []
        return new


def _at_its_end(part: Part, source: Source, now: Identity | None) -> Part:
    """The part of a source that was read to its end: it need not be looked at until the file changes."""
    return dataclasses.replace(part, size=now.size, mtime_ns=now.mtime_ns) if now and source.sound else part


def _give_back_memory() -> None:
    """Has glibc return freed blocks to the system: otherwise it keeps four times of what an ingest has in use. Arrow is to keep
    what it will need again at once: its usual allocator gives it back and takes it anew, at half the time of the system."""
    import pyarrow as pa

    with contextlib.suppress(NotImplementedError):  # not every build has it
        pa.set_memory_pool(pa.jemalloc_memory_pool())
        pa.jemalloc_set_decay_ms(_KEPT)
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_TRIM_THRESHOLD, 1 << 20)
        mallopt(_M_MMAP_THRESHOLD, 1 << 20)
