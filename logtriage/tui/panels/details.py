"""The details of the selected record: a panel beside the events, or below them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta, tzinfo
from typing import TYPE_CHECKING

from textual import events

from logtriage.answers.glance import Glance
from logtriage.tui.panels.sheet import Sheet

if TYPE_CHECKING:
    from logtriage.answers.detail import Detail
    from logtriage.signatures.library import Pattern

WITHIN = (timedelta(seconds=1), timedelta(seconds=10), timedelta(minutes=1))


class Details(Sheet):
    """Shows `detail`. `raw`: its bytes; `within`: how far away neighbours may be; `records`: how many there are in all;
    `name`: what a record's source is called."""

    def __init__(self) -> None:
        super().__init__(id="details")
        self.detail: Detail | None = None
        self.near: Sequence[Glance] = ()
        self.patterns: Mapping[str, Pattern] = {}
        self.records: int | None = None
        self.zone: tzinfo = UTC
        self.name_of: Callable[[Glance], str] = lambda record: record.service or ""
        self.within = WITHIN[1]
        self.raw = False

    @property
    def is_open(self) -> bool:
        """Whether it is to be seen."""
        return self.has_class("shown")

    def show(self, detail: Detail | None) -> None:
        """Takes another record; its neighbours come later."""
        same = bool(detail and self.detail and detail.row.key == self.detail.row.key)
        self.detail = detail
        self.near = self.near if same else ()
        self.draw(keep=same)

    def show_near(self, near: Sequence[Glance]) -> None:
        """Takes its neighbours."""
        self.near = near
        self.draw(keep=True)

    def draw(self, *, keep: bool = True) -> None:
        """Makes the lines anew."""
        from logtriage.tui.panels import detail_rows

        width = max(20, self.size.width)
        if self.detail is None:
            self.put(())
        elif self.raw:
            self.put(detail_rows.raw(self.detail, width), keep=keep)
        else:
            shown = detail_rows.rows(self.detail, self.patterns, self.records, self.zone, width)
            if self.detail.row.timestamp:
                shown += detail_rows.beside(self.near, self.detail.row, self.within, self.name_of)
            self.put(shown, keep=keep)

    def on_resize(self, event: events.Resize) -> None:
        self.draw()

    def toggle_raw(self) -> None:
        """Its bytes, or what they say."""
        self.raw = not self.raw
        self.draw(keep=False)

    def wider(self) -> timedelta:
        """The next distance of neighbours."""
        self.within = WITHIN[(WITHIN.index(self.within) + 1) % len(WITHIN)]
        return self.within
