"""A signature drafted from a record: read, named, and saved among the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from logtriage.store.snapshot import Snapshot
from logtriage.tui.drawing.text import safe
from logtriage.tui.panels.overlays import Overlay
from logtriage.tui.panels.sheet import Sheet, row
from logtriage.tui.requests.request import Request

if TYPE_CHECKING:
    from logtriage.answers.drafting import Draft
    from logtriage.tui.host import Host


class Drafted(NamedTuple):
    """A draft, and the file that it was saved in, if it was."""

    draft: Draft
    path: Path | None


@dataclass(frozen=True)
class Drafting(Request):
    """The signature drafted from a template → Drafted. `identity`: its id, if another than the draft's own; `done`: it is
    to be saved, if nothing is wrong with it and there is a folder for it."""

    template: str
    folders: tuple[Path, ...]
    identity: str | None = None
    done: bool = False
    kind: ClassVar[str] = "drafting"
    lane: ClassVar[str] = "aside"

    def answer(self, snapshot: Snapshot) -> Drafted:
        from logtriage.answers.drafting import Wishes, add, draft
        from logtriage.answers.drafts import material
        from logtriage.errors import UsageError
        from logtriage.signatures.library import load_patterns

        found = material(snapshot, text=None, template=self.template)
        if found is None:
            raise UsageError("this record's template is in the store no more")
        made = draft(found, load_patterns(self.folders), Wishes(self.identity))
        saved = self.done and self.folders and not made.problems
        return Drafted(made, add(made, self.folders) if saved else None)


class DraftBox(Overlay):
    """Gives the file that the signature was saved in, or None. `folders`: the user's own ones."""

    BINDINGS: ClassVar = [Binding("escape", "dismiss(None)", show=False, priority=True)]
    app: Host

    def __init__(self, template: str, folders: tuple[Path, ...]) -> None:
        super().__init__()
        self.template, self.folders = template, folders
        self.name_line = Input(compact=True)
        self.told = Static("drafting …", markup=False, id="draft-told")
        self.sheet = Sheet()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall", id="draft"):
            yield self.name_line
            yield self.told
            yield self.sheet

    def on_mount(self) -> None:
        box = self.query_one(".box")
        box.border_title = "a signature for records like this one: its id"
        box.border_subtitle = f"Enter {'saves' if self.folders else 'copies'} it · Tab: the text · Esc"
        self.name_line.focus()
        self.app.ask(Drafting(self.template, self.folders))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._tell("checking …")
            self.app.ask(Drafting(self.template, self.folders, event.value.strip(), done=True))

    def takes(self, request: Request) -> bool:
        """Whether the answer of a request is for this box."""
        return isinstance(request, Drafting)

    def answered(self, request: Request, result: Drafted) -> None:
        """Takes the draft."""
        assert isinstance(request, Drafting)
        made, path = result
        if path:
            self.dismiss(path)
            return
        if not self.name_line.value:
            self.name_line.value = made.identity
        self.sheet.put([row((line, "plain")) for line in made.toml.splitlines()])
        if made.problems:
            self._tell(" · ".join(made.problems), wrong=True)
        elif request.done:
            self.app.copy_to_clipboard(made.toml)
            self._tell("copied: a .toml file in one of your folders of patterns is the place for it")
        elif self.folders:
            self._tell(f"it goes to own.toml in {self.folders[0]}; the next ingest flags what it matches")
        else:
            self._tell('to have it saved, name a folder in the config: patterns = ["~/logs/patterns"]')

    def failed(self, request: Request, why: str) -> None:
        """Takes what went wrong."""
        self._tell(why, wrong=True)

    def _tell(self, text: str, *, wrong: bool = False) -> None:
        self.told.update(safe(text, 1_000))
        self.told.set_class(wrong, "wrong")
