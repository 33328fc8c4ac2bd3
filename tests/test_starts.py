"""Where records begin is the same for grep, which decides it in Python, as for the store, which decides it in SQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtriage.formats.detect import Grammar
from logtriage.formats.format import load_formats
from logtriage.formats.starts import Starts
from logtriage.needles.needle import Needle
from logtriage.normalise import Normaliser, Settings
from logtriage.sources.find import find
from logtriage.store.store import connect
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
        found += normaliser.con.execute("SELECT line, lines FROM wholes ORDER BY i").fetchall()
    return found


def by_python(normaliser: Normaliser, path: Path) -> list[tuple[int, int]]:
    """The same, as grep has them."""
    wanted = Wanted(Needle.of([""]), numbers=True)
    source = find([str(path)]).sources[0]
    stream = Stream(source, wanted, lambda: Starts(normaliser.grammar(source)))
    return [(r.line, r.data.count(b"\n") + (not r.data.endswith(b"\n"))) for r in stream.records()]


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
