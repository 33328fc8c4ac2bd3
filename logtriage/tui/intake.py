"""The sources given on the command line, read into the store by a process of its own while one looks at what is there."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logtriage.normalise import Settings
    from logtriage.sources.find import Source
    from logtriage.store.catalog import PartRow

_NICE = 10  # how far it stands back behind others
_PATIENCE = 3  # seconds that it may still take to commit what it has read
_RIVAL = re.compile(r"\(process (\d+)\) is writing")  # see store/lock.py
_BEHIND = 32 << 20  # bytes: having caught up once, it is told to be behind when so much is not read


class Intake:
    """`logtriage ingest --follow` at work on `sources`, read as `settings` tells. `paths`: their files."""

    def __init__(
        self,
        arguments: Sequence[str],
        sources: Sequence[Source],
        settings: Callable[[], Settings],
        pipe: int | None = None,
    ) -> None:
        """`arguments`: those of `logtriage ingest`, its options and the names of the sources; `pipe`: what stands for
        standard input among these. With one, it begins only when it is told to `start`."""
        self.sources, self.settings = tuple(sources), settings
        self.paths = {os.path.abspath(source.path) for source in sources if source.path}
        self._packed = {os.path.abspath(one.path) for one in sources if one.path and (one.compression or one.member)}
        self.has_caught_up = False  # whether all was read once
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._command = [sys.executable, "-m", "logtriage", "ingest", "--follow", "--with-parent", *arguments]
        self.pipe, self._piped_before = pipe, 0
        self.process: subprocess.Popen[bytes] | None = None
        if pipe is None:
            self.start()

    def start(self, parts: Iterable[PartRow] = ()) -> None:
        """Begins, if it has not. `parts`: those of the store, to tell what comes through the pipe from them."""
        if self.process:
            return
        self._errors.seek(0)
        self._errors.truncate()
        self._piped_before = max((part.part for part in parts if part.path is None), default=0)
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

    def owns(self, part: PartRow) -> bool:
        """Whether a part of the store is one of its sources."""
        if part.path is None:
            return self.pipe is not None and part.part > self._piped_before
        return part.path in self.paths

    @property
    def is_running(self) -> bool:
        """Whether it is still at work, or not yet."""
        return self.process is None or self.process.poll() is None

    def failure(self) -> str | None:
        """Why it ended, if it failed: in one line, so that names of files are left out."""
        if self.process is None or self.process.poll() in (None, 0, 130, -15):
            return None
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        told = next((line for line in lines if line.startswith("logtriage: ")), "reading the sources failed")
        return re.sub(r" (\"/[^\"]*\"|/[^\s:]+)", "", told.removeprefix("logtriage: "))

    def reading(self, read: Mapping[str, int]) -> tuple[float, int] | None:
        """How much of the files is read (0 to 1), given up to where each is (path → bytes), and how many bytes are not;
        None: all is, or nearly all, once it was all: what is followed is always a little ahead."""
        sizes: dict[str, int] = {}
        for path in self.paths:
            with contextlib.suppress(OSError):
                sizes[path] = os.stat(path).st_size
        whole = sum(sizes.values())
        done = 0
        for path, size in sizes.items():
            at = read.get(path, 0)
            done += min(at, size) if path not in self._packed else size if at else 0
        self.has_caught_up |= done >= whole
        return None if whole - done <= _BEHIND * self.has_caught_up else (done / whole, whole - done)

    def pause(self) -> None:
        """Lets others write to the store until it is to `resume`. What comes through a pipe is not to be had twice: with one
        it stays as it is."""
        if self.pipe is None:
            self._end()

    def resume(self) -> None:
        """Goes on after a pause, or where it failed."""
        if self.pipe is None and not self.is_running:
            self._anew()

    def try_again(self) -> bool:
        """Begins anew, if another process was writing to the store, and is no more; gives whether it does."""
        rival = _RIVAL.search(self.failure() or "") if self.pipe is None else None
        if rival is None or _lives(int(rival[1])):
            return False
        self._anew()
        return True

    def close(self) -> None:
        """Ends it; what it has read by then is kept."""
        self._end()
        self._errors.close()

    def _anew(self) -> None:
        self.process = None
        self.start()

    def _end(self) -> None:
        if self.process and self.is_running:
            self.process.terminate()
            try:
                self.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as why:
        return not isinstance(why, ProcessLookupError)
    return True
