"""Where records begin, decided in Python: the twin of what `stages.py` and `records.py` decide in SQL.

For the few lines around a hit of `grep`, which so needs no database. A test holds the two against each other.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from logtriage.formats.cuts import is_cut, mixes, stream
from logtriage.formats.detect import Grammar
from logtriage.formats.fields import LOGFMT_HEAD, document_of, read_head
from logtriage.formats.joints import CONTINUES, OPENS, goes_on, joint
from logtriage.formats.node import GENERIC, Node
from logtriage.formats.twin import compiled
from logtriage.stamps.stamp import find_regex

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_MOST_KNOWN = 20_000
_ROUNDS = 6
_HEAD = (
    4096  # characters of a line that tell what it goes on with: to look further is quadratic in the length of a word
)


class Place(NamedTuple):
    """What a line is: does it go on with the record before it (`follows`); is it cut, so that the next one goes on
    with it (`partial`); did no format read all of it (`unknown`), so that it is worth learning from; what it is to
    the lines beside it (`joint`, see joints.py), None where a format read it; did no transport wrap it
    (`outside`), and which of its streams is it of (`stream`)."""

    follows: bool
    partial: bool = False
    unknown: bool = False
    joint: int | None = None
    outside: bool = False
    stream: str = ""

    def goes_on(self, before: Place) -> bool:
        """Whether this line goes on with the record of the line before it."""
        if before.stream and self.stream and before.stream != self.stream:
            return False
        cut = before.partial and not self.outside
        return goes_on(before.joint, self.joint, self.follows or cut)


class Starts:
    """Tells for the lines of one source whether they begin a record. What it does not know it learns from."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self._known: dict[bytes, Place] = {}
        self._inside: dict[int, tuple[list[Node], re.Pattern[str] | None]] = {}

    def learn_from(self, lines: Sequence[bytes]) -> None:
        """Reads a source's first lines, and others of its first block, as `heads.py` does."""
        texts = [readable(line) for line in lines]
        self.learn(texts)
        for _ in range(_ROUNDS):
            unknown = [text for text in texts if self._read(self.grammar.root, text, {}).unknown]
            if not unknown or not self.learn(unknown):
                return

    def learn(self, lines: Iterable[str]) -> bool:
        """Reads sample lines; True when one of them taught something new."""
        if not self.grammar.learn(lines):
            return False
        self._known.clear()
        self._inside.clear()
        return True

    def place(self, line: bytes) -> Place:
        """What a line (without its newline) is."""
        known = self._known.get(line)
        if known is None:
            text = readable(line)
            known = self._read(self.grammar.root, text, {})
            if known.unknown and self.learn([text]):
                known = self._read(self.grammar.root, text, {})
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            if len(line) <= _HEAD:
                self._known[line] = known
        return known

    def _read(self, node: Node, text: str, above: Mapping[str, str], partial: bool = False) -> Place:
        """`Stages.claim` for one line."""
        children, joined = self._formats_in(node)
        head = text[:_HEAD]
        own = bool(joined and joined.search(head))
        for child in children:
            assert child.fmt is not None
            if not _claims(child, text, above):
                continue
            fmt = child.fmt
            if fmt.multiline or not fmt.inner:
                opens = fmt.multiline and fmt.opens and compiled(fmt.opens).search(text)
                return Place(own, partial, joint=OPENS if opens else None, outside=node.fmt is None)
            fields = _fields(child, text)
            inner = fields.get(fmt.inner, "")
            partial = partial or is_cut(fmt, inner, fields.get("logtag", ""), child.ends)
            place = self._read(child, inner.rstrip("\r\n"), {**above, **fields}, partial)
            return place._replace(stream=stream(text)) if mixes(fmt) else place
        joins = bool(compiled(node.continues).search(head))
        kind = joint(text, node.joints)
        return Place(
            (node.stamped and not partial) or own or joins,
            partial,
            not compiled(CONTINUES).search(head),
            kind,
            node.fmt is None,
        )

    def _formats_in(self, node: Node) -> tuple[list[Node], re.Pattern[str] | None]:
        """The formats inside `node` in the order to try, and what tells lines that go on with their records."""
        if id(node) not in self._inside:
            children = node.ordered()
            regexes = [c.fmt.continues for c in children if c.fmt and c.fmt.continues]
            self._inside[id(node)] = (children, compiled("|".join(regexes)) if regexes else None)
        return self._inside[id(node)]


def readable(line: bytes) -> str:
    """A line's text as formats read it: no carriage return, no byte order mark, no terminal escapes."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        import logtriage.sources.lines  # noqa: F401 - registers how bytes that are no UTF-8 are read

        text = line.decode("utf-8", "logtriage.latin1")
    text = text.replace("\0", "\u2400").lstrip("\ufeff").rstrip("\r")
    return _ANSI.sub("", text) if "\x1b" in text else text


def _claims(node: Node, text: str, above: Mapping[str, str]) -> bool:
    """`parse.claims` for one line."""
    fmt = node.fmt
    assert fmt is not None
    if fmt.multiline and fmt.start:
        return bool(compiled(fmt.start).search(text))
    if fmt.id == GENERIC.id:
        return bool(compiled(find_regex(node.kinds)).search(text))
    if fmt.kind == "json":
        document = _document(text)
        return document is not None and read_head(fmt, text, document) is not None
    if fmt.kind == "logfmt":
        return bool(compiled(LOGFMT_HEAD).search(text)) and read_head(fmt, text, None) is not None
    if not compiled(fmt.regex or fmt.header or "$.").search(text):
        return False
    return all(compiled(regex).search(above.get(name) or "") for name, regex in fmt.when.items())


def _fields(node: Node, text: str) -> dict[str, str]:
    """What a transport's line says, by name."""
    fmt = node.fmt
    assert fmt is not None
    if fmt.kind == "json":
        return read_head(fmt, text, _document(text)) or {}
    if fmt.kind == "logfmt":
        return read_head(fmt, text, None) or {}
    hit = compiled(fmt.regex or fmt.header or "$.").search(text)
    return {name: value or "" for name, value in hit.groupdict().items()} if hit else {}


@functools.lru_cache(maxsize=8)
def _document(text: str) -> dict[str, Any] | None:
    return document_of(text) if text.lstrip(" ").startswith("{") else None  # DuckDB's ltrim leaves tabs
