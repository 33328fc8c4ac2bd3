"""The engine of the screen (logtriage/tui/engine.py): what a person waits for never waits for what gives way to it."""

from __future__ import annotations

import gc
import shutil
import threading
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest
from stores import fill, write_sources

from logtriage.store import room, upkeep
from logtriage.store import snapshot as snapshots
from logtriage.store.store import Store
from logtriage.tui import engine as engines
from logtriage.tui.engine import Engine
from logtriage.tui.requests.request import Refresh, Request


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("engine")
    fill(folder / "store", write_sources(folder))
    return folder / "store"


class Aside(Request):
    """Something that nobody waits for."""

    kind = "aside"
    lane = "back"

    def answer(self, snapshot: Any) -> int:
        return int(snapshot.con.execute("SELECT 42").fetchall()[0][0])


def test_an_answer_before_anybody_listens_is_kept(store: Path) -> None:
    """What the engine knows before the screen is there reaches it all the same, answers and failures alike."""
    for place, fails in ((store, False), (store / "nothing", True)):
        engine, told = Engine(place), Event()
        heard: list[bool] = []

        def hear(failed: bool, heard: list[bool] = heard, told: Event = told) -> None:
            heard.append(failed)
            told.set()

        engine.start()
        engine.ask(Refresh())
        assert not told.wait(0.5)
        engine.listen(lambda request, result, hear=hear: hear(False), lambda request, why, hear=hear: hear(True))  # type: ignore[misc]
        assert told.wait(30) and heard == [fails]
        engine.close()


def test_a_store_that_can_only_be_read_from_a_copy_is_seen_as_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the catalog cannot be opened, as on a full disk, the screen sees what comes all the same, also once files were put
    in order, and no copy is left behind."""

    class Count(Request):
        kind = "count"

        def answer(self, snapshot: Any) -> int:
            return int(
                snapshot.con.execute("SELECT count(DISTINCT part), max(body) FROM lake.records").fetchall()[0][0]
            )

    def opened(store: Store, catalog: Path, before: Any = Store._open) -> None:
        if not store.write and catalog.parent == store.path:
            raise duckdb.IOException("disk is full")
        before(store, catalog)

    monkeypatch.setattr(Store, "_open", opened)
    monkeypatch.setattr(room, "_MEMORY", str(tmp_path / "memory"))
    (tmp_path / "memory").mkdir()
    sources = write_sources(tmp_path / "logs")
    path, told = tmp_path / "store", Event()
    heard: list[Any] = []
    fill(path, sources[:1])

    def hear(request: Request, what: Any) -> None:
        heard.append(what)
        told.set()

    engine = Engine(path)
    engine.listen(hear, hear)
    engine.start()
    for parts in range(1, 4):
        engine.refresh()
        engine.ask(Count())
        assert told.wait(30) and heard.pop() == parts
        told.clear()
        fill(path, sources[parts : parts + 1])
        with Store(path, write=True) as writer:
            upkeep.compact(writer)
    assert engine.close()
    del engine
    gc.collect()
    assert not list((tmp_path / "memory").iterdir())


def test_why_an_answer_fails_is_one_line(store: Path) -> None:
    """Memory that ran out is told as the commands tell it, in one line, without what only they can be told to do."""

    class Large(Request):
        kind = "large"

        def answer(self, snapshot: Any) -> None:
            snapshot.con.execute("SET memory_limit = '1MB'; SELECT list(range) FROM range(10_000_000)").fetchall()

    engine, told = Engine(store), Event()
    heard: list[str] = []

    def fail(request: Request, why: str) -> None:
        heard.append(why)
        told.set()

    engine.start()
    engine.listen(lambda request, result: told.set(), fail)
    engine.ask(Large())
    assert told.wait(30) and heard == ["there is not enough memory for this"]
    engine.close()


def test_what_somebody_waits_for_goes_first(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as a person waits for an answer, no statement of what may take its time begins."""
    monkeypatch.setattr(engines, "_GIVES_WAY", 60.0)
    begun, counting, counted, done = Event(), Event(), Event(), Event()
    heard: list[str] = []

    class Wanted(Request):
        kind = "wanted"
        needs_store = False

        def answer(self, snapshot: Any) -> None:
            begun.set()
            counting.wait(30)
            counted.wait(0.5)

    class Beside(Request):
        kind = "beside"
        lane = "back"

        def answer(self, snapshot: Any) -> None:
            counting.set()
            snapshot.con.execute("SELECT 1")

    def hear(request: Request, result: object) -> None:
        heard.append(request.kind)
        if request.kind == "beside":
            counted.set()
        if len(heard) == 2:
            done.set()

    engine = Engine(store)
    engine.start()
    engine.listen(hear, lambda request, why: heard.append(why))
    engine.ask(Wanted())
    assert begun.wait(30)
    engine.ask(Beside())
    assert done.wait(30) and heard == ["wanted", "beside"]
    engine.close()


