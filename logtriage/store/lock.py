"""One writer at a time: the lock on a store's folder; and files are put in order only while nobody reads them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from logtriage.errors import StoreInUse, StoreNotWritable

_AGAIN = 0.05  # seconds after which one looks again whether somebody reads
_LONGEST = 60.0  # seconds for which one waits until files are in order
_UNTOLD = 1.0  # seconds of these that nobody minds


def _to_nobody(text: str) -> None:
    """Nobody is there to be told."""


# Called with a line that tells for whom one waits; a command that has somebody to tell sets it.
while_waiting: Callable[[str], None] = _to_nobody


def taken(path: Path) -> IO[str]:
    """Makes the folder where there is none, and takes its lock: held until the file is closed, or its holder has died.
    Raises StoreInUse where another process has it, and StoreNotWritable."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with private():
            lock = open(path / "lock", "a+")  # noqa: SIM115 - held on
        os.chmod(path, 0o700)
    except OSError as why:
        raise StoreNotWritable(
            f"the store {path} cannot be written: {why.strerror}", "name another with --store"
        ) from why
    try:
        _hold(lock)
    except BlockingIOError as why:
        lock.close()
        raise StoreInUse(
            f"another logtriage (process {_writer(path)}) is writing to {path}",
            "wait for it, or name another with --store",
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


def _writer(path: Path) -> str:
    """The number of the process that writes to the store there, as it has told it."""
    with contextlib.suppress(OSError):
        return (path / "lock").read_text().strip() or "unknown"
    return "unknown"


def is_of(lock: IO[str], path: Path) -> bool:
    """Whether a lock that is held is that of the folder at `path`: a store that is moved takes its own along, and another may
    come to its place."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), os.stat(path / "lock"))
    except OSError:
        return False


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
def reading(path: Path) -> Iterator[None]:
    """While inside, nobody is `alone` with the store: a connection to it that reads on would find less, and not know. Where the
    system has no such locks for a folder, inside is as outside. Raises StoreInUse where somebody is alone with it for longer
    than that takes."""
    try:
        folder = os.open(path, os.O_RDONLY)
    except OSError:  # told by who opens the store
        yield
        return
    try:
        if not _has(folder, fcntl.LOCK_SH, _UNTOLD):
            busy = f"process {_writer(path)} is putting the files of the store {path} in order"
            while_waiting(f"{busy}: waiting for it")
            if not _has(folder, fcntl.LOCK_SH, _LONGEST - _UNTOLD):
                raise StoreInUse(
                    f"{busy}, and that takes long", "run it again later, or let that process go on if it was stopped"
                )
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def alone(path: Path, patience: float = 0) -> Iterator[None]:
    """While inside, who wants to read the store waits. Raises StoreInUse where others, or this process, have been `reading` it
    for so many seconds."""
    folder = os.open(path, os.O_RDONLY)
    try:
        if not _has(folder, fcntl.LOCK_EX, patience):
            raise StoreInUse(
                f"the store {path} is being read: its files cannot be put in order meanwhile", "run it again later"
            )
        os.utime("lock", dir_fd=folder)  # before anything is done: who is cut off has done some of it
        yield
    finally:
        os.close(folder)


def arranged(path: Path) -> int:
    """What tells whether somebody has been `alone` with the store since this was asked: what reads on has to begin anew."""
    try:
        return os.stat(path / "lock").st_mtime_ns
    except OSError:
        return 0


def _has(folder: int, how: int, patience: float) -> bool:
    """Takes a lock on a folder, or its share of one, unless others have it for so many seconds."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(folder, how | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_AGAIN)
        except OSError:  # the system has none
            return True


@contextlib.contextmanager
def private() -> Iterator[None]:
    """Files made inside are their owner's alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
