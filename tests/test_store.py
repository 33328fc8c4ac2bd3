"""The store: one writer, any number of readers, its owner's alone, and clear words where it cannot be had."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import engine
import pytest
from command import environment, logtriage
from stores import fill

from logtriage.errors import StoreError, StoreInUse
from logtriage.store import lock, verify
from logtriage.store import store as store_module
from logtriage.store.connection import connect
from logtriage.store.place import default_path
from logtriage.store.store import Store
from logtriage.store.upkeep import compact

LINE = b"2026-03-02T10:00:00Z INFO hello\n"

_HOLDER = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from logtriage.store.store import Store
with Store(Path({store!r}), write=True):
    print("held", flush=True)
    sys.stdin.read()
"""

_READER = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from logtriage.store.store import Store
for _ in sys.stdin:
    with Store(Path({store!r})) as store:
        records, = store.con.execute("SELECT count(*) FROM lake.records").fetchone()
        counted, = store.con.execute("SELECT coalesce(sum(records), 0)::BIGINT FROM lake.activity").fetchone()
        offset, = store.con.execute('SELECT coalesce(max("offset"), 0) FROM lake.progress').fetchone()
    print(records, counted, offset, flush=True)
"""


def test_who_looks_for_a_writer_keeps_none_from_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`is_taken` shares the lock for an instant: a writer that begins just then takes it all the same, a second one does not."""
    with open(tmp_path / "lock", "a+") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        shared = fcntl.flock

        def meanwhile(file: object, how: int) -> None:
            shared(file, how)  # type: ignore[arg-type]
            if how == fcntl.LOCK_UN:
                shared(looking, how)

        monkeypatch.setattr(lock.fcntl, "flock", meanwhile)
        with lock.taken(tmp_path):
            assert lock.is_taken(tmp_path)
            with pytest.raises(StoreInUse):
                lock.taken(tmp_path)
        assert not lock.is_taken(tmp_path)


def process(script: str, store: Path) -> subprocess.Popen[str]:
    """Another process with the store's path."""
    code = script.format(path=sys.path, store=str(store))
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("piece", [1 << 20, 900, 100])
def test_checked_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """However much is put together at once, of one log or of several, each record is looked at: also the one that is gone."""
    logs = [tmp_path / f"{n}.log" for n in range(9)]
    for n, log in enumerate(logs):
        log.write_bytes(b"".join(b"%d %s" % (k, LINE) for k in range(4 * n + 1)))
    fill(tmp_path / "st", logs)
    monkeypatch.setattr(verify, "_PIECE", piece)
    with Store(tmp_path / "st") as store:  # a log of one record has bytes as well
        assert len(list(verify._pieces(store))) >= sum(log.stat().st_size for log in logs) / (2 * piece)
    with Store(tmp_path / "st", write=True) as store:
        found = verify.check(store)
        assert (found.parts, found.records, found.compared, found.wrong) == (9, 153, 9, [])
        for log in (logs[0], logs[8]):
            end = log.stat().st_size
            part = "(SELECT part FROM lake.parts WHERE ends_with(source, ?))"
            store.con.execute(f'DELETE FROM lake.records WHERE part = {part} AND "offset" >= ? - 40', [log.name, end])
            wrong = "\n".join(verify.check(store).wrong)
            assert f"{log.name} (part " in wrong and "are missing" in wrong


