"""The sources given on the command line, read into the store by a process of its own while one looks at what is there."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from logtriage.store.paths import name_of

if TYPE_CHECKING:
    from logtriage.normalise import Settings
    from logtriage.sources.find import Source
    from logtriage.store.catalog import PartRow

_NICE = 10  # how far it stands back behind others
_PATIENCE = 3  # seconds that it may still take to commit what it has read
_RIVAL = re.compile(r"\(process (\d+)\) is writing")  # see store/lock.py
_LOCAL = re.compile(r"^.*its times name no zone.*$", re.MULTILINE)  # see cli/local_times.py
_BEHIND = 32 << 20  # bytes: having caught up once, it is told to be behind when so much is not read
_NEARLY = 1 << 20  # bytes, of which that was not all: what is followed is always a little ahead
_STANDS = 5.0  # seconds without getting on, after which another process that writes is taken to read other logs


class Reading(NamedTuple):
    """How far the files are read: a share (0 to 1), and how many bytes are `left`. `waits`: for the process that writes to
    the store meanwhile, and does not read them; None: for none."""

    share: float
    left: int
    waits: int | None = None


class Intake:
    """`logtriage ingest --follow` at work on `sources`, read as `settings` tells. `paths`: their files."""

    def __init__(
        self,
        options: Sequence[str],
        names: Sequence[str],
        sources: Sequence[Source],
        settings: Callable[[], Settings],
        pipe: int | None = None,
    ) -> None:
        """`options`: those of `logtriage ingest`; `names`: of files, folders, globs, which now mean `sources`; `pipe`: what
        stands for standard input among these. With one, it begins only when it is told to `start`."""
        self.sources, self.settings = tuple(sources), settings
        self.paths = {os.path.abspath(source.path) for source in sources if source.path}
        self._wanted = [path for name in names for path in _paths(name)]
        self._packed = {os.path.abspath(one.path) for one in sources if one.path and (one.compression or one.member)}
        self.has_caught_up = False  # whether all was read once
        self._done, self._got_on = 0, 0.0  # how many bytes were read when one looked last, and when they became more
        self._heard = 0  # how many bytes of what it said were looked at
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._command = [
            sys.executable,
            "-m",
            "logtriage",
            "ingest",
            "--follow",
            "--with-parent",
            *options,
            "--",
            *names,
        ]
        self.pipe = pipe
        self._newest: int | None = None  # the last part of the store before it began
        self.process: subprocess.Popen[bytes] | None = None
        if pipe is None:
            self._begin()

    def start(self, parts: Iterable[PartRow] = ()) -> None:
        """Begins, if it has not. `parts`: those of the store, to tell from them what comes new."""
        if self._newest is None:
            self._newest = max((part.part for part in parts), default=0)
        if self.process is None:
            self._begin()

    def _begin(self) -> None:
        self._errors.seek(0)
        self._errors.truncate()
        self._heard = 0
        self.process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL if self.pipe is None else self.pipe,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        if self.pipe is not None:
            os.close(self.pipe)
        with contextlib.suppress(OSError):  # whoever looks goes first
            os.setpriority(os.PRIO_PROCESS, self.process.pid, _NICE)

    def own(self, parts: Iterable[PartRow]) -> tuple[int, ...]:
        """Which parts of the store are of its sources; a file that came up since it began is one where the names mean it."""
        return tuple(part.part for part in parts if self._owns(part))

    def _owns(self, part: PartRow) -> bool:
        is_new = self._newest is not None and part.part > self._newest
        if part.path is None:
            return self.pipe is not None and is_new
        path = name_of(part.path)
        if is_new and any(fnmatchcase(path, wanted) for wanted in self._wanted):
            self.paths.add(path)
        return path in self.paths

    @property
    def is_running(self) -> bool:
        """Whether it is still at work, or not yet."""
        return self.process is None or self.process.poll() is None

    @property
    def rival(self) -> int | None:
        """The process that writes to the store, for which it ended; None: it did not, or that is gone."""
        told = None if self.is_running else _RIVAL.search(self.failure() or "")
        return int(told[1]) if told and _lives(int(told[1])) else None

    def failure(self) -> str | None:
        """Why it ended, if it failed: in one line, so that names of files are left out."""
        if self.process is None or self.process.poll() in (None, 0, 130, -15):
            return None
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        told = next((line for line in lines if line.startswith("logtriage: ")), "reading the sources failed")
        return re.sub(r" (\"/[^\"]*\"|/[^\s:]+)", "", told.removeprefix("logtriage: "))

    def remark(self) -> str | None:
        """What it has said of the sources' times since it was last asked. Its file has one place for both: it is not moved."""
        size = os.fstat(self._errors.fileno()).st_size
        if size == self._heard:
            return None
        said = os.pread(self._errors.fileno(), size - self._heard, self._heard)
        self._heard = size
        found = _LOCAL.search(said.decode("utf-8", "replace"))
        return found and found[0]

    def reading(self, read: Mapping[str, int]) -> Reading | None:
        """How much of the files is read, given up to where each is (path → bytes); None: all is, or nearly all, once it was
        all."""
        sizes: dict[str, int] = {}
        for path in self.paths:
            with contextlib.suppress(OSError):
                sizes[path] = os.stat(path).st_size
        whole = sum(sizes.values())
        done = 0
        for path, size in sizes.items():
            at = read.get(path, 0)
            done += min(at, size) if path not in self._packed else size if at else 0
        self.has_caught_up |= whole - done <= min(_NEARLY, whole // 10)
        if done != self._done or done >= whole:
            self._done, self._got_on = done, monotonic()
        if monotonic() - self._got_on > _STANDS and (rival := self.rival):
            return Reading(done / whole, whole - done, rival)
        return None if whole - done <= _BEHIND * self.has_caught_up else Reading(done / whole, whole - done)

    def pause(self) -> None:
        """Lets others write to the store until it is to `resume`. What comes through a pipe is not to be had twice: with one
        it stays as it is."""
        if self.pipe is None:
            self._end()

    def resume(self) -> None:
        """Goes on after a pause, or where it failed."""
        if self.pipe is None and not self.is_running:
            self._begin()

    def try_again(self) -> bool:
        """Begins anew, if another process was writing to the store, and is no more; gives whether it does."""
        gave_way = self.pipe is None and _RIVAL.search(self.failure() or "")
        if not gave_way or self.rival:
            return False
        self._begin()
        return True

    def close(self) -> None:
        """Ends it; what it has read by then is kept."""
        self._end()
        self._errors.close()

    def _end(self) -> None:
        if self.process and self.is_running:
            self.process.terminate()
            try:
                self.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _paths(name: str) -> tuple[str, str]:
    """Globs of the paths of files that a name means: its own, and those of all that lies in it."""
    own = os.path.abspath(name)
    own = glob.escape(own) if os.path.lexists(name) else own
    return own, f"{own}/*"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as why:
        return not isinstance(why, ProcessLookupError)
    return True
