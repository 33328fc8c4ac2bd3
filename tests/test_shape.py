"""Shapes: what a text holds its shape cannot deny, so that a search which looks in the shapes first misses nothing."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import engine
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from samples import JUNK, LOGS, files

from logtriage.masking import masked
from logtriage.needles.needle import Needle
from logtriage.store.seams import ANY, plain_text
from logtriage.store.shape import Shapes
from logtriage.store.store import Store

EVERY = "".join(record + "\n" for records in LOGS.values() for record in records).encode()


def shaped(store: Store, folder: Path, data: bytes) -> list[tuple[str, str]]:
    """Each record's text with the text of its shape, for those that have one."""
    path = folder / "app.log"
    path.write_bytes(data)
    assert not engine.ingest(store, path).errors
    shapes = dict(store.con.execute("SELECT shape, text FROM lake.shapes").fetchall())
    records: list[dict[str, Any]] = engine.stored(store, engine.numbers(store, path))
    return [(record["raw"], plain_text(shapes[record["shape"]])) for record in records if record["shape"] > ANY]


def needles(text: str, seed: int) -> list[str]:
    """Some pieces of the text's lines."""
    pick, found = random.Random(seed), []
    for line in text.split("\n"):
        for _ in range(12):
            start = pick.randint(0, len(line))
            found.append(line[start : start + pick.choice([3, 8, 20, 60])])
    return [needle for needle in found if needle]


@engine.examples(10)
@given(files(), st.integers())
@example(EVERY, 0)
@example(b"\n".join(JUNK), 0)
@example(b"\x1b[1m" + LOGS["docker"][-1].encode() + b"\n", 0)
def test_a_shape_admits_what_its_text_holds(
    one_store: Store, tmp_path_factory: pytest.TempPathFactory, data: bytes, seed: int
) -> None:
    """Whatever piece of a record's line is looked for, with and without case, its shape says that it may be there."""
    for text, shape in shaped(one_store, tmp_path_factory.mktemp("shape"), data):
        for needle in needles(text, seed):
            assert Needle.of([needle], fixed=True).admits(shape), (needle, shape, text)
            assert Needle.of([needle.upper()], fixed=True, ignore_case=True).admits(shape) or len(
                needle.upper()
            ) != len(needle)


WORDS = st.sampled_from(
    [
        "a",
        "f",
        "x",
        "n",
        "0",
        "7",
        "12",
        "-",
        "--",
        "_",
        " ",
        "Exec",
        "dead",
        "0x7f",
        "x86",
        "10ms",
        "é",
        "¤",
        "#",
        ".",
        "\n",
        '"',
        "<",
        "\x1b",
    ]
)
SOME = st.lists(WORDS, max_size=5).map("".join)


@given(text=st.lists(WORDS, min_size=1, max_size=12).map("".join), start=st.integers(0, 30), size=st.integers(1, 12))
@example("x-ab-0", 1, 5)
@example("0x7f-be", 1, 4)
def test_masking_hides_no_word_but_behind_a_sign(text: str, start: int, size: int) -> None:
    """Whatever is cut out of whatever text, the masked text admits it, and masking it once more changes nothing."""
    piece = text[start % len(text) :][:size].split("\n")[0]
    assert not piece or Needle.of([piece], fixed=True).admits(masked(text))
    assert masked(masked(text)) == masked(text)


