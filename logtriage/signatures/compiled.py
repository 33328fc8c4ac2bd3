"""The Hyperscan database of all patterns: compiled once, and kept in the user's cache folder.

Compiling the shipped library takes seconds, reading it back a few milliseconds. The file's name is a digest of
all that the database depends on, so a change of a pattern or of the engine makes another file; a damaged one is made
anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage import hyperscans
from logtriage.errors import LibraryError
from logtriage.hyperscans import compiled, place, read, write
from logtriage.signatures.cores import core
from logtriage.signatures.library import Pattern
from logtriage.signatures.regex_tree import DialectError

if TYPE_CHECKING:
    import hyperscan

_LAYOUT = "2"  # changes when the way from a regex to its core does
_WORTH_KEEPING = 40  # fewer patterns compile as quickly as a file is read and written


def database(patterns: Sequence[Pattern]) -> tuple[hyperscan.Database, hyperscan.Scratch]:
    """The block database in which a pattern's id is its index, and a scratch space for one thread to scan with.

    Raises LibraryError where a regex is outside the dialect or is too large for Hyperscan.
    """
    import hyperscan

    kept = _file(patterns) if len(patterns) >= _WORTH_KEEPING else None
    found = read(kept) if kept else None
    if found is None:
        if kept:
            hyperscans.before_compiling()
        found = compile_cores(cores(patterns))
        if kept:
            write(kept, hyperscan.dumpb(found))
    return found, hyperscan.Scratch(found)


def cores(patterns: Sequence[Pattern]) -> list[str]:
    """The core of each pattern's regex. Raises LibraryError where a regex is outside the dialect."""
    found = []
    for pattern in patterns:
        try:
            found.append(core(pattern.regex))
        except DialectError as why:
            raise LibraryError(f"{pattern.file}: pattern {pattern.id}: {why}") from why
    return found


def compile_cores(expressions: Sequence[str]) -> hyperscan.Database:
    """A Hyperscan block database in which an expression's id is its index. Raises LibraryError if it cannot be made."""
    import hyperscan

    try:
        return compiled([(e.encode(), 0) for e in expressions])
    except hyperscan.error as why:
        raise LibraryError(f"the patterns do not compile: {why}", "`logtriage patterns check` names the one") from why


def _file(patterns: Sequence[Pattern]) -> Path:
    return place("patterns", [_LAYOUT, *(p.regex for p in patterns)])
