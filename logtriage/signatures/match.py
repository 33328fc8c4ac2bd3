"""All failure signatures over a block of records: one Hyperscan pass finds candidates, RE2 (that of Arrow) proves them.

The pass looks for the patterns' cores (see `cores.py`) in the text column's buffer as it lies in memory, row after row
without anything between them. So a candidate may be wrong (its match straddles two rows, or the core matches where the
whole regex does not) but no match is missed; `prove` tells which candidates are right, and what they capture.
"""

from __future__ import annotations

import functools
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from logtriage.errors import LibraryError
from logtriage.hyperscans import HS_MARGIN
from logtriage.signatures import compiled
from logtriage.signatures.library import Pattern

if TYPE_CHECKING:
    import pyarrow as pa

_ID_BITS = 16
_MOST_BYTES = 1 << 30
_LAST = 1 << 16  # bytes at the end that are scanned again with a margin, see HS_MARGIN
_TEXT_TIMEOUT = 2.0


class Matcher:
    """The patterns compiled into one Hyperscan database; one thread at a time may scan with it."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._database = compiled.database(self.patterns) if self.patterns else None

    def scan(self, texts: pa.StringArray | pa.LargeStringArray) -> tuple[pa.Int64Array, pa.Int32Array]:
        """Candidates: distinct pairs of row (from 0, of `texts`) and index in `patterns`, in no order.

        Every true match is among them; not every candidate is one. A null row has none. Raises TypeError for anything
        but a (large) string array, as other layouts have no one buffer that could be scanned.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
            raise TypeError(f"texts must be a string or large_string array, not {texts.type}")
        offsets = _offsets(texts)
        first, last = offsets[0].as_py(), offsets[-1].as_py()
        if last - first > _MOST_BYTES and len(texts) > 1:
            return self._scan_halves(texts)
        hits = self._hits(memoryview(texts.buffers()[2])[first:last]) if last > first else array("Q")
        found = pa.Array.from_buffers(pa.uint64(), len(hits), [None, pa.py_buffer(hits)])
        # Hits of one pattern in one row are many where its text repeats: distinct ones only from here on.
        ends = pc.add(pc.shift_right(found, pa.scalar(_ID_BITS, pa.uint64())).cast(pa.int64()), first)
        rows = pc.subtract(pc.search_sorted(offsets, ends.cast(offsets.type), side="left").cast(pa.int64()), 1)
        ids = pc.bit_wise_and(found, pa.scalar((1 << _ID_BITS) - 1, pa.uint64())).cast(pa.int64())
        pairs = pc.unique(pc.bit_wise_or(pc.shift_left(rows, _ID_BITS), ids))
        pattern = pc.bit_wise_and(pairs, (1 << _ID_BITS) - 1).cast(pa.int32())
        return pc.shift_right(pairs, _ID_BITS), pattern

    def _hits(self, data: memoryview) -> array[int]:
        """End offset (exclusive) and pattern of every hit, packed into one number each."""
        found = array("Q")
        if self._database is None:
            return found
        append, most = found.append, len(data)
        database, scratch = self._database

        def on_match(pattern: int, _start: int, end: int, _flags: int, _context: object) -> None:
            append(end << _ID_BITS | pattern)

        def on_last(pattern: int, _start: int, end: int, _flags: int, _context: object) -> None:
            if before + end <= most:
                append(before + end << _ID_BITS | pattern)

        # The stubs know bytes only; the engine takes any buffer, so that nothing is copied.
        database.scan(data, match_event_handler=on_match, scratch=scratch)  # type: ignore[type-var]
        before = max(0, most - _LAST)
        database.scan(bytes(data[before:]) + b"\n" * HS_MARGIN, match_event_handler=on_last, scratch=scratch)
        return found

    def _scan_halves(self, texts: Any) -> tuple[pa.Int64Array, pa.Int32Array]:
        import pyarrow as pa
        import pyarrow.compute as pc

        middle = len(texts) // 2
        rows, patterns = self.scan(texts.slice(0, middle))
        more_rows, more_patterns = self.scan(texts.slice(middle))
        return pa.concat_arrays([rows, pc.add(more_rows, middle)]), pa.concat_arrays([patterns, more_patterns])


def _offsets(texts: Any) -> pa.Array:
    """Where each row begins in the data buffer, and where the last one ends."""
    import pyarrow as pa

    width = pa.int64() if pa.types.is_large_string(texts.type) else pa.int32()
    if not len(texts):
        return pa.array([0], width)
    return pa.Array.from_buffers(width, len(texts) + 1, [None, texts.buffers()[1]], offset=texts.offset)


def prove(pattern: Pattern, texts: pa.StringArray | pa.LargeStringArray) -> tuple[pa.Array, pa.MapArray]:
    """The places (from 0) of the texts that carry the signature, and what it captures in each, without empty values.

    A null carries none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    def has(expression: str) -> pa.BooleanArray:
        return pc.fill_null(pc.match_substring_regex(texts, f"(?m){expression}"), False)

    found = pc.extract_regex(texts, f"(?m){pattern.regex}") if pattern.captures else None
    hits = has(pattern.regex) if found is None else pc.is_valid(found)
    if pattern.unless:
        hits = pc.and_not(hits, has(pattern.unless))
    places = pc.indices_nonzero(hits)
    pairs: list[list[tuple[str, str]]] = [[] for _ in places]
    if found is not None and len(places):
        carried = found.take(places)
        for name in pattern.captures:
            for own, value in zip(pairs, carried.field(name).to_pylist(), strict=True):
                if value:
                    own.append((name, value))
    return places, pa.array(pairs, pa.map_(pa.string(), pa.string()))


def match_text(patterns: Sequence[Pattern], text: str) -> list[tuple[Pattern, dict[str, str]]]:
    """The patterns that one text carries, with their captures (none empty), in the order given.

    Raises LibraryError for a pattern that needs too long on this text, so that none can hang.
    """
    found = []
    for pattern in patterns:
        try:
            hit = _compiled(pattern.regex).search(text, timeout=_TEXT_TIMEOUT)
            if hit and not (pattern.unless and _compiled(pattern.unless).search(text, timeout=_TEXT_TIMEOUT)):
                found.append((pattern, {name: value for name, value in hit.groupdict().items() if value}))
        except TimeoutError as why:
            raise LibraryError(f"{pattern.file}: pattern {pattern.id}: too slow on this text") from why
    return found


@functools.cache
def _compiled(expression: str) -> Any:
    import regex

    return regex.compile(expression, regex.MULTILINE | regex.ASCII)
