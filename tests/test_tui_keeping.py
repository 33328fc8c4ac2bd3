"""What one marks, notes, copies and saves on the screen: it is there the next time, and can be handed on."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command import logtriage as command
from engine import examples
from hypothesis import given
from hypothesis import strategies as st
from screens import NARROW, WIDE, Shown, run, screen
from shop import HOSTILE, shop
from stores import fill, write_sources
from textual.widgets import Input

from logtriage import marks
from logtriage.answers.glance import Glance, Glances
from logtriage.signatures.library import load_patterns
from logtriage.tui.app import Logtriage
from logtriage.tui.engine import Engine
from logtriage.tui.filters import Filter
from logtriage.tui.host import Options
from logtriage.tui.last_look import keep, recall
from logtriage.tui.panels.draft_box import DraftBox
from logtriage.tui.screen import keeping
from logtriage.tui.sessions import Sessions
from logtriage.tui.watch import Watch


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield shop(tmp_path_factory.mktemp("shop"))


async def find(shown: Shown, text: str) -> None:
    await shown.press("g", "slash")
    await shown.type(text)
    await shown.press("enter")
    assert text in shown.selected.text


def test_marks_survive_a_restart(store: Path) -> None:
    """A marked record is marked in the list and on the timeline, with its note, when the screen is opened again."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "order 7 failed")
            await shown.press("m")
            await find(shown, "odd name")
            await shown.press("M")
            await shown.type("look at this")
            await shown.press("enter")
            await find(shown, "order 4 priced")
            await shown.press("m", "m")
        kept = marks.load(store)
        assert [mark.note for mark in kept] == ["", "look at this"]
        async with screen(store) as shown:
            await shown.press("g")
            assert len(shown.main.list.marks) == len(shown.main.timeline.marks) == 2
            assert "●" in "\n".join(shown.lines[:8])
            await shown.press("u")
            assert "order 7 failed" in shown.selected.text
            await shown.press("u")
            assert "odd name" in shown.selected.text and "look at this" in shown.status
            await shown.press("u")
            assert "no later mark" in shown.status
            await shown.press("U")
            assert "order 7 failed" in shown.selected.text

    run(work)


def test_a_mark_that_filters_hide_is_shown_all_the_same(store: Path) -> None:
    """Going to a mark switches filters off where they hide it, says so, and can be gone back."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "order 4 priced")
            await shown.press("m", "plus", "plus", "U")
            assert "order 4 priced" in shown.selected.text and shown.main.filters.off
            await shown.press("ctrl+o")
            assert not shown.main.filters.off and shown.main.filters.active
            assert "back to level ≥" in shown.status
            await shown.press("escape", "escape")
            assert not shown.main.filters.active and "back to all records" in shown.status

    run(work)


def test_copies_can_be_found_again(store: Path) -> None:
    """Text, Markdown and JSON of a record hold all of it, and a command whose output is that record."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "order 7 failed")
            raw = "at c.s.Pool.get(Pool.java:7)"
            await shown.press("c", "c")
            text = shown.app.clipboard
            assert raw in text and "copied 1 record as text" in shown.status
            words = shlex.split(text.splitlines()[-1].removeprefix("# "))
            assert words[0] == "logtriage"
            again = command(*words[1:])
            assert again.code == 0 and raw in again.out and again.out.count("order") == 1
            await shown.press("m", "c", "J")
            made = json.loads(shown.app.clipboard)
            assert made["level"] == "error" and made["attributes"]["logger"] == "c.s.Orders"
            assert shlex.split(made["command"]) == words
            await shown.press("c", "m")
            assert f"```\n{text.splitlines()[0]}" in shown.app.clipboard

    run(work)


