"""A sheet of lines: scrolls, has a line that is selected, and some lines stand for something that can be chosen.

All panels show what they have to tell on one: safe text in, one line each; only what is in view is drawn.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip

from logtriage.tui.drawing.inks import Inked, lit
from logtriage.tui.drawing.text import cut, safe

# A piece of a line: text that is safe already, and the name of its ink.
Piece = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One line: its pieces; `value`: what it stands for, if it can be chosen; `told`: what choosing it does."""

    pieces: tuple[Piece, ...]
    value: Any = None
    told: str = ""

    @property
    def text(self) -> str:
        """The line without its looks."""
        return "".join(text for text, _ in self.pieces)


def row(*pieces: Piece, value: Any = None, told: str = "") -> Row:
    """A line of pieces whose texts may hold anything: they are made safe here."""
    return Row(tuple((safe(text), style) for text, style in pieces if text), value, told)


def wrapped(text: str, width: int, style: str, *, most: int = 400, full: bool = False) -> list[Row]:
    """A text of any kind over as many lines as it takes, at most `most`; what is left out is counted. `full`: lines are as
    long as they can be, not broken between words."""
    width = max(8, width)
    shown = text[: width * most]
    split = chop_cells if full else broken
    pieces = [piece for line in shown.split("\n") for piece in split(safe(line), width) or [""]]
    rows = [Row(((piece, style),)) for piece in pieces[:most]]
    if left := len(text) - len(shown) + sum(map(len, pieces[most:])):
        rows.append(Row(((f"… {left:,} more characters", "dim"),)))
    return rows


def broken(line: str, width: int) -> list[str]:
    """Safe text in pieces of at most `width` cells, which joined are the text: they end behind a blank where that leaves no
    more than a third of the width empty."""
    pieces = []
    while cell_len(line) > width:
        piece = chop_cells(line[:width], width)[0]
        end = piece.rfind(" ") + 1
        pieces.append(piece[:end] if cell_len(piece[:end]) >= width * 2 / 3 else piece)
        line = line[len(pieces[-1]) :]
    return [*pieces, line]


def prose(text: str, width: int, style: str, *, indent: str = "") -> list[Row]:
    """Sentences, broken between words; the first line begins with `indent`, the others stand under it."""
    lines = textwrap.wrap(safe(text), max(8, width - cell_len(indent)))
    return [Row(((indent if k == 0 else " " * cell_len(indent), "dim"), (line, style))) for k, line in enumerate(lines)]


def flow(groups: Sequence[tuple[Piece, ...]], width: int) -> list[Row]:
    """Groups of pieces, indented: as many to a line as fit, each whole unless it is too wide for one."""
    lines: list[list[Piece]] = []
    for group in groups:
        fits = lines and sum(cell_len(text) for text, _ in (*lines[-1], *group)) + 2 <= width
        if fits:
            lines[-1] += [("  ", "plain"), *group]
        else:
            lines.append([("  ", "plain"), *group])
    return [row(*line) for line in lines]


