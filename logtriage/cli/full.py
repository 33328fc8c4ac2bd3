"""A record of the store as it is printed, and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from logtriage.answers.search import COLUMNS, Row
from logtriage.cli.options import WITH_FIELDS
from logtriage.cli.rows_out import Shown
from logtriage.query.query import beyond_body

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

_JSON = ("service", "host", "container", "pod", "namespace")


def columns(output: str, needle: Needle | None, *, only_matching: bool) -> tuple[str, ...]:
    """The columns of `records` that `shown` makes a Shown of: those that are printed, and no more."""
    if output in WITH_FIELDS:
        return (*COLUMNS, "attributes")
    made = dict.fromkeys(Shown._fields, "NULL") | {"timestamp": "timestamp", "level": "level", "found": "true"}
    if output == "raw":
        return tuple((made | {"raw": "bytes"}).values())
    made |= {"source": "source", "line": "line", "body": "body"}
    if needle is not None and not needle.invert and (only_matching or not needle.matches_all):
        made["whole"] = "raw" if only_matching else beyond_body(needle)
    return tuple(made.values())


def shown(values: tuple[Any, ...], output: str) -> Shown:
    """A record that was found, for the timeline."""
    if output not in WITH_FIELDS:
        return Shown._make(values)
    row = Row._make(values[:-1])
    return Shown(
        row.timestamp, row.source, row.line, row.level, None, None, None, None, True, json_line(row, values[-1])
    )


def json_line(row: Row, attributes: str | None) -> str:
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