def test_markdown_holds_whatever_a_record_says(store: Path) -> None:
    """A record cannot close the fence it stands in, nor can a note bring markup in."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "odd name")
            await shown.press("M")
            await shown.type("<b>`x`</b> ![](http://a)")
            await shown.press("enter", "c", "m")
            text = shown.app.clipboard
            assert HOSTILE.replace("\t", "\t") in text and "<b>" not in text and "\\!" not in text
            assert "\\<b\\>\\`x\\`" in text and "!\\[\\]" in text

    run(work)


def options(store: Path, folder: Path, session: object = None) -> Options:
    return Options(UTC, sessions=Sessions(folder, store), session=session)  # type: ignore[arg-type]


def test_a_session_is_reopened_by_name_and_from_a_file(store: Path, tmp_path: Path) -> None:
    """What `^s` saved shows the same records at the same place, in another screen and on another's store of the logs."""
    from logtriage.tui.sessions import load

    async def work() -> None:
        async with screen(store, options=options(store, tmp_path)) as shown:
            await find(shown, "order 7 failed")
            await shown.press("m", "plus", "plus", "z", "t")
            await shown.press("ctrl+s")
            await shown.type("the outage")
            await shown.press("enter")
            before = shown.main.saved
            assert before.filters and before.zoomed and before.marks and "saved" in shown.status
        async with screen(store, options=options(store, tmp_path)) as shown:
            assert not shown.main.filters.each
            await shown.press("ctrl+s", "down", "down", "enter")
            assert shown.main.saved == before and "order 7 failed" in shown.selected.text
        marks.save(store, [])
        given = load(tmp_path / "the outage.json")
        async with screen(store, options=options(store, tmp_path, given)) as shown:
            assert shown.main.filters.each == before.filters and shown.main.zoomed == before.zoomed
            assert "order 7 failed" in shown.selected.text and shown.main.utc
            assert [mark.key for mark in shown.main.marks] == [mark.key for mark in before.marks]
            await shown.until(lambda: [mark.key for mark in marks.load(store)] == [mark.key for mark in before.marks])

    run(work)


def test_a_dropped_connection_loses_nothing(store: Path, tmp_path: Path) -> None:
    """Filters are written down as they change; who leaves by choice begins afresh, who was cut off goes on."""
    kept = Sessions(tmp_path, store)

    async def work() -> None:
        async with screen(store, options=options(store, tmp_path)) as shown:
            await shown.press("exclamation_mark")
            await shown.until(lambda: kept.cut_off() is not None)
            cut = kept.cut_off()
            assert cut is not None and cut.filters == (Filter("flag", "*"),)
        assert kept.cut_off() is None and kept.last() is not None
        async with screen(store, options=options(store, tmp_path, cut)) as shown:
            assert shown.main.filters.each == cut.filters and "cut off" in shown.status
            await shown.until(lambda: bool(shown.main.list.reel.rows))
            assert all(row.flags for row in shown.main.list.reel.rows)

    run(work)


