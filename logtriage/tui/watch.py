"""Whether a store has changed since one looked last, for next to nothing."""

from __future__ import annotations

import os
from pathlib import Path

_HEAD = 48  # bytes: a count of changes, how many frames are in the log, checksums
_FRAMES = slice(16, 20)


class Watch:
    """Watches the catalog of the store at a path: its file, and the head of SQLite's index of the write-ahead log
    (https://www.sqlite.org/walformat.html#the_wal_index_header). That changes when a commit can be seen; the log itself
    does before it is on the disk, and whoever looks then sees nothing new, and is never told again."""

    def __init__(self, path: Path) -> None:
        self._catalog, self._index = str(path / "catalog.sqlite"), str(path / "catalog.sqlite-shm")
        self._file: int | None = None
        self._mark = self._now()

    def has_changed(self) -> bool:
        """Whether it has since this was asked last, or has become another one, or is gone."""
        before, self._mark = self._mark, self._now()
        return self._mark != before

    @property
    def state(self) -> str:
        """What tells the store, as it was when one looked last, from any other; empty where there is none."""
        return " ".join(map(repr, self._mark))

    def _now(self) -> tuple[object, ...]:
        try:
            stat = os.stat(self._catalog)
        except OSError:
            return ()
        head = self._head()
        waiting = head if any(head[_FRAMES]) else b""  # else all is in the catalog itself
        return stat.st_ino, stat.st_size, stat.st_mtime_ns, waiting

    def _head(self) -> bytes:
        """The head of the index. Its file stays open as long as it is there: to close it would take away the locks that
        DuckDB's SQLite has on it, as they are the process's (https://www.sqlite.org/howtocorrupt.html#posix_close_bug)."""
        try:
            there = os.stat(self._index)
            if self._file is None or not os.path.samestat(os.fstat(self._file), there):
                if self._file is not None:
                    os.close(self._file)
                self._file = os.open(self._index, os.O_RDONLY)
            return os.pread(self._file, _HEAD, 0)
        except OSError:
            return b""
