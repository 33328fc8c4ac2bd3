"""What the main screen asks of the whole: what there is, how much is found, the timeline, and all anew when the store changes."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from textual import events

from logtriage.answers.tally import Counted
from logtriage.tui.requests import overview
from logtriage.tui.requests import request as ask
from logtriage.tui.screen.events import PAGE
from logtriage.tui.screen.telling import Telling

if TYPE_CHECKING:
    from logtriage.answers.lanes import Lanes


class Surveying(Telling):
    """See the module."""

    def go_on(self) -> None:
        """The first records have come, or cannot be had: after they are drawn, all that stands around them is asked for."""
        if not self.has_begun:
            self.has_begun = True
            self.call_after_refresh(_collect_again)
            self.call_after_refresh(self.furnish)
            self.call_after_refresh(self.survey)

    def survey(self) -> None:
        """Asks for all that stands beside the list: what there is, how much is found, the timeline."""
        self.is_counting = True
        self.wants(overview.Survey(self.parts))
        if self.filters.active:
            self.wants(overview.Count(self.query_now, self.known))
        self.draw_timeline()
        if not self.filters.active and self.ends.get(True, (None,))[0] != self.query_now:
            self.wants(ask.Head(self.query_now, PAGE))  # to be at hand: what was written first hardly ever changes

    def show_new(self) -> None:
        """The store has more, or other things, than before: shows them where they belong on the screen."""
        if self.intake:
            self.wants(ask.Refresh())
        if self.ahead is not None:
            pass  # what was read ahead stays until the store has it
        elif self.following or not self.list.reel.rows:
            self.wants(self.list.wanting(self.query_now))
        elif not self.list.reel.after:
            self.list.reel.after = True  # there may be: it is asked for when one gets there

    def survey_anew(self) -> None:
        """Likewise asks anew for all that stands beside the list."""
        if not self.following:
            self.wants(ask.Tail(self.query_now, PAGE))
        self.survey()

    def count(self) -> None:
        """Asks how many records are found."""
        self.is_counting = True
        if self.filters.active:
            self.wants(overview.Count(self.query_now, self.known))
            return
        self.app.engine.drop("count")
        if self.standing:
            self.take_count(Counted(self.standing.records, 1.0))

    def take_count(self, counted: Counted) -> None:
        """Takes how many are found, counted right after all that there are; until it is all of them, how many by now."""
        self.so_far = counted if counted.share < 1 and self.found is None else None
        if counted.share < 1:
            return
        found, self.known = counted.found, counted.known or self.known
        self.found, self.is_counting = found, False
        self.counted = (found, self.standing.records if self.standing else found)

    def draw_timeline(self) -> None:
        """Asks for the lanes of what is to be seen of them."""
        if not self.has_begun:
            return
        since, until = self.zoomed or (None, None)
        self.wants(overview.Timeline(since, until, self.timeline.cells, self.parts))

    def on_resize(self, event: events.Resize) -> None:
        self.draw_timeline()

    def shade(self) -> None:
        """Asks what the filters let through of the lanes; until that is known, they stand as they are."""
        if self.filters.active and self.timeline.lanes:
            self.timeline.told = "counting …"
            self.wants(overview.Shade(self.query_now, self.timeline.lanes))
        else:
            self.app.engine.drop("shade")
            self.timeline.shade(None)

    def take_shade(self, request: overview.Shade, found: Lanes | None) -> None:
        """Takes that."""
        if request.query == self.query_now and request.over is self.timeline.lanes and self.filters.active:
            self.timeline.shade(found, "filtered" if found else "not filtered")


def _collect_again() -> None:
    """Garbage is collected from now on, if it was not; never looked at again is what the start has made."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
