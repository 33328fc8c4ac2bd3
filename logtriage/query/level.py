"""Levels as people type them."""

from __future__ import annotations

from collections.abc import Sequence

from logtriage.errors import UsageError
from logtriage.query.query import LEVELS

_NAMES = (*LEVELS, "verbose", "information", "notice", "warning", "severe", "critical", "alert", "emergency", "panic")


def level_named(word: str) -> str:
    """`w`, `WARN` or `warning` → `warn`: the beginning of a level's name will do, of a level itself before others.
    Raises UsageError; what logs misspell (see levels.toml) is no name here."""
    plain = word.strip().lower()
    if plain:
        if begun := [level for level in LEVELS if level.startswith(plain)]:
            return begun[0]
        from logtriage.formats.format import level_words

        meant = {level_words()[name] for name in _NAMES if name.startswith(plain)}
        if len(meant) == 1:
            return meant.pop()
    raise UsageError(f"{word!r} is no level", f"the levels are {', '.join(LEVELS)}")


def levels_named(words: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The `level` and `levels` of a Query: one word is the least level wanted; several are just those. Raises UsageError."""
    names = tuple(dict.fromkeys(level_named(word) for word in words))
    return (None, names) if len(words) > 1 else (names[0] if names else None, ())
