"""What must be found in a part of a line around a required text."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from logtriage.needles.inside import clipped, uncut
from logtriage.needles.needle import Needle

_PATTERNS = (
    r"ab\d+c", r"[xc]+ab\d", r"ab(?:c|\d\d)+x", r"x?.ab.*c\d", r"^ab\d", r"ab\d$", r"\bab[^c]x", r"(x|)ab(|c)\d", r"c\d{2,3}ab x",
    r"\dab", r"c\d+x?ab", r"(?:c|\d\d)+ab", r"^.ab$",
)  # fmt: skip
_LINES = st.text("abcx0 ", max_size=14)
_OTHERS = st.sampled_from(["ab0c", "xab0", "abc00x", " cab0 xc0", "ab cx", "c000ab x", "xab0c", "ab"])


@given(st.tuples(_LINES, _OTHERS, _LINES).map("".join), st.sampled_from(_PATTERNS), st.booleans(), st.data())
def test_no_part_of_a_match_is_missed(line: str, pattern: str, folded: bool, data: st.DataObject) -> None:
    """Whatever part of a line holds the required text of a match, and whatever else of it is cut out, the test finds it."""
    needle = Needle.of([pattern], ignore_case=folded)
    for found in re.finditer(pattern, line):
        for text in needle.required:
            if text not in found[0]:
                continue
            at = found.start() + found[0].index(text)
            first = data.draw(st.integers(0, at))
            gap = data.draw(st.integers(at + len(text), len(line)))
            end = data.draw(st.integers(gap, len(line)))
            part = line[first:gap] + ("\3" + line[end:] if gap < len(line) and data.draw(st.booleans()) else "")
            ends = gap == len(line) or len(part) > gap - first
            if first and data.draw(st.booleans()):
                part = line[: data.draw(st.integers(0, first - 1))] + "\3" + part
            around = clipped(needle, text, ends=ends)
            assert around is None or _found(around, part)


def _found(pattern: str, part: str) -> bool:
    """RE2's numbers of characters are written otherwise in Python."""
    return re.search(re.sub(r"\\x\{(\w+)\}", lambda code: f"\\U{code[1]:0>8}", pattern), part) is not None


def test_a_part_that_goes_on_otherwise_is_let_go() -> None:
    """A text behind which the pattern cannot go on is no match, unless the part ends there or something is cut out."""
    around = clipped(Needle.of([r"in [1-9]\d ms"]), "in ")
    assert around is not None
    holds = [_found(around, part) for part in ("in 7 ms", "in 07 ms", "in 71 ms", "in 7", "in 7\3")]
    assert holds == [False, False, True, True, True]


def test_what_stands_before_the_text_counts_as_well() -> None:
    """As behind it: the part may begin amid a match, or something be cut out there."""
    around = clipped(Needle.of([r"[1-9]\d ms"]), " ms")
    assert around is not None
    assert [_found(around, part) for part in ("07 ms", "x7 ms", "71 ms", "7 ms", "\3 ms")] == [
        False,
        False,
        True,
        True,
        True,
    ]


_ODD = st.text('ab\u00e9 c0"\\\t\3\7', max_size=12)


@given(
    _ODD,
    _ODD,
    _ODD,
    st.sampled_from((*_PATTERNS, r"a\wb", r"[^c]b\d", r".b", r"\S+ b", 'b"', "(?:^|b)0", "\u00e9\\w")),
    st.booleans(),
)
def test_what_a_part_proves_holds_of_the_line(before: str, part: str, behind: str, pattern: str, folded: bool) -> None:
    """Where a part has a match that needs nothing around it, the line with that part has one, as it stands or as a JSON string,
    whatever stands in the place of what is cut."""
    needle = Needle.of([pattern], ignore_case=folded)
    proof = uncut(needle)
    if proof is None or not _found(proof, part):
        return
    for cut in ("\3", "0a", ""):
        whole = part.replace("\3", cut).replace("\7", "b")
        assert needle.matches(before + whole + behind)
        assert needle.matches(before + json.dumps(whole, ensure_ascii=False)[1:-1] + behind)


def test_a_part_proves_nothing_by_what_stands_beside_a_match() -> None:
    """Ends of lines, of words and lookaround are of the line; of several ways one that needs none of these may be left."""
    assert [uncut(Needle.of([pattern])) for pattern in ("^ab", "ab$", r"\bab", "a(?=b)", 'a"', "\3")] == [None] * 6
    assert uncut(Needle.of(["a[0-9]"], invert=True)) is None
    assert uncut(Needle.of(["^a|b[0-9]+"])) is not None