class Sheet(Inked, can_focus=True):
    """Shows `rows`. Posts `Chosen` for Enter, or a second click, on a line that stands for something, and `Pointed` when
    another line is selected. `fixed`: so many of the first lines stay where they are (titles of columns)."""

    @dataclass
    class Chosen(Message):
        """A line was chosen; `value` is what it stands for."""

        sheet: Sheet
        value: Any

    @dataclass
    class Pointed(Message):
        """A line was selected."""

        sheet: Sheet
        row: Row | None

    lit = False  # the selected line is lit though the keys go elsewhere
    BINDINGS: ClassVar = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("space,pagedown", "page(1)", show=False),
        Binding("b,pageup", "page(-1)", show=False),
        Binding("ctrl+d", "page(0.5)", show=False),
        Binding("ctrl+u", "page(-0.5)", show=False),
        Binding("g,home", "move(-1000000000)", show=False),
        Binding("G,end", "move(1000000000)", show=False),
        Binding("h,left", "sideways(-16)", show=False),
        Binding("l,right", "sideways(16)", show=False),
        Binding("enter", "choose", show=False),
    ]

    def __init__(self, id: str | None = None, *, fixed: int = 0) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self.fixed = fixed
        self.cursor = self.top = fixed
        self.shift = 0

    def put(self, rows: Sequence[Row], *, keep: bool = False) -> None:
        """Other lines in place of all; `keep`: the place in them stays."""
        self.rows = rows
        if not keep:
            self.top, self.shift = self.fixed, 0
            values = (k for k, one in enumerate(rows) if one.value is not None and k >= self.fixed)
            self.cursor = next(values, self.fixed) if self.fixed else self.fixed
        self._settle()

    @property
    def pointed(self) -> Row | None:
        """The line that is selected."""
        return self.rows[self.cursor] if self.fixed <= self.cursor < len(self.rows) else None

    def select(self, number: int) -> None:
        """Selects a line by its number, and brings it into view."""
        self.cursor = number
        self._settle()

    def action_move(self, lines: int) -> None:
        self.select(self.cursor + lines)

    def action_page(self, share: float) -> None:
        lines = int(self._room * share) or 1
        self.top += lines
        self.select(self.cursor + lines)

    def action_sideways(self, cells: int) -> None:
        self.shift = max(0, self.shift + cells)
        self.refresh()

    def action_choose(self) -> None:
        if self.pointed and self.pointed.value is not None:
            self.post_message(self.Chosen(self, self.pointed.value))

    @property
    def _room(self) -> int:
        return max(1, self.size.height - self.fixed)

    def _settle(self) -> None:
        last = max(self.fixed, len(self.rows) - 1)
        self.cursor = max(self.fixed, min(self.cursor, last))
        self.top = max(self.fixed, min(self.top, len(self.rows) - self._room, self.cursor))
        if self.cursor >= self.top + self._room:
            self.top = self.cursor - self._room + 1
        self.refresh()
        self.post_message(self.Pointed(self, self.pointed))

    # events of Textual

    def on_resize(self, event: events.Resize) -> None:
        self._settle()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        number = self._number(event.y)
        if self.fixed <= number < len(self.rows):
            again = number == self.cursor
            self.select(number)
            if again:
                self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(event, 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(event, -3)

    def _scroll(self, event: events.MouseEvent, lines: int) -> None:
        event.stop()
        self.top = max(self.fixed, min(self.top + lines, len(self.rows) - self._room))
        self.cursor = max(self.top, min(self.cursor, self.top + self._room - 1))
        self._settle()

    # drawing

    def _number(self, y: int) -> int:
        return y if y < self.fixed else self.top + y - self.fixed

    def render_line(self, y: int) -> Strip:
        width, number = self.size.width, self._number(y)
        if not 0 <= number < len(self.rows):
            return Strip([Segment(" " * width)], width).apply_style(self.base)
        one = self.rows[number]
        strip = Strip([Segment(text, self.ink(style)) for text, style in one.pieces])
        shift = self.shift if number >= self.fixed else 0
        if strip.cell_length > shift + width:
            strip = Strip.join([strip.crop(shift, shift + width - 1), Strip([Segment("…", self.ink("dim"))])])
        else:
            strip = strip.crop(shift, shift + width).extend_cell_length(width)
        below = len(self.rows) - self.top - self._room
        if below > 0 and y == self.size.height - 1:
            told = cut(f"  ↓ {below:,} more", min(width, cell_len(f"  ↓ {below:,} more")))
            strip = Strip.join([strip.crop(0, width - cell_len(told)), Strip([Segment(told, self.ink("dim"))])])
        strip = strip.apply_style(self.base)
        if number == self.cursor and number >= self.fixed and (self.has_focus or self.lit):
            over = lit(self.app)
            strip = Strip([Segment(s.text, (s.style or Style.null()) + over) for s in strip], width)
        return strip
