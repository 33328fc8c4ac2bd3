"""Tar archives, plain or compressed: walking their members front to back without unpacking them to disk.

Headers are read here and not by `tarfile`, which loses the bytes just before damage and takes extended headers of
any size into memory.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from logtriage.errors import SourceError
from logtriage.sources.unpack import PIECE, Pieces, Pull, decoded, file_pieces

_BLOCK = 512
_LONGEST_HEADER = 1 << 20  # bytes of an extended header that are believed to be one
_DIGITS = 20  # that no size in bytes has
_KEPT = 2 << 20  # bytes of a member that can be had again: its beginning is looked at before it is read

_NAMED_SO = re.compile(r"\.(tar(\.\w+)?|t(gz|bz2?|xz|zst))$", re.IGNORECASE)

_T = TypeVar("_T")

# The last walk, and through which file it went: kept so that reading all members in order reads the archive once.
_parked: dict[tuple[Path, int, int, int], Bundle] = {}


def is_bundle(head: bytes, name: str) -> bool:
    """Whether plain data beginning with `head` (≥ 512 bytes) are a tar archive: POSIX or GNU; or, where the name says so, one
    without anything in it, or of the format before those."""
    if head[257:262] == b"ustar":
        return True
    if len(head) < _BLOCK or not _NAMED_SO.search(name):
        return False
    import tarfile

    try:
        return not head[:_BLOCK].strip(b"\0") or bool(
            tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "surrogateescape")
        )
    except tarfile.HeaderError:
        return False


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: its `name` (a later one of the same name gets `#2`, …), bytes, whether it is a regular file, and whether
    one of which only what lies between its holes is in the archive (`tar -S`)."""

    name: str
    size: int
    regular: bool
    sparse: bool = False


class Bundle:
    """One walk through an archive, from front to back."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._pull = Pull(decoded(file_pieces(path, name), name, again=lambda: file_pieces(path, name)))
        self._left = 0
        self._taken: list[bytes] | None = None  # of the member, as long as they are few
        self._seen: Counter[str] = Counter()
        self._steps = self._walk()
        self.member: Member | None = None
        self._end_of_data = 0  # of the member, in the archive's plain bytes
        self.passed: set[str] = set()

    def __iter__(self) -> Iterator[Member]:
        """Step from member to member; what `data` did not take is passed over."""
        for member in self._steps:
            self.member = member
            self.passed.add(member.name)
            yield member

    @property
    def inside(self) -> bool:
        """Whether the walk has not passed the last byte of the member: if it broke off, then in what `data` gives."""
        return self._pull.at < self._end_of_data

    def find(self, name: str) -> bool:
        """Step to the member of that name."""
        if self.member and self.member.name == name:
            return True
        return any(member.name == name for member in self)

    def can_give(self, name: str) -> bool:
        """Whether the walk is not past the first bytes of that member."""
        here = self.member and self.member.name == name and self._taken is not None
        return bool(here) or name not in self.passed

    def _walk(self) -> Iterator[Member]:
        long_name: str | None = None
        long_size: int | None = None
        sparse = False
        while header := self._header():
            name, size, kind = header
            if kind in b"Lx":
                text = self._extended(size)
                if kind == b"L":
                    long_name = text.rstrip(b"\0").decode("utf-8", "surrogateescape")
                else:
                    records = _pax(text)
                    long_name = records.get("GNU.sparse.name", records.get("path", long_name))
                    long_size = _number(records.get("size", ""), long_size)
                    sparse = sparse or any(key.startswith("GNU.sparse.") for key in records)
                continue
            name, size = long_name or name, size if long_size is None else long_size
            long_name = long_size = None
            self._left = size + -size % _BLOCK
            if kind in b"gK":
                continue
            self._taken, self._end_of_data = [], self._pull.at + size
            self._seen[name] += 1
            shown = name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"
            yield Member(shown, size, kind in (b"0", b"\0", b"7"), sparse or kind == b"S")
            sparse = False

    def data(self) -> Pieces:
        """The bytes of the member the walk stands at, from the first one on: as long as few of them were taken."""
        assert self.member is not None and self._taken is not None
        yield from self._taken[:]
        left = self.member.size - sum(map(len, self._taken))
        while left:
            piece = self._pull.some(min(left, PIECE))
            if not piece:
                raise SourceError(f"{self.name}: the archive stops {left} bytes before the end of {self.member.name}")
            left -= len(piece)
            self._left -= len(piece)
            if self._taken is not None:
                self._taken.append(piece)
                self._taken = self._taken if self.member.size - left <= _KEPT else None
            yield piece

    def _header(self) -> tuple[str, int, bytes] | None:
        """Name, size and type of the next entry; None at the end."""
        import tarfile

        passed, self._left = self._left, 0
        if self._pull.skip(passed) < passed:
            raise SourceError(f"{self.name}: the archive stops before the end of a member")
        block = self._pull.read(_BLOCK)
        if len(block) < _BLOCK:
            self._pull.some()  # raises what broke it off, if that is known
            raise SourceError(f"{self.name}: the archive has no end mark at byte {self._pull.at}: perhaps cut off")
        if not block.strip(b"\0"):
            self._end()
            return None
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as why:
            raise SourceError(f"{self.name}: no archive header at byte {self._pull.at - len(block)}: {why}") from why
        more = info.type == b"S" and block[482]
        while more:  # where the holes are, of a GNU sparse file: behind its header, and not of its size
            block = self._pull.read(_BLOCK)
            more = len(block) == _BLOCK and block[504]
        return info.name, max(0, info.size) if info.type not in b"123456" else 0, info.type

    def _end(self) -> None:
        """Behind the end mark there should be padding alone."""
        end = self._pull.at
        behind = sum(len(piece.strip(b"\0")) for piece in self._pull.rest())
        if behind:
            raise SourceError(
                f"{self.name}: behind the archive's end mark at byte {end:,} stand {behind:,} bytes more, which were not read",
                "if they are another archive, split them",
            )

    def _extended(self, size: int) -> bytes:
        if size > _LONGEST_HEADER:
            raise SourceError(f"{self.name}: an extended header of {size} bytes: not a sound archive")
        self._left = -size % _BLOCK
        return self._pull.read(size)


def _pax(text: bytes) -> dict[str, str]:
    """The records of a pax header: `<length> <key>=<value>\\n`, the length counting itself."""
    records = {}
    while text:
        told, _, rest = text.partition(b" ")
        length = _number(told.decode("ascii", "replace"), 0)
        if length <= len(told) + 1:
            break
        key, _, value = rest[: length - len(told) - 1].rstrip(b"\n").partition(b"=")
        records[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        text = text[length:]
    return records


def _number(text: str, default: _T) -> int | _T:
    """A number of a header; `default` where it is none that a file could have."""
    return int(text) if text.isdecimal() and len(text) < _DIGITS else default


def member_pieces(path: Path, member: str, name: str) -> Pieces:
    """The bytes of one member as they are stored (perhaps compressed in turn)."""
    try:
        now = os.stat(path)
    except OSError as why:
        raise SourceError(f"{name}: {why.strerror or why}") from why
    key = (path, now.st_ino, now.st_size, now.st_mtime_ns)
    bundle = _parked.pop(key, None)
    if bundle is None or not bundle.can_give(member):
        bundle = Bundle(path, name)
    if not bundle.find(member):
        raise SourceError(f"{name}: the archive has no member {member} any more")
    with contextlib.suppress(GeneratorExit):  # where it is only looked at
        yield from bundle.data()
    _parked.clear()
    _parked[key] = bundle
