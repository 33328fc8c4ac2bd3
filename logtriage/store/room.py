"""The room that a store needs beside its data, and what is to be done where the disk has none."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_WORDS = ("No space left", "disk is full", "quota exceeded")  # as the system, SQLite, and a quota say it
_LITTLE = 64 << 10  # bytes that SQLite's index of its journal needs, and some more
_MEMORY = "/dev/shm"
_SPILLED = "temp-"


def is_full(path: Path, why: Exception) -> bool:
    """Whether what failed in a store's folder failed because there is no room."""
    if any(words in str(why) for words in _WORDS):
        return True
    there = os.statvfs(path)
    return there.f_bavail * there.f_frsize < _LITTLE


def for_much(path: Path) -> Path:
    """Where this process puts what its memory is too small for: in the store's folder, that is its owner's alone."""
    return path / f"{_SPILLED}{os.getpid()}"


def free_spilled(path: Path) -> None:
    """Deletes what killed processes have left of that."""
    import shutil

    for folder in path.glob(f"{_SPILLED}*"):
        try:
            os.kill(int(folder.name.removeprefix(_SPILLED)), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError):  # somebody else's, or none of ours
            continue


class Copy:
    """A catalog as it is between two commits, in a folder elsewhere, for those who only read: SQLite wants to write beside what
    it reads. `path`: where it is, until it is closed or given up. Raises OSError."""

    def __init__(self, catalog: Path) -> None:
        import shutil
        from tempfile import mkdtemp
        from weakref import finalize

        folder = mkdtemp(prefix="logtriage-", dir=_MEMORY if os.path.isdir(_MEMORY) else None)
        self.close = finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path, self._catalog = Path(folder) / catalog.name, catalog
        before, now = None, _state(catalog)
        while now != before:
            for left in Path(folder).iterdir():  # a journal that is no more would be read into the catalog's new file
                left.unlink()
            for path in now:
                with contextlib.suppress(FileNotFoundError):  # it is not as it was, then
                    shutil.copyfile(path, Path(folder) / path.name)
            before, now = now, _state(catalog)
        self._state = now

    def is_old(self) -> bool:
        """Whether the catalog has changed since: the copy tells nothing of that."""
        return _state(self._catalog) != self._state


def _state(catalog: Path) -> dict[Path, tuple[int, int]]:
    """The size and time of the catalog's file and of its journal, if there is one."""
    found = {}
    for path in (catalog, catalog.with_name(f"{catalog.name}-wal")):
        with contextlib.suppress(FileNotFoundError):
            it = path.stat()
            found[path] = it.st_size, it.st_mtime_ns
    return found
