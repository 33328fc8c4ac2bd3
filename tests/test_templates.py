"""Templates: what one event says has one, whatever the values, the order, the blocks and the days."""

from __future__ import annotations

import random
from pathlib import Path

import engine
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtriage.store import views
from logtriage.store.store import Store
from logtriage.templates.miner import Miner
from logtriage.templates.segments import segments
from logtriage.templates.wording import wording

EVENTS = [
    ["Took # ms to reach #.#.#.#:#", "Took # s to reach #.#.#.#:#"],
    ["session opened for user ann", "session opened for user bob", "session opened for user eve"],
    ["cannot read /etc/app.conf: denied", "cannot read /srv/data/x: denied"],
    ["deleting #", "deleting # # #", "deleting #, #"],
    ["copied # bytes (# KB) in # s", "copied # bytes in # min"],
    ["peer gone (#) at Mon Jun # #:#:# #", "peer gone () at Tue Jul  # #:#:# #"],
    ["owner=null size=#", "owner=com.example.shop.Main size=#"],
    ['GET "https://a.example/x?q=#"', 'GET "https://b.example/"'],
]


@pytest.mark.parametrize("same", EVENTS)
def test_values_do_not_tell_templates_apart(same: list[str]) -> None:
    """Numbers and their units, users, paths, addresses, dates, URLs and lists of any length are values."""
    assert len(set(Miner(same).templates(same))) == 1


@pytest.mark.parametrize(
    "different",
    [
        ["overlap:true", "overlap:false"],
        ["cupsd startup succeeded", "syslogd startup succeeded"],
        ["VM Paused (Lifecycle)", "VM Resumed (Lifecycle)", "VM Started (Lifecycle)"],
        ["rhost= user=root", "rhost=# user=root"],
        ['"GET #" done', '"POST #" done'],
    ],
)
def test_the_events_own_words_do(different: list[str]) -> None:
    """Switches, verbs, states and what begins a line are no values, nor is a key without a value."""
    assert len(set(Miner(different).templates(different))) == len(different)


WORDS = st.sampled_from(["open", "user", "ann", "bob", "id=#", "k=v", "k=w", "k=", "/a/b", "#", "(#)", "()", "a.b.c", "x:y", "TRUE", "'q'", "#ms"])  # fmt: skip


@given(st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=40), st.randoms())
def test_order_does_not_matter(texts: list[str], shuffle: random.Random) -> None:
    """The same texts, in whatever order and batches they come, have the same templates."""
    once = dict(zip(texts, Miner(texts).templates(texts), strict=True))
    shuffled = list(texts)
    shuffle.shuffle(shuffled)
    miner = Miner()
    for text in shuffled:
        miner.add([text])
        miner.templates([text])
    assert dict(zip(texts, miner.templates(texts), strict=True)) == once


@given(st.text())
def test_nothing_is_lost_when_a_text_is_cut(text: str) -> None:
    """The segments of whatever text are that text, and it has a template."""
    assert "".join(part.text for part in segments(text)) == text
    assert len(Miner([text]).templates([text])) == 1


def test_many_words_in_one_place_are_values() -> None:
    """Where nothing marks a slot, the number of different words does."""
    texts = [f"lookup of {chr(97 + k)}zz failed" for k in range(12)]
    assert set(Miner(texts).templates(texts)) == {"lookup of <*> failed"}
    assert len(set(Miner(texts[:3]).templates(texts[:3]))) == 3


@pytest.mark.parametrize("text", ["#" * 5000, "a" * 5000, "(" * 3000, "=" * 3000, "'" * 2001, "{[<" * 900, "a=" * 2000, "# " * 3000])  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    """Text made to hang a regex does not."""
    import time

    began = time.process_time()
    Miner([wording(text)]).templates([wording(text)])
    assert time.process_time() - began < 1


def test_a_failure_is_told_by_what_was_thrown() -> None:
    """Traces of different depth are one event; other exceptions are others."""
    one = wording("boom\njava.io.IOException: a\n\tat a.b(C.java:#)")
    assert one == wording("boom\njava.io.IOException: b\n\tat a.b(C.java:#)\n\tat d.e(F.java:#)")
    assert one != wording("boom\njava.lang.NullPointerException\n\tat a.b(C.java:#)")


LINES = [f"2026-03-02 10:0{k % 6}:{k:02},000 INFO  [w-{k}] c.s.Main - {k} of {k * 7} for user {u} done" for k, u in enumerate(["ann", "bob", "eve", "joe"] * 10)]  # fmt: skip


def templates_of(store: Store) -> dict[str, tuple[str, int]]:
    """template → (text, records)."""
    views.create(store)
    return {
        t: (text, n) for t, text, n in store.con.execute("SELECT template, text, records FROM templates").fetchall()
    }


def test_the_store_remembers(tmp_path: Path) -> None:
    """A template keeps its id and when it was first seen over the days; a new text of it adds to it."""
    (tmp_path / "a.log").write_text("\n".join(LINES[:20]) + "\n")
    with Store(tmp_path / "st", write=True) as store:
        engine.ingest(store, tmp_path / "a.log")
        before = templates_of(store)
    (tmp_path / "b.log").write_text("\n".join(line.replace("03-02", "03-09") for line in LINES[20:]) + "\n")
    with Store(tmp_path / "st", write=True) as store:
        engine.ingest(store, tmp_path / "b.log")
        after = templates_of(store)
        first, last = store.con.execute("SELECT first_seen, last_seen FROM templates").fetchall()[0]
    assert [text for text, _ in before.values()] == ["<*> of <*> for user <*> done"]
    assert before.keys() == after.keys()
    assert (first.day, last.day) == (2, 9)
    assert next(iter(after.values()))[1] == 40


def test_arrival_does_not_matter(tmp_path: Path) -> None:
    """Sources that come in another order, run by run, in other blocks, have the same templates."""
    for k in range(4):
        (tmp_path / f"{k}.log").write_text("\n".join(LINES[k::4]) + "\n")
    found = []
    for name, order, size in (("one", (0, 1, 2, 3), None), ("two", (3, 1, 0, 2), 200)):
        with Store(tmp_path / name, write=True) as store, pytest.MonkeyPatch.context() as patch:
            if size:
                engine.set_block_size(patch, size)
            for k in order:
                engine.ingest(store, tmp_path / f"{k}.log")
            found.append(templates_of(store))
    assert found[0] == found[1]


def test_what_is_kept_whole_has_templates(tmp_path: Path) -> None:
    """Logs whose bytes are kept beside their text (carriage returns) have the templates of others."""
    (tmp_path / "a.log").write_bytes("\r\n".join(LINES).encode() + b"\r\n")
    with Store(tmp_path / "st", write=True) as store:
        engine.ingest(store, tmp_path / "a.log")
        assert [text for text, _ in templates_of(store).values()] == ["<*> of <*> for user <*> done"]
