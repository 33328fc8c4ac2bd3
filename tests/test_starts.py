"""Where records begin is the same for grep, which decides it in Python, as for the store, which decides it in SQL."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logtriage import whole
from logtriage.formats.detect import Grammar
from logtriage.formats.format import load_formats
from logtriage.formats.starts import Starts
from logtriage.needles import blockwise
from logtriage.needles.needle import Needle
from logtriage.normalise import Normaliser, Settings
from logtriage.sources.cut import NEWLINE
from logtriage.sources.find import find
from logtriage.store.connection import connect
from logtriage.stream.reader import Reader
from logtriage.stream.stream import Stream, Wanted

FORMATS = load_formats()
EXAMPLES = [example.text for fmt in FORMATS for example in fmt.examples]
BETWEEN = [
    "", "    at com.shop.Order.place(Order.java:12)", "Caused by: java.io.IOException: no", "\tindented", "}", "word",
    "Traceback (most recent call last):", '  File "a.py", line 1, in <module>', "ValueError: bad",
    "goroutine 1 [running]:",
    "\x1b[31m2026-01-02 03:04:05 ERROR coloured\x1b[0m", "2026-01-02 03:04:05 INFO plain\r", "{", "--", "\ufefffirst",
    "\v no blank to RE2", "\f a blank", "\u00a0no blank", "\x1cno blank", "Jan  2 03:04:05 web1 sshd[812]: ",
    '{"log":"","stream":"stdout","time":"2026-01-02T03:04:05.1Z"}', "2026-01-02T03:04:05.1Z stdout F ",
    '{"log":"cut in two","stream":"stdout","time":"2026-01-02T03:04:05.1Z"}',
    '{"log":"2026-01-02 03:04:05 INFO whole\\n","stream":"stdout","time":"2026-01-02T03:04:05.1Z"}',
    '{"log":"    at x.Y.z(Y.java:1)\\n","stream":"stdout","time":"2026-01-02T03:04:05.1Z"}',
    "2026-01-02T03:04:05.1Z stdout P a part of", "2026-01-02T03:04:05.1Z stdout F a line",
    "2026-01-02T03:04:05.1Z stderr F     at x.Y.z(Y.java:1)", "2026-01-02T03:04:05.1Z stderr P other",
]  # fmt: skip


@pytest.fixture(scope="module")
def normaliser() -> Iterator[Normaliser]:
    """One engine for all examples."""
    con = connect()
    yield Normaliser(con, Settings(FORMATS, ()))
    con.close()


def by_sql(normaliser: Normaliser, path: Path) -> list[tuple[int, int]]:
    """(line, lines) of each record, as the store has them."""
    found: list[tuple[int, int]] = []
    for _ in normaliser.read(find([str(path)]).sources[0]):
        rows = normaliser.con.execute("SELECT line, raw FROM records ORDER BY i").fetchall()
        found += [(line, raw.count("\n") + (not raw.endswith("\n"))) for line, raw in rows]
    return found


def by_python(normaliser: Normaliser, path: Path) -> list[tuple[int, int]]:
    """The same, as grep has them."""
    wanted = Wanted(Needle.of([""]), numbers=True)
    source = find([str(path)]).sources[0]
    stream = Stream(source, wanted, lambda: Starts(normaliser.grammar(source)))
    return [(r.line, r.data.count(b"\n") + (not r.data.endswith(b"\n"))) for r in stream.records()]


def pieces_by_sql(normaliser: Normaliser, path: Path) -> list[tuple[int, bytes]]:
    """(offset, bytes) of each record, as the store has them."""
    found: list[tuple[int, bytes]] = []
    for _ in normaliser.read(find([str(path)]).sources[0]):
        rows = normaliser.con.execute(
            'SELECT "offset", coalesce(exact, encode(raw)) FROM records ORDER BY i'
        ).fetchall()
        found += rows
    return found


def pieces_by_python(normaliser: Normaliser, path: Path, needle: str, beside: int = 0) -> list[tuple[int, bytes]]:
    """The same, as grep has them, of the records that it finds and those beside them."""
    source = find([str(path)]).sources[0]
    stream = Stream(
        source, Wanted(Needle.of([needle]), beside, beside, numbers=True), lambda: Starts(normaliser.grammar(source))
    )
    return [stream.written(r)[:2] for r in stream.records()]


def pieces_of_rows(normaliser: Normaliser, path: Path, needle: str) -> list[tuple[int, bytes]]:
    """The same of the records that it finds, where their fields are needed: as many rows as there are pieces."""
    source = find([str(path)]).sources[0]
    stream = Stream(source, Wanted(Needle.of([needle])), lambda: Starts(normaliser.grammar(source)))
    found = list(map(stream.written, stream.records()))
    rows = Reader(normaliser, source).some(found, stream.encoding).rows(json=False) if found else []
    newline = NEWLINE[stream.encoding]
    return [
        (row.offset, row.raw if one.data.endswith(newline) else row.raw.removesuffix(newline))
        for row, one in zip(rows, found, strict=True)
    ]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(EXAMPLES + BETWEEN * 12), min_size=1, max_size=30), st.booleans())
def test_same_records_as_the_store(
    tmp_path_factory: pytest.TempPathFactory, normaliser: Normaliser, texts: list[str], complete: bool
) -> None:
    """Any mixture of formats, traces and fragments falls into the same records both ways."""
    path = tmp_path_factory.mktemp("mixed") / "mixed.log"
    path.write_text("\n".join(texts) + ("\n" if complete else ""), newline="")
    assert by_python(normaliser, path) == by_sql(normaliser, path)


@pytest.mark.parametrize("fmt", [f for f in FORMATS if f.examples and f.multiline], ids=lambda f: f.id)
def test_same_records_in_formats_of_many_lines(tmp_path: Path, normaliser: Normaliser, fmt: object) -> None:
    """Formats whose records span lines are cut at the same places."""
    path = tmp_path / "many.log"
    path.write_text("".join(e.text + "\n" for e in fmt.examples * 3))  # type: ignore[attr-defined]
    assert by_python(normaliser, path) == by_sql(normaliser, path)


def test_a_line_that_is_one_long_word_is_placed_at_once() -> None:
    """What tells whether a line goes on with a record is looked for in its beginning."""
    starts = Starts(Grammar(FORMATS))
    before = time.process_time()
    assert not starts.place(b"x" * 1_000_000).follows
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    "text",
    [
        "Jan  2 03:04:05 web1 sshd[812]: first\nJan  2 03:04:06 web1 sshd[812]: \nJan  2 03:04:07 web1 sshd[812]: last\n",
        "alpha\n\v beta\ngamma\n",
    ],
)
def test_what_says_nothing_is_a_record_too(tmp_path: Path, normaliser: Normaliser, text: str) -> None:
    """A transport's line that wraps nothing, and one that begins with what is a blank to Python alone, are records."""
    path = tmp_path / "few.log"
    path.write_text(text)
    assert by_python(normaliser, path) == by_sql(normaliser, path) == [(1, 1), (2, 1), (3, 1)]


