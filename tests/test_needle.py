"""The needle: it judges lines as ripgrep does, and every weaker test it gives lets all matching lines through."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st
from rg_reference import LINES, OPTIONS, PATTERNS, VALID_LINES, lines_of, needs_rg, rg_lines

from logtriage.errors import UsageError
from logtriage.masking import masked
from logtriage.needles.dialect import pieces
from logtriage.needles.needle import Needle
from logtriage.needles.verdict import MatchTimeout

LOOSE = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


def decoded(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def verdicts_of(needle: Needle, lines: list[str]) -> list[bool]:
    """What the needle says of each line; an example that takes `regex` too long is set aside."""
    try:
        return [needle.matches(line) for line in lines]
    except MatchTimeout:
        reject()


NASTY = [
    "^$", "a|", "", "x*", r"\bfoo\b", "(?i)ſ", "(?i)k", "(?i)É", "[^a]b", r"\s+$", r"^\s*$", r"\S+\s\S+$", ".", "..",
    r"\W", r"\d\d", r"[[:^alpha:]]", r"[^\W\d]", "[]a]", "[a-]", "[^]]", r"[\]\-]", "[a-z--[aeiou]]", "[a-c~~b-d]",
    r"\x41", r"\u00e9", r"\U0001F600", r"\x{1F600}", r"\pN", r"\p{Greek}", r"\P{L}", "(?x) f o o", "(?s)a.b",
    "(?U)a+", "(?-u:\\w)é", "(?i)foo(?-i)Bar", "f(?i)O", "(?P<name>a)b", "((a)|b)+", "a{2}", "a{0}", "a{2,}", "a**",
    "(a*)*b", r"(?:\d+\.){3}\d+", r"\AFoo", r"foo\z", r"^^a$$", "(^|x)a", "a($|x)", r"\r$", r"\t", r"\-\#\&\~",
    "a.{2,40}b", "中+", "é", "(?i)straße", "(?i)ΣΑΣ", r"(?i)[a-z]+", r"(?i)[^k]", r"(?i)\w", r"a\b.",
    "[\u00e0-\u00ff]", r"\bé", r"é\b", r"\Bo", "}", "]",
]  # fmt: skip
NASTY_LINES = [
    b"", b" ", b"a", b"b", b"ab", b"xb", b"foo", b"foo bar", b"xfoo", b"foo1", b"foo-1", "éfoo".encode(),
    "fooé".encode(), b"FOO", b"Foo", "ſ".encode(), b"s", b"S", b"K", "\u212a".encode(), "é É".encode(),
    "STRASSE straße STRAẞE".encode(), "ΣΑΣ σας σασ".encode(), b"trailing  ", b"carriage\r", b"\r", b"nul\x00byte",
    b"\xff", b"a\xffb", b"\xffb", b"f\xffoo", b"\xed\xa0\x80", b"\xc3", "中中".encode(), "😀".encode(), b"10.0.0.12",
    "٣٤".encode(), b"a b c", b"[x] {y} (z) ^ $ # & ~ -", b"0123456789", b"A", b"x" * 5000 + b"foo",
    b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaac",
]  # fmt: skip


@needs_rg
@pytest.mark.parametrize("pattern", NASTY)
def test_judges_nasty_lines_as_ripgrep_does(tmp_path: Path, pattern: str) -> None:
    """For each awkward pattern, plain and with -i, -w, -x and -v, the lines that match are those that ripgrep finds."""
    text = b"\n".join(NASTY_LINES) + b"\n"
    for options in ({}, {"ignore_case": True}, {"word": True}, {"line": True}, {"invert": True}, {"smart_case": True}):
        needle = Needle.of([pattern], **options)
        mine = [(start, end) for start, end in lines_of(text) if needle.matches(decoded(text[start:end]))]
        assert mine == rg_lines(tmp_path, text, [pattern], **options), options


@needs_rg
@LOOSE
@given(st.lists(PATTERNS, min_size=1, max_size=2), st.lists(LINES, max_size=20), OPTIONS)
def test_judges_any_line_as_ripgrep_does(
    tmp_path: Path, patterns: list[str], lines: list[bytes], options: dict[str, bool]
) -> None:
    """For any patterns, lines (not all of them UTF-8) and options, the verdicts are ripgrep's."""
    text = b"".join(line + b"\n" for line in lines)
    needle = Needle.of(patterns, **options)
    verdicts = verdicts_of(needle, [decoded(line) for line in lines])
    mine = [place for place, matches in zip(lines_of(text), verdicts, strict=True) if matches]
    assert mine == rg_lines(tmp_path, text, patterns, **options)