def test_what_is_older_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of an earlier commit are found by their times and ids, also where many beside them have none."""
    monkeypatch.setattr(store_module, "ROW_GROUP", 2048)
    plain, old, new = (tmp_path / name for name in ("plain.log", "old.log", "new.log"))
    plain.write_text("no time, and no id\n" * 5000)
    for path, hour in ((old, 10), (new, 12)):
        path.write_text("".join(
            f"2026-03-02T{hour}:00:{k % 60:02} INFO done in {k} ms trace_id={hour}{k:030x} ended\n" for k in range(600)
        ))  # fmt: skip
    with Store(tmp_path / "store", write=True) as store:
        engine.ingest(store, plain, old)
        engine.ingest(store, new)
    with Store(tmp_path / "store") as store:
        older = "SELECT count(*) FROM lake.records WHERE timestamp < TIMESTAMP '2026-03-02 11:00'"
        assert store.con.execute(older).fetchall() == [(600,)]
        assert store.con.execute("SELECT min(trace) FROM lake.records").fetchall() == [(1,)]
        found = [row["trace_id"] for row in engine.stored(store) if row["trace_id"]]
        assert len(set(found)) == 1200
        assert engine.parts(store) == {n: path.read_bytes() for n, path in enumerate((plain, old, new), 1)}


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    """While one process writes, another one that wants to gets a StoreError naming it; readers get in."""
    with process(_HOLDER, tmp_path / "store") as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=rf"process {holder.pid}\b"):
            Store(tmp_path / "store", write=True)
        with Store(tmp_path / "store") as reader:
            assert engine.stored(reader) == []
        holder.stdin.close()
    with Store(tmp_path / "store", write=True) as again:
        assert engine.stored(again) == []


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    """A writer that was killed holds the store no more."""
    with process(_HOLDER, tmp_path / "store") as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
    with Store(tmp_path / "store", write=True):
        pass


def test_two_writers_in_one_process(tmp_path: Path) -> None:
    """The lock holds within a process too, and is let go on close."""
    with Store(tmp_path / "store", write=True), pytest.raises(StoreError, match=f"process {os.getpid()}"):
        Store(tmp_path / "store", write=True)
    Store(tmp_path / "store", write=True).close()


def test_a_reader_sees_whole_commits_only(tmp_path: Path) -> None:
    """What another process sees beside a writer is what was last committed: rows, counts and progress of one moment."""
    path = tmp_path / "app.log"
    path.write_bytes(LINE * 10)
    with Store(tmp_path / "store", write=True) as store:
        engine.ingest(store, path)
        with process(_READER, tmp_path / "store") as reader:
            assert reader.stdin
            assert reader.stdout

            def seen() -> list[int]:
                assert reader.stdin
                assert reader.stdout
                print("look", file=reader.stdin, flush=True)
                return [int(word) for word in reader.stdout.readline().split()]

            assert seen() == [10, 10, 10 * len(LINE)]
            with store.transaction():
                store.con.execute("INSERT INTO lake.records (part) SELECT 1 FROM range(5000)")
                assert seen() == [10, 10, 10 * len(LINE)]
                store.con.execute("INSERT INTO lake.activity (part, records) VALUES (1, 5000)")
                assert seen() == [10, 10, 10 * len(LINE)]
            assert seen()[:2] == [5010, 5010]
            reader.stdin.close()


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    """A transaction that ends with an error of any kind leaves the store as it was, and a later one works."""
    with Store(tmp_path / "store", write=True) as store:
        for error in (ValueError, KeyboardInterrupt, SystemExit):
            with pytest.raises(error), store.transaction():
                store.con.execute("INSERT INTO lake.meta VALUES ('a', 'b')")
                raise error
        with pytest.raises(StoreError, match=r"could not take the data"), store.transaction():
            store.con.execute("INSERT INTO lake.meta VALUES ('a', 'b')")
            store.con.execute("SELECT * FROM no_such_table")
        assert store.con.execute("SELECT count(*) FROM lake.meta WHERE key = 'a'").fetchall() == [(0,)]
        with store.transaction():
            store.con.execute("INSERT INTO lake.meta VALUES ('a', 'b')")
        assert store.con.execute("SELECT count(*) FROM lake.meta WHERE key = 'a'").fetchall() == [(1,)]


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Logs hold secrets: all folders of a store are 0700 and all files 0600, whatever the umask."""
    (tmp_path / "app.log").write_bytes(LINE * 2000)
    before = os.umask(0o022)
    try:
        with Store(tmp_path / "store", write=True) as store:
            engine.ingest(store, tmp_path / "app.log")
            _all_private(tmp_path / "store")
        with Store(tmp_path / "store") as store:
            engine.stored(store)
            _all_private(tmp_path / "store")
        _all_private(tmp_path / "store")
    finally:
        os.umask(before)


def _all_private(folder: Path) -> None:
    entries = [folder, *folder.rglob("*")]
    assert any(entry.suffix == ".parquet" for entry in entries)
    modes = {str(entry.relative_to(folder.parent)): stat.S_IMODE(entry.stat().st_mode) for entry in entries}
    wrong = {name: oct(mode) for name, mode in modes.items() if mode & 0o077}
    assert not wrong


