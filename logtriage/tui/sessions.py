"""Sessions: what one looks at, and what one marked, as a small file that can be reopened, or given to a colleague."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from logtriage import kept, marks
from logtriage.errors import UsageError
from logtriage.marks import Mark
from logtriage.store.place import default_path
from logtriage.tui import filters as stack
from logtriage.tui.filters import Filter, Filters

_NAME = re.compile(r"\w[\w .:-]{0,79}")
_LAST = ".last-"  # what is written as one goes, a file a store and screen
_MOST_SCREENS = 30  # on one store, that have each a file of their own
_LOOK = ".look-"  # how the screen was left, a file a store (see last_look.py)
_HINT = "`^s` on the screen writes such files"


@dataclass(frozen=True)
class Saved:
    """A session. `off`: all filters are off; `at`: the time being read (None: the end); `zoomed`: what the timeline
    shows (None: all); times are UTC and naive. `utc`: times are shown in UTC; `ended`: one left it by choice."""

    filters: tuple[Filter, ...] = ()
    off: bool = False
    at: datetime | None = None
    zoomed: tuple[datetime, datetime] | None = None
    utc: bool = False
    marks: tuple[Mark, ...] = ()
    ended: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost with it."""
        return not self.filters and self.zoomed is None and self.at is None


def written(saved: Saved) -> str:
    """A session as JSON."""
    content = {
        "logtriage session": 1,
        "filters": stack.kept(Filters(each=saved.filters)),
        "off": saved.off,
        "at": _told(saved.at),
        "zoomed": [_told(end) for end in saved.zoomed] if saved.zoomed else None,
        "utc": saved.utc,
        "marks": marks.plain(saved.marks),
        "ended": saved.ended,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read(text: str) -> Saved:
    """The session that a text holds; single filters and marks that are damaged are left out. Raises UsageError."""
    try:
        content = json.loads(text)
        if not isinstance(content, dict) or "logtriage session" not in content:
            raise ValueError("it is none")
        zoomed = content.get("zoomed")
        return Saved(
            stack.restored(content.get("filters")),
            bool(content.get("off")),
            _moment(content.get("at")),
            _span(zoomed) if zoomed else None,
            bool(content.get("utc")),
            tuple(marks.read(content.get("marks", []))),
            bool(content.get("ended", True)),
        )
    except (ValueError, TypeError, RecursionError, OverflowError) as why:
        raise UsageError(f"the session cannot be read: {why}", _HINT) from why


class Sessions:
    """The sessions of a user in `folder`, and the one that is written as one goes, of the store at `store`. `look`: the
    file of its last look."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder = folder
        name = hashlib.sha256(str(store.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._name = name
        self._last = folder / f"{_LAST}{name}.json"
        self._lock: IO[str] | None = None
        self.look = folder / f"{_LOOK}{name}.json"

    def claim(self) -> None:
        """Takes a file for what is written as one goes that no other screen on the store writes: the first that is free, as
        long as this process lives. Where none can be taken, it is shared."""
        for name in (self._name, *(f"{self._name}-{number}" for number in range(2, _MOST_SCREENS))):
            try:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                lock = open(self.folder / f"{_LAST}{name}.lock", "a")  # noqa: SIM115 - held on
            except OSError:
                return
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            self._last, self._lock = self.folder / f"{_LAST}{name}.json", lock
            return

    def release(self) -> None:
        """Leaves the file to who comes next."""
        if self._lock:
            self._lock.close()

    def names(self) -> list[str]:
        """The names of all sessions, the latest first."""
        try:
            files = [one for one in self.folder.glob("*.json") if not one.name.startswith(".")]
            return [one.stem for one in sorted(files, key=lambda one: -one.stat().st_mtime)]
        except OSError:
            return []

    def save(self, name: str, saved: Saved) -> Path:
        """Writes a session; gives its file. Raises UsageError."""
        return _write(self._path(name), saved)

    def load(self, name: str) -> Saved:
        """The session of that name. Raises UsageError."""
        return load(self._path(name))

    def remove(self, name: str) -> None:
        """Removes a session. Raises UsageError."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as why:
            raise UsageError(f"the session {name} cannot be removed: {why.strerror}") from why

    def note(self, saved: Saved) -> None:
        """Writes down how it stands. Raises UsageError."""
        _write(self._last, saved)

    def last(self) -> Saved | None:
        """How it last stood."""
        try:
            return load(self._last)
        except UsageError:
            return None

    def cut_off(self) -> Saved | None:
        """How it last stood, if it was not left by choice and there was something to lose."""
        saved = self.last()
        return saved if saved and not saved.ended and not saved.is_empty else None

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a session", "letters, digits, blanks, dots, dashes")
        return self.folder / f"{name}.json"


def user_folder() -> Path:
    """Where the user's sessions are kept, beside their own store."""
    return default_path() / "sessions"


def opened(name: str, sessions: Sessions) -> Saved:
    """The session of a file, or else of that name. Raises UsageError."""
    saved = load(Path(name)) if Path(name).is_file() else sessions.load(name.removesuffix(".json"))
    return replace(saved, ended=True)


def load(path: Path) -> Saved:
    """The session in a file. Raises UsageError."""
    try:
        return read(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError as why:
        raise UsageError(f"{path}: {why.strerror}", _HINT) from why


def _write(path: Path, saved: Saved) -> Path:
    try:
        kept.write(path, written(saved))
    except OSError as why:
        raise UsageError(f"the session cannot be written: {path}: {why.strerror}") from why
    return path


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _span(ends: Sequence[Any]) -> tuple[datetime, datetime] | None:
    first, last = map(_moment, ends)
    return (first, last) if first and last and first < last else None
