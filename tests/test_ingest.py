"""Ingest: every byte once and exactly, however a file grows, is cut, is rotated, or the program is killed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import engine
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import LOGS, files

from logtriage import whole
from logtriage.formats.records import Records
from logtriage.ingest import Ingest, Tally
from logtriage.normalise import Normaliser
from logtriage.signatures.library import load_patterns
from logtriage.sources.find import find
from logtriage.sources.read import Block
from logtriage.store import parts, views
from logtriage.store.store import Store
from logtriage.store.verify import check


@engine.examples(8)
@given(data=st.data())
def test_every_byte_comes_back_once(
    one_store: Store, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """However a file grows between runs and however large blocks are, the stored records, in order, are its bytes."""
    path = tmp_path_factory.mktemp("grow") / "app.log"
    for piece in data.draw(st.lists(files(), min_size=1, max_size=3), "appended"):
        with path.open("ab") as file:
            file.write(piece)
        with pytest.MonkeyPatch.context() as patch:
            engine.set_block_size(patch, path.stat().st_size // data.draw(st.integers(1, 3), "blocks") + 1)
            tally = engine.ingest(one_store, path)
        assert not tally.errors
    assert b"".join(engine.parts(one_store, engine.numbers(one_store, path)).values()) == path.read_bytes()


def _log(first: int, last: int) -> bytes:
    """Numbered lines, each different; every seventh has a trace."""
    lines = (
        f"2026-03-02 10:{n // 60 % 60:02}:{n % 60:02},{n % 1000:03} {'INFO ' if n % 7 else 'ERROR'} [main] "
        + f"com.shop.Main - order {n} shipped\n"
        + "java.lang.IllegalStateException: no stock\n\tat com.shop.Cart.take(Cart.java:41)\n" * (n % 7 == 0)
        for n in range(first, last)
    )
    return "".join(lines).encode()


def _whole(store: Store) -> bytes:
    """The bytes of all parts, in the order in which the store came to know them."""
    return b"".join(data for _, data in sorted(engine.parts(store).items()))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store", write=True) as opened:
        yield opened


def test_running_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    """A second run over the same files reads none of them, and leaves the store as it was."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(_log(0, 50))
    (tmp_path / "empty.log").write_bytes(b"")
    files = [tmp_path / name for name in ("a.log", "b.log", "empty.log")]
    assert engine.ingest(store, *files).records == 100
    before = engine.content(store)
    again = engine.ingest(store, *files)
    assert (again.records, again.lines, again.bytes, again.unchanged) == (0, 0, 0, 3)
    assert engine.content(store) == before


def test_only_what_is_new_is_read(store: Store, tmp_path: Path) -> None:
    """After lines were added, a run reads them and the last record before them, to which they may have belonged."""
    path = tmp_path / "app.log"
    path.write_bytes(_log(1, 1000))
    engine.ingest(store, path)
    with path.open("ab") as file:
        file.write(b"\tat com.shop.Late.line(Late.java:1)\n" + _log(1000, 1010))
    tally = engine.ingest(store, path)
    assert tally.bytes < 2000
    records = engine.stored(store)
    assert len(records) == 1009
    assert records[998]["bytes"].endswith(b"\tat com.shop.Late.line(Late.java:1)\n")
    assert _whole(store) == path.read_bytes()


