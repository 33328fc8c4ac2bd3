"""The timeline: a lane a source, a cell a stretch of time: how much it said, and in what tone the worst of it was.

With filters it shows what they let through; where they hide everything stands a dot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip

from logtriage.answers.lanes import Cell, First, Lane, Lanes
from logtriage.answers.silences import Silence
from logtriage.tui.drawing import times
from logtriage.tui.drawing.inks import Inked, lit, tone
from logtriage.tui.drawing.text import cut, safe, width
from logtriage.tui.messages import GoTo

_NAME, _LONG = 12, 24  # cells that a lane's name takes, and a long one where there is room
_HEIGHTS = "▁▂▃▄▅▆▇█"
_MOST_LANES = 10
_FEW = 0.05  # a share of bad records below which a cell is in a quieter tone


class Timeline(Inked):
    """Shows `lanes`. Posts `GoTo` where it is clicked.

    `found`: what the filters let through of them, None: all is shown; `told`: what is to be said of that. `window`: the
    times now being read; `silences`: where lanes are silent; `firsts`: when each
    signature was first found; `marks`: times of marked records; `zone`: in
    which times are told.
    """

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(id="timeline")
        self.lanes: Lanes | None = None
        self.found: Lanes | None = None
        self.told = ""
        self.window: tuple[datetime, datetime] | None = None
        self.silences: tuple[Silence, ...] = ()
        self.marks: tuple[datetime, ...] = ()
        self.firsts: tuple[First, ...] = ()
        self.zone: tzinfo = zone
        self.letters = False

    @property
    def cells(self) -> int:
        """How many stretches there is room for."""
        return max(8, self.size.width - self.name_width - 2)

    @property
    def name_width(self) -> int:
        """How many cells a lane's name takes."""
        longest = max((width(lane.name) for lane in self.lanes.lanes), default=0) if self.lanes else 0
        return max(_NAME, min(longest, _LONG, self.size.width // 8))

    def show(self, lanes: Lanes | None) -> None:
        """Takes the lanes."""
        if self.found and lanes and (self.found.start, self.found.width) != (lanes.start, lanes.width):
            self.found = None  # it does not fit any more
        self.lanes = lanes
        self.refresh()

    def shade(self, found: Lanes | None, told: str = "") -> None:
        """Takes what the filters let through."""
        self.found, self.told = found, told
        self.refresh()

    def shown_lanes(self) -> list[Lane]:
        """The lanes there is room for, in the order of their names: those that fell silent, then those with the worst to
        tell."""
        if self.lanes is None:
            return []
        room = max(1, self.size.height - 2)
        silent = {one.lane for one in self.silences}
        weights = {lane.name: _weight(lane) for lane in self.found.lanes} if self.found else {}

        def rank(lane: Lane) -> tuple[float, bool, float, str]:
            return -weights.get(lane.name, 0.0), lane.name not in silent, -_weight(lane), lane.name

        ranked = sorted(self.lanes.lanes, key=rank)
        return sorted(ranked[:room], key=lambda lane: lane.name)

    def wanted_height(self, height: int) -> int:
        """How many lines it wants of a screen of that height."""
        lanes = len(self.lanes.lanes) if self.lanes else 1
        return 2 + min(lanes, _MOST_LANES, max(1, height // 4))

    def on_click(self, event: events.Click) -> None:
        if self.lanes and 0 <= (cell := event.x - self.name_width - 1) < self.lanes.cells:
            self.post_message(GoTo(self.lanes.start + cell * self.lanes.width))

    # drawing

    def render_line(self, y: int) -> Strip:
        room = self.size.width
        if self.lanes is None:
            return Strip.blank(room, self.base)
        rows = self.shown_lanes()
        if y < len(rows):
            segments = self._lane(rows[y], self.lanes)
        elif y == len(rows):
            segments = self._signs(self.lanes)
        elif y == len(rows) + 1:
            segments = self._axis(self.lanes)
        else:
            segments = []
        return Strip(segments).simplify().adjust_cell_length(room).apply_style(self.base)

    def _lane(self, lane: Lane, lanes: Lanes) -> list[Segment]:
        silent = [s for s in self.silences if s.lane == lane.name]
        gone = any(s.end is None for s in silent)
        shown = lane if self.found is None else next((one for one in self.found.lanes if one.name == lane.name), lane)
        busiest = max((cell.records for cell in shown.cells.values()), default=1)
        name = cut(safe(("∅ " if gone else "") + lane.name, 64), self.name_width)
        out = [Segment(name + " ", self.ink("silent" if gone else "axis"))]
        for k in range(lanes.cells):
            cell = shown.cells.get(k)
            if cell:
                out.append(
                    Segment(
                        self._glyph(cell, busiest),
                        self.ink(tone(cell.worst, "calm") + ("-few" if cell.bad < _FEW * cell.records else "")),
                    )
                )
            elif k in lane.cells:
                out.append(Segment("·", self.ink("dim")))
            else:
                start = lanes.start + k * lanes.width
                quiet = _within(silent, start, lanes.width)
                out.append(Segment("╌" if quiet else " ", self.ink("silent")))
        return self._read(out, lanes)

    def _left_out(self) -> str:
        """How many lanes there is no room for."""
        more = len(self.lanes.lanes) - len(self.shown_lanes()) if self.lanes else 0
        return f"+{more} lane{'' if more == 1 else 's'}" if more else ""

    def _glyph(self, cell: Cell, busiest: int) -> str:
        """How high a cell stands; without colours a letter tells a bad one."""
        if self.letters and cell.worst >= 13:
            return tone(cell.worst, "calm")[0].upper()
        return _HEIGHTS[min(7, int((cell.records / max(busiest, 1)) ** 0.6 * 7.999))]

    def _signs(self, lanes: Lanes) -> list[Segment]:
        """One line of signs under the lanes: what is marked, deployed, and flagged for the first time."""
        marked = {lanes.cell_of(moment) for moment in self.marks}
        deployed = {lanes.cell_of(one.moment) for one in self.firsts if one.category == "deploy"}
        flagged: dict[int, int] = {}
        for one in self.firsts:
            cell = lanes.cell_of(one.moment)
            flagged[cell] = max(flagged.get(cell, 0), one.severity)
        out = [
            Segment(
                cut(self.told or self._left_out(), self.name_width) + " ", self.ink("accent" if self.told else "axis")
            )
        ]
        for k in range(lanes.cells):
            if k in marked:
                out.append(Segment("●", self.ink("mark")))
            elif k in deployed:
                out.append(Segment("▲", self.ink("deploy")))
            elif k in flagged:
                out.append(Segment("⚑", self.ink(tone(flagged[k], "calm"))))
            else:
                out.append(Segment(" "))
        return self._read(out, lanes)

    def _axis(self, lanes: Lanes) -> list[Segment]:
        """The times, and under what is being read a bar."""
        start = times.shifted(lanes.start, self.zone)
        line = ["─"] * lanes.cells
        at = 0
        long = lanes.width * lanes.cells >= timedelta(days=2)
        while at < lanes.cells - 4:
            moment = times.shifted(lanes.start + at * lanes.width, self.zone)
            told = (
                f"{moment:%m-%d %H:%M}"
                if long
                else f"{moment:%H:%M:%S}"
                if lanes.width < timedelta(seconds=5)
                else f"{moment:%H:%M}"
            )
            if at + len(told) <= lanes.cells:
                line[at : at + len(told)] = told
            at += len(told) + 7
        name = (self._left_out() if self.told else "") or f"{start:%Y-%m-%d}"
        out = [Segment(cut(name, self.name_width) + " ", self.ink("axis"))]
        return self._read(out + [Segment(char, self.ink("axis")) for char in line], lanes, bar=True)

    def _read(self, segments: list[Segment], lanes: Lanes, *, bar: bool = False) -> list[Segment]:
        """The cells of what is being read, lit."""
        if self.window is None:
            return segments
        first, last = (lanes.cell_of(moment) for moment in self.window)
        above = lit(self.app, "window")
        for k in range(max(0, first), min(lanes.cells - 1, last) + 1):
            segment = segments[k + 1]
            text = "━" if bar and segment.text == "─" else segment.text
            segments[k + 1] = Segment(text, (segment.style or Style.null()) + above)
        return segments


def _weight(lane: Lane) -> float:
    return sum(math.log1p(cell.records) * (1 + max(0, cell.worst - 8) ** 2) for cell in lane.cells.values())


def _within(silences: Iterable[Silence], start: datetime, width: timedelta) -> bool:
    return any(s.start <= start and (s.end is None or start + width <= s.end + width) for s in silences)
