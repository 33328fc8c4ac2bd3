"""The list of events: all sources in one order of time. Only what is near the view is held; more is asked for as one moves."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from textual import events

from logtriage.answers.glance import Glances
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.tui.messages import Moved, Opened, Wanted
from logtriage.tui.requests.request import Earlier, Later, Show, Whole
from logtriage.tui.screen.event_lines import EventLines

if TYPE_CHECKING:
    from logtriage.answers.search import Row

PAGE = 500  # records asked for at once at the end, which come anew with all that is written
_FIRST = 100  # elsewhere, and when there is nothing yet: what is around them is asked for once they stand
_MORE = 900  # where one goes on from there: what takes time is finding them, hardly how many they are
_NEAR = 220  # so many rows at least are kept ready on either side of the view
_MOST_UNFOLDED = 1_000  # lines of one record that are shown in the list


class Events(EventLines, can_focus=True):
    """Shows what `query_shown` finds. Posts `Wanted` for records, `Moved` when another is selected, `Opened` when one is
    chosen."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(zone)
        self.query_shown = Query()
        self._asked: set[str] = set()

    # what is shown

    def wanting(self, query: Query, place: Key | None = None, *, first: bool = False) -> Show:
        """The request for a place of a query: the end of it, if none is given, or the beginning (`first`)."""
        self.query_shown = query
        self._asked = set()
        count = PAGE if self.reel.rows and place is None else max(_FIRST, self.size.height)
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

    def give_up(self) -> None:
        """Does not wait any more for what was asked for."""
        self.is_loading = False
        self._asked = set()

    def show_later(self, request: Later, page: Glances) -> None:
        """Takes the records after those held."""
        self._asked.discard("later")
        if self.reel.rows and self.reel.rows[-1].key == request.edge:
            self.reel.put_after(page)
            self._moved()

    def unfold(self, row: Row) -> None:
        """Shows a record in full, now that all of it is here: what it says, or all of its text where that is one line."""
        lines = (row.body or "").split("\n")[1:] or row.raw.split("\n")[1:]
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

    def visit(self, row: int) -> None:
        """Selects the record of that number, with what is around it."""
        self.reel.visit(row)
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


def at(moment: datetime) -> Key:
    """The place before all records of a moment (aware, or UTC and naive)."""
    return Key(moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment, -1, -1, -1)
