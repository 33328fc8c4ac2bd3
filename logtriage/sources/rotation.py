"""What a log file's name tells of the rotated set it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SQUEEZED = re.compile(r"\.(?:gz|gzip|zst|zstd|bz2|xz)$", re.IGNORECASE)

_DATE = r"(?:19|20)\d\d(?P<s>[-_.]?)(?:0[1-9]|1[0-2])(?P=s)(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[-_.T]?(?:[01]\d|2[0-3])(?:[-_.:]?[0-5]\d){0,2}Z?)?"
_INDEX = r"(?:[-_.](?P<index>\d{1,5}))?"
_AGES = (
    re.compile(rf"(?P<base>.+?)[-_.]+(?P<date>{_DATE}{_TIME}|1\d{{9}}){_INDEX}"),
    re.compile(rf"(?P<base>.+?)[-_.]+(?P<date>{_DATE}{_TIME}){_INDEX}(?P<ext>\.[A-Za-z]\w*)"),
    re.compile(r"(?P<base>.+?)\.(?P<number>\d{1,4})"),
    re.compile(r"(?P<base>.+)\.(?P<old>old|prev|previous)"),
    re.compile(r"@(?P<date>[0-9a-f]{24})\.[su]"),
)
_NUMBER_INSIDE = re.compile(r"(?P<base>.+?)\.(?P<number>\d{1,4})(?P<ext>\.[A-Za-z]\w*)")


@dataclass(frozen=True, slots=True)
class Rotation:
    """A file name taken apart: the `base` name of its set, and `age`, which sorts the oldest part first.

    `needs_base` marks a guess (`web.1.log`) that holds only if the base file exists beside it.
    """

    base: str
    age: tuple[int, str, int] = (2, "", 0)
    needs_base: bool = False

    @property
    def current(self) -> bool:
        """Whether this is the name being written to, not a part already rotated away."""
        return self.age[0] == 2


def unsqueezed(name: str) -> str:
    """The name without the suffix of a compressor."""
    return _SQUEEZED.sub("", name)


def rotation(name: str) -> Rotation:
    """Take a file's base name apart by the conventions of logrotate, log4j, logback, docker, kubelet and svlogd."""
    plain = unsqueezed(name)
    for shape in _AGES:
        if found := shape.fullmatch(plain):
            parts = found.groupdict()
            if date := parts.get("date"):
                # Digits only, so that 2026-01-02 and 20260102 compare; the index grows with time within one date.
                digits = re.sub(r"[-_.:TZ]", "", date)
                base = parts.get("base", "current") + parts.get("ext", "")
                return Rotation(base, (0, digits, int(parts.get("index") or 0)))
            return Rotation(parts["base"], (1, "", -int(parts.get("number") or 1)))
    if found := _NUMBER_INSIDE.fullmatch(plain):
        return Rotation(found["base"] + found["ext"], (1, "", -int(found["number"])), needs_base=True)
    return Rotation(plain)
