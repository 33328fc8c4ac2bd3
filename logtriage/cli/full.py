"""A record of the store in full: as it is printed, and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from logtriage.answers.search import COLUMNS, Row
from logtriage.cli.rows_out import Shown
from logtriage.query.query import beyond_body

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

_JSON = ("service", "host", "container", "pod", "namespace")
_PRINTED = ("source", "part", "offset", "line", "timestamp", "nanos", "level", "body", "raw")
# The columns of a Row of which only the text is printed: its other fields are None, which costs nothing.
PRINTED = tuple(column if name in _PRINTED else "NULL" for name, column in zip(Row._fields, COLUMNS, strict=True))
Full = tuple[Row, bytes, str | None]  # a row, its exact bytes, its attributes


def columns(output: str, needle: Needle | None, *, only_matching: bool) -> dict[str, str]:
    """The columns of `records` that a Shown is made of, by its fields: those that are printed (not as JSON) and no more."""
    made = dict.fromkeys(Shown._fields, "NULL") | {"timestamp": "timestamp", "level": "level", "found": "true"}
    if output == "raw":
        return made | {"raw": "bytes"}
    made |= {"source": "source", "line": "line", "body": "body"}
    if needle is None or needle.invert or (needle.matches_all and not only_matching):
        return made
    return made | {"whole": "raw" if only_matching else beyond_body(needle)}


def more(attributes: bool) -> tuple[str, ...]:
    """The columns of a Full, beside those of its row."""
    return ("bytes", "attributes") if attributes else ("bytes",)


def full(row: Row, told: tuple[Any, ...]) -> Full:
    """A row and what `more` named."""
    return row, told[0], told[1] or "" if len(told) > 1 else None


def shown(one: Full, output: str, found: bool) -> Shown:
    """A row for the timeline."""
    row, data, attributes = one
    made = None if attributes is None else json_line(row, attributes)
    raw = data if output == "raw" else None
    return Shown(row.timestamp, row.source, row.line, row.level, row.body, None, row.raw, raw, found, made)


def json_line(row: Row, attributes: str) -> str:
    """A record as one JSON object, the same as from the file itself (see jsonl.py)."""
    told: dict[str, Any] = {
        "source": row.source,
        "line": row.line,
        "lines": row.lines,
        "offset": row.offset,
        "timestamp": None,
    }
    if row.timestamp:
        nanos = f"{row.nanos:03}" if row.nanos else ""
        told["timestamp"] = row.timestamp.isoformat(timespec="microseconds") + nanos + "Z"
    told |= {"level": row.level, "severity_text": row.severity_text, **{name: getattr(row, name) for name in _JSON}}
    told |= {
        "format": row.format,
        "template": row.template,
        "flags": row.flags,
        "trace_id": row.trace_id,
        "body": row.body,
    }
    told["attributes"] = _flat(json.loads(attributes) if attributes else {}, "")
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _flat(value: Any, name: str) -> dict[str, Any]:
    """Nested keys joined by dots; what is null is left out."""
    if isinstance(value, dict):
        pairs = [(f"{name}.{key}" if name else key, inner) for key, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{name}.{n}", inner) for n, inner in enumerate(value)]
    else:
        return {} if value is None else {name: value}
    return {key: inner for path, value in pairs for key, inner in _flat(value, path).items()}
