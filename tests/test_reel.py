"""The stretch of records behind the list: moving, scrolling, unfolding and fetching never lose one's place."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from logtriage.answers.glance import Glance, Glances
from logtriage.tui.screen import reel as reels
from logtriage.tui.screen.reel import Reel

START = datetime(2026, 3, 4)


def row(number: int) -> Glance:
    return Glance(
        1, number, number, 1, START + timedelta(seconds=number), 0, "info", 1, [], "app", None, f"row {number}", 6
    )


def page(first: int, last: int, whole: int) -> Glances:
    first, last = min(max(0, first), whole), max(0, min(last, whole))
    return Glances([row(k) for k in range(first, last)], first > 0, last < whole)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["move", "visit", "scroll", "page", "resize", "fold", "earlier", "later"]), st.integers(-60, 60)
    ),
    max_size=40,
)


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 30))
def test_no_line_stays_blank_while_there_are_records(whole: int, at: int, height: int) -> None:
    """Wherever one goes, the view is as full as there are records to fill it."""
    reel = Reel()
    reel.resize(height)
    reel.show(page(0, whole, whole), row(min(at, whole - 1)).key)
    assert len(list(reel.lines())) == min(height, whole)


@given(st.integers(0, 300), st.integers(0, 300), STEPS)
def test_the_selected_record_is_always_in_view(whole: int, at: int, steps: list[tuple[str, int]]) -> None:
    """Whatever is done, the selected record is in view, rows are in order without holes, and fetching moves nothing."""
    reel = Reel()
    reel.resize(10)
    at = min(at, whole)
    reel.show(page(at - 50, at + 50, whole), row(at).key)
    for what, number in steps:
        before = reel.selected
        lines = [reel.rows[line.row].offset for line in reel.lines()]
        if what == "move":
            reel.move(number)
        elif what == "visit":
            reel.visit(reel.cursor + number)
        elif what == "scroll":
            reel.scroll(number)
        elif what == "page":
            reel.page(number)
        elif what == "resize":
            reel.resize(abs(number))
        elif what == "fold" and before:
            reel.fold(before, None if number < 0 else ["more"] * number)
        elif what == "earlier" and reel.before:
            reel.put_before(page(reel.rows[0].offset - 30, reel.rows[0].offset, whole))
        elif what == "later" and reel.after:
            reel.put_after(page(reel.rows[-1].offset + 1, reel.rows[-1].offset + 31, whole))
        if what in ("earlier", "later"):
            assert reel.selected == before
            assert [reel.rows[line.row].offset for line in reel.lines()][: len(lines)] == lines
        numbers = [one.offset for one in reel.rows]
        assert numbers == list(range(numbers[0], numbers[-1] + 1)) if numbers else reel.selected is None
        if reel.rows:
            assert reel.cursor in {line.row for line in reel.lines()}
        assert len(list(reel.lines())) <= reel.height


def test_where_one_jumps_to_stands_amid_others() -> None:
    """A record out of view, before or behind it, comes with what was before and after it; one in view moves nothing."""
    reel = Reel()
    reel.resize(12)
    reel.show(page(0, 100, 100), row(50).key)
    for to, first in ((52, 46), (70, 66), (30, 26), (1, 0), (99, 88)):
        reel.visit(to)
        assert reel.cursor == to and reel.top.row == first


def test_little_is_held() -> None:
    """Going through a million records, in either direction, never holds more than a few of them, and none is passed over."""
    whole, reel, seen = 100_000, Reel(), []
    reel.resize(40)
    reel.show(page(0, 300, whole), None)
    for _ in range(5_000):
        reel.page(40)
        seen += [reel.rows[line.row].offset for line in reel.lines()]
        if reel.after and reel.margin()[1] < 120:
            reel.put_after(page(reel.rows[-1].offset + 1, reel.rows[-1].offset + 301, whole))
        assert len(reel.rows) <= reels.MOST + 300
    assert reel.at_end and sorted(set(seen)) == list(range(40, whole))
    while reel.cursor or reel.before:
        reel.page(-40)
        if reel.before and reel.margin()[0] < 120:
            reel.put_before(page(reel.rows[0].offset - 300, reel.rows[0].offset, whole))
        assert len(reel.rows) <= reels.MOST + 300
    assert reel.selected == row(0)


def test_the_end_stays_at_the_end() -> None:
    """At the last record, it stays the last line whatever the height; elsewhere the selected one stays in view."""
    reel = Reel()
    reel.resize(10)
    reel.show(page(0, 100, 100), None, end=True)
    for height in (30, 3, 1, 20):
        reel.resize(height)
        assert [reel.rows[line.row].offset for line in reel.lines()] == list(range(100 - height, 100))
