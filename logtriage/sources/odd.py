"""What is read as it was named, though there is no log in it: files that are empty, or something else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from logtriage.sources.find import Source
from logtriage.sources.head import why_no_log

_HEAD = 64 << 10  # bytes
_EMPTY = "empty"


class Odd(NamedTuple):
    """A source without a log, and what it is instead."""

    name: str
    what: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it, as in a log of a quiet day."""
        return self.what == _EMPTY

    def __str__(self) -> str:
        return f"{os.path.basename(self.name)} ({self.what})"


def odd(sources: Iterable[Source], names: Iterable[str]) -> list[Odd]:
    """Those of some sources; what is no log is among them only if it was one of the `names`, which folders pass over."""
    found, meant = [], set(map(Path, names))  # `./app.log` is the path app.log
    for source in sources:
        if source.path is None or source.member is not None or source.compression:
            continue
        named = source.path in meant
        try:
            status = os.stat(source.path)
            if not stat.S_ISREG(status.st_mode) or (status.st_size and not named):
                continue
            with open(source.path, "rb") as file:  # those of /proc have no size, and are not empty
                head = file.read(_HEAD)
        except OSError:  # told by who reads it
            continue
        what = (named and why_no_log(head, str(source.path))) if head else _EMPTY
        found += [Odd(source.name, what)] if what else []
    return found
