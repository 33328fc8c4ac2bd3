"""The main screen: the timeline above, the events below it, the status at the foot; where each answer goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from logtriage.query.glance import Glances, at_time
from logtriage.tui import panel_requests as more
from logtriage.tui import requests as ask
from logtriage.tui.asking import Asking
from logtriage.tui.keymap import bindings
from logtriage.tui.requests import Request, Standing


class Main(Asking):
    """See the module."""

    BINDINGS: ClassVar = bindings()

    def answered(self, request: Request, result: Any) -> None:
        """Takes an answer of the engine to where it belongs."""
        self.go_on()
        match request:
            case ask.Show():
                if request.query == self.query_now:
                    self.coming = None
                    self.show_page(request, result)
            case ask.Tail():
                self.ends[False] = request.query, result
            case ask.Head():
                self.show_head(result)
            case ask.Earlier():
                self.list.show_earlier(request, result)
            case ask.Later():
                self.list.show_later(request, result)
            case ask.Whole():
                if result:
                    self.list.unfold(result)
            case ask.Next() | ask.NextSame() | ask.NextSilence():
                self.found_next(request, result)
            case ask.Preview():
                self.show_preview(request, result)
            case ask.Count():
                if request.query == self.query_now:
                    self.take_count(result)
            case ask.Timeline():
                self.show_lanes(result)
            case ask.Survey():
                self.show_standing(result)
            case ask.Refresh():
                self.show_parts(result)
            case more.Detailed():
                self.show_detail(request, result)
            case more.Near():
                self.show_near(request, result)
            case more.Trace():
                self.show_trace(request, result)
            case more.Many():
                self.copy(request.use, result)
            case more.Sorts():
                self.show_sorts(result)
            case more.Library():
                self.details.patterns = result
                self.details.draw()
            case _ if request.kind == "report":
                self.say(f"written: {result}")
            case _ if request.kind == "triaged":
                self.show_triage(result)
        self.show_status()

    def failed(self, request: Request | None, why: str) -> None:
        """Says in one line what went wrong; all else goes on."""
        self.go_on()
        self.list._asked.clear()
        self.is_counting = False
        self.list.is_loading = False
        if self.intake and self.intake.is_running and "there is no store" in why:
            return
        if request and request.kind == "sql":  # its box is closed
            return
        if isinstance(request, ask.Preview):
            self.prompt.tell(why, wrong=True)
            return
        self.say(why, wrong=True)

    def show_standing(self, standing: Standing) -> None:
        """Takes what there is."""
        self.standing = standing
        self.list.names = standing.names
        self.list.span = standing.span
        if not self.filters.active:
            self.take_count(standing.records)
        self.timeline.silences, self.timeline.firsts = standing.silences, standing.firsts
        self.show_marks()
        self.list.refresh()
        self.timeline.refresh()
        self.leave_head(standing)

    def show_head(self, head: Any) -> None:
        """Shows what was read of the files themselves, until the store has it."""
        if not self.list.reel.rows:
            self.ahead = head.ends
            self.live = False
            self.list.names = head.names
            self.list.show(ask.Show(self.query_now, None, 0, 0, first=True), Glances(head.rows, False, False))
            if head.left_out:
                self.say(f"the first records of some; {head.left_out} more sources are being read")

    def leave_head(self, standing: Standing) -> None:
        """Goes on with the store, at the same time, once it has all that is shown from files."""
        if self.ahead is None:
            return
        read = {p.path: standing.read.get(p.part, 0) for p in standing.parts if p.path}
        if all(read.get(path, 0) >= end for path, end in self.ahead.items()):
            time = self.place.timestamp if self.place else None
            self.wants(self.list.wanting(self.query_now, at_time(time) if time else None, first=time is None))

    def show_parts(self, parts: Any) -> None:
        """Narrows all down to the sources given, as they are known by now."""
        assert self.intake is not None
        own = tuple(part.part for part in parts if part.path in self.intake.paths)
        if own != self.parts:
            self.filters = replace(self.filters, base=replace(self.filters.base, parts=own))
            if own and self.ahead is None:
                place, first = (self.coming.place, self.coming.first) if self.coming else (self.place, False)
                self.wants(self.list.wanting(self.query_now, place, first=first))
            self.survey()
        if not own and not self.list.reel.rows:
            self.wants(self.head())

    def show_lanes(self, lanes: Any) -> None:
        """Takes the lanes, and gives them the room they want."""
        self.timeline.show(lanes)
        height = 0 if self.size.height < 12 else self.timeline.wanted_height(self.size.height)
        self.timeline.styles.height = height
