"""What arrives while one looks: it is followed at the end, counted away from it, and never takes the view away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from screens import WIDE, run, screen
from stores import fill, settings_for_tests, write_sources

from logtriage.answers import glance, tally
from logtriage.needles.needle import Needle
from logtriage.query.query import Query
from logtriage.sources.find import Source, find
from logtriage.store.catalog import PartRow
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.store.upkeep import prune
from logtriage.stream.ends import last_lines, last_records
from logtriage.tui.intake import Reading as Progress
from logtriage.tui.requests.request import Show

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


def test_new_records_do_not_wait_for_a_count(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a store that grows while a count goes on the new records are shown at once; the count comes to its end, and only
    then is one begun anew."""
    counted, begun, may_end = tally.counting, [], threading.Event()

    def slowly(snapshot: Snapshot, query: Query, known: tally.Known | None = None) -> Iterator[tally.Counted]:
        begun.append(known)
        assert may_end.wait(60)
        yield from counted(snapshot, query, known)

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE) as shown:
            monkeypatch.setattr(tally, "counting", slowly)
            shown.main.use(shown.main.filters.adding(shown.main.read_filter("level:error")))
            for upto in (620, 640, 660):
                write(upto - 20, upto)
                await shown.meets(lambda upto=upto: f"beat {upto - 10}" in shown.text)
            assert len(begun) == 1
            may_end.set()
            await shown.until(lambda: "66 of 660" in shown.status)
            assert len(begun) == 2 and begun[1] is not None

    run(work)


