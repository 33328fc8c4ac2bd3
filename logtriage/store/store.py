"""The only door to the store: a DuckLake, which is a catalog and Parquet files. Attach, write under a lock, look after it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from logtriage.errors import StoreError

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.gist import Snapshot

VERSION = "3"
_ROW_GROUP = 30_720  # small ones: a search reads only the groups of the shapes it wants
_INLINE = 500  # inserts of fewer rows stay in the catalog until they are flushed
_OWN = {"catalog.sqlite", "lock"}  # what a store begins with
_BESIDE = {"marks.json", "reports", "sessions"}  # what may be there before it
_EXTENSIONS = ("ducklake", "sqlite_scanner")


def default_path() -> Path:
    """The user's own store: `LOGTRIAGE_STORE`, else `logtriage` in the platform's state folder."""
    if named := os.environ.get("LOGTRIAGE_STORE"):
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/logtriage"
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "logtriage"


def connect(threads: int | None = None, *, trusting: bool = False) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB whose times are UTC and that reaches nothing outside what it is given.

    `trusting`: it loads extensions without checking DuckDB's signature of the whole file, which takes .09 s each.
    """
    import duckdb

    con = duckdb.connect(config={"allow_unsigned_extensions": trusting})
    con.execute("SET TimeZone = 'UTC'; SET autoinstall_known_extensions = false; SET memory_limit = '600MB'")
    if threads:
        con.execute(f"SET threads = {threads}")
    return con


