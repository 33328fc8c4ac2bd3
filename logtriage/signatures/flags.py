"""The failures in a block's records: candidates from one Hyperscan pass, proved and captured by RE2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logtriage.formats.levels import SEVERITY
from logtriage.signatures.match import Matcher, prove

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Flags:
    """Fills the temp tables `found` (i, pattern, category, severity_number, captures) and `flags` (i, flags, severity_number)."""

    def __init__(self, con: duckdb.DuckDBPyConnection, matcher: Matcher) -> None:
        self.con = con
        self.matcher = matcher

    def read(self, places: pa.Int64Array, texts: pa.Array) -> None:
        """Looks at the records of a block, of which `places` tells the number `i` and `texts` what they say; a record's flags
        are its patterns' ids in alphabetical order."""
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE found (i BIGINT, pattern VARCHAR, category VARCHAR, severity_number UTINYINT, captures MAP(VARCHAR, VARCHAR))"
        )
        self._prove(places, texts)
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE flags AS SELECT i, string_agg(pattern, ' ' ORDER BY pattern) AS flags, "
            "max(severity_number) AS severity_number FROM found GROUP BY i"
        )

    def _prove(self, places: pa.Int64Array, texts: pa.Array) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        rows, patterns = self.matcher.scan(texts)
        if not len(rows):
            return
        found = []
        for k in sorted(pc.unique(patterns).to_pylist()):
            pattern, own = self.matcher.patterns[k], rows.filter(pc.equal(patterns, k))
            proved, captures = prove(pattern, texts.take(own))
            constants = {
                "pattern": pattern.id,
                "category": pattern.category,
                "severity_number": pa.scalar(SEVERITY[pattern.severity], pa.uint8()),
            }
            columns = {name: pa.repeat(value, len(proved)) for name, value in constants.items()}
            found.append(pa.table({"i": places.take(own.take(proved)), **columns, "captures": captures}))
        self.con.register("proved", pa.concat_tables(found))
        self.con.execute("INSERT INTO found FROM proved")
        self.con.unregister("proved")
