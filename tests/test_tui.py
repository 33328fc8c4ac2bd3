"""The screen, driven by keys: what is shown is what the engine finds, and nothing is hidden without being counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from screens import NARROW, WIDE, run, screen
from stores import fill, write_sources
from textual.widgets import Input

from logtriage.answers import glance, tally, templates
from logtriage.needles.needle import Needle
from logtriage.query.query import Query
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.tui.app import Logtriage
from logtriage.tui.engine import Engine
from logtriage.tui.filters import Filter
from logtriage.tui.requests.overview import Survey
from logtriage.tui.run import Cancelled


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("screen")
    fill(folder / "store", write_sources(folder))
    return folder / "store"


@pytest.fixture(scope="module")
def snapshot(store: Path) -> Iterator[Snapshot]:
    with Store(store) as opened, Snapshot(opened) as made:
        yield made


def keys(rows: list[glance.Glance]) -> list[tuple[int, int]]:
    return [(row.part, row.offset) for row in rows]


def test_it_opens_at_the_end(store: Path, snapshot: Snapshot) -> None:
    """The last records are on the screen at once, the last one selected, with the number of all there are."""

    async def work() -> None:
        async with screen(store) as shown:
            wanted = glance.last(snapshot, Query(), 50).rows
            seen = [shown.main.list.reel.rows[line.row] for line in shown.main.list.reel.lines()]
            assert len(seen) > 8 and keys(seen) == keys(wanted)[-len(seen) :]
            assert shown.selected == wanted[-1]
            assert f"{tally.count(snapshot, Query()):,} records" in shown.status and "following" in shown.status

    run(work)


def test_all_of_it_can_be_walked(store: Path, snapshot: Snapshot) -> None:
    """From the beginning, page by page, every record comes into view, in order; and back."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await shown.press("g")
            reel = shown.main.list.reel
            seen: list[tuple[int, int]] = []
            for _ in range(60):
                seen += [key for key in keys([reel.rows[line.row] for line in reel.lines()]) if key not in seen]
                if reel.at_end:
                    break
                await shown.press("space")
            assert seen == keys(glance.first(snapshot, Query(), 10_000).rows)
            await shown.press("g")
            assert (shown.selected.part, shown.selected.offset) == seen[0]

    run(work)


@pytest.mark.parametrize(("key", "level"), [("e", "error"), ("w", "warn")])
def test_next_error_and_warning(store: Path, snapshot: Snapshot, key: str, level: str) -> None:
    """`e` and `w` go to the next record that is at least so bad, the capitals back; at the last one it is said."""

    async def work() -> None:
        async with screen(store) as shown:
            await shown.press("g")
            first = (shown.selected.part, shown.selected.offset)
            wanted = [key for key in keys(glance.first(snapshot, Query(level=level), 10_000).rows) if key != first]
            for place in wanted[:4]:
                await shown.press(key)
                assert (shown.selected.part, shown.selected.offset) == place
            await shown.press(key.upper())
            assert (shown.selected.part, shown.selected.offset) == wanted[2]
            await shown.press("G", key)
            if (shown.selected.part, shown.selected.offset) not in wanted:
                assert "no later" in shown.status

    run(work)


