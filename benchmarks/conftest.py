"""The logs to measure on, and what every measurement notes beside its time: lines/s, MB/s, and how fast the machine is.

Logs are the demo's (`demo.write_flat`): made-up, the same for the same number of lines. LOGTRIAGE_BENCH_LINES sets it.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from calibration import calibrate
from pytest_benchmark.fixture import BenchmarkFixture

from logtriage.demo import FLAT_KINDS, write_flat
from logtriage.formats.format import load_formats
from logtriage.ingest import Ingest
from logtriage.normalise import Settings
from logtriage.signatures.library import load_patterns
from logtriage.sources.find import Source, find
from logtriage.store.store import Store

LINES = int(os.environ.get("LOGTRIAGE_BENCH_LINES", "100000"))
ROUNDS = int(os.environ.get("LOGTRIAGE_BENCH_ROUNDS", "3"))

T = TypeVar("T")


@dataclass(frozen=True)
class Log:
    """A log of LINES lines of one family."""

    family: str
    path: Path
    size: int

    @property
    def source(self) -> Source:
        return find([str(self.path)]).sources[0]


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Log]:
    """A function that gives the log of a family, written when it is first asked for."""

    @functools.cache
    def of(family: str) -> Log:
        path = tmp_path_factory.mktemp(family) / f"{family}.log"
        return Log(family, path, write_flat(path, lines=LINES, kind=family))

    return of


@pytest.fixture(scope="session")
def settings() -> Settings:
    """All shipped formats and patterns."""
    return Settings(load_formats(examples=False), load_patterns())


@pytest.fixture(scope="session")
def full_store(
    tmp_path_factory: pytest.TempPathFactory, log: Callable[[str], Log], settings: Settings
) -> Iterator[Store]:
    """A store that holds the logs of all families."""
    path = tmp_path_factory.mktemp("full") / "store"
    with Store(path, write=True) as store:
        Ingest(store, settings).run([log(family).source for family in FLAT_KINDS])
    with Store(path) as store:
        yield store


@pytest.fixture(scope="session")
def long_store(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[Store]:
    """A store of logs that were written side by side for days: one of each family, LINES lines in each, two a second."""
    folder = tmp_path_factory.mktemp("long")
    for family in FLAT_KINDS:
        write_flat(folder / f"{family}.log", lines=LINES, kind=family, speed=2)
    with Store(folder / "store", write=True) as store:
        Ingest(store, settings).run(find([str(folder)]).sources)
    with Store(folder / "store") as store:
        yield store


@dataclass
class Measure:
    """Times work over `size` bytes, LINES lines; what it gives is checked before its time counts for anything."""

    benchmark: BenchmarkFixture

    def __call__(
        self,
        work: Callable[..., T],
        check: Callable[[T], bool],
        *,
        size: int,
        lines: int = LINES,
        setup: Callable[[], Any] | None = None,
    ) -> None:
        prepared = setup() if setup else None
        answer = work(*prepared[0]) if prepared else work()
        assert check(answer), f"a wrong answer, so its time does not matter: {answer!r}"
        speeds = [calibrate(), calibrate()]
        if setup:
            self.benchmark.pedantic(work, setup=setup, rounds=ROUNDS)
        else:  # what takes a few milliseconds is done several times a round, or chance would decide
            began = time.process_time()
            work()
            spent = max(time.process_time() - began, 0.002)
            # short work in more rounds: of three, a busy neighbour may well spoil each
            rounds = max(ROUNDS, round(1 / max(spent, 0.1)))
            self.benchmark.pedantic(work, rounds=rounds, iterations=max(1, round(0.1 / spent)))
        speeds += [calibrate(), calibrate()]
        best = self.benchmark.stats.stats.min
        self.benchmark.extra_info.update(
            {
                "lines/s": round(lines / best),
                "MB/s": round(size / best / 1e6, 1),
                "calibration_s": sorted(speeds)[1],
                "lines": LINES,
            }
        )


@pytest.fixture
def measure(benchmark: BenchmarkFixture) -> Measure:
    """See `Measure`."""
    return Measure(benchmark)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The rates, as the table of times does not show them."""
    session = getattr(terminalreporter.config, "_benchmarksession", None)
    rows = [(one.name, one.extra_info) for one in getattr(session, "benchmarks", []) if "lines/s" in one.extra_info]
    if rows:
        terminalreporter.section(f"rates ({time.strftime('%H:%M')}, {LINES:,} lines)")
        for name, info in rows:
            terminalreporter.write_line(f"{name:<44} {info['lines/s']:>12,} lines/s {info['MB/s']:>10,.1f} MB/s")
