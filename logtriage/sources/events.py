"""What may happen to a followed log, told in between its blocks."""

from __future__ import annotations

from dataclasses import dataclass

from logtriage.errors import SourceError
from logtriage.sources.find import Source


@dataclass(frozen=True, slots=True)
class Appeared:
    """A file came (back) into being; its blocks begin at 0."""

    source: Source
    error: None = None


@dataclass(frozen=True, slots=True)
class Rotated:
    """Another file took the name; the old one was read up to `offset`, to its end if `drained`. `error`: it was seen to hold
    more, which is gone."""

    source: Source
    offset: int
    drained: bool
    error: SourceError | None = None


@dataclass(frozen=True, slots=True)
class Truncated:
    """The file was emptied or overwritten; of what it held all was read if `drained`, else up to `offset`. `error`: it was
    seen to hold more, which is gone."""

    source: Source
    offset: int
    drained: bool
    error: SourceError | None = None


@dataclass(frozen=True, slots=True)
class Vanished:
    """The file was deleted, the pipe closed, or reading failed (`error`); up to `offset` all was read."""

    source: Source
    offset: int
    error: SourceError | None = None


Event = Appeared | Rotated | Truncated | Vanished
