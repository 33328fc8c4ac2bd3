"""The last records of a store as the screen showed them when it was left: shown at once by the next start, if the store is
still the same, until that has opened it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from logtriage import kept
from logtriage.answers.glance import Glance, Glances

_VERSION = 1
_MOST = 100  # records
_TIME = Glance._fields.index("timestamp")


class LastLook(NamedTuple):
    """The last records, and what the sources of them are called, by part."""

    page: Glances
    names: dict[int, str]


def keep(path: Path, state: str, page: Glances, names: Mapping[int, str]) -> None:
    """Writes the end of a page in a file of the user's. `state`: what tells the store as it is from any other; where it
    cannot be written, there is none."""
    rows = page.rows[-_MOST:]
    plain = [[*row[:_TIME], row.timestamp and row.timestamp.isoformat(), *row[_TIME + 1 :]] for row in rows]
    called = {part: names[part] for part in {row.part for row in rows} if part in names}
    more = page.before or len(page.rows) > _MOST
    content = {"logtriage look": _VERSION, "state": state, "before": more, "rows": plain, "names": called}
    with contextlib.suppress(OSError):
        kept.write(path, json.dumps(content))


def recall(path: Path, state: str) -> LastLook | None:
    """What was kept in a file, if the store has not changed since; else the file is removed: it is of no use any more."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if state and (content["logtriage look"], content["state"]) == (_VERSION, state):
            page = Glances([_glance(row) for row in content["rows"]], bool(content["before"]), False)
            return LastLook(page, {int(part): str(name) for part, name in content["names"].items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    with contextlib.suppress(OSError):
        path.unlink()
    return None


def _glance(row: list[Any]) -> Glance:
    moment = row[_TIME]
    return Glance._make((*row[:_TIME], datetime.fromisoformat(moment) if moment else None, *row[_TIME + 1 :]))
