"""How surprising a count is against a baseline, in bans: 1 is one in ten, 3 one in a thousand.

Both measures know how little a short baseline says (they integrate over what its true rate may be), and that a long one
says less than its length promises, as load drifts: a baseline counts as `FAITH` observations at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import exp, inf, lgamma, log, log1p

FAITH = 30
_TEN = log(10)
_NOTHING = 40.0  # so much smaller (as logarithm) a term adds nothing; nor will those after it
_TERMS = 2_000  # of a sum; beyond them terms are too small to matter, or the answer is "no surprise" anyway


@lru_cache(50_000)
def of_share(hits: int, of: int, before: int, before_of: int) -> float:
    """How surprising it is that `hits` of `of` things are so, or still fewer or more, where `before` of `before_of`
    were; positive if they are more than expected, negative if fewer.

    Tail of the beta-binomial distribution whose prior is Jeffreys'.
    """
    if not of or not before_of:
        return 0.0
    if hits * before_of < before * of:
        return -of_share(of - hits, of, before_of - before, before_of)
    scale = min(1.0, FAITH / before_of)
    a, b = before * scale + 0.5, (before_of - before) * scale + 0.5
    return -_log_sum(
        _chosen(of, k) + _beta(k + a, of - k + b) - _beta(a, b) for k in range(hits, min(of, hits + _TERMS) + 1)
    )


@lru_cache(50_000)
def of_count(count: int, before: int, ratio: float) -> float:
    """How surprising `count` events are where a baseline had `before` in a time `ratio` times as long (> 0); positive
    if they are more than expected, negative if fewer.

    Tail of the negative binomial distribution that a Poisson rate with Jeffreys' prior predicts.
    """
    shape = min(before, FAITH) + 0.5
    rate = shape / ((before + 0.5) / ratio)  # its mean is what the baseline predicts
    p = rate / (rate + 1)
    terms = (
        lgamma(shape + k) - lgamma(shape) - lgamma(k + 1) + shape * log(p) + k * log1p(-p)
        for k in (range(count, count + _TERMS) if count * ratio > before else range(max(0, count - _TERMS), count + 1))
    )
    bans = -_log_sum(terms)
    return bans if count * ratio > before else -bans


def _log_sum(terms: Iterable[float]) -> float:
    """log10 of the sum of e^term; never above 0."""
    total = -inf
    for term in terms:
        high, low = (total, term) if total > term else (term, total)
        total = high + log1p(exp(low - high)) if low > -inf else high
        if term < total - _NOTHING:
            break
    return min(0.0, total / _TEN)


def _chosen(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
