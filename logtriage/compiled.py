"""The Hyperscan database of all patterns: compiled once, and kept in the user's cache folder.

Compiling the shipped library takes half a second, reading it back a few milliseconds. The file's name is a digest of
all that the database depends on, so a change of a pattern or of the engine makes another file; a damaged one is made
anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cores import core
from logtriage.errors import LibraryError
from logtriage.library import Pattern
from logtriage.regex_tree import DialectError

if TYPE_CHECKING:
    import hyperscan

_LAYOUT = "1"  # changes when the way from a regex to its core does
_DIGEST = 32
_WORTH_KEEPING = 40  # fewer patterns compile as quickly as a file is read and written


def database(patterns: Sequence[Pattern]) -> tuple[hyperscan.Database, hyperscan.Scratch]:
    """The block database in which a pattern's id is its index, and a scratch space for one thread to scan with.

    Raises LibraryError where a regex is outside the dialect or is too large for Hyperscan.
    """
    import hyperscan

    kept = _file(patterns) if len(patterns) >= _WORTH_KEEPING else None
    found = _read(kept) if kept else None
    if found is None:
        found = compile_cores(cores(patterns))
        if kept:
            _write(kept, hyperscan.dumpb(found))
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

    made = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        made.compile(expressions=[e.encode() for e in expressions], ids=list(range(len(expressions))), flags=0)
    except hyperscan.HyperscanError as why:
        raise LibraryError(f"the patterns do not compile: {why}", "`logtriage patterns check` names the one") from why
    return made


def kept(name: str, expressions: Sequence[str], flags: int) -> hyperscan.Database:
    """The block database in which an expression's id is its index, from the cache folder where it is there.

    `name` begins the file's name. Raises LibraryError where the expressions do not compile.
    """
    import hyperscan

    path = _place(name, [str(flags), *expressions])
    found = _read(path)
    if found is None:
        found = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        try:
            found.compile(
                expressions=[e.encode() for e in expressions],
                ids=list(range(len(expressions))),
                flags=[flags] * len(expressions),
            )
        except hyperscan.HyperscanError as why:
            raise LibraryError(f"the {name} do not compile: {why}") from why
        _write(path, hyperscan.dumpb(found))
    return found


def _file(patterns: Sequence[Pattern]) -> Path:
    return _place("patterns", [_LAYOUT, *(p.regex for p in patterns)])


def _place(name: str, parts: Sequence[str]) -> Path:
    import hyperscan

    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    version = hyperscan.__version__  # type: ignore[attr-defined]  # missing in its stubs
    digest = hashlib.sha256("\0".join([version, *parts]).encode()).hexdigest()
    return Path(base) / "logtriage" / f"{name}-{digest[:24]}.hsdb"


def _read(path: Path) -> hyperscan.Database | None:
    """The database kept there; None if there is none, it is damaged, or it was made for another processor."""
    import hyperscan

    try:
        content = path.read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None
        return hyperscan.loadb(content[_DIGEST:], hyperscan.HS_MODE_BLOCK)
    except (OSError, hyperscan.HyperscanError):
        return None


def _write(path: Path, serialized: bytes) -> None:
    """Keeps the database for the next run; where that is not possible, the next run compiles it again."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as made:
            made.write(hashlib.sha256(serialized).digest() + serialized)
        Path(made.name).replace(path)
        for old in sorted(path.parent.glob(f"{path.name.partition('-')[0]}-*.hsdb"), key=lambda p: p.stat().st_mtime)[
            :-4
        ]:
            old.unlink(missing_ok=True)
