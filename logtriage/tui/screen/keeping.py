"""Actions of the main screen that keep what one looks at: by name, and on their own as it changes."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage import marks
from logtriage.tui.filters import Filters
from logtriage.tui.requests.request import Request, Show
from logtriage.tui.screen.events import at
from logtriage.tui.screen.marking import Marking
from logtriage.tui.sessions import Saved

if TYPE_CHECKING:
    from logtriage.tui.host import Options
    from logtriage.tui.intake import Intake

_NOTE_EVERY = 2.0  # seconds


class Keeping(Marking):
    """See the module."""

    def __init__(self, options: Options, intake: Intake | None) -> None:
        super().__init__(options, intake)
        self._noted: Saved | None = None
        self._is_cut_off = False
        if saved := options.session:
            self.filters = Filters(self.filters.base, saved.filters, saved.off)
            self.zoomed, self.utc = saved.zoomed, saved.utc or options.utc
            self.list.zone = self.timeline.zone = self.zone
            self.live = saved.at is None

    def begin(self, has_store: bool) -> list[Request]:
        wanted = super().begin(has_store)
        if self.options.session and self.options.session.at and isinstance(wanted[0], Show):
            wanted[0] = self.list.wanting(self.query_now, at(self.options.session.at))
        return wanted

    def on_mount(self) -> None:
        self.load_marks()
        if self.options.session:
            self.take_marks(self.options.session)
            self.survey()
            if self.options.session.ended:
                self.say("the session is open again")
            else:
                self.say("the session that was cut off is back · 0 and L start afresh")
        if self.options.sessions:
            self.set_interval(_NOTE_EVERY, self.note_down)

    def on_unmount(self) -> None:
        if self.options.sessions and not self._is_cut_off:
            self.note_down(ended=True)

    def cut_off(self) -> None:
        """Has all that is to be kept written down now: it is not left by choice."""
        self._is_cut_off = True
        self.note_down()
        self.notebook.close()

    @property
    def saved(self) -> Saved:
        """What is looked at now, as a session."""
        at = self.place.timestamp if self.place and not self.following else None
        return Saved(self.filters.each, self.filters.off, at, self.zoomed, self.utc, tuple(self.marks))

    def note_down(self, *, ended: bool = False) -> None:
        """Writes down how it stands, if that has changed."""
        now = replace(self.saved, ended=ended)
        if self.options.sessions and now != self._noted:
            self._noted = now
            self.notebook.write(partial(self.options.sessions.note, now), self.not_kept)

    def action_sessions(self) -> None:
        from logtriage.tui.panels.session_box import SessionBox

        kept = self.options.sessions
        if kept is None:
            self.say("sessions are not kept here")
            return
        self.app.push_screen(SessionBox(kept.names(), last=kept.last() is not None), self.fulfil)

    def fulfil(self, wish: object) -> None:
        """Saves, opens or removes a session."""
        from logtriage.tui.panels.session_box import LAST, Wish

        kept = self.options.sessions
        if not isinstance(wish, Wish) or kept is None:
            return
        if wish.what == "save":
            path = self.try_to(lambda: kept.save(wish.name, self.saved))
            if path:
                home = str(Path.home())
                told = str(path).replace(home, "~", 1) if str(path).startswith(home + os.sep) else str(path)
                self.say(f"saved: {told}")
        elif wish.what == "remove":
            self.try_to(lambda: kept.remove(wish.name))
        else:
            saved = kept.last() if wish.name == LAST else self.try_to(lambda: kept.load(wish.name))
            if saved:
                self.reopen(saved)

    def reopen(self, saved: Saved) -> None:
        """Looks at what a session looked at."""
        self.take_marks(saved)
        self.zoomed, self.utc = saved.zoomed, saved.utc
        self.list.zone = self.timeline.zone = self.zone
        self.use(Filters(self.filters.base, saved.filters, saved.off), end=saved.at is None)
        if saved.at:
            self.live = False
            self.show_at(saved.at)
        self.draw_timeline()

    def take_marks(self, saved: Saved) -> None:
        """Adds a session's marks to those there are; a note that is there already stays."""
        known = {mark.key: mark for mark in self.marks}
        new = [mark for mark in saved.marks if mark.key not in known or (mark.note and not known[mark.key].note)]
        if new:
            merged = {**known, **{mark.key: mark for mark in new}}
            self.keep_marks(marks.read(marks.plain(merged.values())))
