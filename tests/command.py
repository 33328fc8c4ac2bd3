"""Runs logtriage as its users do, as a process of its own; or, many times as quickly, inside the tests' own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from logtriage.cli import main

ROOT = Path(__file__).resolve().parent.parent


class Ran(NamedTuple):
    """What a run gave."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()


def environment(**more: str) -> dict[str, str]:
    """The environment of a run: nothing of the user's own settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_") and key != "NO_COLOR"}
    path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path, "TZ": "UTC", **more}


def logtriage(*args: str | Path, stdin: bytes | None = None, cwd: Path | None = None, **env: str) -> Ran:
    """Runs `logtriage ARGS`; without `stdin` there is no standard input to read."""
    ran = subprocess.run(
        [sys.executable, "-m", "logtriage", *map(str, args)],
        **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),  # type: ignore[arg-type]
        capture_output=True, cwd=cwd, env=environment(**env), timeout=120, check=False,
    )  # fmt: skip
    return Ran(ran.returncode, ran.stdout.decode("utf-8", "surrogateescape"), ran.stderr.decode("utf-8", "replace"))


def called(*args: str | Path, cwd: Path | None = None, **env: str) -> Ran:
    """What such a run gives, without a process: for what is printed, where neither pipes nor signals matter."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors) for errors in ("strict", "backslashreplace"))
    with (
        mock.patch.dict(os.environ, environment(**env), clear=True),
        contextlib.chdir(cwd or Path()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(list(map(str, args)))
        out.flush()
        err.flush()
    printed, said = (stream.buffer.getvalue() for stream in (out, err))
    return Ran(code, printed.decode("utf-8", "surrogateescape"), said.decode("utf-8", "replace"))
