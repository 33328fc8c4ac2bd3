"""Which formats a line may be of: all their regexes in one Hyperscan pass, so that only the right ones are tried."""

from __future__ import annotations

from collections.abc import Sequence

from logtriage.formats.format import Format
from logtriage.hyperscans import HS_MARGIN, HS_MULTILINE, kept

_HS_SINGLEMATCH, _HS_ALLOWEMPTY = 8, 16
_MARGIN = b"\n" * HS_MARGIN  # `$` matches before it


class Claims:
    """The formats that are told by a regex, compiled together."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self._formats = [fmt for fmt in formats if told_by_regex(fmt)]
        import hyperscan

        expressions = [fmt.start or fmt.regex or fmt.header or "" for fmt in self._formats]
        self._database = (
            kept("formats", expressions, _HS_SINGLEMATCH | _HS_ALLOWEMPTY | HS_MULTILINE) if expressions else None
        )
        self._scratch = hyperscan.Scratch(self._database) if self._database else None
        self._ids = frozenset(fmt.id for fmt in self._formats)

    def of(self, line: str) -> frozenset[str] | set[str]:
        """The ids of the formats that a line may be of; those not `told_by_regex` are not among them."""
        if self._database is None or not line.isascii():  # the pass counts bytes, not characters
            return self._ids
        found: set[str] = set()
        self._database.scan(
            line.encode() + _MARGIN,
            match_event_handler=lambda n, *_: found.add(self._formats[n].id),
            scratch=self._scratch,
        )
        return found


def told_by_regex(fmt: Format) -> bool:
    """Whether a regex tells the format's first lines."""
    return fmt.kind in ("text", "header") or fmt.multiline
