"""The levels, OpenTelemetry's SeverityNumber of each, and syslog's."""

from __future__ import annotations

SEVERITY = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
WARN, ERROR = SEVERITY["warn"], SEVERITY["error"]  # a record of such a number, or a higher one, is a warning, an error
LEVEL_OF = {number: level for level, number in SEVERITY.items()}
# RFC 5424, 6.2.1: the words for the numbers 0 to 7.
SYSLOG = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_LEVEL = " ".join(f"WHEN {n} THEN '{level}'" for n, level in LEVEL_OF.items())


def level_sql(number: str) -> str:
    """SQL for the name of a level, from its number."""
    return f"CASE {number} {_LEVEL} END"
