"""How far a command is, where it prints nothing for a while."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from command import called

from logtriage import hyperscans
from logtriage.cli import main, progress


class Terminal(io.StringIO):
    """What is written to it is seen by somebody."""

    def isatty(self) -> bool:
        return True


def said(folder: Path, *args: str) -> tuple[str, str]:
    """What a command prints, and what it tells on a terminal."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), Terminal()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main([*args, "--no-config", "--no-store", "--utc", "."])
        out.flush()
    buffer = out.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(), err.getvalue()


@pytest.mark.parametrize("output", ["text", "jsonl"])
def test_who_waits_for_the_last_records_sees_how_far_it_is(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sources are read before one of them is printed: meanwhile one line tells of them, and is gone before that."""
    monkeypatch.setattr(progress, "_EVERY", 0)
    for n in range(8):
        (tmp_path / f"{n}.log").write_text("".join(f"2026-03-02 10:0{n}:{s:02} INFO done {n}\n" for s in range(60)))
    out, err = said(tmp_path, "cat", "--tail", "3", "--output", output)
    assert len(out.splitlines()) == 3
    *told, last = re.findall(r"\r\x1b\[Kreading source (\d+) of 8", err)
    assert last == "8" and sorted(told, key=int) == told
    assert "\x1b" not in err.rpartition("\x1b[K")[2] and err.rpartition("\x1b[K")[2].startswith("8 sources; ")
    assert "reading" not in said(tmp_path, "cat", "-m", "3", "--output", output)[1]
    assert said(tmp_path, "cat", "--tail", "3", "--output", output, "--no-messages")[1] == ""


def test_who_waits_for_the_first_time_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the pattern library is compiled, which is once, a terminal is told so, once; what is no terminal is not."""
    monkeypatch.setattr(hyperscans, "before_compiling", hyperscans.before_compiling)
    (tmp_path / "a.log").write_text("2026-03-02 10:00:00 INFO done\n")
    called("triage", "--no-store", "a.log", cwd=tmp_path)
    hyperscans.before_compiling()
    assert not capsys.readouterr().err
    said(tmp_path, "triage")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for parts in ([["a"]], [["a"]], [["b"], ["c"]]):
        hyperscans.kept("few", parts, 0)
    assert capsys.readouterr().err.count("some seconds, once") == 1
