"""What compaction makes of the counts that commits have added."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logtriage.store import summing
from logtriage.store.store import Store
from logtriage.store.upkeep import compact

START = datetime(2026, 3, 4, 22, 0)
_SUMS = (
    "SELECT minute, part, shape, severity_number, sum(records)::BIGINT AS n FROM lake.activity GROUP BY ALL "
    "HAVING n <> 0 ORDER BY ALL"
)
_ROWS = "SELECT minute, part, shape, severity_number, records FROM lake.activity ORDER BY ALL"
_FILES = "SELECT DISTINCT filename FROM lake.activity ORDER BY ALL"


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store(tmp_path / "st", write=True) as store:
        store.con.execute("CALL lake.set_option('data_inlining_row_limit', 0)")
        yield store


def commit(store: Store, rows: list[tuple[datetime | None, int, int, int]]) -> None:
    """Adds counts: minute, part, shape, records."""
    with store.transaction():
        values = ", ".join(f"({_minute(minute)}, {part}, {shape}, 9, {n})" for minute, part, shape, n in rows)
        store.con.execute(f"INSERT INTO lake.activity VALUES {values}")


def _minute(minute: datetime | None) -> str:
    return f"TIMESTAMP '{minute}'" if minute else "NULL"


@pytest.mark.parametrize("most", [1_000_000, 40])
def test_counts_are_summed(store: Store, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """However many are held at once: one row for each minute, part and shape, none where nothing is left, and the same sums
    as before. A second time nothing is written anew."""
    monkeypatch.setattr(summing, "_ROWS", most)
    rng = random.Random(3)
    for _ in range(6):
        minutes = [START + timedelta(minutes=rng.randrange(5_000)) for _ in range(40)]
        commit(store, [(minute, rng.randrange(3), rng.randrange(4), rng.randint(-2, 5)) for minute in minutes])
        commit(store, [(None, 1, 2, 3), (START, 1, 7, 2), (START, 2, 7, rng.choice((-1, 1)))])
    commit(store, [(START + timedelta(days=1), 5, 5, -4), (START + timedelta(days=1), 5, 5, 4)])
    wanted = store.con.execute(_SUMS).fetchall()
    compact(store)
    assert store.con.execute(_ROWS).fetchall() == wanted
    files = store.con.execute(_FILES).fetchall()
    assert (len(files) > 2) == (most == 40)
    compact(store)
    assert store.con.execute(_FILES).fetchall() == files
    assert store.con.execute(_ROWS).fetchall() == wanted
