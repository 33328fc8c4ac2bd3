"""Boxes over the screen: the keys in force, and the list of filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from logtriage.tui.drawing.text import safe
from logtriage.tui.filters import Filters
from logtriage.tui.keymap import GROUPS, KEYS, told
from logtriage.tui.panels.sheet import Row, Sheet, row


class Overlay(ModalScreen[object]):
    """A box that Esc, q or its own key closes."""

    BINDINGS: ClassVar = [Binding("escape,q", "dismiss(None)", "close", show=False)]


# Signs above and among the records → what they mean.
SIGNS = (
    ("⚑", "a known failure; above: its first"),
    ("▲", "a deployment"),
    ("●", "a mark of yours"),
    ("╌ ∅", "silent; to the end"),
    ("·", "something, all of it filtered"),
    ("▸3", "3 more lines"),
    ("+1k", "1,000 more characters"),
)


class Help(Overlay):
    """The keys in force, by what they are for. `keys`: action → keys, where the config changed them."""

    BINDINGS: ClassVar = [Binding("question_mark,f1", "dismiss(None)", "close", show=False)]

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__()
        self._keys = keys
        self.sheet = Sheet()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield self.sheet

    def on_mount(self) -> None:
        self.query_one(".box").border_title = "keys"
        self.sheet.focus()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        rows = key_rows(self._keys, self.sheet.size.width)
        self.query_one(".box").styles.height = len(rows) + 2
        self.sheet.put(rows, keep=True)


def key_rows(keys: Mapping[str, str], width: int) -> list[Row]:
    """All keys with what they do, and what signs mean, in as many columns as fit a width, one group under the other."""
    lines: list[tuple[str, str, str]] = []
    for group, title in GROUPS.items():
        lines += [("", title, "head")]
        lines += [(told(keys.get(key.id, key.keys)), key.told, "plain") for key in KEYS if key.group == group]
    lines += [("", "signs", "head"), *((sign, what, "plain") for sign, what in SIGNS)]
    left, right = (max(map(len, column)) for column in list(zip(*lines, strict=True))[:2])
    columns = max(1, width // (left + right + 4))
    height = -(-len(lines) // columns)
    return [
        row(
            *(
                piece
                for shown, what, ink in lines[k::height]
                for piece in ((f"{shown:>{left}}  ", "accent"), (f"{what:<{right + 2}}", ink))
            )
        )
        for k in range(height)
    ]


class FilterList(Overlay):
    """The filters: Enter or Space switches one, x removes it. Gives the filters as they are then."""

    BINDINGS: ClassVar = [
        Binding("escape,q,L", "done", "done", show=False),
        Binding("space", "switch", "switch", show=False),
        Binding("x,delete", "remove", "remove", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, filters: Filters, zone: tzinfo) -> None:
        super().__init__()
        self.filters, self.zone = filters, zone

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield Static("filters: all that are on must hold\n", markup=False)
            yield OptionList(markup=False)
            yield Static("\nEnter on/off · x removes · Esc applies", markup=False)

    def on_mount(self) -> None:
        self._fill(0)
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.action_switch()

    def action_switch(self) -> None:
        if (at := self.query_one(OptionList).highlighted) is not None and self.filters.each:
            self.filters = self.filters.toggled(at)
            self._fill(at)

    def action_remove(self) -> None:
        if (at := self.query_one(OptionList).highlighted) is not None and self.filters.each:
            self.filters = self.filters.without(self.filters.each[at])
            self._fill(at)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    def action_done(self) -> None:
        self.dismiss(self.filters)

    def _fill(self, at: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        for one in self.filters.each:
            options.add_option(Option(f"{'[x]' if one.on else '[ ]'} {safe(one.told(self.zone))}"))
        if not self.filters.each:
            options.add_option(Option("none yet: & takes in, &! takes out", disabled=True))
        options.highlighted = min(at, len(self.filters.each) - 1) if self.filters.each else None
