"""What stands beside hits in the store: `grep -A -B -C`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from logtriage.answers.beside import ACROSS, beside
from logtriage.answers.search import Row
from logtriage.cli.full import Full, full, more
from logtriage.store.views import Snapshot


class Beside(tuple):  # type: ignore[type-arg]
    """A Full that only stands beside what was found."""


def with_context(
    snapshot: Snapshot, hits: list[Full], before: int, after: int, *, across: bool, attributes: bool
) -> Iterator[Full | None]:
    """Hits with the records before and after them, of their source or `across` of all. None marks a gap."""
    full_of = {hit[0].key: hit for hit in hits}
    done: dict[int, Any] = {}
    last: int | None = None
    for found in beside(snapshot, [hit[0] for hit in hits], before, after, across=across, more=more(attributes)):
        row, lane = found.hit, ACROSS if across else found.hit.part
        front = [
            one
            for one in found.before
            if one.row.key not in full_of and not (lane in done and _order(one.row) <= done[lane])
        ]
        ahead = found.before[-1 - len(front)].row if len(front) < len(found.before) else found.touching
        touches = lane in done and lane == last and (ahead is None or _order(ahead) <= done[lane])
        if last is not None and not touches:
            yield None
        yield from (Beside(full(*one)) for one in front)
        yield full_of[row.key]
        done[lane] = _order(row)
        for one in found.after:
            if one.row.key in full_of:
                break
            yield Beside(full(*one))
            done[lane] = _order(one.row)
        last = lane


def _order(row: Row) -> tuple[bool, datetime, int, int, int]:
    return (row.timestamp is not None, row.timestamp or datetime.min, row.nanos or 0, row.part, row.offset)