def test_filters_stack_and_are_counted(store: Path, snapshot: Snapshot) -> None:
    """Filters in and out hold together; the status counts what is left of all; each can be switched, all at once too."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            whole = tally.count(snapshot, Query())
            await shown.press("ampersand")
            await shown.type("timed")
            timed = tally.count(snapshot, Query(needle=Needle.of(["timed"])))
            assert f"{timed:,} of {whole:,}" in shown.lines[-2]
            assert f"{whole:,} records" in shown.status  # nothing is applied yet
            await shown.press("enter")
            assert f"{timed:,} of {whole:,} · 1 filter" in shown.status
            await shown.press("ampersand")
            await shown.type("!level:warn")
            await shown.press("enter")
            both = Query(needle=Needle.of(["timed"]), without=(Query(level="warn"),))
            left = tally.count(snapshot, both)
            assert 0 < left < timed
            assert f"{left:,} of {whole:,} · 2 filters" in shown.status
            assert keys(shown.main.list.reel.rows) == keys(glance.first(snapshot, both, 10_000).rows)
            assert "/timed/" in shown.lines[-2] and "not level ≥ warn" in shown.lines[-2]
            await shown.press("ctrl+f")
            assert f"{whole:,} records" in shown.status and "(/timed/)" in shown.lines[-2]
            await shown.press("ctrl+f", "L", "enter", "escape")
            calm = tally.count(snapshot, Query(without=(Query(level="warn"),)))
            assert f"{calm:,} of {whole:,} · 1 filter" in shown.status
            await shown.press("escape", "escape")
            assert f"{timed:,} of {whole:,} · 1 filter" in shown.status

    run(work)


def test_filters_are_typed_as_options_are(store: Path, snapshot: Snapshot) -> None:
    """A level by any of its names, and a template by the begin of its id, as `logtriage grep` takes them."""
    template = templates.seen(snapshot, Query())[0].template

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            whole = tally.count(snapshot, Query())
            for typed, query in (
                ("level:Warning", Query(level="warn")),
                ("level: err", Query(level="error")),
                ("level:ERR,info", Query(levels=("error", "info"))),
                (f"template:{template[:8]}", Query(templates=(template,))),
            ):
                await shown.press("ampersand")
                await shown.type(typed)
                await shown.press("enter")
                found = tally.count(snapshot, query)
                assert 0 < found < whole and f"{found:,} of {whole:,} · 1 filter" in shown.status
                await shown.press("escape")

    run(work)


def test_a_count_that_takes_long_tells_how_far_it_is(
    store: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found by now is told while records are gone through; typing on cancels that, which is said, as does leaving
    the line; so it is with the count of a filter that is on."""
    whole, go, ended = tally.counting, threading.Event(), []

    def slow(snapshot: Snapshot, query: Query, known: tally.Known | None = None) -> Iterator[tally.Counted]:
        yield tally.Counted(5, 0.25)
        try:
            go.wait(60)
            yield from whole(snapshot, query, known)
        except Cancelled:
            ended.append(query.needle)
            raise

    async def work() -> None:
        async with screen(store, WIDE) as shown:

            async def sees(text: str) -> None:
                await shown.meets(lambda: text in shown.text)

            monkeypatch.setattr(tally, "counting", slow)
            await shown.press("ampersand")
            line = shown.app.screen.query_one(Input)
            line.insert_text_at_cursor("tim")
            await sees("counting … 5 in 25%")
            line.insert_text_at_cursor("e")
            await sees("cancelled, counting anew …")
            go.set()
            await shown.settle()
            wanted = tally.count(snapshot, Query(needle=Needle.of(["time"])))
            assert len(ended) == 1 and f" {wanted:,} of " in shown.lines[-2]
            go.clear()
            line.insert_text_at_cursor("d")
            await sees("counting … 5 in 25%")
            await shown.pilot.press("escape")
            go.set()
            await shown.settle()
            assert len(ended) == 2
            go.clear()
            shown.main.use(shown.main.filters.adding(Filter("text", "timed")))
            await sees("5… (25%) of")
            go.set()
            await shown.settle()
            assert len(ended) == 2 and "1 filter" in shown.status and "%" not in shown.status
            go.clear()
            shown.main.use(shown.main.filters.adding(Filter("text", "out")))
            await sees("5… (25%) of")
            await shown.pilot.press("ctrl+f")
            go.set()
            await shown.settle()
            assert len(ended) == 3 and "records" in shown.status

    run(work)