@given(
    pieces=st.tuples(SOME, SOME, SOME, SOME),
    ids=st.tuples(SOME, SOME),
    kind=st.sampled_from("\2\4\5"),
    seed=st.integers(),
)
@example(("00-", "-", "-01", "x"), ("1", "2"), "\2", 0)
@example(("", "a", "b", "x"), ("\n1", "<b"), "\4", 0)
@example(("", "", "", ""), ("", "\x1b-_"), "\4", 0)
def test_a_shape_admits_what_lies_across_its_seams(
    pieces: tuple[str, str, str, str], ids: tuple[str, str], kind: str, seed: int
) -> None:
    """Wherever a text is cut into frame, time, body and ids, amid a word too, its shape admits what stands in the text."""
    import pyarrow as pa

    before, between, behind, stamp = pieces
    body = f"{ids[0]}\3{ids[1]}"
    frame = f"{before}\1{between}{kind}\7{behind}"
    shapes = Shapes()
    shapes.number(*(pa.array([text]) for text in (frame, body, stamp, "")), pa.array([False]))
    ((shape, _),) = shapes.new.values()
    said = body.replace("\3", "1b-7")
    if kind != "\2":
        said = json.dumps(said, ensure_ascii=False)[1:-1]
    if kind == "\5":
        said = said.replace("<", "\\u003c")
    text = frame.replace("\1", stamp).replace(kind, said).replace("\7", "0e1")
    for needle in needles(text, seed):
        assert Needle.of([needle], fixed=True).admits(plain_text(shape)), (needle, shape, text)


ODD = [
    "2026-03-02T10:00:01Z INFO paid trace_id=deadbeefdeadbeefdeadbeefdeadbeef done",
    '{"time":"2026-03-02T10:00:01Z","msg":"\\"hi\\" <b> to deadbeefdeadbeef","trace_id":"deadbeefdeadbeef"}',
    "Mon Mar  2 10:00:01 2026 something happened on Mon",
    "[Mon Mar 02 10:00:01.123456 2026] [error] [pid 7] no luck",
    "2 Mar 2026 10:00:01 PM CET INFO late",
    '{"time":"2026-03-02T10:00:01Z","level":"info","msg":"a\\tb \\u001b[31mred\\u001b[0m \\u003cb\\u003e é \\u00e9"}',
]


@pytest.mark.parametrize("line", ODD)
def test_what_is_cut_out_of_a_text_is_in_its_shape(line: str, one_store: Store, tmp_path: Path) -> None:
    """Names of months, ids that hold no digit, escapes and control characters can be looked for like anything else."""
    ((text, shape),) = shaped(one_store, tmp_path, line.encode() + b"\n")
    assert text == line
    for start in range(len(line)):
        for size in (4, 9, 20, 40):
            needle = line[start : start + size]
            assert Needle.of([needle], fixed=True).admits(shape), (needle, shape)


def test_what_is_kept_whole_is_always_looked_at(one_store: Store, tmp_path: Path) -> None:
    """A text with one of the marks that stand for pieces has no shape that could rule it out."""
    path = tmp_path / "marks.log"
    path.write_bytes(b"2026-03-02T10:00:01Z INFO a \x01 mark \x03 and \x07 another\n")
    assert not engine.ingest(one_store, path).errors
    (number,) = engine.numbers(one_store, path)
    assert one_store.con.execute(f"SELECT shape < {ANY} FROM lake.records WHERE part = {number}").fetchall() == [
        (True,)
    ]


def test_lines_that_differ_in_numbers_have_one_shape(one_store: Store, tmp_path: Path) -> None:
    """Times, counts, addresses and ids do not make a shape; words do."""
    lines = [
        f"2026-03-02 10:00:{n:02},{n:03} INFO  [w-{n}] com.shop.Main - {n} ms for u{n}x trace_id={n + (1 << 126):032x}"
        for n in range(40)
    ]
    pairs = shaped(one_store, tmp_path, ("\n".join(lines) + "\n").encode())
    assert {shape for _, shape in pairs} == {"# #:#:#,# INFO  [w-#] com.shop.Main - # ms for u#x trace_id=#\n"}
    other = lines[0].replace("ms", "s").encode()
    (tmp_path / "b").mkdir()
    assert shaped(one_store, tmp_path / "b", other)[0][1] != pairs[0][1]


