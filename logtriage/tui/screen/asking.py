"""Actions of the main screen that ask about all records at once: their kinds, SQL, triage and the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.query.condition import inlined, stored
from logtriage.query.query import Query
from logtriage.store.place import default_path
from logtriage.tui.drawing import times
from logtriage.tui.filters import Filter
from logtriage.tui.requests import panels as ask
from logtriage.tui.screen.keeping import Keeping

if TYPE_CHECKING:
    from logtriage.answers.kinds import Kinds
    from logtriage.signatures.library import Pattern
    from logtriage.tui.requests.report import Report, Triaged

_COLUMNS = "timestamp, level, service, source, line, raw"
_ROWS = 1_000
_OVERVIEW = "SELECT service, level, count(*) AS records\nFROM records\nGROUP BY ALL ORDER BY records DESC"


class Asking(Keeping):
    """See the module."""

    begun: datetime | None = None  # when it began, as one said last

    def action_patterns(self) -> None:
        """Opens the list of kinds, which fills as they are counted."""
        from logtriage.tui.panels.kinds import CELLS, KindBox
        from logtriage.tui.screen.stories import told

        def done(chosen: object) -> None:
            self.app.engine.drop("sorts")
            if isinstance(chosen, Filter):
                self.use(told(self.filters, (chosen,), keep=("since", "until")), stay=True)
                self.say(f"only {chosen.told(self.zone)} · back: ^o")

        if not self.details.patterns:
            self.wants(ask.Library(self.options.patterns))
        query = self.query_now
        since, until = (stored(end) if end else None for end in (query.since, query.until))
        self.app.push_screen(KindBox(self.details.patterns, self.zone), done)
        self.wants(ask.Sorts(self.parts, since, until, CELLS))

    def show_sorts(self, request: ask.Sorts, found: Kinds | None) -> None:
        """Shows what of them is counted."""
        from logtriage.tui.panels.kinds import KindBox

        if isinstance(box := self.app.screen, KindBox):
            box.fill(found, self.details.patterns)

    def take_library(self, request: ask.Library, patterns: dict[str, Pattern]) -> None:
        """Has what is open tell the titles of signatures."""
        from logtriage.tui.panels.kinds import KindBox

        self.details.patterns = patterns
        self.details.draw()
        if isinstance(box := self.app.screen, KindBox) and box.found:
            box.fill(box.found, patterns)

    def action_report(self) -> None:
        """Lets one choose what is to become of what triage finds."""
        from shlex import quote

        from logtriage.tui.panels.menu import Choice, Menu
        from logtriage.tui.requests.report import Report, Triaged

        choices = [
            Choice("t", "triage: whom to suspect, here on the screen", "here"),
            Choice("m", "the hand-over as Markdown, in a file", (False, False)),
            Choice("h", "the hand-over as one HTML page, in a file", (True, False)),
            Choice("M", "as Markdown, secrets and addresses masked", (False, True)),
            Choice("H", "as HTML, secrets and addresses masked", (True, True)),
        ]
        here = self.place.timestamp if self.place else None
        if here:
            choices.insert(1, Choice("b", f"the same, if it began here: {times.clock(here, self.zone)[:8]}", "begun"))

        def done(chosen: object) -> None:
            query = self.query_now
            since, until = (stored(end) if end else None for end in (query.since, query.until))
            store = "" if self.store_path == default_path() else f" --store {quote(str(self.store_path))}"
            if chosen in ("here", "begun"):  # the hand-over that is asked for next is of the same
                self.begun = here if chosen == "begun" else None
            about = (self.parts, since, until, self.begun, self.zone, store)
            if chosen in ("here", "begun"):
                self.wants(Triaged(*about))
            elif isinstance(chosen, tuple):
                html, redact = chosen
                self.wants(Report(*about, tuple(self.marks), self.store_path / "reports", html, redact))
            if chosen:
                self.say("looking for what moved first …")

        begun = f", begun {times.clock(self.begun, self.zone)[:8]}" if self.begun else ""
        self.app.push_screen(Menu(f"triage and report{begun}", choices, "R"), done)

    def tell_report(self, request: Report, path: Path) -> None:
        """Says where the hand-over is."""
        self.say(f"written: {path}")

    def show_triage(self, request: Triaged, lines: list[str]) -> None:
        """Opens what triage found."""
        from logtriage.tui.panels.paper import Paper

        self.unsay()
        self.app.push_screen(Paper("triage: a ranking by evidence, not a verdict", lines))

    def action_sql(self) -> None:
        from logtriage.tui.panels.sql_box import SqlBox

        self.app.push_screen(SqlBox(statement(self.query_now), self.store_path, self.parts))


def statement(query: Query) -> str:
    """The SQL of what a query finds; an overview where it finds everything."""
    asked = replace(query, parts=None, limit=_ROWS, tail=None)
    if asked == Query(limit=_ROWS):
        return _OVERVIEW
    sql = inlined(*asked.sql(_COLUMNS))
    return sql.replace(" FROM records WHERE ", "\nFROM records\nWHERE ", 1)
