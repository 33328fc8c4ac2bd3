"""Actions of the main screen on marks: set, note, go to the next; and copies of the record or of all that are marked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage import marks
from logtriage.answers.glance import Glance
from logtriage.errors import LogtriageError
from logtriage.marks import Mark
from logtriage.query.walk import Key
from logtriage.store.place import default_path
from logtriage.tui.messages import Said
from logtriage.tui.notebook import Notebook
from logtriage.tui.requests import panels as ask
from logtriage.tui.screen.looking import Looking
from logtriage.tui.screen.reel import in_order

if TYPE_CHECKING:
    from logtriage.answers.detail import Detail
    from logtriage.tui.host import Options
    from logtriage.tui.intake import Intake
    from logtriage.tui.screen.prompt import Prompt

_MOST_COPIED = 500  # marked records
_COPY_LIMIT = 70_000  # bytes that every terminal takes by OSC 52


class Marking(Looking):
    """See the module."""

    def __init__(self, options: Options, intake: Intake | None) -> None:
        super().__init__(options, intake)
        self.marks: list[Mark] = []
        self.noted: Mark | None = None
        self.notebook = Notebook()

    def load_marks(self) -> None:
        """Reads the marks that are kept with the store."""
        self.marks = marks.load(self.store_path)

    def on_unmount(self) -> None:
        self.notebook.close()

    @property
    def store_path(self) -> Path:
        """The folder of the store."""
        return self.app.engine.path

    # marks

    def mark_of(self, row: Glance) -> Mark | None:
        """The mark that a record would have."""
        part = next((one for one in self.standing.parts if one.part == row.part), None) if self.standing else None
        return Mark(part.source, row.offset, row.timestamp) if part else None

    def place_of(self, mark: Mark) -> Key | None:
        """Where the record that is marked stands; None where the store does not have its source."""
        parts = self.standing.parts if self.standing else ()
        part = next((one.part for one in parts if one.source == mark.source), None)
        return Key(mark.timestamp, 0, part, mark.offset) if part is not None else None

    def action_mark(self) -> None:
        if (row := self.list.reel.selected) and (mark := self.mark_of(row)):
            self.keep_marks(marks.toggled(self.marks, mark))
            there = mark.key in {one.key for one in self.marks}
            self.say("marked · M adds a note · u U go to marks · c copies them" if there else "not marked any more")

    async def action_note(self) -> None:
        await self.furnish()
        if (row := self.list.reel.selected) and (mark := self.mark_of(row)):
            self.noted = next((one for one in self.marks if one.key == mark.key), mark)
            self.prompt.ask("note", self.noted.note)

    def on_prompt_entered(self, message: Prompt.Entered) -> None:
        if message.what == "note" and self.noted:
            new = replace(self.noted, note=message.text.strip())
            self.keep_marks(marks.toggled([one for one in self.marks if one.key != new.key], new))
            self.say(f"noted: {new.note} · R: into the report" if new.note else "marked without a note")

    def action_next_mark(self, backwards: bool = False) -> None:
        places = sorted(filter(None, (self.place_of(mark) for mark in self.marks)), key=in_order)
        here = self.place
        if backwards:
            places = [one for one in reversed(places) if here is None or in_order(one) < in_order(here)]
        else:
            places = [one for one in places if here is None or in_order(one) > in_order(here)]
        if not places:
            self.say(f"no {'earlier' if backwards else 'later'} mark" if self.marks else "nothing is marked: m")
            return
        self.reveal(places[0])
        note = next((m.note for m in self.marks if self.place_of(m) == places[0]), "")
        if note:
            self.say(note)

    def keep_marks(self, new: list[Mark]) -> None:
        """Takes other marks, shows them and writes them down."""
        self.marks = new
        self.show_marks()
        self.notebook.write(lambda: marks.save(self.store_path, new), self.not_kept)

    def not_kept(self, why: LogtriageError) -> None:
        """Says that something could not be written; may be called from another thread."""
        self.post_message(Said(why.message))

    def show_marks(self) -> None:
        """Shows the marks on the timeline and in the list."""
        places = [place for mark in self.marks if (place := self.place_of(mark))]
        self.list.marks = {(place.part, place.offset) for place in places}
        self.timeline.marks = tuple(mark.timestamp for mark in self.marks if mark.timestamp)
        self.list.refresh()
        self.timeline.refresh()

    # copies

    def action_copy(self) -> None:
        """Lets one choose what is copied, and as what."""
        from logtriage.tui.panels.menu import Choice, Menu

        choices = [
            Choice("t", "this record as text", ("one", "text")),
            Choice("m", "this record as Markdown", ("one", "markdown")),
            Choice("j", "this record as JSON", ("one", "json")),
        ]
        if count := len(self.marks):
            choices += [
                Choice("T", f"all {count} marked as text", ("marked", "text")),
                Choice("M", f"all {count} marked as Markdown", ("marked", "markdown")),
                Choice("J", f"all {count} marked as JSON", ("marked", "json")),
            ]

        def done(chosen: object) -> None:
            if isinstance(chosen, tuple):
                self.ask_copy(*chosen)

        self.app.push_screen(Menu("copy, with the command that finds it again", choices, "c"), done)

    def ask_copy(self, what: str, kind: str) -> None:
        """Asks for the records that are to be copied."""
        places = [place for mark in self.marks if (place := self.place_of(mark))] if what == "marked" else [self.place]
        known = tuple(place for place in places if place)[:_MOST_COPIED]
        if known:
            self.wants(ask.Many(known, kind))

    def copy_many(self, request: ask.Many, details: list[Detail]) -> None:
        """Copies records as they were wanted."""
        self.copy(request.use, details)

    def copy(self, kind: str, details: list[Detail]) -> None:
        """Copies records to the clipboard of the terminal, over SSH too (OSC 52)."""
        from logtriage.tui.screen.copies import copy_of

        notes = {mark.key: mark.note for mark in self.marks}
        store = None if self.store_path == default_path() else self.store_path
        text = copy_of(details, kind, notes, self.zone, store)
        self.app.copy_to_clipboard(text)
        size = len(text.encode("utf-8", "replace"))
        more = f" · {size // 1000:,} kB: some terminals take no more than 70" if size > _COPY_LIMIT else ""
        self.say(f"copied {len(details):,} record{'s' if len(details) != 1 else ''} as {kind}{more}")
