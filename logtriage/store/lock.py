"""One writer at a time: the lock on a store's folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from logtriage.errors import StoreError, StoreInUse


def taken(path: Path) -> IO[str]:
    """Makes the folder where there is none, and takes its lock: held until the file is closed, or its holder has died.
    Raises StoreError where another process has it, or the folder cannot be written."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with private():
            lock = open(path / "lock", "a+")  # noqa: SIM115 - held on
        os.chmod(path, 0o700)
    except OSError as why:
        raise StoreError(f"the store {path} cannot be written: {why.strerror}", "name another with --store") from why
    try:
        _hold(lock)
    except BlockingIOError as why:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise StoreInUse(
            f"another logtriage (process {holder}) is writing to {path}", "wait for it, or name another with --store"
        ) from why
    with contextlib.suppress(OSError):  # a full disk: it is held all the same
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), str(os.getpid()).encode())
    return lock


def _hold(lock: IO[str]) -> None:
    """Takes the lock. Raises BlockingIOError where a writer has it; who only looks whether one has (`is_taken`) shares it for
    an instant, which is waited for."""
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # nobody can share it with a writer
        fcntl.flock(lock, fcntl.LOCK_UN)


def is_taken(path: Path) -> bool:
    """Whether a process writes to the store there just now."""
    try:
        with open(path / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no store, or none that can be read: told by who opens it
        pass
    return False


@contextlib.contextmanager
def private() -> Iterator[None]:
    """Files made inside are their owner's alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
