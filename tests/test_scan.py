"""Scanning: over bytes, streams and files the selected lines are ripgrep's, whichever way they are looked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from rg_reference import LINES, OPTIONS, PATTERNS, lines_of, needs_rg, rg_lines, texts

from logtriage.errors import SourceError
from logtriage.needles import blockwise, finder
from logtriage.needles.finder import Finder
from logtriage.needles.needle import Needle
from logtriage.needles.scan import scan_blocks, scan_file
from logtriage.needles.verdict import MatchTimeout

LOOSE = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Block:
    offset: int
    line: int
    data: bytes


def found_in(text: bytes, needle: Needle) -> list[tuple[int, int]]:
    """The lines selected in `text`, as (start, end); an example that takes `regex` too long is set aside."""
    try:
        return Finder(needle).select(text, 0, len(text))
    except MatchTimeout:
        reject()


@pytest.fixture(params=["line by line", "hyperscan"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Small texts are looked through line by line; here they are also given to Hyperscan."""
    if request.param == "hyperscan":
        monkeypatch.setattr(finder, "SMALL", -1)
    return str(request.param)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few bytes, and threads from the second block on."""
    for module in (finder, blockwise):
        monkeypatch.setattr(module, "WINDOW", 64)
    monkeypatch.setattr("logtriage.needles.scan.WINDOW", 64)
    monkeypatch.setattr(blockwise, "_SLACK", 16)
    monkeypatch.setattr(blockwise, "_ALONE", 64)
    monkeypatch.setattr(blockwise, "_DENSE", 0)


@needs_rg
@LOOSE
@given(st.lists(PATTERNS, min_size=1, max_size=2), texts(LINES), OPTIONS)
def test_finds_the_lines_ripgrep_finds(
    tmp_path: Path, way: str, patterns: list[str], text: bytes, options: dict[str, bool]
) -> None:
    """For any patterns, bytes and options, the lines selected in a buffer are ripgrep's."""
    needle = Needle.of(patterns, **options)
    wanted = rg_lines(tmp_path, text, patterns, **options)
    assert found_in(text, needle) == wanted


NASTY = [
    "^$",
    "a|",
    "x*",
    r"\bfoo\b",
    "(?i)ſ",
    "[^a]b",
    r"\s+$",
    r"\s",
    "[^x]",
    "^",
    "$",
    r"foo\s*$",
    "^z*$",
    "1$",
    "中",
]
ODD_TEXTS = [
    b"", b"\n", b"\n\n", b"a", b"a\n\n", b"\n\na", b"foo \r\nbar\r\n\r\n", b"a\x00b\nfoo\x00\n",
    b"\xff\xfe\nfoo\xff\n\xffb", "é\nſ\nS\n中".encode(), b"x" * 300_000 + b" foo\nb\n" + b"y" * 10,
    b"q" * 40 + b"\n\n", b"x\n" * 30 + b"1", b"q" * 100 + b"\nz\n",
]  # fmt: skip


@needs_rg
@pytest.mark.parametrize("pattern", NASTY)
def test_odd_texts(tmp_path: Path, way: str, pattern: str) -> None:
    """Empty files and lines, CRLF, NUL, invalid UTF-8, very long lines, a missing last line break: as ripgrep."""
    for text in ODD_TEXTS:
        for invert in (False, True):
            needle = Needle.of([pattern], invert=invert)
            wanted = rg_lines(tmp_path, text, [pattern], invert=invert)
            assert found_in(text, needle) == wanted, text[-40:]


@LOOSE
@given(PATTERNS, texts(LINES), OPTIONS, st.integers(1, 3))
def test_a_file_gives_what_its_bytes_give(
    tmp_path: Path, tiny: None, way: str, pattern: str, text: bytes, options: dict[str, bool], threads: int
) -> None:
    """However a file is cut into blocks and shared among threads, its hits come in order, with offsets and numbers."""
    needle = Needle.of([pattern], **options)
    file = tmp_path / "log"
    file.write_bytes(text)
    starts = [start for start, _ in lines_of(text)]
    wanted = [(start, starts.index(start) + 1) for start, _ in found_in(text, needle)]
    assert list(scan_file(file, needle, threads=threads, with_numbers=True)) == wanted
    assert [hit.offset for hit in scan_file(file, needle, threads=threads)] == [start for start, _ in wanted]