class Store:
    """An open store: `con` sees it as the database `lake`.

    `path` is a folder (catalog.sqlite and data/); with `write` the one writer's lock is held until `close`. `threads`:
    of a query, until it is reset; None: as many as there are processors. With `write`, `began` is the snapshot that was
    found, and `touched` are the parts whose records were changed since (None: any).
    Raises StoreError where it is missing, held by another writer, of a newer version, or not readable.
    """

    def __init__(self, path: Path, *, write: bool = False, threads: int | None = None) -> None:
        self.path = path
        self.write = write
        self._lock: IO[str] | None = None
        self.began: Snapshot | None = None
        self.touched: set[int] | None = set()
        if os.path.exists(path) and not os.path.isdir(path):
            raise StoreError(f"{path} is a file, and a store is a folder", "name a folder with --store")
        if write:
            self._refuse_others()
            self._prepare()
        elif not (path / "catalog.sqlite").exists():
            raise StoreError(f"there is no store at {path}", "`logtriage ingest SOURCE…` makes one")
        self.con = connect(threads, trusting=all(map(_installed, _EXTENSIONS)))
        try:
            self._attach()
            if write:
                from logtriage.store.gist import snapshot_of

                self.began = snapshot_of(self.con)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        try:
            if self.began and failed is None:
                self._renew_gist()
        finally:
            self.close()

    def close(self) -> None:
        """Releases the store; what was not committed is gone."""
        if con := getattr(self, "con", None):
            con.close()
        if self._lock:
            self._lock.close()

    def _refuse_others(self) -> None:
        """Raises StoreError where the folder holds other things: a store does not spread among somebody's files."""
        try:
            held = {one.name for one in self.path.iterdir()}
        except OSError:  # not there yet, or told by what comes next
            return
        if held - _BESIDE and not held & _OWN:
            raise StoreError(
                f"{self.path} is no store, and not empty", "name a new or empty folder, or a store, with --store"
            )

    def _prepare(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _private():
                self._lock = open(self.path / "lock", "a+")  # noqa: SIM115 - held until close
            os.chmod(self.path, 0o700)
        except OSError as why:
            raise StoreError(
                f"the store {self.path} cannot be written: {why.strerror}", "name another with --store"
            ) from why
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as why:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise StoreError(
                f"another logtriage (process {holder}) is writing to {self.path}",
                "wait for it, or name another with --store",
            ) from why
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def _attach(self) -> None:
        import duckdb

        for name in _EXTENSIONS:
            _load(self.con, name)
        catalog, data = str(self.path / "catalog.sqlite"), str(self.path / "data")
        options = (
            f"DATA_PATH '{_quoted(data)}', META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000, OVERRIDE_DATA_PATH true"
        )
        if not self.write:
            options += ", READ_ONLY"
        try:
            with _private():
                self.con.execute(f"ATTACH 'ducklake:sqlite:{_quoted(catalog)}' AS lake ({options})")
                if self.write and not self._tables():
                    self._make()
            version = self.con.execute("SELECT value FROM lake.meta WHERE key = 'version'").fetchall()
        except duckdb.Error as why:
            raise StoreError(f"the store {self.path} cannot be opened: {_first_line(why)}") from why
        if not version or version[0][0] != VERSION:
            older = bool(version) and int(version[0][0]) < int(VERSION)
            raise StoreError(
                f"the store {self.path} has version {version[0][0] if version else '?'}, this logtriage knows {VERSION}",
                "ingest the logs anew, into another store"
                if older
                else "update logtriage, or name another with --store",
            )

    def _renew_gist(self) -> None:
        """Where it cannot be, searches do without."""
        import duckdb

        from logtriage.store import gist

        with contextlib.suppress(OSError, duckdb.Error):
            gist.renew(self)

    def _tables(self) -> int:
        return int(
            self.con.execute("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake'").fetchall()[0][0]
        )

    def _make(self) -> None:
        """Makes the tables, all at once: dying before leaves a catalog without any, which is made anew."""
        for key, value in (("parquet_row_group_size", _ROW_GROUP), ("parquet_compression", "'zstd'"), ("parquet_version", 2),
                           ("data_inlining_row_limit", _INLINE)):  # fmt: skip
            self.con.execute(f"CALL lake.set_option('{key}', {value})")
        with self.transaction():
            from importlib import resources

            self.con.execute(resources.files("logtriage.store").joinpath("schema.sql").read_text())
            self.con.execute("INSERT INTO lake.meta VALUES ('version', ?)", [VERSION])

    @contextlib.contextmanager
    def transaction(
        self, con: duckdb.DuckDBPyConnection | None = None, touches: Collection[int] | None = None
    ) -> Iterator[None]:
        """All or nothing: what is written inside (on `con`, else the store's own) is seen whole or not at all. A full disk
        is told as StoreError. `touches`: the parts whose records will be others; None: any."""
        import duckdb

        con = con or self.con
        self.touched = None if touches is None or self.touched is None else self.touched | set(touches)
        con.execute("BEGIN")
        try:
            with _private():
                yield
                con.execute("COMMIT")
        except BaseException as why:
            with contextlib.suppress(duckdb.Error):
                con.execute("ROLLBACK")
            if isinstance(why, duckdb.Error):
                if "No space left" in str(why):
                    hint = "free some space and run it again"
                    raise StoreError(f"no space is left for the store {self.path}", hint) from why
                raise StoreError(f"the store {self.path} could not take the data: {_first_line(why)}") from why
            raise


@contextlib.contextmanager
def _private() -> Iterator[None]:
    """Files made inside are their owner's alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _installed(name: str) -> Path | None:
    """The file of an extension that pip has brought: it is as much to be trusted as all else that pip has brought."""
    import importlib.util

    import duckdb

    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if not spec or not spec.origin:
        return None
    return next(Path(spec.origin).parent.glob(f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"), None)


def _load(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Loads an official extension: from its wheel where there is one, else from DuckDB's repository."""
    import duckdb

    found = _installed(name)
    try:
        con.execute(f"LOAD '{_quoted(str(found))}'" if found else f"INSTALL {name}; LOAD {name}")
    except duckdb.Error as why:
        raise StoreError(
            f"DuckDB's extension {name} cannot be loaded: {_first_line(why)}", "install logtriage again"
        ) from why


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _first_line(why: Exception) -> str:
    return str(why).strip().split("\n")[0][:300]
