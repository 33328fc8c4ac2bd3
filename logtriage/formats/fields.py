"""One line → its fields by name, in plain Python: for samples and for the few lines around a hit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from logtriage.formats.format import Format, match_text

_LOGFMT = re.compile(r'([A-Za-z_@][\w.@/-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))')
WHOLE_SECONDS = re.compile("[12][0-9]{9}")  # an epoch, to which `nanos` may belong
LOGFMT_HEAD = r'^\s*[A-Za-z_@][\w.@/-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+[A-Za-z_@][\w.@/-]*=|\s*$)'


def read_head(fmt: Format, text: str, document: dict[str, Any] | None) -> dict[str, str] | None:
    """The fields of a record's first line in one format, by name; None when it is not of this format. `document`: that
    of the text (see `document_of`), which many formats are asked about."""
    if fmt.multiline and fmt.start:
        return {} if re.match(fmt.start, text) else None
    if fmt.kind == "text":
        fields = match_text(fmt, text)
        if fields is not None and "time" in fields and not fields.get("timestamp"):
            fields["timestamp"] = f"{fields['date']} {fields['time']}" if "date" in fields else fields["time"]
        return fields
    if fmt.kind == "header":
        hit = re.match(fmt.header or "", text)
        return {k: v or "" for k, v in hit.groupdict().items()} if hit else None
    scalars = _scalars(fmt, text, document)
    if scalars is None:
        return None
    if any(scalars(path) is None for path in fmt.require):
        return None
    if any(not re.search(rx, _said(scalars(path))) for path, rx in fmt.where.items()):
        return None
    fields = {}
    for role, paths in {**fmt.aliases, **fmt.keys}.items():
        value = next((v for v in map(scalars, paths) if v not in (None, "") and not isinstance(v, dict | list)), None)
        if value is not None:
            fields[role] = json.dumps(value) if isinstance(value, bool) else str(value)
    if fmt.inner and fmt.inner not in fields and (value := scalars(fmt.inner)) is not None:
        fields[fmt.inner] = str(value)
    if "nanos" in fields and WHOLE_SECONDS.fullmatch(fields.get("timestamp", "")):
        fields["timestamp"] += "." + fields["nanos"].zfill(9)
    return fields


def _said(value: Any) -> str:
    """A document's value as it is matched by a regex; nothing where it has none (0 is a value)."""
    return "" if value is None else str(value)


def document_of(text: str) -> dict[str, Any] | None:
    """A line's JSON object; None where it is none, or one too deep to be read."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _scalars(fmt: Format, text: str, document: dict[str, Any] | None) -> Callable[[str], Any] | None:
    """What gives the value under a key of a JSON or logfmt line; None when the text is neither."""
    if fmt.kind == "json":
        return None if document is None else partial(_lookup, document)
    if not re.match(LOGFMT_HEAD, text):
        return None
    return {m[1]: m[2] if m[2] is not None else m[3] for m in _LOGFMT.finditer(text)}.get


def _lookup(document: Any, path: str) -> Any:
    """`a.b` in a document: the key "a.b" itself, else b inside a."""
    if not isinstance(document, dict):
        return None
    if path in document:
        return document[path]
    head, dot, rest = path.partition(".")
    below = document.get(head)
    while isinstance(below, list) and rest.startswith("0"):  # an array's first member
        below, (_, _, rest) = below[0] if below else None, rest.partition(".")
    return _lookup(below, rest) if dot else None
