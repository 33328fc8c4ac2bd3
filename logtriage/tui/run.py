"""One request being answered, which can be ended at any time, also between two statements; and the thread that does it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logtriage.store.snapshot import Snapshot
    from logtriage.tui.requests.request import Request


_NICE = 5  # how far the threads stand back behind the one that draws and takes keys


class Cancelled(Exception):
    """The request is of no use any more."""


class Run:
    """A request being answered. `give_way`: called before each statement."""

    def __init__(self, request: Request, give_way: Callable[[Run], None] | None = None) -> None:
        self.request = request
        self.give_way = give_way
        self.cancelled = False
        self._con: Any = None
        self._began, self._rested = monotonic(), 0.0

    @contextlib.contextmanager
    def resting(self) -> Iterator[None]:
        """What is done inside is no work for the request."""
        began = monotonic()
        yield
        self._rested += monotonic() - began

    def worked(self) -> float:
        """How many seconds it was worked on so far."""
        return monotonic() - self._began - self._rested

    def holds(self, snapshot: Snapshot) -> None:
        """To be told which connection it works on, so that it can be interrupted, also between two statements."""
        inner = getattr(snapshot.con, "inner", snapshot.con)
        self._con = inner
        snapshot.con = _Watched(inner, self)  # type: ignore[assignment]

    def cancel(self) -> None:
        """Ends it as soon as can be."""
        self.cancelled = True
        self.request.cancel()
        if self._con is not None:
            with contextlib.suppress(Exception):
                self._con.interrupt()


class _Watched:
    """A connection that runs no statement for a request that was cancelled."""

    def __init__(self, inner: Any, run: Run) -> None:
        self.inner = inner
        self._run = run

    def execute(self, *args: Any) -> Any:
        if self._run.give_way:
            self._run.give_way(self._run)
        if self._run.cancelled:
            raise Cancelled
        return self.inner.execute(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def stand_back() -> None:
    """Lets the screen's own thread go before this one. Those that DuckDB starts from it do as it does; only on Linux has a
    thread a priority of its own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
