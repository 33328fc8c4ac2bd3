"""A store that is put in order, moved, or made unreadable while others use it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from command import called
from stores import fill, raw_bytes, write_sources

from logtriage.errors import StoreError, StoreInUse, told
from logtriage.store import upkeep
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