def test_growing_and_whole_give_the_same_store(tmp_path: Path) -> None:
    """A file read while it grew, cut in the middle of lines and of records, makes the store that it makes in one go."""
    data = "".join(record + "\n" for name in ("log4j", "docker") for record in LOGS[name] * 3).encode()
    path = tmp_path / "app.log"
    with Store(tmp_path / "grown", write=True) as grown:
        for end in (90, 700, 701, len(data) // 2, len(data)):
            path.write_bytes(data[:end])
            engine.ingest(grown, path, how=engine.reading(load_patterns()))
        slow = engine.content(grown)
    with Store(tmp_path / "whole", write=True) as whole:
        engine.ingest(whole, path, how=engine.reading(load_patterns()))
        assert slow == engine.content(whole)


def test_a_broken_source_does_not_stop_the_others(store: Store, tmp_path: Path) -> None:
    """Of a truncated gz all that can be read is kept and the damage is told; the sources after it are read."""
    packed = gzip.compress(_log(0, 2000))
    (tmp_path / "a.log.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.log").write_bytes(_log(0, 10))
    tally = engine.ingest(store, tmp_path / "a.log.gz", tmp_path / "b.log")
    assert len(tally.errors) == 1
    assert "a.log.gz" in str(tally.errors[0])
    first, second = (data for _, data in sorted(engine.parts(store).items()))
    assert second == _log(0, 10)
    assert _log(0, 2000).startswith(first)
    assert len(first) > len(_log(0, 500))


# --- rotation


def test_a_rotated_part_that_is_cut(store: Store, tmp_path: Path) -> None:
    """Of a set whose middle part is still being copied, or ends in rubbish, all that can be read is in the store, each
    byte once, after every run."""
    days = [_log(first, first + 900) for first in (0, 900, 1800)]
    packed = gzip.compress(days[1])
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(days[0]))
    (tmp_path / "app.log").write_bytes(days[2])
    half, errors = len(packed) // 2, []
    for data in (packed[:half], packed[:half], packed[:-3], packed + b"rubbish", packed):
        (tmp_path / "app.log.1.gz").write_bytes(data)
        errors.append(len(engine.ingest(store, *sorted(tmp_path.glob("app.log*"))).errors))
        held = engine.parts(store, engine.numbers(store, tmp_path / "app.log.1.gz"))
        assert days[1].startswith(b"".join(held.values()))
    assert errors == [1, 1, 1, 1, 0]
    assert sorted(_whole(store).splitlines()) == sorted(b"".join(days).splitlines())


def test_a_log_that_is_there_by_several_names_is_stored_once(store: Store, tmp_path: Path) -> None:
    """Packed in several ways, and longer in one of them, and all read in one run: each record is there once."""
    for name, pack in (("bz2", bz2.compress), ("gz", gzip.compress), ("xz", lzma.compress)):
        (tmp_path / f"app.log.1.{name}").write_bytes(pack(_log(0, 900 if name != "xz" else 1000)))
    (tmp_path / "app.log").write_bytes(_log(1000, 1010))
    assert not engine.ingest(store, *sorted(tmp_path.glob("app.log*"))).errors
    assert sorted(engine.parts(store).values()) == sorted([_log(0, 1000), _log(1000, 1010)])
    assert not check(store).wrong


def _empty(store: Store) -> None:
    with store.transaction():
        for table in ("records", "hits", "activity", "parts", "progress"):
            store.con.execute(f"DELETE FROM lake.{table}")


