"""What the main screen is made of and what it looks at: the timeline, the events, the status; filters, place, notices."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from logtriage.errors import LogtriageError
from logtriage.query.glance import Glances
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.tui import keymap
from logtriage.tui import overview_requests as overview
from logtriage.tui import requests as ask
from logtriage.tui.details import Details
from logtriage.tui.events import PAGE, Events, at
from logtriage.tui.filters import Filters
from logtriage.tui.messages import GoTo, Moved, Said
from logtriage.tui.overview_requests import Standing
from logtriage.tui.prompt import Prompt
from logtriage.tui.requests import Request
from logtriage.tui.status import FilterBar, State, Status
from logtriage.tui.timeline import Timeline

if TYPE_CHECKING:
    from logtriage.query.lanes import Lanes
    from logtriage.tui.app import Options
    from logtriage.tui.intake import Intake

_TRAIL = 50  # views that one can go back to
_NOTICE = 6.0  # seconds that something said stays


class View(NamedTuple):
    """What was looked at, and where."""

    filters: Filters
    place: Key | None


class Board(Screen[None]):
    """The main screen without its actions. `filters`: what is looked at; `standing`: what there is; `live`: whether the end is followed."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual has it
        (0, "-narrow"),
        (120, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-short"),
        (32, "-tall"),
    ]

    def __init__(self, options: Options, intake: Intake | None) -> None:
        super().__init__(id="main")
        self.options = options
        self.intake = intake
        self.utc = options.utc
        self.timeline = Timeline(self.zone)
        self.list = Events(self.zone)
        self.details = Details()
        self.filterbar = FilterBar()
        self.prompt = Prompt(self.list)
        self.status = Status()
        self.filters = Filters()
        self.standing: Standing | None = None
        self.found: int | None = None
        self.counted: tuple[int, int] | None = None  # how many are found, of how many, as last counted together
        self.is_counting = False  # that is being asked anew
        self.left_at: tuple[int, int] | None = None  # the same when the end was left
        self.live = True
        self.coming: ask.Show | None = None  # where the list is about to go
        self.ends: dict[bool, tuple[Query, Glances]] = {}  # the first page (True) and the last as they were last seen
        self.early: tuple[ask.Show, Key | None] | None = None  # what was shown of them, and the record selected then
        self.has_begun = False  # whether the first records have come
        self.busy = False  # whether an answer is a while in coming
        self.ahead: dict[str, int] | None = None  # what is shown was read from files, up to these places
        self.zoomed: tuple[datetime, datetime] | None = None
        self.notice, self.wrong = "", False
        self._forget: Any = None
        self.trail: list[View] = []
        self.sought: Query | None = None

    @property
    def zone(self) -> Any:
        """The zone that times are shown in now."""
        return UTC if self.utc else self.options.zone

    def compose(self) -> ComposeResult:
        yield self.timeline
        with Container(id="middle"):
            yield self.list
        yield self.filterbar
        yield self.status

    async def furnish(self) -> None:
        """Puts in what is not to be seen at the start."""
        if not self.prompt.is_attached:
            await self.query_one("#middle").mount(self.details)
            await self.mount(self.prompt, before=self.status)

    def on_mount(self) -> None:
        self.timeline.letters = self.app.no_color or "contrast" in self.app.theme
        self.app.app_resume_signal.subscribe(self, lambda _: self.call_after_refresh(self.draw_all))
        self.list.is_loading = True
        self.list.focus()
        self.call_after_refresh(self.app.hear)  # type: ignore[attr-defined]

    def begin(self, has_store: bool) -> list[Request]:
        """What is to be asked first of all: nothing else is, until the first records are on the screen."""
        if self.intake is None:
            return [self.list.wanting(self.query_now)]
        if has_store:
            return [ask.Refresh()]
        self.intake.start()
        return [self.glimpse() if self.intake.paths else self.list.wanting(self.query_now)]

    def glimpse(self) -> ask.Glimpse:
        """The request for the last lines of sources that are not in the store yet."""
        assert self.intake is not None
        return ask.Glimpse(self.intake.sources, PAGE)

    def look_ahead(self) -> None:
        """Asks for the last records of sources, straight from the files."""
        assert self.intake is not None
        self.app.ask(ask.Ahead(self.intake.sources, self.intake.settings, PAGE))  # type: ignore[attr-defined]

    def draw_all(self) -> None:
        """Draws everything anew: the terminal was the shell's meanwhile."""
        for widget in self.walk_children():
            widget.refresh()

    # what is looked at

    @property
    def query_now(self) -> Query:
        """What the list shows."""
        return self.filters.query

    @property
    def parts(self) -> tuple[int, ...] | None:
        """The parts of the sources given; None: all."""
        return self.filters.base.parts

    @property
    def place(self) -> Key | None:
        """Where the selected record stands."""
        row = self.list.reel.selected
        return row.key if row else None

    @property
    def following(self) -> bool:
        """Whether new records are shown as they come."""
        return self.live and self.ahead is None and bool(self.list.reel.rows) and self.list.reel.at_end

    def show_end(self, *, first: bool = False) -> None:
        """To the last record, or the first: at once as it was last seen, until the store tells how it is now. As long as it
        has not read so far, the last ones are those in the files."""
        if self.intake and not first and not self.filters.active and self._reading() is not None:
            self.look_ahead()
            return
        request = self.list.wanting(self.query_now, first=first)
        self.wants(request)
        query, page = self.ends.get(first, (None, None))
        if page and query == self.query_now:
            self.list.show(request, page)
            self.early = request, self.place

    def show_page(self, request: ask.Show, page: Glances) -> None:
        """Takes a page, unless one has moved on by then from what was shown of it early."""
        if request.place is None:
            self.ends[request.first] = request.query, page
        early, self.early = self.early, None
        self.list.instead = ("no record",)
        if self.filters.active:
            off, listed = (keymap.key_of(name, self.app.keys) for name in ("toggle-filters", "filters"))  # type: ignore[attr-defined]
            self.list.instead = (
                "no record that the filters let through",
                "",
                f"{off} switches them off, {listed} lists them",
            )
        if early is None or early[0] is not request or early[1] == self.place:
            self.list.show(request, page)

    def show_at(self, place: Key | datetime) -> None:
        """To a place or a time."""
        self.wants(self.list.wanting(self.query_now, at(place) if isinstance(place, datetime) else place))

    def use(self, filters: Filters, *, end: bool = False, remember: bool = True, stay: bool = False) -> None:
        """Looks through other filters, at the same place (`stay`: though the end was followed) or at the end."""
        if remember:
            self.trail = [*self.trail, View(self.filters, self.place)][-_TRAIL:]
        self.filters, self.found, self.counted = filters, None, None
        self.list.needle = self.query_now.needle or (self.sought.needle if self.sought else None)
        self.wants(self.list.wanting(self.query_now, None if end or (self.following and not stay) else self.place))
        self.left_at = None
        self.count()
        self.shade()
        self.show_status()

    def take_count(self, found: int) -> None:
        """Takes how many are found, counted right after all that there are."""
        self.found, self.is_counting = found, False
        self.counted = (found, self.standing.records if self.standing else found)

    def survey(self) -> None:
        """Asks for all that stands beside the list: what there is, how much is found, the timeline."""
        self.is_counting = True
        self.wants(overview.Survey(self.parts))
        if self.filters.active:
            self.wants(overview.Count(self.query_now))
        self.draw_timeline()

    def count(self) -> None:
        """Asks how many records are found."""
        self.is_counting = True
        if self.filters.active:
            self.wants(overview.Count(self.query_now))
        elif self.standing:
            self.take_count(self.standing.records)

    def draw_timeline(self) -> None:
        """Asks for the lanes of what is to be seen of them."""
        if not self.has_begun:
            return
        since, until = self.zoomed or (None, None)
        self.wants(overview.Timeline(since, until, self.timeline.cells, self.parts))

    def shade(self) -> None:
        """Asks what the filters let through of the lanes; until that is known, they stand as they are."""
        if self.filters.active and self.timeline.lanes:
            self.timeline.told = "counting …"
            self.wants(overview.Shade(self.query_now, self.timeline.lanes))
        else:
            self.timeline.shade(None)

    def take_shade(self, request: overview.Shade, found: Lanes | None) -> None:
        """Takes that."""
        if request.query == self.query_now and request.over is self.timeline.lanes and self.filters.active:
            self.timeline.shade(found, "filtered" if found else "not filtered")

    def wants(self, request: Request) -> None:
        """Asks the engine."""
        if isinstance(request, ask.Show):
            self.ahead, self.coming = None, request
        self.app.ask(request)  # type: ignore[attr-defined]

    def go_on(self) -> None:
        """The first records have come, or cannot be had: after they are drawn, all that stands around them is asked for."""
        if not self.has_begun:
            self.has_begun = True
            self.call_after_refresh(_collect_again)
            self.call_after_refresh(self.furnish)
            self.call_after_refresh(self.survey)

    def show_busy(self, busy: bool) -> None:
        """Tells whether an answer is a while in coming."""
        if busy != self.busy:
            self.busy = busy
            self.show_status()

    def store_changed(self) -> None:
        """The store has more, or other things, than before."""
        if self.intake:
            self.wants(ask.Refresh())
        if self.ahead is not None:
            pass  # what was read ahead stays until the store has it
        elif self.following or not self.list.reel.rows:
            self.wants(self.list.wanting(self.query_now))
        elif not self.list.reel.after:
            self.list.reel.after = True  # there may be: it is asked for when one gets there
        if not self.following:
            self.wants(ask.Tail(self.query_now, PAGE))
        self.survey()

    # status

    def say(self, text: str, *, wrong: bool = False) -> None:
        """One line at the foot, for a while."""
        self.notice, self.wrong = text, wrong
        if self._forget:
            self._forget.stop()
        self._forget = self.set_timer(_NOTICE, self.unsay)
        self.show_status()

    def unsay(self) -> None:
        """Takes it away."""
        self.notice, self.wrong = "", False
        self.show_status()

    def show_status(self) -> None:
        """Tells how it stands."""
        standing, filters = self.standing, self.filters.active
        records = standing.records if standing else None
        found = self.found if filters else records
        reading = self._reading()
        if self.following or reading is not None:
            self.left_at = None
        elif self.left_at is None and not self.is_counting:
            self.left_at = self.counted
        new, hidden = self._new()
        self.status.show(
            State(
                found, records, len(filters),
                sum(s.end is None for s in standing.silences) if standing else 0,
                standing.plain if standing else 0,
                self.place.timestamp if self.place else None, self.zone, self.following,
                self.intake is not None and self.intake.failure() is not None,
                new, hidden, reading, self.busy,
                self.notice, self.wrong,
            )
        )  # fmt: skip
        self.filterbar.show(self.filters)

    def intake_ended(self) -> None:
        """Tells why nothing comes any more; what is there stays."""
        assert self.intake is not None
        if why := self.intake.failure():
            self.say(f"reading has stopped: {why}", wrong=True)
        elif self.intake.pipe is not None:
            self.say("standard input has ended")

    def _new(self) -> tuple[int, int]:
        """How many have come since the end was left: of those that are found, and of others."""
        if self.left_at is None or self.counted is None:
            return 0, 0
        found, records = self.counted
        new = max(0, found - self.left_at[0])
        return new, max(0, records - self.left_at[1] - new)

    def _reading(self) -> float | None:
        if self.intake is None:
            return None
        if not self.intake.is_running or self.standing is None:
            return None if not self.intake.is_running else 0.0
        read = {p.path: self.standing.read.get(p.part, 0) for p in self.standing.parts if p.path}
        return self.intake.share(read)

    # messages

    def on_moved(self, message: Moved) -> None:
        self.timeline.window = self.list.window
        self.timeline.refresh()
        self.show_status()

    def on_said(self, message: Said) -> None:
        self.say(message.text)

    def on_go_to(self, message: GoTo) -> None:
        self.show_at(message.moment)

    def on_resize(self, event: events.Resize) -> None:
        self.draw_timeline()

    def try_to(self, work: Any) -> Any:
        """Does something; what a person typed wrong is said."""
        try:
            return work()
        except LogtriageError as why:
            self.say(why.message + (f" ({why.hint})" if why.hint else ""), wrong=True)
            return None


def _collect_again() -> None:
    """Garbage is collected from now on, if it was not; never looked at again is what the start has made."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
