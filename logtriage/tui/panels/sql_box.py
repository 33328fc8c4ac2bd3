"""SQL on the store: the statement of what one looks at, to be changed and run, its answer as a table, and as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static, TextArea

from logtriage.coverage import counted
from logtriage.tui.drawing.text import cut, safe
from logtriage.tui.panels.overlays import Overlay
from logtriage.tui.panels.sheet import Row, Sheet, row
from logtriage.tui.requests.request import Request
from logtriage.tui.requests.sql import Ask, Export, Result

if TYPE_CHECKING:
    from logtriage.tui.host import Host

_WIDEST = 60  # cells of a column
VIEWS = "views: records, hits, sources, shapes, templates · DESCRIBE records tells the columns"


class Statement(TextArea):
    """The text. Enter runs it; Ctrl+J begins a new line."""

    BINDINGS: ClassVar = [Binding("ctrl+j", "newline", show=False)]

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.screen.run()  # type: ignore[attr-defined]
        else:
            await super()._on_key(event)

    def action_newline(self) -> None:
        self.insert("\n")


class SqlBox(Overlay):
    """`text`: the statement to begin with. Asks the engine of the application; takes `Ask` and `Export`."""

    BINDINGS: ClassVar = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+r", "run", show=False, priority=True),
        Binding("ctrl+e", "export", show=False, priority=True),
        Binding("q", "dismiss(None)", show=False),
    ]
    app: Host

    def __init__(self, text: str, path: Path, parts: tuple[int, ...] | None) -> None:
        super().__init__()
        self.path, self.parts = path, parts
        self.statement = Statement(text, language=None, soft_wrap=True, show_line_numbers=False, compact=True)
        self.sheet = Sheet(fixed=1)
        self.told = Static(VIEWS, markup=False, id="sql-told")
        self.file = Input(placeholder="file.csv, file.jsonl or file.parquet", compact=True, id="sql-file")
        self.asked: Ask | Export | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall", id="sql"):
            yield self.statement
            yield self.told
            yield self.file
            yield self.sheet

    def on_mount(self) -> None:
        box = self.query_one(".box")
        box.border_title = "SQL"
        box.border_subtitle = "Enter runs · ^j new line · Tab result · ^e to a file · Esc"
        self.file.display = False
        self.statement.move_cursor(self.statement.document.end)
        self.statement.focus()

    # asking

    def run(self) -> None:
        """Runs the statement."""
        self._ask(Ask(self.path, self.statement.text, self.parts))

    def action_run(self) -> None:
        self.run()

    def action_export(self) -> None:
        self.file.display = True
        self.file.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            to = Path(event.value.strip()).expanduser()
            self._ask(Export(self.path, self.statement.text, self.parts, to=to))

    def action_leave(self) -> None:
        """Stops what runs; else closes the line for a file; else the box."""
        if self.asked:
            self.asked.cancel()
            self._tell("stopped", wrong=True)
            self.asked = None
        elif self.file.display:
            self._close_file()
        else:
            self.dismiss(None)

    def _ask(self, request: Ask | Export) -> None:
        self.asked = request
        self._tell("running … Esc stops it")
        self.app.ask(request)

    # answers

    def takes(self, request: Request) -> bool:
        """Whether the answer of a request is for this box."""
        return isinstance(request, Ask | Export)

    def answered(self, request: Request, result: Result | int) -> None:
        """Takes an answer."""
        if request is not self.asked:
            return
        self.asked = None
        if isinstance(result, int):
            assert isinstance(request, Export)
            self._close_file()
            self._tell(f"{counted(result, 'row')} written to {request.to}")
            return
        more = (
            f"the first {len(result.rows):,} rows, there are more" if result.more else counted(len(result.rows), "row")
        )
        self._tell(f"{more} · {result.seconds:.2f} s")
        self.sheet.put(rows(result))

    def failed(self, request: Request, why: str) -> None:
        """Takes what went wrong."""
        if request is self.asked:
            self.asked = None
            self._tell(why, wrong=True)

    def _tell(self, text: str, *, wrong: bool = False) -> None:
        self.told.update(safe(text, 1_000))
        self.told.set_class(wrong, "wrong")

    def _close_file(self) -> None:
        self.file.display = False
        self.statement.focus()


def rows(result: Result) -> list[Row]:
    """A table: names, then values in columns; all of it safe to show."""
    shown = [[safe(value, 4 * _WIDEST) for value in values] for values in result.rows]
    widths = [
        min(_WIDEST, max([cell_len(safe(name)), *(cell_len(values[k]) for values in shown)]))
        for k, name in enumerate(result.names)
    ]
    head = [(cut(safe(name), width) + "  ", "head") for name, width in zip(result.names, widths, strict=True)]
    out = [Row(tuple(head)) if head else row(("no columns", "dim"))]
    for values in shown:
        cells = zip(values, widths, result.numbers, strict=True)
        out.append(Row(tuple((_cell(value, width, right) + "  ", "plain") for value, width, right in cells)))
    return out


def _cell(value: str, width: int, right: bool) -> str:
    return " " * (width - cell_len(value)) + value if right and cell_len(value) <= width else cut(value, width)
