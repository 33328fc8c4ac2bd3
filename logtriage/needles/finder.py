"""Which lines of some bytes a needle selects: Hyperscan finds candidates, the needle decides where that is not enough.

No expression can match across a line break, and each reports a matching line once, at its end (a list of very many
texts: at the end of each text). So there are never more reports than lines, however often a pattern would match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from logtriage.hyperscans import HS_CASELESS, HS_MARGIN, HS_PREFILTER, compiled_if_possible, new_scratch, remember
from logtriage.needles.needle import Needle
from logtriage.needles.verdict import MatchTimeout

Buffer: TypeAlias = "bytes | bytearray"
Spans: TypeAlias = list[tuple[int, int]]

WINDOW = 1 << 20  # bytes scanned at once: they stay in the processor's cache, and bound what is remembered of them
SMALL = 1 << 18  # bytes that are looked through sooner than Hyperscan is loaded


class Finder:
    """A needle made ready to search with. One object for each thread (`twin`): Hyperscan's scratch space is not shared.

    `on_timeout` is told the start of a line that could not be decided in time; without it MatchTimeout is raised.
    """

    def __init__(self, needle: Needle, on_timeout: Callable[[int], None] | None = None) -> None:
        self.needle = needle
        self.on_timeout = on_timeout
        self._database: Any = None
        self._scratch: Any = None
        self._is_ready = False
        self._exact_on_ascii, self._exact = needle.scans_exactly

    def twin(self) -> Finder:
        """Another finder of the same needle, for another thread."""
        other = Finder(self.needle)
        if self._is_ready and self._database is not None:
            other._database, other._is_ready = self._database, True
            other._exact_on_ascii, other._exact = self._exact_on_ascii, self._exact
            other._scratch = new_scratch(self._database)
        return other

    def select(self, data: Buffer, start: int, stop: int) -> Spans:
        """The selected lines among the whole lines in `data[start:stop]`, as (start, end without the line break)."""
        if self.needle.invert:
            return self._others(data, start, stop, self._matching(data, start, stop))
        return self._matching(data, start, stop)

    def _matching(self, data: Buffer, start: int, stop: int) -> Spans:
        if start >= stop or not self.needle.found:
            return []
        if self.needle.matches_all:
            return list(lines(data, start, stop))
        if self._uses_hyperscan(stop - start):
            return self._decided(data, start, self._ends(data, start, stop), stop)
        if self.needle.literal is not None:
            return self._by_text(data, start, stop, self.needle.literal)
        return [span for span in lines(data, start, stop) if self._holds(data, *span)]

    def _uses_hyperscan(self, size: int) -> bool:
        if not self._is_ready and (size > SMALL or self.needle.is_costly):
            self._prepare()
        return self._database is not None

    def _prepare(self) -> None:
        """Compiles the expressions; weaker ones where Hyperscan cannot take them, and none if it can take nothing."""
        if self._is_ready:
            return
        self._is_ready = True
        for expressions, exact in self._attempts():
            database = compiled_if_possible(expressions)
            if database is not None:
                self._database, self._scratch = database, new_scratch(database)
                if not exact:
                    self._exact_on_ascii = self._exact = False
                return

    def _attempts(self) -> Iterator[tuple[list[tuple[bytes, int]], bool]]:
        expressions = self.needle.hyperscan_expressions()
        if expressions:
            yield expressions, True
            yield [(text, flags | HS_PREFILTER) for text, flags in expressions], False
        if self.needle.required:
            caseless = HS_CASELESS if self.needle.folded else 0
            yield [(re.sub(rb"[^a-zA-Z0-9]", lambda m: b"\\x%02x" % m[0][0], text.encode()), caseless)
                   for text in self.needle.required], False  # fmt: skip

    def _ends(self, data: Buffer, start: int, stop: int) -> list[int]:
        """Places, in order, in the candidate lines or just behind them, counted from `start`, plus one.

        What is scanned ends in a line break and goes on for a while behind it (see HS_MARGIN).
        """
        ends: list[int] = []
        if data[stop - 1] != 10 or len(data) < stop + HS_MARGIN:
            padded = bytes(data[start:stop]) + b"\n" * HS_MARGIN
            self._database.scan(padded, match_event_handler=remember, context=ends, scratch=self._scratch)
        else:
            with memoryview(data) as whole, whole[start : stop + HS_MARGIN] as window:
                self._database.scan(window, match_event_handler=remember, context=ends, scratch=self._scratch)
        end = stop - start + (data[stop - 1] != 10)
        while ends and ends[-1] > end:
            ends.pop()
        return ends

    def _decided(self, data: Buffer, start: int, ends: list[int], stop: int) -> Spans:
        """The lines of candidate places that do match."""
        out: Spans = []
        last = start - 1
        exact, exact_on_ascii = self._exact, self._exact_on_ascii
        for place in ends:
            place += start - 1
            if place <= last:
                continue
            begin = data.rfind(b"\n", last + 1, place) + 1 or last + 1
            last = data.find(b"\n", place, stop)
            if last < 0:
                last = stop
            if exact or (exact_on_ascii and data[begin:last].isascii()) or self._holds(data, begin, last):
                out.append((begin, last))
        return out

    def _holds(self, data: Buffer, begin: int, end: int) -> bool:
        """Does that line match? One that cannot be decided in time is never selected, inverted or not."""
        try:
            return self.needle.has_match(bytes(data[begin:end]))
        except MatchTimeout:
            if self.on_timeout is None:
                raise
            self.on_timeout(begin)
            return self.needle.invert

    def _by_text(self, data: Buffer, start: int, stop: int, text: bytes) -> Spans:
        out: Spans = []
        place = data.find(text, start, stop)
        while place >= 0:
            begin = data.rfind(b"\n", start, place) + 1 or start
            end = data.find(b"\n", place, stop)
            end = stop if end < 0 else end
            out.append((begin, end))
            place = data.find(text, end, stop)
        return out

    def _others(self, data: Buffer, start: int, stop: int, matching: Spans) -> Spans:
        out: Spans = []
        for begin, end in matching:
            out.extend(lines(data, start, begin))
            start = end + 1
        out.extend(lines(data, start, stop))
        return out


def lines(data: Buffer, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """All lines in `data[start:stop]`, as (start, end without the line break)."""
    while start < stop:
        end = data.find(b"\n", start, stop)
        if end < 0:
            end = stop
        yield start, end
        start = end + 1


def count_breaks(data: Buffer, start: int, stop: int) -> int:
    """How many line breaks `data[start:stop]` holds."""
    return data.count(b"\n", start, stop)
