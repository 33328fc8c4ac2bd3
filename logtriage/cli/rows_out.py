"""Records of many sources printed on one timeline: time, source, level, what it says."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from logtriage.cli.lines_out import Out, ended
from logtriage.needles.verdict import MatchTimeout
from logtriage.output import CSV, as_csv, as_logfmt, csv_row, harmless, highlighted, painted, shown_time, use_colour

if TYPE_CHECKING:
    from logtriage.cli.session import Session
    from logtriage.needles.needle import Needle
    from logtriage.sources.find import Source
    from logtriage.stream.picked import Row

_WIDEST = 32  # of a source's name
_MILLIS = [f".{n:03}" for n in range(1000)]
_SHAPED: dict[str, Callable[[str], str]] = {"jsonl": str, "logfmt": as_logfmt, "csv": as_csv}


class Shown(NamedTuple):
    """One record for the timeline; see picked.Row. `body`, `text`, `whole`: what it says, in more words, and all of it; the
    last two only where the match may not be in fewer words. `raw` and `json` only where that is printed."""

    timestamp: datetime | None
    source: str
    line: int
    level: str | None
    body: str | None
    text: str | None
    whole: str | None
    raw: bytes | None
    found: bool
    json: str | None = None


class Timeline(NamedTuple):
    """How the timeline looks: its zone, the width of names (0: none are shown), and whether groups of records are marked."""

    output: str
    zone: tzinfo
    width: int
    names: dict[str, str]
    colour: bool = False
    terminal: bool = False
    numbers: bool = False
    gaps: bool = False
    only_matching: bool = False


class RowsOut:
    """Prints records in the order given."""

    def __init__(self, look: Timeline, needle: Needle | None, out: Out) -> None:
        self.look = look
        self._needle = needle
        self._placed = needle is not None and not needle.invert and not needle.matches_all
        self.out = out
        # the first and last moment of the second shown last, and what stands before and behind its milliseconds
        self._first = self._last = datetime.min
        self._around = ("", "")
        self._fronts: dict[tuple[str, str | None, bool], str] = {}
        if look.output == "csv":
            self._write(csv_row(CSV) + "\n")

    def gap(self) -> None:
        """Marks that records are left out between two groups."""
        if self.look.gaps and self.look.output == "text" and not self.look.only_matching:
            self._write(painted("--", "separator", self.look.colour) + "\n")

    def show_page(self, rows: Sequence[Shown | None]) -> None:
        """Prints some records; None marks that records are left out."""
        look = self.look
        if look.output != "text" or look.only_matching or look.colour or look.gaps:
            for row in rows:
                if row is None:
                    self.gap()
                else:
                    self.show(row)
            return
        self._write(harmless("".join([self._front(row) + self._text(row) for row in rows if row])))

    def show(self, row: Shown) -> None:
        """Prints one record."""
        if row.json is not None:
            self.tell(row.json)
        elif row.raw is not None:
            self.out.write((self._matched(row.raw) if self.look.only_matching else b"") or ended(row.raw))
        elif not self.look.only_matching or (row.found and self._needle is not None and self._needle.invert):
            self._write(self._front(row) + self._lines(row))
        elif row.found:
            front = self._front(row) if self.look.width else ""
            self._write("".join(f"{front}{part}\n" for part in self._parts(row)))

    def tell(self, json: str) -> None:
        """Prints one record that is given as a JSON object (see jsonl.py)."""
        line = _SHAPED[self.look.output](json)
        self._write((harmless(line) if self.look.terminal else line) + "\n")

    def _write(self, text: str) -> None:
        self.out.write(text.encode("utf-8", "surrogateescape"))

    def _front(self, row: Shown) -> str:
        if self.look.numbers:
            return self._time(row.timestamp) + self._origin(row, f":{row.line}" if self.look.width else str(row.line))
        key = (row.source, row.level, row.found)
        origin = self._fronts.get(key)
        if origin is None:
            origin = self._fronts[key] = self._origin(row, "")
        return self._time(row.timestamp) + origin

    def _origin(self, row: Shown, line: str) -> str:
        """What stands between a record's time and what it says."""
        look = self.look
        name = (shortened(harmless(look.names.get(row.source, row.source)), look.width) if look.width else "") + line
        shown = painted(name.ljust(look.width), "source", look.colour) + " " if name else ""
        mark = (":" if row.found else "-") if look.gaps else " "
        return f" {shown}{painted((row.level or '').upper().ljust(5), row.level or '', look.colour)}{mark} "

    def _time(self, moment: datetime | None) -> str:
        """A time as `shown_time` shows it; most are of the second that the one before was of."""
        if moment is None:
            return painted(shown_time(None, self.look.zone), "time", self.look.colour)
        if not self._first <= moment <= self._last:
            self._first, self._last = moment.replace(microsecond=0), moment.replace(microsecond=999_999)
            shown = painted(shown_time(self._first, self.look.zone), "time", self.look.colour)
            before, _, behind = shown.partition(".000")
            self._around = (before, behind)
        before, behind = self._around
        return before + _MILLIS[moment.microsecond // 1000] + behind

    def _lines(self, row: Shown) -> str:
        """What the record says, without the time and level that stand in front of it already; more of it where the match
        is not in that. Further lines are indented."""
        if self.look.colour:
            lines = self._said(row).split("\n")
            spans = (self._spans(lines) if row.found else []) or [[]] * len(lines)
            return "\n    ".join(map(self._line, lines, spans)) + "\n"
        return harmless(self._text(row))

    def _text(self, row: Shown) -> str:
        """The same without colours, as it stands in the log."""
        text = self._said(row)
        if "\r" in text:
            text = "\n".join(line.removesuffix("\r") for line in text.split("\n"))
        return text.replace("\n", "\n    ") + "\n"

    def _said(self, row: Shown) -> str:
        text = (row.body or "").strip("\n")
        for more in (row.text, row.whole) if row.found and self._placed else ():
            if more is None:
                continue
            if self._is_in(text):
                break
            text = more.removeprefix("\ufeff")
        return text

    def _line(self, line: str, spans: Sequence[tuple[int, int]]) -> str:
        return highlighted(harmless(line.removesuffix("\r")), spans, self.look.colour)

    def _is_in(self, text: str) -> bool:
        """Is there something of the match to be seen?"""
        assert self._needle is not None
        try:
            return any(map(self._needle.spans, text.split("\n")))
        except MatchTimeout:
            return False

    def _spans(self, lines: Sequence[str]) -> list[list[tuple[int, int]]]:
        if self._needle is None or self._needle.invert:
            return []
        try:
            return [self._needle.spans(line) for line in lines]
        except MatchTimeout:
            return []

    def _matched(self, raw: bytes) -> bytes:
        """What matches in a record's bytes, a line each; nothing where none is found, as in UTF-16 or where -v is asked for."""
        lines = raw.decode("utf-8", "surrogateescape").split("\n")
        parts = [line[a:b] for line, spans in zip(lines, self._spans(lines), strict=False) for a, b in spans]
        return "".join(f"{part}\n" for part in parts).encode("utf-8", "surrogateescape")

    def _parts(self, row: Shown) -> list[str]:
        lines = (row.whole or "").removeprefix("\ufeff").split("\n")
        spans = self._spans(lines) or [[(0, len(line))] for line in lines]  # all of it where that takes too long
        parts = [harmless(line[a:b]) for line, some in zip(lines, spans, strict=True) for a, b in some]
        return [painted(part, "match", self.look.colour) for part in parts]


def shortened(name: str, width: int) -> str:
    """A name cut on the left to fit."""
    return name if len(name) <= width else "…" + name[len(name) - width + 1 :]


class Named(NamedTuple):
    """A source's name, and who wrote it as far as its place tells."""

    name: str
    service: str | None = None
    container: str | None = None
    pod: str | None = None

    @classmethod
    def of(cls, source: Source) -> Named:
        """As the place of a log tells."""
        resource = source.resource
        return cls(source.name, resource.service, resource.container, resource.pod)


def short_names(sources: Sequence[Named]) -> dict[str, str]:
    """What each source is called on the timeline: a container's log as its service or container is, if that is said of
    no other one, as its file is but a number; all others by their names without the folders that those have in common."""
    said: dict[str, set[Named]] = {}
    for one in sources:
        for title in _titles(one):
            said.setdefault(title, set()).add(one._replace(name=""))
    called = {one.name: next((t for t in _titles(one) if len(said[t]) == 1), None) for one in sources}
    rest = _without_folder([name for name, title in called.items() if title is None])
    return {name: title or rest[name] for name, title in called.items()}


def _titles(source: Named) -> list[str]:
    """What a container's log may be called, the shortest first; nothing for any other log."""
    if source.container is None:
        return []
    pod = f"{source.pod}/{source.container}" if source.pod else source.container
    return [title for title in (source.service, source.container, pod) if title]


def _without_folder(names: Sequence[str]) -> dict[str, str]:
    """Each name without the folders that all have in common."""
    if not names:
        return {}
    folder = os.path.commonpath([os.path.dirname(name) for name in names]) if len(names) > 1 and _alike(names) else ""
    if len(names) == 1:
        return {names[0]: os.path.basename(names[0]) or names[0]}
    return {name: os.path.relpath(name, folder) if folder else name for name in names}


def width_of(names: Sequence[str]) -> int:
    """How wide the column of names is."""
    return min(_WIDEST, max((len(name) for name in names), default=1))


def _alike(names: Sequence[str]) -> bool:
    return len({os.path.isabs(name) for name in names}) == 1 and "-" not in names


def shown(row: Row, output: str) -> Shown:
    """A row for the timeline."""
    raw = row.raw if output == "raw" else None
    text, whole = row.text.rstrip("\n"), row.whole
    return Shown(row.timestamp, row.source.name, row.line, row.level, row.body, text, whole, raw, row.found, row.json)


def timeline(session: Session, sources: Sequence[Named], *, gaps: bool = False) -> Timeline:
    """How the records of some sources are to be shown."""
    args = session.args
    names = short_names(sources) if args.output == "text" else {}
    colour = args.output == "text" and use_colour(args.color)
    width = 0 if getattr(args, "with_filename", None) is False else width_of(list(names.values()))
    return Timeline(
        args.output, session.zone, width, names, colour, sys.stdout.isatty(),
        args.line_number, gaps, getattr(args, "only_matching", False),
    )  # fmt: skip
