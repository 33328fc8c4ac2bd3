"""The log formats the library knows: `patterns/formats/*.toml` → frozen `Format` values.

What a format may say is described in `patterns/README.md`. Reading is kept cheap, as every command pays for it: the
shipped regexes are checked by shape only (the tests compile them in every engine), those of a user's folder are compiled.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from logtriage.errors import LibraryError
from logtriage.formats import written
from logtriage.formats.levels import SEVERITY
from logtriage.shipped import library_folder

LEVELS = tuple(SEVERITY)
KINDS = ("text", "json", "logfmt", "header")


@dataclass(frozen=True, slots=True)
class Example:
    """A record of the format and some of the values its reading must give (`timestamp` and `level` normalised)."""

    text: str
    gives: dict[str, str]


@dataclass(frozen=True, slots=True)
class Format:
    """One log format. Regexes are in the dialect that RE2, Hyperscan and Python share; `groups` are `regex`'s names."""

    id: str
    title: str
    kind: str
    base: str | None = None
    regex: str = ""
    groups: tuple[str, ...] = ()
    levels: dict[str, str] = field(default_factory=dict)
    service: str | None = None
    inner: str | None = None
    inside: tuple[str, ...] = ()
    when: dict[str, str] = field(default_factory=dict)
    family: str | None = None
    start: str | None = None
    multiline: bool = False
    continues: str | None = None
    opens: str | None = None
    default_level: str | None = None
    zone: str | None = None
    timestamp: str | None = None
    priority: int = 50
    require: tuple[str, ...] = ()
    where: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    header: str | None = None
    separator: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    rejects: tuple[str, ...] = ()


# What each key of a [[format]] table must hold; `groups` is derived, `example` and `reject` are tables of their own.
_TYPES: dict[str, type | tuple[type, ...]] = {
    "id": str, "title": str, "kind": str, "base": str, "regex": (str, list), "levels": dict, "service": str, "inner": str,
    "inside": list, "when": dict, "family": str, "start": str, "multiline": bool, "continues": str, "opens": str,
    "default_level": str, "zone": str, "timestamp": str, "priority": int, "require": list, "where": dict, "keys": dict,
    "aliases": dict, "header": str, "separator": str, "columns": dict, "example": list, "reject": list,
}  # fmt: skip
_FIELDS = frozenset(f.name for f in fields(Format))
_EXAMPLES = r"(?ms)^\[\[format\.(?:example|reject)\]\].*?(?=^\[\[format\]\]|\Z)"


def load_formats(extra_folders: Sequence[Path] = (), *, examples: bool = True) -> tuple[Format, ...]:
    """All formats, the first to be tried first: sorted by (-priority, id).

    `extra_folders` hold more `*.toml` (directly or in their `formats/`), or are such files; a later one's format
    replaces an earlier one of the same id. `examples=False` leaves examples and rejects out, which is about three times as quick.
    Raises LibraryError naming file, id and reason when a file is wrong.
    """
    if not extra_folders:
        return _shipped(examples)
    known = {fmt.id: fmt for fmt in _shipped(examples)}
    for folder in extra_folders:
        nested = folder / "formats"
        known |= _read_folder(nested if nested.is_dir() else folder, examples, known)
    return _in_order(known)


def level_words() -> dict[str, str]:
    """The common table: a level's word in lower case → trace, debug, info, warn, error or fatal."""
    words = written.table("levels.toml")
    return {word: level for level in LEVELS for word in words.get(level, ())}


def match_text(fmt: Format, text: str) -> dict[str, str] | None:
    """The named groups of one record read by a text format, without those that took no part; None: not this format.

    The reference for tests and small things. A record's further lines belong to `body`, unless the format is `multiline`.
    """
    first, newline, rest = (text, "", "") if fmt.multiline else text.partition("\n")
    hit = _compiled(fmt.regex, multiline=fmt.multiline).match(first)
    if hit is None:
        return None
    found = {name: value for name, value in hit.groupdict().items() if value}
    if newline and "body" in fmt.groups:
        found["body"] = found.get("body", "") + newline + rest
    return found


@functools.cache
def _compiled(regex: str, *, multiline: bool) -> re.Pattern[str]:
    return re.compile(regex, re.DOTALL if multiline else 0)


@functools.cache
def _shipped(examples: bool) -> tuple[Format, ...]:
    return _in_order(_read_folder(library_folder() / "formats", examples))


def _in_order(known: Mapping[str, Format]) -> tuple[Format, ...]:
    return tuple(sorted(known.values(), key=lambda fmt: (-fmt.priority, fmt.id)))


