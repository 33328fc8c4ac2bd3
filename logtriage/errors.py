"""The one family of errors: what happened, what to do about it, and the exit code it ends with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

_NEAR = 0.75  # of what two words have in common (see difflib); less is another word


class LogtriageError(Exception):
    """A failure that is told to the user in one clear line.

    `message` says what and where, `hint` what to do (or None); `exit_code` follows grep: 2 for an error.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(LogtriageError):
    """The command line, the config or a query cannot be understood."""


class SourceError(LogtriageError):
    """A log source cannot be found, opened, unpacked or read to its end."""


class LibraryError(LogtriageError):
    """A file of the pattern library is wrong; the message names file, id and reason."""


class StoreError(LogtriageError):
    """The store cannot be opened, is held by another writer, or could not take the data."""


class StoreInUse(StoreError):
    """Another process writes to the store, maybe for as long as it follows logs."""


class StoreNotWritable(StoreError):
    """The store's folder cannot be made, or written to."""


def told(why: Exception) -> LogtriageError | None:
    """An exception as it is told to the user in one clear line; None for Ctrl-C, and for a fault of the program."""
    if isinstance(why, LogtriageError):
        return why
    if interrupted(why) or os.environ.get("LOGTRIAGE_DEBUG"):
        return None
    duckdb = sys.modules.get("_duckdb")
    if isinstance(why, MemoryError) or (duckdb and isinstance(why, duckdb.OutOfMemoryException)):
        return LogtriageError("there is not enough memory for this", "ask for less at once: by --since, --source or -m")
    if duckdb and isinstance(why, duckdb.Error):
        return unreadable(why) or LogtriageError(
            f"DuckDB: {str(why).strip().splitlines()[0]}", "LOGTRIAGE_DEBUG=1 shows where"
        )
    return None


def unreadable(why: Exception) -> StoreError | None:
    """What DuckDB failed by, if that is a file of the store which it cannot open: of some it does not tell why."""
    import _duckdb as duckdb

    paths = (
        [part for part in str(why).split('"') if part[:1] == "/"]
        if type(why) in (duckdb.Error, duckdb.IOException)
        else []
    )
    for path in paths:
        try:
            with open(path, "rb"):
                continue
        except OSError as what:
            hint = "ask its owner" if isinstance(what, PermissionError) else "if it was moved, name it with --store"
            return StoreError(f"the store cannot be read: {path}: {what.strerror}", hint)
    return None


def interrupted(why: Exception) -> bool:
    """Whether an exception stands for Ctrl-C, as DuckDB tells of it."""
    return isinstance(why.__cause__ or why.__context__, KeyboardInterrupt)


def is_text(word: str) -> bool:
    """Whether a word from the command line, or a file's name, was UTF-8."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is nearest to a word; None if none is near."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=_NEAR)), None)


def is_it(word: str, known: Iterable[str]) -> str:
    """`is it NAME? ` for the nearest name, as the beginning of a hint; empty if none is near, or it is the word itself."""
    near = nearest(word, known)
    return f"is it {near}? " if near and near != word else ""