def test_a_count_goes_on(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted is not counted again, as long as nothing older came or went; the answer is that of a whole count."""
    queries = [
        Query(),
        Query(level="error"),
        Query(needle=Needle.of(("1",))),
        Query(until=datetime(2026, 3, 4, 10, 4, tzinfo=UTC)),
    ]
    known: dict[Query, tally.Known | None] = dict.fromkeys(queries)
    seen: list[Query] = []
    gathered = tally._gathered

    def noted(snapshot: Snapshot, query: Query, found: Any) -> Iterator[float]:
        seen.append(query)
        return gathered(snapshot, query, found)

    def whole() -> int:
        """Goes on counting; gives how many queries were counted from the beginning."""
        with Store(tmp_path / "store") as store, Snapshot(store) as snapshot:
            seen.clear()
            found = []
            for query in queries:
                *_, last = tally.counting(snapshot, query, known[query])
                known[query] = last.known
                found.append(last.found)
            anew = sum(query.since is None for query in seen)
            assert found == [tally.count(snapshot, query) for query in queries]
            return anew

    monkeypatch.setattr(tally, "_gathered", noted)
    write(600, 1200)
    assert whole() == len(queries)
    for first, last in ((1200, 1210), (1900, 1910), (1910, 1911)):
        write(first, last)
        assert whole() == 0
    (tmp_path / "late.log").write_text("2026-03-04 10:01:01 ERROR beat 1 of another one\n")
    fill(tmp_path / "store", [tmp_path / "late.log"])
    assert whole() == len(queries)
    with Store(tmp_path / "store", write=True) as store:
        prune(store, before=datetime(2026, 3, 4, 10, 5, tzinfo=UTC))
    assert whole() == len(queries)


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
    """`G` shows the last records at once as they were last seen; who moves on before the store answers stays there. So does
    `g` the first ones, though nobody was there before."""

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE) as shown:
            held: list[object] = []
            answer = shown.main.answered
            shown.main.answered = lambda *one: held.append(one) if isinstance(one[0], Show) else answer(*one)
            await shown.pilot.press("g")
            assert shown.selected.text == "beat 0"
            await shown.settle()
            shown.main.answered = answer
            answer(*held.pop())
            write(600, 700)
            await shown.until(lambda: "700 records" in shown.status)
            await shown.until(lambda: shown.main.ends[False][1].rows[-1].text == "beat 699")
            shown.main.answered = lambda *one: held.append(one) if isinstance(one[0], Show) else answer(*one)
            await shown.pilot.press("G")
            assert shown.selected.text == "beat 699"
            await shown.press("k")
            assert held
            answer(*held[-1])
            await shown.settle()
            assert shown.selected.text == "beat 698"

    run(work)


class Reading:
    """An intake whose progress the test tells; it reads nothing by itself."""

    def __init__(self, *paths: Path) -> None:
        self.sources: tuple[Source, ...] = tuple(find([str(path) for path in paths]).sources)
        self.settings = settings_for_tests
        self.paths = {str(path) for path in paths}
        self.is_running = True
        self.done: float | None = 0.0
        self.why: str | None = None
        self.pipe: int | None = None
        self.has_caught_up = False
        self.rival: int | None = None

    def start(self, parts: object = ()) -> None:
        pass

    def try_again(self) -> bool:
        return False

    def own(self, parts: Iterable[PartRow]) -> tuple[int, ...]:
        return tuple(part.part for part in parts if part.path in self.paths)

    def failure(self) -> str | None:
        return self.why

    def remark(self) -> None:
        pass

    def reading(self, read: object) -> Progress | None:
        return None if self.done is None else Progress(self.done, round((1 - self.done) * 3e9))

    def close(self) -> None:
        pass


def numbered(path: Path, first: int, last: int) -> None:
    """Appends 10 records a second, every tenth with a second line."""
    with open(path, "a") as file:
        for k in range(first, last):
            more = "\n\tat a.b.C" if k % 10 == 0 else ""
            moment = f"10:{k // 600:02}:{k // 10 % 60:02}.{k % 10}00"
            file.write(f"2026-03-04 {moment} INFO  [main] a.b.C - beat {k} {'.' * 40}{more}\n")


def test_a_large_file_opens_at_its_end(tmp_path: Path) -> None:
    """Of a file never seen the last records are shown at once, while it is read from its beginning, and how far is told;
    what is read by then can be looked at, and when all is, it goes on at the same record."""
    log, store = tmp_path / "app.log", tmp_path / "store"
    numbered(log, 0, 3_000)

    async def work() -> None:
        reading = Reading(log)
        async with screen(store, WIDE, intake=reading) as shown:
            await shown.until(lambda: "[main]" not in shown.text and "beat 2999" in shown.text)
            assert shown.selected.text.startswith("beat 2999") and "following" not in shown.status
            assert "reading 0%" in shown.status
            (tmp_path / "empty.log").touch()
            fill(store, [tmp_path / "empty.log"])
            await shown.until(lambda: shown.main.standing is not None)
            assert shown.status.startswith("… records"), "those on the screen are not in the store yet: they are not 0"
            for _ in range(20):
                await shown.press("b")
            assert "what is before this is still being read" in shown.status
            half = tmp_path / "half.log"
            half.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
            whole = log.read_bytes()
            log.write_bytes(half.read_bytes())
            fill(store, [log])
            log.write_bytes(whole)
            reading.done = 0.5
            await shown.until(lambda: "reading 50%, 1.5 GB to go" in shown.status)
            assert shown.main.ahead is not None
            await shown.press("g")
            assert shown.selected.text.startswith("beat 0 ")
            await shown.press("ampersand")
            await shown.type("beat 7 ")
            await shown.press("enter")
            assert shown.selected.text.startswith("beat 7 ")
            await shown.press("L", "x", "escape", "G")
            await shown.until(lambda: shown.selected is not None and shown.selected.text.startswith("beat 2999"))
            await shown.press("k")
            reading.done = None
            fill(store, [log])
            await shown.until(lambda: shown.main.ahead is None and shown.selected.part >= 0)
            assert shown.selected.text.startswith("beat 2998")
            await shown.press("end")
            assert "following" in shown.status

    run(work)


def test_the_records_of_an_end_are_those_of_the_store(tmp_path: Path) -> None:
    """Straight from the files come the same last records as later from the store: texts, levels, times, places."""
    paths = [path for path in write_sources(tmp_path) if path.name in ("app.log", "access.log", "box.json.log")]
    numbered(tmp_path / "app.log.1", 0, 4_000)  # more than is looked at of a file
    fill(tmp_path / "store", paths)
    sources = find([str(path) for path in paths]).sources
    ends = last_records(sources, settings_for_tests(), 200)
    with Store(tmp_path / "store") as store:
        wanted = glance.last(store, Query(), 200).rows
    told = [(row.timestamp, row.level, row.lines, row.text, row.length, row.offset) for row in ends.rows]
    assert sorted(told) == sorted(
        (row.timestamp, row.level, row.lines, row.text, row.length, row.offset) for row in wanted
    )  # fmt: skip
    assert ends.read_to == {str(path): path.stat().st_size for path in paths}


def test_lines_of_an_end(tmp_path: Path) -> None:
    """The last lines are whole ones, of the file written last; what cannot be read from anywhere is not looked at."""
    numbered(tmp_path / "long.log", 0, 4_000)
    (tmp_path / "wide.log").write_bytes("2026-03-04 10:00:07 ERROR wide\n".encode("utf-16"))
    lines = (tmp_path / "long.log").read_text().splitlines()
    found = last_lines(find([str(tmp_path / "long.log")]).sources, 300)
    assert [row.text for row in found.rows] == lines[-300:]
    assert all(
        (tmp_path / "long.log").read_bytes()[row.offset :].startswith(row.text.encode()) for row in found.rows
    )  # fmt: skip
    assert last_lines(find([str(tmp_path / "wide.log")]).sources, 300).rows == []
    assert last_lines(find(["-"]).sources, 300).rows == []


def test_packed_logs_open_at_their_beginning(tmp_path: Path) -> None:
    """A packed file can be read from its beginning only: its first records are shown."""
    import gzip

    numbered(tmp_path / "app.log", 0, 3_000)
    (tmp_path / "app.log.gz").write_bytes(gzip.compress((tmp_path / "app.log").read_bytes()))

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE, intake=Reading(tmp_path / "app.log.gz")) as shown:
            await shown.until(lambda: "beat 0 " in shown.text)
            assert shown.selected.text.startswith("beat 0 ")

    run(work)


def test_an_intake_that_dies_is_told(tmp_path: Path, write: Write) -> None:
    """Why reading has ended is one line; what is there can be looked at all the same."""

    async def work() -> None:
        reading = Reading(tmp_path / "app.log")
        reading.done = None
        async with screen(tmp_path / "store", WIDE, intake=reading) as shown:
            await shown.until(lambda: "following" in shown.status)
            reading.is_running, reading.why = False, "the store could not take the data: No space left on device"
            await shown.until(lambda: "No space left on device" in shown.status)
            assert "reading has stopped" in shown.status and "following" not in shown.status
            await shown.press("g")
            assert shown.selected.text == "beat 0" and "reading has stopped" in shown.status

    run(work)


def test_the_end_while_more_is_written_than_read(tmp_path: Path, write: Write) -> None:
    """Once all was read, `G` goes to the last record that is stored, and tells how much more there is; the files themselves
    are not looked at."""

    async def work() -> None:
        reading = Reading(tmp_path / "app.log")
        reading.done, reading.has_caught_up = None, True
        async with screen(tmp_path / "store", WIDE, intake=reading) as shown:
            await shown.until(lambda: "following" in shown.status)
            await shown.press("g")
            reading.done = 0.98
            await shown.press("G")
            assert shown.selected.text == "beat 599" and shown.main.ahead is None
            assert "the last that are stored; 60 MB are still to be read" in shown.status

    run(work)
