"""Which formats a line may be of: all their regexes are looked for by Hyperscan, so that only the right ones are tried."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from logtriage.formats.format import Format
from logtriage.hyperscans import HS_MARGIN, HS_MULTILINE, kept

_HS_SINGLEMATCH, _HS_ALLOWEMPTY = 8, 16
_MARGIN = b"\n" * HS_MARGIN  # `$` matches before it
_TOGETHER = 75  # formats in a database


class Claims:
    """The formats that are told by a regex, compiled together: in some databases, as one of them all takes twice the
    processor time of four (5 s), and these are made side by side."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self.formats = [(fmt, told_by_regex(fmt)) for fmt in formats]  # and whether a regex tells each
        import hyperscan

        told = [fmt for fmt, by_regex in self.formats if by_regex]
        parts = [told[n : n + _TOGETHER] for n in range(0, len(told), _TOGETHER)]
        expressions = [[fmt.start or fmt.regex or fmt.header or "" for fmt in part] for part in parts]
        databases = kept("formats", expressions, _HS_SINGLEMATCH | _HS_ALLOWEMPTY | HS_MULTILINE)
        self._parts = [
            (database, hyperscan.Scratch(database), [fmt.id for fmt in part])
            for database, part in zip(databases, parts, strict=True)
        ]
        self._ids = frozenset(fmt.id for fmt in told)

    @functools.lru_cache(maxsize=2)  # noqa: B019 - there is one of these objects
    def outer(self, forced: str | None) -> list[tuple[Format, bool]]:
        """Those of `formats` that lines are tried for: the one that is `forced`, or all that stand inside no other."""
        return [(fmt, told) for fmt, told in self.formats if (fmt.id == forced if forced else not fmt.inside)]

    def of(self, line: str) -> frozenset[str] | set[str]:
        """The ids of the formats that a line may be of; those not `told_by_regex` are not among them."""
        if not line.isascii():  # the pass counts bytes, not characters
            return self._ids
        found: set[str] = set()
        text = line.encode() + _MARGIN
        for database, scratch, ids in self._parts:
            database.scan(text, match_event_handler=lambda n, *_, ids=ids: found.add(ids[n]), scratch=scratch)
        return found


def told_by_regex(fmt: Format) -> bool:
    """Whether a regex tells the format's first lines."""
    return fmt.kind in ("text", "header") or fmt.multiline
