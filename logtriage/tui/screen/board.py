"""What the main screen is made of, and what is known of how it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from logtriage.answers.glance import Glances
from logtriage.answers.tally import Counted, Known
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.tui.filters import Filters
from logtriage.tui.requests import request as ask
from logtriage.tui.requests.overview import Standing
from logtriage.tui.requests.request import Request
from logtriage.tui.screen.events import Events
from logtriage.tui.screen.status import FilterBar, Status
from logtriage.tui.screen.timeline import Timeline

if TYPE_CHECKING:
    from logtriage.tui.host import Host, Options
    from logtriage.tui.intake import Intake
    from logtriage.tui.panels.details import Details
    from logtriage.tui.screen.prompt import Prompt


class View(NamedTuple):
    """What was looked at, and where."""

    filters: Filters
    place: Key | None


class Board(Screen[None]):
    """The main screen without its actions. `filters`: what is looked at; `standing`: what there is; `live`: whether the end is followed."""

    app: Host

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
        self.filterbar = FilterBar()
        self.status = Status()
        self.filters = Filters()
        self.standing: Standing | None = None
        self.found: int | None = None
        self.so_far: Counted | None = None  # how many are found by now
        self.known: Known | None = None  # what the next count of the same may go on from
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

    @cached_property
    def details(self) -> Details:
        """The panel beside the events; made after the first records stand."""
        from logtriage.tui.panels.details import Details

        return Details()

    @cached_property
    def prompt(self) -> Prompt:
        """The line in which one types; made after the first records stand."""
        from logtriage.tui.screen.prompt import Prompt

        return Prompt(self.list)

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
        self.list.is_loading = not self.list.reel.rows
        self.list.focus()
        self.call_after_refresh(self.app.hear)

    def draw_all(self) -> None:
        """Draws everything anew: the terminal was the shell's meanwhile."""
        for widget in self.walk_children():
            widget.refresh()

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

    def wants(self, request: Request) -> None:
        """Asks the engine."""
        if isinstance(request, ask.Show):
            self.ahead, self.coming = None, request
        self.app.ask(request)