def test_a_newer_store_is_not_touched(tmp_path: Path) -> None:
    """A store that a later version made is refused, to read and to write, with both versions named."""
    with Store(tmp_path / "store", write=True) as store:
        store.con.execute("UPDATE lake.meta SET value = '999' WHERE key = 'version'")
    for write in (False, True):
        with pytest.raises(StoreError, match=r"version 999, this logtriage knows \d"):
            Store(tmp_path / "store", write=write)


def test_a_catalog_of_another_ducklake_is_told(tmp_path: Path) -> None:
    """A catalog that another DuckLake made is refused in a line that names both versions, and is left as it is."""
    with Store(tmp_path / "store", write=True):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / "store" / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE ducklake_metadata SET value = '7.7' WHERE key = 'version'")
    for write in (False, True):
        with pytest.raises(StoreError, match=r"a catalog of DuckLake 7\.7, this logtriage knows \d") as told:
            Store(tmp_path / "store", write=write)
        assert told.value.hint and "update logtriage" in told.value.hint


class Killed(BaseException):
    """As a signal that comes at the worst moment."""


class _Mortal:
    """A connection that dies at its n-th statement."""

    def __init__(self, con: Any, statements: int) -> None:
        self._con, self._left = con, statements

    def execute(self, *args: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Killed
        return self._con.execute(*args)

    def close(self) -> None:
        self._con.close()


def test_dying_while_a_store_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever statement the making of a store ends at, the next writer makes a whole one of what is there."""
    (tmp_path / "app.log").write_bytes(LINE)
    for statements in range(30):
        folder = tmp_path / f"killed-{statements}"
        with monkeypatch.context() as patch:
            patch.setattr(
                store_module,
                "connect",
                lambda *args, left=statements, **options: _Mortal(connect(*args, **options), left),
            )
            try:
                Store(folder, write=True).close()
            except Killed:
                alive = False
            else:
                alive = True
        with Store(folder, write=True) as store:
            engine.ingest(store, tmp_path / "app.log")
            assert engine.parts(store) == {1: LINE}
        if alive:
            break
    else:
        pytest.fail("a store takes more statements than were tried")


def test_an_empty_catalog_is_a_store_to_be_made(tmp_path: Path) -> None:
    """A catalog of no bytes, as a machine that lost its power leaves it, stops nobody."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "catalog.sqlite").touch()
    with Store(tmp_path / "store", write=True) as store:
        assert engine.stored(store) == []


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.parquet")}


def test_compacting_leaves_no_more_than_is_needed(tmp_path: Path) -> None:
    """Compacting again and again adds no files; what killed writers and readers left behind goes."""
    for k in range(3):
        (tmp_path / f"{k}.log").write_bytes(LINE * 1500)
    with Store(tmp_path / "store", write=True) as store:
        for k in range(3):
            engine.ingest(store, tmp_path / f"{k}.log")
        compact(store)
        before = _files(tmp_path / "store")
        left = tmp_path / "store" / "data" / "main" / "records" / "ducklake-left.parquet"
        left.write_bytes(b"PAR1")
        (tmp_path / "store" / "temp-99999999").mkdir()
        compact(store)
        after = _files(tmp_path / "store")
        assert len(after) <= len(before)
        assert not left.exists()
        assert not (tmp_path / "store" / "temp-99999999").exists()
        assert sorted(engine.parts(store).values()) == [LINE * 1500] * 3


@pytest.mark.parametrize("lines", [20, 600])
def test_compacting_a_small_store_makes_no_more_files_of_it(tmp_path: Path, lines: int) -> None:
    """The few rows that the catalog keeps of a table stay there where the table has no file; nothing is lost by it."""
    (tmp_path / "a.log").write_bytes(LINE * lines)
    with Store(tmp_path / "store", write=True) as store:
        engine.ingest(store, tmp_path / "a.log")
        before = _files(tmp_path / "store")
        compact(store)
        assert len(_files(tmp_path / "store")) <= len(before)
        assert engine.parts(store) == {1: LINE * lines}


def test_only_its_own_files_are_deleted(tmp_path: Path) -> None:
    """A store whose path is a glob leaves the files of the stores alone that the glob matches."""
    for name in ("store?", "store1"):
        (tmp_path / f"{name}.log").write_bytes(LINE * 1500)
        with Store(tmp_path / name, write=True) as store:
            engine.ingest(store, tmp_path / f"{name}.log")
    before = _files(tmp_path / "store1")
    with Store(tmp_path / "store?", write=True) as store:
        compact(store)
    assert _files(tmp_path / "store1") == before


def test_no_store_is_told(tmp_path: Path) -> None:
    """Reading where there is none names the place and says how one is made, and makes none."""
    with pytest.raises(StoreError, match=str(tmp_path / "none")) as caught:
        Store(tmp_path / "none")
    assert caught.value.hint
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\0" + bytes(84)])
def test_a_broken_catalog_is_told(content: bytes, tmp_path: Path) -> None:
    """A catalog that is none is an error in one line that names the store, not a traceback, and its bytes stay."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "catalog.sqlite").write_bytes(content)
    for write in (False, True):
        with pytest.raises(StoreError, match=str(tmp_path / "store")) as caught:
            Store(tmp_path / "store", write=write)
        assert "\n" not in str(caught.value)
    assert (tmp_path / "store" / "catalog.sqlite").read_bytes() == content


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A path below a file, or one that is a file, is an error that names it."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "store", tmp_path / "file"):
        with pytest.raises(StoreError, match=str(path)):
            Store(path, write=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_leave_is_told(tmp_path: Path) -> None:
    """A folder that the user may not write to is an error that names it."""
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "locked" / "store", write=True)


def test_odd_names_are_names(tmp_path: Path) -> None:
    """Quotes, blanks, percent signs and other languages in a path make no difference."""
    folder = tmp_path / 'it\'s "a" 100% störe; --'
    path = folder / "o'neil's log {n}.log"
    folder.mkdir()
    path.write_bytes(LINE * 3)
    with Store(folder / "store", write=True) as store:
        engine.ingest(store, path)
    with Store(folder / "store") as store:
        assert engine.parts(store) == {1: LINE * 3}


def test_the_default_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """LOGTRIAGE_STORE names the store; without it, it is in the platform's state folder."""
    monkeypatch.setenv("LOGTRIAGE_STORE", str(tmp_path / "named"))
    assert default_path() == tmp_path / "named"
    monkeypatch.delenv("LOGTRIAGE_STORE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert default_path() == tmp_path / "state" / "logtriage"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local" / "state" / "logtriage"


def test_no_python_is_called_to_find_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB does not look for tables among Python's variables, where it would drop the exception that a Ctrl-C is."""
    called = []
    monkeypatch.setattr("inspect.currentframe", lambda: called.append(1))
    with Store(tmp_path / "st", write=True) as store:
        assert store.con.execute("SELECT count(*) FROM lake.ids").fetchall() == [(0,)]
        with pytest.raises(duckdb.CatalogException):
            store.con.execute("FROM called")
    assert not called


@pytest.mark.parametrize("empty", [True, False], ids=["empty", "without our tables"])
def test_a_store_that_is_not_finished(tmp_path: Path, empty: bool) -> None:
    """A store whose first ingest was cut off while it was made says so to who reads it, and the next ingest goes on."""
    path = tmp_path / "store"
    with Store(path, write=True) as store:
        for name in [row[0] for row in store.con.execute("SHOW TABLES FROM lake").fetchall()]:
            store.con.execute(f"DROP TABLE lake.{name}")
    if empty:
        (path / "catalog.sqlite").write_bytes(b"")
    with pytest.raises(StoreError, match="is not finished") as told:
        Store(path)
    assert "ingest" in (told.value.hint or "")
    with Store(path, write=True):
        pass
    Store(path).close()


def test_a_store_where_nothing_may_be_written_is_read(tmp_path: Path) -> None:
    """On a read-only mount, or in somebody else's folder, SQLite cannot make its files: a copy of the catalog is read."""
    mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    command = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"'
    if not shutil.which("unshare") or subprocess.run([*mount, command, str(tmp_path)], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    (tmp_path / "a.log").write_text("2026-03-02 10:00:00 INFO one\n2026-03-02 10:00:01 INFO two\n")
    assert logtriage("ingest", "--store", tmp_path / "st", tmp_path / "a.log").code == 0
    asked = [sys.executable, "-m", "logtriage", "sql", "--store", str(tmp_path / "st"), "--output", "csv"]
    ran = subprocess.run(
        [*mount, f'{command} && exec "$@"', str(tmp_path), *asked, "SELECT count(*) AS n FROM records"],
        capture_output=True, text=True, env=environment(), check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout.split()) == (0, ["n", "2"]), ran.stderr
