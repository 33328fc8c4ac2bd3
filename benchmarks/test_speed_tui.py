"""How fast the screen is, on a store of all families that spans days: its start as a whole, in a terminal, as a ratio to
`python -c "import textual.app, duckdb"`; each step in the real application without a terminal.

LOGTRIAGE_BENCH_STORE names another store, say one of 20 million records.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import random
import re
import resource
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from logtriage.answers.glance import Glance
from logtriage.query.walk import Key
from logtriage.store.store import Store
from logtriage.store.views import create
from logtriage.tui.screen.reel import MOST

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from screens import WIDE, Shown, screen

ROOT = Path(__file__).parent.parent
MOST_RESIDENT = 600  # MB, with what measuring itself takes
STARTS = "import textual.app, duckdb"
# A time of day with milliseconds, as each record on the screen begins with.
TIME = re.compile(rb"\d\d:\d\d:\d\d\.\d\d\d")
SOME = 5  # so many of them: the page stands


def spent(
    environment: dict[str, str], *command: str, until: Callable[[bytes], bool] | None = None
) -> tuple[float, float]:
    """Seconds on the clock and of processor time that a command takes in a terminal of its own: to its end, or `until` that
    holds of all that it has written, when it is killed."""
    began = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
        os.execve(sys.executable, [sys.executable, *command], environment)
    written = b""
    with open(terminal, "rb", buffering=0) as screen:
        while until is None or not until(written):
            try:
                more = screen.read(65_536)
            except OSError:  # it has ended
                more = b""
            if not more:
                break
            written += more
        took = time.perf_counter() - began
        with contextlib.suppress(ProcessLookupError):
            if until:
                os.kill(child, signal.SIGKILL)
        _, _, used = os.wait4(child, 0)
    assert until is None or until(written), written[-2_000:].decode("utf-8", "replace")
    return took, used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Path:
    if named := os.environ.get("LOGTRIAGE_BENCH_STORE"):
        return Path(named)
    store: Store = request.getfixturevalue("long_store")
    return store.path


@pytest.mark.parametrize(("again", "most"), [(False, 2.5), (True, 1.5)], ids=["new", "again"])
def test_first_screen(benchmark: BenchmarkFixture, place: Path, tmp_path: Path, again: bool, most: float) -> None:
    """`logtriage tui` as a whole, from its start until the last records of the store are on the screen, and `STARTS`, in
    turns; both with bytecode that is there already, as pip leaves it. `again`: the screen was on the same store before."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONPATH": str(ROOT), "TERM": "xterm-256color",
        "XDG_STATE_HOME": str(tmp_path),
    }  # fmt: skip
    screen = ("-m", "logtriage", "tui", "--no-config", "--utc", "--store", str(place))
    starts: list[tuple[float, float]] = []
    shown: list[tuple[float, float]] = []

    if again:
        look_around(environment, *screen)
        assert list(tmp_path.glob("**/.look-*"))

    def both() -> None:
        starts.append(spent(environment, "-c", STARTS))
        shown.append(spent(environment, *screen, until=lambda text: len(TIME.findall(text)) >= SOME))

    benchmark.pedantic(both, rounds=7, warmup_rounds=1)
    for k, name in enumerate(("clock", "cpu")):
        ratio = statistics.median(one[k] for one in shown[1:]) / statistics.median(one[k] for one in starts[1:])
        benchmark.extra_info[f"{name} ratio"] = round(ratio, 2)
    assert benchmark.extra_info["cpu ratio"] < most


