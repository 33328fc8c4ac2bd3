"""One followed file: its new lines as blocks, and what happens to the file behind its name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from logtriage.errors import SourceError
from logtriage.sources.events import Appeared, Event, Rotated, Truncated, Vanished
from logtriage.sources.find import Source
from logtriage.sources.head import encoding_of
from logtriage.sources.held import Lines
from logtriage.sources.mark import HEAD, TAIL, Mark, Position
from logtriage.sources.read import BLOCK, UNTOLD, Block, Fingerprint, Identity

SETTLE = 0.5  # seconds the old file of a rotation must be silent, once the new one has data, before it is left
LEAVE_AFTER = 5.0  # seconds after which it is left though some writer still holds on to it
GONE_AFTER = 1.0  # seconds a deleted file must be silent


@dataclass(slots=True)
class FileTail:
    """A followed file. `marks` holds what earlier files of this name are known by."""

    source: Source
    start: Position
    flush_after: float
    fresh: bool = False  # not there when following began
    busy: bool = False  # there is more to read at once
    marks: list[Mark] = field(default_factory=list)
    _file: int | None = None
    _lines: Lines = field(init=False)
    _inode: tuple[int, int] | None = None
    _head: Fingerprint = UNTOLD
    _tail: bytes = b""
    _seen: tuple[int, int] = (-1, -1)  # size and time at the last look
    _size: int = 0  # bytes that the present content was seen to have
    _grown: float = 0.0
    _replaced: float | None = None  # since when the name stands for something else, or nothing
    _started: bool = False
    _failed: bool = False

    def __post_init__(self) -> None:
        self._lines = Lines(self.source, self.start.offset, self.start.line)

    def poll(self, now: float) -> Iterator[Block | Event]:
        """Look once: what is new, at most a block of it, and what happened."""
        self.busy = False
        try:
            if self._file is None:
                yield from self._open(now)
            if self._file is not None:
                yield from self._look(self._file, now)
            self._failed = False
        except OSError as why:
            # The file may be the same when it can be read again; then reading goes on where it stopped.
            identity = Identity(*self._inode, 0, 0) if self._inode else None
            offset, line = self._lines.offset, self._lines.line
            self.start = Position(offset, line, identity, self._head if self._head.length else self.start.head)
            self._lines, self._started = Lines(self.source, offset, line), False
            self.close()
            if not self._failed:
                yield Vanished(self.source, offset, SourceError(f"{self.source.name}: {why.strerror or why}"))
            self._failed = True

    def mark(self) -> Mark:
        """What the present content is known by."""
        return Mark(self._inode, self._head, self._at, self._tail)

    def close(self) -> None:
        """Let go of the file; what is held of a started line is not given, and will be read again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def _at(self) -> int:
        return self._lines.offset + len(self._lines.held)

    def _open(self, now: float) -> Iterator[Block | Event]:
        assert self.source.path is not None
        try:
            status = os.stat(self.source.path)
            self._file = os.open(self.source.path, os.O_RDONLY) if stat.S_ISREG(status.st_mode) else None
        except FileNotFoundError:
            self._file = None
        if self._file is None:
            if not self._started and not self.fresh:
                yield Vanished(self.source, self._lines.offset)
            self._started = True
            return
        status = os.fstat(self._file)
        again, self._started = self._started or self.fresh, True
        self._inode = (status.st_dev, status.st_ino)
        self._seen, self._grown, self._replaced = (-1, -1), now, None
        if again:
            self._restart()
            yield Appeared(self.source)
            return
        yield from self._resume(self._file, status)

    def _resume(self, file: int, status: os.stat_result) -> Iterator[Block | Event]:
        """Go on where an earlier reading stopped; what happened to the file since then is found out first."""
        known, offset = self.start.identity, self.start.offset
        moved = known is not None and (known.device, known.inode) != self._inode
        if moved or status.st_size < offset or not self._begins(file, self.start.head):
            inode = (known.device, known.inode) if known else None
            yield from self._replace(Mark(inode, self.start.head, offset), rotated=moved)
            return
        self._lines.encoding = encoding_of(os.pread(file, HEAD, 0))
        self._tail = os.pread(file, min(TAIL, offset), max(0, offset - TAIL))
        self._remember_head(file)

    def _begins(self, file: int, head: Fingerprint) -> bool:
        return not head.length or Fingerprint.of(os.pread(file, head.length, 0)) == head

    def _remember_head(self, file: int) -> None:
        if self._head.length < min(HEAD, self._at):
            self._head = Fingerprint.of(os.pread(file, min(HEAD, self._at), 0))

    def _restart(self) -> None:
        self._lines = Lines(self.source)
        self._head, self._tail, self._seen, self._size = UNTOLD, b"", (-1, -1), 0
        self.busy = True

    def _look(self, file: int, now: float) -> Iterator[Block | Event]:
        status = os.fstat(file)
        seen = (status.st_size, status.st_mtime_ns)
        if seen != self._seen:
            self._seen = seen
            # Read together with the new bytes: if those before them have changed, all is new.
            data = os.pread(file, len(self._tail) + BLOCK, self._at - len(self._tail))
            if not data.startswith(self._tail) or not self._begins(file, self._head):
                yield from self._replace(self.mark(), rotated=False)
                return
            self._size = status.st_size
            if len(data) > len(self._tail):
                self._grown = now
                new = data[len(self._tail) :]
                self._tail = data[-TAIL:]
                self.busy = self._at + len(new) < status.st_size
                if self.busy:
                    self._seen = (-1, -1)
                yield from self._lines.take(new)
                self._remember_head(file)
        if self._lines.held and now - self._grown >= self.flush_after:
            yield from self._lines.flush()
        if not self.busy:
            yield from self._look_at_name(status, now)

    def _look_at_name(self, status: os.stat_result, now: float) -> Iterator[Block | Event]:
        """At the end of the file: does the name still stand for it?"""
        assert self.source.path is not None
        try:
            here = os.stat(self.source.path)
        except FileNotFoundError:
            here = None
        if here and (here.st_dev, here.st_ino) == self._inode:
            self._replaced = None
            return
        if here is None and status.st_nlink:
            return  # renamed, no new file yet: the writer still has the old one
        if here and not here.st_size:
            return  # created by the rotator, not yet taken up by the writer
        self._replaced = now if self._replaced is None else self._replaced
        silent, waited = now - max(self._grown, self._replaced), now - self._replaced
        if here is None:
            if silent >= GONE_AFTER:
                yield from self._leave()
                yield Vanished(self.source, self._lines.offset)
        elif silent >= SETTLE or waited >= LEAVE_AFTER:
            yield from self._leave()
            yield Rotated(self.source, self._lines.offset, drained=True)
            yield from (item for item in self._open(now) if not isinstance(item, Appeared))

    def _leave(self) -> Iterator[Block | Event]:
        yield from self._lines.flush()
        self.marks.append(self.mark())
        self.close()

    def _replace(self, mark: Mark, *, rotated: bool) -> Iterator[Block | Event]:
        """The content is another one: read the rest of the old one where it went to, then begin anew."""
        rest = mark.heir(self.source)
        drained = rest is not None
        try:
            for piece in rest or ():
                yield from self._lines.take(piece)
        except SourceError:
            drained = False
        lost = 0 if drained else self._size - self._at
        yield from self._lines.flush()
        self.marks.append(mark)
        yield (Rotated if rotated else Truncated)(self.source, self._lines.offset, drained, self._loss(lost))
        self._restart()

    def _loss(self, lost: int) -> SourceError | None:
        """That so many bytes were there and could not be read in time."""
        if lost <= 0:
            return None
        return SourceError(
            f"{self.source.name}: was emptied when {self._at:,} bytes of it had been read; the {lost:,} behind them are lost",
            "a log that is renamed, or copied beside itself first, is read to its end",
        )