def test_what_is_typed_wrong_is_said(store: Path) -> None:
    """A regular expression or a time that is none is told beside the line, and nothing else happens."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            before = shown.selected
            await shown.press("ampersand")
            await shown.type("(unclosed")
            assert "unclosed" in shown.lines[-2] and len(shown.lines[-2]) > 30
            await shown.press("enter")
            assert not shown.main.filters.each and shown.selected == before
            await shown.press("ctrl+g")
            await shown.type("the day after never")
            await shown.press("enter")
            assert "is no moment in time" in shown.status

    run(work)


def test_search_moves_and_hides_nothing(store: Path, snapshot: Snapshot) -> None:
    """A search goes from match to match through all records; at the end of the logs it looks back."""

    async def work() -> None:
        async with screen(store) as shown:
            wanted = keys(glance.first(snapshot, Query(needle=Needle.of(["refused"])), 10_000).rows)
            await shown.press("slash")
            await shown.type("refused")
            await shown.press("enter")
            assert (shown.selected.part, shown.selected.offset) == wanted[-1]
            assert f"match {len(wanted)} of {len(wanted)}" in shown.status
            await shown.press("N")
            assert (shown.selected.part, shown.selected.offset) == wanted[-2]
            assert f"match {len(wanted) - 1} of {len(wanted)}" in shown.status
            await shown.press("n", "n")
            assert "no later match" in shown.status
            assert not shown.main.filters.each

    run(work)


def test_matches_are_counted_anew_where_it_must_be(store: Path, snapshot: Snapshot) -> None:
    """From another place, and among other records, it is another match of another number of them."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            wanted = glance.first(snapshot, Query(needle=Needle.of(["time"])), 10_000).rows
            errors = glance.first(snapshot, Query(needle=Needle.of(["time"]), level="error"), 10_000).rows
            assert 1 < len(errors) < len(wanted)
            await shown.press("slash")
            await shown.type("time")
            await shown.press("enter")
            shown.main.show_at(wanted[100].key)
            await shown.settle()
            await shown.press("n")
            number = keys(wanted).index((shown.selected.part, shown.selected.offset)) + 1
            assert f"match {number} of {len(wanted)}" in shown.status
            shown.main.use(shown.main.filters.adding(shown.main.read_filter("level:error")))
            await shown.settle()
            await shown.press("G", "N")
            number = keys(errors).index((shown.selected.part, shown.selected.offset)) + 1
            assert f"match {number} of {len(errors)}" in shown.status

    run(work)


def test_the_timeline_shows_what_the_filters_let_through(store: Path, snapshot: Snapshot) -> None:
    """With a filter the strip stands for what it finds, a dot for what it hides; without it for everything again."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            strip = shown.main.timeline
            everything = strip.lanes
            assert strip.found is None and "·" not in "".join(shown.lines[: strip.size.height])
            shown.main.use(shown.main.filters.adding(shown.main.read_filter("level:error")))
            assert strip.told == "counting …"
            await shown.settle()
            timed = [row for row in glance.first(snapshot, Query(level="error"), 10_000).rows if row.timestamp]
            assert sum(lane.records for lane in strip.found.lanes) == len(timed)
            text = "\n".join(shown.lines[: strip.size.height])
            assert "·" in text and "filtered" in text
            await shown.press("ctrl+f")
            assert strip.found is None and strip.lanes == everything
            assert "filtered" not in "\n".join(shown.lines[: strip.size.height])

    run(work)


def test_go_to_a_time(store: Path, snapshot: Snapshot) -> None:
    """A time typed in any way leads to the first record from then on."""

    async def work() -> None:
        async with screen(store) as shown:
            for text in ("2026-03-04T10:00:00Z", "10:00", "start+2m"):
                await shown.press("g", "ctrl+g")
                await shown.type(text)
                await shown.press("enter")
                assert shown.selected.timestamp.isoformat()[:16] == "2026-03-04T10:00", text
            for text, told in (
                ("2026-03-09 10:00", "the logs end at 2026-03-"),
                ("2026-01-01", "the logs begin at 2026-03-"),
            ):
                await shown.press("ctrl+g")
                await shown.type(text)
                await shown.press("enter")
                assert told in shown.status

    run(work)


def test_the_timeline_shows_no_time_without_logs(store: Path) -> None:
    """Closer at either end of the logs, it stays within them; `0` is all times again, also there."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            first, last = shown.main.standing.span
            for key in ("G", "g"):
                await shown.press(key, "z", "z")
                since, until = shown.main.zoomed
                assert first <= since < until <= last + timedelta(minutes=1)
            await shown.press("0")
            assert shown.main.zoomed is None and shown.main.timeline.lanes.start == first

    run(work)


def test_a_notice_is_of_what_is_looked_at(store: Path) -> None:
    """What was said goes when other filters are looked through, so that it hides no count of theirs."""

    async def work() -> None:
        async with screen(store) as shown:
            await shown.press("G", "n")
            assert "nothing was searched for" in shown.status
            await shown.press("exclamation_mark")
            assert "1 filter" in shown.status and "searched" not in shown.status

    run(work)


