"""Where the shipped library of formats and patterns is."""

from __future__ import annotations

from pathlib import Path


def library_folder() -> Path:
    """The folder of the shipped patterns: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    return next((p for p in (package / "patterns", package.parent / "patterns") if p.is_dir()), package / "patterns")
