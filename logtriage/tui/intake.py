"""The sources given on the command line, read into the store by a process of its own while one looks at what is there."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path


class Intake:
    """`logtriage ingest --follow` at work. `places`: absolute path → size in bytes of the files it reads."""

    def __init__(self, arguments: Sequence[str], paths: Sequence[Path]) -> None:
        """`arguments`: those of `logtriage ingest`, its options and the sources."""
        self.paths = {os.path.abspath(path): path for path in paths}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "logtriage", "ingest", "--follow", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors,
        )  # fmt: skip

    @property
    def is_running(self) -> bool:
        """Whether it is still at work."""
        return self._process.poll() is None

    def failure(self) -> str | None:
        """Why it ended, if it failed."""
        if self._process.poll() in (None, 0, 130, -15):
            return None
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return next(
            (line for line in lines if line.startswith("logtriage: ")), "reading the sources failed"
        ).removeprefix("logtriage: ")

    def share(self, read: Mapping[str, int]) -> float | None:
        """How much of the files' bytes are read, given up to where each is (path → bytes); None: all."""
        sizes = {}
        for path in self.paths:
            with contextlib.suppress(OSError):
                sizes[path] = os.stat(path).st_size
        whole = sum(sizes.values())
        done = sum(min(read.get(path, 0), size) for path, size in sizes.items())
        return None if done >= whole else done / whole

    def close(self) -> None:
        """Ends it; what it has read by then is kept."""
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._errors.close()
