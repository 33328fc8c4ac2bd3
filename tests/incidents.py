"""A small shop whose logs the tests of triage write: three services, requests with ids, and one fault at a time."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 5, 6, 10, 0)
BROKEN = START + timedelta(minutes=15)
END = START + timedelta(minutes=30)
Line = tuple[datetime, str, str, str, str]  # when, service, level, text, request
Fault = Callable[[list[Line]], list[Line]]


def healthy(seed: int = 1, start: datetime = START, minutes: int = 30) -> list[Line]:
    """Requests every few seconds: web asks orders, orders asks stock; each says what it does."""
    rng = random.Random(seed)
    lines: list[Line] = []
    moment = start
    while moment < start + timedelta(minutes=minutes):
        request = f"{rng.getrandbits(128):032x}"
        at = moment
        for service, text, wait in (
            ("web", "GET /basket", 2), ("orders", "order asked for", 5), ("stock", "stock level read", 3), ("stock", "stock answered", 2),
            ("orders", "order priced", 4), ("orders", "order stored", 3), ("web", "GET /basket answered", 0),
        ):  # fmt: skip
            lines.append((at, service, "info", text, request))
            at += timedelta(milliseconds=wait * rng.uniform(0.7, 1.4))
        moment += timedelta(seconds=rng.uniform(1.5, 4))
    return lines


def delayed(service: str, wait: timedelta) -> Fault:
    """From BROKEN on the service waits before whatever it says."""

    def fault(lines: list[Line]) -> list[Line]:
        late: dict[str, timedelta] = {}
        out = []
        for at, who, level, text, request in lines:
            if at >= BROKEN and who == service:
                late[request] = late.get(request, timedelta()) + wait
            out.append((at + late.get(request, timedelta()), who, level, text, request))
        return out

    return fault


def without(text: str) -> Fault:
    """From BROKEN on this is no longer said."""
    return lambda lines: [line for line in lines if line[0] < BROKEN or line[3] != text]


def silent(service: str) -> Fault:
    """From BROKEN on the service is gone."""
    return lambda lines: [line for line in lines if line[0] < BROKEN or line[1] != service]


def saying(service: str, level: str, text: str, every: int = 1) -> Fault:
    """From BROKEN on the service says this as well, in every n-th request it has."""

    def fault(lines: list[Line]) -> list[Line]:
        own = [line for line in lines if line[0] >= BROKEN and line[1] == service]
        return [
            *lines,
            *(
                (at + timedelta(microseconds=300), service, level, text, request)
                for at, _, _, _, request in own[::every]
            ),
        ]

    return fault


def climbing(service: str) -> Fault:
    """The service tells how full its heap is, all the time; from BROKEN on that climbs."""

    def fault(lines: list[Line]) -> list[Line]:
        own = [line for line in lines if line[1] == service][::4]
        after = [line for line in own if line[0] >= BROKEN]
        sizes = {
            id(line): 100 + k % 7 + (300 * after.index(line) // len(after) if line in after else 0)
            for k, line in enumerate(own)
        }
        told = [
            (at, who, "info", f"heap in use {sizes[id(line)]} MiB of 512 MiB", "")
            for line in own
            for at, who, *_ in [line]
        ]
        return [*lines, *told]

    return fault


def often(text: str, times: int) -> Fault:
    """From BROKEN on this is said several times."""
    return lambda lines: [line for line in lines for _ in range(times if line[0] >= BROKEN and line[3] == text else 1)]


def write(folder: Path, lines: list[Line], *, ids: bool = True, shifted: dict[str, timedelta] | None = None) -> Path:
    """One JSON log a service."""
    folder.mkdir(parents=True, exist_ok=True)
    by_service: dict[str, list[tuple[datetime, dict[str, Any]]]] = {}
    for at, service, level, text, request in lines:
        at += (shifted or {}).get(service, timedelta())
        record = {"time": at.isoformat(timespec="microseconds") + "Z", "level": level, "msg": text}
        by_service.setdefault(service, []).append(
            (at, {**record, **({"trace_id": request} if ids and request else {})})
        )
    for service, records in by_service.items():
        text = "".join(json.dumps(record) + "\n" for _, record in sorted(records, key=lambda one: one[0]))
        (folder / f"{service}.log").write_text(text)
    return folder
