"""The lines at the foot: what is shown of what there is, and the filters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from logtriage.tui import keymap
from logtriage.tui.drawing import times
from logtriage.tui.drawing.text import safe
from logtriage.tui.filters import Filters

if TYPE_CHECKING:
    from logtriage.tui.host import Host
    from logtriage.tui.intake import Reading


_UNITS = ((1e9, ".1f", "GB"), (1e6, ".0f", "MB"), (1e3, ".0f", "kB"), (1, ".0f", "bytes"))


@dataclass
class State:
    """What the status line tells. Numbers that are not known yet are None. `new`: how many came since one left the end,
    `stopped`: what should be read is not any more;
    `hidden`: how many besides that the filters hide; `notice`: what was last to be said, in place of the rest on a narrow
    screen; `share` (0 to 1): of what is to be counted, with so many found by then; `reading`: how far that is, if
    not all is read."""

    found: int | None = None
    records: int | None = None
    filters: int = 0
    silent: int = 0
    plain: int = 0
    at: datetime | None = None
    zone: tzinfo | None = None
    following: bool = False
    stopped: bool = False
    new: int = 0
    hidden: int = 0
    share: float = 1.0
    reading: Reading | None = None
    busy: bool = False
    notice: str = ""
    wrong: bool = False

    def counts(self) -> list[str]:
        """What is shown of what there is, most important first."""
        found, records = _number(self.found), _number(self.records)
        if self.share < 1:
            found = f"{found}… ({self.share:.0%})"
        told = [f"{found} of {records}" if self.filters else f"{records} record{'' if self.records == 1 else 's'}"]
        if self.filters:
            told.append(_counted(self.filters, "filter"))
        if self.silent:
            told.append(f"{_counted(self.silent, 'source')} silent")
        if self.plain:
            told.append(f"{self.plain:,} not understood")
        return told

    def right(self) -> list[tuple[str, str]]:
        """Where one is: (text, style)."""
        told: list[tuple[str, str]] = []
        if self.reading and self.reading.waits:
            told.append((f"{size(self.reading.left)} not read: waiting for process {self.reading.waits}", "error"))
        elif self.reading:
            share, left, _ = self.reading
            told.append((f"reading {share:.0%}" + (f", {size(left)} to go" if left else ""), "accent"))
        if self.new or self.hidden:
            told.append((f"{self.new:,} new ↓" + (f", {self.hidden:,} hidden" if self.hidden else ""), "accent"))
        elif self.stopped:
            told.append(("reading has stopped", "error"))
        elif self.following and not (self.reading and self.reading.waits):
            told.append(("following", "success"))
        if self.at and self.zone:
            told.append(
                (
                    f"{times.day(self.at, self.zone)} {times.clock(self.at, self.zone)[:8]}{times.offset(self.at, self.zone)}",
                    "",
                )
            )
        return told


class Status(Widget):
    """The last line of the screen."""

    app: Host

    def __init__(self) -> None:
        super().__init__(id="status")
        self.state = State()

    def show(self, state: State) -> None:
        """Takes what is to be told."""
        if state != self.state:
            self.state = state
            self.refresh()

    def render(self) -> Text:
        """What there is room for."""
        state, colours = self.state, self.app.theme_variables
        width = max(1, self.size.width)
        pieces = state.right()
        while pieces and sum(cell_len(told) + 2 for told, _ in pieces) > (width if len(pieces) < 2 else width * 2 // 3):
            pieces.pop()  # the time first
        right = Text()
        for told, style in pieces:
            right.append("  " if right else "")
            right.append(told, colours.get(style, ""))
        counts = " · ".join(state.counts())
        room = width - cell_len(right.plain) - 2
        left = Text("… " if state.busy and state.records is not None else "")
        if state.notice:
            notice = safe(state.notice)
            if cell_len(notice) + 2 > room:
                right, room = Text(), width
            elif cell_len(counts) + cell_len(notice) + 5 <= room:
                left.append(f"{counts}   ")
            left.append(notice, colours["error"] if state.wrong else colours["foreground"])
        else:
            left.append(counts)
            told = f"   {keymap.key_of('help', self.app.keys)} help"
            if cell_len(left.plain) + cell_len(told) <= room:
                left.append(told)
        left.truncate(max(0, room), overflow="ellipsis", pad=True)
        return Text.assemble(left, "  " if right else "", right)


class FilterBar(Widget):
    """One line that names the filters. A click switches one: `Clicked`."""

    @dataclass
    class Clicked(Message):
        """The filter of that number."""

        number: int

    def __init__(self) -> None:
        super().__init__(id="filterbar")
        self.filters = Filters()
        self.zone: tzinfo = UTC

    def show(self, filters: Filters, zone: tzinfo) -> None:
        """Takes the filters, and the zone that times are told in."""
        self.filters, self.zone = filters, zone
        self.set_class(bool(filters.each), "shown")
        self.refresh()

    def render(self) -> Text:
        """The filters with their numbers; those that are off in brackets."""
        colours = self.app.theme_variables
        made = Text("▽ ", colours["primary"])
        for one, told in zip(self.filters.each, self._told(), strict=True):
            on = one.on and not self.filters.off
            made.append(told, colours["foreground"] if on else colours["dim"])
            made.append("  ")
        made.truncate(max(1, self.size.width), overflow="ellipsis")
        return made

    def on_click(self, event: events.Click) -> None:
        at = 2 + self.styles.padding.left
        for number, told in enumerate(self._told()):
            if at <= event.x < at + cell_len(told):
                self.post_message(self.Clicked(number))
            at += cell_len(told) + 2

    def _told(self) -> list[str]:
        told = []
        for one in self.filters.each:
            on = one.on and not self.filters.off
            text = safe(one.told(self.zone), 60)
            told.append(text if on else f"({text})")
        return told


def _number(number: int | None) -> str:
    return "…" if number is None else f"{number:,}"


def size(number: int) -> str:
    """`90 kB`, `812 MB`, `3.1 GB`."""
    return next(f"{number / of:{shown}} {unit}" for of, shown, unit in _UNITS if number >= of or of == 1)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
