"""The panels of the screen: what they tell of a record is what the store has of it, and every way on can be gone back."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from screens import NARROW, WIDE, Shown, run, screen
from shop import HOSTILE, TRACE, shop
from textual.widgets import Input

from logtriage.answers import tally
from logtriage.answers.search import search
from logtriage.query.query import Query
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.tui.filters import Filter


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def snapshot(store: Path) -> Iterator[Snapshot]:
    with Store(store) as opened, Snapshot(opened) as made:
        yield made


async def find(shown: Shown, text: str) -> None:
    """Goes to the first record that says so."""
    await shown.press("g", "slash")
    await shown.type(text)
    await shown.press("enter")
    assert text in shown.selected.text


def in_list(shown: Shown) -> list[tuple[int, int]]:
    return [(row.part, row.offset) for row in shown.main.list.reel.rows]


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_details_tell_all_of_a_record(store: Path, size: tuple[int, int]) -> None:
    """Enter shows the record's text, its signature with advice, its fields, its template; they follow the selection."""

    async def work() -> None:
        async with screen(store, size) as shown:
            await find(shown, "order 7 failed")
            await shown.press("enter")
            said = "\n".join(row.text for row in shown.main.details.rows)
            for told in ("2026-03-04 10:00:15.700000Z", "ERROR", "at c.s.Pool.get(Pool.java:7)", "checkout.log",
                         "connection-refused", "→", TRACE, "template", "nearby", "gateway"):  # fmt: skip
                assert told in said, told
            await shown.press("j")
            said = "\n".join(row.text for row in shown.main.details.rows)
            assert "answered 502" in said and "order 7 failed" not in said.split("nearby")[0]
            assert shown.main.list.has_focus
            await shown.press("escape")
            assert not shown.main.details.display and not shown.main.filters.each

    run(work)


def test_bytes_are_one_key_away(store: Path) -> None:
    """`r` shows the bytes of a record, escaped and as numbers; nothing of them acts on the terminal."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "odd name")
            await shown.press("r")
            said = "\n".join(row.text for row in shown.main.details.rows)
            assert "\\e[2J\\e]0;owned\\x07" in said and "\\xe6\\xbc\\xa2" in said and "1b 5b 32 4a" in said
            assert not set(HOSTILE) & set("\x1b\x07\u202e") & set(shown.text)
            await shown.press("r")
            assert "bytes" not in shown.main.details.rows[0].text

    run(work)


def test_json_is_a_tree_whose_leaves_are_filters(store: Path, snapshot: Snapshot) -> None:
    """A nested value stands under its key, and choosing it shows the records that have it."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await find(shown, "GET /item/7")
            await shown.press("enter", "enter")
            details = shown.main.details
            rows = {
                row.text.split()[0] + row.text.split()[1]: k
                for k, row in enumerate(details.rows)
                if len(row.text.split()) > 1
            }
            assert details.rows[rows["├id"]].text.endswith("7")
            details.select(rows["├id"])
            await shown.press("enter")
            wanted = [(row.part, row.offset) for row in search(snapshot, Filter("field", "user.id=7").query())]
            assert in_list(shown) == wanted and len(wanted) == 1

    run(work)


def test_a_story_and_back(store: Path, snapshot: Snapshot) -> None:
    """`a` `t` shows all records of the trace over all sources, though other filters would hide them; `^o` comes back."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "order 7 failed")
            await shown.press("plus", "plus")
            before, place = shown.main.filters, shown.main.place
            assert len(in_list(shown)) == 2
            await shown.press("a", "t")
            assert in_list(shown) == [(row.part, row.offset) for row in search(snapshot, Query(trace=TRACE))]
            assert len(in_list(shown)) == 5 and shown.main.place == place
            assert [one.kind for one in shown.main.filters.each] == ["level", "trace"]
            await shown.press("ctrl+o")
            assert shown.main.filters == before and shown.main.place == place

    run(work)


@pytest.mark.parametrize(("key", "seconds"), [("1", 1), ("2", 10), ("3", 60)])
def test_everything_around_a_moment(store: Path, snapshot: Snapshot, key: str, seconds: int) -> None:
    """The times of a menu give all records of all sources so close to the selected one."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "order 7 failed")
            moment, within = shown.selected.timestamp, dt.timedelta(seconds=seconds)
            await shown.press("a", key)
            wanted = search(snapshot, Query(since=moment - within, until=moment + within))
            assert in_list(shown) == [(row.part, row.offset) for row in wanted]

    run(work)


