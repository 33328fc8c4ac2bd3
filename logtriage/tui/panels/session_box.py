"""The box of sessions: type a name to save what one looks at, or choose one to reopen it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from logtriage.tui.panels.overlays import Overlay
from logtriage.tui.panels.sheet import Row, Sheet, row

LAST = "(where you were last time)"


class Wish(NamedTuple):
    """What is to be done with the session of that name: `save`, `open` or `remove`."""

    what: str
    name: str


class SessionBox(Overlay):
    """Gives a `Wish`, or None. `names`: the sessions there are; `last`: whether the last time is known."""

    BINDINGS: ClassVar = [
        Binding("escape", "dismiss(None)", show=False, priority=True),
        Binding("down,up", "to_list", show=False),
        Binding("delete", "remove", show=False),
    ]

    def __init__(self, names: list[str], *, last: bool) -> None:
        super().__init__()
        rows: list[Row] = [row((name, "plain"), value=Wish("open", name)) for name in names]
        self.rows = [row((LAST, "dim"), value=Wish("open", LAST)), *rows] if last else rows
        self.sheet = Sheet()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box menu"):
            yield Input(placeholder="save as …", compact=True)
            yield Static("" if self.rows else "\nno sessions yet", markup=False)
            yield self.sheet

    def on_mount(self) -> None:
        box = self.query_one(".box")
        box.border_title = "sessions"
        box.border_subtitle = "Enter saves or opens · ↓ list · Del removes"
        self.sheet.styles.height = min(12, len(self.rows))
        self.sheet.put(self.rows)
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(Wish("save", event.value.strip()) if event.value.strip() else None)

    def on_sheet_chosen(self, message: Sheet.Chosen) -> None:
        self.dismiss(message.value)

    def action_to_list(self) -> None:
        if self.rows:
            self.sheet.focus()

    def action_remove(self) -> None:
        if self.sheet.has_focus and self.sheet.pointed and self.sheet.pointed.value.name != LAST:
            self.dismiss(Wish("remove", self.sheet.pointed.value.name))
