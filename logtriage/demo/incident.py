"""The demo: forty minutes in which a deploy of one service takes a shop down, written as its real log files.

A new version of `inventory` leaks memory, is killed by the kernel again and again, and stays silent. Those who call it
time out and are refused; payments wait for it with a database connection in hand until pool and database are full; and
services that never call inventory write most of the errors. A rollback ends it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import fsum
from pathlib import Path

from logtriage.demo import shop
from logtriage.demo.clock import gauges, stamps
from logtriage.demo.engine import Engine, Pending
from logtriage.demo.events import Event, story
from logtriage.demo.files import Stream, docker_log, write_container_config
from logtriage.demo.infra import ACCESS, ERRORS, JOURNAL, POSTGRES, STATIC, SYSLOG
from logtriage.demo.java import CHECKOUT, PAYMENT
from logtriage.demo.services import CART, FRAUD, INVENTORY, NOTIFICATION
from logtriage.demo.template import KEY_WIDTH, Layout, compile_template, cri, docker, merge
from logtriage.demo.values import Batch, Values

START = datetime(2026, 1, 14, 2, 40, tzinfo=UTC)
_JOURNAL_HEAD = (
    '{"__CURSOR":"s=5f0c;i=<tag>;b=8d1a;m=<hex8>;t=<hex16>;x=<span>","__REALTIME_TIMESTAMP":"<epoch><ms><us>",'
    '"__MONOTONIC_TIMESTAMP":"<mono><ms><us>","_BOOT_ID":"8d1a6f2c94b74e0fa3c1d2e4b5f60718",'
    f'"_HOSTNAME":"{shop.HOST}",'
)
LAYOUTS = {
    "access": Layout(""),
    "error": Layout("<slash> "),
    "checkout": Layout("<space>.<ms> ", docker),
    "payment": Layout("<iso>.<ms>Z "),
    "inventory": Layout("", docker),
    "cart": Layout("<local>,<ms> ", docker),
    "fraud": Layout("", cri, split="\f"),
    "notification": Layout("", docker),
    "postgres": Layout("<space>.<ms> UTC "),
    "journal": Layout(_JOURNAL_HEAD),
    "syslog": Layout("<bsd> "),
}
KINDS = (*ACCESS, *ERRORS, *CHECKOUT, *PAYMENT, *INVENTORY, *CART, *FRAUD, *NOTIFICATION, *POSTGRES, *JOURNAL, *SYSLOG)
NEEDLES = (
    "Connection refused",
    "Connect timed out",
    "Connection is not available, request timed out",
    "too many clients already",
    "canceling statement due to statement timeout",
    "upstream timed out",
    "CircuitBreaker 'inventory' is OPEN",
    "Killed process",
    "exited with code 137",
    "exceeds threshold",
    "garbage collection is slow",
    "Failed password",
)
_WRITERS = {"access": "gateway", "error": "gateway", "journal": shop.HOST, "syslog": shop.HOST}
_FIRST_ROTATION, _SECOND_ROTATION = 720, 1_560  # seconds: payment.log.2.gz, payment.log.1, payment.log


@dataclass(frozen=True)
class Phase:
    """A part of the story and the instant (UTC) it begins."""

    name: str
    time: datetime


@dataclass
class Summary:
    """What was written, and what is true about it.

    `files`: path relative to the folder → physical lines; `services`: the same path → who writes it. `records` counts
    events (a stack trace is one). `onset` is the first abnormal record: the culprit's first warning; the change that
    caused it is the phase `deploy`. `facts`: text → number of lines holding it. `trace_id`: a request that failed, told
    by gateway, checkout and payment.
    """

    folder: Path
    start: datetime
    culprit: str
    onset: datetime
    phases: tuple[Phase, ...]
    files: dict[str, int] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    lines: int = 0
    records: int = 0
    facts: dict[str, int] = field(default_factory=dict)
    trace_id: str = ""


def _streams(folder: Path, seed: int) -> dict[str, Stream]:
    """The files of every stream, with the second from which each is written."""
    inventory = [(0, "old"), (shop.DEPLOY, "new"), (shop.ROLLBACK, "back")]
    plans = {
        "access": [(0, folder / "nginx" / "access.log")],
        "error": [(0, folder / "nginx" / "error.log")],
        "payment": [
            (0, folder / "payment" / "payment.log.2.gz"),
            (_FIRST_ROTATION, folder / "payment" / "payment.log.1"),
            (_SECOND_ROTATION, folder / "payment" / "payment.log"),
        ],
        "inventory": [
            (at, docker_log(folder, shop.container_id(seed, f"inventory-{which}"))) for at, which in inventory
        ],
        "fraud": [(0, folder / "pods" / f"shop_{shop.FRAUD_POD}_{_pod_uid(seed)}" / "fraud" / "0.log")],
        "postgres": [(0, folder / "postgresql" / "postgresql.log")],
        "journal": [(0, folder / "journal" / "journal.json")],
        "syslog": [(0, folder / "syslog")],
    }
    for name in ("checkout", "cart", "notification"):
        plans[name] = [(0, docker_log(folder, shop.container_id(seed, name)))]
    return {name: Stream(plan) for name, plan in plans.items()}


def _pod_uid(seed: int) -> str:
    digits = shop.container_id(seed, "fraud")
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _write_configs(folder: Path, seed: int, start: datetime) -> None:
    containers = [(name, name, "1.9.2", 0) for name in ("checkout", "cart", "notification")]
    for which, at in (("old", 0), ("new", shop.DEPLOY), ("back", shop.ROLLBACK)):
        containers.append((f"inventory-{which}", "inventory", shop.VERSIONS[which], at))
    for name, service, version, at in containers:
        address = shop.ADDRESSES[service].partition(":")[0]
        write_container_config(folder, shop.container_id(seed, name), service, version, address, _micros(start, at))


def _micros(start: datetime, second: int) -> int:
    return int((start + timedelta(seconds=second)).timestamp()) * 1_000_000


class _Run:
    """One incident being written."""

    def __init__(self, folder: Path, lines: int, seed: int, start: datetime) -> None:
        self.start, self.seed, self.wanted = start, seed, lines
        self.values = Values(seed)
        self.streams = _streams(folder, seed)
        self.engine = Engine([kind for kind in KINDS if kind.source is not STATIC], LAYOUTS, self.values)
        self.filler = next(kind for kind in KINDS if kind.source is STATIC)
        self.filling = compile_template(LAYOUTS[self.filler.stream], self.filler.text)
        self.events: dict[int, list[Event]] = {}
        for event in story():
            self.events.setdefault(int(event.at), []).append(event)
        self.ids = {which: shop.container_id(seed, f"inventory-{which}") for which in shop.VERSIONS}
        self.summary = Summary(
            folder, start, shop.CULPRIT, start + timedelta(seconds=shop.SLOW),
            tuple(Phase(name, start + timedelta(seconds=at)) for name, at in shop.PHASES),
        )  # fmt: skip
        self.facts: Counter[str] = Counter()
        self.traffic = self._traffic()

    def _traffic(self) -> list[float]:
        """How busy each second is, around 1: a slow wave and noise."""
        rng = self.values.random("traffic")
        return [(0.9 + 0.3 * abs(at % 900 - 450) / 450) * (0.8 + 0.4 * rng.random()) for at in range(shop.LENGTH)]

    def _now(self, second: int) -> dict[str, str]:
        which = "old" if second < shop.DEPLOY else "new" if second < shop.ROLLBACK else "back"
        moment = self.start + timedelta(seconds=second)
        return {**stamps(moment), **gauges(second), "inventory_id": self.ids[which]}

    def _plan(self) -> tuple[list[list[float]], list[float]]:
        """Happenings a second of every population, and lines due in all by the end of every second."""
        rates = [
            [
                rate * population.rate * busy
                for rate, busy in zip(shop.values_of(population.curve), self.traffic, strict=True)
            ]
            for population in self.engine.populations
        ]
        by_population = dict(zip(self.engine.populations, rates, strict=True))
        due = [self.filler.source.rate * busy for busy in self.traffic]
        for kind, template in zip(self.engine.kinds, self.engine.templates, strict=True):
            late = [0.0] * kind.after + by_population[kind.source][: shop.LENGTH - kind.after]
            share = template.lines / kind.every
            due = [lines + rate * share for lines, rate in zip(due, late, strict=True)]
        single = sum(len(events) for events in self.events.values())
        scale = (self.wanted - single) / fsum(due)  # sum() of floats differs between Python versions
        total, running = 0.0, []
        for second, lines in enumerate(due):
            total += lines * scale + len(self.events.get(second, ()))
            running.append(total)
        return [[rate * scale for rate in row] for row in rates], running

    def run(self) -> Summary:
        rates, due = self._plan()
        for second, row in enumerate(zip(*rates, strict=True)):
            now = self._now(second)
            pending = self.engine.second(row, now)
            for event in self.events.get(second, ()):
                records, template = self.engine.once(event, now)
                pending.add(event.stream, records, template.lines)
                self.facts.update({needle: template.count(needle) for needle in NEEDLES})
                self.summary.records += 1
            self._fill(pending, round(due[second]), now)
            self._write(second, pending)
        return self._finish()

    def _fill(self, pending: Pending, due: int, now: dict[str, str]) -> None:
        """Static files fetched: as many as are missing from the lines due by now."""
        missing = due - self.summary.lines - sum(pending.lines.values())
        if missing > 0:
            batch = Batch(self.values, self.values.starts(missing, 1_000))
            pending.add(self.filler.stream, self.filling.render(batch, now), missing)
            self.summary.records += missing

    def _write(self, second: int, pending: Pending) -> None:
        epoch = _micros(self.start, second)
        for name, records in pending.records.items():
            text = merge(records)
            self.streams[name].write(second, text, pending.lines[name], epoch + int(records[-1][:KEY_WIDTH]))
            self.summary.lines += pending.lines[name]

    def _finish(self) -> Summary:
        summary = self.summary
        for name, stream in self.streams.items():
            stream.close()
            for file in stream.written:
                path = file.path.relative_to(summary.folder).as_posix()
                summary.files[path] = file.lines
                summary.services[path] = _WRITERS.get(name, name)
        for count, template in zip(self.engine.counts, self.engine.templates, strict=True):
            summary.records += count
            self.facts.update({needle: count * template.count(needle) for needle in NEEDLES})
        summary.facts = {needle: self.facts[needle] for needle in NEEDLES}
        if failed := self.engine.first(shop.POOL_ORDER):
            summary.trace_id = failed.column("trace")[0]
        return summary


def write_demo(folder: Path, *, lines: int = 20_000, seed: int = 7, start: datetime = START) -> Summary:
    """Write the incident under `folder` (made if need be): about `lines` lines (2,000 to 50,000,000), the same bytes
    for the same arguments on every machine. `start` must have a zone. Memory does not grow with `lines`."""
    start = start.astimezone(UTC).replace(microsecond=0)
    _write_configs(folder, seed, start)
    return _Run(folder, lines, seed, start).run()
