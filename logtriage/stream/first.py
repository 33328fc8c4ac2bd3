"""The first records of sources that no store knows yet, so that one can read before any of it is stored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from logtriage.errors import SourceError
from logtriage.query.glance import CUT, Glance
from logtriage.sources.find import Source
from logtriage.stream.picked import Reader, Row

if TYPE_CHECKING:
    from logtriage.normalise import Settings

_READ = 128 << 10  # bytes of each source
_MOST = 4  # sources that are looked into: each takes a while to be known


class First(NamedTuple):
    """The first records of some sources in order of time. In `rows` a source has the number `-1 - its place` for a part;
    `names`: that number → its name; `ends`: path → up to which byte it was looked at. `left_out`: sources not looked at."""

    rows: list[Glance]
    names: dict[int, str]
    ends: dict[str, int]
    left_out: int


def first_records(sources: Sequence[Source], settings: Settings, count: int) -> First:
    """Up to `count` first records of the sources: all of them that lie before the place to which each was read.

    Formats and times are told as in a store; signatures are not looked for yet. What cannot be read is left out.
    """
    from logtriage.normalise import Normaliser
    from logtriage.store.store import connect

    normaliser = Normaliser(connect(), settings)
    found: list[Glance] = []
    names, ends = {}, {}
    horizon: datetime | None = None
    for place, source in enumerate(sources[:_MOST]):
        rows = _rows(normaliser, source)
        if not rows:
            continue
        number = -1 - place
        names[number] = source.resource.service or source.name.rsplit("/", 1)[-1]
        ends[os.path.abspath(source.path or "")] = rows[-1].offset + len(rows[-1].raw)
        found += [_glance(number, source, row) for row in rows]
        last = max((row.timestamp for row in rows if row.timestamp), default=None)
        if last and sum(len(row.raw) for row in rows) > _READ // 2:
            horizon = min(horizon, last) if horizon else last
    found.sort(key=lambda row: (row.timestamp is not None, row.timestamp or datetime.min))
    if horizon:
        found = [row for row in found if row.timestamp is None or row.timestamp <= horizon]
    return First(found[:count], names, ends, max(0, len(sources) - _MOST))


def _rows(normaliser: object, source: Source) -> list[Row]:
    """The records of a source's first bytes, but for the last one, which may go on."""
    from logtriage.normalise import Normaliser

    assert isinstance(normaliser, Normaliser)
    try:
        for picked in Reader(normaliser, source).whole(_READ):
            rows = list(picked.rows(json=False))
            return rows[:-1] if len(rows) > 1 else rows
    except SourceError:
        pass
    return []


def _glance(number: int, source: Source, row: Row) -> Glance:
    text = row.body or row.text
    return Glance(
        number, row.offset, row.line, row.raw.count(b"\n", 0, -1) + 1, row.timestamp, 0, row.level, 0, [],
        source.resource.service, source.resource.container, text[:CUT], len(text),
    )  # fmt: skip
