"""Packed logs that were damaged when they were read: once they are mended, the store is to say what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from logtriage.answers.search import Answer
from logtriage.errors import SourceError
from logtriage.query.query import Query
from logtriage.sources.find import Source
from logtriage.sources.read import opened
from logtriage.sources.unpack import Pull
from logtriage.store.parts import Part, Parts, begins_as, headed
from logtriage.store.snapshot import snapshot_of
from logtriage.store.store import Store

_STEP = 1 << 20  # bytes that are compared between two calls of `on_progress`
_SAME = 0.5  # of what is stored, so much must stand in a log that begins otherwise, or it is another one of that name


def mended(store: Store, parts: Parts, source: Source, on_progress: Callable[[], object]) -> Part | None:
    """The part of a packed log that could not be read to its end, or not from a sound archive, if by now other bytes stand where
    the store has what the decoder made of the damage: as a part whose last record begins at 0, so that all of it is read anew.
    Else None. `on_progress` is called now and then; what it raises ends it."""
    part = parts.broken_off(source)
    share = _share(store, part, source, on_progress) if part else 1
    if part is None or share == 1 or (share < _SAME and not begins_as(part, source)):
        return None
    return parts.note(replace(headed(part, source), tail_offset=0, tail_line=1))


def _share(store: Store, part: Part, source: Source, on_progress: Callable[[], object]) -> float:
    """Of the bytes that the store has of a part, how many a source has at the same place; 1 where it cannot be read so far."""
    every = same = told = 0
    kept = Query(parts=(part.number,), order="source")
    try:
        pull = Pull(opened(source)[1])
        with snapshot_of(store) as snapshot:
            for offset, data in Answer(snapshot, kept).tuples('"offset"', "bytes"):
                pull.skip(offset - pull.at)  # what was pruned
                there = pull.read(len(data))
                if len(there) < len(data):
                    pull.some()  # raises what it was broken off by
                every += len(data)
                same += len(data) * (there == data)
                if every >= told + _STEP:
                    told = every
                    on_progress()
    except SourceError:
        return 1
    return same / every if every else 1
