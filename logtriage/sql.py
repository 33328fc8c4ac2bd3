"""Text inside SQL, where it cannot be a parameter."""

from __future__ import annotations


def literal(text: str) -> str:
    """A string as an SQL literal, its quotes and what is in it."""
    return "'" + text.replace("'", "''") + "'"
