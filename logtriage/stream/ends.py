"""The last records of files that no store knows yet, read straight from them, so that one can read before any is stored;
of packed files, which are to be read from their beginnings, the first ones.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from logtriage.answers.glance import CUT, Glance
from logtriage.errors import SourceError
from logtriage.sources.find import Source
from logtriage.sources.head import TOLD_BY, encoding_of

if TYPE_CHECKING:
    from logtriage.normalise import Normaliser, Settings
    from logtriage.stream.picked import Row

_READ = 128 << 10  # bytes of each source
_MOST = 4  # sources that are looked into: each takes a while to be known


class Ends(NamedTuple):
    """The last records of some sources in order of time, or the `first`. In `rows` a source has the number `-1 - its place` for a part, and
    lines are not counted; `names`: that number → its name; `read_to`: path → up to which byte it was looked at; `left_out`:
    how many sources were not looked at."""

    rows: list[Glance]
    names: dict[int, str]
    read_to: dict[str, int]
    left_out: int
    first: bool = False


def last_lines(sources: Sequence[Source], count: int) -> Ends:
    """Up to `count` last lines of the file that was written last, as they are: takes no time at all."""
    for place, source in _latest(sources)[:1]:
        if (begin := _begin(source)) is None or source.path is None:
            continue
        with open(source.path, "rb") as file:
            file.seek(begin)
            lines = file.read(_READ).splitlines(keepends=True)
        rows = []
        for line in lines:
            text = line.rstrip(b"\r\n").decode("utf-8", "replace")
            rows.append(_glance(place, source, begin, None, None, text, 1))
            begin += len(line)
        return Ends(rows[-count:], _names(place, source), {os.path.abspath(source.path): begin}, len(sources) - 1)
    return Ends([], {}, {}, len(sources))


def last_records(sources: Sequence[Source], settings: Settings, count: int) -> Ends:
    """Up to `count` last records of the files that were written last: all of them from the place on that each is read from.

    If all is packed, the first records of the first file. Formats and times are told as in a store; signatures are not
    looked for yet. What is a pipe, or cannot be read, is left out.
    """
    from logtriage.normalise import Normaliser
    from logtriage.store.connection import connect

    normaliser = Normaliser(connect(), settings)
    if not _latest(sources):
        return _first(normaliser, sources, count)
    found: list[Glance] = []
    names: dict[int, str] = {}
    read_to: dict[str, int] = {}
    horizon: datetime | None = None
    for place, source in _latest(sources)[:_MOST]:
        begin = _begin(source)
        rows = _rows(normaliser, source, begin) if begin is not None else []
        if not rows:
            continue
        names |= _names(place, source)
        read_to[os.path.abspath(source.path or "")] = rows[-1].offset + len(rows[-1].raw)
        found += [_of_row(place, source, row) for row in rows]
        first = min((row.timestamp for row in rows if row.timestamp), default=None)
        if begin and first:
            horizon = max(horizon, first) if horizon else first
    found.sort(key=lambda row: (row.timestamp is not None, row.timestamp or datetime.min))
    if horizon:
        found = [row for row in found if row.timestamp is None or row.timestamp >= horizon]
    return Ends(found[-count:], names, read_to, len(sources) - len(names))


def _latest(sources: Sequence[Source]) -> list[tuple[int, Source]]:
    """The sources that can be read from anywhere, with their places, those first that were written last."""
    plain = [(place, one) for place, one in enumerate(sources) if not one.compression and one.member is None]
    timed = []
    for place, one in plain:
        if one.path and one.path.is_file():
            timed.append((-one.path.stat().st_mtime, place, one))
    return [(place, one) for _, place, one in sorted(timed, key=lambda each: each[:2])]


def _begin(source: Source) -> int | None:
    """Where the first whole line of a file's last bytes begins; None where it cannot be told."""
    assert source.path is not None
    try:
        with open(source.path, "rb") as file:
            if encoding_of(file.read(TOLD_BY)) != "utf-8":
                return None
            begin = file.seek(0, os.SEEK_END) - _READ
            if begin <= 0:
                return 0
            file.seek(begin - 1)
            found = file.read(_READ).find(b"\n")
            return begin + found if found >= 0 else None
    except OSError:
        return None


def _rows(normaliser: Normaliser, source: Source, begin: int) -> list[Row]:
    """The records from a place on; not the first of them, which may have begun before it."""
    from logtriage.stream.reader import Reader

    rows: list[Row] = []
    with contextlib.suppress(SourceError):
        for picked in Reader(normaliser, source).whole(2 * _READ, offset=begin):
            rows += picked.rows(json=False)
    return rows[1:] if begin else rows


def _first(normaliser: Normaliser, sources: Sequence[Source], count: int) -> Ends:
    """The first records of the first packed file."""
    from logtriage.stream.reader import Reader

    packed = [(place, one) for place, one in enumerate(sources) if one.path and one.path.is_file()]
    for place, source in packed[:1]:
        with contextlib.suppress(SourceError):
            for picked in Reader(normaliser, source).whole(_READ):
                rows = picked.rows(json=False)
                rows = rows[:-1] if len(rows) > 1 else rows  # the last one may go on
                end = rows[-1].offset + len(rows[-1].raw) if rows else 0
                made = [_of_row(place, source, row) for row in rows[:count]]
                read_to = {os.path.abspath(source.path or ""): end}
                return Ends(made, _names(place, source), read_to, len(sources) - 1, first=True)
    return Ends([], {}, {}, len(sources))


def _names(place: int, source: Source) -> dict[int, str]:
    return {-1 - place: source.resource.service or source.name.rsplit("/", 1)[-1]}


def _of_row(place: int, source: Source, row: Row) -> Glance:
    lines = row.raw.count(b"\n", 0, -1) + 1
    return _glance(place, source, row.offset, row.timestamp, row.level, row.body or row.text, lines)


def _glance(
    place: int, source: Source, offset: int, moment: datetime | None, level: str | None, text: str, lines: int
) -> Glance:
    return Glance(
        -1 - place, offset, 0, lines, moment, 0, level, 0, [], source.resource.service, source.resource.container,
        text[:CUT], len(text),
    )  # fmt: skip
