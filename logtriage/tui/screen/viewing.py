"""What the main screen looks at: which filters, which place, and the way back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from logtriage.answers.glance import Glances
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.tui import keymap
from logtriage.tui.filters import Filters
from logtriage.tui.last_look import keep
from logtriage.tui.messages import GoTo, Moved
from logtriage.tui.requests import overview
from logtriage.tui.requests import request as ask
from logtriage.tui.screen.board import View
from logtriage.tui.screen.events import PAGE, at
from logtriage.tui.screen.status import size
from logtriage.tui.screen.surveying import Surveying

if TYPE_CHECKING:
    from logtriage.tui.requests.request import Request

_TRAIL = 50  # views that one can go back to


class Viewing(Surveying):
    """See the module."""

    def begin(self, has_store: bool) -> list[Request]:
        """What is to be asked first of all: nothing else is, until the first records are on the screen."""
        if self.intake is None:
            self.coming = self.list.wanting(self.query_now)
            return [self.coming, overview.Names()]  # nothing comes before the records, but the names right behind
        if has_store:
            return [ask.Refresh()]
        self.intake.start()
        return [self.glimpse() if self.intake.paths else self.list.wanting(self.query_now)]

    def on_mount(self) -> None:
        if (look := self.options.look) and self.coming:
            self.list.names = look.names
            self.show_early(self.coming, look.page)
            self.call_after_refresh(self.app.engine.start)

    def keep_look(self) -> None:
        """Has the next start show at once what is at the end of the store, if that is known as the store is now."""
        engine = self.app.engine
        query, page = self.ends.get(False, (None, None))
        still = engine.is_idle() and not engine.has_changed()
        if still and self.options.sessions and self.standing and page and query == Query():
            keep(self.options.sessions.look, engine.state, page, self.standing.names)

    def glimpse(self) -> ask.Glimpse:
        """The request for the last lines of sources that are not in the store yet."""
        assert self.intake is not None
        return ask.Glimpse(self.intake.sources, PAGE)

    def look_ahead(self) -> None:
        """Asks for the last records of sources, straight from the files."""
        assert self.intake is not None
        self.app.ask(ask.Ahead(self.intake.sources, self.intake.settings, PAGE))

    def show_end(self, *, first: bool = False) -> None:
        """To the last record, or the first: at once as it was last seen, until the store tells how it is now. Until the files
        were read once, the last ones are those in them; of what is written faster than it is read, those that are stored."""
        if self.intake and not first and not self.filters.active and (reading := self.reading()):
            if not self.intake.has_caught_up:
                self.look_ahead()
                return
            self.say(f"the last that are stored; {size(reading.left)} are still to be read")
        request = self.list.wanting(self.query_now, first=first)
        self.wants(request)
        query, page = self.ends.get(first, (None, None))
        if page and query == self.query_now:
            self.show_early(request, page)

    def show_early(self, request: ask.Show, page: Glances) -> None:
        """Shows what a request is likely to bring, until it has."""
        self.list.show(request, page)
        self.early = request, self.place

    def show_page(self, request: ask.Show, page: Glances) -> None:
        """Takes a page, unless one has moved on by then from what was shown of it early."""
        if request.query != self.query_now:
            return
        self.coming = None
        if request.place is None:
            self.ends[request.first] = request.query, page
        early, self.early = self.early, None
        self.list.instead = ("no record",)
        if self.filters.active:
            off, listed = (keymap.key_of(name, self.app.keys) for name in ("toggle-filters", "filters"))
            self.list.instead = (
                "no record that the filters let through",
                "",
                f"{off} switches them off, {listed} lists them",
            )
            if not page.rows:
                self.wants(overview.Unseen(request.query, self.options.patterns))
        if early is None or early[0] is not request or early[1] == self.place:
            self.list.show(request, page)

    def show_at(self, place: Key | datetime) -> None:
        """To a place or a time."""
        self.wants(self.list.wanting(self.query_now, at(place) if isinstance(place, datetime) else place))

    def use(self, filters: Filters, *, end: bool = False, remember: bool = True, stay: bool = False) -> None:
        """Looks through other filters, at the same place (`stay`: though the end was followed) or at the end."""
        if self.notice:  # it was of what is left now
            self.unsay()
        if remember:
            self.trail = [*self.trail, View(self.filters, self.place)][-_TRAIL:]
        self.filters, self.found, self.so_far, self.counted = filters, None, None, None
        self.list.needle = self.query_now.needle or (self.sought.needle if self.sought else None)
        self.wants(self.list.wanting(self.query_now, None if end or (self.following and not stay) else self.place))
        self.left_at = None
        self.count()
        self.shade()
        self.show_status()

    def on_moved(self, message: Moved) -> None:
        self.timeline.window = self.list.window
        self.timeline.refresh()
        self.show_status()

    def on_go_to(self, message: GoTo) -> None:
        self.show_at(message.moment)
