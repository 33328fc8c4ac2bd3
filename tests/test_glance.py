"""A look around a place shows what stands before and after it, however it is found."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import START, fill, write_sources

from logtriage.answers import glance
from logtriage.answers.search import search
from logtriage.needles.needle import Needle
from logtriage.query import minutes, sides
from logtriage.query.field import parse_field
from logtriage.query.plan import plan
from logtriage.query.query import Query
from logtriage.query.walk import Key
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store

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


@pytest.mark.parametrize(("held", "rows"), [(10_000, 500_000), (10_000, 1), (60, 500_000), (0, 500_000), (0, 1)])
@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_around(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, query: Query, held: int, rows: int) -> None:
    """The last records before a place and the first from it on, and whether there are more; with all looked at at once,
    or in turn where they are too many for that, and with the activity read as a whole or minute by minute."""
    monkeypatch.setattr(sides, "_HELD", held)
    monkeypatch.setattr(minutes, "_ROWS", rows)
    snapshot.memory.clear()
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


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_minutes_are_the_same_wherever_one_begins(snapshot: Snapshot, data: st.DataObject) -> None:
    """From any moment on, in either direction, and after any other walk, the minutes and their records come as they do of
    all at once."""
    seconds = st.none() | st.integers(-200, 900).map(lambda n: START + dt.timedelta(seconds=n))
    todo = plan(snapshot, data.draw(st.sampled_from((Query(), Query(level="error"), Query(services=("app",))))))
    every = minutes.Minutes(snapshot, todo).every()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minutes, "_ROWS", 1)
        patch.setattr(minutes, "_GROWTH", 2)
        walked = minutes.Minutes(snapshot, todo)
    for backwards, moment, most in data.draw(
        st.lists(st.tuples(st.booleans(), seconds, st.integers(1, 9)), max_size=6)
    ):
        if backwards:
            wanted = [one for one in every if moment is None or one[0] <= moment][::-1]
            assert list(islice(walked.until(moment), most)) == wanted[:most]
        else:
            wanted = [one for one in every if moment is None or one[0] + minutes.MINUTE > moment]
            assert list(islice(walked.since(moment), most)) == wanted[:most]
    assert walked.every() == every


def test_a_look_reads_few_minutes(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the activity of a long store only what lies about the place is read."""
    monkeypatch.setattr(minutes, "_ROWS", 1)
    snapshot.memory.clear()
    glance.around(snapshot, Query(level="warn"), glance.at_time(START + dt.timedelta(seconds=120)), 2, 2)
    counts = minutes.minutes_of(snapshot, plan(snapshot, Query(level="warn")))
    assert sum((one.end - one.start for one in counts._known), dt.timedelta()) < counts._end - counts._first


def test_a_time_that_nobody_meant_makes_no_search_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one record is of another age, the time between is passed over in some few steps, in either direction."""
    (tmp_path / "a.log").write_text("".join(f"{year}-04-10 03:24:16 INFO done\n" for year in (1014, 1970, 2026, 2999)))
    fill(tmp_path / "s", [tmp_path / "a.log"])
    monkeypatch.setattr(minutes, "_ROWS", 1)
    with Store(tmp_path / "s") as store, Snapshot(store) as opened:
        todo = plan(opened, Query())
        for backwards in (False, True):
            counts, asked = minutes.Minutes(opened, todo), list[object]()
            read = counts._read
            monkeypatch.setattr(
                counts, "_read", lambda *span, read=read, asked=asked: asked.append(span) or read(*span)
            )
            every = [one.year for one, _ in (counts.until() if backwards else counts.since())]
            assert every == [1014, 1970, 2026, 2999][:: -1 if backwards else 1]
            assert len(asked) < 16


def order(key: Key) -> tuple[object, ...]:
    return (key.timestamp is not None, key.timestamp or dt.datetime.min, key.nanos, key.part, key.offset)
