"""Values that are found out once (logtriage/once.py)."""

from __future__ import annotations

import threading
from functools import partial

from logtriage.once import once
from logtriage.store.snapshot import Snapshot


class _Slow:
    def __init__(self, begun: threading.Event, may_end: threading.Event) -> None:
        self.begun, self.may_end, self.found = begun, may_end, 0

    @once
    def value(self) -> int:
        """A value."""
        self.begun.set()
        self.found += 1
        assert self.may_end.wait(20)
        return self.found


def test_an_object_does_not_wait_for_another_ones_value() -> None:
    """While one thread finds a value of its object, which takes as long as it likes, another has that of its own."""
    begun, never, at_once = threading.Event(), threading.Event(), threading.Event()
    at_once.set()
    slow, quick = _Slow(begun, never), _Slow(begun, at_once)
    first = threading.Thread(target=partial(getattr, slow, "value"))
    second = threading.Thread(target=partial(getattr, quick, "value"))
    first.start()
    assert begun.wait(20)
    second.start()
    second.join(10)
    waited = second.is_alive()
    never.set()
    first.join()
    second.join()
    assert not waited


def test_a_value_is_found_once() -> None:
    """Asked again, it is not found again; each object has its own, and what is told of it stays with it."""
    ready = threading.Event()
    ready.set()
    one, other = _Slow(ready, ready), _Slow(ready, ready)
    assert (one.value, one.value, other.value) == (1, 1, 1)
    assert one.found == other.found == 1
    assert _Slow.value.__doc__ == "A value."


def test_all_that_a_snapshot_finds_out_is_found_without_a_lock() -> None:
    """The screen asks with one snapshot a thread, of which one gives way to another in the middle of such a value: with
    `functools.cached_property` it held back what it gave way to."""
    from functools import cached_property

    values = vars(Snapshot).values()
    assert sum(isinstance(value, once) for value in values) >= 8
    assert not any(isinstance(value, cached_property) for value in values)
