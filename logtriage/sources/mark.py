"""Knowing a log again: where reading stopped, and under which name it goes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from logtriage.errors import SourceError
from logtriage.sources.find import Source
from logtriage.sources.read import UNTOLD, Fingerprint, Identity, fingerprint, opened
from logtriage.sources.rotation import rotation
from logtriage.sources.unpack import Pieces, Pull

HEAD, TAIL = 1024, 256  # bytes by which a log is known again
_WEAK = 64  # so few bytes may begin any log


@dataclass(frozen=True, slots=True)
class Position:
    """Where reading stopped: the end of the last block, its line number, and what the file was known by then."""

    offset: int = 0
    line: int = 1
    identity: Identity | None = None
    head: Fingerprint = UNTOLD


@dataclass(frozen=True, slots=True)
class Mark:
    """What a log is known again by: its inode (device and number), how it begins, what stands before offset `at`."""

    inode: tuple[int, int] | None
    head: Fingerprint
    at: int
    tail: bytes = b""

    def is_file(self, source: Source, inode: tuple[int, int]) -> bool:
        """Whether `source`, whose inode is given, is this very file; numbers of deleted files are used again."""
        try:
            return inode == self.inode and self.head.length > 0 and fingerprint(source, self.head.length) == self.head
        except SourceError:
            return False

    def continued_in(self, source: Source, *, same_inode: bool = False) -> Pieces | None:
        """The bytes after `at` in `source` (perhaps compressed since), if that is the same log; else None."""
        if not same_inode and min(self.at, self.head.length) < _WEAK:
            return None
        try:
            if self.head.length and fingerprint(source, self.head.length) != self.head:
                return None
            pull = Pull(opened(source, self.at - len(self.tail))[1])
            if pull.read(len(self.tail)) != self.tail:
                return None
            return pull.rest()
        except SourceError:  # shorter than `at`, or gone by now
            return None

    def heir(self, source: Source) -> Pieces | None:
        """What follows `at` in the file beside `source` to which the content was renamed or copied."""
        assert source.path is not None
        base = rotation(source.path.name).base
        beside: list[tuple[bool, int, Path]] = []
        with os.scandir(source.path.parent) as entries:
            for entry in entries:
                if entry.name != source.path.name and rotation(entry.name).base == base and entry.is_file():
                    status = entry.stat()
                    same = (status.st_dev, status.st_ino) == self.inode
                    beside.append((same, status.st_mtime_ns, Path(entry.path)))
        for same, _, path in sorted(beside, reverse=True):
            one = Source(str(path), source.group, path, None, None, source.resource)
            if (rest := self.continued_in(one, same_inode=same)) is not None:
                return rest
        return None
