"""Small logs, many at a time: read as one block they give what each gives by itself."""

from __future__ import annotations

import gzip
import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import called
from hypothesis import given, settings
from hypothesis import strategies as st

from logtriage import small
from logtriage.cli import searching
from logtriage.errors import SourceError
from logtriage.formats.format import load_formats
from logtriage.normalise import Normaliser, Settings
from logtriage.signatures.library import load_patterns
from logtriage.sources.find import Resource, Source, find
from logtriage.sources.read import Block, blocks, by_and_by
from logtriage.store.connection import connect
from logtriage.stream import ahead

LINES = (
    "2026-03-02 10:00:00,100 INFO  [main] shop.Cart - put 17 in\n",
    "2026-03-02 10:00:01,200 ERROR [main] shop.Cart - java.lang.IllegalStateException: pool exhausted\n",
    "\tat com.shop.Pool.get(Pool.java:42)\n",
    "Caused by: java.net.ConnectException: Connection refused\n",
    "2026-03-02T10:00:02.300Z INFO cart: said 3\n",
    "Mar  2 10:00:03 web-1 sshd[812]: Accepted password for root from 10.0.0.1 port 22 ssh2\n",
    "10:00:04.5 only a clock\n",
    '{"time":"2026-03-02T10:00:05Z","level":"warn","msg":"slow","ms":1200,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}\n',
    '{"log":"2026-03-02 10:00:06 ERROR timed out after 5 s\\n","stream":"stderr","time":"2026-03-02T10:00:06.000000001Z"}\n',
    "2026-03-02T10:00:07.000000001Z stdout F 2026-03-02 12:00:07 INFO  of a zone ahead\n",
    "2026-03-02T10:00:07.000000001Z stdout P first half, \n",
    "2026-03-02T10:00:07.000000002Z stdout F second half\n",
    '10.0.0.1 - - [02/Mar/2026:10:00:08 +0100] "GET /cart HTTP/1.1" 504 17 "-" "curl/8"\n',
    "# Time: 2026-03-02T10:00:09.000000Z\n",
    "# User@Host: shop[shop] @ web [10.0.0.1]  Id: 7\n",
    "# Query_time: 2.000001  Lock_time: 0.000000 Rows_sent: 1  Rows_examined: 2\n",
    "SELECT 1;\n",
    "{\n",
    '  "level": "error"\n',
    "}\n",
    "words without a time\n",
    "\x1b[31mred\x1b[0m 2026-03-02 10:00:10 ERROR coloured\n",
    "2026-03-02 10:00:11 WARN carriage returned\r\n",
    "\ufeff2026-03-02 10:00:12 INFO marked\n",
    "level=info ts=2026-03-02T10:00:13Z msg=\"said \\\"so\\\"\" peer=10.0.0.2:80\n",
    "2026-03-02 10:00:14 INFO a mark \x03 inside\n",
    "\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def normaliser() -> Normaliser:
    return Normaliser(connect(), Settings(load_formats(examples=False), load_patterns(examples=False)))


def records(normaliser: Normaliser, sources: list[Source]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records that a normaliser holds, with their sources' names, and what numbers in them stand for."""
    assert normaliser.rows is not None
    hits = normaliser.hits().sort_by("pattern").to_pylist()
    names = [(node.name, node.key) for node in normaliser.records.chains]
    written = list(map(str, normaliser.records.renderings))
    for row in normaliser.rows.drop_columns(["run"]).to_pylist():
        source = sources[row.pop("place")]
        row["chain"] = names[row["chain"]]
        for column in ("stamp", "observed_stamp"):
            row[column] = None if row[column] is None else written[row[column]]
        first, row["i"] = row["i"], 0
        own = [hit for hit in hits if sources[hit["place"]] == source and hit["offset"] == row["offset"]]
        row["hits"] = [(hit["pattern"], hit["captures"], hit["timestamp"]) for hit in own]
        yield source.name, {**row, "first": first}


def alone(normaliser: Normaliser, source: Source, data: bytes) -> list[dict[str, Any]]:
    """The records of a log that is read by itself."""
    normaliser.records.reset()
    reference = normaliser.settings.reference(source)
    normaliser.block(Block(source, 0, 1, data, True, "utf-8"), normaliser.grammar(source), reference, final=True)
    return [row for _, row in records(normaliser, [source])]


def without_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows but for their places in the block."""
    return [{name: value for name, value in row.items() if name != "first"} for row in rows]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(LINES), min_size=1, max_size=6), min_size=1, max_size=4),
    st.lists(st.integers(0, 3), min_size=1, max_size=9),
    st.integers(0, 2),
)
def test_a_log_is_read_in_a_block_of_many_as_by_itself(
    normaliser: Normaliser,
    tmp_path_factory: pytest.TempPathFactory,
    kinds: list[list[str]],
    order: list[int],
    years: int,
) -> None:
    """Records, their places, times, frames, bodies, shapes and flags hang on nothing that stands in another log."""
    folder = tmp_path_factory.mktemp("small")
    for n, kind in enumerate(order):
        path = folder / f"{n}.log"
        path.write_text("".join(kinds[kind % len(kinds)]).replace("17", str(n)), newline="")
        os.utime(path, (1_772_500_000 - 40_000_000 * (n % (years + 1)),) * 2)
    sources = [
        Source(f"{n}.log", f"{n}.log", folder / f"{n}.log", None, None, Resource("cart" if n % 2 else None))
        for n in range(len(order))
    ]
    logs = [log for log in map(small.all_of, sources) if log]
    assert len(logs) == len(sources)
    found: dict[str, list[dict[str, Any]]] = {}
    for read in small.read(normaliser, logs, shapes=True):
        for name, row in records(normaliser, [block.source for block in read]):
            found.setdefault(name, []).append(row)
    for log in logs:
        own = alone(normaliser, log.source, log.data)
        assert without_first(found[log.source.name]) == without_first(own)


def test_logs_that_write_alike_are_one_block(
    normaliser: Normaliser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is learnt of each of them is the same, so that a hundred of them take one block, or two; more, where all of them
    would be too large for one."""
    for n in range(100):
        (tmp_path / f"{n}.log").write_text("".join(LINES[:4]).replace("17", str(n)))
    logs = [log for log in map(small.all_of, find([str(tmp_path)]).sources) if log]
    assert len(logs) == 100
    assert len(list(small.read(normaliser, logs, shapes=False))) <= 2
    monkeypatch.setattr(small, "_MOST", 3 * max(len(log.data) for log in logs))
    read = list(small.read(normaliser, logs, shapes=False))
    assert sorted(block.source.name for some in read for block in some) == sorted(log.source.name for log in logs)
    assert 34 <= len(read) <= 50


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of all kinds, some of them odd in ways that no block may hold, a few larger than small."""
    made = tmp_path_factory.mktemp("logs")
    for n in range(30):
        lines = [LINES[(n % 6 * 3 + k) % len(LINES)] for k in range(1 + n % 5)]
        data = "".join(lines).replace("17", str(n)).encode()
        name = f"{n:02}.log"
        match n % 15:
            case 3:
                data = b""
            case 5:
                data = data.removesuffix(b"\n")
            case 7:
                data = data[:12] + b"\xff\xfe\0" + data[12:]
            case 9:
                data, name = gzip.compress(data), f"{n:02}.log.gz"
            case 11:
                data = data.decode().encode("utf-16")
            case 13:
                data *= 1 + (small.LONG // len(data))
            case 14:
                data, name = gzip.compress(data)[:-5], f"{n:02}.log.gz"
        path = made / str(n % 3) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1_772_500_000 + n,) * 2)
    return made


@pytest.mark.parametrize(
    "args",
    [
        ["cat"],
        ["cat", "--output", "jsonl"],
        ["cat", "--level", "error", "--output", "csv"],
        ["grep", "-C1", "-m2", "ERROR"],
        ["grep", "-v", "INFO"],
        ["grep", "--since", "2026-03-02T10:00:01Z", "--until", "2026-03-02T10:00:07Z", "-A1", ""],
        ["grep", "--across", "-B1", "timed out"],
        ["grep", "--service", "mysq*", "-c", ""],
    ],
    ids=" ".join,
)
def test_what_is_printed_of_many_small_logs_is_what_each_gives(
    folder: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    """`cat` and `grep` print the same, and say the same, as where each log is read by itself."""
    together = called(*args, "--no-store", ".", cwd=folder)
    monkeypatch.setattr(small, "all_of", lambda source: None)
    assert together == called(*args, "--no-store", ".", cwd=folder)
    assert together.out


_KEPT = (
    "SELECT source, \"offset\", line, lines, timestamp, nanos, level, severity_text, format, flags, service, host, trace_id, "
    "shape, raw, body, attributes FROM records ORDER BY source, \"offset\"",
    "FROM sources ORDER BY source",
    "SELECT * FROM hits ORDER BY ALL",
)  # fmt: skip


def test_a_store_of_small_logs_is_what_each_brings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records, hits, and how far each log was read; a second run finds nothing new, and goes on with those that have grown."""
    grown = folder.parent / "grown"
    shutil.copytree(folder, grown)
    (grown / "2" / "twice.log").hardlink_to(grown / "0" / "00.log")
    told = []
    for store in ("together", "alone"):
        if store == "alone":
            monkeypatch.setattr(small, "all_of", lambda source: None)
        runs = [called("ingest", "--store", store, "grown", cwd=folder.parent) for _ in range(2)]
        checked = called("store", "check", "--store", store, cwd=folder.parent)
        kept = [called("sql", "--store", store, "--output", "jsonl", sql, cwd=folder.parent) for sql in _KEPT]
        told.append((runs, checked.code, kept))
    assert told[0] == told[1]
    assert "unchanged" in told[0][0][1].err


def test_small_logs_that_have_grown_go_on(folder: Path) -> None:
    """Lines that are appended go on with the last record of each, which is kept once."""
    grown = folder.parent / "grows"
    shutil.copytree(folder / "0", grown)
    called("ingest", "--store", "more", "grows", cwd=folder.parent)
    for path in grown.glob("*.log"):
        with path.open("ab") as file:
            file.write(b"\tat com.shop.Pool.get(Pool.java:42)\n2026-03-02 10:00:59 WARN late\n")
    called("ingest", "--store", "more", "grows", cwd=folder.parent)
    kept = called("cat", "--from-store", "--store", "more", "--output", "raw", cwd=folder.parent)
    read = called("cat", "--no-store", "--output", "raw", "grows", cwd=folder.parent)
    assert sorted(kept.lines) == sorted(read.lines)


def test_logs_are_read_by_turns_that_cannot_all_be_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many logs on one timeline, each of several blocks, are read with few files open; what takes a log's place is not read
    as it."""
    for n in range(70):
        lines = (f"2026-03-02 10:{k:02}:00 INFO log {n} line {k}{'.' * 900}\n" for k in range(9))
        (tmp_path / f"{n}.log").write_text("".join(lines))
    wanted = called("cat", "--no-store", ".", cwd=tmp_path)
    monkeypatch.setattr(small, "all_of", lambda source: None)
    for name in ("_SMALL", "_LEAST"):
        monkeypatch.setattr(searching, name, 2_000)
    most = len(os.listdir("/proc/self/fd")) + 40 if Path("/proc/self/fd").exists() else 64
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, limits[1]))
    try:
        assert called("cat", "--no-store", ".", cwd=tmp_path) == wanted
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_file_that_takes_the_place_of_another_is_not_its_end(tmp_path: Path) -> None:
    """What is read by turns ends with an error where the file is another one by now."""
    log = tmp_path / "a.log"
    log.write_bytes(b"one\n" * 9)
    (source,) = find([str(log)]).sources
    found = by_and_by(source, size=12)
    assert next(found).data == b"one\n" * 3
    (tmp_path / "b.log").write_bytes(b"two\n" * 9)
    (tmp_path / "b.log").rename(log)
    with pytest.raises(SourceError, match="was replaced after 12 bytes"):
        next(found)


@pytest.mark.parametrize("size", [2, 5, 12, 100])
def test_blocks_are_the_same_by_and_by(tmp_path: Path, size: int) -> None:
    """Opened anew for each block, a file gives the same ones."""
    log = tmp_path / "a.log"
    log.write_bytes(b"one\ntwo three\n\nfour\nfive")
    (source,) = find([str(log)]).sources
    assert list(by_and_by(source, size=size)) == list(blocks(source, size=size))


@pytest.mark.parametrize(
    "args",
    [["cat"], ["grep", "--across", "-C1", "ERROR"], ["grep", "a"], ["grep", "-C1", "-m2", "a"]],
    ids=" ".join,
)
def test_logs_that_are_not_held_are_read_anew(folder: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]) -> None:
    """Where there are more small logs than rows of them are held, the rest of each comes when its time has come."""
    wanted = called(*args, "--no-store", ".", cwd=folder)
    monkeypatch.setattr(ahead, "_MOST_HELD", 500)
    assert called(*args, "--no-store", ".", cwd=folder) == wanted


def small_logs(folder: Path, count: int) -> None:
    """Logs of some lines each, of which every one is said at a time of its own."""
    for n in range(count):
        lines = (f"2026-03-02 10:{n % 60:02}:{k:02},100 INFO  [main] shop.Cart - put {n} in\n" for k in range(5))
        (folder / f"{n:03}.log").write_text("".join(lines))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many small logs each reading of some has read, as it comes."""
    told: list[int] = []
    read = small.read

    def noted(normaliser: Normaliser, logs: list[Block], *, shapes: bool) -> Iterator[list[Block]]:
        told.append(len(logs))
        return read(normaliser, logs, shapes=shapes)

    monkeypatch.setattr(small, "read", noted)
    return told


def test_what_was_found_ends_the_search(tmp_path: Path, reads: list[int]) -> None:
    """One hit in the first log is enough for -q; of the others no more are read than were ahead."""
    small_logs(tmp_path, 60)
    assert called("grep", "--no-store", "-q", "--level", "info", "put", ".", cwd=tmp_path).code == 0
    assert reads == [16]


def test_no_more_is_read_ahead_than_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[int]) -> None:
    """Rows take much more memory than the bytes of their logs: of those only so many are read at once."""
    small_logs(tmp_path, 60)
    wanted = called("grep", "--no-store", "-c", "--level", "info", "put", ".", cwd=tmp_path)
    assert reads == [16, 44]
    reads.clear()
    monkeypatch.setattr(ahead, "_ENOUGH", 3 * (tmp_path / "000.log").stat().st_size)
    assert called("grep", "--no-store", "-c", "--level", "info", "put", ".", cwd=tmp_path) == wanted
    assert sum(reads) == 60 and max(reads) <= 4


def test_logs_that_come_one_after_the_other_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was printed is held no longer: nothing is read anew, however many there are."""
    small_logs(tmp_path, 40)
    args = ("cat", "--no-store", "--level", "info", "--output", "raw", ".")
    wanted = called(*args, cwd=tmp_path)
    monkeypatch.setattr(ahead, "_MOST_HELD", 2 * (tmp_path / "000.log").stat().st_size)
    monkeypatch.setattr(ahead.ByTurns, "_anew", None)
    assert called(*args, cwd=tmp_path) == wanted


@pytest.mark.parametrize("lines", [1, 2])
def test_a_packed_log_of_few_long_lines_is_not_small(tmp_path: Path, lines: int) -> None:
    """How long a log is that is packed, its bytes on disk do not tell, nor how few lines it has."""
    log = tmp_path / "a.log.gz"
    log.write_bytes(gzip.compress((b"2026-03-02 10:00:00 INFO " + b"x" * small.LONG + b"\n") * lines))
    (source,) = find([str(log)]).sources
    assert small.all_of(source) is None
