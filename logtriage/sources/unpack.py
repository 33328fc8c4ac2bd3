"""Bytes of a file, plain or compressed → plain bytes, piece by piece, to the last one before any damage."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from logtriage.errors import SourceError
from logtriage.sources import codec

PIECE = 1 << 20  # plain bytes a piece has at most (a little more for zstd)
_BITE = 16 << 10  # compressed bytes a decoder is given at once; what is gone through bytewise after damage

Pieces = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Guard:
    """How far compressed data may blow up: not over `ratio` : 1 once `beyond` plain bytes are out."""

    ratio: int = 1000
    beyond: int = 1 << 30


def file_pieces(path: Path, name: str, offset: int = 0) -> Pieces:
    """The raw bytes of a file, pipe or device from `offset` on.

    A file that has become shorter than it was, or than what was read of it, raises SourceError at its end: it was
    truncated, and what follows would not be the continuation of what came before.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            had = os.fstat(file.fileno()).st_size  # 0 is also what the files of /proc say, and pipes
            if offset:
                file.seek(offset)
            at = offset
            while piece := file.read(PIECE):
                at += len(piece)
                yield piece
            has = os.fstat(file.fileno()).st_size
            if had and has < max(had, at):
                raise SourceError(f"{name}: was truncated to {has} bytes after {at} had been read")
    except OSError as why:
        raise SourceError(f"{name}: {why.strerror or why}") from why


class Pull:
    """Reads exact amounts from pieces. An error of theirs is raised only when the bytes before it are used up."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._held, self._start = b"", 0
        self._error: SourceError | None = None
        self.at = 0  # bytes taken so far

    def _more(self) -> bool:
        """Hold one more piece; False: there is none."""
        try:
            piece = next(self._pieces, b"")
        except SourceError as why:
            self._error, piece = why, b""
        rest = self._held[self._start :] if self._start < len(self._held) else b""
        self._held, self._start = rest + piece if rest else piece, 0
        return bool(piece)

    def some(self, limit: int = PIECE) -> bytes:
        """1 to `limit` bytes, without copying more than needed; empty at the end."""
        if self._start >= len(self._held) and not self._more():
            if self._error:
                raise self._error
            return b""
        out = self._held[self._start : self._start + limit]
        self._start += len(out)
        self.at += len(out)
        return out

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end or before damage, which the next call then raises."""
        out = [self.some(size)]
        try:
            while out[-1] and (size := size - len(out[-1])):
                out.append(self.some(size))
        except SourceError:
            pass
        return b"".join(out)

    def rest(self) -> Pieces:
        """All that is left."""
        while piece := self.some():
            yield piece

    def skip(self, size: int) -> int:
        """Pass over `size` bytes; how many were there."""
        left = size
        while left and (piece := self.some(min(left, PIECE))):
            left -= len(piece)
        return size - left

    def peek(self, size: int, least: int | None = None) -> bytes:
        """The next `size` bytes, which stay; fewer only at the end, or where no more than `least` are waited for."""
        while len(self._held) - self._start < (size if least is None else least) and self._more():
            pass
        return self._held[self._start : self._start + size]

    def unread(self, count: int) -> None:
        """Give back the last `count` bytes of what the last call of `some` returned."""
        self._start -= count
        self.at -= count


def decoded(
    pieces: Pieces, name: str, *, again: Callable[[], Pieces] | None = None, guard: Guard | None = None
) -> Pieces:
    """Plain bytes of data that may be compressed: all members, frames or streams, one after the other.

    What can be decoded is given first; then SourceError tells of damage, of a missing end, of bytes after the end
    that are no log, or of data that blow up further than `guard` allows. To give the bytes just before damage a
    decoder has to be led there a second time, for which `again` opens the data anew; without it (a pipe) those of
    the last 16 KiB compressed may be missing.
    """
    source, guard = Pull(pieces), guard or Guard()
    kind = codec.recognise(source.peek(codec.HEAD))
    if kind is None:
        yield from source.rest()
        return
    title, made = codec.TITLES[kind], 0
    while head := _next_member(source, kind):
        if codec.recognise(head) != kind:
            raise SourceError(f"{name}: what follows the {title} data at byte {source.at} is something else, not read")
        start, given, decoder = source.at, 0, codec.decoder(kind)
        while not decoder.eof:
            at, bite = source.at, source.some(_BITE)
            if not bite:
                raise SourceError(f"{name}: the {title} data stop at byte {at}, their end is missing")
            try:
                for out in _feed(decoder, bite):
                    given += len(out)
                    if made + given > max(guard.beyond, guard.ratio * source.at):
                        raise SourceError(
                            f"{name}: {title} data that blow up more than {guard.ratio}-fold (a bomb?), "
                            f"stopped after {made + given} bytes",
                            "if they are genuine, unpack them and give the unpacked file",
                        )
                    yield out
            except _Damage as why:
                if again:
                    at = yield from _up_to_damage(kind, again(), start, at, given)
                raise SourceError(f"{name}: the {title} data are damaged at byte {at}: {why}") from why
        source.unread(len(decoder.unused_data))
        made += given


class _Damage(Exception):
    """The decoder cannot go on."""


def _feed(decoder: codec.Decoder, bite: bytes) -> Pieces:
    """All that the decoder makes of `bite`."""
    while True:
        try:
            out = decoder.feed(bite, PIECE)
        except Exception as why:  # each library has its own kinds, bz2 even OSError
            raise _Damage(str(why)) from why
        if out:
            yield out
        if len(out) < PIECE:
            return
        bite = b""


def _next_member(source: Pull, kind: str) -> bytes:
    """Pass over padding and skippable frames; the head of what comes then, empty at the end. Raises what the data broke off by."""
    while head := source.peek(codec.HEAD):
        if kind == "zst" and codec.is_skippable(head):
            source.skip(8 + int.from_bytes(head[4:8], "little"))
        elif head[0] == 0 and source.at:
            source.unread(len(source.some().lstrip(b"\0")))
        else:
            return head
    return source.some()


def _up_to_damage(kind: str, pieces: Pieces, start: int, bad: int, given: int) -> Generator[bytes, None, int]:
    """Decode again from `start`, bytewise from `bad` on; yields what comes after the first `given` bytes.

    Returns the position of the compressed byte at which the decoder gave up.
    """
    source, decoder, seen, fresh = Pull(pieces), codec.decoder(kind), 0, bytearray()
    source.skip(start)
    try:
        while bite := source.some(min(_BITE, max(1, bad - source.at))):
            for out in _feed(decoder, bite):
                seen += len(out)
                fresh += out[max(0, len(out) - max(0, seen - given)) :]
                if len(fresh) >= PIECE:
                    yield bytes(fresh)
                    fresh.clear()
    except _Damage:
        pass
    if fresh:
        yield bytes(fresh)
    return source.at - 1
