"""Marks: what was marked is there again, whatever happens to the file."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtriage import marks
from logtriage.errors import StoreError
from logtriage.marks import Mark

MARK = Mark("app.log", 120, datetime(2026, 1, 14, 2, 40, 0, 123456), "first slow answer")


@given(
    st.lists(
        st.builds(
            Mark,
            st.text(min_size=1),
            st.integers(0, 2**62),
            st.none() | st.datetimes(),
            st.text(),
        ),
        max_size=8,
    )
)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, kept: list[Mark]) -> None:
    """Any marks come back as they were, each record once, in the order of time."""
    folder = tmp_path_factory.mktemp("store")
    marks.save(folder, kept)
    found = marks.load(folder)
    assert {mark.key: mark for mark in found} == {mark.key: mark for mark in kept}
    assert len({mark.key for mark in found}) == len(found)
    times = [mark.timestamp for mark in found if mark.timestamp]
    assert times == sorted(times)


def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    """A source whose name is no valid UTF-8 can be marked."""
    mark = Mark("a\udcff.log", 0)
    marks.save(tmp_path, [mark])
    assert marks.load(tmp_path) == [mark]


def test_the_file_is_private(tmp_path: Path) -> None:
    """Nobody else may read the notes, and nothing else is left in the folder."""
    marks.save(tmp_path, [MARK])
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("marks.json", 0o600)]


def test_no_file_no_marks(tmp_path: Path) -> None:
    """A store without marks has none."""
    assert marks.load(tmp_path) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"marks": 3}', "[" * 100_000, "\x00\xff"])
def test_a_damaged_file_is_kept_aside(tmp_path: Path, text: str) -> None:
    """What cannot be read gives no marks and no error, and is not overwritten."""
    path = tmp_path / "marks.json"
    path.write_text(text, encoding="latin-1")
    assert marks.load(tmp_path) == []
    marks.save(tmp_path, [MARK])
    assert marks.load(tmp_path) == [MARK]
    assert (tmp_path / "marks.json.damaged").read_text(encoding="latin-1") == text


def test_a_damaged_entry_costs_no_other(tmp_path: Path) -> None:
    """Entries that are no marks are left out; the rest is read, and the file kept aside when it is written anew."""
    good = {
        "source": "app.log",
        "offset": 120,
        "timestamp": "2026-01-14T03:40:00.123456+01:00",
        "note": "first slow answer",
    }
    bad = [
        None,
        3,
        {},
        {"source": 1, "offset": 2},
        {"source": "a", "offset": True},
        {"source": "a", "offset": 1, "timestamp": "soon"},
    ]
    (tmp_path / "marks.json").write_text(json.dumps({"marks": [*bad, good]}))
    assert marks.load(tmp_path) == [MARK]
    marks.save(tmp_path, marks.load(tmp_path))
    assert (tmp_path / "marks.json.damaged").exists()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk is full the old marks are still there, nothing half-written is, and the error is ours."""
    marks.save(tmp_path, [MARK])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("logtriage.marks.os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        marks.save(tmp_path, [])
    assert marks.load(tmp_path) == [MARK]
    assert [path.name for path in tmp_path.iterdir()] == ["marks.json"]


def test_toggling_twice_changes_nothing() -> None:
    """A record is marked, and marked again it is not."""
    other = Mark("b.log", 3)
    once = marks.toggled([MARK], other)
    assert once == [MARK, other]
    assert marks.toggled(once, Mark("b.log", 3, None, "whatever the note")) == [MARK]
