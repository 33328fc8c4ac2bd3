"""The line in which one types: a search, a filter, a time. What is typed is told at once, so that it can be previewed."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label

from logtriage.tui.drawing.text import safe

LABELS = {"search": "/", "filter": "& filter", "goto": "go to", "note": "note"}


class Prompt(Horizontal):
    """Hidden until `ask`; tells `Typed`, and at the end `Entered` or `Left`."""

    @dataclass
    class Typed(Message):
        """The text as it stands."""

        what: str
        text: str

    @dataclass
    class Entered(Message):
        """The text was confirmed."""

        what: str
        text: str

    @dataclass
    class Left(Message):
        """Nothing came of it."""

        what: str

    def __init__(self, back: Widget) -> None:
        """`back`: where one is again when it is closed."""
        super().__init__(id="prompt")
        self.back = back
        self.what = ""
        self.told = ""  # beside the text
        self._past: dict[str, list[str]] = {}

    def compose(self) -> ComposeResult:
        yield Label("")
        yield Input(select_on_focus=False, compact=True)
        yield Label("", id="preview", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether one can type."""
        return bool(self.display)

    @property
    def text(self) -> str:
        """What is typed so far."""
        return self.query_one(Input).value

    def ask(self, what: str, text: str = "") -> None:
        """Opens it; `what` comes back with the text."""
        self.what = what
        self.query_one("Label", Label).update(LABELS.get(what, what))
        self.tell("")
        self.display = True
        line = self.query_one(Input)
        line.value = text
        self.screen.set_focus(line)  # at once: who types fast has the next key on its way already

    def tell(self, text: str, *, wrong: bool = False) -> None:
        """What is said beside the text."""
        self.told = text
        preview = self.query_one("#preview", Label)
        preview.update(safe(text))
        preview.set_class(wrong, "wrong")

    def leave(self) -> None:
        """Closes it."""
        self.screen.set_focus(self.back)
        self.display = False
        self.post_message(self.Left(self.what))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Typed(self.what, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.leave()
        past = self._past.setdefault(self.what, [])
        if event.value and event.value not in past[-1:]:
            past.append(event.value)
        self.post_message(self.Entered(self.what, event.value))

    def key_escape(self, event: events.Key) -> None:
        event.stop()  # the screen would go back one view
        self.leave()

    def key_up(self) -> None:
        """The text that was entered before."""
        past = self._past.get(self.what, [])
        line = self.query_one(Input)
        at = past.index(line.value) if line.value in past else len(past)
        if at > 0:
            line.value = past[at - 1]
            line.cursor_position = len(line.value)
