"""The application: holds the engine, hands requests to it and answers back, and looks whether the store has changed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.screen import Screen

from logtriage.tui import keymap
from logtriage.tui.engine import Engine
from logtriage.tui.host import Host, Options
from logtriage.tui.messages import Answered, Failed, Wanted
from logtriage.tui.requests.request import Request
from logtriage.tui.screen.main import Main
from logtriage.tui.themes import DARK, THEMES

if TYPE_CHECKING:
    from logtriage.tui.intake import Intake

_LOOK_EVERY = 0.25  # seconds between two looks at whether the store has changed
_REST = 3.0  # of a store that grows all the time, the whole is looked at again after so many times the work of that


class Logtriage(Host):
    """The screen on one store."""

    TITLE = "logtriage"
    CSS_PATH = "logtriage.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar = []

    def __init__(self, engine: Engine, options: Options | None = None, intake: Intake | None = None) -> None:
        super().__init__()
        self.options = options or Options()
        self.engine = engine
        self.intake = intake
        self.keys = keymap.chosen(self.options.keys)
        self.main = Main(self.options, intake)
        for theme in THEMES:
            self.register_theme(theme)
        self.animation_level = "none"  # nothing is to be waited for
        self.theme = self.options.theme
        self.stylesheet.set_variables(self.get_css_variables())
        self._was_busy = False
        self._unseen: set[str] = set()  # the lanes of what is to be asked anew, as the store has changed
        self._surveyed: float | None = None  # what work there was before the whole was looked at anew, if that goes on
        self._next_survey = 0.0  # when it may be again
        self._has_ended = False  # whether the intake has, and it was told
        for request in self.main.begin(engine.has_store):
            engine.ask(request)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DARK.variables

    def refresh_css(self, animate: bool = True) -> None:
        """As Textual does it, but not before there is a screen: the styles have just been read, for the same theme."""
        if self._screen_stack:
            super().refresh_css(animate)

    def get_default_screen(self) -> Screen[Any]:
        return self.main

    def on_mount(self) -> None:
        self.set_keymap(self.keys)
        self.set_interval(_LOOK_EVERY, self._look)
        self._heed((signal.SIGHUP, signal.SIGTERM))
        if self.intake:
            self.app_resume_signal.subscribe(self, lambda _: self.intake.resume())

    def on_unmount(self) -> None:
        self.main.keep_look()
        self.engine.close()
        if self.intake:
            self.intake.close()

    def _heed(self, numbers: Iterable[int]) -> None:
        """Ends as it should when the connection drops, or a signal asks for it. The loop calls, not the signal: whatever
        that interrupts may hold a lock."""
        loop = asyncio.get_running_loop()
        for number in numbers:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                with contextlib.suppress(RuntimeError, ValueError):  # not the main thread: no signals come here
                    loop.add_signal_handler(number, self._cut_off, number)

    def _cut_off(self, number: int) -> None:
        """Keeps what is looked at as it is at this moment, and ends. Without its terminal, at once: nothing is to be put
        right there any more."""
        self.main.cut_off()
        if number == signal.SIGHUP:
            asyncio.get_running_loop().remove_signal_handler(number)
            os.kill(os.getpid(), number)
        self.exit(return_code=128 + number)

    def hear(self) -> None:
        self.engine.listen(self._answered, self._failed)

    def ask(self, request: Request) -> None:
        self.engine.ask(request)

    def on_wanted(self, message: Wanted) -> None:
        self.engine.ask(message.request)

    def on_answered(self, message: Answered) -> None:
        if box := self._box_for(message.request):
            box.answered(message.request, message.result)
        else:
            self.main.answered(message.request, message.result)

    def on_failed(self, message: Failed) -> None:
        if message.request and (box := self._box_for(message.request)):
            box.failed(message.request, message.why)
        else:
            self.main.failed(message.request, message.why)

    def _box_for(self, request: Request) -> Any:
        """The box over the main screen that has asked for this."""
        return next((one for one in self.screen_stack if hasattr(one, "takes") and one.takes(request)), None)

    def action_suspend_process(self) -> None:
        """As `^z` does it elsewhere: with all that stands before it in a pipe, or the shell would wait for that. Others may
        write to the store meanwhile."""
        if self._driver and self._driver.can_suspend:
            if self.intake:
                self.intake.pause()
            os.killpg(0, signal.SIGTSTP)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """All actions of the table, for the command palette."""
        for key in keymap.KEYS:
            keys = keymap.told(self.keys.get(key.id, key.keys))
            yield SystemCommand(key.told, keys, lambda action=key.action: self._run(action))

    def _run(self, action: str) -> None:
        self.call_later(self.run_action, action, self.main)

    def _answered(self, request: Request, result: Any) -> None:
        self.post_message(Answered(request, result))

    def _failed(self, request: Request | None, why: str) -> None:
        self.post_message(Failed(request, why))

    def _look(self) -> None:
        """Has the main screen told when the store has changed. What was asked by then is answered first: what takes its time
        comes to an end though the store grows, and does not keep new records waiting."""
        self._look_after_intake()
        idle = self.engine.is_idle()
        self.main.show_busy(not idle and self._was_busy)
        self._was_busy = not idle
        if self.engine.has_changed():
            self.engine.refresh()
            self._unseen = {"front", "back"}
        if "front" in self._unseen and self.engine.is_idle("front"):
            self._unseen.discard("front")
            self.main.show_new()
        now = monotonic()
        if self._surveyed is not None and self.engine.is_idle("back"):
            self._next_survey = now + _REST * (self.engine.worked("back") - self._surveyed)
            self._surveyed = None
        if "back" in self._unseen and self.engine.is_idle("back") and now >= self._next_survey:
            self._unseen.discard("back")
            self._surveyed = self.engine.worked("back")
            self.main.survey_anew()

    def _look_after_intake(self) -> None:
        """Has told what it says, when it ends, and when it begins anew."""
        if self.intake and (remark := self.intake.remark()):
            self.main.say(remark)
        if self.intake is None or self.intake.is_running:
            self._has_ended = False
        elif not self._has_ended:
            self._has_ended = True
            self.main.intake_ended()
        elif self.intake.try_again():
            self.main.say("reading goes on")
        else:
            self.main.show_status()  # that what another process writes is not these logs shows only after a while
