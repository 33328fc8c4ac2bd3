"""Records as they are handed on: text, Markdown or JSON, each with the command that finds it again."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any

from logtriage.answers.detail import Detail
from logtriage.answers.search import Row
from logtriage.tui.drawing import times

KINDS = ("text", "markdown", "json")
_KEPT = (
    "source", "line", "lines", "offset", "level", "severity_text", "service", "host", "container", "pod", "namespace",
    "format", "template", "flags", "trace_id", "span_id", "request_id", "body",
)  # fmt: skip


def copy_of(
    details: Sequence[Detail], kind: str, notes: Mapping[tuple[str, int], str], zone: tzinfo, store: Path | None
) -> str:
    """Records in one of KINDS. `notes`: (source, offset) → what was noted; `store`: its folder, if it is not the user's
    own one."""
    commands = [found_again(one.row, store) for one in details]
    told = [notes.get((one.row.source, one.row.offset), "") for one in details]
    if kind == "json":
        made = [_json(one, note, command) for one, note, command in zip(details, told, commands, strict=True)]
        return "\n".join(json.dumps(one, ensure_ascii=False) for one in made) + "\n"
    each = _markdown if kind == "markdown" else _text
    return "\n".join(each(one, note, command, zone) for one, note, command in zip(details, told, commands, strict=True))


def found_again(one: Row, store: Path | None) -> str:
    """The command that prints the record; records of the same moment in the same source come with it."""
    where = ["--store", str(store)] if store else []
    if one.timestamp is None:
        source = one.source.replace("'", "''")
        sql = f"""SELECT raw FROM records WHERE source = '{source}' AND "offset" = {one.offset}"""
        return shlex.join(["logtriage", "sql", *where, sql])
    moment = one.timestamp.isoformat() + "Z"
    return shlex.join(["logtriage", "cat", *where, "--from-store", one.source, "--since", moment, "--until", moment])


def _text(one: Detail, note: str, command: str, zone: tzinfo) -> str:
    noted = "".join(f"# {line}\n" for line in note.splitlines())
    return f"{noted}{one.row.raw}\n# {command}\n"


def _markdown(one: Detail, note: str, command: str, zone: tzinfo) -> str:
    row = one.row
    when = "no time" if row.timestamp is None else _when(row, zone)
    head = f"**{_inline(row.service or row.source)}** {(row.level or '').upper()} {when}".replace("  ", " ")
    lines = [head]
    lines += [f"> {_inline(line)}" for line in note.splitlines()]
    lines += [f"- `{hit.pattern}`" for hit in one.hits]
    fence = _fence(row.raw)
    return "\n\n".join(["\n".join([lines[0], *([""] if lines[1:] else []), *lines[1:]]), f"{fence}\n{row.raw}\n{fence}",
                        f"{_fence(command)}sh\n{command}\n{_fence(command)}"]) + "\n"  # fmt: skip


def _when(row: Row, zone: tzinfo) -> str:
    """The time in UTC, and in the zone if that is another."""
    assert row.timestamp
    utc = row.timestamp.isoformat(" ", "milliseconds") + "Z"
    offset = times.offset(row.timestamp, zone)
    return utc if offset == "Z" else f"{utc} ({times.clock(row.timestamp, zone)[:8]}{offset})"


def _json(one: Detail, note: str, command: str) -> dict[str, Any]:
    """The keys of `--output jsonl`, with ids, attributes as logged, what was noted, and the command."""
    row = one.row
    stamp = None
    if row.timestamp:
        stamp = row.timestamp.isoformat(timespec="microseconds") + (f"{row.nanos:03}" if row.nanos else "") + "Z"
    made = {"timestamp": stamp, **{name: getattr(row, name) for name in _KEPT}, "attributes": one.attributes}
    return {**made, "raw": row.raw, **({"note": note} if note else {}), "command": command}


def _fence(text: str) -> str:
    """A fence that the text cannot close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(3, longest + 1)


def _inline(text: str) -> str:
    """Text that Markdown, and HTML inside it, leaves as it is."""
    return re.sub(r"([\\`*_\[\]<>|&])", r"\\\1", text).replace("\n", " ")
