"""The main screen: the timeline above, the events below it, the status at the foot; where each answer goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from logtriage.answers.glance import Glances, at_time
from logtriage.answers.lanes import lane_names
from logtriage.answers.tally import Counted
from logtriage.tui.keymap import bindings
from logtriage.tui.requests import overview
from logtriage.tui.requests import request as ask
from logtriage.tui.requests.overview import Standing
from logtriage.tui.requests.request import Request
from logtriage.tui.screen.asking import Asking

if TYPE_CHECKING:
    from logtriage.answers.lanes import Lanes
    from logtriage.answers.search import Row
    from logtriage.query.walk import Key
    from logtriage.store.catalog import PartRow
    from logtriage.stream.ends import Ends

_ASKED_BY_KEY = ("next", "whole", "detailed", "many", "trace", "sorts", "triaged", "report")  # kinds of requests


def guidance(why: str, has_store: bool) -> tuple[str, ...]:
    """What to do where nothing can be shown: the lines of an empty list."""
    message, _, hint = why.partition(" (")
    keys = ("", "? lists the keys, q quits")
    if has_store:
        return (message, *([hint.removesuffix(")")] if hint else []), *keys)
    return (
        message, "",
        "logtriage demo --run            a made-up incident, to try things on",
        "logtriage tui /var/log/app      these logs, read while one already looks",
        "logtriage ingest /var/log       logs into the store, to look at later", *keys,
    )  # fmt: skip


class Main(Asking):
    """See the module."""

    BINDINGS: ClassVar = bindings()

    def answered(self, request: Request, result: Any) -> None:
        """Takes an answer of the engine to where it belongs."""
        if request.kind not in ("glimpse", "names"):
            self.go_on()
        if take := _TAKEN_BY.get(request.kind):  # else the box that it was for is closed
            take(self, request, result)
        self.show_status()

    def failed(self, request: Request | None, why: str) -> None:
        """Says in one line what went wrong; all else goes on."""
        self.go_on()
        self.list.give_up()
        self.is_counting = False
        if self.intake:
            self.intake.start()  # it tells what is wrong with the store
            if self.intake.is_running and not self.app.engine.is_open:
                if request and request.kind in _ASKED_BY_KEY:
                    self.say("that can be told as soon as the first of the logs are read")
                return
        if request and request.kind == "sql":  # its box is closed
            return
        if isinstance(request, overview.Shade):
            self.timeline.shade(None, "not filtered")
        if isinstance(request, overview.Preview):
            self.prompt.tell(why, wrong=True)
            return
        if not self.list.reel.rows:
            self.list.instead = guidance(why, self.app.engine.has_store)
            self.list.refresh()
        self.say(why, wrong=True)

    def take_end(self, request: ask.Tail, page: Glances) -> None:
        """Keeps the last page, or the first one, to be at hand."""
        self.ends[request.kind == "head"] = request.query, page

    def show_more(self, request: Any, page: Glances) -> None:
        """Takes the records before those held, or after them."""
        (self.list.show_earlier if request.kind == "earlier" else self.list.show_later)(request, page)

    def show_whole(self, request: ask.Whole, row: Row | None) -> None:
        """Unfolds a record."""
        if row:
            self.list.unfold(row)

    def show_count(self, request: overview.Count, counted: Counted) -> None:
        """Takes how many are found."""
        if request.query == self.query_now:
            self.take_count(counted)

    def show_standing(self, request: overview.Survey, standing: Standing) -> None:
        """Takes what there is."""
        self.standing = standing
        self.name_sources(standing.names)
        self.list.span = standing.span
        if not self.filters.active:
            self.take_count(Counted(standing.records, 1.0))
        self.timeline.silences, self.timeline.firsts = standing.silences, standing.firsts
        self.show_marks()
        self.list.refresh()
        self.timeline.refresh()
        self.leave_files(standing)

    def show_names(self, request: overview.Names, names: dict[int, str]) -> None:
        """Takes what sources are called."""
        self.name_sources(names)

    def name_sources(self, names: dict[int, str]) -> None:
        """Has sources called so, besides those of records read from files."""
        self.list.names = {**names, **{part: name for part, name in self.list.names.items() if part < 0}}
        self.list.refresh()

    def show_ahead(self, request: ask.Glimpse | ask.Ahead, ends: Ends) -> None:
        """Shows what was read of the files themselves, until the store has it; lines first, then the records of them."""
        if isinstance(request, ask.Glimpse):
            if self.list.reel.rows:
                return
            self.call_after_refresh(self.look_ahead)
        if not ends.rows:
            if isinstance(request, ask.Ahead):  # packed, or a pipe
                self.wants(self.list.wanting(self.query_now))
            return
        stays = self.place if self.ahead and not self.list.reel.at_end else None
        self.ahead = ends.read_to
        self.list.names = {**self.list.names, **ends.names}
        self.live &= not ends.first
        self.list.show(ask.Show(self.query_now, None, 0, 0, ends.first), Glances(ends.rows, False, False))
        if stays:
            self.visit_line(stays)
        if isinstance(request, ask.Ahead) and ends.left_out:
            told = "the beginning of the first" if ends.first else "the end of those written last"
            self.say(f"{told}; {ends.left_out} more sources are being read")
        if self.standing:  # it may have all of it by now
            self.leave_files(self.standing)

    def visit_line(self, place: Key) -> None:
        """Selects the record that a line belongs to."""
        for number, row in enumerate(self.list.reel.rows):
            if row.part == place.part and row.offset + row.length > place.offset:
                self.list.reel.select(number)
                break

    def leave_files(self, standing: Standing) -> None:
        """Goes on with the store, at the same time, once it has all that is shown from files."""
        if self.ahead is None:
            return
        time = None if self.list.reel.at_end and self.live else self.place.timestamp if self.place else None
        read = {p.path: standing.read.get(p.part, 0) for p in standing.parts if p.path}
        if all(read.get(path, 0) >= end for path, end in self.ahead.items()):
            self.wants(self.list.wanting(self.query_now, at_time(time) if time else None))

    def show_parts(self, request: ask.Refresh, parts: tuple[PartRow, ...]) -> None:
        """Narrows all down to the sources given, as they are known by now."""
        assert self.intake is not None
        self.name_sources(lane_names(parts))
        self.intake.start(parts)
        own = self.intake.own(parts)
        if own != self.parts:
            self.filters = replace(self.filters, base=replace(self.filters.base, parts=own))
            if own and self.ahead is None:
                place, first = (self.coming.place, self.coming.first) if self.coming else (self.place, False)
                self.wants(self.list.wanting(self.query_now, place, first=first))
            self.survey()
        if not own and not self.list.reel.rows and self.intake.paths:
            self.wants(self.glimpse())

    def show_lanes(self, request: overview.Timeline, lanes: Lanes | None) -> None:
        """Takes the lanes, and gives them the room they want."""
        self.timeline.show(lanes)
        if lanes and lanes.cells != self.timeline.cells:  # their names take more room than was known
            self.draw_timeline()
            return
        self.shade()
        height = 0 if self.size.height < 12 else self.timeline.wanted_height(self.size.height)
        self.timeline.styles.height = height


# Kind of request → what takes its answer: (request, result).
_TAKEN_BY: dict[str, Callable[[Main, Any, Any], None]] = {
    "show": Main.show_page, "tail": Main.take_end, "head": Main.take_end,
    "glimpse": Main.show_ahead, "ahead": Main.show_ahead, "earlier": Main.show_more, "later": Main.show_more,
    "whole": Main.show_whole, "next": Main.found_next,
    "preview": Main.show_preview, "count": Main.show_count, "unseen": Main.show_unseen, "matches": Main.take_rank,
    "timeline": Main.show_lanes, "shade": Main.take_shade,
    "names": Main.show_names, "survey": Main.show_standing, "refresh": Main.show_parts,
    "detailed": Main.show_detail, "near": Main.show_near, "trace": Main.show_trace, "many": Main.copy_many,
    "sorts": Main.show_sorts, "library": Main.take_library, "triaged": Main.show_triage, "report": Main.tell_report,
}  # fmt: skip
