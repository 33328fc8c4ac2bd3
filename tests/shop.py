"""A small shop whose services log one request together, for the tests of the panels: text, JSON, a failure, ids."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from stores import fill

START = dt.datetime(2026, 3, 4, 10, 0, 0)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HOSTILE = "\x1b[2J\x1b]0;owned\x07 right \u202eto\u202c left 漢字 \t 👩‍👩‍👧 [bold]not bold[/bold]"


def write_shop(folder: Path) -> list[Path]:
    """Three services; the gateway's and the stock's records are JSON, the checkout's text with a stack trace."""
    gateway = [
        _json(k, "gateway", f"GET /item/{k}", f"{k:032x}", user={"id": k, "tags": ["a", "b"]}) for k in range(40)
    ]
    gateway += [
        _json(12.5, "gateway", "POST /checkout", TRACE),
        _json(15.75, "gateway", "answered 502", TRACE, "error"),
    ]
    stock = [_json(k + 0.2, "stock", f"level of SKU-{k} read", f"{k:032x}") for k in range(0, 40, 3)]
    stock += [_json(12.9, "stock", "reserve SKU-7", TRACE)]
    checkout = [f"{_stamp(k + 0.4)} INFO  [main] c.s.Orders - order {k} priced" for k in range(0, 40, 2)]
    checkout += [
        f"{_stamp(12.7)} INFO  [main] c.s.Orders - order 7 received trace_id={TRACE}",
        f"{_stamp(15.7)} ERROR [main] c.s.Orders - order 7 failed: Connection refused to 10.0.3.9:5432 trace_id={TRACE}\n"
        "java.net.ConnectException: Connection refused\n\tat c.s.Pool.get(Pool.java:7)",
        f"{_stamp(20.1)} WARN  [main] c.s.Orders - odd name {HOSTILE}",
    ]
    (folder / "gateway.json").write_text("\n".join(sorted(gateway, key=lambda line: json.loads(line)["time"])) + "\n")
    (folder / "stock.json").write_text("\n".join(sorted(stock, key=lambda line: json.loads(line)["time"])) + "\n")
    (folder / "checkout.log").write_text("\n".join(sorted(checkout)) + "\n")
    return [folder / "gateway.json", folder / "stock.json", folder / "checkout.log"]


def shop(folder: Path) -> Path:
    """A store of it."""
    fill(folder / "store", write_shop(folder))
    return folder / "store"


def _stamp(seconds: float) -> str:
    return (START + dt.timedelta(seconds=seconds)).isoformat(" ", "milliseconds").replace(".", ",")


def _json(seconds: float, service: str, message: str, trace: str, level: str = "info", **more: object) -> str:
    time = (START + dt.timedelta(seconds=seconds)).isoformat(timespec="milliseconds") + "Z"
    return json.dumps(
        {"time": time, "level": level, "service": service, "msg": message, "trace_id": trace, **more},
        ensure_ascii=False,
    )
