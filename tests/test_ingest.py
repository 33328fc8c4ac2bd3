"""Ingest: every byte once and exactly, however a file grows, is cut into blocks, is rotated, or the program is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from logtriage.store import Store
from samples import files


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for many files: opening one takes longer than reading a small file."""
    with Store(tmp_path_factory.mktemp("one") / "store", write=True) as store:
        yield store


@engine.examples(8)
@given(data=st.data())
def test_every_byte_comes_back_once(one_store: Store, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """However a file grows between runs and however large blocks are, the stored records, in order of offset, are its bytes."""
    path = tmp_path_factory.mktemp("grow") / "app.log"
    for piece in data.draw(st.lists(files(), min_size=1, max_size=3), "appended"):
        with path.open("ab") as file:
            file.write(piece)
        with pytest.MonkeyPatch.context() as patch:
            engine.set_block_size(patch, path.stat().st_size // data.draw(st.integers(1, 3), "blocks") + 1)
            tally = engine.ingest(one_store, path)
        assert not tally.errors
    assert _part_of(one_store, path) == path.read_bytes()


def _part_of(store: Store, path: Path) -> bytes:
    numbers = [n for (n,) in store.con.execute("SELECT part FROM lake.parts WHERE path = ? ORDER BY part", [str(path)]).fetchall()]
    parts = engine.parts(store, numbers)
    return b"".join(parts.values())
