"""How events look in the list: a line each, with columns for the mark, the time, the source, the level, the flag, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from logtriage.answers.glance import Glance
from logtriage.errors import LogtriageError
from logtriage.tui.drawing import times
from logtriage.tui.drawing.inks import Inked, hue, lit
from logtriage.tui.drawing.text import cut, safe
from logtriage.tui.screen.reel import Line, Reel

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

_MOST_CELLS = 2_000  # of a line's text that are made ready to be drawn
_LEVEL_SIGNS = {"trace": "T", "debug": "D", "info": "I", "warn": "W", "error": "E", "fatal": "F"}


class EventLines(Inked):
    """Draws what `reel` has in view.

    `names`: part → what its source is called; `zone`: in which times are shown; `origin`: times are told as distance from
    it, if set; `marks`: (part, offset) of marked records; `needle`: what is highlighted; `span`: the times of all records;
    `shift`: how far the messages are moved to the side; `instead`: what is said where there is no record.
    """

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(id="events")
        self.reel = Reel()
        self.names: Mapping[int, str] = {}
        self.zone: tzinfo = zone
        self.origin: datetime | None = None
        self.marks: set[tuple[int, int]] = set()
        self.needle: Needle | None = None
        self._slow: Needle | None = None  # one that took too long to be found in a line: it is highlighted no more
        self.span: tuple[datetime, datetime] | None = None
        self.shift = 0
        self.instead: tuple[str, ...] = ()
        self.is_loading = False
        self._drawn: list[Line] = []  # the lines in view, and the times of them, while they are drawn
        self._drawn_window: tuple[datetime, datetime] | None = None

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """The times of the first and the last record in view."""
        seen = [self.reel.rows[line.row].timestamp for line in self.reel.lines()]
        known = [time for time in seen if time]
        return (min(known), max(known)) if known else None

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def render_lines(self, crop: Region) -> list[Strip]:
        self._drawn, self._drawn_window = list(self.reel.lines()), self.window
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width, lines = self.size.width, self._drawn
        if not self.reel.rows:
            told = () if self.is_loading else self.instead
            text = f"  {told[y - 1]}" if 0 < y <= len(told) else ""
            return Strip([Segment(cut(safe(text), width), self.ink("dim"))], width).apply_style(self.base)
        body = self._line(lines[y], width - 1) if y < len(lines) else Strip([Segment(" " * (width - 1))], width - 1)
        return Strip.join([body, self._track(y)]).apply_style(self.base)

    def _line(self, line: Line, width: int) -> Strip:
        row = self.reel.rows[line.row]
        segments = self._first(row, width) if line.sub == 0 else self._further(row, line.sub, width)
        strip = Strip(segments, width).crop(0, width)
        if line.row == self.reel.cursor:
            above = lit(self.app)
            strip = Strip([Segment(s.text, (s.style or Style.null()) + above) for s in strip], strip.cell_length)
        return strip

    def _first(self, row: Glance, width: int) -> list[Segment]:
        """The line of a record: mark, time, source, level, flag, and what it says."""
        level = row.level or ""
        wide = width >= 110
        left = [
            Segment("●" if (row.part, row.offset) in self.marks else " ", self.ink("mark")),
            Segment(self._time(row, wide) + " ", self.ink("dim")),
            *self._source(row, 16 if wide else 11 if width >= 60 else 6),
            Segment((level.upper().ljust(5) if wide else _LEVEL_SIGNS.get(level, " ")) + " ", self.ink(level or "dim")),
            Segment("⚑ " if row.flags else "  ", self.ink("flag")),
        ]
        used = sum(segment.cell_length for segment in left)
        tail = self._tail(row)
        room = width - used - len(tail)
        return [*left, *self._message(row, max(0, room), wide), Segment(tail, self.ink("dim"))]

    def _time(self, row: Glance, wide: bool) -> str:
        if self.origin and row.timestamp:
            return times.delta(row.timestamp - self.origin)
        told = times.clock(row.timestamp, self.zone)
        return f"{times.day(row.timestamp, self.zone)[5:]} {told}" if wide else told

    def _source(self, row: Glance, width: int) -> list[Segment]:
        name = row.service or row.container or self.names.get(row.part, "?")
        return [Segment(cut(safe(name, 64), width) + " ", self.ink(hue(name)))]

    def _message(self, row: Glance, width: int, wide: bool) -> list[Segment]:
        """What the record says; on a wide screen the names of what was found in it before that."""
        named = _names(row.flags, width // 3) if wide and not self.shift else ""
        text = row.text.split("\n", 1)[0]
        style = self.ink(row.level) if row.level in ("error", "fatal", "warn") else Style.null()
        pieces, at = [(named, self.ink("flag"))], 0
        for start, end in self._spans(text[: self.shift + width]):
            pieces += [(text[at:start], style), (text[start:end], self.ink("match"))]
            at = end
        strip = Strip([Segment(safe(part, _MOST_CELLS), how) for part, how in [*pieces, (text[at:], style)] if part])
        return list(_cut(strip, width, self.shift))

    def _spans(self, text: str) -> list[tuple[int, int]]:
        if self.needle is None or self.needle.matches_all or self.needle == self._slow:
            return []
        try:
            return self.needle.spans(text)
        except LogtriageError:  # MatchTimeout
            self._slow = self.needle
            return []

    def _tail(self, row: Glance) -> str:
        """What the line does not show: further lines, or that the text goes on and on."""
        if row.lines > 1:
            sign = "▾" if (row.part, row.offset) in self.reel.unfolded else "▸"
            return f" {sign}{row.lines - 1}"
        return f" +{_short(row.length - len(row.text))}" if row.length > len(row.text) else ""

    def _further(self, row: Glance, sub: int, width: int) -> list[Segment]:
        text = self.reel.unfolded[row.part, row.offset][sub - 1]
        return [
            Segment("  │ ", self.ink("dim")),
            Segment(cut(safe(text, _MOST_CELLS), width - 4, self.shift), self.ink("dim")),
        ]

    def _track(self, y: int) -> Strip:
        """The last column: where in time the view is."""
        if self.span is None or (window := self._drawn_window) is None:
            return Strip([Segment(" ")], 1)
        first, last = self.span
        whole = max((last - first).total_seconds(), 1.0)
        height = max(1, self.size.height - 1)
        top = round((window[0] - first).total_seconds() / whole * height)
        end = max(top, round((window[1] - first).total_seconds() / whole * height))
        if not self.reel.after and self.reel.margin()[1] == 0:
            end = height
            top = min(top, end)
        here = top <= y <= end
        return Strip([Segment("┃" if here else "│", self.ink("thumb" if here else "track"))], 1)


def _cut(strip: Strip, width: int, begin: int) -> Strip:
    """The strip from a cell on, exactly `width` wide; `…` where more follows."""
    if strip.cell_length <= begin + width:
        return strip.crop_extend(begin, begin + width, None)
    style = next(reversed(strip)).style
    return Strip.join([strip.crop(begin, begin + width - 1), Strip([Segment("…"[: max(0, width)], style)])])


def _names(flags: Sequence[str], room: int) -> str:
    """The names of signatures, the most telling first, as many as there is room for, and a blank behind."""
    told = ""
    for flag in sorted(flags, key=lambda flag: flag.startswith("generic.")):
        more = f"{told}{safe(flag.rpartition('.')[2], 40)} "
        if len(more) >= room:
            break
        told = more
    return told and f"{told} "


def _short(number: int) -> str:
    """`950`, `12k`, `10M`."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number // size}{unit}"
    return str(number)
