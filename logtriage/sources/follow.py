"""Following: the lines of many logs as they are written, through rotation, truncation and deletion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from logtriage.errors import SourceError
from logtriage.sources.events import Appeared, Event, Rotated, Truncated, Vanished
from logtriage.sources.find import Source
from logtriage.sources.mark import Mark, Position
from logtriage.sources.pipe import PipeTail
from logtriage.sources.read import UNTOLD, Block, fingerprint, identity
from logtriage.sources.rotation import rotation
from logtriage.sources.tail import FileTail

__all__ = ["Appeared", "Event", "Follower", "Position", "Rotated", "Truncated", "Vanished", "follow"]

_LONGEST_WAIT = 0.25  # seconds between looks when nothing happens
_RESCAN = 1.0  # seconds between looks for new files, at least; and 20 times what such a look takes


class Follower:
    """Follows sources step by step: `poll_once` looks at each of them once. `close` it at the end.

    Of a rotated set only the newest part is followed; compressed files and members of archives do not grow and are
    left out. `rescan` finds the sources anew, so that logs that appear later are followed as well; a part rotated
    away, renamed or copied, is known again and not read a second time.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        positions: Mapping[str, Position],
        *,
        rescan: Callable[[], Iterable[Source]] | None = None,
        flush_after: float = 1.0,
    ) -> None:
        self._flush_after, self._rescan = flush_after, rescan
        self._next_scan: float | None = None
        newest = {source.group: source for source in sources if source.member is None and not source.compression}
        self._tails: dict[str, FileTail | PipeTail] = {}
        for source in newest.values():
            if source.path is None or (source.path.exists() and not source.path.is_file()):
                self._tails[source.name] = PipeTail(source, flush_after)
            else:
                start = positions.get(source.name, Position())
                self._tails[source.name] = FileTail(source, start, flush_after)
        # Older parts at hand: read already, and known again when the next rotation renames them.
        self._older = [_glimpse(source) for source in sources if source.path and source.name not in self._tails]
        self._settled: set[tuple[str, tuple[int, int] | None]] = set()

    @property
    def busy(self) -> bool:
        """Whether there is more to read at once."""
        return any(tail.busy for tail in self._tails.values())

    @property
    def done(self) -> bool:
        """Whether nothing can come any more: standard input is closed, and nothing else is followed."""
        return not self._tails and self._rescan is None

    def poll_once(self, now: float) -> Iterator[Block | Event]:
        """What has come since the last look: at most one block and its events a source. `now`: monotonic seconds."""
        if self._rescan:
            self._look_for_new(self._rescan, now)
        for name, tail in list(self._tails.items()):
            yield from tail.poll(now)
            if isinstance(tail, PipeTail) and tail.ended:
                del self._tails[name]

    def close(self) -> None:
        """Let go of all files."""
        for tail in self._tails.values():
            tail.close()

    def _look_for_new(self, rescan: Callable[[], Iterable[Source]], now: float) -> None:
        if self._next_scan is None:
            self._next_scan = now + _RESCAN
        if now < self._next_scan:
            return
        began = time.monotonic()
        for source in rescan():
            if source.path is None or source.member is not None or source.compression or source.name in self._tails:
                continue
            seen = _glimpse(source)
            # One that is still empty cannot be told from an emptied one rotated away: it waits for its first line.
            if seen.inode and seen.head.length and (source.name, seen.inode) not in self._settled:
                self._settled.add((source.name, seen.inode))
                if not self._is_older_part(source, seen.inode):
                    self._tails[source.name] = FileTail(source, Position(), self._flush_after, fresh=True)
        self._next_scan = now + max(_RESCAN, 20 * (time.monotonic() - began))

    def _is_older_part(self, source: Source, inode: tuple[int, int]) -> bool:
        """Whether a file not seen under this name before is one read already, renamed or copied."""
        assert source.path is not None
        if any(mark.is_file(source, inode) for mark in self._older):
            return True
        place = (source.path.parent, rotation(source.path.name).base)
        for tail in self._tails.values():
            if isinstance(tail, FileTail) and tail.source.path:
                beside = (tail.source.path.parent, rotation(tail.source.path.name).base) == place
                for mark in (*tail.marks, tail.mark()):
                    if mark.is_file(source, inode) or (beside and mark.continued_in(source) is not None):
                        return True
        return False


def _glimpse(source: Source) -> Mark:
    """What a source is known by that was read by others."""
    try:
        at = identity(source)
        return Mark((at.device, at.inode) if at else None, fingerprint(source), 0)
    except SourceError:
        return Mark(None, UNTOLD, 0)


class Stop:
    """What ends the following. A signal handler may set it: it takes no lock, which `threading.Event` does, and which
    the thread that the signal came to may be holding."""

    __slots__ = ("_set",)

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        """From now on it is to end."""
        self._set = True

    def is_set(self) -> bool:
        """Is it to end?"""
        return self._set

    def wait(self, seconds: float) -> None:
        """Sleeps for so long, unless it is to end already."""
        if not self._set:
            time.sleep(seconds)


def follow(
    sources: Sequence[Source],
    positions: Mapping[str, Position],
    *,
    stop: Stop,
    poll: float = 0.1,
    rescan: Callable[[], Iterable[Source]] | None = None,
) -> Iterator[Iterator[Block | Event]]:
    """The lines of `sources` as they come, from `positions` (by source name; without one: from the beginning) on: what there is
    of each at one look after the other, to be taken before the next.

    Blocks hold whole lines, or a started one that was idle for a second. Events tell when another file, or new
    content, is behind a name: then offsets begin at 0 again. Ends when `stop` is set, or the last pipe is closed.
    Looks every `poll` seconds while something happens, more rarely (¼ s) when nothing does.
    """
    follower, wait = Follower(sources, positions, rescan=rescan), poll

    def look() -> Iterator[Block | Event]:
        nonlocal wait
        for item in follower.poll_once(time.monotonic()):
            wait = poll
            yield item

    try:
        while not stop.is_set() and not follower.done:
            wait = min(wait * 1.25, max(poll, _LONGEST_WAIT))
            yield look()
            if not follower.busy:
                stop.wait(wait)
    finally:
        follower.close()
