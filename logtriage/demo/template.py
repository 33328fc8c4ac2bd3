"""A log line's text with `<slots>` → many lines at once.

No Python runs per line: the pieces of the text are laid out as one long list, each slot's column is put in with one
slice assignment, and the whole is joined and split again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from logtriage.demo.values import Batch

_SLOT = re.compile(r"<([a-z][a-z0-9_]*)>")
KEY = "<ms><us>"  # in front of every record: what a second's records are sorted by, cut off before writing
KEY_WIDTH = 6
_END = "\0"  # ends a record; occurs in no text


@dataclass(frozen=True)
class Layout:
    """How a stream writes: `head` goes before a record's first line (the stamp), `wrap` around each physical line.

    `wrap` takes the text and the line's number within the record; `split` turns a record into physical lines.
    """

    head: str
    wrap: Callable[[str, int, bool], str] = lambda text, number, more: text
    split: str = "\n"


def docker(text: str, number: int, more: bool) -> str:
    """A line in Docker's json-file layout. The nanoseconds grow with the line's number within its record."""
    nanos = "<ns>" if number == 0 else f"{300 + number * 7:03d}"
    log = json.dumps(text + "\n", ensure_ascii=False)
    return f'{{"log":{log},"stream":"stdout","time":"<iso>.<ms><us>{nanos}Z"}}'


def cri(text: str, number: int, more: bool) -> str:
    """A line in the layout of the Kubernetes container runtimes; `more` marks it as partial (P)."""
    nanos = "<ns>" if number == 0 else f"{300 + number * 7:03d}"
    return f"<iso>.<ms><us>{nanos}Z stdout {'P' if more else 'F'} {text}"


@dataclass
class Template:
    """A compiled record: `render` gives many of it. `lines` is the number of its physical lines."""

    text: str
    lines: int
    _parts: list[str] = field(init=False)
    _slots: list[tuple[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        self._parts = _SLOT.split(KEY + self.text + _END)
        self._slots = [(at, self._parts[at]) for at in range(1, len(self._parts), 2)]

    def render(self, batch: Batch, now: Mapping[str, str], offset: int = 0, every: int = 1) -> list[str]:
        """One record for every `every`-th member of `batch`, each with its sort key in front.

        `now` holds the words that are the same for the whole second; `offset` is in ms after the member's start.
        """
        pick = slice(-batch.first % every, None, every) if every > 1 else None
        parts = self._parts.copy()
        columns: list[tuple[int, list[str]]] = []
        moments = batch.moments(offset)
        size = len(moments[pick]) if pick else len(moments)
        for at, name in self._slots:
            if name in now:
                parts[at] = now[name]
            else:
                column = moments if name == "ms" else batch.column(name)
                columns.append((at, column[pick] if pick else column))
        out = parts * size
        for at, column in columns:
            out[at :: len(parts)] = column
        return "".join(out).split(_END)[:-1]

    def count(self, needle: str) -> int:
        """How many of a record's lines hold `needle`, in their fixed text."""
        return sum(needle in line for line in self.text.split("\n"))


def compile_template(layout: Layout, text: str) -> Template:
    """A message as a stream of this layout would write it."""
    pieces = (layout.head + text).split(layout.split)
    lines = [layout.wrap(piece, number, number < len(pieces) - 1) for number, piece in enumerate(pieces)]
    return Template("\n".join(lines), len(lines))


def merge(records: list[str]) -> str:
    """Keyed records of one second → the text of the file: in time order, keys cut off, ending in a newline."""
    records.sort()
    return "\n".join([record[KEY_WIDTH:] for record in records]) + "\n"
