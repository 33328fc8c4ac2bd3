"""Splitting: a block's lines are its bytes, whatever bytes they are."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtriage.sources.find import Resource, Source
from logtriage.sources.lines import Lines, split
from logtriage.sources.read import Block

SOURCE = Source("a", "a", None, None, None, Resource())
ENDS = {"utf-8": b"\n", "utf-16-le": b"\n\0", "utf-16-be": b"\0\n"}


def lines_of(data: bytes, encoding: str = "utf-8") -> Lines:
    return split(Block(SOURCE, 0, 1, data, True, encoding))


def bytes_of(data: bytes, lines: Lines) -> list[bytes]:
    starts = lines.starts.to_pylist()
    return [data[a:b] for a, b in itertools.pairwise(starts)]


_pieces = st.lists(
    st.binary(max_size=12)
    | st.sampled_from([b"\n", b"\r\n", b"\0", b"\xff", "é".encode(), "\ufeff".encode(), b"\x01", b"\x1b[1m"]),
    min_size=1,
    max_size=12,
).map(b"".join)


@given(_pieces.filter(bool))
def test_lines_are_the_bytes_between_newlines(data: bytes) -> None:
    """Each line begins where the one before it ends, the last one ends with the block, a newline is always an end."""
    lines = lines_of(data)
    *whole, last = data.split(b"\n")
    assert bytes_of(data, lines) == [line + b"\n" for line in whole] + [last] * bool(last)
    assert len(lines) == len(lines.starts) - 1 == data.count(b"\n") + (not data.endswith(b"\n"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_mark_in_the_middle_is_seen(encoding: str) -> None:
    """A byte order mark begins the second of two logs put together; inside a line it is a character."""
    assert lines_of("one é\n\ufefftwo\n".encode(encoding), encoding).has_bom
    assert not lines_of("one \ufeffé\ntwo\n".encode(encoding), encoding).has_bom


@given(_pieces.filter(bool))
def test_text_lies_where_places_say(data: bytes) -> None:
    """`joined` holds the text of each line from its place on, up to the newline before the next place."""
    lines = lines_of(data)
    places = lines.places.to_pylist()
    texts = [lines.joined[a:b].removesuffix(b"\n") for a, b in itertools.pairwise(places)]
    assert texts == [text.encode() for text in lines.text.to_pylist()]
    assert lines.altered == (lines.joined != data)


@given(
    st.text(alphabet="ab é€😀ਊ\r\n\u0a0a\u000a", min_size=1, max_size=20),
    st.sampled_from(["utf-16-le", "utf-16-be"]),
    st.booleans(),
)
def test_utf_16_is_read_as_text_and_kept_as_bytes(text: str, encoding: str, bom: bool) -> None:
    """Lines of UTF-16 are cut at its own newlines, never at half of another character, and shown as what they say."""
    text = "\ufeff" * bom + text
    data = text.encode(encoding)
    lines = lines_of(data, encoding)
    shown = text.split("\n")
    assert lines.text.to_pylist() == (shown[:-1] if shown[-1] == "" else shown)
    assert b"".join(bytes_of(data, lines)) == data
    assert all(piece.endswith(ENDS[encoding]) for piece in bytes_of(data, lines)[:-1])


@given(st.binary(min_size=1, max_size=40), st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_damaged_utf_16_loses_no_byte(data: bytes, encoding: str) -> None:
    """Half characters and lone surrogates are shown somehow; there are as many lines as places, and no byte is lost."""
    lines = lines_of(data, encoding)
    assert b"".join(bytes_of(data, lines)) == data
    assert len(lines) == len(lines.starts) - 1 == len(lines.places) - 1


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"caf\xe9\n", "café"),
        ("café\n".encode(), "café"),
        (b"a\0b\n", "a␀b"),
        (b"\xc3\xa9\xe9\n", "éé"),
        (b"\xed\xa0\x80\n", "í\xa0\x80"),
    ],
)
def test_bytes_that_are_no_text_are_shown(data: bytes, shown: str) -> None:
    """What is not UTF-8 reads as Latin-1 beside what is, and NUL as a sign that can be seen."""
    assert lines_of(data).text.to_pylist() == [shown]


def test_flags_tell_what_must_be_looked_after() -> None:
    """Carriage returns, escapes, marks and a byte order mark are noticed, and nothing is in a plain block."""
    plain = lines_of(b"plain\ntext\n")
    assert not (plain.has_cr or plain.has_escape or plain.has_marks or plain.has_bom or plain.altered or plain.cleaned)
    assert lines_of(b"a\r\n").has_cr
    assert lines_of(b"\x1b[1ma\n").has_escape
    assert all(lines_of(b"a" + bytes([mark]) + b"\n").has_marks for mark in range(1, 9))
    assert lines_of("\ufeffa\n".encode()).has_bom
    assert lines_of(b"\xff\n").altered