def test_a_termination_is_no_loss(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is told to end writes down at once what is looked at, as something that was cut off, and says so by its exit code."""
    monkeypatch.setattr(keeping, "_NOTE_EVERY", 3600.0)
    kept = Sessions(tmp_path, store)

    async def work() -> None:
        async with screen(store, options=options(store, tmp_path)) as shown:
            await shown.press("exclamation_mark")
            assert kept.last() is None
            os.kill(os.getpid(), signal.SIGTERM)
            while shown.app.return_code is None:
                await shown.pilot.pause()
        assert shown.app.return_code == 128 + signal.SIGTERM
        cut = kept.cut_off()
        assert cut is not None and cut.filters == (Filter("flag", "*"),)

    run(work)


def test_the_last_look_stands_before_the_store_is_open(store: Path, tmp_path: Path) -> None:
    """The next start shows the end of the store as it was when the screen was left before that is asked, and the store's own
    answer takes its place where one is by then; a store that has changed since is not shown from memory."""
    kept = Sessions(tmp_path / "sessions", store)

    def seen(shown: Shown) -> list[str]:
        """Without the column of the scroll bar."""
        return [line[:79].rstrip() for line in shown.lines[6:-1] if " order " in line]

    async def work() -> None:
        async with screen(store, options=Options(UTC, sessions=kept)) as shown:
            left = seen(shown)
        look = recall(kept.look, Watch(store).state)
        assert look is not None
        engine = Engine(store)
        started = False

        def start() -> None:
            nonlocal started
            started = True

        engine.start = start  # type: ignore[method-assign]
        app = Logtriage(engine, Options(UTC, look=look))
        async with app.run_test(size=NARROW) as pilot:
            await pilot.pause()
            shown = Shown(app, pilot)
            assert started and seen(shown) == left and "… records" in shown.status
            await pilot.press("k", "k")
            place = shown.main.place
            Engine.start(engine)
            await shown.until(lambda: shown.main.standing is not None)
            assert shown.main.place == place and shown.main.list.reel.before == look.page.before
            await shown.press("G")
            assert seen(shown) == left

    run(work)
    fill(store, write_sources(tmp_path))
    assert recall(kept.look, Watch(store).state) is None and not kept.look.exists()


def test_filters_leave_no_look(store: Path, tmp_path: Path) -> None:
    """Only the end of all records is kept for the next start: not what filters have left of it."""
    kept = Sessions(tmp_path / "sessions", store)

    async def work() -> None:
        async with screen(store, options=Options(UTC, sessions=kept)) as shown:
            await shown.press("plus", "G")
        assert not kept.look.exists()

    run(work)


@examples(50)
@given(st.text(), st.lists(st.text(max_size=5)), st.none() | st.datetimes(), st.sampled_from(["", "{", "[]", "{}"]))
def test_a_look_is_what_was_kept(text: str, flags: list[str], moment: datetime | None, damage: str) -> None:
    """Whatever records hold, they come back as they were; of a file that is damaged nothing does."""
    path = Path(tempfile.mkdtemp()) / "look"
    row = Glance(1, 5, 1, 1, moment, None, "error", -7, flags, None, text, text, len(text))
    keep(path, "this", Glances([row] * 3, False, False), {1: text, 2: "other"})
    assert recall(path, "this") == (Glances([row] * 3, False, False), {1: text})
    path.write_text(damage)
    assert recall(path, "this") is None
    keep(path, "this", Glances([row] * 300, False, False), {})
    assert recall(path, "that") is None and not path.exists()


def test_a_disk_that_takes_nothing_is_said(store: Path, tmp_path: Path) -> None:
    """Where a session or a mark cannot be written, one line says so and the screen goes on."""
    (tmp_path / "file").write_text("")

    async def work() -> None:
        async with screen(store, options=options(store, tmp_path / "file" / "below")) as shown:
            await shown.press("ctrl+s")
            await shown.type("x")
            await shown.press("enter")
            assert "cannot be written" in shown.status
            await shown.press("ctrl+s")
            await shown.type("../x")
            await shown.press("enter")
            assert "is no name" in shown.status

    run(work)


def test_triage_is_read_here_and_the_report_is_written(store: Path) -> None:
    """`R` shows what triage finds, and writes the hand-over, with the marks' notes, beside the store."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "order 7 failed")
            await shown.press("M")
            await shown.type("where it broke")
            await shown.press("enter", "R", "t")
            assert "When it began" in shown.text
            await shown.press("escape", "R", "m")
            assert "written" in shown.status
            (path,) = (store / "reports").glob("incident-*.md")
            assert "where it broke" in path.read_text()
            here = shown.selected.timestamp
            await shown.press("R", "b")
            assert f"{here:%Y-%m-%d %H:%M:%S}" in shown.text and "(given)" in shown.text, (
                "it began at the record selected"
            )
            await shown.press("escape", "g", "R")
            assert f"begun {here:%H:%M:%S}" in shown.text
            await shown.press("m")
            assert (store / "reports" / f"incident-{here:%Y-%m-%d-%H%M}.md").is_file(), "the hand-over is of the same"
            await shown.press("R", "t")
            assert "(given)" not in shown.text

    run(work)


def test_a_signature_can_be_drafted_from_a_record(store: Path, tmp_path: Path) -> None:
    """`A` drafts a signature that matches the record; under a name of one's own it is saved, and what is wrong with a name
    is said."""

    async def work() -> None:
        async with screen(store, WIDE, Options(UTC, patterns=(tmp_path,))) as shown:
            await find(shown, "order 4 priced")
            await shown.press("A")
            assert "[[pattern]]" in shown.text and "own." in shown.text
            name = shown.app.screen.query_one(Input)
            name.value = "No name"
            await shown.press("enter")
            assert isinstance(shown.app.screen, DraftBox) and not list(tmp_path.rglob("*.toml"))
            name.value = "shop.priced"
            await shown.press("enter")
            assert "saved in" in shown.status
            (one,) = [one for one in load_patterns((tmp_path,), examples=False) if one.id == "shop.priced"]
            assert re.search(one.regex, shown.selected.text)

    run(work)


def test_without_a_folder_a_draft_is_copied(store: Path) -> None:
    """Where the config names no folder, the box says so, and Enter copies the draft."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await find(shown, "order 4 priced")
            await shown.press("A")
            assert "name a folder in the config" in shown.text
            await shown.press("enter")
            assert "[[pattern]]" in shown.app.clipboard and "copied" in shown.text

    run(work)


@pytest.mark.parametrize("variant", ["default", "lnav", "k9s"])
def test_no_key_means_two_things(variant: str) -> None:
    """In each variant of the table a key belongs to one action."""
    from logtriage.tui.keymap import KEYS, VARIANTS

    keys = [key for action in KEYS for key in VARIANTS[variant].get(action.id, action.keys).split(",")]
    assert sorted(keys) == sorted(set(keys))
