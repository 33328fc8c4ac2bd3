"""What triage finds, to be read on the screen or as the hand-over in a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from logtriage import kept
from logtriage.errors import UsageError
from logtriage.marks import Mark
from logtriage.store.snapshot import Snapshot
from logtriage.triage.as_text import Again
from logtriage.tui.requests.request import Request

if TYPE_CHECKING:
    from logtriage.triage.triage import Triage


@dataclass(frozen=True)
class Triaged(Request):
    """What is suspected, of these parts (None: all) and between two moments (UTC, naive; None: as `logtriage triage`
    has it) → the lines of `logtriage triage`. `at`: when it began, if that is not to be found; `store`: what its commands
    say of the store."""

    parts: tuple[int, ...] | None
    since: datetime | None
    until: datetime | None
    at: datetime | None
    zone: tzinfo
    store: str
    kind: ClassVar[str] = "triaged"
    lane: ClassVar[str] = "aside"

    def answer(self, snapshot: Snapshot) -> list[str]:
        from logtriage.triage import as_text

        return list(as_text.lines(self._found(snapshot), self.zone, False, Again(self.store)))

    def _found(self, snapshot: Snapshot) -> Triage:
        from logtriage.triage.triage import Asked, triage

        return triage(snapshot, Asked(since=self.since, until=self.until, at=self.at, parts=self.parts))


@dataclass(frozen=True)
class Report(Triaged):
    """The same as the hand-over, with marks, in a file of the folder `to`: Markdown, or `html`; → the file. `redact`:
    with secrets and addresses masked."""

    marks: tuple[Mark, ...] = ()
    to: Path = Path()
    html: bool = False
    redact: bool = False
    kind: ClassVar[str] = "report"

    def answer(self, snapshot: Snapshot) -> Path:  # type: ignore[override]
        from logtriage.report import markdown, page
        from logtriage.report.incident import document
        from logtriage.report.redact import masker

        found = self._found(snapshot)
        made = document(found, self.marks, self.zone, again=Again(self.store))
        if self.redact:
            made = made.mapped(masker())
        begun = found.onset.moment if found.onset else self.until or datetime.now(UTC)
        path = self.to / f"incident-{begun:%Y-%m-%d-%H%M}{'-redacted' * self.redact}.{'html' if self.html else 'md'}"
        try:
            kept.write(path, page.rendered(made) if self.html else markdown.rendered(made))
        except OSError as why:
            raise UsageError(f"the report {path} cannot be written: {why.strerror}") from why
        return path
