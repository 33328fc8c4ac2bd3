"""How far a command is that prints nothing for a while."""

from __future__ import annotations

import sys
import time

_EVERY = 0.2  # seconds between two lines, and before the first one


class Progress:
    """One line on the terminal that tells how far it is; nothing where standard error is none."""

    def __init__(self, quiet: bool) -> None:
        self._on = not quiet and sys.stderr.isatty()
        self._began = self._told = time.monotonic()
        self._shown = False

    @property
    def seconds(self) -> float:
        """Since it began; never 0."""
        return max(time.monotonic() - self._began, 0.001)

    def tell(self, text: str) -> None:
        """To be called often; it prints five times a second at most."""
        now = time.monotonic()
        if self._on and now - self._told >= _EVERY:
            self._told, self._shown = now, True
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Takes the line away."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False
