"""Whether most lines of a source are hits: then reading all of it is cheaper than looking around each one."""

from __future__ import annotations

from logtriage.errors import SourceError
from logtriage.needles.needle import Needle
from logtriage.needles.verdict import MatchTimeout
from logtriage.sources.find import Source
from logtriage.sources.read import blocks
from logtriage.stream.around import MARK

_SAMPLE = 64 << 10  # bytes at the start of a source
_LINES = 200
_SHARE = 1 / 8  # of the lines; a record that was found costs about eight times one that is read along with all others


def is_dense(source: Source, needle: Needle) -> bool:
    """Whether a needle selects so many lines of a source, as its first ones tell."""
    if needle.matches_all:
        return not needle.invert
    if source.path is None or not source.path.is_file():
        return False  # what comes through a pipe can be read once only
    try:
        block = next(blocks(source, size=_SAMPLE, max_line=_SAMPLE), None)
        if block is None or block.encoding != "utf-8":
            return False
        lines = block.data.split(b"\n")[:_LINES]
        selected = sum(needle.has_match(line) != needle.invert for line in lines)
    except (SourceError, MatchTimeout):
        return False
    return selected > _SHARE * len(lines)


def may_find(needle: Needle, data: bytes) -> bool:
    """Whether a needle selects any line of a log (UTF-8, ends with a newline), without which it finds no record of it."""
    if needle.matches_all:
        return not needle.invert
    try:
        lines = data.removeprefix(MARK).removesuffix(b"\n").split(b"\n")
        return any(needle.has_match(line) != needle.invert for line in lines)
    except MatchTimeout:
        return True
