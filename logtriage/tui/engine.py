"""The only one that asks the store, by three threads: for what a person waits for, what takes its time, what may take any.

A request that a newer one replaces is dropped, or interrupted if it is being answered. Answers and errors go to a
callback, on the engine's thread.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logtriage.errors import told
from logtriage.store.place import is_store
from logtriage.tui.run import Run, stand_back
from logtriage.tui.watch import Watch

if TYPE_CHECKING:
    from logtriage.store.snapshot import Snapshot
    from logtriage.store.store import Store
    from logtriage.tui.requests.request import Request

Answered = Callable[["Request", Any], None]
Failed = Callable[["Request", str], None]
_LANES = ("front", "back", "aside")
_PATIENCE = 5.0  # seconds that an interrupted query may still take
_GIVES_WAY = 1.0  # seconds that a statement is put off while somebody waits for others


class Engine:
    """An open store and those who ask it. `start` at once: it takes a while. After `close` nothing is answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answered: Answered = lambda request, result: None
        self._failed: Failed = lambda request, why: None
        self._lock = threading.Condition()
        self._waiting: dict[str, list[Request]] = {lane: [] for lane in _LANES}
        self._running: dict[str, Run | None] = dict.fromkeys(_LANES)
        self._worked = dict.fromkeys(_LANES, 0.0)
        self._stale = dict.fromkeys(_LANES, True)
        self._listening = threading.Event()
        self._closed = False
        self._opening = threading.Lock()
        self._store: Store | None = None
        self._narrow = False  # whether queries still have but one thread
        self._watch = Watch(path)
        self._threads = [threading.Thread(target=self._work, args=(lane,), daemon=True) for lane in _LANES]

    def start(self) -> None:
        """Opens the store in the background. What was asked before is answered then."""
        for thread in self._threads:
            thread.start()

    def listen(self, answered: Answered, failed: Failed) -> None:
        """From now on answers are given; until then they wait."""
        self._answered, self._failed = answered, failed
        self._listening.set()

    def ask(self, request: Request) -> None:
        """Asks; the answer comes later, or never if a newer request outdates this one."""
        with self._lock:
            self._drop((request.kind, *request.outdates))
            self._waiting[request.lane].append(request)
            self._lock.notify_all()

    def drop(self, *kinds: str) -> None:
        """What was asked of these kinds is not wanted any more."""
        with self._lock:
            self._drop(kinds)
            self._lock.notify_all()

    @property
    def has_store(self) -> bool:
        """Whether there is a store at all."""
        return is_store(self.path)

    @property
    def is_open(self) -> bool:
        """Whether the store was opened, and could be asked when that was tried last."""
        return self._store is not None

    def has_changed(self) -> bool:
        """Whether the store has, since this was asked last; costs next to nothing."""
        return self._watch.has_changed()

    @property
    def state(self) -> str:
        """What tells the store, as it was when that was asked last, from any other; empty where there is none."""
        return self._watch.state

    def refresh(self) -> None:
        """Whatever is asked from now on sees the store as it is then."""
        with self._lock:
            self._stale = dict.fromkeys(_LANES, True)

    def is_idle(self, *lanes: str) -> bool:
        """Whether nothing is asked or being answered, in these lanes or all."""
        with self._lock:
            return not any(map(self._is_busy, lanes or _LANES))

    def worked(self, lane: str) -> float:
        """How many seconds a lane has worked at what it has answered, without those in which it let others go first."""
        return self._worked[lane]

    def close(self) -> bool:
        """Ends the threads, within what the query in hand takes to be interrupted. Gives whether they have all ended."""
        with self._lock:
            self._closed = True
            for run in self._running.values():
                if run:
                    run.cancel()
            self._lock.notify_all()
        self._listening.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_PATIENCE)
        return not any(thread.is_alive() for thread in self._threads)

    def _drop(self, kinds: Collection[str]) -> None:
        for lane, waiting in self._waiting.items():
            waiting[:] = [one for one in waiting if one.kind not in kinds]
            run = self._running[lane]
            if run and run.request.kind in kinds:
                run.cancel()

    def _work(self, lane: str) -> None:
        hurries = lane == "front"  # until it has answered for the first time: nothing is on the screen yet
        if not hurries:
            stand_back()
        snapshot = self._opened(lane) if hurries and self.has_store else None
        while run := self._take(lane):
            try:
                if run.request.needs_store:
                    snapshot = self._fresh(lane, snapshot)
                    run.holds(snapshot)
                answer = run.request.answer(snapshot)  # type: ignore[arg-type]
                for one in answer if run.request.grows else (answer,):
                    if hurries:
                        hurries = False
                        stand_back()
                    self._widen()
                    self._give(run, one)
                snapshot = _swept(snapshot)
            except Exception as why:
                self._give(run, _told(why), failed=True)
                _close(snapshot)  # an interrupt or an error has ended its transaction
                snapshot = None
            finally:
                with self._lock:
                    self._worked[lane] += run.worked()
                    self._running[lane] = None
                    self._lock.notify_all()
        _close(snapshot)

    def _opened(self, lane: str) -> Snapshot | None:
        """A snapshot before anything is asked; what prevents it is told to who asks first."""
        try:
            return _swept(self._fresh(lane, None))
        except Exception:
            self.refresh()
            return None

    def _widen(self) -> None:
        """Gives queries all processors. The first ones, which do little, have one."""
        if not self._narrow:
            return
        with self._opening:
            if self._store and self._narrow:
                self._store.widen()
                self._narrow = False

    def _take(self, lane: str) -> Run | None:
        with self._lock:
            while not self._closed and not self._waiting[lane]:
                self._lock.wait()
            if self._closed:
                return None
            run = self._running[lane] = Run(self._waiting[lane].pop(0), self._give_way if lane != "front" else None)
            return run

    def _give_way(self, run: Run) -> None:
        """Called before each statement of what nobody waits for: lets go first what somebody does."""
        with self._lock, run.resting():
            self._lock.wait_for(lambda: run.cancelled or self._closed or not self._is_busy("front"), _GIVES_WAY)

    def _is_busy(self, lane: str) -> bool:
        return bool(self._waiting[lane] or self._running[lane])

    def _give(self, run: Run, what: Any, *, failed: bool = False) -> None:
        """Tells who listens; waits until somebody does."""
        self._listening.wait()
        if not run.cancelled and not self._closed:
            (self._failed if failed else self._answered)(run.request, what)

    def _fresh(self, lane: str, snapshot: Snapshot | None) -> Snapshot:
        """The lane's snapshot, a new one if it is stale. Raises StoreError."""
        from logtriage.store.snapshot import Snapshot

        with self._lock:
            stale, self._stale[lane] = self._stale[lane], False
        if snapshot is not None and not stale and snapshot.wake():
            return snapshot
        _close(snapshot)
        store = self._open()
        try:
            return Snapshot(store)  # without the lock: nobody is to wait for a lane that stands back
        except Exception:  # moved, made anew, gone: opened once more for the next request
            with self._opening:
                self._store = None if self._store is store else self._store
            raise

    def _open(self) -> Store:
        """The store, opened by who needs it first. Let go are one that was deleted, though it could be read on: it is missing;
        and one of which a copy is read that is old by now. Raises StoreError."""
        from logtriage.store.store import Store

        with self._opening:
            if not self.has_store or (self._store and self._store.copy and self._store.copy.is_old()):
                self._store = None
            if self._store is None:
                self._store, self._narrow = Store(self.path, threads=1), True
            return self._store


def _swept(snapshot: Snapshot | None) -> Snapshot | None:
    """The snapshot at rest, without what was put beside it; None if the store has changed, so that it is made anew."""
    if snapshot is None:
        return None
    snapshot.con = getattr(snapshot.con, "inner", snapshot.con)  # not to be stopped: nobody waits for this
    with contextlib.suppress(Exception):
        if snapshot.sweep():
            snapshot.rest()
            return snapshot
    _close(snapshot)
    return None


def _close(snapshot: Snapshot | None) -> None:
    if snapshot:
        with contextlib.suppress(Exception):
            snapshot.close()


def _told(why: Exception) -> str:
    """An error as one line. What a command would be told to do about DuckDB's is of no use on the screen."""
    if error := told(why):
        return error.message + (f" ({error.hint})" if error is why and error.hint else "")
    return (str(why).strip() or type(why).__name__).splitlines()[0][:300]
