"""A store's sources as they were (bytes), and its records as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator

from logtriage import parse
from logtriage.plan import Plan, plan
from logtriage.query import Query
from logtriage.store import Store
from logtriage.views import RESOURCE, Snapshot, first_line, snapshot_of
from logtriage.walk import rows

_BATCH = 5_000


def raw_bytes(store: Store | Snapshot, part: int) -> Iterator[bytes]:
    """The bytes of a part as they were read, in pieces of some size; memory does not grow with the part."""
    with snapshot_of(store) as snapshot:
        pieces: list[bytes] = []
        for (data,) in rows(snapshot, plan(snapshot, Query(parts=(part,), order="source")), ("bytes",), None):
            pieces.append(data)
            if len(pieces) == _BATCH:
                yield b"".join(pieces)
                pieces = []
        yield b"".join(pieces)
