"""What stands beside hits in the store: `grep -A -B -C`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from logtriage.answers.beside import Near, beside
from logtriage.cli.full import Full, full, more
from logtriage.query.walk import Key
from logtriage.store.views import Snapshot


class Beside(tuple):  # type: ignore[type-arg]
    """A Full that only stands beside what was found."""


def with_context(
    snapshot: Snapshot, hits: list[Full], before: int, after: int, *, across: bool, attributes: bool
) -> Iterator[Full | None]:
    """Hits with the records before and after them, of their source or `across` of all. None marks a gap."""
    full_of = {hit[0].key: hit for hit in hits}
    printed: set[Key] = set()
    last: Key | None = None
    for found in beside(snapshot, [hit[0] for hit in hits], before, after, across=across, more=more(attributes)):
        front: list[Near] = []
        ahead = found.touching
        for one in reversed(found.before):
            if one.row.key in full_of or one.row.key in printed:
                ahead = one.row
                break
            front.insert(0, one)
        if last is not None and (ahead is None or ahead.key != last):
            yield None
        yield from (Beside(full(*one)) for one in front)
        yield full_of[found.hit.key]
        behind = list(takewhile(lambda one: one.row.key not in full_of and one.row.key not in printed, found.after))
        yield from (Beside(full(*one)) for one in behind)
        rows = [*(one.row for one in front), found.hit, *(one.row for one in behind)]
        printed.update(row.key for row in rows)
        last = rows[-1].key
