"""What an option or a command of another program (ripgrep, tail, kubectl …) is called here, as hints: see other_tools.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Container
from functools import cache
from pathlib import Path


@cache
def tables() -> dict[str, dict[str, str]]:
    """`options`, `needless` and `commands`: what there is here, or why not → the words of others for it."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def option_here(word: str, known: Container[str]) -> str:
    """What an option of other programs is in a command that has the options `known`, as a hint; empty if nobody knows."""
    name = word.partition("=")[0]
    if name[:2] != "--":
        name = name[:2]  # -j4
    for ours, theirs in tables()["options"].items():
        option = ours.split()[0]
        if name == option or name in theirs.split():
            command = "cat" if option == "--tail" else "grep"
            return f"here it is {ours}; " if option in known else f"`logtriage {command}` has {ours}; "
    return next((f"{why}; " for why, theirs in tables()["needless"].items() if name in theirs.split()), "")


def command_here(word: str) -> str:
    """The command that does what a command of other programs does, as a hint; empty if nobody knows."""
    commands = tables()["commands"]
    return next((f"here it is logtriage {ours}; " for ours, theirs in commands.items() if word in theirs.split()), "")
