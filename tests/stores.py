"""A small store of many kinds of text, for the tests of what is asked of a store."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

from logtriage.answers.search import COLUMNS, Answer, Row
from logtriage.cli.full import json_line
from logtriage.formats.format import load_formats
from logtriage.ingest import Ingest
from logtriage.normalise import Settings
from logtriage.query.query import Query
from logtriage.signatures.library import load_patterns
from logtriage.sources.find import find
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store

START = dt.datetime(2026, 3, 4, 9, 58, 0)


def write_sources(folder: Path, seed: int = 5) -> list[Path]:
    """Log files whose records have traces, ids, damage, carriage returns, no times, two encodings."""
    rng = random.Random(seed)
    files = {
        "app.log": _app(rng, 150),
        "web/access.log": _access(rng, 60),
        "box.json.log": _docker(rng, 40),
        "plain.txt": _plain(rng, 50),
        "damaged.log": _damaged(),
        "wide.log": "2026-03-04 10:00:07 ERROR naïve timed out\r\n2026-03-04 10:00:08 INFO fine 12ms\r\n".encode(
            "utf-16"
        ),
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def settings_for_tests() -> Settings:
    """The shipped library, at a fixed moment."""
    return Settings(
        load_formats(examples=False), load_patterns(examples=False), now=dt.datetime(2026, 3, 5, tzinfo=dt.UTC)
    )


def fill(store: Path, sources: list[Path]) -> None:
    """Ingests the files into a new store."""
    with Store(store, write=True) as opened:
        tally = Ingest(opened, settings_for_tests()).run(find([str(path) for path in sources]).sources)
    assert not tally.errors


def json_records(snapshot: Snapshot, query: Query) -> list[dict[str, Any]]:
    """The records that a query finds, as `cat --output jsonl` prints them."""
    rows = Answer(snapshot, query).tuples(*COLUMNS, "attributes")
    return [json.loads(json_line(Row._make(values[:-1]), values[-1])) for values in rows]


def raw_bytes(snapshot: Snapshot, part: int) -> bytes:
    """The bytes of a part as they were read."""
    return b"".join(data for (data,) in Answer(snapshot, Query(parts=(part,), order="source")).tuples("bytes"))


def _moment(rng: random.Random, k: int) -> dt.datetime:
    return START + dt.timedelta(milliseconds=1700 * k + rng.randrange(1000))


def _app(rng: random.Random, count: int) -> bytes:
    out = []
    for k in range(count):
        stamp = _moment(rng, k).isoformat(" ", "milliseconds").replace(".", ",")
        trace = "".join(rng.choices("0123456789abcdef", k=32))
        out.append(
            rng.choice(
                [
                    f"{stamp} INFO  [worker-{k % 7}] c.a.Orders - Order {k * 37} placed in {k % 90} ms "
                    f"trace_id={trace}",
                    f"{stamp} WARN  [main] c.a.Pool - Connect timed out after {k} ms to 10.0.0.{k % 9}:5432",
                    f"{stamp} ERROR [main] c.a.Pool - request failed: Connection refused\n"
                    f"java.net.ConnectException: Connection refused\n\tat a.b.C.d(C.java:{k})\n"
                    "\n\tat a.b.Main.main(Main.java:7)",
                    f"{stamp} DEBUG [gc-{k}] c.a.Übung - grüße # 5{k}timed outside trace_id={trace} again {trace}",
                ]
            )
        )
    return ("\n".join(out) + "\n").encode()


def _access(rng: random.Random, count: int) -> bytes:
    line = '10.1.{}.4 - - [{:%d/%b/%Y:%H:%M:%S} +0000] "GET /api/v1/items/{}?q=a%20b HTTP/1.1" {} {} "-" "curl/8.{}"'
    made = (
        line.format(k % 5, _moment(rng, k * 2), k, rng.choice([200, 200, 304, 404, 503]), k * 11, k % 3)
        for k in range(count)
    )
    return ("\n".join(made) + "\n").encode()


def _docker(rng: random.Random, count: int) -> bytes:
    out = []
    for k in range(count):
        inner = json.dumps(
            {
                "level": rng.choice(["info", "error"]),
                "msg": f'retry "{k}" <b> é',
                "account": {"id": k, "name": "ann"},
                "took": k / 4,
            }
        )
        stamp = _moment(rng, k * 3).isoformat(timespec="microseconds") + "017Z"
        out.append(json.dumps({"log": inner + "\n", "stream": "stdout", "time": stamp}, ensure_ascii=k % 2 == 0))
    return ("\n".join(out) + "\n").encode()


def _plain(rng: random.Random, count: int) -> bytes:
    words = ["alpha", "timed", "out", "refused", "x1", "#", "7", "dead", "beef", ""]
    return "\n".join(" ".join(rng.choices(words, k=4)) for _ in range(count)).encode()


def _damaged() -> bytes:
    return (
        b"\xef\xbb\xbf2026-03-04 10:00:01 ERROR begins with a mark\n"
        b"2026-03-04 10:00:02 INFO caf\xe9 timed out\n2026-03-04 10:00:03 INFO a\0b timed out\r\n"
        b"2026-03-04 10:00:04 WARN marks \x01 \x02 \x03 inside\n\n\n2026-03-04 10:00:05 INFO \x1b[31mred\x1b[0m text\n"
        b"2026-03-04 10:00:06 INFO \xff\xfe\xfdout of range \xc3\xa9\nno end"
    )
