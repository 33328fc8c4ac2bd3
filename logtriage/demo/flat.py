"""One log file of one kind and any size, for measuring: the demo's own lines, in normal times with 1 % of failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from math import fsum
from pathlib import Path

from logtriage.demo.clock import gauges, stamps
from logtriage.demo.engine import Engine
from logtriage.demo.files import LogFile
from logtriage.demo.incident import KINDS, LAYOUTS, START
from logtriage.demo.shop import container_id, values_of
from logtriage.demo.template import KEY_WIDTH, Layout, docker, merge
from logtriage.demo.values import Values

FLAT_KINDS = {
    "log4j": ("checkout", Layout("<space>.<ms> ")),
    "docker-json": ("checkout", Layout("<space>.<ms> ", docker)),
    "nginx": ("access", LAYOUTS["access"]),
    "json": ("inventory", Layout("")),
    "syslog": ("syslog", LAYOUTS["syslog"]),
}
LINES_A_SECOND = 4_000
_FAILURES = 0.01  # of the records
_ELSE = 0.1  # failures without a stack trace, in parts of those with one


def _rates(engine: Engine, speed: float) -> list[float]:
    """Happenings a second by population: as in the incident's first second, and failures besides.

    Failures are 1 % of the records; where the stream writes stack traces, these alone are 1 %.
    """
    usual = {population: population.rate * values_of(population.curve)[0] for population in engine.populations}
    pairs = list(zip(engine.kinds, engine.templates, strict=True))
    records = fsum(usual[kind.source] / kind.every for kind, _ in pairs)
    rare = [(kind, template) for kind, template in pairs if not usual[kind.source]]
    traces = [kind for kind, template in rare if template.lines > 1] or [kind for kind, _ in rare]
    rate = _FAILURES * records / fsum(1 / kind.every for kind in traces) if traces else 0.0
    for kind, _ in rare:
        usual[kind.source] = rate * (1.0 if any(kind.source is trace.source for trace in traces) else _ELSE)
    lines = fsum(usual[kind.source] * template.lines / kind.every for kind, template in pairs)
    return [one * speed / lines for one in usual.values()]


def write_flat(
    path: Path,
    *,
    lines: int,
    seed: int = 7,
    kind: str = "log4j",
    start: datetime = START,
    speed: float = LINES_A_SECOND,
) -> int:
    """Write exactly `lines` lines of `kind` (a key of FLAT_KINDS) to `path`, `speed` for each second of log time, the
    same bytes for the same arguments. The last record may lack its last lines. Returns the bytes written."""
    stream, layout = FLAT_KINDS[kind]
    engine = Engine([one for one in KINDS if one.stream == stream], {stream: layout}, Values(seed))
    rates = _rates(engine, speed)
    file, missing = LogFile(path), lines
    start = start.astimezone(UTC).replace(microsecond=0)
    for second in count():
        if missing <= 0:
            break
        moment = start + timedelta(seconds=second)
        now = {**stamps(moment), **gauges(second % 900), "inventory_id": container_id(seed, "inventory-old")}
        pending = engine.second(rates, now)
        records = pending.records.get(stream, [])
        if not records:
            continue
        text, made = merge(records), pending.lines[stream]
        if made > missing:
            text, made = "\n".join(text.split("\n", missing)[:missing]) + "\n", missing
        micros = int(moment.timestamp()) * 1_000_000 + int(records[-1][:KEY_WIDTH])
        file.write(text, made, micros)
        missing -= made
    file.close()
    return path.stat().st_size
