"""The exact verdict on one line: does it match, and where?

`re` decides lines of ASCII, where it and Rust agree once the pattern is spelt out; `regex`, which is slower to load and
to run but stops after a time, decides all others. Patterns that could keep a backtracking engine busy go to Hyperscan
where it is exact, on lines of ASCII.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from logtriage.errors import LogtriageError, UsageError
from logtriage.hyperscans import HS_MARGIN, HS_MULTILINE, compiled_if_possible, remember
from logtriage.needles.dialect import nodes
from logtriage.needles.dialect.automata import HyperscanWriter
from logtriage.needles.dialect.nodes import Node
from logtriage.needles.dialect.writer import AsciiWriter, RegexWriter, Writer
from logtriage.once import once

TIMEOUT = 1.0  # seconds one line may take
_LONG = 8_192  # bytes; on longer lines even a tame pattern may take `re` too long
T = TypeVar("T")

_MANY = 32  # a repetition that can go on so long counts as one without end


class MatchTimeout(LogtriageError):
    """A pattern took too long on one line, which so remains undecided."""


class Verdict:
    """Patterns (joined by OR) made ready to judge lines with; each engine is set up when it is first needed."""

    def __init__(self, trees: tuple[Node, ...], fancy: bool) -> None:
        self.trees = trees
        self.fancy = fancy
        self._lock = threading.Lock()

    def holds(self, line: bytes) -> bool:
        """Is there a match in `line` (raw bytes, without its end)? Raises MatchTimeout."""
        if line.isascii() and self.is_tame(len(line)):
            return self._re.search(line) is not None
        if line.isascii() and not self.fancy and self._automaton is not None:
            return self._scan(line)
        text = line.decode("utf-8", "surrogateescape")
        return _timed(lambda: self._regex.search(text, timeout=TIMEOUT)) is not None

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where the matches are, as (start, end) in characters, without empty ones. Raises MatchTimeout."""
        if line.isascii() and self.is_tame(len(line)):
            text = line.encode()
            return _spans(lambda at: self._re.finditer(text, at), len(line))
        until = time.monotonic() + TIMEOUT  # for the whole line

        def found_from(at: int) -> Iterable[Any]:
            matches: Iterable[Any] = self._regex.finditer(line, at, timeout=max(until - time.monotonic(), 1e-6))
            return matches

        return _timed(lambda: _spans(found_from, len(line)))

    def is_tame(self, length: int) -> bool:
        """Can `re`, which knows no timeout, be trusted to be quick on a line of `length` bytes?"""
        return not self.fancy and self._freedom <= (2 if length <= _LONG else 0)

    def _scan(self, line: bytes) -> bool:
        """The verdict on a line of ASCII by the automaton, whose time does not depend on the pattern's repetitions."""
        ends: list[int] = []
        with self._lock:  # the scratch space serves one scan at a time
            self._automaton.scan(line + b"\n" * HS_MARGIN, match_event_handler=remember, context=ends)
        return bool(ends) and ends[0] <= len(line) + 1

    @once
    def _automaton(self) -> Any:
        writer = HyperscanWriter()
        text = writer.to_line_end(nodes.alt(list(self.trees)))
        return compiled_if_possible([(text.encode("latin-1"), HS_MULTILINE)]) if writer.ascii_exact else None

    @once
    def _freedom(self) -> int:
        return max((freedom(tree) for tree in self.trees), default=0)

    @once
    def _re(self) -> re.Pattern[bytes]:
        return re.compile(self._written(AsciiWriter()).encode())

    @once
    def _regex(self) -> Any:
        import regex

        try:
            return regex.compile(self._written(RegexWriter()), regex.V1)
        except regex.error as problem:
            raise UsageError(f"the pattern cannot be used: {problem.msg}") from None

    def _written(self, writer: Writer) -> str:
        return "|".join(writer.write(tree) for tree in self.trees) or "(?!)"


def freedom(node: Node) -> int:
    """How many repetitions of open length a match may run through: backtracking may try as many ways as the line's
    length to the power of freedom + 1. A repetition inside an endless one counts as very many."""
    match node:
        case nodes.Repeat(item, _, high):
            inside = freedom(item)
            if high is not None and high <= _MANY:
                return max(inside * high, 0 if high <= 4 or isinstance(item, nodes.Lit | nodes.Chars) else 1)
            return 1 if isinstance(item, nodes.Lit | nodes.Chars) else 1 + inside * _MANY + _choices(item)
        case nodes.Concat(items):
            return sum(freedom(item) for item in items)
        case nodes.Alt(items):
            return max(freedom(item) for item in items)
        case nodes.Group(item) | nodes.Atomic(item) | nodes.Around(item):
            return freedom(item)
    return 0


def _choices(node: Node) -> int:
    """Very many, if there is more than one way to match inside: repeated, those multiply."""
    match node:
        case nodes.Alt() | nodes.Repeat():
            return _MANY
        case nodes.Concat(items):
            return max((_choices(item) for item in items), default=0)
        case nodes.Group(item) | nodes.Atomic(item):
            return _choices(item)
    return 0


def _spans(found_from: Callable[[int], Iterable[Any]], size: int) -> list[tuple[int, int]]:
    """Matches without the empty ones, behind each of which Rust goes on one character further, where Python's engines look
    for another at the same place."""
    found: list[tuple[int, int]] = []
    at = 0
    while at <= size:
        start, at = at, size + 1
        for match in found_from(start):
            if match.end() == match.start():
                at = match.end() + 1
                break
            found.append(match.span())
    return found


def _timed(search: Callable[[], T]) -> T:
    try:
        return search()
    except TimeoutError:
        raise MatchTimeout(
            f"the pattern took more than {TIMEOUT:g} s on one line", "make it simpler: fewer repetitions inside others"
        ) from None
