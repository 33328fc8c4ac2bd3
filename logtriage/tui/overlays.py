"""Boxes over the screen: the keys in force, and the list of filters."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from logtriage.tui.filters import Filters
from logtriage.tui.keymap import GROUPS, KEYS, told
from logtriage.tui.text import safe


class Overlay(ModalScreen[object]):
    """A box that Esc, q or its own key closes."""

    BINDINGS: ClassVar = [Binding("escape,q", "dismiss(None)", "close", show=False)]


class Help(Overlay):
    """The keys in force, by what they are for. `keys`: action → keys, where the config changed them."""

    BINDINGS: ClassVar = [Binding("question_mark,f1", "dismiss(None)", "close", show=False)]

    def __init__(self, keys: dict[str, str]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield Static(self._table(), markup=False)

    def _table(self) -> Table:
        columns = 2 if self.app.size.width >= 100 else 1
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for _ in range(columns):
            table.add_column(justify="right", style=self.app.theme_variables["accent"], no_wrap=True)
            table.add_column()
        rows: list[tuple[str | Text, str | Text]] = []
        for group, title in GROUPS.items():
            rows.append(("", Text(title, style=f"bold {self.app.theme_variables['primary']}")))
            rows += [(told(self._keys.get(key.id, key.keys)), key.told) for key in KEYS if key.group == group]
        half = -(-len(rows) // columns)
        for k in range(half):
            cells = [
                cell
                for column in range(columns)
                for cell in (rows[k + column * half : k + column * half + 1] or [("", "")])[0]
            ]
            table.add_row(*cells)
        return table

    def on_mount(self) -> None:
        self.query_one(".box").focus()


class FilterList(Overlay):
    """The filters: Enter or Space switches one, x removes it. Gives the filters as they are then."""

    BINDINGS: ClassVar = [
        Binding("escape,q,L", "done", "done", show=False),
        Binding("space", "switch", "switch", show=False),
        Binding("x,delete", "remove", "remove", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, filters: Filters) -> None:
        super().__init__()
        self.filters = filters

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
            options.add_option(Option(f"{'[x]' if one.on else '[ ]'} {safe(one.told())}"))
        if not self.filters.each:
            options.add_option(Option("(none)", disabled=True))
        options.highlighted = min(at, len(self.filters.each) - 1) if self.filters.each else None
