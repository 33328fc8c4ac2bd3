"""A store as it is at one moment, for the queries on it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from logtriage.once import once
from logtriage.store import file_grams, files, gist, grams, lock
from logtriage.store.catalog import catalog_of, load, longest_runs, read_up_to
from logtriage.store.file_grams import Told
from logtriage.store.files import File
from logtriage.store.grams import Row as Bitmap
from logtriage.store.pieces import bare, placed
from logtriage.store.seams import ANY
from logtriage.store.views import NAMED_SHAPES, name_parts, others

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from logtriage.store.store import Store

# Ids are looked up one by one, up to so many: as a range, they would be looked for in most of the store's.
_LOOKED_UP = 1_000
# What queries put beside the store, as temporary tables, and how many bytes of it are too many.
_BESIDE = "SELECT coalesce(sum(memory_usage_bytes), 0) FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
_MOST_BESIDE = 48 << 20


class Snapshot:
    """A second connection (`con`) to an open store, which sees it as it is now, with what queries are made of.

    Temp views: `bare` (records as they are kept), `pieces` (and where they come from), `hits`. Results of `con` do not
    disturb those of the store's own connection, but each other: one at a time. Close it, or the snapshot is held until
    the store is closed.
    """

    def __init__(self, store: Store) -> None:
        self._reading = ExitStack()
        self._reading.enter_context(lock.reading(store.path))
        self._arranged = lock.arranged(store.path)
        self._store, self._con, self._is_open = store, store.con.cursor(), False
        self._con.execute(f"SET TimeZone = 'UTC'; SET dynamic_or_filter_threshold = {_LOOKED_UP}")
        self.memory: dict[Hashable, Any] = {}  # what queries keep in mind of it
        self._folder = store.path
        if store.told:
            self.version = store.told.snapshot.number
        else:
            self._open()
        self.gist = told = store.told or gist.of(self._con, store.path)
        self.catalog = catalog_of(told.parts, told.formats, told.renderings) if told else load(self._con)
        name_parts(self._con, self.catalog)
        if not store.told:
            self.con  # noqa: B018 - now, as threads may ask for it later

    @once
    def con(self) -> duckdb.DuckDBPyConnection:
        """The connection, which sees the whole store."""
        self._open()
        views = {
            "bare": bare(), "pieces": placed("bare"), "hits": others()["hits"], "named_shapes": NAMED_SHAPES,
        }  # fmt: skip
        for name, sql in views.items():
            self._con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
        return self._con

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Runs a statement. One that names files alone, and what was put beside the store, does without the store."""
        import _duckdb as duckdb

        try:
            return self._con.execute(sql, parameters)
        except (duckdb.CatalogException, duckdb.BinderException):
            if self._is_open:
                raise
            return self.con.execute(sql, parameters)

    def widen(self) -> None:
        """Gives queries all processors."""
        self._store.widen()

    def _open(self) -> None:
        if not self._is_open:
            self._is_open = True
            self._store.attach()
            self._con.execute("BEGIN")  # outside a transaction every statement would read the catalog anew
            self.version = self._now()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @once
    def records(self) -> dict[tuple[int, int], int]:
        """(part, shape) → how many records, from the activity; only where there are any."""
        if self.gist:
            return self.gist.records
        sql = "SELECT part, shape, sum(records)::BIGINT AS n FROM lake.activity GROUP BY part, shape HAVING n > 0"
        return {(part, shape): n for part, shape, n in self.con.execute(sql).fetchall()}

    @once
    def shapes(self) -> list[tuple[int, str]]:
        """(number, text) of the shapes in which a search can rely on it; there may be some that no record has."""
        if self.gist:
            return self.gist.shapes
        return self.con.execute(f"SELECT shape, text FROM lake.shapes WHERE shape > {ANY}").fetchall()

    @once
    def minutes(self) -> tuple[datetime, datetime] | None:
        """The first and the last minute (UTC, naive) that has a record; None where no record has a time."""
        if self.gist:
            return self.gist.minutes
        rows = self.con.execute("SELECT min(minute), max(minute) FROM lake.activity WHERE records > 0").fetchall()
        return rows[0] if rows[0][0] is not None else None

    @once
    def runs(self) -> dict[tuple[int, int], int]:
        """(part, shape) → how long the longest run with a digit is in the frames and bodies of its records, if known."""
        return self.gist.runs if self.gist else longest_runs(self.con)

    @once
    def grams(self) -> dict[int, list[Bitmap]]:
        """What lake.grams has of each part, and of ids; of older stores, of files too."""
        every = None if self.files is None or self.id_files is None else [*self.files, *self.id_files]
        if every is not None and all(file_grams.name_of(file) in self.file_grams for file in every):
            return {}
        return grams.load(self.con)

    @once
    def file_grams(self) -> Told:
        """What is told of whole files (see file_grams.py)."""
        return file_grams.read(self._folder)

    @once
    def files(self) -> list[File] | None:
        """The files that all records lie in; None: they lie elsewhere too."""
        told = files.untold(self.gist.files, self._folder) if self.gist else None
        return told if told is not None else files.load(self.con, "records")

    @once
    def id_files(self) -> list[File] | None:
        """The same of the ids."""
        told = files.untold(self.gist.id_files, self._folder) if self.gist else None
        return told if told is not None else files.load(self.con, "ids")

    @once
    def ends(self) -> dict[int, int]:
        """Up to which offset each part was read."""
        return self.gist.reached if self.gist else read_up_to(self.con)

    @property
    def unshaped(self) -> bool:
        """Are there records of whose shape a search cannot be sure?"""
        return any(shape <= ANY for _, shape in self.records)

    def has_room(self) -> bool:
        """May queries put more beside the store?"""
        return bool(self._con.execute(_BESIDE).fetchall()[0][0] < _MOST_BESIDE)

    def sweep(self) -> bool:
        """Frees what queries put beside the store, once it is much: DuckDB holds it until a transaction ends, and a new one
        reads the catalog anew. False: the store is not the same any more, and this snapshot is of no further use."""
        if self.has_room():
            return True
        self.con.execute("COMMIT; BEGIN")
        return self.version == self._now()

    def rest(self) -> None:
        """Until it is to `wake`, the store's files may be put in order."""
        self._reading.close()

    def wake(self) -> bool:
        """It is asked again. False: the files were put in order meanwhile, and this snapshot is of no further use."""
        self._reading.enter_context(lock.reading(self._folder))
        return self._arranged == lock.arranged(self._folder)

    def _now(self) -> int:
        """The number of the store's version that is seen."""
        return int(self._con.execute("FROM lake.current_snapshot()").fetchall()[0][0])

    def close(self) -> None:
        """Lets go of the snapshot."""
        self._con.close()
        self._reading.close()


@contextmanager
def snapshot_of(store: Store | Snapshot) -> Iterator[Snapshot]:
    """A snapshot of the store for a while, or the one given."""
    if isinstance(store, Snapshot):
        yield store
    else:
        with Snapshot(store) as snapshot:
            yield snapshot


def twins(store: Store) -> tuple[Snapshot, Snapshot]:
    """Two snapshots that see the same, so that each can have a result under way."""
    one, other = Snapshot(store), Snapshot(store)
    while one.version != other.version:
        one.close()
        one, other = other, Snapshot(store)
    return one, other