def test_shapes_have_the_same_numbers_everywhere(one_store: Store, tmp_path: Path) -> None:
    """A text's shape has one number, in whatever store, run and company."""
    with Store(tmp_path / "other", write=True) as other:
        (tmp_path / "logs").mkdir()
        shaped(other, tmp_path / "logs", EVERY + b"something else\n")
        shaped(one_store, tmp_path, EVERY)
        mine = set(one_store.con.execute("SELECT text, wording, shape FROM lake.shapes").fetchall())
        theirs = set(other.con.execute("SELECT text, wording, shape FROM lake.shapes").fetchall())
    assert len(theirs) > 20
    assert len(theirs - mine) == 1


@pytest.mark.parametrize("piece", ["x", "a-", "x1", "a.", "/a", "[", '"', "a=b,"])
def test_a_long_word_takes_no_longer_than_a_long_line(piece: str, one_store: Store, tmp_path: Path) -> None:
    """A megabyte without a space comes in as it is: nothing done to a text takes time that grows with its square (this
    test would not end)."""
    line = b"2026-03-02 10:00:00,000 ERROR [main] com.shop.Main - " + piece.encode() * (1_000_000 // len(piece)) + b"\n"
    shaped(one_store, tmp_path, line)
    assert b"".join(engine.parts(one_store, engine.numbers(one_store, tmp_path / "app.log")).values()) == line


@given(st.lists(st.text(st.sampled_from("a1_- .é\x02\x03"), max_size=12), min_size=1, max_size=8))
def test_longest_runs(texts: list[str]) -> None:
    """Of each record the longest run of letters and digits with a digit, in frame or body; unknown where texts are many."""
    import pyarrow as pa

    shapes = Shapes()
    frames, none, whole = pa.array(texts), pa.array([""] * len(texts)), pa.array([False] * len(texts))
    for columns in ((frames, none), (none, frames), (frames, pa.array(texts[::-1]))):
        shapes.number(*columns, none, none, whole)
        assert shapes.runs is not None
        pairs = zip(*(column.to_pylist() for column in columns), strict=True)
        assert shapes.runs.to_pylist() == [max(map(longest_run, pair)) for pair in pairs]
    many = pa.array([chr(97 + k // 26) + chr(97 + k % 26) for k in range(200)])
    shapes.number(many, many, many, many, pa.array([False] * 200))
    assert shapes.runs is not None and shapes.runs.null_count == 200


def longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("[A-Za-z0-9]+", text) if re.search("[0-9]", run)), default=0)


def test_of_a_long_record_the_beginning_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shape is short, and such that no search relies on it, nor on how long its numbers are; others stay as they are."""
    import pyarrow as pa

    monkeypatch.setattr("logtriage.store.shape._MOST_TEXT", 5_000)
    long, short = "word é " * 1_000 + "987654321", "word 42"
    empty, no = pa.array(["", ""], pa.large_string()), pa.array([False, False])
    shapes = Shapes()
    numbers = shapes.number(
        pa.array(["\x02"] * 2, pa.large_string()), pa.array([long, short], pa.large_string()), empty, empty, no
    )
    assert numbers[0].as_py() < ANY < numbers[1].as_py()
    assert max(len(one.text) for one in shapes.new.values()) < 5_000
    assert shapes.runs is not None and shapes.runs.to_pylist() == [None, 2]


def test_characters_that_are_marks_do_not_multiply_a_text() -> None:
    """A record that is kept whole, as it holds them itself, has its body in its shape as often as each mark stands for it: once."""
    import pyarrow as pa

    marks, body = "\1\2\4\5\6\2\4" * 200, "\2\4\5 word" * 200
    texts = [pa.array([text], pa.large_string()) for text in (marks + "end", body, "\2" * 99, "\1" * 99)]
    shapes = Shapes()
    (number,) = shapes.number(*texts, pa.array([True])).to_pylist()
    (shape,) = shapes.new.values()
    assert number < ANY
    assert len(shape.text) < 10 * (len(marks) + len(body))
    assert "end" in shape.text
