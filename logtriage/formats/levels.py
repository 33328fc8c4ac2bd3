"""The levels, and OpenTelemetry's SeverityNumber of each."""

from __future__ import annotations

SEVERITY = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
_LEVEL = " ".join(f"WHEN {n} THEN '{level}'" for level, n in SEVERITY.items())


def level_sql(number: str) -> str:
    """SQL for the name of a level, from its number."""
    return f"CASE {number} {_LEVEL} END"