REFUSED = [
    "(a", "a)", "[a", "*a", "a|*", "(?:+)", "{", "a{", "a{b}", "a{3,2}", "a{99999999}", r"\y", r"\Z", r"\8", "[z-a]",
    r"[a-\d]", "(?<1>a)", "(?P<n>a)(?P<n>b)", "(?q)", "a\\", r"\x{110000}", r"\x{D800}", r"\xg0", r"\p{Nothing}",
    r"a\n", "a\nb", "(?", r"[\b]", "(" * 300 + "a" + ")" * 300,
]  # fmt: skip


@pytest.mark.parametrize("pattern", REFUSED)
def test_refuses_what_ripgrep_refuses(tmp_path: Path, pattern: str) -> None:
    """A wrong pattern is a UsageError of one line that names the pattern, and ripgrep refuses it as well."""
    with pytest.raises(UsageError) as caught:
        Needle.of([pattern])
    assert "\n" not in str(caught.value) and "pattern" in str(caught.value)
    if not shutil.which("rg"):
        pytest.skip("ripgrep, the reference, is not installed")
    assert rg_lines(tmp_path, b"a\n", [pattern]) is None


@LOOSE
@given(PATTERNS, VALID_LINES, OPTIONS)
@example("timed out after 7 sec", b"it timed out after 7 seconds", {})
@example("disk", "di\u017f\u212a1".encode(), {"ignore_case": True})
@example("foo-1", b"xfoo-1x", {})
@example("o b", b"fo bar2", {})
def test_a_shape_holds_its_pieces(pattern: str, line: bytes, options: dict[str, bool]) -> None:
    """Whatever matches, its shape is admitted, and one of the required texts is in it."""
    needle = Needle.of([pattern], **options)
    text = decoded(line)
    if verdicts_of(needle, [text]) == [False]:
        return
    assert needle.admits(masked(text))
    lowered = pieces.lowered(text) if needle.folded else text
    assert not needle.required or any(required in lowered for required in needle.required)


@pytest.mark.parametrize(
    ("pattern", "shape", "admitted"),
    [
        ("timed out after 7 sec", "timed out after # sec", True),
        ("timed out after 7 sec", "timed out before # sec", False),
        ("timed out after 7 sec", "¤ out after # ¤", True),
        ("timed out after 7 sec", "# out after # sec", False),
        ("refused", "connection refused", True),
        ("refused", "connection accepted", False),
        ("refused", "connection ¤ ok", True),
        ("refused", "connection # ok", False),
        ("decade", "connection # ok", True),
        ("exec-7 ", "http-exec-# ok", True),
        ("0-beef-a", "#", True),
        ("0-beef-xa", "#", False),
        ("foo[0-9]+ bar", "¤ bar", True),
        ("foo[0-9]+ bar", "# bar", False),
        ("foo[0-9]+ bar", "foo bar", False),
        ("^foo ", "foo x", True),
        ("^foo ", "¤ x", False),
        ("foo=", "¤=", True),
        ("a|", "anything", True),
        ("(?i)Disk Full", "DISK full", True),
        ("(?i)Disk Full", "disk empty", False),
    ],
)
def test_pieces_tell_shapes_apart(pattern: str, shape: str, admitted: bool) -> None:
    """A shape that cannot hold the needle is excluded; one whose masked words may hide a part of it is not."""
    assert Needle.of([pattern]).admits(shape) is admitted


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@LOOSE
@given(st.lists(PATTERNS, min_size=1, max_size=2), st.lists(VALID_LINES, min_size=1, max_size=12), OPTIONS)
def test_sql_holds_for_all_that_matches(
    engine: duckdb.DuckDBPyConnection, patterns: list[str], lines: list[bytes], options: dict[str, bool]
) -> None:
    """In SQL no matching line is lost, none is added where the condition says it is exact (among lines of ASCII, or all), and
    records of several lines hold the condition as soon as one of their lines matches, and no sooner."""
    needle = Needle.of(patterns, **options)
    rows = [line.decode() for line in lines]
    verdicts = verdicts_of(needle, rows)
    condition, parameters = needle.sql("body")
    query = f"SELECT {condition} FROM (SELECT unnest(?::VARCHAR[]) AS body)"
    held = [row[0] for row in engine.execute(query, [*parameters, rows]).fetchall()]
    assert all(hold or not matches for hold, matches in zip(held, verdicts, strict=True))
    sure = [n for n, row in enumerate(rows) if needle.exact or (needle.ascii_exact and row.isascii())]
    assert [held[n] for n in sure] == [verdicts[n] for n in sure]
    if sure and not needle.invert:
        record = "\n".join(rows[n] for n in sure)
        assert engine.execute(query, [*parameters, [record]]).fetchall() == [(any(verdicts[n] for n in sure),)]


