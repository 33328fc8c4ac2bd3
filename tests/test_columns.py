"""Facts about columns: what Arrow tells of all lines of a block is what Python tells of each."""

from __future__ import annotations

import re

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from logtriage import layouts
from logtriage.formats import cuts
from logtriage.formats.clean import without_newline
from logtriage.formats.detect import Grammar
from logtriage.formats.format import load_formats
from logtriage.formats.ids import ids_after, keys_in

_STREAMS = st.sampled_from(
    ["2026-01-02T03:04:05Z ", "stdout ", "stderr ", "F ", '{"log":"', r"\"stream\":\"stdout\"", '"stream":"stderr"',
     '"stream":"stdout"', '"stream":"', "é", " ", "x"]
)  # fmt: skip
_IDS = st.sampled_from(
    ["trace_id=", "TraceId: ", "0123456789abcdef", "0" * 36, "0" * 37, "4bf92f35-77b34da6", "-", "z", " ", "é", ","]
)


def joined(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.lists(pieces, max_size=6).map("".join), min_size=1, max_size=8)


@given(joined(_STREAMS))
def test_the_stream_of_a_line_is_told_alike(lines: list[str]) -> None:
    """The stream that CRI or docker names in a line, or none, also where the log text names another."""
    assert cuts.streams(pa.array(lines, pa.large_string())).to_pylist() == [cuts.stream(line) for line in lines]


@given(joined(_IDS), st.lists(st.sampled_from(["trace_id=", "TraceId: "]), min_size=1, unique=True))
def test_ids_stand_behind_their_keys(texts: list[str], keys: list[str]) -> None:
    """The first word behind the first of the keys, if it looks like an id; else that behind the next key."""

    def expected(text: str) -> str | None:
        words = (re.search(re.escape(key) + "([0-9A-Za-z-]+)", text) for key in keys)
        look = "[0-9a-fA-F][0-9a-fA-F-]{14,34}[0-9a-fA-F]"
        return next((word[1] for word in words if word and re.fullmatch(look, word[1])), None)

    assert ids_after(pa.array(texts, pa.large_string()), keys).to_pylist() == [expected(text) for text in texts]
    for text in texts:
        for _, key in keys_in(text):
            if text.count(key) == 1:  # of a key that stands twice the first word counts
                assert ids_after(pa.array([text], pa.large_string()), [key]).to_pylist() != [None]


@given(st.lists(st.none() | st.text(alphabet="a\r\né"), min_size=1, max_size=8), st.integers(0, 2))
def test_one_line_break_is_taken_off(texts: list[str | None], before: int) -> None:
    """One newline with the carriage return before it, of texts in the middle of an array too; what is not there stays so."""
    column = pa.array([*["x\n"] * before, *texts], pa.large_string()).slice(before)
    expected = [text and re.sub(r"\r?\n\Z", "", text) for text in texts]
    assert without_newline(column).to_pylist() == expected


@given(st.lists(st.tuples(st.text(max_size=5), st.booleans()), max_size=20), st.integers(0, 9))
def test_texts_are_nulled_where_something_is_false(cases: list[tuple[str, bool]], before: int) -> None:
    """Whatever places the texts and the truths have in longer arrays."""
    texts = pa.array(["x"] * before + [text for text, _ in cases], pa.large_string()).slice(before)
    valid = pa.array([True] * 3 + [valid for _, valid in cases]).slice(3)
    found = layouts.where(texts, valid)
    found.validate(full=True)
    assert found.to_pylist() == [text if valid else None for text, valid in cases]
    assert layouts.none_empty(texts).to_pylist() == [text or None for text, _ in cases]


def test_a_line_that_taught_nothing_is_read_again_when_something_was_learnt() -> None:
    """What differs in digits and ids alone is not read twice, unless more is known by then."""
    grammar = Grammar(load_formats(examples=False))
    line = "2026-01-02 03:04:05,123 INFO  [main] a.b.C - done trace_id={} in 12 ms".format
    assert grammar.learn([line("4bf92f3577b34da6a3ce929d0e0e4736")])
    assert not grammar.learn([line("4bf92f3577b34da6a3ce929d0e0e4736")])
    read: list[str] = []
    inside = grammar._read
    grammar._read = lambda node, text, *rest: (read.append(text), inside(node, text, *rest))[1]  # type: ignore[method-assign,func-returns-value]
    assert not grammar.learn([line("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").replace("12", "99")]) and not read
    assert grammar.learn(['{"log":"up\\n","stream":"stdout","time":"2026-01-02T03:04:05.678Z"}'])
    read.clear()
    assert not grammar.learn([line("4bf92f3577b34da6a3ce929d0e0e4736")]) and read
