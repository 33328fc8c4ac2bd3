"""A store that is put in order, moved, or made unreadable while others use it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from command import called
from stores import fill, raw_bytes, write_sources

from logtriage.errors import StoreError, StoreInUse, told
from logtriage.store import lock, room, upkeep
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store

_TABLES = [
    "records",
    "hits",
    "ids",
    "shapes",
    "templates",
    "mined",
    "parts",
    "formats",
    "renderings",
    "activity",
    "progress",
    "facets",
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(upkeep, "_PATIENCE", 0.0)
    monkeypatch.setattr(upkeep, "INLINE", 1)  # all that the catalog keeps goes to files
    for half in (0, 1):  # two commits, so that there is something to put in order
        fill(tmp_path / "st", write_sources(tmp_path / "logs")[half::2])
    return tmp_path / "st"


def _held(snapshot: Snapshot) -> list[Any]:
    """How much a snapshot sees of each table, and the bytes of its parts."""
    counts = [snapshot.con.execute(f"SELECT count(*) FROM lake.{name}").fetchall() for name in _TABLES]
    return [*counts, *(raw_bytes(snapshot, row.part) for row in snapshot.catalog.parts)]


def test_files_are_put_in_order_only_while_nobody_reads_them(path: Path) -> None:
    """While a snapshot is read, neither compacting nor pruning nor what following does takes anything away from it; it is told.
    Once it rests, they do their work, and the snapshot says that it is of no further use."""
    with Store(path) as readers, Snapshot(readers) as snapshot:
        before = _held(snapshot)
        for tidy in (upkeep.compact, upkeep.prune, upkeep.to_files):
            with Store(path, write=True) as store, pytest.raises(StoreInUse, match="is being read"):
                if tidy is upkeep.prune:
                    upkeep.prune(store, max_bytes=0)
                else:
                    tidy(store)
            assert _held(snapshot) == before
        snapshot.rest()
        with Store(path, write=True) as store:
            upkeep.compact(store)
        assert not snapshot.wake()


def test_what_was_cut_off_is_seen_by_who_rested(path: Path) -> None:
    """Files that were put in order in part: who rested meanwhile does not go on with them."""
    with Store(path) as readers, Snapshot(readers) as snapshot:
        snapshot.rest()
        with pytest.raises(RuntimeError), lock.alone(path):
            raise RuntimeError
        assert not snapshot.wake()


def test_who_reads_waits_for_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files are put in order, it is told who does so before one waits; and again where it takes longer than it may, as
    where that process was stopped."""
    told: list[str] = []
    monkeypatch.setattr(lock, "_UNTOLD", 0.0)
    monkeypatch.setattr(lock, "while_waiting", told.append)
    with lock.reading(path):
        assert not told
    monkeypatch.setattr(lock, "_LONGEST", 0.0)
    said = f"process {os.getpid()} is putting"
    with Store(path, write=True), lock.alone(path), pytest.raises(StoreInUse, match=said), lock.reading(path):
        pass
    assert [line.startswith(said) for line in told] == [True]


def test_a_catalog_is_copied_while_its_journal_goes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer ends while the catalog is copied, so that its journal is no more: the copy is the catalog as it is then."""
    writer, copyfile = sqlite3.connect(path / "catalog.sqlite"), shutil.copyfile
    writer.execute("PRAGMA journal_mode = wal")
    writer.execute("CREATE TABLE last (value)")
    writer.commit()

    def copied(source: Path, to: Path) -> Path:
        made = copyfile(source, to)
        writer.close()
        return made

    monkeypatch.setattr(shutil, "copyfile", copied)
    for _ in range(2):  # its journal vanishes once
        copy = room.Copy(path / "catalog.sqlite")
        assert [one.name for one in copy.path.parent.iterdir()] == ["catalog.sqlite"]
        assert copy.path.read_bytes() == (path / "catalog.sqlite").read_bytes()
        assert not copy.is_old()
        copy.close()


def test_bytes_of_what_is_removed_already_cost_no_records(path: Path) -> None:
    """A store is pruned to a size while somebody reads: old records go, their bytes do not. The next time these go first."""
    with Store(path, write=True) as store:
        upkeep.compact(store)
        most = upkeep.size_of(store)[0]
        store.con.execute("CREATE TABLE lake.much AS SELECT hash(range) FROM range(100_000)")
        with Store(path) as other, Snapshot(other), pytest.raises(StoreInUse):
            upkeep.prune(store, before=datetime(2026, 3, 4, 10, tzinfo=UTC))
        store.con.execute("DROP TABLE lake.much")
        ((left,),) = store.con.execute("SELECT count(*) FROM lake.records").fetchall()
        assert left and upkeep.size_of(store)[0] > most
        assert not upkeep.prune(store, max_bytes=most).records


def test_what_was_removed_is_told_though_its_bytes_are_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who begins to read while old records are removed keeps their bytes; how many are gone is told all the same."""
    with ExitStack() as stack, Store(path, write=True) as store:
        ((before,),) = store.con.execute("SELECT count(*) FROM lake.records").fetchall()
        transaction = store.transaction

        def joined() -> AbstractContextManager[None]:
            stack.enter_context(lock.reading(path))
            return transaction()

        monkeypatch.setattr(store, "transaction", joined)
        with pytest.raises(StoreInUse) as why:
            upkeep.prune(store, before=datetime(2026, 3, 4, 10, tzinfo=UTC))
        ((left,),) = store.con.execute("SELECT count(*) FROM lake.records").fetchall()
    assert before > left and f"{before - left} records removed, and not their bytes" in why.value.message


