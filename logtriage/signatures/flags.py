"""The failures in a block's records: candidates from one Hyperscan pass, proved and captured by RE2."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from logtriage.formats.levels import SEVERITY
from logtriage.signatures.match import Matcher, prove

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Flags:
    """Makes the tables `found` (i, pattern, category, severity_number, captures) and `flags` (i, flags, severity_number),
    which the connection shows by these names."""

    def __init__(self, con: duckdb.DuckDBPyConnection, matcher: Matcher) -> None:
        self.con = con
        self.matcher = matcher
        self.found: pa.Table | None = None
        self.flags: pa.Table | None = None

    def let_go(self) -> None:
        """Gives the block's memory back."""
        self.found = self.flags = None
        for name in ("found", "flags"):
            self.con.unregister(name)

    def read(self, places: pa.Int64Array, texts: pa.Array) -> None:
        """Looks at the records of a block, of which `places` tells the number `i` and `texts` what they say; a record's flags
        are its patterns' ids in alphabetical order."""
        import pyarrow as pa

        self.found = self._proved(places, texts)
        self.con.register("found", self.found)
        if len(self.found):
            self.flags = self.con.execute(
                "SELECT i, string_agg(pattern, ' ' ORDER BY pattern) AS flags, "
                "max(severity_number) AS severity_number FROM found GROUP BY i"
            ).to_arrow_table()
        else:
            self.flags = pa.schema({"i": pa.int64(), "flags": pa.string(), "severity_number": pa.uint8()}).empty_table()
        self.con.register("flags", self.flags)

    def _proved(self, places: pa.Int64Array, texts: pa.Array) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        rows, patterns = self.matcher.scan(texts)
        found = [_found_schema().empty_table()]
        for k in sorted(pc.unique(patterns).to_pylist()):
            pattern, own = self.matcher.patterns[k], rows.filter(pc.equal(patterns, k))
            proved, captures = prove(pattern, texts.take(own))
            constants = (pattern.id, pattern.category, pa.scalar(SEVERITY[pattern.severity], pa.uint8()))
            columns = [pa.repeat(value, len(proved)) for value in constants]
            found.append(
                pa.Table.from_arrays([places.take(own.take(proved)), *columns, captures], schema=_found_schema())
            )
        return pa.concat_tables(found)


@functools.cache
def _found_schema() -> pa.Schema:
    import pyarrow as pa

    text = pa.string()
    return pa.schema({
        "i": pa.int64(), "pattern": text, "category": text, "severity_number": pa.uint8(), "captures": pa.map_(text, text),
    })  # fmt: skip
