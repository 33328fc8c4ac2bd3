"""The failures in a block's records: candidates from one Hyperscan pass, proved and captured by RE2."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from logtriage.formats.levels import SEVERITY, WARN
from logtriage.signatures.match import Matcher, prove

if TYPE_CHECKING:
    import pyarrow as pa


_NO_MORE = "failure"  # the category of signatures that tell no more than that something failed
_VAGUE = 2  # the rank of these, after that of fallbacks (1) and of all others (0)


class Flags:
    """Makes the tables `found` (i, pattern, category, severity_number, captures) and `flags` (i, flags, severity_number)."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.found: pa.Table | None = None
        self.flags: pa.Table | None = None

    def let_go(self) -> None:
        """Gives the block's memory back."""
        self.found = self.flags = None

    def read(self, places: pa.Int64Array, texts: pa.Array) -> None:
        """Looks at the records of a block, of which `places` tells the number `i` and `texts` what they say; a record's flags
        are its patterns' ids in alphabetical order."""
        import pyarrow as pa
        import pyarrow.compute as pc

        self.found = self._proved(places, texts)
        hits = self.found.sort_by([("i", "ascending"), ("pattern", "ascending")])
        told = hits.group_by("i", use_threads=False).aggregate([("pattern", "list"), ("severity_number", "max")])
        flags = pc.binary_join(told["pattern_list"], " ")
        self.flags = pa.table({"i": told["i"], "flags": flags, "severity_number": told["severity_number_max"]})

    def _proved(self, places: pa.Int64Array, texts: pa.Array) -> pa.Table:
        """What is found. Fallbacks count only where no signature of particular software tells of a failure, the vague ones
        only where no other one at all does."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows, patterns = self.matcher.scan(texts)
        hits, kinds, captures = [rows.slice(0, 0)], [patterns.slice(0, 0)], []
        telling, knowing = [rows.slice(0, 0)], [rows.slice(0, 0)]
        for rank, k in sorted((self._rank(k), k) for k in pc.unique(patterns).to_pylist()):
            pattern, own = self.matcher.patterns[k], rows.filter(pc.equal(patterns, k))
            if rank:
                known = telling if rank == _VAGUE else knowing
                own = own.filter(pc.invert(pc.is_in(own, pa.concat_arrays(known))))
            proved, captured = prove(pattern, texts.take(own))
            hits.append(own.take(proved))
            if rank < _VAGUE and SEVERITY[pattern.severity] >= WARN:
                telling.append(hits[-1])
                if not pattern.generic:
                    knowing.append(hits[-1])
            kinds.append(pa.repeat(pa.scalar(k, pa.int32()), len(proved)))
            captures.append(captured)
        columns = {"i": places.take(pa.concat_arrays(hits))}
        columns |= {name: of_all.take(pa.concat_arrays(kinds)) for name, of_all in self._patterns.items()}
        return pa.table(columns | {"captures": pa.chunked_array(captures, pa.map_(pa.string(), pa.string()))})

    def _rank(self, k: int) -> int:
        pattern = self.matcher.patterns[k]
        return _VAGUE if pattern.category == _NO_MORE else pattern.fallback

    @functools.cached_property
    def _patterns(self) -> dict[str, pa.Array]:
        """What is told of a hit by its pattern."""
        import pyarrow as pa

        patterns = self.matcher.patterns
        return {
            "pattern": pa.array([pattern.id for pattern in patterns], pa.string()),
            "category": pa.array([pattern.category for pattern in patterns], pa.string()),
            "severity_number": pa.array([SEVERITY[pattern.severity] for pattern in patterns], pa.uint8()),
        }
