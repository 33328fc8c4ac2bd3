"""The only door to the store: a DuckLake, which is a catalog and Parquet files. Attach, write under a lock, look after it."""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from logtriage.errors import StoreError
from logtriage.sql import literal
from logtriage.store import extensions, lock, place, room
from logtriage.store.connection import connect
from logtriage.store.place import VERSION
from logtriage.store.unfinished import is_unfinished

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.gist import Gist, SnapshotId

ROW_GROUP = 30_720  # small ones: a search reads only the groups of the shapes it wants
_OTHER_CATALOG = re.compile(r"catalog version is ([\w.]+), but the extension requires version ([\w.]+\w)")
INLINE = 500  # inserts of fewer rows stay in the catalog until they are flushed


class Store:
    """An open store: `con` sees it as the database `lake`.

    `path` is a folder (catalog.sqlite and data/); with `write` the one writer's lock is held until `close`. `threads`:
    of a query, until it is `widen`ed; None: as many as there are processors. `told`: its gist as it was just now; then it is
    opened (`attach`) only where that and its files do not do, and seen as it was. With `write`, `began` is the snapshot that was
    found, or of which the gist was made last, and `touched` are the parts whose records were changed since (None: any).
    Raises StoreError where it is missing, held by another writer, of a newer version, or not readable.
    """

    def __init__(
        self, path: Path, *, write: bool = False, threads: int | None = None, told: Gist | None = None
    ) -> None:
        self.path = path
        self.write = write
        self.told, self._is_attached = told, False
        self._lock: IO[str] | None = None
        self.began: SnapshotId | None = None
        self.touched: set[int] | None = set()
        self.copy: room.Copy | None = None  # of the catalog, where that cannot be opened
        if os.path.exists(path) and not os.path.isdir(path):
            raise StoreError(f"{path} is a file, and a store is a folder", "name a folder with --store")
        if write:
            place.refuse_others(path)
            self._lock = lock.taken(path)
        else:
            place.require(path)
        self.con = connect(threads, trusting=extensions.all_installed())
        self.con.execute(f"SET temp_directory = {literal(str(room.for_much(path)))}")
        if told:
            return
        try:
            self.attach()
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
                self.renew_gist()
        finally:
            self.close()

    def close(self) -> None:
        """Releases the store; what was not committed is gone."""
        if con := getattr(self, "con", None):
            con.close()
        if self.copy:
            self.copy.close()
        if self._lock:
            self._lock.close()

    def renew_gist(self) -> None:
        """Brings the gist up to date with what was committed. Where it cannot be, searches do without."""
        import _duckdb as duckdb

        from logtriage.store import distil

        with contextlib.suppress(OSError, duckdb.Error, StoreError):
            self._require_here()
            if now := distil.renew(self.con, self.path, self.began, self.touched):
                self.began, self.touched = now, set()

    def widen(self) -> None:
        """Gives queries all processors. To share what little most of them do takes a third longer."""
        self.con.execute("RESET threads")

    def in_any_order(self) -> None:
        """What no ORDER BY asks for in order comes as it is found from now on: to take some rows out of several files, one
        thread would else go through all of them first."""
        self.con.execute("SET preserve_insertion_order = false")

    def attach(self) -> None:
        """Opens the database `lake`, if that is not done. Raises StoreError."""
        if not self._is_attached:
            self._is_attached = True
            self._attach()

    def _attach(self) -> None:
        import _duckdb as duckdb

        extensions.load(self.con)
        catalog = self.path / place.CATALOG
        try:
            with lock.private():
                try:
                    self._open(catalog)
                except duckdb.Error as why:
                    if self.write or not (room.is_full(self.path, why) or not os.access(self.path, os.W_OK)):
                        raise
                    self.copy = room.Copy(catalog)
                    self._open(self.copy.path)
                if self.write and (tables := self._tables()) < _schema().count("CREATE TABLE"):
                    self._add() if tables else self._make()
            version = self.con.execute("SELECT value FROM lake.meta WHERE key = 'version'").fetchall()
        except duckdb.Error as why:
            self.con.close()
            if not self.write and is_unfinished(catalog, _schema().count("CREATE TABLE")):
                raise StoreError(
                    f"the store {self.path} is not finished: its first ingest was cut off",
                    "`logtriage ingest SOURCE…` goes on with it",
                ) from why
            raise self._failed("cannot be opened", why) from why
        if not version or version[0][0] != VERSION:
            older = bool(version) and version[0][0].isdecimal() and int(version[0][0]) < int(VERSION)
            raise StoreError(
                f"the store {self.path} has version {version[0][0] if version else '?'}, this logtriage knows {VERSION}",
                "ingest the logs anew, into another store"
                if older
                else "update logtriage, or name another with --store",
            )

    def _open(self, catalog: Path) -> None:
        data = literal(str(self.path / "data"))
        options = f"DATA_PATH {data}, META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000, OVERRIDE_DATA_PATH true"
        if not self.write:
            options += ", READ_ONLY"
        if self.told:
            options += f", SNAPSHOT_VERSION {self.told.snapshot.number}"
        self.con.execute(f"ATTACH {literal(f'ducklake:sqlite:{catalog}')} AS lake ({options})")

    def _tables(self) -> int:
        return int(
            self.con.execute("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake'").fetchall()[0][0]
        )

    def _make(self) -> None:
        """Makes the tables, all at once: dying before leaves a catalog without any, which is made anew."""
        for key, value in (("parquet_row_group_size", ROW_GROUP), ("parquet_compression", "'zstd'"), ("parquet_version", 2),
                           ("data_inlining_row_limit", INLINE)):  # fmt: skip
            self.con.execute(f"CALL lake.set_option('{key}', {value})")
        with self.transaction():
            self.con.execute(_schema())
            self.con.execute("INSERT INTO lake.meta VALUES ('version', ?)", [VERSION])

    def _add(self) -> None:
        """Makes the tables that a store of this version may be without."""
        with self.transaction():
            self.con.execute(_schema())

    @contextlib.contextmanager
    def transaction(
        self, con: duckdb.DuckDBPyConnection | None = None, touches: Collection[int] | None = None
    ) -> Iterator[None]:
        """All or nothing: what is written inside (on `con`, else the store's own) is seen whole or not at all.
        `touches`: the parts whose records will be others; None: any. Raises StoreError."""
        import _duckdb as duckdb

        con = con or self.con
        self.touched = None if touches is None or self.touched is None else self.touched | set(touches)
        with self.changing():
            con.execute("BEGIN")
            try:
                yield
                self._require_here()  # DuckLake finds the catalog by its path
                con.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(duckdb.Error):
                    con.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """What cannot be written inside is told as StoreError, a full disk by name, and leaves no files behind."""
        import _duckdb as duckdb

        self._require_here()
        try:
            with lock.private():
                yield
        except duckdb.Error as why:
            self._require_here()
            with contextlib.suppress(duckdb.Error):
                self.free_orphans()
            raise self._failed("could not take the data", why) from why

    def _require_here(self) -> None:
        """Raises StoreError where the store that is written to is not at its path any more: another one may be there."""
        if self._lock and not lock.is_of(self._lock, self.path):
            raise StoreError(
                f"the store {self.path} was moved or deleted while it was written to; what came last is not in it",
                "run it again, with --store where the store is now: it goes on from there",
            )

    def _failed(self, what: str, why: Exception) -> StoreError:
        if room.is_full(self.path, why):
            return StoreError(f"no space is left for the store {self.path}", "free some space and run it again")
        if other := _OTHER_CATALOG.search(str(why)):
            return StoreError(
                f"the store {self.path} has a catalog of DuckLake {other[1]}, this logtriage knows {other[2]}",
                "update logtriage, or name another with --store",
            )
        return StoreError(f"the store {self.path} {what}: {_first_line(why)}")

    def free_orphans(self) -> None:
        """Deletes files that the catalog does not know: of writers that were killed, or found the disk full."""
        # DuckLake takes the path for a glob: in one that is a glob it would see other stores' files.
        if not glob.has_magic(str(self.path)):
            with self.con.cursor() as con:
                con.execute("CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)")


def _schema() -> str:
    from importlib import resources

    return resources.files("logtriage.store").joinpath("schema.sql").read_text()


def _first_line(why: Exception) -> str:
    return str(why).strip().split("\n")[0][:300]
