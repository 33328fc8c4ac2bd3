"""Conditions on a row of `records`, as SQL with its parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, NamedTuple

from logtriage.sql import literal

# Quoted text is stepped over, a question mark outside is a parameter's place.
_PLACE = r"'[^']*'|\"[^\"]*\"|\?"


class Needs(IntEnum):
    """What has to be known of a record to tell whether a condition holds of it, the dearer the later."""

    COUNTS = 0  # what `lake.activity` counts by: part, shape, severity number
    FLAGS = 1  # which signatures were found in it
    ORIGIN = 2  # who wrote it, and where (pieces.PLACES)
    COLUMNS = 3  # other columns as they are kept
    TEXT = 4  # its text, put together


class Condition(NamedTuple):
    """One condition on a row of `records`."""

    sql: str
    parameters: tuple[Any, ...] = ()
    needs: Needs = Needs.COLUMNS


def once(sql: str) -> str:
    """A condition that names `raw` several times, so that it is put together once: the planner would do it for each."""
    return f"list_transform([raw], lambda raw: {sql})[1]"


def joined(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """Conditions joined by AND, and the parameters of all."""
    sql = " AND ".join(f"({c.sql})" for c in conditions) or "true"
    return sql, [value for c in conditions for value in c.parameters]


def inlined(sql: str, parameters: Sequence[Any]) -> str:
    """SQL with its parameters as literals, ready to paste."""
    values = iter(parameters)
    return re.sub(_PLACE, lambda found: _written(next(values)) if found[0] == "?" else found[0], sql)


def stored(moment: datetime) -> datetime:
    """A moment as the store has it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def any_of(sql: str, count: int) -> str:
    """A condition, with places for parameters, joined by OR with itself: one of so many must hold."""
    return " OR ".join([sql] * count)


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(' ')}'"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    return str(value) if isinstance(value, int | float) else literal(str(value))
