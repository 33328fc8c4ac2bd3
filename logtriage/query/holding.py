"""The last word on a record: do its bytes hold what a needle looks for?"""

from __future__ import annotations

import logtriage.sources.lines  # noqa: F401 - registers the error handler that `_lines_of` decodes with
from logtriage.needles.needle import Needle


def holds(needle: Needle, raw: str, exact: bytes | None, *, begins: bool) -> bool:
    """Is a record a hit? `raw`: its text, `exact`: its bytes where they are not that text's, `begins`: with it a source
    begins. Raises MatchTimeout."""
    lines = _lines_of(raw, exact)
    if begins:
        lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
    return any(map(needle.has_match, lines)) != needle.invert


def _lines_of(raw: str, exact: bytes | None) -> list[bytes]:
    if exact is not None:
        readable = exact.decode("utf-8", "logtriage.latin1").replace("\0", "\u2400")
        if readable.removesuffix("\n") == raw:  # else UTF-16, which ripgrep too reads as text
            return exact.removesuffix(b"\n").split(b"\n")
    return raw.encode("utf-8", "surrogatepass").split(b"\n")
