"""Hyperscan as it is used here: making a database, or learning that there cannot be one, keeping it, gathering matches.

Databases are kept in the user's cache folder, as compiling takes half a second and reading a few milliseconds. A file's
name is a digest of all that its database depends on; a damaged one is made anew.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logtriage.errors import LibraryError

if TYPE_CHECKING:
    import hyperscan

# Hyperscan's flags, so that it need not be loaded to name them.
HS_CASELESS, HS_MULTILINE, HS_PREFILTER = 1, 4, 128

# Bytes to scan beyond what is searched: near the end of its data Vectorscan 5.4.12 misses matches (its AVX-512 code
# looks at the wrong bytes of the last vector).
HS_MARGIN = 256

_DIGEST = 32


def compiled_database(expressions: Sequence[tuple[bytes, int]]) -> Any:
    """A block-mode database of expressions and their flags, or None if Hyperscan cannot take them."""
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[text for text, _ in expressions],
            ids=list(range(len(expressions))),
            elements=len(expressions),
            flags=[flags for _, flags in expressions],
        )
    except hyperscan.error:
        return None
    return database


def new_scratch(database: Any) -> Any:
    """Scratch space for scans of `database` in one more thread."""
    import hyperscan

    return hyperscan.Scratch(database)


def remember(_id: int, _start: int, end: int, _flags: int, ends: list[int]) -> None:
    """A match handler: the ends of all matches go to the list that is the scan's context."""
    ends.append(end)


def kept(name: str, expressions: Sequence[str], flags: int) -> hyperscan.Database:
    """The block database in which an expression's id is its index, from the cache folder where it is there.

    `name` begins the file's name. Raises LibraryError where the expressions do not compile.
    """
    import hyperscan

    path = place(name, [str(flags), *expressions])
    found = read(path)
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
        write(path, hyperscan.dumpb(found))
    return found


def place(name: str, parts: Sequence[str]) -> Path:
    """Where the database that depends on these texts is kept; `name` begins the file's name."""
    import hashlib

    import hyperscan

    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    version = hyperscan.__version__  # type: ignore[attr-defined]  # missing in its stubs
    digest = hashlib.sha256("\0".join([version, *parts]).encode()).hexdigest()
    return Path(base) / "logtriage" / f"{name}-{digest[:24]}.hsdb"


def read(path: Path) -> hyperscan.Database | None:
    """The database kept there; None if there is none, it is damaged, or it was made for another processor."""
    import hashlib

    import hyperscan

    try:
        content = path.read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None
        return hyperscan.loadb(content[_DIGEST:], hyperscan.HS_MODE_BLOCK)
    except (OSError, hyperscan.HyperscanError):
        return None


def write(path: Path, serialized: bytes) -> None:
    """Keeps the database for the next run; where that is not possible, the next run compiles it again."""
    import hashlib

    from logtriage.kept import replacing

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as made:
            made.write(hashlib.sha256(serialized).digest() + serialized)
        for old in sorted(path.parent.glob(f"{path.name.partition('-')[0]}-*.hsdb"), key=lambda p: p.stat().st_mtime)[
            :-4
        ]:
            old.unlink(missing_ok=True)
