"""The kinds of records: categories, signatures and templates with their counts over time; one is chosen to see its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from logtriage.answers.kinds import Kind, Kinds
from logtriage.signatures.library import Pattern
from logtriage.tui.drawing import times
from logtriage.tui.drawing.inks import tone
from logtriage.tui.filters import Filter
from logtriage.tui.panels.overlays import Overlay
from logtriage.tui.panels.sheet import Row, Sheet, row

_HEIGHTS = "▁▂▃▄▅▆▇█"
_ORDERS = ("how many", "first seen", "how bad")
_FILTERS = {"category": "flag", "signature": "flag", "template": "template"}
CELLS = 24
_DAY = timedelta(days=1)


class KindBox(Overlay):
    """Gives the filter for the kind that was chosen; waits for `fill`. `patterns`: the signatures by id, for their titles."""

    BINDINGS: ClassVar = [
        Binding("tab", "section(1)", show=False, priority=True),
        Binding("shift+tab", "section(-1)", show=False, priority=True),
        Binding("n", "only_new", show=False),
        Binding("o", "order", show=False),
        Binding("P", "dismiss(None)", show=False),
    ]

    def __init__(self, patterns: Mapping[str, Pattern], zone: tzinfo) -> None:
        super().__init__()
        self.found: Kinds | None = None
        self.patterns, self.zone = patterns, zone
        self.only_new = False
        self.order = _ORDERS[0]
        self.sheet = Sheet()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield self.sheet

    def on_mount(self) -> None:
        self.query_one(".box").border_title = "patterns and templates"
        self.sheet.put([row(("counting …", "dim"))])
        self.sheet.focus()

    def fill(self, found: Kinds | None, patterns: Mapping[str, Pattern]) -> None:
        """Shows what is counted by now."""
        if found is None:
            self.sheet.put([row(("no record has a time yet", "dim"))])
            return
        goes_on, self.found, self.patterns = self.found is not None, found, patterns
        days = [times.day(moment, self.zone) for moment in (found.since, found.until)]
        since, until = (times.clock(moment, self.zone)[:5] for moment in (found.since, found.until))
        until = until if days[0] == days[1] else f"{days[1]} {until}"
        self.query_one(".box").border_title = f"patterns and templates, {days[0]} {since} – {until}"
        self._draw(keep=goes_on)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    def action_only_new(self) -> None:
        self.only_new = not self.only_new
        self._draw()

    def action_order(self) -> None:
        self.order = _ORDERS[(_ORDERS.index(self.order) + 1) % len(_ORDERS)]
        self._draw()

    def action_section(self, step: int) -> None:
        """To the first line of the next section."""
        heads = [k for k, one in enumerate(self.sheet.rows) if one.value is None and one.text.strip()]
        here = [k for k in heads if k < self.sheet.cursor]
        at = (len(here) - 1 + step) % len(heads) if heads else 0
        if heads:
            self.sheet.select(heads[at] + 1)
            self.sheet.top = heads[at]
            self.sheet.refresh()

    def on_sheet_chosen(self, message: Sheet.Chosen) -> None:
        self.dismiss(message.value)

    def _draw(self, *, keep: bool = False) -> None:
        if self.found is None:
            return
        width = self.sheet.size.width
        shown = rows(self.found, self.patterns, self.zone, width, self.order, only_new=self.only_new)
        new = "all" if self.only_new else "only new"
        self.query_one(".box").border_subtitle = f"Enter shows only these · Tab section · n {new} · o by {self.order}"
        self.sheet.put(shown, keep=keep)
        if not keep:
            self.sheet.select(1)


def rows(
    found: Kinds, patterns: Mapping[str, Pattern], zone: tzinfo, width: int, order: str, *, only_new: bool = False
) -> list[Row]:
    """All kinds as the lines of a sheet, in three sections; `order`: one of `how many`, `first seen`, `how bad`."""
    out: list[Row] = []
    long = found.until - found.since > _DAY
    for title, every in (
        ("categories", found.categories), ("signatures", found.signatures), ("templates", found.templates)
    ):  # fmt: skip
        if every is None:
            out += [row(), row((title, "head"), ("  counting …", "dim"))]
            continue
        shown = _ordered([one for one in every if one.new or not only_new], order)
        new = sum(one.new for one in every)
        told = f"  {len(every):,}" + (f", ✱ {new:,} new" if new else "")
        out += [*([row()] if out else []), row((title, "head"), (told, "dim"))]
        out += [_row(one, patterns.get(one.name), zone, width, long=long) for one in shown]
    return out


def spark(cells: Sequence[int], width: int) -> str:
    """How many there were over time, in `width` characters; blank where there were none."""
    merged = [0] * width
    for k, n in enumerate(cells):
        merged[k * width // len(cells)] += n
    most = max(merged, default=0)
    return "".join(_HEIGHTS[min(7, n * 8 // (most + 1))] if n else " " for n in merged)


def _ordered(every: list[Kind], order: str) -> list[Kind]:
    if order == "first seen":
        return sorted(every, key=lambda one: one.first or datetime.max)
    if order == "how bad":
        return sorted(every, key=lambda one: (-one.worst, -one.records))
    return every


def _row(one: Kind, pattern: Pattern | None, zone: tzinfo, width: int, *, long: bool) -> Row:
    how = tone(one.worst, "dim", 1)
    cells = CELLS if width >= 100 else CELLS // 2
    first = times.clock(one.first, zone)[:5]
    if long:
        first = f"{times.day(one.first, zone)[5:]:5} {first}"
    text = pattern.title if pattern else one.text
    named = f"  {one.name}" if pattern else ""
    return row(
        ("✱ " if one.new else "  ", "accent"), (f"{one.records:>9,} ", "plain"),
        (spark(one.cells, cells), how), (f" {how[0].upper() if one.worst else ' '} ", how), (f"{first}  ", "dim"),
        (text[:400], "plain"), (named, "dim"),
        value=Filter(_FILTERS[one.kind], one.name), told="only these",
    )  # fmt: skip
