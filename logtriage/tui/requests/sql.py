"""SQL of a person's own: run on a connection of its own that reaches nothing but the store, for so long and no longer."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from logtriage.answers import statement
from logtriage.errors import UsageError
from logtriage.kept import replacing
from logtriage.store.lock import reading
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.tui.requests.request import Request

if TYPE_CHECKING:
    import duckdb

MOST = 5_000  # rows shown
_CELL = 2_000  # characters of a value that are kept
_PATIENCE = 60.0  # seconds


class Result(NamedTuple):
    """The first rows of an answer, their values as text (`numbers`: which columns stand on the right); `more`: not all;
    `seconds` it took."""

    names: list[str]
    rows: list[tuple[str, ...]]
    numbers: tuple[bool, ...]
    more: bool
    seconds: float


@dataclass
class _Asked(Request):
    """`text` is to be run on the store at `path`, of these parts (None: all), for `patience` seconds at most."""

    path: Path
    text: str
    parts: tuple[int, ...] | None = None
    patience: float = _PATIENCE
    _con: duckdb.DuckDBPyConnection | None = field(default=None, repr=False, compare=False)
    _cancelled: bool = field(default=False, repr=False, compare=False)
    kind: ClassVar[str] = "sql"
    lane: ClassVar[str] = "aside"

    def cancel(self) -> None:
        self._cancelled = True
        if self._con is not None:
            self._con.interrupt()

    @contextlib.contextmanager
    def _result(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The answer, to be read within the time. Raises UsageError where the statement is wrong or takes too long."""
        import _duckdb as duckdb

        late = threading.Event()

        def stop() -> None:
            late.set()
            self.cancel()

        timer = threading.Timer(self.patience, stop)
        timer.daemon = True
        try:
            with reading(self.path), Store(self.path) as store:
                statement.shut(store, self.parts)
                wanted = statement.checked(store.con, self.text)
                self._con = store.con
                timer.start()
                if self._cancelled:
                    raise UsageError("sql: cancelled")
                yield store.con.execute(wanted)
        except duckdb.Error as why:
            if late.is_set():
                raise UsageError(f"sql: stopped, it took longer than {self.patience:.0f} s") from why
            raise statement.wrong(why) from why
        finally:
            timer.cancel()
            self._con = None


@dataclass
class Ask(_Asked):
    """Some rows of the answer → Result."""

    def answer(self, snapshot: Snapshot) -> Result:
        started = time.monotonic()
        with self._result() as result:
            names = statement.names_of(result)
            found = result.fetchmany(MOST + 1) if names else []
        numbers = tuple(all(_is_number(row[k]) for row in found) for k in range(len(names)))
        rows = [tuple(_text(value) for value in row) for row in found[:MOST]]
        return Result(names, rows, numbers, len(found) > MOST, time.monotonic() - started)


@dataclass
class Export(_Asked):
    """The whole answer, in the file `to`: csv, jsonl or parquet, as its name ends → how many rows."""

    to: Path = Path()

    def answer(self, snapshot: Snapshot) -> int:
        kind = self.to.suffix.lstrip(".").lower()
        if kind not in statement.OUTPUTS:
            raise UsageError(f"{self.to}: the name must end in .csv, .jsonl or .parquet")
        if self.to.exists():
            raise UsageError(f"{self.to} is there already")
        try:
            with self._result() as result, replacing(self.to, private=False) as file:
                if kind == "parquet":
                    return statement.write_parquet(result, file)
                lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
                rows = statement.print_rows(result, kind, lines)
                lines.detach()  # what it still holds is written; the file stays open
                return rows
        except OSError as why:
            raise UsageError(f"{self.to}: {why.strerror}") from why


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value[:_CELL].decode("utf-8", "replace")
    return str(value)[:_CELL]
