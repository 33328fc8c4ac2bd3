"""A small box of choices, each with a key of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from logtriage.tui.panels.overlays import Overlay
from logtriage.tui.panels.sheet import Sheet, row


class Choice(NamedTuple):
    """One line of a menu: the key that chooses it, what it says, and what it gives."""

    key: str
    told: str
    value: Any


class _Choices(Sheet, can_focus=False):
    """The lines; the menu has the keys."""

    lit = True


class Menu(Overlay):
    """Gives the value of what was chosen, or None. `again`: the key that opened it chooses the first line. Without
    choices it waits for `fill`; keys typed until then count too."""

    BINDINGS: ClassVar = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("enter", "choose", show=False),
        Binding("escape", "dismiss(None)", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], again: str = "") -> None:
        super().__init__()
        self.title_told = title
        self.choices = list(choices)
        self.again = again
        self._typed: list[str] = []
        self.sheet = _Choices()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box menu"):
            yield self.sheet

    def on_mount(self) -> None:
        self.query_one(".box").border_title = self.title_told
        self.fill(self.choices)

    def fill(self, choices: Sequence[Choice]) -> None:
        """Takes the choices."""
        self.choices = list(choices)
        rows = [row((f" {one.key}  ", "key"), (one.told, "plain"), value=one.value) for one in self.choices]
        self.sheet.styles.height = max(1, len(rows))
        self.sheet.put(rows or [row((" …", "dim"))])
        if choices:
            typed, self._typed = self._typed, []
            for key in typed:
                self._pick(key)

    def action_move(self, lines: int) -> None:
        self.sheet.action_move(lines)

    def action_choose(self) -> None:
        self.dismiss(self.sheet.pointed.value if self.sheet.pointed else None)

    def on_sheet_chosen(self, message: Sheet.Chosen) -> None:
        self.dismiss(message.value)

    def on_key(self, event: events.Key) -> None:
        if event.character == "q":
            self.dismiss(None)
        elif event.character and event.character.isprintable():
            event.stop()
            self._pick(event.character)

    def _pick(self, key: str) -> None:
        """Chooses by key, if there is such a choice."""
        if not self.choices:
            self._typed.append(key)
            return
        picked = next((one for one in self.choices if one.key == key), None)
        picked = self.choices[0] if picked is None and key == self.again else picked
        if picked and self.is_current:
            self.dismiss(picked.value)