@LOOSE
@given(texts(LINES), st.data())
def test_a_part_of_a_file(tmp_path: Path, tiny: None, text: bytes, data: st.DataObject) -> None:
    """From an offset to an end, a file gives the lines that begin there."""
    starts = [start for start, _ in lines_of(text)]
    offset = data.draw(st.sampled_from([0, *starts]))
    end = data.draw(st.integers(0, len(text)))
    file = tmp_path / "log"
    file.write_bytes(text)
    found = [hit.offset for hit in scan_file(file, Needle.of(["[ab]|^"]), offset=offset, end=end)]
    assert found == [start for start in starts if offset <= start < end]


@LOOSE
@given(PATTERNS, st.lists(texts(LINES), max_size=5), OPTIONS)
def test_a_stream_gives_what_its_blocks_give(pattern: str, parts: list[bytes], options: dict[str, bool]) -> None:
    """Blocks of a stream give their hits with the stream's offsets and line numbers."""
    needle = Needle.of([pattern], **options)
    parts = [part if part.endswith(b"\n") else part + b"\n" for part in parts]
    blocks, offset, line = [], 1000, 7
    for part in parts:
        blocks.append(Block(offset, line, part))
        offset, line = offset + len(part), line + part.count(b"\n")
    text = b"".join(parts)
    starts = [start for start, _ in lines_of(text)] if text else []
    wanted = [(1000 + start, 7 + starts.index(start)) for start, _ in found_in(text, needle)]
    assert list(scan_blocks(blocks, needle, with_numbers=True)) == wanted


@pytest.fixture(scope="module")
def large() -> bytes:
    """Four MiB of log lines, some of them not ASCII."""
    lines = [f"2026-01-01 INFO request {n} took {n % 997} ms{' für ñ' if n % 50 == 0 else ''}" for n in range(80_000)]
    lines[60_000] = "FATAL the needle"
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    "pattern", ["needle", "took 99 ms", r"\b99[0-9] ms$", r"(?i)REQUEST \d*77\d*\b", "ñ|FATAL", r"\s\w+r ", "."]
)
def test_large_buffers(tmp_path: Path, large: bytes, pattern: str) -> None:
    """Over several windows, from bytes and from a file, the lines are those that Python's `re` selects."""
    needle = Needle.of([pattern])
    judge = re.compile(pattern)
    wanted = [start for start, end in lines_of(large) if judge.search(large[start:end].decode())]
    blocks = [Block(0, 1, large)]
    assert [hit.offset for hit in scan_blocks(blocks, needle)] == wanted
    assert len(list(scan_blocks(blocks, Needle.of([pattern], invert=True)))) == 80_000 - len(wanted)
    file = tmp_path / "log"
    file.write_bytes(large)
    assert [hit.offset for hit in scan_file(file, needle)] == wanted


@pytest.mark.parametrize("filling", [b"q", b"q\n", b" "])
@pytest.mark.parametrize("pattern", ["^z*$", "^(?:zq)*$", "^[0-9](?:ab)?$", "z$", "^1", "a*z"])
def test_nothing_is_missed_at_the_end(monkeypatch: pytest.MonkeyPatch, pattern: str, filling: bytes) -> None:
    """Whatever the length of a text, a match in its last line is found: the engine's own end of data is not trusted."""
    monkeypatch.setattr(finder, "SMALL", -1)
    needle = Needle.of([pattern])
    searching = Finder(needle)
    for length in range(150):
        for tail in (b"\n1", b"\n1\n", b"\n\n", b"\nz", b"\nz\n", b"\n1ab\n"):
            text = filling * length + tail
            wanted = [(start, end) for start, end in lines_of(text) if needle.has_match(text[start:end])]
            assert searching.select(text, 0, len(text)) == wanted