def look_around(environment: dict[str, str], *command: str) -> None:
    """Starts the screen in a terminal of its own, and leaves it once nothing comes any more."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, *command], environment)
    while select.select([terminal], [], [], 5)[0]:
        os.read(terminal, 65_536)
    os.write(terminal, b"q")
    with contextlib.suppress(OSError):  # it has ended
        while os.read(terminal, 65_536):
            pass
    os.close(terminal)
    os.waitpid(child, 0)


def test_pages(benchmark: BenchmarkFixture, place: Path) -> None:
    """Page by page, as fast as they come, from the end on and from somewhere in the middle."""

    async def work(shown: Shown, rng: random.Random) -> Took:
        took = []
        for far in (1.0, rng.random()):
            await go_to(shown, far)
            took += [await timed(shown, "move_page(-1)", rest=False) for _ in range(25)]
        return took

    told(benchmark, driven(benchmark, place, work), 0.5)


def test_jumps(benchmark: BenchmarkFixture, place: Path) -> None:
    """An hour on or back, from anywhere."""

    async def work(shown: Shown, rng: random.Random) -> Took:
        took = []
        for _ in range(30):
            await go_to(shown, rng.uniform(0.1, 0.9))
            here, hours = shown.main.place.timestamp, rng.choice((-1, 1))
            took.append(await timed(shown, f"step('hour', {hours})"))
            assert abs(shown.main.place.timestamp - here) <= timedelta(hours=1, minutes=1)
        return took

    told(benchmark, driven(benchmark, place, work), 1.0)


def test_next_errors(benchmark: BenchmarkFixture, place: Path) -> None:
    """The next error, from anywhere."""

    async def work(shown: Shown, rng: random.Random) -> Took:
        took = []
        for _ in range(30):
            await go_to(shown, rng.uniform(0.1, 0.9))
            before = shown.main.place
            took.append(await timed(shown, "next_level('error', False)"))
            assert shown.main.place.timestamp >= before.timestamp and shown.selected.level in ("error", "fatal")
        return took

    told(benchmark, driven(benchmark, place, work), 1.0)


def test_filters(benchmark: BenchmarkFixture, place: Path) -> None:
    """Filters of all kinds, typed anywhere, until the first page stands; what it shows holds what was asked for."""

    async def work(shown: Shown, rng: random.Random) -> Took:
        took = []
        for text, holds in filters(place, rng):
            await go_to(shown, rng.uniform(0.1, 0.9))
            made = shown.main.filters.adding(shown.main.read_filter(text))
            began, pages = (time.perf_counter(), time.process_time()), Pages(shown)
            shown.main.use(made)
            await pages.come()
            took.append((time.perf_counter() - began[0], time.process_time() - began[1]))
            assert all(map(holds, shown.main.list.reel.rows)), text
            assert shown.main.list.reel.rows, text
            await shown.settle()
            shown.main.use(shown.main.filters.without(*shown.main.filters.each))
            await shown.settle()
        return took

    told(benchmark, driven(benchmark, place, work), 3.0)


def filters(place: Path, rng: random.Random) -> list[tuple[str, Callable[[Glance], bool]]]:
    """What is typed, and what then holds of each row: words out of the log, levels, flags, services, sources, hosts."""
    with Store(place) as store:
        create(store)
        shapes = [text for (text,) in store.con.execute("SELECT text FROM shapes WHERE records > 0").fetchall()]
        services, hosts, sources, flags = (
            [value for (value,) in store.con.execute(sql).fetchall()]
            for sql in (
                "SELECT DISTINCT coalesce(value, service) AS s FROM lake.facets JOIN part_names USING (part) "
                "WHERE name = 'service' AND s IS NOT NULL ORDER BY 1",
                "SELECT DISTINCT value FROM lake.facets WHERE name = 'host' AND value IS NOT NULL ORDER BY 1",
                "SELECT source FROM part_names ORDER BY 1",
                "SELECT DISTINCT pattern FROM hits ORDER BY 1",
            )
        )
    words = sorted({word for text in shapes for word in re.findall(r"[A-Za-z]{5,}", text)})
    made: list[tuple[str, Callable[[Glance], bool]]] = []
    for word in rng.sample(words, min(7, len(words))):
        made.append((word, lambda row: True))
    for level in ("warn", "error"):
        made.append((f"level:{level}", lambda row: row.level in ("warn", "error", "fatal")))
    for service in rng.sample(services, min(4, len(services))):
        made.append((f"service:{service}", lambda row, service=service: row.service == service))  # type: ignore[misc]
    made.append((f"!service:{services[0]}", lambda row: row.service != services[0]))
    for flag in rng.sample(flags, min(3, len(flags))):
        made.append((f"flag:{flag}", lambda row, flag=flag: flag in row.flags))  # type: ignore[misc]
    made.append(("flag:*", lambda row: bool(row.flags)))
    made += [(f"source:{source}", lambda row: True) for source in sources[:1]]
    made += [(f"field:host={host}", lambda row: True) for host in hosts[:1]]
    return made


def test_memory_is_flat(place: Path) -> None:
    """However long one pages, jumps and filters (LOGTRIAGE_BENCH_SECONDS), no more than a few pages is held."""
    lasting = float(os.environ.get("LOGTRIAGE_BENCH_SECONDS", "15"))

    async def work() -> list[int]:
        rng, held = random.Random(5), []
        asked = filters(place, rng)
        async with screen(place, WIDE) as shown:
            end = time.monotonic() + lasting
            while time.monotonic() < end:
                await go_to(shown, rng.random())
                for action in ("move_page(-1)",) * 10 + ("step('hour', -1)", "next_level('error', False)"):
                    await timed(shown, action)
                shown.main.use(shown.main.filters.adding(shown.main.read_filter(rng.choice(asked)[0])))
                await shown.settle()
                await timed(shown, "move_page(-1)")
                shown.main.use(shown.main.filters.without(*shown.main.filters.each))
                await shown.settle()
                held.append(resident())
        return held

    held = asyncio.run(work())
    print(f"\nresident: {held[0]} MB, then {max(held)} MB at most, {held[-1]} MB in the end, {len(held)} rounds")
    assert max(held) < MOST_RESIDENT


def resident() -> int:
    """MB that this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() >> 20


