"""What arrives while one looks: it is followed at the end, counted away from it, and never takes the view away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from screens import WIDE, run, screen
from stores import fill

from logtriage.tui.requests import Show

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Appends records `first` to `last` to a log, every tenth an error, and brings them into the store."""

    def more(first: int, last: int) -> None:
        with open(tmp_path / "app.log", "a") as file:
            for k in range(first, last):
                level = "INFO" if k % 10 else "ERROR"
                file.write(f"2026-03-04 10:{k // 60:02}:{k % 60:02} {level} beat {k}\n")
        fill(tmp_path / "store", [tmp_path / "app.log"])

    more(0, 600)
    return more


def test_with_filters_only_what_they_leave_is_new(tmp_path: Path, write: Write) -> None:
    """Of what comes while one looks elsewhere the matching records count as new, the others are told as hidden."""

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE) as shown:
            await shown.press("ampersand")
            await shown.type("level:error")
            await shown.press("enter", "end")
            assert shown.selected.text == "beat 590" and "following" in shown.status
            await shown.press("k", "k")
            write(600, 650)
            await shown.until(lambda: "5 new ↓, 45 hidden" in shown.status)
            assert shown.selected.text == "beat 570"
            write(650, 655)
            await shown.until(lambda: "6 new ↓, 49 hidden" in shown.status)
            await shown.press("end")
            assert shown.selected.text == "beat 650" and "following" in shown.status
            assert "new ↓" not in shown.status

    run(work)


def test_other_filters_count_anew(tmp_path: Path, write: Write) -> None:
    """What is new is counted from when one left the end, or changed the filters since."""

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE) as shown:
            await shown.press("b")
            write(600, 620)
            await shown.until(lambda: "20 new ↓" in shown.status)
            await shown.press("ampersand")
            await shown.type("level:error")
            await shown.press("enter")
            assert "new ↓" not in shown.status
            write(620, 640)
            await shown.until(lambda: "2 new ↓, 18 hidden" in shown.status)

    run(work)


@pytest.mark.parametrize("how", ["scroll", "page", "line"])
def test_any_way_up_pauses(tmp_path: Path, write: Write, how: str) -> None:
    """The wheel, a page and a line up all stop following; the lines in view stay as they are, to the cell."""

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE) as shown:
            if how == "scroll":
                from textual.events import MouseScrollUp

                at = shown.main.list
                at.post_message(MouseScrollUp(at, 5, 5, 0, -1, 0, False, False, False))
                await shown.settle()
            else:
                await shown.press("b" if how == "page" else "k")
            top = shown.main.timeline.size.height
            view = [line[:-1] for line in shown.lines[top:-1]]
            write(600, 700)
            await shown.until(lambda: "100 new ↓" in shown.status)
            assert [line[:-1] for line in shown.lines[top:-1]] == view
            await shown.press("end")
            assert shown.selected.text == "beat 699" and "following" in shown.status

    run(work)


def test_the_ends_are_at_hand(tmp_path: Path, write: Write) -> None:
    """`G` shows the last records at once as they were last seen; who moves on before the store answers stays there."""

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE) as shown:
            await shown.press("g", "G", "g")
            write(600, 700)
            await shown.until(lambda: "700 records" in shown.status)
            await shown.until(lambda: shown.main.ends[False][1].rows[-1].text == "beat 699")
            held: list[object] = []
            answer = shown.main.answered
            shown.main.answered = lambda *one: held.append(one) if isinstance(one[0], Show) else answer(*one)
            await shown.pilot.press("G")
            assert shown.selected.text == "beat 699"
            await shown.press("k")
            assert held
            answer(*held[-1])
            await shown.settle()
            assert shown.selected.text == "beat 698"

    run(work)
