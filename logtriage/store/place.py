"""Where a store is, whether a folder is one, and of which version those of this program are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from logtriage.errors import StoreError

VERSION = "3"
CATALOG = "catalog.sqlite"
_OWN = {CATALOG, "lock"}  # what a store begins with
_BESIDE = {"marks.json", "reports", "sessions"}  # what may be there before it


def default_path() -> Path:
    """The user's own store: `LOGTRIAGE_STORE`, else `logtriage` in the platform's state folder."""
    if named := os.environ.get("LOGTRIAGE_STORE"):
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/logtriage"
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "logtriage"


def is_store(path: Path) -> bool:
    """Whether there is a store in a folder."""
    return (path / CATALOG).exists()


def require(path: Path) -> None:
    """Raises StoreError where there is no store."""
    if not is_store(path):
        raise StoreError(f"there is no store at {path}", "`logtriage ingest SOURCE…` makes one")


def refuse_others(path: Path) -> None:
    """Raises StoreError where a folder holds other things: a store does not spread among somebody's files."""
    try:
        held = {one.name for one in path.iterdir()}
    except OSError:  # not there yet, or told by what comes next
        return
    if held - _BESIDE and not held & _OWN:
        raise StoreError(f"{path} is no store, and not empty", "name a new or empty folder, or a store, with --store")
