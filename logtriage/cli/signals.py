"""How a command that works for long is ended: by Ctrl-C, a termination, or the end of the process that started it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from logtriage.sources.follow import Stop

_LOOK_FOR_PARENT = 1.0  # seconds between two looks


@contextmanager
def stopped_by_signal() -> Iterator[Stop]:
    """An event that Ctrl-C or a termination sets, so that work ends between steps; a second Ctrl-C ends it at once."""
    stop = Stop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_with_parent() -> None:
    """Has this process terminated once the one that started it is no more, however that ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_FOR_PARENT)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
