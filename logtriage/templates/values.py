"""The values of a template: taken out of the texts of its records, and what can be said of each place."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from logtriage.templates.miner import ANY

_NUMBER = re.compile(r"[<~]?([-+]?\d+(?:\.\d+)?)\s?([A-Za-zµ%/]{0,8})")
_GREW = 1.5  # the later half's median against the earlier one's
_FEW = 12  # values of which nothing is said but what they are
_MOST = 5


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a template: the words before it, how many values and different ones, the most frequent, what numbers
    among them do, and values that only the last tenth of the records has."""

    before: str
    values: int
    distinct: int
    top: list[tuple[str, int]]
    low: float | None
    middle: float | None
    high: float | None
    told: list[str]


def values(template: str, text: str) -> list[str] | None:
    """What stands in the template's places in a text; None where the text is not of it. Linear in the text."""
    own = template.split(ANY)
    if not text.startswith(own[0]) or (len(own) == 1 and text != own[0]):
        return None
    found, at = [], len(own[0])
    for k, piece in enumerate(own[1:], 2):
        place = len(text) - len(piece) if k == len(own) else text.find(piece, at) if piece else at
        if place < at or not text.startswith(piece, place):
            return None
        found.append(text[at:place])
        at = place + len(piece)
    return found


def places(template: str, rows: Sequence[Sequence[str]]) -> list[Place]:
    """What the values of records in time order say, place by place."""
    own = template.split(ANY)
    return [_place(own[k].strip()[-30:], column) for k, column in enumerate(zip(*rows, strict=True))]


def _place(before: str, column: Sequence[str]) -> Place:
    counts = Counter(column)
    matched = [_NUMBER.fullmatch(text.strip(",;. ")) for text in column]
    numbers = [float(match[1]) for match in matched if match]
    units = {match[2] for match in matched if match}
    told: list[str] = []
    low = middle = high = None
    if len(numbers) == len(column) and len(units) == 1:
        low, middle, high = min(numbers), median(numbers), max(numbers)
        told = _moves(numbers)
    late = len(column) - max(1, len(column) // 10)
    if len(column) >= _FEW and len(counts) < len(column) // 2:
        new = [text for text in dict.fromkeys(column[late:]) if text not in set(column[:late])]
        told += [f"new of late: {', '.join(new[:_MOST])}"] if new else []
    return Place(before, len(column), len(counts), counts.most_common(_MOST), low, middle, high, told)


def _moves(numbers: Sequence[float]) -> list[str]:
    """Whether numbers in time order only rise, or grew."""
    if len(numbers) < _FEW:
        return []
    if numbers[0] < numbers[-1] and all(a <= b for a, b in itertools.pairwise(numbers)):
        return ["only rises"]
    half = len(numbers) // 2
    early, late = median(numbers[:half]), median(numbers[half:])
    if early > 0 and late / early >= _GREW:
        return [f"grew {late / early:.1f} times"]
    if late > 0 and early / late >= _GREW:
        return [f"fell to {late / early:.2f} of what it was"]
    return []
