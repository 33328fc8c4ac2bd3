"""How soon the screen answers a key while lines pour in: the real application without a terminal, a process that appends
to a log so many lines a second, and the one that brings them into the store, as `logtriage tui FILE` has them.

LOGTRIAGE_BENCH_RATE sets the lines a second, LOGTRIAGE_BENCH_SECONDS how long. Keys are pressed from a thread of their
own, as a terminal does, so that all counts which keeps the screen from taking them.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from textual import events

from logtriage.demo import write_flat
from logtriage.normalise import Settings
from logtriage.sources.find import find
from logtriage.tui.app import Logtriage, Options
from logtriage.tui.engine import Engine
from logtriage.tui.intake import Intake

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from screens import WIDE

RATE = int(os.environ.get("LOGTRIAGE_BENCH_RATE", "5000"))
SECONDS = int(os.environ.get("LOGTRIAGE_BENCH_SECONDS", "6"))
KEYS = ("k", "k", "j", "b", "space", "g", "j", "space", "G", "b", "G", "k", "j", "G")
_BETWEEN = 0.15  # seconds between two keys
_TICKS = 20  # times a second that the writer writes
WRITER = """
import sys, time
source, log, rate, ticks = open(sys.argv[1], "rb"), open(sys.argv[2], "ab", 0), int(sys.argv[3]), int(sys.argv[4])
due = time.monotonic()
while lines := [line for _, line in zip(range(rate // ticks), source)]:
    log.write(b"".join(lines))
    due += 1 / ticks
    time.sleep(max(0, due - time.monotonic()))
"""


class Fingers:
    """Presses keys, and notes how long each takes until what it brings is on the screen: (key, seconds)."""

    def __init__(self, app: Logtriage) -> None:
        self.app, self.main = app, app.main
        self.took: list[tuple[str, float]] = []
        self._loop = asyncio.get_running_loop()
        self._done = threading.Event()
        self._brought = False
        self._asked: object = None
        self._watch()

    def press(self, key: str) -> None:
        """One key. Called from another thread than the screen's."""
        self._done.clear()
        self._brought, self._asked = False, None
        began = time.perf_counter()
        event = events.Key(key, key if len(key) == 1 else None)
        self._loop.call_soon_threadsafe(self.app.post_message, event)
        if not self._done.wait(20):
            raise TimeoutError(f"{key} brought nothing")
        self.took.append((key, time.perf_counter() - began))

    def _watch(self) -> None:
        """A key has brought what it is to bring when the list has moved, or the page was shown that it asked for."""
        main, show, wants, look_ahead = self.main, self.main.list.show, self.main.wants, self.main.look_ahead

        def moved(action: str) -> None:
            act = getattr(main, action)

            def acted(*arguments: object) -> None:
                act(*arguments)
                self._brought = True

            setattr(main, action, acted)

        def wanted(request: object) -> None:
            if self._asked is None:
                self._asked = request
            wants(request)

        def shown(request: object, page: object) -> None:
            show(request, page)
            self._brought = self._brought or self._asked is not None

        def looked_ahead() -> None:  # the store is far behind: the end is read from the file
            self._asked = self._asked or look_ahead
            look_ahead()

        def painted() -> None:
            if self._brought:
                self._done.set()

        moved("action_move")
        moved("action_move_page")
        main.wants, main.look_ahead, main.list.show = wanted, looked_ahead, shown
        self.app.post_display_hook = painted


@pytest.fixture
def pouring(tmp_path: Path) -> Iterator[tuple[Path, list[str]]]:
    """A log with some lines, and the command that goes on writing it."""
    log, rest = tmp_path / "app.log", tmp_path / "rest"
    write_flat(log, lines=2 * RATE)
    write_flat(rest, lines=SECONDS * RATE, seed=8)
    yield log, [sys.executable, "-c", WRITER, str(rest), str(log), str(RATE), str(_TICKS)]


def test_key_to_paint(
    benchmark: BenchmarkFixture, tmp_path: Path, settings: Settings, pouring: tuple[Path, list[str]]
) -> None:
    """Keys are answered at once however much arrives, and what arrives is not left behind."""
    log, writer = pouring
    took: list[tuple[str, float]] = []
    spent: dict[str, float] = {}

    async def work() -> None:
        engine = Engine(tmp_path / "store")
        engine.start()
        sources = find([str(log)]).sources
        options = ["--no-config", "--store", str(tmp_path / "store")]
        intake = Intake(options, [str(log)], sources, lambda: settings)
        app = Logtriage(engine, Options(UTC), intake)
        async with app.run_test(size=WIDE) as pilot:
            while read_of(app, log) < log.stat().st_size or not app.main.list.reel.rows:
                await pilot.pause(0.05)
            fingers = Fingers(app)
            began, clock = time.process_time(), time.monotonic()
            assert intake.process
            pid = intake.process.pid
            intake_began = cpu_of(pid)
            with subprocess.Popen(writer) as writing:
                await asyncio.to_thread(play, fingers, writing)
            written = time.monotonic()
            spent["screen"] = (time.process_time() - began) / (written - clock)
            spent["intake"] = (cpu_of(pid) - intake_began) / (written - clock)
            while read_of(app, log) < log.stat().st_size:
                await pilot.pause(0.05)
            spent["behind"] = time.monotonic() - written
        took.extend(fingers.took)

    benchmark.pedantic(lambda: asyncio.run(work()), rounds=1)
    note(benchmark, took, spent)
    assert at(0.95, [seconds for _, seconds in took]) < 1.0
    assert spent["behind"] < 10


def play(fingers: Fingers, writing: subprocess.Popen[bytes]) -> None:
    """Presses keys as long as somebody writes."""
    while writing.poll() is None:
        for key in KEYS:
            if writing.poll() is None:
                fingers.press(key)
                time.sleep(_BETWEEN)


def read_of(app: Logtriage, log: Path) -> int:
    """Up to where a log is read, as the screen knows."""
    standing = app.main.standing
    return sum(standing.read.get(part.part, 0) for part in standing.parts if part.path == str(log)) if standing else 0


def cpu_of(process: int) -> float:
    """Seconds of processor time that a process has taken (Linux; elsewhere 0)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at(share: float, values: list[float]) -> float:
    """A quantile."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def note(benchmark: BenchmarkFixture, took: list[tuple[str, float]], spent: dict[str, float]) -> None:
    """Notes milliseconds of all keys and of each, shares of a processor, and how long the store was behind at the end."""
    for key in ("all", *dict.fromkeys(KEYS)):
        values = [seconds for pressed, seconds in took if key in ("all", pressed)]
        if values:
            benchmark.extra_info[f"{key} p50/p95 ms"] = f"{at(0.5, values) * 1000:.0f}/{at(0.95, values) * 1000:.0f}"
    benchmark.extra_info.update({name: round(value, 2) for name, value in spent.items()} | {"rate": RATE})
