"""Following logs into the store: what is written to them is brought in as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from logtriage.cli.session import Session
from logtriage.sources.events import Vanished
from logtriage.sources.find import find
from logtriage.sources.follow import Position, Stop
from logtriage.sources.read import Block, fingerprint, identity

if TYPE_CHECKING:
    from logtriage.ingest import Ingest
    from logtriage.sources.find import Source
    from logtriage.store.parts import Part

COMMIT_EVERY = 0.4  # seconds between two commits
_QUIET = 1.0  # seconds without a commit, after which the store's gist is renewed
_SHARE = 0.05  # of the time, that this may take
_MOST_WAITING = 16 << 20  # bytes of a source that are written at once


@dataclass(slots=True)
class _Tail:
    """A followed source in the store: its part, what is known of it, and lines that are not in the store yet, or whose
    record may still go on: then they are written anew."""

    part: Part
    grammar: Any
    lines: Block | None = None
    changed: bool = False


def follow_into(ingest: Ingest, session: Session, sources: list[Source], stop: Stop) -> None:
    """Goes on from where the store is, until `stop` is set; commits what came at most every COMMIT_EVERY seconds. When nothing
    comes, the gist is brought up to date: what is asked then is told by it, in place of the whole store."""
    tails: dict[str, _Tail] = {}
    # What their names stand for may be another log by the time their first lines come.
    begun = {source.name: ingest.parts.of(source) for source in sources if source.path}
    positions = {source.name: _position(begun[source.name], source) for source in sources if source.path}
    committed, due = 0.0, _renew_gist(ingest)
    for item in _with_ticks(sources, positions, session, stop):
        if isinstance(item, Block):
            _take(ingest, tails, item, begun)
        elif item:
            if not isinstance(item, Vanished):
                begun.pop(item.source.name, None)
                if tail := tails.pop(item.source.name, None):
                    _commit(ingest, [tail])
            if item.error:
                session.error(item.error)
        now = time.monotonic()
        if any(tail.changed for tail in tails.values()):
            if now - committed >= COMMIT_EVERY:
                _commit(ingest, tails.values())
                committed = time.monotonic()
        elif ingest.store.touched != set() and now >= max(due, committed + _QUIET):
            due = _renew_gist(ingest)
    _commit(ingest, tails.values())


def _renew_gist(ingest: Ingest) -> float:
    """Gives from when on it may be renewed again."""
    began = time.monotonic()
    ingest.store.renew_gist()
    ended = time.monotonic()
    return ended + (ended - began) / _SHARE


def _take(ingest: Ingest, tails: dict[str, _Tail], block: Block, begun: dict[str, Part]) -> None:
    """Puts new lines with those of the same source that wait; `begun`: the parts of sources of which nothing came yet."""
    source = block.source
    tail = tails.get(source.name)
    if tail is None:
        part = begun.pop(source.name, None) or ingest.parts.of(source)
        tail = tails[source.name] = _Tail(part, ingest.batches.normaliser.grammar(source))
    if tail.lines is not None and tail.lines.end == block.offset:
        block = replace(tail.lines, data=tail.lines.data + block.data)
    tail.lines, tail.changed = block, True
    if len(block.data) > _MOST_WAITING:
        _commit(ingest, [tail])


def _commit(ingest: Ingest, tails: Iterable[_Tail]) -> None:
    """Brings the new lines into the store; of each source the last record's stay at hand."""
    from logtriage.batches import Batch

    normaliser = ingest.batches.normaliser
    for tail in tails:
        block = tail.lines
        if block is None or not tail.changed:
            continue
        normaliser.records.reset()
        made = normaliser.block(block, tail.grammar, normaliser.settings.reference(block.source), final=True)
        tail.part = ingest.add(tail.part, Batch.of(normaliser, block, made))
        begin = tail.part.tail_offset - block.offset
        tail.lines = replace(block, offset=tail.part.tail_offset, line=tail.part.tail_line, data=block.data[begin:])
        tail.changed = False
    ingest.flush()


def _with_ticks(sources: list[Source], positions: dict[str, Position], session: Session, stop: Stop) -> Iterator[Any]:
    """The items of `follow`, and None whenever it has looked and there was nothing."""
    from logtriage.sources.follow import Follower

    names = list(session.args.sources)
    rescan = None if names == ["-"] else lambda: find(names).sources  # nothing comes after standard input
    follower = Follower(sources, positions, rescan=rescan)
    try:
        while not stop.is_set() and not follower.done:
            yield from follower.poll_once(time.monotonic())
            yield None
            if not follower.busy:
                stop.wait(0.1)
    finally:
        follower.close()


def _position(part: Part, source: Source) -> Position:
    return Position(part.tail_offset, part.tail_line, identity(source), fingerprint(source))
