"""A fixed piece of work that says how fast this machine is just now: plain Python, zlib and DuckDB, a third each."""

from __future__ import annotations

import functools
import time
import zlib
from typing import Any


@functools.cache
def _connection() -> Any:
    import duckdb

    con = duckdb.connect()
    con.execute(
        "CREATE TABLE t AS SELECT i, 'line ' || (i * 7919 % 10007) || ' of a log' AS text FROM range(120000) AS r(i)"
    )
    return con


_TEXT = b"".join(
    b"2026-01-14 02:40:00.%03d INFO request %d served in %d ms\n" % (n % 1000, n * 7919, n % 97) for n in range(14_000)
)


def calibrate(timer: Any = time.process_time) -> float:
    """Seconds of CPU that the work takes (about a tenth of one)."""
    con = _connection()
    began = timer()
    words: dict[bytes, int] = {}
    for word in _TEXT.split():
        words[word] = words.get(word, 0) + len(word)
    zlib.compress(_TEXT, 5)
    con.execute(
        "SELECT count(*), max(regexp_extract(text, '(\\d+) of', 1)) FROM t WHERE contains(text, '7') GROUP BY i % 100"
    ).fetchall()
    return float(timer() - began)
