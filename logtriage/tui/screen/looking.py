"""Actions of the main screen that look closer: a record's details, what it has in common with others, its trace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from logtriage.answers.glance import Glance
from logtriage.query.walk import Key
from logtriage.tui.filters import Filter
from logtriage.tui.messages import Moved, Opened
from logtriage.tui.requests import panels as ask
from logtriage.tui.screen.finding import Finding
from logtriage.tui.screen.moving import Moving

if TYPE_CHECKING:
    from logtriage.answers.detail import Detail
    from logtriage.tui.panels.sheet import Sheet


class Looking(Moving, Finding):
    """See the module."""

    # details

    async def action_details(self) -> None:
        """Opens the details; if they are open, goes into them."""
        await self.furnish()
        if self.details.is_open:
            self.details.focus()
            return
        if not self.details.patterns:
            self.wants(ask.Library(self.options.patterns))
        self.details.add_class("shown")
        self.add_class("looking")
        self.details.name_of = self.name_of
        self.ask_detail()

    def close_details(self) -> bool:
        """Closes them; gives whether they were open. From within one comes back to the list first."""
        if not self.details.is_open:
            return False
        if self.details.has_focus:
            self.list.focus()
        else:
            self.details.remove_class("shown")
            self.remove_class("looking")
        return True

    def action_back(self) -> None:
        if not self.close_details():
            super().action_back()

    def ask_detail(self, use: str = "show") -> None:
        """Asks for all of the selected record."""
        if row := self.list.reel.selected:
            self.wants(ask.Detailed(row.key, row.shape, use))

    def on_moved(self, message: Moved) -> None:
        if message.row and self.has_class("looking"):
            shown = self.details.detail
            if shown is None or shown.row.key != message.row.key:
                self.ask_detail()

    async def on_opened(self, message: Opened) -> None:
        await self.action_details()

    def show_detail(self, request: ask.Detailed, detail: Detail | None) -> None:
        """Takes all of a record to where it is wanted."""
        if detail is None:
            self.say("this record is not in the store yet" if self.ahead else "this record is in the store no more")
        elif request.use == "story":
            self.choose_story(detail)
        elif request.use == "draft":
            self.offer_draft(detail)
        elif self.details.is_open and self.place == request.place:
            self.details.zone = self.zone
            self.details.records = self.standing.records if self.standing else None
            self.details.show(detail)
            self.wants(ask.Near(detail.row, self.details.within, self.parts))

    def show_near(self, request: ask.Near, near: list[Glance]) -> None:
        """Takes a record's neighbours."""
        if self.details.detail and self.details.detail.row.key == request.row.key:
            self.details.show_near(near)

    async def action_raw(self) -> None:
        if not self.details.is_open:
            await self.action_details()
        self.details.toggle_raw()

    async def action_nearby(self) -> None:
        if not self.details.is_open:
            await self.action_details()
            return
        within = self.details.wider()
        if self.details.detail:
            self.wants(ask.Near(self.details.detail.row, within, self.parts))

    def on_sheet_chosen(self, message: Sheet.Chosen) -> None:
        if message.sheet is self.details:
            self.follow_up(message.value)

    def on_sheet_pointed(self, message: Sheet.Pointed) -> None:
        if message.sheet is self.details and self.details.has_focus and message.row and message.row.told:
            self.say(f"Enter: {message.row.told}")

    def follow_up(self, value: Any) -> None:
        """Goes to a place, or shows all records that a filter finds."""
        if isinstance(value, Key):
            self.reveal(value)
        elif isinstance(value, Filter):
            self.tell((value,))

    # what it has in common with others

    def action_story(self) -> None:
        """Lets one choose in what way others are to be like the record."""
        from logtriage.tui.panels.menu import Menu

        if self.list.reel.selected is None:
            return

        def done(chosen: object) -> None:
            if chosen == "waterfall":
                self.action_waterfall()
            elif isinstance(chosen, tuple):
                self.tell(chosen)

        self.app.push_screen(Menu("all of the same …", (), "a"), done)
        self.ask_detail("story")

    def choose_story(self, detail: Detail) -> None:
        """Tells the choices."""
        from logtriage.tui.panels.menu import Choice, Menu
        from logtriage.tui.screen.stories import stories

        ways = stories(detail)
        choices = [Choice(way.key, way.told, way.filters) for way in ways]
        if any(way.key in "tr" for way in ways):
            choices.insert(1, Choice("w", "the same as a waterfall", "waterfall"))
        if isinstance(menu := self.app.screen, Menu):
            menu.fill(choices)

    def tell(self, story: tuple[Filter, ...]) -> None:
        """Shows what some filters find over all sources, at the same place; the other filters are off until one is back."""
        from logtriage.tui.screen.stories import told

        place = self.place
        self.use(told(self.filters, story), stay=True)
        if place:
            self.say(f"{', '.join(one.told(self.zone) for one in story)} · back: ^o")

    def reveal(self, place: Key) -> None:
        """Goes to a record, and switches the filters off if they may hide it."""
        if self.filters.active and not any(row.key == place for row in self.list.reel.rows):
            self.use(replace(self.filters, off=True))
            self.say("filters off, to show it · back: ^o")
        self.visit(place)

    def action_draft(self) -> None:
        self.ask_detail("draft")

    def offer_draft(self, detail: Detail) -> None:
        """Drafts a signature for records like this one."""
        from logtriage.tui.panels.draft_box import DraftBox

        if detail.template is None:
            self.say("this record has no template to draft a signature from")
            return

        def done(path: object) -> None:
            if path:
                self.say(f"saved in {path}; the next ingest flags what it matches")

        self.app.push_screen(DraftBox(detail.template.number, self.options.patterns), done)

    # its trace

    def action_waterfall(self) -> None:
        if row := self.list.reel.selected:
            self.wants(ask.Trace(row.key, row.shape))

    def show_trace(self, request: ask.Trace, traced: ask.Traced | None) -> None:
        """Opens the waterfall."""
        from logtriage.tui.panels.waterfall import Falls

        if traced is None:
            self.say("this record has no trace or request id")
            return

        def done(place: object) -> None:
            if isinstance(place, Key):
                self.reveal(place)

        self.app.push_screen(Falls(traced, self.name_of, self.zone, request.place), done)

    def name_of(self, record: Glance) -> str:
        """What a record's source is called."""
        names = self.standing.names if self.standing else {}
        return record.service or record.container or names.get(record.part, "?")
