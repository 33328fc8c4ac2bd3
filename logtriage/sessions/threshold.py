"""Where the odd begins: a threshold that the surprises themselves give, without labels and without parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

FEWEST = 4  # sessions: with fewer there is no telling what is usual
_LEAST = 1.5  # bits: one of four sessions
_RAREST = 0.9  # bits below what a single session can reach: two sessions, but not three
_GAP = 1.0  # bits: twice as rare
_SHARE = 0.03  # of the sessions may be odd where there is no gap


def threshold(scores: Sequence[tuple[float, int]], sessions: int, usual: float) -> float:
    """The surprise from which on a session is odd: in the middle of the first gap between the usual and the odd.

    `scores`: (bits, how many sessions have it as their highest), of those that have any; `usual`: bits up to which
    anything may be usual.
    """
    low = reachable(usual, sessions)
    odd = sorted({bits for bits, _ in scores if bits > low})
    for below, above in pairwise([low, *odd]):
        if above - below >= _GAP:
            return (below + above) / 2
    allowed = _SHARE * sessions
    for bits, count in sorted(scores, reverse=True):
        allowed -= count
        if allowed < 0 and len(odd) > 1:
            return max(low, math.nextafter(bits, math.inf))
    return low


def reachable(bits: float, sessions: int) -> float:
    """As many bits, but not more than two sessions can reach: in few, the rarest is not very surprising."""
    return max(_LEAST, min(bits, math.log2((sessions + 2) / 2) - _RAREST))
