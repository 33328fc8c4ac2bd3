"""Keys are handed on one after the other: each goes to whatever the one before it has opened.

Textual hands all that has come to who has the focus just then. Of what comes together, over a slow line or while the machine
is busy, the letters of a search were commands: the `q` in `/request` ended the program.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

_ROUNDS = 3  # a key may bring a message (a line is entered) that brings another (it is searched for)
_LONGEST = 0.5  # seconds; who has the focus may go while a key is on its way

Input = events.Key | events.Paste


@dataclass
class Passed(Message):
    """Goes after a key, through the same queues: who gets it has had the key. `rounds`: how often it is still to go."""

    key: Input
    rounds: int


class InTurn(App[None]):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[Input] = deque()  # the first of them is on its way
        self._to: Widget | None = None  # where it went,
        self._from: Screen[Any] | None = None  # on this screen
        self._late: Timer | None = None

    @property
    def is_typed(self) -> bool:
        """Whether keys are on their way, or wait for that."""
        return bool(self._keys)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, Input) and not event.is_forwarded:
            self._keys.append(event)
            if len(self._keys) == 1:
                await self._hand_on()
        else:
            await super().on_event(event)

    async def _hand_on(self) -> None:
        """Gives the first one to who has the focus by now."""
        key, self._from = self._keys[0], self.screen
        self._to = self.focused or self.screen
        self._late = self.set_timer(_LONGEST, lambda: self._end(key))
        await super().on_event(key)
        self._follow(key, _ROUNDS)

    def on_passed(self, message: Passed) -> None:
        self._follow(message.key, message.rounds - 1)

    def _follow(self, key: Input, rounds: int) -> None:
        """What the key has brought by now goes before it is told to have passed; a box that it opened is to be there first."""
        if self.screen is not self._from:
            self.screen.call_after_refresh(self._end, key)
        elif not (rounds and self._to and self._to.post_message(Passed(key, rounds))):
            self._end(key)

    def _end(self, key: Input) -> None:
        """The key has done its work."""
        if self._keys and self._keys[0] is key:
            self._keys.popleft()
            if self._late:
                self._late.stop()
            if self._keys:
                self.call_later(self._hand_on)
