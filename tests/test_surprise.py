"""Surprise: it grows with the difference and with what is known, has a sign, and is never absurd."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logtriage.triage.surprise import of_count, of_share

few = st.integers(0, 300)


@given(few, few, few, few)
def test_a_share_as_before_is_no_surprise(a: int, b: int, c: int, d: int) -> None:
    """What is more than before is positive, what is less negative, and the other share is its mirror image."""
    hits, of, before, before_of = min(a, b), max(a, b), min(c, d), max(c, d)
    bans = of_share(hits, of, before, before_of)
    assert -400 < bans < 400
    if of and before_of and hits * before_of > before * of:
        assert bans >= 0
        assert bans == -of_share(of - hits, of, before_of - before, before_of)


@given(st.integers(5, 200), st.integers(5, 200))
def test_the_more_hits_the_more_surprising(of: int, before_of: int) -> None:
    """With nothing before, each further hit surprises more."""
    grown = [of_share(hits, of, 0, before_of) for hits in range(1, of + 1)]
    assert grown == sorted(grown)


@given(few, few, st.floats(0.01, 100))
def test_counts_have_a_sign(count: int, before: int, ratio: float) -> None:
    """More than the baseline predicts is positive, less negative."""
    bans = of_count(count, before, ratio)
    assert bans >= 0 if count * ratio > before else bans <= 0


def test_a_short_baseline_says_little() -> None:
    """Ten of ten against none of three is less surprising than against none of thirty."""
    assert 0 < of_share(10, 10, 0, 3) < of_share(10, 10, 0, 30)


def test_known_values() -> None:
    """The beta-binomial tail of (5 of 5 | 0 of 8): B(5.5, 8.5) / B(0.5, 8.5); silence where 60 were usual is sure."""
    from math import e, lgamma, log10

    expected = -(lgamma(5.5) - lgamma(14) - lgamma(0.5) + lgamma(9)) * log10(e)
    assert abs(of_share(5, 5, 0, 8) - expected) < 1e-9
    assert of_count(0, 60, 1.0) < -6
    assert abs(of_count(62, 60, 1.0)) < 1
