"""How records are cut into files when a store is compacted."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from stores import write_sources

from logtriage.cli import ingest, main
from logtriage.store import cutting, upkeep
from logtriage.store.store import Store
from logtriage.store.upkeep import Space, compact
from logtriage.store.verify import check

START = datetime(2026, 3, 4)
_WHOLE = 'SELECT part, "offset", timestamp, format, shape, body FROM lake.records ORDER BY ALL'
_FILES = (
    "SELECT filename, count(*), min(timestamp) AS first, max(timestamp), count(*) - count(timestamp) "
    "FROM lake.records GROUP BY filename ORDER BY first NULLS FIRST, filename"
)


def put(store: Store, part: int, records: int, time: str, *, first: int = 0) -> None:
    """Adds one file of records of one part; `time`: SQL of the k-th one's."""
    with store.transaction():
        store.con.execute(
            "INSERT INTO lake.records BY NAME FROM (SELECT "
            f'{part} AS part, {first} + 10 * k AS "offset", k AS line, 1 AS lines, {time} AS timestamp, '
            f"1 + {part} % 2 AS format, 100 * {part} + k % 7 AS shape, 'frame' AS frame, 'body ' || k AS body "
            f"FROM range({records}) AS t(k) ORDER BY shape, timestamp)"
        )


def at(seconds: float, step: float) -> str:
    """SQL: `seconds` after START for the first record, `step` more for each that follows."""
    return f"TIMESTAMP '{START + timedelta(seconds=seconds)}' + to_microseconds((k * {step} * 1e6)::BIGINT)"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(cutting, "_ROWS", 3_000)
    monkeypatch.setattr(cutting, "_FEW", 1_500)
    with Store(tmp_path / "st", write=True) as store:
        yield store


def compacted(store: Store) -> list[tuple[Any, ...]]:
    """The files after compaction; no record is changed by it, and a second time it changes nothing."""
    before = store.con.execute(_WHOLE).fetchall()
    compact(store)
    assert store.con.execute(_WHOLE).fetchall() == before
    files = store.con.execute(_FILES).fetchall()
    compact(store)
    assert store.con.execute(_FILES).fetchall() == files
    return files


def test_files_of_one_time_are_cut_by_time(store: Store) -> None:
    """Five sources that write at the same time, each in files of its own: afterwards no two files share any time, and all are
    about equally large."""
    for part in range(5):
        for k in range(4):
            put(store, part, 1_000, at(1_000 * k + part, 1.0), first=k * 10_000)
    files = compacted(store)
    assert len(files) == 7 and all(2_500 < records < 3_200 for _, records, *_ in files)
    assert all(one[3] < other[2] for one, other in pairwise(files))


def test_what_is_narrow_stays(store: Store) -> None:
    """Large files one after the other are left alone; small ones behind them are put together."""
    put(store, 1, 2_000, at(0, 1.0))
    put(store, 1, 2_000, at(3_000, 1.0), first=20_000)
    large = {name for name, *_ in store.con.execute(_FILES).fetchall()}
    for k in range(4):
        put(store, 1, 600, at(6_000 + 700 * k, 1.0), first=40_000 + 6_000 * k)
    files = compacted(store)
    assert large < {name for name, *_ in files} and [records for _, records, *_ in files] == [2_000, 2_000, 2_400]


def test_time_that_does_not_tell_apart(store: Store) -> None:
    """Many records of the same second, and many without any time, still make no file of any size."""
    for k in range(6):
        put(store, 1, 1_600, at(5, 0), first=k * 16_000)
        put(store, 2, 1_600, f"CASE WHEN k % 2 = 0 THEN {at(0, 0.01)} END", first=k * 16_000)
    files = compacted(store)
    assert all(records <= 2 * 3_000 for _, records, *_ in files)
    assert sum(timeless for *_, timeless in files) == 6 * 800


def test_alike_records_lie_together(store: Store) -> None:
    """Within a file, records of a shape follow each other, those of a format too, and each part's in its own order."""
    for part in range(4):
        put(store, part, 700, at(0, 1.0))
    compacted(store)
    rows = store.con.execute(
        'SELECT format, shape, part, timestamp, "offset" FROM lake.records ORDER BY file_row_number'
    ).fetchall()
    assert len(rows) == 2_800 and rows == sorted(rows)


def test_any_store(store: Store) -> None:
    """Files of any size anywhere in time: nothing is lost, and what overlapped overlaps no more."""
    rng, records = random.Random(7), 0
    for k in range(12):
        part, some = rng.randrange(3), rng.randrange(600, 4_000)
        put(store, part, some, at(rng.uniform(0, 9_000), rng.random()), first=k * 10**6)
        records += some
    files = compacted(store)
    assert len(files) > 1 and all(one[3] < other[2] for one, other in pairwise(files))
    assert store.con.execute("SELECT count(*) FROM lake.records").fetchall() == [(records,)]
    assert check(store).wrong == [f"part {part}: it is not known whose records these are" for part in range(3)]


def test_a_long_ingest_puts_its_files_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behind an ingest of many records the store is compacted; one that is to end by then leaves it as it is, and says so."""
    (tmp_path / "logs").mkdir()
    write_sources(tmp_path / "logs")
    files = "SELECT count(DISTINCT filename) FILTER (ends_with(filename, '.parquet')), count(*) FROM lake.records"
    found = []
    monkeypatch.setattr(upkeep, "INLINE", 1)  # so few records would stay in the catalog
    for name, most, stopped in (("few", 10_000, False), ("stopped", 1, True), ("many", 1, False)):
        monkeypatch.setattr(ingest, "_MANY", most)
        monkeypatch.setattr(upkeep, "compact", cut_off if stopped else compact)
        code = main(["ingest", "--no-config", "--store", str(tmp_path / name), str(tmp_path / "logs")])
        assert code == (130 if stopped else 0)
        assert ("logtriage store compact" in capsys.readouterr().err) == stopped
        with Store(tmp_path / name) as store:
            found.append(store.con.execute(files).fetchall()[0])
            assert not check(store, compare=False).wrong
    records = found[0][1]
    assert found == [(0, records), (0, records), (1, records)]


def cut_off(store: Store, on_step: Callable[[str], None]) -> Space:
    """As `compact`, with Ctrl-C at its first step."""
    signal.raise_signal(signal.SIGINT)
    return compact(store, on_step)
