"""A template, one text of it and a text that nearly is → the draft of a signature, as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from logtriage.signatures.library import Pattern

# The words before a value → the capture it is; the vocabulary is that of check.py.
_BEFORE = (
    (r"user(?:name)?", "user"), (r"(?:port)", "peer_port"), (r"(?:after|took|in|for)", "duration"), (r"timeout", "timeout"),
    (r"(?:host|server|peer|node|to|from|connect(?:ing)? to)", "peer_host"), (r"(?:exit )?code", "exit_code"),
    (r"status", "status"), (r"pid", "pid"), (r"signal", "signal"), (r"(?:file|path|directory|read|open|write)", "path"),
    (r"(?:topic)", "topic"), (r"partition", "partition"), (r"queue", "queue"), (r"database", "database"), (r"size", "size"),
    (r"limit", "limit"), (r"(?:reason|error)", "reason"), (r"(?:device|disk)", "device"), (r"url", "url"),
)  # fmt: skip
_DURATION = re.compile(r"[<~]?\d+(?:\.\d+)?\s?(?:[nuµm]?s|msecs?|secs?|seconds?|m|mins?|minutes?|h|hours?)")
_LONGEST = 60


def regex_of(own: Sequence[str], given: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A template's own text around its values, and the values of one text → a regex, and what its captures give."""
    gives: dict[str, str] = {}
    out = [_literal(own[0])]
    for k, value in enumerate(given):
        loose = (
            ".+"
            if k == len(given) - 1 and not own[k + 1]
            else r"\S+"
            if value and not re.search(r"\s", value)
            else ".*?"
        )
        name = _capture(own[k], value)
        if name and name not in gives and value:
            gives[name] = value
            out.append(f"(?P<{name}>{loose})")
        else:
            out.append(loose)
        out.append(_literal(own[k + 1]))
    return "".join(out), gives


def toml(pattern: Pattern) -> str:
    """A signature as the [[pattern]] table that it is read from."""
    lines = ["[[pattern]]"]
    for key in ("id", "title", "severity", "category", "regex", "unless", "advice"):
        if (value := getattr(pattern, key)) is not None:
            lines.append(f"{key} = {_quoted(value)}")
    if pattern.fallback:
        lines.append("fallback = true")
    for example in pattern.examples:
        lines += ["[[pattern.example]]", f"text = {_quoted(example.text)}"]
        if example.gives:
            gives = ", ".join(f"{name} = {_quoted(value)}" for name, value in example.gives.items())
            lines.append(f"gives = {{ {gives} }}")
        if example.also:
            lines.append(f"also = [{', '.join(map(_quoted, example.also))}]")
    for text in pattern.rejects:
        lines += ["[[pattern.reject]]", f"text = {_quoted(text)}"]
    return "\n".join(lines) + "\n"


def slug(text: str) -> str:
    """A few words of a template as the second half of an id."""
    words = re.findall(r"[a-z]+", text.lower())
    return "-".join(words[:5])[:_LONGEST].strip("-") or "event"


def _capture(before: str, value: str) -> str | None:
    named = next((name for words, name in _BEFORE if re.search(rf"(?i)\b{words}\W*$", before)), None)
    if named == "duration" and not _DURATION.fullmatch(value):
        return None
    return named


def _literal(text: str) -> str:
    """Escaped for all engines; any white space stands for any."""
    return re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(text))


def _quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007F")
