"""A followed pipe."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from logtriage.errors import SourceError
from logtriage.sources.events import Event, Vanished
from logtriage.sources.find import Source
from logtriage.sources.held import Lines
from logtriage.sources.read import Block
from logtriage.sources.unpack import PIECE


@dataclass(slots=True)
class PipeTail:
    """Standard input or a named pipe; following is the only way to see its lines as they come."""

    source: Source
    flush_after: float
    busy: bool = False
    ended: bool = False
    _file: int | None = None
    _lines: Lines = field(init=False)
    _grown: float = 0.0

    def __post_init__(self) -> None:
        self._lines = Lines(self.source)

    def poll(self, now: float) -> Iterator[Block | Event]:
        """Look once: what is new, without waiting for it."""
        self.busy = False
        try:
            data = self._read()
        except (OSError, SourceError) as why:
            error = why if isinstance(why, SourceError) else SourceError(f"{self.source.name}: {why.strerror or why}")
            yield from self._end(error)
            return
        if data:
            self._grown, self.busy = now, True
            yield from self._lines.take(data)
        elif data is not None and self.source.path is None:  # a named pipe may be opened by another writer
            yield from self._end(None)
        elif self._lines.held and now - self._grown >= self.flush_after:
            yield from self._lines.flush()

    def _read(self) -> bytes | None:
        """What is there; None: nothing yet; empty: no writer."""
        if self._file is None:
            self._file = os.open(self.source.path, os.O_RDONLY | os.O_NONBLOCK) if self.source.path else _stdin()
        return os.read(self._file, PIECE) if select.select([self._file], [], [], 0)[0] else None

    def _end(self, error: SourceError | None) -> Iterator[Block | Event]:
        self.ended = True
        yield from self._lines.flush()
        yield Vanished(self.source, self._lines.offset, error)

    def close(self) -> None:
        """Let go of the pipe."""
        if self._file is not None and self.source.path is not None:
            os.close(self._file)
            self._file = None


def _stdin() -> int:
    if sys.stdin is None:
        raise SourceError("-: there is no standard input")
    return sys.stdin.fileno()
