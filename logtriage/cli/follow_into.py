"""Following logs into the store: what is written to them is brought in as it comes."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from logtriage.cli.session import Session
from logtriage.errors import SourceError, StoreInUse
from logtriage.sources.events import Vanished
from logtriage.sources.find import find
from logtriage.sources.follow import Position, Stop, follow
from logtriage.sources.read import Block, fingerprint, identity
from logtriage.store.parts import Part, first_bytes, longer
from logtriage.whole import LONGEST

if TYPE_CHECKING:
    from logtriage.batches import Last
    from logtriage.formats.detect import Grammar
    from logtriage.ingest import Ingest
    from logtriage.sources.find import Source

COMMIT_EVERY = 0.4  # seconds between two commits
_QUIET = 1.0  # seconds without a commit, after which the store's gist is renewed
_SHARE = 0.05  # of the time, that this may take
_MOST_WAITING = 16 << 20  # bytes that are read at once
# Records, after which those that the catalog keeps go to files: each commit would take longer than the last.
_IN_CATALOG = 10_000


def follow_into(ingest: Ingest, session: Session, sources: list[Source], stop: Stop) -> None:
    """Goes on from where the store is, until `stop` is set; commits what came at most every COMMIT_EVERY seconds. When nothing
    comes, the gist is brought up to date: what is asked then is told by it, in place of the whole store."""
    from logtriage.store.upkeep import to_files

    names = list(session.args.sources)
    rescan = None if names == ["-"] else lambda: find(names).sources  # nothing comes after standard input
    # What their names stand for may be another log by the time their first lines come.
    begun: dict[str, tuple[Part, bytes]] = {}
    positions: dict[str, Position] = {}
    for source in sources:
        with contextlib.suppress(SourceError):  # one that is gone by now may come back, as another log
            if source.path:
                part = ingest.parts.of(source)
                positions[source.name] = _position(part, source)
                begun[source.name] = part, first_bytes(part, source)
    tails = _Tails(ingest, begun)
    committed, due = 0.0, _renew_gist(ingest)
    for look in follow(sources, positions, stop=stop, rescan=rescan):
        for item in look:
            if isinstance(item, Block):
                tails.take(item)
            else:
                if not isinstance(item, Vanished):
                    tails.end(item.source)
                if item.error:
                    session.error(item.error)
        now = time.monotonic()
        if tails.has_new or ingest.has_new:
            if now - committed >= COMMIT_EVERY:
                tails.read()
                ingest.flush()
                if tails.written >= _IN_CATALOG:
                    with contextlib.suppress(StoreInUse):  # somebody reads; after the next commit, maybe nobody
                        to_files(ingest.store)
                        tails.written = 0
                committed = time.monotonic()
        elif ingest.store.touched != set() and now >= max(due, committed + _QUIET):
            due = _renew_gist(ingest)
    tails.read()
    ingest.flush()


@dataclass(slots=True)
class _Tail:
    """A followed source in the store: its part, what is known of it, and lines that are not in the store yet, or whose
    record may still go on: then they are written anew. `first`: its first bytes, as they came."""

    part: Part
    grammar: Grammar
    first: bytes
    lines: Block
    is_new: bool = True
    last: Last | None = None


class _Tails:
    """The tails of sources, by name."""

    def __init__(self, ingest: Ingest, begun: dict[str, tuple[Part, bytes]]) -> None:
        """`begun`: the parts of sources of which nothing came yet, and their first bytes."""
        self._ingest, self._begun = ingest, begun
        self._tails: dict[str, _Tail] = {}
        self._size = 0  # bytes that came and are not read
        self.written = 0  # records that the ingest was given, also those that it was given before and that went on

    @property
    def has_new(self) -> bool:
        """Whether anything came that is not read."""
        return self._size > 0

    def take(self, block: Block) -> None:
        """Puts new lines with those of the same source that wait."""
        source = block.source
        if (tail := self._tails.get(source.name)) is None:
            known = self._begun.pop(source.name, None)
            part, first = known if known else (self._ingest.parts.begun(block), b"")
            grammar = self._ingest.batches.normaliser.grammar(source)
            self._tails[source.name] = _Tail(part, grammar, longer(first, block), block)
        else:
            joins = tail.lines.end == block.offset
            tail.lines = replace(tail.lines, data=tail.lines.data + block.data) if joins else block
            tail.first, tail.is_new = longer(tail.first, block), True
        self._size += len(block.data)
        if self._size > _MOST_WAITING:
            self.read()

    def end(self, source: Source) -> None:
        """What comes next of a source is another log."""
        if source.name in self._tails:
            self.read()
        self._begun.pop(source.name, None)
        self._tails.pop(source.name, None)

    def read(self) -> None:
        """Gives the records of what came to the ingest; the last one's lines of each source stay at hand."""
        new = {tail.lines.source: tail for tail in self._tails.values() if tail.is_new}
        grammars = {source: tail.grammar for source, tail in new.items()}
        known = {source: tail.last for source, tail in new.items() if tail.last}
        for batch in self._ingest.batches.together([tail.lines for tail in new.values()], grammars):
            last, batch = batch.last(), batch.without(known)
            before = [new[source].part for source in batch.sources]
            parts = self._ingest.add(before, batch)
            self.written += len(batch.rows)
            for place, read in batch.read.items():
                self._ingest.tally.records -= read.offset < before[place].offset  # its first one was there, and went on
                tail = new[batch.sources[place]]
                part = self._cut(self._ingest.parts.grown(parts[place], tail.lines.source, tail.first))
                rest = tail.lines.data[part.tail_offset - tail.lines.offset :]
                tail.lines = replace(tail.lines, offset=part.tail_offset, line=part.tail_line, data=rest)
                tail.part, tail.is_new, tail.last = part, False, last[tail.lines.source]
        self._size = 0

    def _cut(self, part: Part) -> Part:
        """A part whose last record is too long is taken to end with it: else all of it would be read anew at each look."""
        if part.offset - part.tail_offset <= LONGEST:
            return part
        self._ingest.batches.cut.append(part.source.name)
        return self._ingest.parts.note(replace(part, tail_offset=part.offset, tail_line=part.line))


def _renew_gist(ingest: Ingest) -> float:
    """Gives from when on it may be renewed again."""
    began = time.monotonic()
    ingest.store.renew_gist()
    ended = time.monotonic()
    return ended + (ended - began) / _SHARE


def _position(part: Part, source: Source) -> Position:
    return Position(part.tail_offset, part.tail_line, identity(source), fingerprint(source))
