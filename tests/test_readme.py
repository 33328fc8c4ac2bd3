"""The README tells the truth: what it says to type works, and what it shows of the configuration is taken."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import logtriage

from logtriage import config

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    """The README's code blocks in one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_what_it_says_to_type_works(tmp_path: Path) -> None:
    """All commands, typed one after the other in an empty folder, succeed. (Those that set it up are for CI to try.)"""
    typed = [block for block in blocks("sh") if "venv" not in block]
    assert sum(block.count("logtriage ") for block in typed) >= 10
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "logtriage"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m logtriage "$@"\n')
    command.chmod(0o755)
    path = [str(Path(import_path).resolve()) for import_path in sys.path if import_path]
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": os.pathsep.join([str(Path(config.__file__).parent.parent), *path]),
        "LANG": "C.UTF-8",
        **{name: os.environ[name] for name in ("XDG_CACHE_HOME", "PYTHONPYCACHEPREFIX")},  # for speed alone
    }
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    script = "trap 'echo \"FAILED: $BASH_COMMAND\"' ERR\nset -eE\n" + "\n".join(typed)
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path / "work",
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-1500:]}\n{ran.stderr[-1500:]}"


def test_what_it_shows_of_the_demo_is_printed(tmp_path: Path) -> None:
    """Each line of the excerpt is printed, in that order; `…` stands for what is cut."""
    shown = next(block for block in blocks("text") if block.startswith("2026-01-14")).splitlines()
    printed = iter(logtriage("demo", "--run", "--utc", cwd=tmp_path).lines)
    for line in shown:
        parts = [re.escape(part) for part in line.split("…")]
        assert any(re.fullmatch(".*".join(parts), one) for one in printed), line


@pytest.mark.parametrize("text", blocks("toml"))
def test_what_it_shows_of_the_configuration_is_taken(text: str, tmp_path: Path) -> None:
    """The example is read without a complaint."""
    (tmp_path / "config.toml").write_text(text)
    config.load(tmp_path / "config.toml")


def test_links_lead_somewhere() -> None:
    """What it refers to in the checkout is there."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).exists(), target
