"""What is said at the foot of the main screen: how it stands, and for a while what has just come of something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logtriage.errors import LogtriageError
from logtriage.tui.messages import Said
from logtriage.tui.screen.board import Board
from logtriage.tui.screen.status import State

if TYPE_CHECKING:
    from logtriage.tui.intake import Reading

_NOTICE = 6.0  # seconds that something said stays


class Telling(Board):
    """See the module."""

    def on_mount(self) -> None:
        if self.options.told:
            self.say(self.options.told, wrong=True)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """One line at the foot, for a while."""
        self.notice, self.wrong = text, wrong
        if self._forget:
            self._forget.stop()
        self._forget = self.set_timer(_NOTICE, self.unsay)
        self.show_status()

    def unsay(self) -> None:
        """Takes it away."""
        self.notice, self.wrong = "", False
        self.show_status()

    def try_to(self, work: Any) -> Any:
        """Does something; what a person typed wrong is said."""
        try:
            return work()
        except LogtriageError as why:
            self.say(why.message + (f" ({why.hint})" if why.hint else ""), wrong=True)
            return None

    def on_said(self, message: Said) -> None:
        self.say(message.text)

    def show_status(self) -> None:
        """Tells how it stands."""
        standing, filters = self.standing, self.filters.active
        # before the first are in the store, those that are shown are read from the files
        records = standing.records if standing and (standing.records or self.ahead is None) else None
        found = records if not filters else self.so_far.found if self.so_far else self.found
        reading = self.reading()
        if self.following or reading is not None:
            self.left_at = None
        elif self.left_at is None and not self.is_counting:
            self.left_at = self.counted
        new, hidden = self._new()
        self.status.show(
            State(
                found, records, len(filters),
                sum(s.end is None for s in standing.silences) if standing else 0,
                standing.plain if standing else 0,
                self.place.timestamp if self.place else None, self.zone, self.following,
                self.intake is not None and self.intake.failure() is not None and self.intake.rival is None,
                new, hidden, self.so_far.share if filters and self.so_far else 1.0, reading, self.busy,
                self.notice, self.wrong,
            )
        )  # fmt: skip
        self.filterbar.show(self.filters, self.zone)

    def show_busy(self, busy: bool) -> None:
        """Tells whether an answer is a while in coming."""
        if busy != self.busy:
            self.busy = busy
            self.show_status()

    def intake_ended(self) -> None:
        """Tells why nothing comes any more; what is there stays."""
        assert self.intake is not None
        if rival := self.intake.rival:
            self.say(
                f"another logtriage (process {rival}) writes to this store: what it reads of these logs is shown as it comes"
            )
        elif why := self.intake.failure():
            self.say(f"reading has stopped: {why}", wrong=True)
        elif self.intake.pipe is not None:
            self.say("standard input has ended")

    def _new(self) -> tuple[int, int]:
        """How many have come since the end was left: of those that are found, and of others."""
        if self.left_at is None or self.counted is None:
            return 0, 0
        found, records = self.counted
        new = max(0, found - self.left_at[0])
        return new, max(0, records - self.left_at[1] - new)

    def reading(self) -> Reading | None:
        """How much of the files given is read; None: all, or nothing is to be."""
        if self.intake is None or not (self.intake.is_running or self.intake.rival):
            return None
        if self.standing is None:
            from logtriage.tui.intake import Reading

            return Reading(0.0, 0)
        read = {p.path: self.standing.read.get(p.part, 0) for p in self.standing.parts if p.path}
        return self.intake.reading(read)
