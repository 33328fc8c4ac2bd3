"""How fast the screen is, on a store of all families: its start as a whole, in a terminal, as a ratio to
`python -c "import textual.app, duckdb"`; each step in the real application without a terminal.

LOGTRIAGE_BENCH_STORE names another store, say one of 20 million records.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import resource
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from logtriage.store.store import Store
from logtriage.tui.reel import MOST

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from screens import WIDE, Shown, screen

ROOT = Path(__file__).parent.parent
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
    store: Store = request.getfixturevalue("full_store")
    return store.path


def test_first_screen(benchmark: BenchmarkFixture, place: Path, tmp_path: Path) -> None:
    """`logtriage tui` as a whole, from its start until the last records of the store are on the screen, and `STARTS`, in
    turns; both with bytecode that is there already, as pip leaves it."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONPATH": str(ROOT), "TERM": "xterm-256color",
        "XDG_STATE_HOME": str(tmp_path),
    }  # fmt: skip
    screen = ("-m", "logtriage", "tui", "--no-config", "--utc", "--store", str(place))
    starts: list[tuple[float, float]] = []
    shown: list[tuple[float, float]] = []

    def both() -> None:
        starts.append(spent(environment, "-c", STARTS))
        shown.append(spent(environment, *screen, until=lambda text: len(TIME.findall(text)) >= SOME))

    benchmark.pedantic(both, rounds=7, warmup_rounds=1)
    for k, name in enumerate(("clock", "cpu")):
        ratio = statistics.median(one[k] for one in shown[1:]) / statistics.median(one[k] for one in starts[1:])
        benchmark.extra_info[f"{name} ratio"] = round(ratio, 2)
    assert benchmark.extra_info["cpu ratio"] < 2.5


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
