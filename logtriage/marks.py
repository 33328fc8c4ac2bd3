"""What the person on call has marked: places in the logs, each with a note, kept in one small file beside the store."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from logtriage import kept
from logtriage.errors import StoreError

_NAME = "marks.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """One record that was marked: its source (as the store names it), its byte offset there, its time (UTC, naive; None
    where it has none), and what was noted about it."""

    source: str
    offset: int
    timestamp: datetime | None = None
    note: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """What tells a record from all others."""
        return self.source, self.offset


def load(store: Path) -> list[Mark]:
    """The marks kept in a store's folder, in the order of time; entries that are damaged are left out.

    A file of which nothing can be read gives no marks: `save` keeps it aside.
    """
    return sorted(_entries(_read(store / _NAME))[0], key=_order)


def save(store: Path, marks: Iterable[Mark]) -> None:
    """Writes all marks of a store, in one step: whoever reads meanwhile sees the old file or the new one, whole.

    The file is its owner's alone. One that could not be read whole is kept as `marks.json.damaged`. Raises StoreError.
    """
    path = store / _NAME
    entries = [asdict(mark) for mark in sorted({mark.key: mark for mark in marks}.values(), key=_order)]
    text = json.dumps({"version": 1, "marks": entries}, ensure_ascii=False, indent=1, default=_plain)
    try:
        if path.exists() and _entries(_read(path))[1]:
            os.replace(path, path.with_suffix(".json.damaged"))
        kept.write(path, text)
    except OSError as why:
        raise StoreError(f"the marks in {store} cannot be written: {why.strerror}") from why


def toggled(marks: Iterable[Mark], mark: Mark) -> list[Mark]:
    """The marks without the record of `mark` if it was marked, else with it."""
    marks = list(marks)
    others = [one for one in marks if one.key != mark.key]
    return others if len(others) < len(marks) else sorted([*marks, mark], key=_order)


def _read(path: Path) -> Any:
    """The file's content; an empty list where there is none, None where it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except FileNotFoundError:
        return {"marks": []}
    except (OSError, ValueError, RecursionError):
        return None


def plain(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    """Marks as plain values, for a file."""
    return [{**asdict(mark), "timestamp": mark.timestamp and mark.timestamp.isoformat()} for mark in marks]


def read(entries: Any) -> list[Mark]:
    """Marks from such values, in the order of time; those that are damaged are left out."""
    return sorted(_entries({"marks": entries})[0], key=_order)


def _entries(content: Any) -> tuple[list[Mark], bool]:
    """The marks in a file's content, and whether any of it was damaged."""
    entries = content.get("marks") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        return [], True
    marks = [_mark(entry) for entry in entries]
    return [mark for mark in marks if mark], None in marks


def _mark(entry: Any) -> Mark | None:
    try:
        source, offset, at, note = entry["source"], entry["offset"], entry.get("timestamp"), entry.get("note", "")
        moment = datetime.fromisoformat(at) if at is not None else None
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    if (
        not isinstance(source, str)
        or not isinstance(note, str)
        or isinstance(offset, bool)
        or not isinstance(offset, int)
    ):
        return None
    if moment and moment.tzinfo:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return Mark(source, offset, moment, note)


def _order(mark: Mark) -> tuple[bool, datetime, str, int]:
    return mark.timestamp is None, mark.timestamp or datetime.min, mark.source, mark.offset


def _plain(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