def test_a_snapshot_that_rested_is_asked_again(path: Path) -> None:
    """What rested goes on where more was committed, and still sees what it saw; not where files were put in order."""
    with Store(path, write=True) as store, Snapshot(store) as snapshot:
        before = _held(snapshot)
        snapshot.rest()
        with store.transaction():
            store.con.execute("INSERT INTO lake.facets FROM lake.facets")
        assert snapshot.wake() and _held(snapshot) == before
        snapshot.rest()
        upkeep.to_files(store)
        assert not snapshot.wake()


@pytest.mark.parametrize("another", [False, True])
def test_a_store_that_is_moved_while_its_readers_are_waited_for(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, another: bool
) -> None:
    """It is told, with what to do; neither it nor the one that may have taken its place is put in order."""
    has, files = lock._has, sorted(path.rglob("*.parquet"))

    def moved(*asked: Any) -> bool:
        os.rename(path, tmp_path / "moved")
        if another:
            shutil.copytree(tmp_path / "moved", path)
        return has(*asked)

    monkeypatch.setattr(lock, "_has", moved)
    with pytest.raises(StoreError, match="was moved or deleted"), Store(path, write=True) as store:
        upkeep.compact(store)
    assert sorted(path.rglob("*.parquet")) == (files if another else [])


def test_nothing_is_written_to_a_store_that_took_the_place_of_another(path: Path, tmp_path: Path) -> None:
    """A store is moved while somebody writes to it, and another one is made at its place: the writer ends, and says so; both
    stores are as they were."""
    with pytest.raises(StoreError, match="was moved or deleted"), Store(path, write=True) as store:
        os.rename(path, tmp_path / "moved")
        shutil.copytree(tmp_path / "moved", path)
        with store.transaction():
            store.con.execute("INSERT INTO lake.meta VALUES ('said', 'more')")
    for one in (path, tmp_path / "moved"):
        assert called("store", "check", "--store", one).code == 0
        with Store(one) as store:
            assert not store.con.execute("FROM lake.meta WHERE key = 'said'").fetchall()


def test_a_store_that_goes_while_it_is_read_is_told_by_its_file(path: Path) -> None:
    """Whoever reads a store that is deleted, or whose files may not be read, is told which file it is, and what to do."""
    with Store(path, write=True) as store:
        upkeep.to_files(store)
    with Store(path) as store:
        shutil.rmtree(path / "data")
        with pytest.raises(Exception) as why:
            store.con.execute("SELECT max(body) FROM lake.records").fetchall()
    error = told(why.value)  # type: ignore[arg-type]
    assert error and error.exit_code == 2
    assert str(path / "data") in error.message and "No such file" in error.message and "--store" in (error.hint or "")


def test_all_files_that_cannot_be_read_are_told(path: Path) -> None:
    """`store check` names each file of the store that is cut off, or gone, and not only the first."""
    with Store(path, write=True) as store:
        upkeep.to_files(store)
    cut, gone, *_ = sorted((path / "data").rglob("*.parquet"))
    cut.write_bytes(cut.read_bytes()[:-100])
    gone.unlink()
    ran = called("store", "check", "--store", path)
    assert ran.code == 2 and "2 problems" in ran.err
    assert sum(str(one) in line for one in (cut, gone) for line in ran.lines) == 2


@pytest.mark.parametrize("command", [("triage",), ("templates",), ("sql", "SELECT count(*) FROM records", "--from")])
def test_logs_are_read_where_the_store_cannot_be_written(command: tuple[str, ...], tmp_path: Path) -> None:
    """Who asks logs gets an answer though they cannot be kept, and is told so; who wants them kept, an error."""
    log, store = tmp_path / "a.log", tmp_path / "a.log" / "st"
    log.write_text("2026-03-02 10:00:00 INFO x done\n")
    ran = called(*command, log, "--store", store)
    assert ran.code in (0, 1) and "cannot be written: Not a directory" in ran.err and "not kept" in ran.err
    ran = called("ingest", log, "--store", store)
    assert ran.code == 2 and "cannot be written: Not a directory" in ran.err
