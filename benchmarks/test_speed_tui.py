"""How fast the screen is: the real application without a terminal, on a store of all families, each step as a ratio to
`python -c "import textual.app, duckdb"` (both in processor time, as a machine that does other things too would mislead).

LOGTRIAGE_BENCH_STORE names another store, say one of 20 million records.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from logtriage.store.store import Store
from logtriage.tui.reel import MOST

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from screens import WIDE, Shown, screen

STARTS = "import textual.app, duckdb"
FIRST = """
import asyncio, sys
from pathlib import Path
from logtriage.tui.engine import Engine
engine = Engine(Path(sys.argv[1]))
engine.start()
from logtriage.tui.app import Logtriage
async def work():
    app = Logtriage(engine)
    async with app.run_test(size=(160, 45)) as pilot:
        while not app.main.list.reel.rows:
            await pilot.pause(0.002)
asyncio.run(work())
"""


def spent(*command: str) -> float:
    """Seconds of processor time that a command takes, the least of three."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *command], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(3))


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Path:
    if named := os.environ.get("LOGTRIAGE_BENCH_STORE"):
        return Path(named)
    store: Store = request.getfixturevalue("full_store")
    return store.path


def test_first_screen(benchmark: BenchmarkFixture, place: Path) -> None:
    """The whole process until the last records of the store are on the screen."""
    start = spent("-c", STARTS)
    took: list[float] = []
    benchmark.pedantic(lambda: took.append(spent("-c", FIRST, str(place))), rounds=1)
    benchmark.extra_info["ratio"] = round(took[0] / start, 2)
    assert took[0] < 6 * start


STEPS: dict[str, tuple[str, int, float]] = {  # action, how often, the most that it may take of processor time (s)
    "page": ("move_page(-1)", 40, 0.5),
    "minute": ("step('minute', -1)", 12, 1.0),
    "error": ("next_level('error', True)", 12, 1.0),
}


@pytest.mark.parametrize("name", STEPS)
def test_step(benchmark: BenchmarkFixture, place: Path, name: str) -> None:
    """A page up, a minute back, the error before: until it stands on the screen."""
    action, often, most = STEPS[name]
    took: list[tuple[float, float]] = []

    async def work() -> None:
        async with screen(place, WIDE) as shown:
            for _ in range(often):
                took.append(await timed(shown, action))
            assert len(shown.main.list.reel.rows) <= 2 * MOST

    benchmark.pedantic(lambda: asyncio.run(work()), rounds=1)
    told(benchmark, took)
    assert sorted(cpu for _, cpu in took)[int(often * 0.9)] < most


def test_filter(benchmark: BenchmarkFixture, place: Path) -> None:
    """A filter typed, until its first page stands."""
    took: list[tuple[float, float]] = []

    async def work() -> None:
        async with screen(place, WIDE) as shown:
            for text in ("timed out", "level:error", "flag:timeout", "refused", "!GET"):
                filters = shown.main.filters.adding(shown.main.read_filter(text))
                began = time.perf_counter(), time.process_time()
                pages = Pages(shown)
                shown.main.use(filters)
                await pages.come()
                took.append((time.perf_counter() - began[0], time.process_time() - began[1]))
                await shown.settle()
                shown.main.use(shown.main.filters.without(*shown.main.filters.each))
                await shown.settle()

    benchmark.pedantic(lambda: asyncio.run(work()), rounds=1)
    told(benchmark, took)


def test_memory_is_flat(place: Path) -> None:
    """Paging on and on holds no more than a few pages."""

    async def work() -> tuple[int, int]:
        async with screen(place, WIDE) as shown:
            for _ in range(20):
                await timed(shown, "move_page(-1)")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for _ in range(200):
                await timed(shown, "move_page(-1)")
            return before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before, after = asyncio.run(work())
    assert after < 1.25 * before


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


async def timed(shown: Shown, action: str) -> tuple[float, float]:
    """Seconds on the clock and of processor time that an action takes until its record is selected and drawn."""
    began = time.perf_counter(), time.process_time()
    before = shown.main.place
    await shown.app.run_action(action, shown.main)
    while shown.main.place == before and not shown.app.engine.is_idle():
        await asyncio.sleep(0.001)
    await shown.pilot.pause()
    took = time.perf_counter() - began[0], time.process_time() - began[1]
    await shown.settle()
    return took


def told(benchmark: BenchmarkFixture, took: list[tuple[float, float]]) -> None:
    """Notes the median and the 95th percentile, in milliseconds."""
    for name, values in (("clock", sorted(wall for wall, _ in took)), ("cpu", sorted(cpu for _, cpu in took))):
        benchmark.extra_info[f"{name} p50 ms"] = round(values[len(values) // 2] * 1000)
        benchmark.extra_info[f"{name} p95 ms"] = round(values[min(len(values) - 1, int(len(values) * 0.95))] * 1000)
