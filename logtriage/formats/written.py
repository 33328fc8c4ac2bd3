"""How formats are written in the library: TOML, and regexes in pieces and in one dialect."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from logtriage.errors import LibraryError
from logtriage.shipped import library_folder

_PIECE = r"\{([a-z]\w*)\}"
# One walk over a regex: escapes and classes are stepped over, groups are named, what RE2 or Hyperscan lack is caught.
_TOKEN = (
    r"\\(?P<ref>[1-9]|[gkKRXGZz])|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P<(?P<name>\w+)>|\(\?(?P<odd>P=|P>|<|=|!|>|\(|#|R|&|[a-z]*x)"
    r"|(?P<greedy>[*+?}]\+)"
)


@functools.cache
def table(name: str) -> dict[str, Any]:
    """A file of the library's folder."""
    path = library_folder() / name
    return read_toml(path, path.read_text(encoding="utf-8"))


def read_toml(path: Path, text: str) -> dict[str, Any]:
    """What a file says. Raises LibraryError that names it."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise LibraryError(f"{path}: not valid TOML: {why}") from why


def expanded(regex: str | list[str]) -> str:
    """Joins a regex's pieces and puts in the shared ones, `{iso}` and the like (pieces.toml)."""
    joined = regex if isinstance(regex, str) else "".join(regex)
    try:
        return re.sub(_PIECE, lambda m: str(table("pieces.toml")[m[1]]), joined) if "{" in joined else joined
    except KeyError as why:
        raise ValueError(f"no shared piece is named {why}") from why


def groups(regex: str) -> tuple[str, ...]:
    """The names of a regex's groups; raises ValueError for what not every engine understands, and a name that comes twice."""
    names: list[str] = []
    for token in re.finditer(_TOKEN, regex):
        if token["ref"] or token["odd"] or token["greedy"]:
            raise ValueError(f"{token[0]!r} is not in the common dialect of RE2, Hyperscan and Python")
        if token["name"]:
            names.append(token["name"])
    if len(set(names)) != len(names):
        raise ValueError(f"group {next(n for n in names if names.count(n) > 1)} is named twice")
    return tuple(names)