def _read_folder(folder: Path, examples: bool, shipped: Mapping[str, Format] | None = None) -> dict[str, Format]:
    """The formats of a folder's files by id; an id that two files use is an error. `shipped`: those known before, where it is
    a user's."""
    found: dict[str, Format] = {}
    paths: dict[str, Path] = {}
    for path in [folder] if folder.is_file() else sorted(folder.glob("*.toml")):
        for table in _tables(path, examples):
            fmt = _read_format(path, table, shipped is not None)
            if fmt.id in found:
                raise LibraryError(f"{path}: format {fmt.id}: the id is already in use")
            found[fmt.id], paths[fmt.id] = fmt, path
    return {id: _on_base(fmt, {**(shipped or {}), **found}, paths[id]) for id, fmt in found.items()}


def _on_base(fmt: Format, known: Mapping[str, Format], path: Path) -> Format:
    """The format, with the keys of its base behind its own."""
    if not fmt.base:
        return fmt
    if fmt.base not in known:
        raise LibraryError(f"{path}: format {fmt.id}: base names no format: {fmt.base!r}")
    keys = {name: keys for name, keys in known[fmt.base].keys.items() if name != "service" or not fmt.service}
    return replace(fmt, keys=keys | {name: _behind(own, keys.get(name, ())) for name, own in fmt.keys.items()})


def _behind(own: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return (*own, *(key for key in others if key not in own))


def _tables(path: Path, examples: bool) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as why:
        raise LibraryError(f"{path}: cannot be read: {getattr(why, 'strerror', None) or why}") from why
    content = written.read_toml(path, text if examples else re.sub(_EXAMPLES, "", text))
    if content.keys() - {"format"} or not isinstance(content.get("format", []), list):
        raise LibraryError(f"{path}: only [[format]] tables belong here, found {', '.join(sorted(content))}")
    return cast(list[dict[str, Any]], content.get("format", []))


def _read_format(path: Path, table: dict[str, Any], compile_too: bool) -> Format:
    """One [[format]] table → Format; everything that can be wrong with it is told as file, id and reason."""
    try:
        fmt = Format(**_values(table))
        _check(fmt, compile_too)
    except re.error as why:
        raise LibraryError(f"{path}: format {table['id']}: regex does not compile: {why}") from why
    except (ValueError, TypeError, KeyError, AttributeError) as why:
        raise LibraryError(f"{path}: format {table.get('id', '(no id)')}: {why}") from why
    return fmt


def _values(table: dict[str, Any]) -> dict[str, Any]:
    for key, value in table.items():
        if key not in _TYPES:
            raise ValueError(f"unknown key {key!r}")
        if not isinstance(value, _TYPES[key]):
            raise TypeError(f"{key} has the wrong type ({type(value).__name__})")
    for key in ("id", "title", "kind"):
        if key not in table:
            raise ValueError(f"{key} is missing")
    values = {key: value for key, value in table.items() if key in _FIELDS}
    for key in ("regex", "start", "continues", "opens"):
        if key in values:
            values[key] = written.expanded(values[key])
    for key in ("inside", "require"):
        values[key] = tuple(values.get(key, ()))
    for key in ("keys", "aliases"):
        values[key] = {name: tuple(paths) for name, paths in values.get(key, {}).items()}
    values["levels"] = {str(word).lower(): level for word, level in values.get("levels", {}).items()}
    values["groups"] = written.groups(values.get("regex", ""))
    values["examples"] = tuple(Example(e["text"], e.get("gives", {})) for e in table.get("example", ()))
    values["rejects"] = tuple(r["text"] for r in table.get("reject", ()))
    return values


def _check(fmt: Format, compile_too: bool) -> None:
    if fmt.kind not in KINDS:
        raise ValueError(f"kind {fmt.kind!r} is none of {', '.join(KINDS)}")
    if (fmt.kind == "text") != bool(fmt.regex):
        raise ValueError("regex is missing" if fmt.kind == "text" else f"a {fmt.kind} format has no regex")
    if (fmt.kind == "header") != bool(fmt.header):
        raise ValueError("header is missing" if fmt.kind == "header" else f"a {fmt.kind} format has no header")
    if fmt.kind == "text" and not {"timestamp", "time", "body", "level"} & set(fmt.groups):
        raise ValueError("regex names neither timestamp, time, level nor body")
    if fmt.kind == "text" and fmt.inner and fmt.inner not in fmt.groups:
        raise ValueError(f"inner names the group {fmt.inner}, which regex does not have")
    if fmt.opens and not fmt.multiline:
        raise ValueError("opens is for multiline formats")
    for regex in (fmt.regex, fmt.start, fmt.header):
        if regex and not regex.startswith("^"):
            raise ValueError(f"regex must begin with ^: {regex[:40]}")
    for level in (*fmt.levels.values(), fmt.default_level):
        if level is not None and level not in LEVELS:
            raise ValueError(f"level {level!r} is none of {', '.join(LEVELS)}")
    if compile_too:
        for regex in (
            fmt.regex,
            fmt.start,
            fmt.continues,
            fmt.opens,
            fmt.header,
            *fmt.when.values(),
            *fmt.where.values(),
        ):
            _compiled(regex or "", multiline=False)
