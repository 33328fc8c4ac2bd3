"""How the tests of the screen drive it: the real application without a terminal, on a store of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from logtriage.tui.app import Logtriage
from logtriage.tui.engine import Engine
from logtriage.tui.host import Options

WIDE, NARROW = (160, 45), (80, 24)
_PATIENCE = 240.0  # seconds for what happens by itself, by a process that stands back behind all others
_WORK = 30.0  # seconds of the processor for what was asked: who else is at work may take it as long as it likes


class Shown:
    """The application at work, and what is on its screen."""

    def __init__(self, app: Logtriage, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def main(self) -> Any:
        return self.app.main

    async def settle(self) -> None:
        """Waits until all that was asked is answered and drawn."""
        quiet, end = 0, time.process_time() + _WORK
        while quiet < 3:
            await self.pilot.pause(0.01)
            quiet = quiet + 1 if self.app.engine.is_idle() and not (self.main.busy or self.app.is_typed) else 0
            assert time.process_time() < end, "it does not come to rest"

    async def press(self, *keys: str) -> None:
        """Presses keys one after the other; waits for what each brings."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def burst(self, *keys: str) -> None:
        """All keys at once, as they come over a slow line."""
        for key in keys:
            event = events.Key(key, key if len(key) == 1 else None)
            event.set_sender(self.app)
            self.app._driver.send_message(event)  # type: ignore[union-attr]
        await self.settle()

    async def type(self, text: str) -> None:
        """Types text into the line that is open."""
        from textual.widgets import Input

        self.app.screen.query_one(Input).insert_text_at_cursor(text)
        await self.settle()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for something that happens by itself, and until all is at rest."""
        await self.meets(holds)
        await self.settle()

    async def meets(self, holds: Callable[[], bool]) -> None:
        """Waits for something while others are still asked."""
        end = asyncio.get_running_loop().time() + _PATIENCE
        while not holds():
            assert asyncio.get_running_loop().time() < end, f"it did not happen; on the screen is\n{self.text}"
            await self.pilot.pause(0.02)

    @property
    def lines(self) -> list[str]:
        """The screen's lines as text."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def status(self) -> str:
        return self.lines[-1].strip()

    @property
    def selected(self) -> Any:
        return self.main.list.reel.selected


@asynccontextmanager
async def screen(
    store: Path, size: tuple[int, int] = NARROW, options: Options | None = None, intake: Any = None
) -> AsyncIterator[Shown]:
    """The application on a store."""
    engine = Engine(store)
    if not (options and options.look):
        engine.start()
    app = Logtriage(engine, options or Options(UTC), intake)
    async with app.run_test(size=size) as pilot:
        shown = Shown(app, pilot)
        await shown.settle()
        yield shown


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Runs a coroutine to its end."""

    async def whole() -> None:
        await work()

    asyncio.run(whole())
