"""One trace as a waterfall: a line a service over time, and below it each record with the time since the one before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, tzinfo
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from logtriage.answers.glance import Glance
from logtriage.answers.waterfall import Step, Track, Waterfall, bar, severity, waterfall
from logtriage.coverage import counted
from logtriage.query.walk import Key
from logtriage.tui.drawing import times
from logtriage.tui.drawing.inks import hue, tone
from logtriage.tui.drawing.text import cut, safe
from logtriage.tui.panels.overlays import Overlay
from logtriage.tui.panels.sheet import Piece, Row, Sheet, row
from logtriage.tui.requests.panels import Traced

_LONGEST = 3  # pauses that are pointed out


class Falls(Overlay):
    """Gives the place of the record that was chosen. `name`: what a record's service is called; `place`: of the record that
    is selected at first."""

    BINDINGS: ClassVar = [Binding("v", "dismiss(None)", "close", show=False)]

    def __init__(self, traced: Traced, name: Callable[[Glance], str], zone: tzinfo, place: Key) -> None:
        super().__init__()
        self.traced = traced
        self.place: Key | None = place
        self.fall = waterfall(traced.records, name)
        self.zone = zone
        self.sheet = Sheet()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield self.sheet

    def on_mount(self) -> None:
        box = self.query_one(".box")
        box.border_title = f"trace {safe(self.traced.trace, 64)}"
        box.border_subtitle = "Enter goes to the record · Esc"
        self.sheet.focus()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        shown = rows(self.fall, self.zone, self.sheet.size.width, more=self.traced.more)
        self.sheet.put(shown, keep=True)
        if self.place:
            self.sheet.select(max((k for k, one in enumerate(shown) if one.value == self.place), default=0))
            self.place = None

    def on_sheet_chosen(self, message: Sheet.Chosen) -> None:
        self.dismiss(message.value)


def rows(fall: Waterfall, zone: tzinfo, width: int, *, more: bool = False) -> list[Row]:
    """The waterfall as the lines of a sheet; the value of a record's line is its place."""
    held = f"{counted(len(fall.steps), 'record')}, {counted(len(fall.tracks), 'service')}" + (
        f" in {told(fall.length)}" if fall.length else ""
    )
    errors = f", {counted(fall.errors, 'error')}" if fall.errors else ""
    begun = f"  from {times.day(fall.start, zone)} {times.clock(fall.start, zone)}{times.offset(fall.start, zone)}"
    left = f" · {fall.timeless} without a time" if fall.timeless else ""
    out = [row((held, "head"), (errors, "error"), (begun + left + (" · and more" if more else ""), "dim")), row()]
    coarse = [track.service for track in fall.tracks if track.is_coarse]
    if fall.steps and len(coarse) < len(fall.tracks):
        out[1:] = [row((f"in whole seconds only: {', '.join(coarse)}", "dim")) for _ in coarse[:1]] + [row()]
    names = min(18, max((cell_len(safe(track.service)) for track in fall.tracks), default=8))
    cells = max(10, width - names - 12)
    out += [_track(track, fall.length, names, cells) for track in fall.tracks]
    out += [_axis(fall.length, names, cells), row()] if fall.length else [row()]
    longest = fall.longest(_LONGEST)
    return out + [_step(step, names, step in longest) for step in fall.steps]


def told(span: timedelta) -> str:
    """`0`, `840 µs`, `12.3 ms`, `3.21 s`, `4 min 05 s`."""
    seconds = span.total_seconds()
    if seconds >= 60:
        return f"{int(seconds // 60)} min {int(seconds % 60):02} s"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 0.001:
        return f"{seconds * 1000:.3g} ms" if seconds < 0.9995 else "1.00 s"
    return f"{seconds * 1e6:.0f} µs" if seconds else "0"


def _track(track: Track, length: timedelta, names: int, cells: int) -> Row:
    """The service's line; its records are dots, bad ones in their colour."""
    worst: dict[int, int] = {}
    for step in track.steps:
        cell = round(step.at / length * (cells - 1)) if length else 0
        worst[cell] = max(worst.get(cell, 0), severity(step.record))
    pieces: list[Piece] = [(cut(safe(track.service), names), hue(track.service)), (" ", "plain")]
    for k, char in enumerate(bar(track, length, cells)):
        how = tone(worst[k], "plain") if k in worst else "dim"
        pieces.append((char if how not in ("error", "fatal") else "✖", how))
    return Row((*pieces, (f" {told(track.length):>10}", "dim")), track.steps[0].record.key)


def _axis(length: timedelta, names: int, cells: int) -> Row:
    """A scale of four marks."""
    line = ["─"] * cells
    for k in range(4):
        at = k * cells // 4
        mark = f"┴ {told(length * k / 4)} " if k else "┴ 0 "
        line[at : at + len(mark)] = list(mark[: cells - at])
    return Row(((" " * (names + 1), "plain"), ("".join(line[:cells]), "dim")))


def _step(step: Step, names: int, longest: bool) -> Row:
    gap = f"+{told(step.gap)}" if step.gap else ""
    text = step.record.text.split("\n", 1)[0][:400]
    how = tone(severity(step.record), "plain")
    level = (step.record.level or " ")[0].upper()
    return Row(
        (
            (f"{told(step.at):>10} ", "dim"), (f"{gap:>11} ", "accent" if longest else "dim"),
            ("↳ " if step.hop else "  ", "accent"), (cut(safe(step.service), names), hue(step.service)),
            (f" {level} ", how), ("⚑ " if step.record.flags else "", "flag"), (safe(text), how),
        ),
        step.record.key,
    )  # fmt: skip
