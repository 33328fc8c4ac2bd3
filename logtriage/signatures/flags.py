"""The failures in a block's records: candidates from one Hyperscan pass, proved and captured by RE2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logtriage.formats.levels import SEVERITY
from logtriage.formats.records import Made
from logtriage.signatures.match import Matcher, prove

if TYPE_CHECKING:
    import duckdb


class Flags:
    """Fills the temp tables `found` (i, pattern, category, severity_number, captures) and `flags` (i, flags, severity_number)."""

    def __init__(self, con: duckdb.DuckDBPyConnection, matcher: Matcher) -> None:
        self.con = con
        self.matcher = matcher

    def read(self, made: Made) -> None:
        """Looks at the records of a block; a record's flags are its patterns' ids in alphabetical order."""
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE found (i BIGINT, pattern VARCHAR, category VARCHAR, severity_number UTINYINT, captures MAP(VARCHAR, VARCHAR))"
        )
        self._prove(made)
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE flags AS SELECT i, string_agg(pattern, ' ' ORDER BY pattern) AS flags, "
            "max(severity_number) AS severity_number FROM found GROUP BY i"
        )

    def _prove(self, made: Made) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if made.as_written:
            places, texts = made.first, made.texts
        else:
            table = self.con.execute("SELECT i, coalesce(text, raw) AS text FROM records").to_arrow_table()
            places, texts = table["i"].combine_chunks(), table["text"].combine_chunks()
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