def test_sql_is_exact_for_plain_patterns() -> None:
    """Texts, case folding and classes of ASCII need no verification; Unicode words, boundaries and lookaround do."""
    exact = ["refused", "(?i)disk", "[0-9]+ ms", "a.b", "[^a]", "é", "^a$"]
    assert [pattern for pattern in exact if not Needle.of([pattern]).exact] == []
    loose = [r"\w+x", r"\bfoo", "foo(?=bar)", r"(a)\1"]
    assert [pattern for pattern in loose if Needle.of([pattern]).exact] == []
    assert [pattern for pattern in loose if Needle.of([pattern]).ascii_exact] == [r"\w+x", r"\bfoo"]
    assert Needle.of([r"a\d"], word=True).ascii_exact and not Needle.of([r"a\d"], invert=True).ascii_exact
    assert Needle.of(["refused"]).sql("t.body") == ("contains(t.body, ?)", ["refused"])


def test_sql_of_very_many_texts_stays_exact(engine: duckdb.DuckDBPyConnection) -> None:
    """Thousands of texts, too many for one regular expression, still give a condition that only their lines hold."""
    needle = Needle.of([f"word{number}x" for number in range(3000)], fixed=True)
    condition, parameters = needle.sql("body")
    query = f"SELECT {condition} FROM (SELECT unnest(['a word2999x b', 'word3000x', '']) AS body)"
    assert [row[0] for row in engine.execute(query, parameters).fetchall()] == [True, False, False]
    assert needle.exact


@pytest.mark.parametrize(
    ("pattern", "line", "spans"),
    [
        ("foo(?=bar)", "foo foobar", [(4, 7)]),
        (r"(?<=id=)\d+", "id=42 x=7", [(3, 5)]),
        (r"(?<!id=)\b\d+", "id=42 x=7", [(8, 9)]),
        (r"(\w)\1", "hello", [(2, 4)]),
        (r"(?P<c>\w)x(?P=c)", "axa bxc", [(0, 3)]),
        (r"(?i)(a)\1", "aA", [(0, 2)]),
        ("(?>a+)b", "aab", [(0, 3)]),
        ("x*", "axxb", [(1, 3)]),
        ("x*?", "axxb", []),
        ("|x", "éxx", []),
        (r"\b|x", "x xx ax", [(3, 4), (6, 7)]),
        ("a|ab", "ab", [(0, 1)]),
        (r"\<foo\>", "foo xfoo foo", [(0, 3), (9, 12)]),
        (r"\b{start}f", "f xf f", [(0, 1), (5, 6)]),
        ("é+", "aéé", [(1, 3)]),
        ("(?x) f o + # the rest is a remark", "xfoo", [(1, 4)]),
        ("[^a]", "a\udcffb", [(2, 3)]),
    ],
)
def test_spans_tell_where(pattern: str, line: str, spans: list[tuple[int, int]]) -> None:
    """Matches are found leftmost, earlier alternatives first, none behind an empty one at its place; and what ripgrep's own
    engine lacks works too."""
    needle = Needle.of([pattern])
    assert needle.spans(line) == spans
    assert needle.matches(line)


def test_backreferences_of_several_patterns_stay_apart() -> None:
    """Each pattern's group numbers are its own."""
    needle = Needle.of([r"(a)x\1", r"(b)y\1"])
    assert [needle.matches(line) for line in ("axa", "byb", "bya", "axb")] == [True, True, False, False]


def test_a_runaway_pattern_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that takes too long on a line raises MatchTimeout instead of giving a verdict."""
    monkeypatch.setattr("logtriage.needles.verdict.TIMEOUT", 0.01)
    needle = Needle.of([r"(a|aa)+(b)\2$"])
    with pytest.raises(MatchTimeout):
        needle.matches("a" * 60 + "bc")


def test_no_pattern_matches_nothing() -> None:
    """Of an empty list of patterns nothing matches; inverted, everything does."""
    assert not Needle.of([]).matches("")
    assert Needle.of([], invert=True).matches("a")


@pytest.mark.parametrize(
    ("pattern", "holding", "others"),
    [
        (r"(?i)\p{Lt}", "ǆ Ǆ ǅ", "a A ß"),
        (r"(?i)\p{Lu}", "a ſ K", "ŉ 1"),
        (r"(?i)\p{Ll}", "A K ŉ", "1"),
        (r"(?i)\p{Greek}", "µ", "a"),
        (r"(?i)\P{Lu}", "ŉ 1", "a ſ"),
        (r"(?i)[\p{Lt}x]", "ǆ X", "a"),
    ],
)
def test_properties_without_case(pattern: str, holding: str, others: str) -> None:
    """A property holds for what its characters are in another case too, no more: as Rust folds classes, not `regex`."""
    needle = Needle.of([pattern])
    assert [needle.matches(char) for char in holding.split()] == [True] * len(holding.split())
    assert [needle.matches(char) for char in others.split()] == [False] * len(others.split())
