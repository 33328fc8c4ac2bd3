"""What `--fail-on` asks for: `new`, `new:LEVEL`, `flag:NAME`, `level:LEVEL`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logtriage.errors import UsageError
from logtriage.query.level import level_named
from logtriage.query.query import LEVELS
from logtriage.signatures.library import require_flag

if TYPE_CHECKING:
    from logtriage.signatures.library import Pattern

_HINT = "new, new:error, flag:oom-kill, flag:memory, flag:jvm.*, level:fatal; several with commas"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must not be. `kind`: new (templates that the baseline has not, of `level` at least), flag
    (signatures whose id or category fits the glob `name`), level (records of `level` at least)."""

    kind: str
    name: str = ""
    level: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def read_rules(texts: Sequence[str], patterns: Sequence[Pattern]) -> list[Rule]:
    """Each text may be a list, `new,level:fatal`. Raises UsageError for what is no rule, and for a flag that no pattern
    has: a gate that can never close is worse than none."""
    rules = [_rule(word.strip(), patterns) for text in texts for word in text.split(",") if word.strip()]
    if not rules:
        raise UsageError("check: --fail-on names nothing", _HINT)
    return list(dict.fromkeys(rules))


def _rule(word: str, patterns: Sequence[Pattern]) -> Rule:
    kind, _, name = word.partition(":")
    if kind == "flag" and name:
        require_flag(name, patterns)
        return Rule("flag", name)
    if (kind == "level" and name) or kind == "new":
        name = level_named(name) if name else name
        return Rule(kind, name, LEVELS.get(name, 0))
    raise UsageError(f"check: {word!r} is no rule of --fail-on", _HINT)
