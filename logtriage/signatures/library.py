"""The failure signatures the library knows: `patterns/signatures/*.toml` → frozen `Pattern` values.

What a pattern may say, and the vocabularies, are described in `patterns/README.md`. Reading is cheap and checks a
table's shape only; what the regexes are worth in each engine is the business of `check.py` and of the tests.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from logtriage.errors import LibraryError, UsageError, is_it, nearest
from logtriage.formats.format import LEVELS
from logtriage.shipped import library_folder

_NAMED = 3  # ids that are told where another was asked for


@dataclass(frozen=True, slots=True)
class Example:
    """A text the pattern must match, some of the captures it must give, and the other patterns that may match it."""

    text: str
    gives: Mapping[str, str] = field(default_factory=dict, hash=False)
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """One failure signature; `regex` and `unless` are in `regex_tree.py`'s dialect, read with `^` and `$` per line.

    A record carries the signature when `regex` matches somewhere in its text and `unless` (if any) nowhere. `captures`
    are the names of the regex's groups in their order. `file` is where the pattern was read from. A `fallback` counts only
    where no signature of particular software tells of a failure.
    """

    id: str
    title: str
    severity: str
    category: str
    regex: str
    advice: str
    file: str
    captures: tuple[str, ...] = ()
    unless: str | None = None
    fallback: bool = False
    examples: tuple[Example, ...] = ()
    rejects: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """What stands before the dot of the id: the software or the field it speaks of."""
        return self.id.partition(".")[0]

    @property
    def generic(self) -> bool:
        """Whether it catches any software's wording, so that it may match beside a pattern that knows better."""
        return self.family == "generic"


_REQUIRED = ("id", "title", "severity", "category", "regex", "advice")
_OPTIONAL = ("unless", "fallback", "example", "reject")
_ID = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9][a-z0-9-]*")
_CATEGORY = re.compile(r"[a-z][a-z-]*")
_GROUP = re.compile(r"\(\?P<([^>]*)>")
_CAPTURE = re.compile(r"[a-z][a-z_]*")
_PIECE = re.compile(r"\{([a-z]\w*)\}")
# A user's folder may hold anything, so this is used on the shipped files only (a test compares it with a full read).
_EXAMPLES = re.compile(r"(?ms)^\[\[pattern\.(?:example|reject)\]\].*?(?=^\[\[pattern\]\]|\Z)")


def load_patterns(extra_folders: Sequence[Path] = (), *, examples: bool = True) -> tuple[Pattern, ...]:
    """All patterns, sorted by id: the shipped ones and those of the user's folders.

    `extra_folders` hold more `*.toml` (directly or in their `signatures/`); a later folder's pattern replaces an
    earlier one of the same id. `examples=False` leaves the shipped ones' examples and rejects out, which is several
    times as quick. Raises LibraryError naming file, id and reason when a file is wrong.
    """
    known = {pattern.id: pattern for pattern in _shipped(examples)}
    for folder in extra_folders:
        nested = folder / "signatures"
        known |= {p.id: p for p in read_folder(nested if nested.is_dir() else folder)}
    return tuple(known[id_] for id_ in sorted(known))


def require_flag(name: str, patterns: Sequence[Pattern]) -> None:
    """Raises UsageError, with names that look like it, where no pattern's id or category fits the glob `name`."""
    known = {known for pattern in patterns for known in (pattern.id, pattern.category)}
    if not any(fnmatchcase(one, name) for one in known):
        raise UsageError(
            f"no pattern has the id or category {name!r}",
            f"{meant(name, known)}`logtriage patterns list` names them",
        )


def meant(name: str, known: Iterable[str]) -> str:
    """Which ids or categories may be meant by a name, as the beginning of a hint: one that is near, else the first ones that
    have a word which begins with it or is near."""
    if near := is_it(name, sorted(known)):
        return near
    words: dict[str, list[str]] = {}
    for one in sorted(known, key=lambda one: ("." in one, one)):  # categories first
        for word in {one.rpartition(".")[2], *re.split("[.-]", one)}:
            words.setdefault(word, []).append(one)
    begun = [one for word, those in words.items() if len(name) > 2 and word.startswith(name) for one in those]
    found = dict.fromkeys(begun or words.get(nearest(name, words) or "", []))
    return f"is it {' or '.join(list(found)[:_NAMED])}? " if found else ""