def test_who_looks_at_the_store_anew_holds_nobody_up(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a lane that stands back takes its time to see a changed store, a person's answers come."""
    looking, answered, may_end = Event(), Event(), Event()

    class Slow(snapshots.Snapshot):
        def __init__(self, store: Store) -> None:
            if threading.current_thread() is engine._threads[1]:
                looking.set()
                assert may_end.wait(30)
            super().__init__(store)

    engine = Engine(store)
    monkeypatch.setattr(snapshots, "Snapshot", Slow)
    engine.start()
    engine.listen(
        lambda request, result: answered.set() if request.kind == "refresh" else None, lambda request, why: None
    )
    engine.ask(Aside())
    assert looking.wait(30)
    for _ in range(2):
        answered.clear()
        engine.refresh()
        engine.ask(Refresh())
        assert answered.wait(10)
    may_end.set()
    engine.close()


def test_to_give_way_is_no_work(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a lane works, by which is told how long it rests, does not count what it let go first."""
    monkeypatch.setattr(engines, "_GIVES_WAY", 60.0)
    begun, waiting, done = Event(), Event(), Event()

    class Wanted(Request):
        kind = "wanted"
        needs_store = False

        def answer(self, snapshot: Any) -> None:
            begun.set()
            waiting.wait(30)
            Event().wait(1.0)  # what is measured

    class Giving(Aside):
        def answer(self, snapshot: Any) -> int:
            waiting.set()
            return super().answer(snapshot)

    engine = Engine(store)
    engine.start()
    engine.listen(lambda request, result: done.set() if request.kind == "aside" else None, lambda request, why: None)
    engine.ask(Wanted())
    assert begun.wait(30)
    engine.ask(Giving())
    assert done.wait(30)
    engine.close()
    assert 0 < engine.worked("back") < engine.worked("front") and engine.worked("front") >= 1


def test_a_store_that_is_gone_is_missing_though_it_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What DuckDB still holds open of a deleted store answers nothing more: it is told as missing, and the next one that is
    made at its place is opened."""
    place, told = tmp_path / "store", Event()
    heard: list[str] = []

    def hear(what: str) -> None:
        heard.append(what)
        told.set()

    def asked(engine: Engine) -> str:
        told.clear()
        engine.refresh()
        engine.ask(Refresh())
        assert told.wait(30)
        return heard[-1]

    sources = write_sources(tmp_path)
    fill(place, sources)
    engine = Engine(place)
    engine.listen(lambda request, result: hear("found"), lambda request, why: hear(why))
    engine.start()
    assert asked(engine) == "found"
    with Store(place) as old:
        snapshot = snapshots.Snapshot
        monkeypatch.setattr(snapshots, "Snapshot", lambda store: snapshot(old))
        shutil.rmtree(place)
        assert "there is no store" in asked(engine)
        monkeypatch.undo()
    fill(place, sources)
    assert asked(engine) == "found"
    engine.close()
