"""Hyperscan as it is used here: a database, or learning that there cannot be one, and gathering what a scan reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Hyperscan's flags, so that it need not be loaded to name them.
HS_CASELESS, HS_MULTILINE, HS_PREFILTER = 1, 4, 128

# Bytes to scan beyond what is searched: near the end of its data Vectorscan 5.4.12 misses matches (its AVX-512 code
# looks at the wrong bytes of the last vector).
HS_MARGIN = 256


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
