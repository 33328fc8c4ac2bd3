"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def replacing(path: Path, *, private: bool = True) -> Iterator[IO[bytes]]:
    """A file for what `path` is to hold: it takes that place, in one step, when the block ends; an error leaves all as it was.

    `private`: nobody else can read it. A link stays one; what is no regular file (a device, a pipe) is written to as it
    is. Raises OSError, which names `path`.
    """
    try:
        place = path.resolve()
        if place.exists() and not place.is_file():
            with open(place, "wb") as file:
                yield file
            return
        number, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)  # readable for nobody else
        try:
            with open(number, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if not private:
                os.chmod(name, 0o666 & ~_umask())
            os.replace(name, place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as why:
        raise OSError(why.errno, os.strerror(why.errno) if why.errno else str(why), str(path)) from why


def write(path: Path, text: str) -> None:
    """Writes a file that nobody else can read. Its folder is made where it is not there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path) as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