@pytest.mark.parametrize("head", [500, 1 << 20])
def test_a_damaged_log_that_was_mended_is_read_anew(
    head: int, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a decoder made of damage, before or behind the bytes that a log is known by, does not stay beside what was
    there: once the file is whole, the store has its bytes, once, and as many records as are told. A log that has come to its
    name is another one."""
    monkeypatch.setattr(parts, "_HEAD", head)
    log, whole, other = tmp_path / "app.log.gz", _log(0, 1500), _log(1500, 2000)
    packed = gzip.compress(whole)
    rubbish = 0
    for place in range(len(packed) // 2, len(packed), len(packed) // 6):
        log.write_bytes(packed[:place] + bytes([packed[place] ^ 8]) + packed[place + 1 :])
        assert len(engine.ingest(store, log).errors) == 1
        wrong = not all(map(whole.startswith, engine.parts(store).values()))
        rubbish += wrong
        log.write_bytes(packed)
        tally = engine.ingest(store, log)
        assert not tally.errors
        if wrong:  # all of it was read anew, and is told
            assert (tally.records,) in store.con.execute("SELECT count(*) FROM lake.records").fetchall()
        assert list(engine.parts(store).values()) == [whole]
        assert not check(store).wrong
        _empty(store)
    assert rubbish
    log.write_bytes(packed[: len(packed) // 2] + bytes(40) + packed[len(packed) // 2 :])
    engine.ingest(store, log)
    before = list(engine.parts(store).values())
    log.write_bytes(gzip.compress(other))
    engine.ingest(store, log)
    assert list(engine.parts(store).values()) == [*before, other]


def _tar(members: Sequence[bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for number, data in enumerate(members):
            entry = tarfile.TarInfo(f"{number}.log")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return plain.getvalue()


def test_an_archive_that_is_made_anew_is_read_once(store: Store, tmp_path: Path) -> None:
    """Packed so well that it is smaller than each of its members, and made again with one more, and with a longer one."""
    log, members = tmp_path / "logs.tar.gz", [_log(first, first + 700) for first in (0, 700, 1400)]
    for some in (members[:2], members, [*members[:2], members[2] + _log(2100, 2200)]):
        log.write_bytes(gzip.compress(_tar(some)))
        assert log.stat().st_size < min(map(len, members))
        engine.ingest(store, log)
        assert list(engine.parts(store).values()) == some


def test_ctrl_c_is_heard_while_a_mended_log_is_compared(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is to be looked at anew is much: a run can be stopped meanwhile, with nothing changed, and the next one goes on."""
    monkeypatch.setattr("logtriage.mended._STEP", 1000)
    log, whole = tmp_path / "app.log.gz", _log(0, 1500)
    packed = gzip.compress(whole)
    log.write_bytes(packed[:-1])
    assert engine.ingest(store, log).errors
    log.write_bytes(packed)
    before, calls = engine.content(store), 0

    def on_progress(tally: Tally) -> None:
        nonlocal calls
        calls += 1
        if calls > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Ingest(store, engine.reading()).run(find([str(log)]).sources, on_progress)
    assert engine.content(store) == before
    assert not engine.ingest(store, log).errors
    assert list(engine.parts(store).values()) == [whole]


def test_a_damaged_archive_that_was_mended_is_read_anew(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an archive that is damaged or cut anywhere something is told, and nothing that was read of it counts as whole: once it
    is mended, the store has the bytes of its members, once, also of those that could be read to their ends."""
    monkeypatch.setattr(parts, "_HEAD", 500)
    members = [_log(first, first + 700) for first in (0, 700, 1400)]
    log, plain, rubbish = tmp_path / "logs.tar.gz", _tar(members), 0
    packed = gzip.compress(plain)
    flipped = [packed[:at] + bytes([packed[at] ^ 8]) + packed[at + 1 :] for at in range(2000, len(packed), 3001)]
    cut = [gzip.compress(plain[:size]) for size in (20_000, 512 + len(members[0]), 512 + len(members[0]) + 7)]
    for damaged in (*flipped, *cut, packed[: len(packed) // 2]):
        log.write_bytes(damaged)
        found = find([str(log)])
        assert len([*found.errors, *engine.ingest(store, log).errors]) == 1
        held = engine.parts(store).values()
        rubbish += not all(whole.startswith(data) for data, whole in zip(held, members, strict=False))
        log.write_bytes(packed)
        assert not engine.ingest(store, log).errors
        assert list(engine.parts(store).values()) == members
        assert engine.ingest(store, log).unchanged == len(members)
        _empty(store)
    assert rubbish


def test_rotation_reads_nothing_twice(store: Store, tmp_path: Path) -> None:
    """Renamed, then compressed, with new files under the old name: every line is in the store once, in each step."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log, older, packed = logs / "app.log", logs / "app.log.1", logs / "app.log.2.gz"
    log.write_bytes(_log(0, 100))
    engine.ingest(store, logs)
    with log.open("ab") as file:
        file.write(_log(100, 120))  # not read before the rotation
    log.rename(older)
    log.write_bytes(_log(120, 200))
    engine.ingest(store, logs)
    assert sorted(engine.parts(store).values()) == sorted([_log(0, 120), _log(120, 200)])
    packed.write_bytes(gzip.compress(older.read_bytes()))
    older.unlink()
    log.rename(older)
    log.write_bytes(_log(200, 260))
    tally = engine.ingest(store, logs)
    assert sorted(engine.parts(store).values()) == sorted([_log(0, 120), _log(120, 200), _log(200, 260)])
    assert tally.records <= 62
    before = engine.content(store)
    engine.ingest(store, logs)
    assert engine.content(store) == before


def test_a_small_file_is_known_after_rotation(store: Store, tmp_path: Path) -> None:
    """A file of a few lines is known again when rotation compressed it."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "app.log"
    log.write_bytes(_log(0, 3))
    engine.ingest(store, logs)
    (logs / "app.log.1.gz").write_bytes(gzip.compress(_log(0, 3)))
    log.write_bytes(_log(3, 5))
    engine.ingest(store, logs)
    assert _whole(store) == _log(0, 5)


@pytest.mark.parametrize("lines", [b"up\n", _log(0, 3), _log(0, 90)])
@pytest.mark.parametrize("packed", ["app.log.gz", "app.log.1.gz", "app.log-20260302.gz"])
def test_a_log_alone_is_known_when_it_is_packed(store: Store, tmp_path: Path, lines: bytes, packed: str) -> None:
    """However short it is, and though nothing else of its set is there: it is no second log."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "app.log"
    log.write_bytes(lines)
    engine.ingest(store, logs)
    (logs / packed).write_bytes(gzip.compress(lines))
    log.unlink()  # now: the number of its inode is not to be used again
    engine.ingest(store, logs)
    assert list(engine.parts(store).values()) == [lines]


def test_a_short_log_is_known_when_it_is_copied_and_emptied(store: Store, tmp_path: Path) -> None:
    """What it says next, however often that happens, is stored beside it, and nothing twice."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "app.log"
    said = [b"up\n", b"on\n", b"down\n"]
    for line in said:
        log.write_bytes(line)
        engine.ingest(store, logs)
        for number in (2, 1):
            if (older := logs / f"app.log.{number}").exists():
                older.rename(logs / f"app.log.{number + 1}")
        shutil.copyfile(log, logs / "app.log.1")
        log.write_bytes(b"")
    engine.ingest(store, logs)
    assert sorted(filter(None, engine.parts(store).values())) == sorted(said)


def test_logs_that_begin_alike_are_not_one(store: Store, tmp_path: Path) -> None:
    """A log of a set that says no more than how all of them begin is none of the others, as long as it is there."""
    logs, banner = tmp_path / "logs", b"*** the server of the shop, version 3.1, starts ***\n"
    logs.mkdir()
    wanted = [banner, banner + b"and goes on\n", banner]
    for number, lines in enumerate(wanted):
        (logs / f"app.log.{number}").write_bytes(lines)
    for _ in range(2):
        engine.ingest(store, logs)
        assert sorted(engine.parts(store).values()) == sorted(wanted)


@pytest.mark.parametrize("how", ["rename", "copy"])
def test_an_empty_part_is_taken_for_none_that_has_its_name_now(store: Store, tmp_path: Path, how: str) -> None:
    """A log rotated to the name of an empty one is known again: it is no empty log that has grown, and is not read twice."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log, older, oldest = logs / "app.log", logs / "app.log.1", logs / "app.log.2"
    older.touch()
    log.write_bytes(_log(0, 100))
    engine.ingest(store, logs)
    older.rename(oldest)
    log.rename(older) if how == "rename" else shutil.copyfile(log, older)
    log.write_bytes(_log(100, 130))
    engine.ingest(store, logs)
    assert sorted(filter(None, engine.parts(store).values())) == sorted([_log(0, 100), _log(100, 130)])


def test_copytruncate_starts_a_new_part(store: Store, tmp_path: Path) -> None:
    """A file that was emptied and written anew under the same inode is read from its start, and what it held stays."""
    log = tmp_path / "app.log"
    log.write_bytes(_log(0, 100))
    engine.ingest(store, log)
    log.write_bytes(_log(100, 130))
    engine.ingest(store, log)
    assert _whole(store) == _log(0, 130)


def test_a_banner_does_not_make_two_logs_one(store: Store, tmp_path: Path) -> None:
    """A log that was written anew behind the same long banner, and is longer by now, is no log that has grown: it is read
    from its start, and what it held stays."""
    log, banner = tmp_path / "app.log", b"".join(b"    :: Boot ::  (v2.7.%d)\n" % number for number in range(1500))
    log.write_bytes(banner + _log(0, 100))
    engine.ingest(store, log)
    log.write_bytes(banner + _log(100, 300))
    engine.ingest(store, log)
    assert sorted(engine.parts(store).values()) == sorted([banner + _log(0, 100), banner + _log(100, 300)])


def test_a_file_that_was_replaced_is_new(store: Store, tmp_path: Path) -> None:
    """Another, longer file under the old name is told by its first bytes, and read from its start."""
    log = tmp_path / "app.log"
    log.write_bytes(_log(0, 50))
    engine.ingest(store, log)
    log.unlink()
    log.write_bytes(_log(50, 200))
    engine.ingest(store, log)
    assert _whole(store) == _log(0, 200)


def test_a_clock_that_goes_back_loses_nothing(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading stood is known by the order of the runs, not by what the clock said then."""
    log = tmp_path / "app.log"
    clock = datetime(2030, 1, 1)
    monkeypatch.setattr(parts, "_now", lambda: clock)
    for last in (40, 80, 120, 160):
        clock -= timedelta(days=1)
        log.write_bytes(_log(0, last))
        tally = engine.ingest(store, log)
        assert tally.records <= 41
        assert _whole(store) == _log(0, last)
    clock -= timedelta(days=1)
    assert engine.ingest(store, log).unchanged == 1


# --- kills


class Killed(BaseException):
    """As a signal that comes at the worst moment."""


class _Mortal:
    """A connection that dies at its n-th statement."""

    def __init__(self, con: Any, statements: int) -> None:
        self._con, self._left = con, statements

    def execute(self, *args: Any) -> Any:
        self._left -= 1
        if not self._left:
            raise Killed
        return self._con.execute(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)


def _grown(store: Store, path: Path, statements: int) -> int:
    """Reads a file, and again after it grew; the second run dies at that statement. Gives how many were left to it."""
    path.parent.mkdir(parents=True)
    path.write_bytes(_log(0, 40))
    engine.ingest(store, path)
    path.write_bytes(_log(0, 80))
    living, store.con = store.con, _Mortal(store.con, statements)  # type: ignore[assignment]
    try:
        engine.ingest(store, path)
    finally:
        left, store.con = store.con._left, living  # type: ignore[attr-defined]
    return left


@pytest.mark.parametrize("half", [0, 1])
def test_dying_at_any_statement_leaves_a_store_to_go_on_with(half: int, one_store: Store, tmp_path: Path) -> None:
    """Whichever statement an ingest dies at, the next run ends with what an undisturbed one stores."""
    calm, many = tmp_path / "calm" / "shop" / "app.log", 10_000
    statements = many - _grown(one_store, calm, many)
    wanted = engine.content(one_store, engine.numbers(one_store, calm))
    step = 2 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else statements // 6
    for at in range(1 + half * step // 2, statements + 1, step):
        path = tmp_path / str(at) / "shop" / "app.log"
        with pytest.raises(Killed):
            _grown(one_store, path, at)
        engine.ingest(one_store, path)
        assert engine.content(one_store, engine.numbers(one_store, path)) == wanted


_VICTIM = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
import engine
from logtriage import normalise
from logtriage.sources import read
from logtriage.store.store import Store
normalise.blocks = lambda source, **how: read.blocks(source, **{{**how, "size": 20_000}})
with Store(Path({store!r}), write=True) as store:
    print("open", flush=True)
    engine.ingest(store, Path({log!r}))
print("done", flush=True)
"""


def test_kill_9_at_any_moment(tmp_path: Path) -> None:
    """A process killed without warning, again and again, leaves a store that in the end holds each byte once."""
    log, folder = tmp_path / "app.log", tmp_path / "store"
    log.write_bytes(_log(0, 3000))
    script = _VICTIM.format(path=[str(Path(engine.__file__).parent), *sys.path], store=str(folder), log=str(log))
    for seed in range(4):
        victim = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert victim.stdout
        with victim:
            assert victim.stdout.readline() == "open\n"
            try:
                victim.wait(random.Random(seed).uniform(0, 1.5))
            except subprocess.TimeoutExpired:
                victim.kill()
        if folder.joinpath("catalog.sqlite").exists():
            with Store(folder) as store:
                assert log.read_bytes().startswith(_whole(store))
    with Store(folder, write=True) as store:
        engine.ingest(store, log)
        assert _whole(store) == log.read_bytes()
        killed = engine.content(store)
    with Store(tmp_path / "undisturbed", write=True) as store:
        engine.ingest(store, log)
        calm = engine.content(store)
    assert [row[:5] for row in killed["records"]] == [row[:5] for row in calm["records"]]
    assert killed["activity"] == calm["activity"]


def _long_log() -> bytes:
    """Lines, among them one of 10 kB without a blank, and a trace of 12 kB, as beginnings of records."""
    trace = b"".join(b"\tat com.shop.Order.step%04d(Order.java:%d)\n" % (n, n) for n in range(300))
    return _log(0, 20) + b"x" * 10_000 + b" end\n" + _log(20, 25) + trace + _log(25, 40)


def test_a_record_that_is_too_long_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte of it comes back in pieces that are not too long; it is counted once, and cut alike wherever blocks end."""
    monkeypatch.setattr(whole, "LONGEST", 2_000)
    log, ends = tmp_path / "app.log", []
    log.write_bytes(_long_log())
    for size in (300, 1_100, 2_000):
        engine.set_block_size(monkeypatch, size)
        with Store(tmp_path / f"store{size}", write=True) as store:
            tally = engine.ingest(store, log)
            assert tally.cut == [str(log)] * 2
            assert _whole(store) == _long_log()
            views.create(store)
            places = store.con.execute('SELECT "offset", octet_length(bytes) FROM records ORDER BY ALL').fetchall()
        assert max(length for _, length in places) == 2_000
        ends.append(places)
    assert ends[0] == ends[1] == ends[2]


def test_a_log_with_too_long_a_record_may_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in two goes, whatever the first one saw of a long record, a log is in the store as if read at once."""
    monkeypatch.setattr(whole, "LONGEST", 2_000)
    engine.set_block_size(monkeypatch, 1_100)
    log, data = tmp_path / "app.log", _long_log()
    log.write_bytes(data)
    with Store(tmp_path / "at-once", write=True) as store:
        engine.ingest(store, log)
        wanted = [row[:5] for row in engine.content(store)["records"]]
    start = data.index(b"xxx")
    for seen in (start, start + 1_500, start + 5_000, data.index(b"step0150") - 20):
        log.write_bytes(data[:seen])
        with Store(tmp_path / f"store{seen}", write=True) as store:
            engine.ingest(store, log)
            log.write_bytes(data)
            engine.ingest(store, log)
            assert _whole(store) == data
            assert [row[:5] for row in engine.content(store)["records"]] == wanted


def test_an_ordinary_block_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held back of a block and the next one are read together: no small rest is left to be read by itself."""
    monkeypatch.setattr(whole, "LONGEST", 16_000)
    (log := tmp_path / "app.log").write_bytes(_log(0, 2_000))
    read: list[int] = []
    genuine = Records.read
    monkeypatch.setattr(
        Records, "read", lambda self, block, *a, **how: read.append(len(block.data)) or genuine(self, block, *a, **how)
    )
    with Store(tmp_path / "store", write=True) as store:
        engine.ingest(store, log)
    assert len(read) == -(-log.stat().st_size // whole.block_size(16_000)) > 3


def test_a_source_that_needs_too_much_memory_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told which one and where; the others are read, and it too as soon as there is memory."""
    small, large = tmp_path / "a.log", tmp_path / "b.log"
    small.write_bytes(_log(0, 20))
    large.write_bytes(_log(0, 2_000))
    engine.set_block_size(monkeypatch, 16_000)
    genuine = Normaliser.finish

    def finish(self: Normaliser, block: Block, *args: Any, **how: Any) -> None:
        if block.source.path == large and block.offset > 40_000:
            raise MemoryError
        genuine(self, block, *args, **how)

    with Store(tmp_path / "store", write=True) as store:
        with monkeypatch.context() as short:
            short.setattr(Normaliser, "finish", finish)
            tally = engine.ingest(store, large, small)
        (error,) = tally.errors
        assert str(large) in error.message and "memory" in error.message and error.hint
        assert store.con.execute("SELECT count(*) FROM lake.records WHERE part = 2").fetchall() == [(20,)]
        assert not engine.ingest(store, large, small).errors
        assert store.con.execute("SELECT count(*) FROM lake.records").fetchall() == [(2_020,)]
