"""A box of text to be read: titles and, indented, what stands under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from logtriage.tui.panels.overlays import Overlay
from logtriage.tui.panels.sheet import Row, Sheet, prose, row


class Paper(Overlay):
    """Shows `lines`; those that are not indented are titles. Long ones are broken between words."""

    BINDINGS: ClassVar = [Binding("R", "dismiss(None)", show=False)]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self.told, self.lines = title, lines
        self.sheet = Sheet()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield self.sheet

    def on_mount(self) -> None:
        self.query_one(".box").border_title = self.told
        self.sheet.focus()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        self.sheet.put(rows(self.lines, self.sheet.size.width), keep=True)


def rows(lines: Sequence[str], width: int) -> list[Row]:
    """The lines of a sheet of that width."""
    out: list[Row] = []
    for line in lines:
        text = line.lstrip(" ")
        if not line.startswith(" "):
            out += [*([row()] if out else []), row((line, "head"))]
        else:
            indent = " " * min(len(line) - len(text), width // 2)
            out += prose(text, width, "plain", indent=indent) if cell_len(text) else [row()]
    return out
