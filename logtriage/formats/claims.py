"""Which formats a line may be of: all their regexes are looked for by Hyperscan, so that only the right ones are tried."""

from __future__ import annotations

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
        """`formats` in the order to try."""
        import hyperscan

        self.formats = tuple(formats)
        told = [n for n, fmt in enumerate(formats) if told_by_regex(fmt)]
        parts = [told[n : n + _TOGETHER] for n in range(0, len(told), _TOGETHER)]
        expressions = [[_expression(formats[n]) for n in part] for part in parts]
        databases = kept("formats", expressions, _HS_SINGLEMATCH | _HS_ALLOWEMPTY | HS_MULTILINE)
        self._parts = [
            (database, hyperscan.Scratch(database), part) for database, part in zip(databases, parts, strict=True)
        ]
        self._told = frozenset(told)
        others = [n for n in range(len(formats)) if n not in self._told]
        self._others = {True: others, False: [n for n in others if formats[n].kind != "json"]}

    def of(self, line: str) -> frozenset[int] | set[int]:
        """The numbers of the formats whose regex may claim the line."""
        if not line.isascii():  # the pass counts bytes, not characters
            return self._told
        found: set[int] = set()
        text = line.encode() + _MARGIN
        for database, scratch, numbers in self._parts:
            database.scan(text, match_event_handler=lambda n, *_, own=numbers: found.add(own[n]), scratch=scratch)
        return found

    def candidates(self, line: str, *, document: bool) -> list[Format]:
        """The formats that a line may be of, in their order; `document`: whether it is a JSON object."""
        return [self.formats[n] for n in sorted([*self.of(line), *self._others[document]])]


def _expression(fmt: Format) -> str:
    return fmt.start or fmt.regex or fmt.header or ""


def told_by_regex(fmt: Format) -> bool:
    """Whether a regex tells the format's first lines."""
    return fmt.kind in ("text", "header") or fmt.multiline