def read_folder(folder: Path, *, examples: bool = True) -> tuple[Pattern, ...]:
    """The patterns of a folder's `*.toml`; an id used twice is a LibraryError, as is a folder that does not exist."""
    if not folder.is_dir():
        raise LibraryError(f"{folder}: no such folder of patterns")
    found: dict[str, Pattern] = {}
    for path in sorted(folder.glob("*.toml")):
        for pattern in read_file(path, examples=examples):
            if pattern.id in found:
                raise LibraryError(f"{path}: pattern {pattern.id}: the id is already used in {found[pattern.id].file}")
            found[pattern.id] = pattern
    return tuple(found.values())


def read_file(path: Path, *, examples: bool = True) -> tuple[Pattern, ...]:
    """The patterns of one TOML file. Raises LibraryError naming file, id and reason."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text if examples else _EXAMPLES.sub("", text))
    except (OSError, ValueError) as why:
        raise LibraryError(f"{path}: cannot be read: {getattr(why, 'strerror', None) or why}") from why
    tables = content.pop("pattern", [])
    if content or not isinstance(tables, list):
        raise LibraryError(f"{path}: only [[pattern]] tables belong here, not {', '.join(content) or 'values'}")
    found = tuple(_read_pattern(path, table) for table in tables)
    twice = [p.id for n, p in enumerate(found) if p.id in {q.id for q in found[:n]}]
    if twice:
        raise LibraryError(f"{path}: pattern {twice[0]}: the id is used twice")
    return found


@functools.cache
def _shipped(examples: bool) -> tuple[Pattern, ...]:
    return read_folder(library_folder() / "signatures", examples=examples)


@functools.cache
def _pieces() -> dict[str, str]:
    path = library_folder() / "signature-pieces.toml"
    return {name: str(piece) for name, piece in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def _read_pattern(path: Path, table: dict[str, Any]) -> Pattern:
    """One [[pattern]] table → Pattern; everything that can be wrong with its shape is told as file, id and reason."""
    try:
        return _pattern(path, table)
    except (ValueError, TypeError, KeyError, AttributeError) as why:
        name = table.get("id", "(no id)") if isinstance(table, dict) else "(not a table)"
        raise LibraryError(f"{path}: pattern {name}: {why}") from why


def _pattern(path: Path, table: dict[str, Any]) -> Pattern:
    for key in table.keys() - {*_REQUIRED, *_OPTIONAL}:
        raise ValueError(f"unknown key {key!r}")
    for key in _REQUIRED:
        if not table.get(key):
            raise ValueError(f"{key} is missing")
    for key in ("id", "title", "severity", "category", "advice"):
        if not isinstance(table[key], str):
            raise ValueError(f"{key} must be text")
    if not isinstance(table.get("fallback", False), bool):
        raise ValueError("fallback must be true or false")
    if not _ID.fullmatch(table["id"]):
        raise ValueError("an id is family.name, in lower case")
    if table["severity"] not in LEVELS:
        raise ValueError(f"severity {table['severity']!r} is none of {', '.join(LEVELS)}")
    if not _CATEGORY.fullmatch(table["category"]):
        raise ValueError("a category is one word in lower case")
    regex = _expand(table["regex"])
    captures = tuple(_GROUP.findall(regex))
    for name in captures:
        if not _CAPTURE.fullmatch(name) or captures.count(name) > 1:
            raise ValueError(f"group {name!r} is named twice, or is no word in lower case")
    return Pattern(
        id=table["id"],
        title=table["title"],
        severity=table["severity"],
        category=table["category"],
        regex=regex,
        advice=table["advice"],
        file=str(path),
        captures=captures,
        unless=_expand(table["unless"]) if "unless" in table else None,
        fallback=table.get("fallback", False),
        examples=tuple(_example(example) for example in table.get("example", ())),
        rejects=tuple(_text(reject, {"text"}) for reject in table.get("reject", ())),
    )


def _example(table: dict[str, Any]) -> Example:
    text = _text(table, {"text", "gives", "also"})
    gives = table.get("gives", {})
    if not all(isinstance(value, str) for value in gives.values()):
        raise ValueError("gives holds texts only")
    return Example(text, gives, tuple(table.get("also", ())))


def _text(table: dict[str, Any], known: set[str]) -> str:
    for key in table.keys() - known:
        raise ValueError(f"unknown key {key!r} in an example or reject")
    if not isinstance(table.get("text"), str):
        raise ValueError("an example or reject has no text")
    return str(table["text"])


def _expand(regex: object) -> str:
    """Joins a regex's pieces and puts in the shared ones, `{peer}` and the like (signature-pieces.toml)."""
    pieces = [regex] if isinstance(regex, str) else regex
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise ValueError("a regex is a text or a list of texts")
    joined = "".join(pieces)
    try:
        return _PIECE.sub(lambda m: _pieces()[m[1]], joined)
    except KeyError as why:
        raise ValueError(f"no shared piece is named {why}") from why
