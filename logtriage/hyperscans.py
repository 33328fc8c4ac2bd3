"""Hyperscan as it is used here: making a database, or learning that there cannot be one, keeping it, gathering matches.

Databases are kept in the user's cache folder, as compiling the shipped library takes seconds of processor time and reading
it a few milliseconds. A file's name is a digest of all that its database depends on; a damaged one is made anew.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
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


def _untold() -> None:
    """Nobody is there to be told."""


# Called before the library is compiled, which takes seconds; a command that has somebody to tell sets it.
before_compiling: Callable[[], None] = _untold


def compiled(expressions: Sequence[tuple[bytes, int]]) -> hyperscan.Database:
    """A block-mode database of expressions and their flags, an expression's id its index. Raises hyperscan.error."""
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[text for text, _ in expressions],
        ids=list(range(len(expressions))),
        elements=len(expressions),
        flags=[flags for _, flags in expressions],
    )
    return database


def compiled_if_possible(expressions: Sequence[tuple[bytes, int]]) -> hyperscan.Database | None:
    """The same, or None if Hyperscan cannot take them."""
    import hyperscan

    try:
        return compiled(expressions)
    except hyperscan.error:
        return None


def new_scratch(database: Any) -> Any:
    """Scratch space for scans of `database` in one more thread."""
    import hyperscan

    return hyperscan.Scratch(database)


def remember(_id: int, _start: int, end: int, _flags: int, ends: list[int]) -> None:
    """A match handler: the ends of all matches go to the list that is the scan's context."""
    ends.append(end)


def kept(name: str, parts: Sequence[Sequence[str]], flags: int) -> list[hyperscan.Database]:
    """A block database for each part, in which an expression's id is its index, from the cache folder where it is there;
    those that are not are compiled side by side.

    `name` begins the files' names. Raises LibraryError where the expressions do not compile.
    """
    paths = [place(f"{name}{n}", [str(flags), *part]) for n, part in enumerate(parts)]
    read_back = [read(path) for path in paths]
    if all(read_back):
        return [database for database in read_back if database]
    from concurrent.futures import ThreadPoolExecutor

    import hyperscan

    before_compiling()
    with ThreadPoolExecutor() as pool:
        try:
            made = [*pool.map(lambda part: compiled([(e.encode(), flags) for e in part]), parts)]
        except hyperscan.error as why:
            raise LibraryError(f"the {name} do not compile: {why}") from why
    for path, database in zip(paths, made, strict=True):
        write(path, hyperscan.dumpb(database))
    return made


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
