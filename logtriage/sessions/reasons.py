"""Oddities in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from logtriage.output import shortened

_LONGEST = 160  # characters of a template's text
_TIMES = {1: "once", 2: "twice"}


class Oddity(NamedTuple):
    """One row of the temp table `oddities`: what `value` and `usual` are depends on `what`, see there."""

    what: str
    template: int
    other: int
    value: int
    usual: int


def reason(odd: Oddity, texts: Mapping[int, str]) -> str:
    """`missing end: “…”, which 98.75 % of sessions have`. `texts`: those of the templates, by number."""
    step = _quoted(texts.get(odd.template))
    match odd.what:
        case "missing" | "end":
            whose = f" with {_quoted(texts.get(odd.other))}" if odd.other else ""
            return (
                f"missing {'end' if odd.what == 'end' else 'step'}: {step}, which {_share(odd)} of sessions{whose} have"
            )
        case "new" | "error":
            told = "new step" if odd.what == "new" else "error inside"
            return f"{told}: {step}, in {odd.value:,} of {odd.usual:,} sessions"
        case "number":
            told = "repeated step" if odd.value > odd.usual else "missing step"
            return f"{told}: {step} {_times(odd.value)}, usually {_times(odd.usual)}"
        case "order":
            return f"wrong order: {step} before {_quoted(texts.get(odd.other))}"
    wait = f", the longest wait before {step}" if odd.template else ""
    return f"too slow: {_time(odd.value)}, usually {_time(odd.usual)}{wait}"


def _quoted(text: str | None) -> str:
    return f"“{shortened(' '.join((text or '?').split()), _LONGEST)}”"


def _share(odd: Oddity) -> str:
    """`99.8 %`; never 100 %, as one has it not."""
    percent = min(100 * odd.value / odd.usual, 99.99) if odd.usual else 0.0
    return f"{percent:.2f}".rstrip("0").rstrip(".") + " %"


def _times(n: int) -> str:
    return _TIMES.get(n) or f"{n:,} times"


def _time(nanoseconds: int) -> str:
    """`0 ms`, `340 ms`, `12.3 s`, `5 min 20 s`, `3 h 2 min`, `2 d 4 h`."""
    seconds = nanoseconds / 1e9
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    for unit, size, less, part in (("min", 60, "s", 1), ("h", 3600, "min", 60), ("d", 86400, "h", 3600)):
        if seconds < size * (60 if unit != "h" else 24) or unit == "d":
            return f"{int(seconds // size)} {unit} {int(seconds % size // part)} {less}"
    raise AssertionError