def test_containers_that_speak_by_turns_are_told_apart(tmp_path: Path, normaliser: Normaliser) -> None:
    """What has no time goes on with its own container's record, and begins one behind another's, in both ways of reading."""
    path = tmp_path / "compose.log"
    path.write_text("web | 2026-01-02 03:04:05 INFO up\nweb | and more\ndb  | ready\nweb | to serve\n")
    assert by_python(normaliser, path) == by_sql(normaliser, path) == [(1, 2), (3, 1), (4, 1)]


LONG = st.sampled_from(
    [
        "2026-01-02 03:04:05 INFO " + "word " * 30,
        "2026-01-02 03:04:05 INFO " + "word " * 300 + "END",
        "x" * 299,
        "y" * 300,
        "z" * 900 + " END",
        "2026-01-02 03:04:05 ERROR short END",
        "    at com.shop.Order.place(Order.java:12)",
        "\tat a.b.C.d(E.java:7) " + "q" * 400,
        "",
    ]
)


@pytest.mark.parametrize("packed", [False, True])
@given(st.lists(LONG, min_size=1, max_size=25), st.booleans(), st.integers(0, 2))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_are_cut_at_the_same_places(
    tmp_path_factory: pytest.TempPathFactory,
    normaliser: Normaliser,
    monkeypatch: pytest.MonkeyPatch,
    packed: bool,
    lines: list[str],
    complete: bool,
    beside: int,
) -> None:
    """Records and lines that are too long are cut alike for grep and for the store, whatever is looked for."""
    monkeypatch.setattr(whole, "LONGEST", 300)
    monkeypatch.setattr(blockwise, "WINDOW", 128)
    monkeypatch.setattr(blockwise, "_SLACK", 16)
    monkeypatch.setattr(blockwise, "_ALONE", 256)
    data = ("\n".join(lines) + ("\n" if complete else "")).encode()
    path = tmp_path_factory.mktemp("long") / ("long.log.gz" if packed else "long.log")
    path.write_bytes(gzip.compress(data) if packed else data)
    stored = pieces_by_sql(normaliser, path)
    assert b"".join(piece for _, piece in stored) == data
    assert max((len(piece) for _, piece in stored), default=0) <= 300
    assert pieces_by_python(normaliser, path, "") == stored
    with_end = [place for place, (_, piece) in enumerate(stored) if b"END" in piece]
    near = {k + n for k in with_end for n in range(-beside, beside + 1)}
    assert pieces_by_python(normaliser, path, "END", beside) == [one for k, one in enumerate(stored) if k in near]
    assert pieces_of_rows(normaliser, path, "[Eaqz]") == [one for one in stored if set(b"Eaqz") & set(one[1])]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@given(
    st.lists(
        st.sampled_from(["2026-01-02 03:04:05 INFO h\u00e4\u4e0a\u0a0a", "\tat a.b.C", "x\U0001f600y", "", "\r"]),
        max_size=20,
    )
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_not_in_utf_8_comes_back_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, normaliser: Normaliser, encoding: str, lines: list[str]
) -> None:
    """A log in UTF-16, damaged too, is found in the bytes and at the places of its source, as the store has it."""
    path = tmp_path_factory.mktemp("wide") / "wide.log"
    data = "\ufeff2026-01-02 03:04:05 INFO first\n".encode(encoding)
    data += "".join(f"{line}\n" for line in lines).encode(encoding) + "lone\ud800\nend".encode(
        encoding, "surrogatepass"
    )
    path.write_bytes(data)
    stored = pieces_by_sql(normaliser, path)
    assert b"".join(piece for _, piece in stored) == data
    assert pieces_by_python(normaliser, path, "") == pieces_of_rows(normaliser, path, "") == stored
