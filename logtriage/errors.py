"""The one family of errors: what happened, what to do about it, and the exit code it ends with."""

from __future__ import annotations


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
