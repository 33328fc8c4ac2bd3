"""The last line of a command on standard error: what was looked at, and what was not understood, hidden or skipped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

_NAMED = 3  # files passed over that are told by name


@dataclass(slots=True)
class Coverage:
    """Counts over all sources. `records` were read (None: not counted), `hits` found (None: nothing was looked for).
    `first`, `last`: the earliest and latest time seen (UTC, naive or aware). `plain`: records of no known form.
    `skipped`: the files that were passed over, with the reason; `odd`: those that hold no log, with what they are. `cut`: for
    each record that was cut, its source's name."""

    sources: int = 0
    records: int | None = 0
    hits: int | None = None
    first: datetime | None = None
    last: datetime | None = None
    plain: int = 0
    hidden: int = 0
    skipped: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    errors: int = 0
    notes: list[str] = field(default_factory=list)

    def seen(self, first: datetime | None, last: datetime | None) -> None:
        """Widens the span of time."""
        if first and (self.first is None or first < self.first):
            self.first = first
        if last and (self.last is None or last > self.last):
            self.last = last

    def line(self, zone: tzinfo) -> str:
        """All of it as one line; what is zero is left out."""
        told = [counted(self.sources, "source")]
        if self.records is not None:
            told.append(counted(self.records, "record"))
        if self.hits is not None:
            told.append(f"{self.hits:,} found")
        if self.first and self.last:
            told.append(span(self.first, self.last, zone))
        told += self.notes
        for number, what in ((self.plain, "not understood"), (self.hidden, "hidden")):
            if number:
                told.append(f"{number:,} {what}")
        if self.cut:
            from logtriage.whole import LONGEST

            told.append(f"{counted(len(self.cut), 'record')} cut at {LONGEST >> 20} MiB: {_some_of(self.cut)}")
        if self.odd:
            told.append(no_logs(self.odd))
        if self.skipped:
            told.append(passed_over(self.skipped))
        if self.errors:
            told.append(counted(self.errors, "error"))
        return "; ".join(told)


def counted(number: int, noun: str) -> str:
    """`1 source`, `2,000 sources`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def passed_over(skipped: list[str]) -> str:
    """`4 skipped: a.bin (binary), b.log (hidden) × 3`: three are named, the others counted."""
    return f"{len(skipped):,} skipped: {_some_of(skipped)}"


def no_logs(odd: list[str]) -> str:
    """`2 without a log: a.log (empty), b.bin (binary data)`."""
    return f"{len(odd):,} without a log: {_some_of(odd)}"


def _some_of(names: list[str]) -> str:
    from logtriage.output import harmless

    alike = Counter(names)
    named = [f"{name} × {times:,}" if times > 1 else name for name, times in list(alike.items())[:_NAMED]]
    left = len(names) - sum(list(alike.values())[:_NAMED])
    told = ", ".join(harmless(name).replace("\n", "\u240a") for name in named)
    return f"{told}{f' and {left:,} more' if left else ''}"


def span(first: datetime, last: datetime, zone: tzinfo) -> str:
    """A span of time in a zone: `2026-11-22 14:05:00 to 15:00:00 +01:00`."""
    from logtriage.stamps.when import Window

    return Window(*(moment.replace(microsecond=0, tzinfo=moment.tzinfo or UTC) for moment in (first, last))).describe(
        zone
    )
