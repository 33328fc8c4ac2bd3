"""A stream of bytes → blocks of whole lines, whose bounds depend on the content alone."""

from __future__ import annotations

from collections.abc import Iterator

from logtriage.errors import SourceError

NEWLINE = {"utf-8": b"\n", "utf-16-le": b"\n\0", "utf-16-be": b"\0\n"}


class Filler:
    """Cuts a stream of pieces into blocks. `finished` once nothing is left; `error` is what ended the stream early."""

    def __init__(self, pieces: Iterator[bytes], newline: bytes, size: int, max_line: int) -> None:
        unit = len(newline)
        self._newline = newline
        self._size = max(unit, size - size % unit)
        self._longest = max(self._size, max_line - max_line % unit)
        self._pieces = _evenly(pieces, self._size, unit)
        self._parts: list[bytes] = []
        self._total = 0
        self._ended = False
        self.error: SourceError | None = None

    def widen(self, size: int) -> None:
        """Makes the blocks from now on so large."""
        self._size = max(self._size, size - size % len(self._newline))
        self._longest = max(self._size, self._longest)

    @property
    def finished(self) -> bool:
        return self._ended and not self._total

    def next(self) -> bytes:
        """The next block; empty at the end."""
        while self._total <= self._size and self._more():
            pass
        cut = self._total if self._total <= self._size else self._last_newline() or self._end_of_long_line()
        if cut == self._total and not self._ended:
            self._more()  # only what follows tells whether this block is the last
        return self._take(cut)

    def _more(self) -> bool:
        try:
            piece = next(self._pieces, b"")
        except SourceError as why:
            self.error, piece = why, b""
        self._ended = not piece
        if piece:
            self._parts.append(piece)
            self._total += len(piece)
        return bool(piece)

    def _last_newline(self) -> int:
        """Where the last line that ends within `size` bytes ends; 0: none does."""
        start = self._total
        for part in reversed(self._parts):
            start -= len(part)
            if start < self._size and (cut := after_last_newline(part, self._newline, self._size - start)):
                return start + cut
        return 0

    def _end_of_long_line(self) -> int:
        """Where the first line, longer than `size`, ends or has to be cut."""
        searched = self._size
        while True:
            start = 0
            for part in self._parts:
                if start + len(part) > searched:
                    cut = after_first_newline(part, self._newline, max(0, searched - start))
                    if cut:
                        return min(start + cut, self._longest)
                start += len(part)
            searched = self._total
            if searched >= self._longest or not self._more():
                return min(searched, self._longest)

    def _take(self, size: int) -> bytes:
        taken, count = 0, 0
        while taken < size:
            taken += len(self._parts[count])
            count += 1
        out, self._parts = self._parts[:count], self._parts[count:]
        if over := taken - size:
            self._parts.insert(0, out[-1][-over:])
            out[-1] = out[-1][:-over]
        self._total -= size
        return b"".join(out)


def _evenly(pieces: Iterator[bytes], size: int, unit: int) -> Iterator[bytes]:
    """The same bytes in pieces of at most `size`, none of which ends inside a code unit."""
    odd = b""
    try:
        for piece in pieces:
            piece = odd + piece if odd else piece
            whole = len(piece) - len(piece) % unit
            odd = piece[whole:]
            for start in range(0, whole, size):
                yield piece[start : min(start + size, whole)]
    except SourceError:
        if odd:  # damage may cut a unit in two
            yield odd
        raise
    if odd:
        yield odd


def after_last_newline(data: bytes, newline: bytes, limit: int) -> int:
    """The index after the last newline in `data[:limit]`, 0 if there is none; two-byte newlines stand at even places."""
    at = data.rfind(newline, 0, limit)
    while at > 0 and at % len(newline):
        at = data.rfind(newline, 0, at + 1)
    return at + len(newline) if at >= 0 else 0


def after_first_newline(data: bytes, newline: bytes, start: int = 0) -> int:
    """The index after the first newline in `data[start:]`, 0 if there is none."""
    at = data.find(newline, start)
    while at > 0 and at % len(newline):
        at = data.find(newline, at + 1)
    return at + len(newline) if at >= 0 else 0


def count_lines(data: bytes, encoding: str) -> int:
    """How many newlines the data hold."""
    return data.count(b"\n") if encoding == "utf-8" else data.decode(encoding, "replace").count("\n")
