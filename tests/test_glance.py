"""A look around a place shows what stands before and after it, however it is found."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import START, fill, write_sources

from logtriage.answers import glance
from logtriage.answers.search import search
from logtriage.needles.needle import Needle
from logtriage.query import walk
from logtriage.query.field import parse_field
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.store.store import Store
from logtriage.store.views import Snapshot

QUERIES = (
    Query(),
    Query(level="warn"),
    Query(services=("app",)),
    Query(flags=("*",)),
    Query(needle=Needle.of(("timed out",))),
    Query(fields=(parse_field("host~=a"),)),
    Query(without=(Query(level="error"),)),
    Query(services=("nowhere",)),
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    folder: Path = tmp_path_factory.mktemp("logs")
    fill(folder / "s", write_sources(folder))
    with Store(folder / "s") as store, Snapshot(store) as opened:
        yield opened


@pytest.mark.parametrize("held", [10_000, 60, 0])
@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_around(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, query: Query, held: int) -> None:
    """The last records before a place and the first from it on, and whether there are more; with all looked at at once,
    or in turn where they are too many for that."""
    monkeypatch.setattr(walk, "_HELD", held)
    every = [row.key for row in search(snapshot, query)]
    rng = random.Random(7)
    places = [Key(START + dt.timedelta(seconds=rng.uniform(-90, 400)), -1, -1, -1) for _ in range(4)]
    places += rng.sample(every, min(4, len(every)))
    for place in places:
        before, after = rng.choice(((3, 9), (40, 40), (0, 5), (400, 400)))
        at = sum(order(key) < order(place) for key in every)
        shown = glance.around(snapshot, query, place, before, after)
        assert [row.key for row in shown.rows] == every[max(0, at - before) : at + after]
        assert (shown.before, shown.after) == (at > before, at + after < len(every))


def order(key: Key) -> tuple[object, ...]:
    return (key.timestamp is not None, key.timestamp or dt.datetime.min, key.nanos, key.part, key.offset)