def test_the_help_moves_as_all_does(store: Path) -> None:
    """The keys that move the list move the list of keys; how much is below is counted."""

    async def work() -> None:
        async with screen(store) as shown:
            await shown.press("question_mark")
            assert "half a page down" in shown.text and "more" in shown.text
            await shown.press("G")
            assert "quit" in shown.text and "↓" not in shown.lines[-3]
            await shown.press("b", "g")
            assert "half a page down" in shown.text
            await shown.press("q")
            assert shown.app.screen is shown.main

    run(work)


def test_a_stack_trace_unfolds(store: Path) -> None:
    """A record of many lines is one line until it is unfolded; its lines are then those of the log."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await shown.press("slash")
            await shown.type("request failed")
            await shown.press("enter")
            folded = len(list(shown.main.list.reel.lines()))
            assert "ConnectException" not in shown.text.split("request failed")[-1].split("\n")[1]
            await shown.press("x")
            at = next(n for n, line in enumerate(shown.lines) if "▾" in line)
            assert "java.net.ConnectException: Connection refused" in shown.lines[at + 1]
            assert "at a.b.C.d(C.java" in shown.lines[at + 2]
            await shown.press("x")
            assert "▾" not in shown.text and len(list(shown.main.list.reel.lines())) == folded

    run(work)


def test_small_and_back(store: Path) -> None:
    """A terminal of 20×5 shows something sensible, and its old size brings everything back."""

    async def work() -> None:
        async with screen(store) as shown:
            await shown.press("k", "k", "k")
            before, selected = shown.lines[:-1], shown.selected
            for size in ((20, 5), (1, 1), NARROW):
                await shown.pilot.resize_terminal(*size)
                await shown.settle()
            assert shown.selected == selected
            assert [line for line in shown.lines[:-1] if selected.text[:20] in line]
            assert len(shown.lines[:-1]) == len(before)

    run(work)


def test_times_are_told_as_wanted(store: Path) -> None:
    """UTC or local, with the offset, by a key; or as distance from a record."""
    from datetime import timedelta, timezone

    from logtriage.tui.host import Options

    async def work() -> None:
        async with screen(store, NARROW, Options(timezone(timedelta(hours=5, minutes=30)))) as shown:
            local = f"{shown.selected.timestamp + timedelta(hours=5, minutes=30):%H:%M:%S}"
            assert f"{local}+05:30" in shown.status
            await shown.press("t", "escape")
            assert f"{shown.selected.timestamp:%H:%M:%S}Z" in shown.status
            await shown.press("T")
            assert "+0.000s" in shown.text

    run(work)


def test_filters_tell_times_as_the_list_does(store: Path) -> None:
    """The ends of a window are told in the zone that the screen shows, wherever filters are named."""
    from datetime import timedelta, timezone

    from logtriage.tui.host import Options

    async def work() -> None:
        async with screen(store, WIDE, Options(timezone(timedelta(hours=5, minutes=30)))) as shown:
            await shown.press("ampersand")
            await shown.type("since:2026-03-04T10:00:00Z")
            await shown.press("enter")
            assert "from 2026-03-04 15:30:00+05:30" in shown.text
            await shown.press("L")
            assert "[x] from 2026-03-04 15:30:00+05:30" in shown.text
            await shown.press("escape", "t")
            assert "from 2026-03-04 10:00:00Z" in shown.text

    run(work)


def test_every_key_is_told_and_does_something(store: Path) -> None:
    """The help lists every action of the table, and each has its code."""
    from logtriage.tui.keymap import KEYS
    from logtriage.tui.screen.main import Main

    async def work() -> None:
        async with screen(store, (110, 90)) as shown:
            await shown.press("question_mark")
            for key in KEYS:
                assert key.told in shown.text, key
                name = key.action.split("(")[0].removeprefix("app.")
                assert hasattr(Main, f"action_{name}") or hasattr(type(shown.app), f"action_{name}"), key

    run(work)


def test_leaving_the_prompt_goes_back_to_where_one_was(store: Path) -> None:
    """Esc closes the line in which one types, and nothing else: the filters and the end that is followed stay."""

    async def work() -> None:
        async with screen(store) as shown:
            await shown.press("plus")
            filters = shown.main.filters
            await shown.press("slash")
            await shown.type("refus")
            await shown.press("escape")
            assert not shown.main.prompt.is_open and shown.main.filters == filters and "following" in shown.status
            await shown.press("escape")
            assert not shown.main.filters.each

    run(work)


def test_what_is_not_there_is_told_with_the_way_on(store: Path) -> None:
    """No later error: the key that looks back; nothing let through: the keys that change that."""

    async def work() -> None:
        async with screen(store) as shown:
            await shown.press("e", "e", "e", "G", "e")
            assert "no later error · E looks back" in shown.status
            await shown.press("ampersand")
            await shown.type("no such words")
            await shown.press("enter")
            assert "no record that the filters let through" in shown.text and "^f switches them off" in shown.text
            await shown.press("ctrl+f")
            assert "no record" not in shown.text

    run(work)


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    """Without a store one line says so, and what to do; the screen stays."""

    async def work() -> None:
        async with screen(tmp_path / "nothing", WIDE) as shown:
            assert "there is no store" in shown.status and "ingest" in shown.status
            assert "logtriage demo --run" in shown.text and "logtriage tui /var/log/app" in shown.text
            await shown.press("e", "g", "question_mark", "escape")

    run(work)


def test_new_records_are_followed_but_never_steal_the_view(tmp_path: Path) -> None:
    """At the end, what comes is shown; away from it the view stays and it is counted; `End` goes on following."""

    def log(first: int, last: int) -> None:
        with open(tmp_path / "app.log", "a") as file:
            for k in range(first, last):
                file.write(f"2026-03-04 10:{k // 60:02}:{k % 60:02} INFO beat {k}\n")

    async def work() -> None:
        log(0, 100)
        fill(tmp_path / "store", [tmp_path / "app.log"])
        async with screen(tmp_path / "store") as shown:
            assert shown.selected.text == "beat 99"
            log(100, 150)
            fill(tmp_path / "store", [tmp_path / "app.log"])
            await shown.until(lambda: shown.selected.text == "beat 149")
            await shown.press("k", "k")
            view = [line[:-1] for line in shown.lines[4:-1]]
            log(150, 180)
            fill(tmp_path / "store", [tmp_path / "app.log"])
            await shown.until(lambda: "30 new" in shown.status)
            assert [line[:-1] for line in shown.lines[4:-1]] == view and shown.selected.text == "beat 147"
            await shown.press("end")
            assert shown.selected.text == "beat 179" and "following" in shown.status

    run(work)


def test_hostile_text_stays_in_its_cells(tmp_path: Path) -> None:
    """Escapes, marks of direction, wide characters and a line of megabytes: every line is as wide as the screen."""
    lines = [
        "\x1b[2J\x1b]0;owned\x07red",
        "right \u202eto\u202c left",
        "漢字" * 60,
        "👩‍👩‍👧" * 40,
        "a\tb\tc",
        "x" * 3_000_000,
    ]
    text = "".join(f"2026-03-04 10:00:{k:02} ERROR {line}\n" for k, line in enumerate(lines))
    (tmp_path / "bad.log").write_text(text)
    fill(tmp_path / "store", [tmp_path / "bad.log"])

    async def work() -> None:
        async with screen(tmp_path / "store") as shown:
            from rich.cells import cell_len

            strips = shown.app.screen._compositor.render_strips()
            assert {sum(cell_len(segment.text) for segment in strip) for strip in strips} == {80}
            assert not set("\x1b\x07\u202e\t") & set(shown.text)
            assert "+2M" in shown.text
            await shown.press("k", "x", "l", "l", "h", "j")

    run(work)


def test_sources_are_named_with_the_first_records(store: Path) -> None:
    """Who wrote the first records that are shown is told right behind them, not only once all there is was looked through."""

    async def work() -> None:
        engine = Engine(store)
        ask = engine.ask
        engine.ask = lambda one: None if isinstance(one, Survey) else ask(one)  # type: ignore[method-assign]
        engine.start()
        app = Logtriage(engine)
        async with app.run_test(size=WIDE) as pilot:
            while not app.main.list.reel.rows or not app.main.list.names:
                await pilot.pause()
            shown = {row.part for row in app.main.list.reel.rows}
            assert app.main.standing is None and shown <= set(app.main.list.names)

    run(work)
