"""Sources → blocks of whole lines with byte offsets, in flat memory."""

from __future__ import annotations

import hashlib
import os
import queue
import sys
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, NamedTuple, TypeVar, cast

from logtriage.errors import SourceError
from logtriage.sources.bundle import member_pieces
from logtriage.sources.codec import HEAD, recognise
from logtriage.sources.cut import NEWLINE, Filler, count_lines
from logtriage.sources.find import Source
from logtriage.sources.head import TOLD_BY, encoding_of
from logtriage.sources.unpack import PIECE, Guard, Pieces, Pull, decoded, file_pieces

# A little under 32 MiB: glibc gives larger blocks back to the system when freed, and touching fresh memory
# for each one halves the speed of reading.
BLOCK = (32 << 20) - (64 << 10)
MAX_LINE = 256 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a source, as bytes.

    `offset` is the place of `data[0]` in the decompressed source, `line` the 1-based number of its first line, `last`
    tells that nothing follows. Lines end with a newline of the `encoding` ('utf-8', which stands for any superset of
    ASCII, 'utf-16-le' or 'utf-16-be'); only the last block, or one where an overlong line was cut, may end without.
    """

    source: Source
    offset: int
    line: int
    data: bytes
    last: bool
    encoding: str

    @property
    def end(self) -> int:
        """The offset at which the next block begins."""
        return self.offset + len(self.data)


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells that a name still stands for the same file, and whether it changed."""

    device: int
    inode: int
    size: int
    mtime_ns: int


class Fingerprint(NamedTuple):
    """What tells that a log still begins as it did: how many of its first bytes are meant (0: nothing is told), and their
    SHA-256."""

    length: int = 0
    digest: bytes = b""

    @classmethod
    def of(cls, head: bytes) -> Fingerprint:
        """That of some first bytes."""
        return cls(len(head), hashlib.sha256(head).digest())


UNTOLD = Fingerprint()


def blocks(
    source: Source,
    *,
    offset: int = 0,
    line: int = 1,
    size: int = BLOCK,
    first: int | None = None,
    max_line: int = MAX_LINE,
    guard: Guard | None = None,
) -> Iterator[Block]:
    """Read a source from byte `offset` (of the decompressed data; the end of an earlier block) and number `line` on.

    A block is as many whole lines as fit in `size` bytes (the first one: in `first`), or one longer line; so its bounds
    depend on the content and `offset` alone. A line longer than `max_line` is cut there.
    An empty source yields nothing. Raises SourceError, after all that could be read was yielded.
    """
    encoding, pieces = opened(source, offset, guard)
    filler = Filler(pieces, NEWLINE[encoding], first or size, max_line)
    while data := filler.next():
        filler.widen(size)
        yield Block(source, offset, line, data, filler.finished, encoding)
        offset += len(data)
        line += count_lines(data, encoding)
    if filler.error:
        raise filler.error


def by_and_by(
    source: Source, *, offset: int = 0, line: int = 1, size: int = BLOCK, max_line: int = MAX_LINE
) -> Iterator[Block]:
    """The same blocks of a plain file, which is open only while one is read, so that any number of files may be read by turns.

    Raises SourceError where another file has taken its place meanwhile.
    """
    began = identity(source)
    while True:
        now = identity(source)
        if began and (now is None or (began.device, began.inode) != (now.device, now.inode)):
            raise SourceError(f"{source.name}: was replaced after {offset} bytes of it had been read")
        rest = blocks(source, offset=offset, line=line, size=size, max_line=max_line)
        block = next(rest, None)
        if block is None or block.last:
            yield from [block] if block else []
            yield from rest  # what it ended by
            return
        cast(Generator[Block, None, None], rest).close()
        offset, line = block.end, block.line + count_lines(block.data, block.encoding)
        yield block


def _stdin() -> Pieces:
    if sys.stdin is None:
        raise SourceError("-: there is no standard input")
    stream = cast(BufferedReader, sys.stdin.buffer)
    while piece := stream.read1(PIECE):
        yield piece


def _raw(source: Source) -> Pieces:
    """The bytes of a source as they are stored."""
    if source.path is None:
        return _stdin()
    if source.member is not None:
        return member_pieces(source.path, source.member, source.name)
    return file_pieces(source.path, source.name)


def _is_pipe(source: Source) -> bool:
    """Whether the bytes can be had once only."""
    return source.path is None or (source.path.exists() and not source.path.is_file())


def opened(source: Source, offset: int = 0, guard: Guard | None = None) -> tuple[str, Pieces]:
    """The encoding of a source, and its decompressed bytes from `offset` on, in pieces of any size."""
    raw = Pull(_raw(source))
    compressed = recognise(raw.peek(HEAD))
    again = None if _is_pipe(source) else (lambda: _raw(source))
    pull = Pull(decoded(raw.rest(), source.name, again=again, guard=guard)) if compressed else raw
    if compressed and recognise(pull.peek(HEAD)):
        raise SourceError(f"{source.name}: compressed twice", "unpack it once")
    encoding = encoding_of(pull.peek(TOLD_BY, HEAD if again is None else TOLD_BY))  # a pipe may be slow
    if offset and not compressed and source.path and source.member is None and again:
        return encoding, file_pieces(source.path, source.name, offset)
    if (there := pull.skip(offset)) < offset:
        raise SourceError(f"{source.name}: holds {there} bytes, but reading was to go on at {offset}")
    return encoding, pull.rest()


def fingerprint(source: Source, length: int = 1024) -> Fingerprint:
    """That of the first bytes of a source, decompressed, at most `length`.

    A pipe is not touched: nothing is told of it. Damage further on is not told here, only when reading gets there.
    """
    return Fingerprint.of(b"" if _is_pipe(source) else Pull(opened(source)[1]).read(length))


def identity(source: Source) -> Identity | None:
    """Device, inode, size and time of a file; None for what is none, or is not there."""
    try:
        status = os.stat(source.path) if source.path else None
    except OSError:
        return None
    return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns) if status else None


def prefetch(iterator: Iterator[T], depth: int = 1) -> Iterator[T]:
    """The same items, made by a thread that is at most `depth` ahead, so that unpacking overlaps with work on them.

    An exception is passed on in its place. Closing the generator stops the thread after the item it is making.
    """
    room, ready = threading.Semaphore(depth), queue.SimpleQueue[tuple[bool, Any]]()
    stopped = threading.Event()

    def make() -> None:
        try:
            while room.acquire() and not stopped.is_set():
                ready.put((True, next(iterator)))
        except BaseException as why:  # whatever it is, it belongs to the consumer
            ready.put((False, why))
        finally:
            if close := getattr(iterator, "close", None):
                close()

    # A daemon, as a thread waiting for a silent pipe must not keep the program from ending.
    threading.Thread(target=make, name="prefetch", daemon=True).start()
    try:
        while (item := ready.get())[0]:
            room.release()
            yield item[1]
        if not isinstance(item[1], StopIteration):
            raise item[1]
    finally:
        stopped.set()
        room.release()
