"""Writes small files beside the screen, one after the other, so that a slow disk never holds it up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from logtriage.errors import LogtriageError


class Notebook:
    """One thread that writes. What is handed to it before `close` is written before that returns."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="notebook")

    def write(self, work: Callable[[], object], failed: Callable[[LogtriageError], object]) -> None:
        """Has something written; `failed` is called, on that thread, if it could not be."""

        def run() -> None:
            try:
                work()
            except LogtriageError as why:
                failed(why)

        self._thread.submit(run)

    def close(self) -> None:
        """Waits until all is written."""
        self._thread.shutdown(wait=True)