def test_a_menu_tells_only_ways_there_are(store: Path) -> None:
    """A record without a trace is offered none; Esc leaves everything as it was."""

    async def work() -> None:
        async with screen(store) as shown:
            await find(shown, "order 2 priced")
            await shown.press("a")
            assert "trace" not in shown.text and "±10 s" in shown.text
            await shown.press("escape")
            assert not shown.main.filters.each
            await shown.press("v")
            assert "no trace" in shown.status

    run(work)


def test_the_waterfall_of_a_trace(store: Path) -> None:
    """`v` shows each service of the trace, and the longest pause; Enter goes to the record chosen there."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await find(shown, "POST /checkout")
            await shown.press("v")
            assert "5 records, 3 services in 3.25 s" in shown.text and "2 errors" in shown.text
            assert "+2.80 s" in shown.text and "POST /checkout" in shown.app.screen.sheet.pointed.text
            await shown.press("G", "enter")
            assert "answered 502" in shown.selected.text

    run(work)


def test_patterns_and_templates(store: Path, snapshot: Snapshot) -> None:
    """`P` lists what there is with counts; the one chosen is all that is to be seen, as many as were told."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await shown.press("P", "tab", "tab")
            sheet = shown.app.screen.sheet
            chosen = sheet.pointed
            assert "GET <*>" in chosen.text and "40" in chosen.text.split()
            await shown.press("enter")
            assert shown.main.filters.each == (chosen.value,) and len(in_list(shown)) == 40
            assert "40 of" in shown.text
            await shown.press("ctrl+o", "P")
            refused = next(row for row in shown.app.screen.sheet.rows if "connection-refused" in row.text)
            assert refused.value == Filter("flag", "generic.connection-refused")
            await shown.press("escape")

    run(work)


def test_kinds_are_shown_as_they_are_counted(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`P` shows signatures while templates are still counted; nothing else waits for these, and one can leave."""
    from logtriage.answers import kinds

    counted, may_end = kinds._templates, threading.Event()

    def slowly(*arguments: Any) -> Any:
        assert may_end.wait(60)
        return counted(*arguments)

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            monkeypatch.setattr(kinds, "_templates", slowly)
            await shown.pilot.press("P")
            await shown.meets(lambda: "generic.connection-refused" in shown.text)
            assert "templates  counting …" in shown.text
            await shown.pilot.press("j", "j")
            chosen = shown.app.screen.sheet.pointed
            may_end.set()
            await shown.settle()
            assert "GET <*>" in shown.text and shown.app.screen.sheet.pointed == chosen
            may_end.clear()
            await shown.press("escape")
            await shown.pilot.press("P", "escape", "g")
            await shown.meets(lambda: shown.main.list.reel.cursor == 0)
            may_end.set()

    run(work)


def test_sql_of_what_is_looked_at(store: Path, tmp_path: Path) -> None:
    """`;` begins with the SQL of the filters, whose answer has as many rows as are shown; it can be written to a file."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await shown.press("plus")
            count = len(in_list(shown))
            await shown.press("semicolon", "enter")
            box = shown.app.screen
            await shown.until(lambda: box.asked is None)
            assert len(box.sheet.rows) == 1 + count and "severity_number >= 13" in box.statement.text
            await shown.press("ctrl+e")
            box.query_one("#sql-file", Input).value = str(tmp_path / "out.csv")
            await shown.press("enter")
            await shown.until(lambda: box.asked is None)
            text = (tmp_path / "out.csv").read_text()
            assert text.startswith("timestamp,level,service") and text.count("order 7 failed") == 1
            await shown.press("ctrl+e")
            box.query_one("#sql-file", Input).value = str(tmp_path / "out.csv")
            await shown.press("enter")
            await shown.until(lambda: box.asked is None)
            assert "is there already" in shown.text

    run(work)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("DROP VIEW records", "may change something"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("FROM read_text('/etc/passwd')", "sql:"),
        ("SELECT 1; SELECT 2", "one statement"),
    ],
)
def test_sql_only_reads_the_store(store: Path, sql: str, told: str) -> None:
    """A statement that would change something, reach a file, or is wrong, comes to one line."""

    async def work() -> None:
        async with screen(store) as shown:
            await shown.press("semicolon")
            box = shown.app.screen
            box.statement.text = sql
            await shown.press("enter")
            await shown.until(lambda: box.asked is None)
            assert told in shown.text and not box.sheet.rows
            await shown.press("escape")
            assert shown.app.screen is shown.main

    run(work)