def test_the_first_hit_comes_before_the_rest_is_read(
    tmp_path: Path, large: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hit in the first block is given when no more than that block was read."""
    file = tmp_path / "log"
    file.write_bytes(large * 4)
    read: list[int] = []
    preadv = os.preadv

    def counted(*arguments: object) -> int:
        read.append(preadv(*arguments))  # type: ignore[arg-type]
        return read[-1]

    monkeypatch.setattr(os, "preadv", counted)
    found = scan_file(file, Needle.of(["request"]))
    assert next(found).offset == 0
    assert sum(read) < 2 * finder.WINDOW


def test_stopping_early_ends_the_threads(tmp_path: Path, large: bytes, tiny: None) -> None:
    """A scan that is given up leaves no thread behind."""
    import threading

    file = tmp_path / "log"
    file.write_bytes(large[:200_000])
    before = threading.active_count()
    found = scan_file(file, Needle.of(["took"]), threads=3)
    for _ in range(50):
        next(found)
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_a_file_cut_short_while_it_is_read(tmp_path: Path, large: bytes) -> None:
    """Truncating a file during its scan, as log rotation does, ends the scan after what was read, and is told."""
    file = tmp_path / "log"
    file.write_bytes(large * 3)
    found = scan_file(file, Needle.of(["request"]))
    offsets = [next(found).offset]
    os.truncate(file, 2_000_000)
    with pytest.raises(SourceError, match="truncated to 2000000 bytes"):
        offsets.extend(hit.offset for hit in found)
    assert offsets == [start for start, _ in lines_of(large) if start < offsets[-1] + 1] and offsets[-1] > 1_000_000


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that cannot be opened is a SourceError that names it."""
    with pytest.raises(SourceError, match="nowhere"):
        list(scan_file(tmp_path / "nowhere", Needle.of(["a"])))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("logtriage.needles.verdict.TIMEOUT", 0.01)
    yield


@pytest.mark.parametrize("invert", [False, True])
def test_undecided_lines_are_told(tmp_path: Path, impatient: None, invert: bool) -> None:
    """A line that takes too long is told and not selected, the lines around it are; if it cannot be told, it raises."""
    text = b"aabb\n" + b"a" * 60 + b"bc\nx\naabb\n"
    needle = Needle.of([r"(a|aa)+(b)\2$"], invert=invert)
    wanted = [68] if invert else [0, 70]
    undecided: list[int] = []
    assert [start for start, _ in Finder(needle, undecided.append).select(text, 0, len(text))] == wanted
    file = tmp_path / "log"
    file.write_bytes(text)
    assert [hit.offset for hit in scan_file(file, needle, on_timeout=undecided.append)] == wanted
    blocks = [Block(1000, 1, text)]
    assert [hit.offset for hit in scan_blocks(blocks, needle, on_timeout=undecided.append)] == [
        1000 + s for s in wanted
    ]
    assert undecided == [5, 5, 1005]
    for untold in (scan_file(file, needle), scan_blocks(blocks, needle)):
        with pytest.raises(MatchTimeout):
            list(untold)


def test_runaway_repetitions_are_decided_without_backtracking() -> None:
    """A pattern that ruins a backtracking engine costs nothing on lines of ASCII, as Hyperscan decides it."""
    text = b"a" * 2000 + b"c\n" + b"a" * 2000 + b"b\n"
    needle = Needle.of(["(a|aa|a*)*b$"])
    assert found_in(text, needle) == [(2002, 4003)]
    assert not needle.matches("a" * 5000)


def test_thousands_of_patterns() -> None:
    """A long list of texts (-f) is one search."""
    text = b"".join(b"line with word%dx in it\n" % number for number in range(5000))
    needle = Needle.of([f"word{number}x" for number in range(0, 10_000, 5)], fixed=True)
    found = found_in(text, needle)
    assert len(found) == 1000
    assert [number for number, (start, _) in enumerate(found) if start < 100] == [0]


@pytest.mark.parametrize(
    "pattern", [r"(?:\w{1,200}x){3}y", "(?:a.{1,300}b){4}", r"(?:a$|b)c|b\b", "[^a]{500}z", r"\w{40}é"]
)
def test_patterns_too_large_for_hyperscan(large: bytes, pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Hyperscan refuses or has to be given less than the pattern, the verdict on each line still stands."""
    text = large[:20_000] + b"\nbc\na" + b"q" * 200 + b"b" + b"w" * 40 + "é\n".encode()
    monkeypatch.setattr(finder, "SMALL", -1)
    needle = Needle.of([pattern])
    assert found_in(text, needle) == [(s, e) for s, e in lines_of(text) if needle.has_match(text[s:e])]