Took = list[tuple[float, float]]


def driven(
    benchmark: BenchmarkFixture, place: Path, work: Callable[[Shown, random.Random], Coroutine[None, None, Took]]
) -> Took:
    """What some work with the screen took, step by step."""

    async def whole() -> Took:
        async with screen(place, WIDE) as shown:
            took = await work(shown, random.Random(11))
            assert len(shown.main.list.reel.rows) <= 2 * MOST
            return took

    took: Took = []
    benchmark.pedantic(lambda: took.extend(asyncio.run(whole())), rounds=1)
    return took


async def go_to(shown: Shown, far: float) -> None:
    """To somewhere between the first record (0) and the last (1)."""
    first, last = shown.main.standing.span
    shown.main.show_at(Key(first + (last - first) * far, -1, -1, -1))
    await shown.settle()


class Pages:
    """Notes when a page that was asked for has come."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self._came = False
        show: Callable[..., None] = shown.main.list.show

        def noted(*arguments: object) -> None:
            shown.main.list.show = show
            show(*arguments)
            self._came = True

        shown.main.list.show = noted

    async def come(self) -> None:
        while not self._came:
            await asyncio.sleep(0.001)


async def timed(shown: Shown, action: str, *, rest: bool = True) -> tuple[float, float]:
    """Seconds on the clock and of processor time that an action takes until its record is selected and drawn; `rest`: then
    all that it set off comes to an end."""
    began = time.perf_counter(), time.process_time()
    before = shown.main.place
    await shown.app.run_action(action, shown.main)
    while shown.main.place == before and not shown.app.engine.is_idle():
        await asyncio.sleep(0.001)
    drawn = asyncio.Event()
    shown.main.list.call_after_refresh(drawn.set)
    await drawn.wait()  # the pilot would wait for what goes on behind it, too
    took = time.perf_counter() - began[0], time.process_time() - began[1]
    if rest:
        await shown.settle()
    return took


def told(benchmark: BenchmarkFixture, took: Took, most: float) -> None:
    """Notes the median and the 95th percentile, in milliseconds; the latter, of processor time, is to be below `most` (s)."""
    for name, values in (("clock", sorted(wall for wall, _ in took)), ("cpu", sorted(cpu for _, cpu in took))):
        benchmark.extra_info[f"{name} p50 ms"] = round(values[len(values) // 2] * 1000)
        benchmark.extra_info[f"{name} p95 ms"] = round(values[min(len(values) - 1, int(len(values) * 0.95))] * 1000)
    print({name: value for name, value in benchmark.extra_info.items() if name.endswith("ms")})
    assert benchmark.extra_info["cpu p95 ms"] < most * 1000