def test_a_statement_that_runs_forever_is_stopped(store: Path) -> None:
    """Esc stops a statement; the box stays, and the next one runs."""

    async def work() -> None:
        async with screen(store) as shown:
            await shown.press("semicolon")
            box = shown.app.screen
            box.statement.text = (
                "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range + b.range < 0"
            )
            await shown.pilot.press("enter")
            await shown.pilot.press("escape")
            assert "stopped" in shown.text
            box.statement.text = "SELECT 42 AS answer"
            await shown.press("enter")
            await shown.until(lambda: box.asked is None)
            assert [row.text.strip() for row in box.sheet.rows] == ["answer", "42"]

    run(work)


def test_a_statement_has_so_much_time(store: Path, snapshot: Snapshot) -> None:
    """A statement that takes longer than it may is stopped, and that is said."""
    from logtriage.errors import UsageError
    from logtriage.tui.requests.sql import Ask

    long = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range + b.range < 0"
    with pytest.raises(UsageError, match="longer than"):
        Ask(store, long, patience=0.05).answer(snapshot)


@pytest.mark.parametrize(("size", "no_color"), [(NARROW, ""), ((40, 10), "1")])
def test_hostile_text_stays_in_its_cells_in_all_panels(
    store: Path, size: tuple[int, int], no_color: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a record says, each panel's lines are as wide as the screen, and nothing of it acts on the terminal; with
    or without colours."""
    monkeypatch.setenv("NO_COLOR", no_color)

    async def work() -> None:
        async with screen(store, size) as shown:

            def check(panel: str) -> None:
                strips = shown.app.screen._compositor.render_strips()
                assert {sum(cell_len(segment.text) for segment in strip) for strip in strips} == {size[0]}, panel
                assert not set("\x1b\x07\u202e\t") & set(shown.text), panel

            await find(shown, "odd name")
            for panel, keys in {
                "details": ["enter"], "within": ["enter", "G"], "bytes": ["r"], "out": ["escape", "escape"],
                "menu": ["a"], "closed": ["escape"], "kinds": ["P", "G"], "shut": ["escape"],
                "sql": ["semicolon", "enter", "tab", "G"], "end": ["escape"], "sessions": ["ctrl+s"],
            }.items():  # fmt: skip
                await shown.press(*keys)
                check(panel)

    run(work)


def test_counts_of_kinds_are_those_of_the_views(snapshot: Snapshot, store: Path) -> None:
    """Each category, signature and template has as many records as a search for it finds."""
    from logtriage.answers.kinds import kinds

    *_, found = kinds(snapshot)
    assert found is not None and found.templates is not None
    for one in [*found.categories, *found.signatures]:
        assert tally.count(snapshot, Query(flags=(one.name,))) == one.records == sum(one.cells), one.name
    for one in found.templates:
        assert tally.count(snapshot, Filter("template", one.name).query()) == one.records == sum(one.cells), one.text
    assert sum(one.records for one in found.templates) == tally.count(snapshot, Query())
