"""The list of events: all sources in one order of time, a line each. Only what is in view is drawn, only what is near is held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zlib import crc32

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip

from logtriage.query.glance import Glance, Glances
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.tui import times
from logtriage.tui.inks import HUES, Inked, lit
from logtriage.tui.messages import Moved, Opened, Wanted
from logtriage.tui.reel import Line, Reel
from logtriage.tui.requests import Earlier, Later, Show, Whole
from logtriage.tui.text import cut, safe

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle
    from logtriage.query.search import Row

PAGE = 500  # records asked for at once where one goes to another place
_FIRST = 100  # when there is nothing yet: what is before them is asked for once they stand
_MORE = 900  # where one goes on from there: what takes time is finding them, hardly how many they are
_NEAR = 220  # so many rows at least are kept ready on either side of the view
_MOST_UNFOLDED = 1_000  # lines of one record that are shown in the list
_MOST_CELLS = 2_000  # of a line's text that are made ready to be drawn
_LEVEL_SIGNS = {"trace": "T", "debug": "D", "info": "I", "warn": "W", "error": "E", "fatal": "F"}


class Events(Inked, can_focus=True):
    """Shows what `query` finds. Posts `Wanted` for records, `Moved` when another is selected, `Opened` when one is chosen.

    `names`: part → what its source is called; `zone`: in which times are shown; `origin`: times are told as distance from
    it, if set; `marks`: (part, offset) of marked records; `needle`: what is highlighted; `instead`: what is said where there
    is no record.
    """

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(id="events")
        self.reel = Reel()
        self.query_shown = Query()
        self.names: Mapping[int, str] = {}
        self.zone: tzinfo = zone
        self.origin: datetime | None = None
        self.marks: set[tuple[int, int]] = set()
        self.needle: Needle | None = None
        self.span: tuple[datetime, datetime] | None = None
        self.shift = 0
        self.instead: tuple[str, ...] = ()
        self.is_loading = False
        self._asked: set[str] = set()
        self._drawn: list[Line] = []  # the lines in view, and the times of them, while they are drawn
        self._drawn_window: tuple[datetime, datetime] | None = None

    # what is shown

    def wanting(self, query: Query, place: Key | None = None, *, first: bool = False) -> Show:
        """The request for a place of a query: the end of it, if none is given, or the beginning (`first`)."""
        self.query_shown = query
        self._asked = set()
        count = PAGE if self.reel.rows else max(_FIRST, self.size.height)
        return Show(query, place, max(count // 2, self.size.height), count, first)

    def show(self, request: Show, page: Glances) -> None:
        """Takes what was asked for."""
        end = request.place is None and not request.first
        self.is_loading = False
        self.reel.show(page, request.place, end=end)
        self._moved()

    def show_earlier(self, request: Earlier, page: Glances) -> None:
        """Takes the records before those held."""
        self._asked.discard("earlier")
        if self.reel.rows and self.reel.rows[0].key == request.edge:
            self.reel.put_before(page)
            self._moved()

    def show_later(self, request: Later, page: Glances) -> None:
        """Takes the records after those held."""
        self._asked.discard("later")
        if self.reel.rows and self.reel.rows[-1].key == request.edge:
            self.reel.put_after(page)
            self._moved()

    def unfold(self, row: Row) -> None:
        """Shows a record in full, now that all of it is here."""
        lines = (row.raw or "").split("\n")
        lines = lines[1:] if len(lines) > 1 else []
        if len(lines) > _MOST_UNFOLDED:
            lines = [*lines[:_MOST_UNFOLDED], f"… {len(lines) - _MOST_UNFOLDED:,} more lines: see the details"]
        for glance in self.reel.rows:
            if (glance.part, glance.offset) == (row.part, row.offset):
                self.reel.fold(glance, lines)
        self._moved()

    # moving

    def move(self, rows: int) -> None:
        """Selects another record."""
        self.reel.move(rows)
        self._moved()

    def move_page(self, share: float) -> None:
        """Moves by a share of the height."""
        self.reel.page(int(self.reel.height * share) or 1)
        self._moved()

    def toggle_fold(self) -> None:
        """Unfolds the selected record, or folds it."""
        row = self.reel.selected
        if row is None or row.lines < 2:
            return
        if (row.part, row.offset) in self.reel.unfolded:
            self.reel.fold(row, None)
            self._moved()
        else:
            self.post_message(Wanted(Whole(row.part, row.offset)))

    def sideways(self, cells: int) -> None:
        """Moves the messages to the side."""
        self.shift = max(0, self.shift + cells)
        self.refresh()

    def _moved(self) -> None:
        self.refresh()
        self.post_message(Moved(self.reel.selected))
        self._fetch()

    def _fetch(self) -> None:
        """Asks for more where the view comes near the end of what is held."""
        reel = self.reel
        if not reel.rows:
            return
        before, after = reel.margin()
        near = max(_NEAR, 2 * reel.height)
        if reel.before and before < near and "earlier" not in self._asked:
            self._asked.add("earlier")
            self.post_message(Wanted(Earlier(self.query_shown, reel.rows[0].key, _MORE)))
        if reel.after and after < near and "later" not in self._asked:
            self._asked.add("later")
            self.post_message(Wanted(Later(self.query_shown, reel.rows[-1].key, _MORE)))

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """The times of the first and the last record in view."""
        seen = [self.reel.rows[line.row].timestamp for line in self.reel.lines()]
        known = [time for time in seen if time]
        return (min(known), max(known)) if known else None

    # events of Textual

    def on_resize(self, event: events.Resize) -> None:
        self.reel.resize(event.size.height)
        self._moved()

    def on_click(self, event: events.Click) -> None:
        lines = list(self.reel.lines())
        if event.x >= self.size.width - 1:
            self._go_to_share(event.y / max(1, self.size.height - 1))
        elif event.y < len(lines):
            again = lines[event.y].row == self.reel.cursor
            self.reel.select(lines[event.y].row)
            self._moved()
            if again and event.chain >= 2 and self.reel.selected:
                self.post_message(Opened(self.reel.selected))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.reel.scroll(3)
        self._moved()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.reel.scroll(-3)
        self._moved()

    def _go_to_share(self, share: float) -> None:
        if self.span:
            first, last = self.span
            moment = first + (last - first) * share
            place = None if share >= 1 else Key(moment, -1, -1, -1)
            self.post_message(Wanted(self.wanting(self.query_shown, place)))

    # drawing

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
        return [
            Segment(cut(safe(name, 64), width) + " ", self.ink(f"hue{crc32(name.encode('utf-8', 'replace')) % HUES}"))
        ]

    def _message(self, row: Glance, width: int, wide: bool) -> list[Segment]:
        """What the record says; on a wide screen the names of what was found in it before that."""
        named = f"{safe(' '.join(flag.rpartition('.')[2] for flag in row.flags), 40)}  " if wide and row.flags else ""
        named = named if len(named) < width // 3 and not self.shift else ""
        text = row.text.split("\n", 1)[0]
        style = self.ink(row.level) if row.level in ("error", "fatal", "warn") else Style.null()
        pieces, at = [(named, self.ink("flag"))], 0
        for start, end in self._spans(text[: self.shift + width]):
            pieces += [(text[at:start], style), (text[start:end], self.ink("match"))]
            at = end
        strip = Strip([Segment(safe(part, _MOST_CELLS), how) for part, how in [*pieces, (text[at:], style)] if part])
        return list(_cut(strip, width, self.shift))

    def _spans(self, text: str) -> list[tuple[int, int]]:
        if self.needle is None or self.needle.matches_all:
            return []
        try:
            return [(a, b) for a, b in self.needle.spans(text) if b > a]
        except Exception:  # a pattern that takes too long: nothing is highlighted
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


def _short(number: int) -> str:
    """`950`, `12k`, `10M`."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number // size}{unit}"
    return str(number)


def at(moment: datetime) -> Key:
    """The place before all records of a moment (aware, or UTC and naive)."""
    return Key(moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment, -1, -1, -1)
