"""The parts of DuckDB that a store needs: official extensions, from their wheels where there are such."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.errors import StoreError
from logtriage.sql import literal

if TYPE_CHECKING:
    import duckdb

_NAMES = ("ducklake", "sqlite_scanner")


def all_installed() -> bool:
    """Whether pip has brought all of them: they are as much to be trusted then as all else that pip has brought."""
    return all(map(_installed, _NAMES))


def load(con: duckdb.DuckDBPyConnection) -> None:
    """Loads them, where there is no wheel from DuckDB's repository. Raises StoreError."""
    import _duckdb as duckdb

    for name in _NAMES:
        found = _installed(name)
        try:
            con.execute(f"LOAD {literal(str(found))}" if found else f"INSTALL {name}; LOAD {name}")
        except duckdb.Error as why:
            first = str(why).strip().split("\n")[0][:300]
            raise StoreError(f"DuckDB's extension {name} cannot be loaded: {first}", "install logtriage again") from why


def _installed(name: str) -> Path | None:
    """The file of an extension that pip has brought."""
    import importlib.util

    import _duckdb as duckdb

    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if not spec or not spec.origin:
        return None
    return next(Path(spec.origin).parent.glob(f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"), None)
