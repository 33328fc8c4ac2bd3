"""What is said where nothing is found: what was looked for, and names that nothing has, with those that are meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from screens import WIDE, Shown, run, screen
from stores import fill, write_sources

from logtriage.needles.needle import Needle
from logtriage.needles.verdict import MatchTimeout
from logtriage.tui.intake import Reading
from logtriage.tui.screen.telling import Telling


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nothing")
    fill(folder / "store", write_sources(folder))
    return folder / "store"


async def ask(shown: Shown, key: str, text: str) -> None:
    """Types a search or a filter, and confirms it."""
    await shown.press(key)
    await shown.type(text)
    await shown.press("enter")


def test_a_text_that_is_nowhere(store: Path) -> None:
    """A search finds what is before the place, what is behind it, and the place itself; else it says that there is none."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await ask(shown, "slash", "of this there is nothing")
            assert "no match anywhere" in shown.status and "with these filters" not in shown.status
            await ask(shown, "slash", "naïve")  # it is once in all
            assert "match 1 of 1" in shown.status and "naïve" in shown.selected.text
            await shown.press("o")
            assert "this record has no trace, request or span id" in shown.status
            await ask(shown, "slash", "naïve timed")
            assert "match 1 of 1" in shown.status and "naïve" in shown.selected.text
            await ask(shown, "ampersand", "level:fatal")
            await ask(shown, "slash", "naïve")
            assert "no match anywhere with these filters" in shown.status

    run(work)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("source:acess.log", "no source 'acess.log' was seen: is it access.log?"),
        ("field:statis>=500", "no field 'statis' in the first records: is it status?"),
        ("flag:timout", "no pattern has the id or category 'timout': is it timeout?"),
        ("container:bx", "no container 'bx' was seen"),
        ("levl:error", "'levl' is no kind of filter: is it level?"),
    ],
)
def test_names_that_are_misspelt(store: Path, typed: str, told: str) -> None:
    """What a filter names and nothing has is told while one types, and where it leaves nothing; also behind other filters."""

    async def work() -> None:
        async with screen(store, (200, 45)) as shown:
            await shown.press("ampersand")
            await shown.type(typed)
            await shown.until(lambda: told in shown.text)
            await shown.press("escape")
            assert told not in shown.text
            await ask(shown, "ampersand", typed)
            await shown.until(lambda: told in shown.text)
            assert "no record that the filters let through" in shown.text
            await shown.press("escape")
            assert told not in shown.text

    run(work)


def test_what_was_not_read_yet_may_have_it(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While logs are being read, nobody takes a name for misspelt that stands in what is still to come."""
    monkeypatch.setattr(Telling, "reading", lambda self: Reading(0.0, 1 << 20))

    async def work() -> None:
        async with screen(store, (200, 45)) as shown:
            await ask(shown, "ampersand", "service:paymnt")
            await shown.until(lambda: "no service 'paymnt' was seen" in shown.text)
            assert "(but not all is read yet)" in shown.text

    run(work)


def test_what_is_spelt_as_it_should_be(store: Path) -> None:
    """Of names that there are nothing is said, though nothing is found with them."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await ask(shown, "ampersand", "source:access.log")
            await ask(shown, "ampersand", "flag:timeout")
            await ask(shown, "ampersand", "of this there is nothing")
            assert "no record that the filters let through" in shown.text and "is it" not in shown.text

    run(work)


def test_what_takes_too_long_is_highlighted_no_more(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that takes a second on a line, which a screen has dozens of, is tried on one; the next one on all again."""
    tried: list[str] = []

    def spans(needle: Needle, line: str) -> list[tuple[int, int]]:
        tried.append(line)
        raise MatchTimeout("too long")

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            shown.main.list.needle = Needle.of(("refused",))
            with monkeypatch.context() as patched:
                patched.setattr(Needle, "spans", spans)
                await shown.press("k", "k")
            assert len(tried) == 1
            shown.main.list.needle = Needle.of(("timed",))
            assert shown.main.list._spans("it timed out") == [(3, 8)]

    run(work)
