"""Changes of a store are noticed: each once, as soon as they can be seen, and its end too."""

from __future__ import annotations

import shutil
from pathlib import Path

from stores import fill

from logtriage.store.store import Store
from logtriage.tui.watch import Watch


def test_each_change_once(tmp_path: Path) -> None:
    """A commit is a change; to look, or to ask the store, is none; a store that comes, goes and comes again is each one."""
    log, store = tmp_path / "a #1?.log", tmp_path / "a #1? store"
    watch = Watch(store)
    assert not watch.has_changed()
    for k in range(3):
        with open(log, "a") as file:
            file.write(f"2026-03-04 10:00:0{k} INFO beat {k}\n")
        fill(store, [log])
        assert watch.has_changed() and not watch.has_changed()
        with Store(store) as opened:
            assert opened.con.execute("SELECT count(*) FROM lake.records").fetchall() == [(k + 1,)]
        assert not watch.has_changed()
    shutil.rmtree(store)
    assert watch.has_changed() and not watch.has_changed()
    fill(store, [log])
    assert watch.has_changed() and not watch.has_changed()


def test_what_is_no_catalog(tmp_path: Path) -> None:
    """A file that is damaged, or still empty, is no change after change."""
    watch = Watch(tmp_path)
    for content in (b"", b"no catalog at all" * 100):
        (tmp_path / "catalog.sqlite").write_bytes(content)
        watch.has_changed()
        assert not watch.has_changed()
