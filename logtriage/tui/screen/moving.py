"""Actions of the main screen that move: by line and page, to the next of something, to a time; and what is in view."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from logtriage.answers import jump
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.tui import keymap
from logtriage.tui.drawing import times
from logtriage.tui.filters import Filter
from logtriage.tui.requests import request as ask
from logtriage.tui.screen.ranking import Ranking

_FAR = timedelta(minutes=2)
# What is looked for → the keys for the next one and for the one before.
_TURNS = {
    "error": ("next-error", "previous-error"), "warning": ("next-warning", "previous-warning"),
    "match": ("next-match", "previous-match"), "record of this source": ("next-source", "previous-source"),
    "record of the same id": ("next-same", "previous-same"),
}  # fmt: skip


class Moving(Ranking):
    """See the module."""

    def action_move(self, rows: int) -> None:
        self.list.move(rows)
        self.tell_what_is_before()

    def action_move_page(self, share: float) -> None:
        self.list.move_page(share)
        self.tell_what_is_before()

    def tell_what_is_before(self) -> None:
        """Says why one cannot go up any more, where what is shown was read from files."""
        if self.ahead is not None and self.list.reel.rows and self.list.reel.cursor == 0:
            self.say("what is before this is still being read; g goes to the first that is")

    def action_sideways(self, cells: int) -> None:
        self.list.sideways(cells)

    def action_first(self) -> None:
        self.live = False
        self.show_end(first=True)

    def action_last(self) -> None:
        self.live = True
        self.show_end()

    def action_follow(self) -> None:
        if self.following:
            self.live = False
            self.say("not following any more")
        else:
            self.action_last()

    def action_next_level(self, level: str, backwards: bool = False) -> None:
        query = (
            replace(self.query_now, also=(*self.query_now.also, Query(level=level)))
            if self.query_now.level
            else replace(self.query_now, level=level)
        )
        self.wants(ask.Next(query, self.place, backwards, "error" if level == "error" else "warning"))

    def action_next_silence(self, backwards: bool = False) -> None:
        silences = self.standing.silences if self.standing else ()
        self.wants(ask.NextSilence(self.query_now, silences, self.place, backwards))

    def action_next_source(self, backwards: bool = False) -> None:
        row = self.list.reel.selected
        if row is None:
            return
        own = [row.part]
        if self.standing:
            name = self.standing.names.get(row.part)
            own = [part for part, other in self.standing.names.items() if other == name]
        parts = tuple(p for p in own if self.query_now.parts is None or p in self.query_now.parts)
        query = replace(self.query_now, parts=parts)
        self.wants(ask.Next(query, row.key, backwards, "record of this source"))

    def action_step(self, unit: str, count: int) -> None:
        if self.place and self.place.timestamp:
            self.show_at(jump.step(self.place.timestamp, unit, count))

    def found_next(self, request: ask.Next | ask.NextSame | ask.NextSilence, result: Any) -> None:
        """Goes to what was found, or says that there is none."""
        if isinstance(request, ask.NextSilence):
            if result is None:
                self.say(
                    "no source falls silent before this" if request.backwards else "no source falls silent after this"
                )
                return
            silence, place = result
            lasted = f"for {times.length(silence.end - silence.start)}" if silence.end else "to the end"
            far = silence.start - place.timestamp > _FAR  # the filters hide what came between
            last = f" · before it, of these: {times.clock(place.timestamp, self.zone)[:8]}" if far else ""
            self.say(f"{silence.lane} is silent from {times.clock(silence.start, self.zone)[:5]} {lasted}{last}")
        elif result is None:
            self.none_found(request)
            return
        elif isinstance(result, str):
            self.say(result)
            return
        else:
            self.unsay()
            place = result
            if isinstance(request, ask.Next) and request.what == "match":
                self.tell_match(request, place)
        self.visit(place)

    def none_found(self, request: ask.Next | ask.NextSame) -> None:
        """Says so."""
        among = " with these filters" if self.filters.active else ""
        if isinstance(request, ask.Next) and request.turns:
            self.say(f"no {request.what} anywhere{among}")
        else:
            key = keymap.key_of(_TURNS[request.what][not request.backwards], self.app.keys)
            gone, other = ("earlier", "on") if request.backwards else ("later", "back")
            self.say(f"no {gone} {request.what}{among} · {key} looks {other}")

    def visit(self, place: Key) -> None:
        """Goes to a record: at once if it is held already."""
        for number, row in enumerate(self.list.reel.rows):
            if (row.part, row.offset) == (place.part, place.offset):
                self.list.visit(number)
                return
        self.show_at(place)

    # windows and what is in view

    def action_window(self, minutes: int) -> None:
        kept = self.filters.without(*self.filters.of_kind("since", "until"))
        last = self._end()
        if minutes and last:
            since = last - timedelta(minutes=minutes)
            kept = kept.adding(Filter("since", since.isoformat()))
        self.live = True
        if not minutes and self.zoomed:
            self.zoomed = None
            self.draw_timeline()
        self.use(kept, end=True)

    def _end(self) -> datetime | None:
        """The end of the logs (UTC, naive)."""
        row = self.list.reel.rows[-1] if self.list.reel.rows and not self.list.reel.after else None
        if row and row.timestamp and not self.filters.active:
            return row.timestamp
        return self.standing.span[1] + timedelta(minutes=1) if self.standing and self.standing.span else None

    def action_zoom(self, factor: float) -> None:
        lanes = self.timeline.lanes
        if lanes is None:
            return
        middle = (
            self.place.timestamp if self.place and self.place.timestamp else lanes.start + (lanes.end - lanes.start) / 2
        )
        width = max((lanes.end - lanes.start) * factor, timedelta(seconds=1))
        whole = self.standing.span if self.standing else None
        if whole and width >= whole[1] - whole[0] + timedelta(minutes=1):
            self.zoomed = None
        else:
            since = middle - width / 2
            if whole:  # not beyond what there is
                since = max(whole[0], min(since, whole[1] + timedelta(minutes=1) - width))
            self.zoomed = (since, since + width)
        self.draw_timeline()

    def action_timeline(self) -> None:
        self.timeline.display = not self.timeline.display

    def action_unfold(self) -> None:
        if (row := self.list.reel.selected) and row.lines < 2:
            self.say("this record is one line · Enter: all of it")
        self.list.toggle_fold()

    def action_zone(self) -> None:
        self.utc = not self.utc
        self.list.zone = self.timeline.zone = self.zone
        self.list.refresh()
        self.timeline.refresh()
        self.say(f"times in {'UTC' if self.utc else self._zone_told()}")

    def _zone_told(self) -> str:
        now = self.place.timestamp if self.place and self.place.timestamp else datetime.now(UTC).replace(tzinfo=None)
        return f"local time, UTC{times.offset(now, self.zone).replace('Z', '+00:00')}"

    def action_delta(self) -> None:
        row = self.list.reel.selected
        self.list.origin = None if self.list.origin else (row.timestamp if row else None)
        self.list.refresh()
        self.say("times as distance from the selected record" if self.list.origin else "times of day")

    def action_next_theme(self) -> None:
        from logtriage.tui.themes import THEMES

        names = [theme.name for theme in THEMES]
        at = names.index(self.app.theme) if self.app.theme in names else -1
        self.app.theme = names[(at + 1) % len(names)]
        self.timeline.letters = self.app.no_color or "contrast" in self.app.theme
        self.say(self.app.theme)
