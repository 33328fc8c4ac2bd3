"""Matching: the core never loses a match, one scan of a block finds all candidates, RE2 proves them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import hyperscan
import pyarrow as pa
import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logtriage import hyperscans
from logtriage.errors import LibraryError
from logtriage.signatures import compiled
from logtriage.signatures.cores import core
from logtriage.signatures.flags import Flags
from logtriage.signatures.library import Pattern, load_patterns
from logtriage.signatures.match import Matcher, match_text, prove
from logtriage.signatures.regex_tree import DialectError, parse


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def pattern(expression: str, *, unless: str | None = None, name: str = "own.one") -> Pattern:
    captures = tuple(regex.findall(r"\(\?P<([a-z_]+)>", expression))
    return Pattern(name, "t", "error", "disk", expression, "a", "own.toml", captures, unless)


# Regexes of the dialect over a small alphabet, in which short texts match often.
_ATOMS = st.sampled_from(
    ["a", "b", "é", ".", r"\d", r"\w", r"\S", r"\W", "[ab]", "[^a]", "[^é]", "[aé]", r"[\W1]", " ", "1"]
)
_ASSERTIONS = st.sampled_from(["^", "$", r"\b", r"\B"])
_QUANTIFIERS = st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{0,2}", "{1,}", "+?", "{1,6}"])


def _bigger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    flags = st.sampled_from(["", "i"])
    group = st.builds(lambda text, flag, times: f"(?{flag}:{text}){times}", inner, flags, _QUANTIFIERS)
    joined = st.lists(inner, min_size=1, max_size=4).map("".join)
    choice = st.lists(inner, min_size=2, max_size=3).map(lambda branches: f"(?:{'|'.join(branches)})")
    return st.one_of(group, joined, choice)


_WORDS = st.sampled_from(["ab1", "a b ", "bbbbbbb"])
_PIECES = st.one_of(st.builds(str.__add__, _ATOMS, _QUANTIFIERS), _ATOMS, _ASSERTIONS, _WORDS)
_REGEXES = st.recursive(_PIECES, _bigger, max_leaves=12)
_TEXTS = st.text(alphabet="aAbB1 é\n-", max_size=14)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(_REGEXES, _TEXTS)
def test_core_is_found_wherever_the_regex_matches(expression: str, text: str) -> None:
    """Within the bytes of any match of the regex there is a match of its core, read as Hyperscan reads bytes. (`regex` 2026.11
    does not find "A" by `(?i:bb)|[^a]|b`; `re` does.)"""
    try:
        found = core(expression)
    except DialectError:
        return
    for hit in regex.finditer(expression, text, regex.MULTILINE | regex.ASCII):
        assert re.search(found.encode(), hit[0].encode()), (expression, found, hit[0])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_REGEXES, min_size=1, max_size=4), st.lists(_TEXTS | st.none(), max_size=6), st.booleans())
def test_scan_misses_no_row(expressions: list[str], texts: list[str | None], large: bool) -> None:
    """Whatever rows stand side by side without a gap, each that a regex matches is a candidate, once for each regex."""
    patterns = []
    for n, expression in enumerate(expressions):
        try:
            core(expression)
        except DialectError:
            continue
        patterns.append(pattern(expression, name=f"own.p{n}"))
    rows, indexes = Matcher(patterns).scan(pa.array(texts, pa.large_string() if large else pa.string()))
    found = list(zip(rows.to_pylist(), indexes.to_pylist(), strict=True))
    assert len(found) == len(set(found))
    for row, text in enumerate(texts):
        for index, one in enumerate(patterns):
            if text is not None and match_text([one], text):
                assert (row, index) in found
    assert all(texts[row] for row, _ in found)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_shipped_cores_lose_nothing(data: st.DataObject) -> None:
    """For texts made from a shipped regex itself, the scan finds the pattern."""
    one = data.draw(st.sampled_from(load_patterns()))
    text = data.draw(
        st.from_regex(re.compile(one.regex, re.MULTILINE | re.ASCII), alphabet=st.characters(codec="utf-8"))
    )
    if regex.search(one.regex, text, regex.MULTILINE | regex.ASCII):
        assert regex.search(core(one.regex).encode(), text.encode())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"(?i)timed out(?: after (?P<timeout>\d+ ?\w+))?", "(?i:timed out)"),
        (r"^\S+ refused\b", " refused"),
        (r"error \d+", r"error \d"),
        (r"connection to \S+ (?:was )?severed", " (?:was )?severed"),
        (r"code \d{3}$", r"code \d{2}\d"),
        (r"a.b{2,3}", "a.{1,4}bb"),
        (r"exited.{0,9}x", "exited"),
        (r"no .{0,9}x", "no .{0,36}x"),
        (r"(?:^|[ :])(?:MemoryError|KeyError: )(?:$|:)", "(?:MemoryError|KeyError: )"),
        (r"[a-z]+ has failed: (?P<reason>.*)", " has failed: "),
    ],
)
def test_core_by_example(expression: str, expected: str) -> None:
    """Assertions and open ends go, wide characters are counted in bytes, of gaps the telling side stays, rather than common words."""
    assert core(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [r"(?=a)b", r"(a)b", r"(?<n>a)", r"a++", r"(?P<n>a)(?P<n>b)", r"a\1", r"\p{L}", r"[[:alpha:]]", r"(a", r"a)", r"*a",
     r"a(?i)b", r"(?x)a", r"\Za", r"[a-é]", r"a*", r"^$", r"x?|y", r"\x80", "[", r"(?>a)", r"a**"],
)  # fmt: skip
def test_core_refuses_what_engines_read_differently(expression: str) -> None:
    """What is not in the common dialect, or matches without any text, is an error and never a silent miss."""
    with pytest.raises(DialectError):
        core(expression)


def test_group_names_come_in_order() -> None:
    """The names, in the order in which RE2 numbers the groups."""
    assert parse(r"(?P<b>x)(?:(?P<a>y)|z)")[1] == ("b", "a")


def test_scan_of_slices_and_chunks() -> None:
    """A slice of an array, whose offsets begin in the middle of the buffer, gives rows counted from its own start."""
    texts = pa.array(["disk full", "", None, "ok", "éé disk full", "full"])
    matcher = Matcher([pattern("disk full")])
    assert matcher.scan(texts)[0].to_pylist() == [0, 4]
    assert matcher.scan(texts.slice(3))[0].to_pylist() == [1]
    assert matcher.scan(texts.slice(1, 2))[0].to_pylist() == []
    assert matcher.scan(pa.array([], pa.string()))[0].to_pylist() == []
    assert Matcher([]).scan(texts)[1].to_pylist() == []


def test_scan_of_more_than_one_buffer_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """An array too large for one scan is scanned in halves with the same result."""
    texts = pa.array([f"line {n} {'disk full' if n % 7 == 0 else 'ok'}" for n in range(500)])
    matcher = Matcher([pattern("disk full"), pattern("line 3", name="own.two")])
    whole = sorted(zip(*(part.to_pylist() for part in matcher.scan(texts)), strict=True))
    monkeypatch.setattr("logtriage.signatures.match._MOST_BYTES", 300)
    assert sorted(zip(*(part.to_pylist() for part in matcher.scan(texts)), strict=True)) == whole
    assert len(whole) > 72


def test_scan_refuses_other_layouts() -> None:
    """A layout without one data buffer is an error of the caller."""
    with pytest.raises(TypeError, match="string"):
        Matcher([pattern("x")]).scan(pa.array([b"x"]))


def proved(one: Pattern, texts: list[str | None]) -> dict[int, dict[str, str]]:
    places, captures = prove(one, pa.array(texts, pa.large_string()))
    return dict(zip(places.to_pylist(), map(dict, captures.to_pylist()), strict=True))


def test_proves_and_captures() -> None:
    """The proof gives the captures that took part, nothing for a record that `unless` excuses or that is null."""
    one = pattern(r"(?i)^lost (?P<peer_host>\w+)(?::(?P<peer_port>\d+))?$", unless="never")
    texts = ["ok\nLost db:80", "lost db\nnever", None, "not lost db", "lost db"]
    assert proved(one, texts) == {0: {"peer_host": "db", "peer_port": "80"}, 4: {"peer_host": "db"}}
    assert proved(one, ["well"]) == proved(one, []) == {}
    assert proved(pattern("lost"), ["lost"]) == {0: {}}


def test_match_text_gives_patterns_with_captures() -> None:
    """One text, in Python: the patterns it carries in the order given, no empty captures."""
    one, two = pattern(r"lost (?P<count>\d+)?", unless="found"), pattern("basket", name="own.two")
    assert match_text([two, one], "basket lost ") == [(two, {}), (one, {})]
    assert match_text([one], "lost 7") == [(one, {"count": "7"})]
    assert match_text([one], "lost 7, found 8") == []


def test_match_text_cannot_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """A regex that backtracks without end is stopped and named."""
    monkeypatch.setattr("logtriage.signatures.match._TEXT_TIMEOUT", 0.05)
    with pytest.raises(LibraryError, match=r"own\.toml: pattern own\.one: too slow"):
        match_text([pattern("^(?:a|a)*$")], "a" * 40 + "b")


def test_a_bad_regex_is_named() -> None:
    """A regex outside the dialect is told with its file and id before anything is scanned."""
    with pytest.raises(LibraryError, match=r"own\.toml: pattern own\.one: "):
        Matcher([pattern("(?=x)y")])


def test_database_is_kept_and_damage_is_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled library is read back instead of made again; a damaged or foreign file is replaced."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    many = [pattern(f"number {n} lost", name=f"own.p{n}") for n in range(compiled._WORTH_KEEPING)]
    texts = pa.array(["number 3 lost", "x"])
    Matcher(many)
    (kept,) = (tmp_path / "logtriage").glob("*.hsdb")
    good = kept.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "compile_cores", lambda _: pytest.fail("compiled again"))
        assert Matcher(many).scan(texts)[1].to_pylist() == [3]
    for bad in (b"", good[:-1], good[:40] + b"\0" + good[41:], b"x" * 2000):
        kept.write_bytes(bad)
        assert Matcher(many).scan(texts)[1].to_pylist() == [3]
        assert hyperscans.read(kept) is not None


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no cache folder, matching works all the same."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    many = [pattern(f"number {n} lost", name=f"own.p{n}") for n in range(compiled._WORTH_KEEPING)]
    assert Matcher(many).scan(pa.array(["number 3 lost"]))[1].to_pylist() == [3]


def test_hyperscan_reports_ends_within_the_row() -> None:
    """The premise of the row search: ends are exclusive, so a match at a row's very end belongs to that row."""
    ends: list[int] = []
    database = compiled.compile_cores(["full"])
    scratch = hyperscan.Scratch(database)
    database.scan(b"disk fullx", match_event_handler=lambda *hit: ends.append(hit[2]), scratch=scratch)
    assert ends == [9]


def test_vague_signatures_count_only_where_no_other_tells_of_a_failure() -> None:
    """A record with a signature that says what failed has no vague one besides; one that says no failure silences none."""
    kinds = {"disk": ("disk", "warn"), "start": ("restart", "info"), "failed": ("failure", "error")}
    many = [
        dataclasses.replace(pattern(word, name=f"own.{word}"), category=category, severity=severity)
        for word, (category, severity) in kinds.items()
    ]
    flags = Flags(Matcher(many))
    flags.read(pa.array([0, 1, 2]), pa.array(["failed on disk", "start failed", "failed"], pa.large_string()))
    assert flags.flags is not None
    assert flags.flags["flags"].to_pylist() == ["own.disk", "own.failed own.start", "own.failed"]


def test_fallbacks_count_only_where_no_particular_software_tells_of_a_failure() -> None:
    """A generic signature that is no fallback silences none; a fallback silences the vague ones."""
    kinds = {"own.disk": False, "generic.slow": False, "generic.code": True}
    many = [
        dataclasses.replace(pattern(name.partition(".")[2], name=name), severity="warn", fallback=fallback)
        for name, fallback in kinds.items()
    ]
    many.append(dataclasses.replace(pattern("failed", name="generic.failed"), category="failure", severity="error"))
    flags = Flags(Matcher(many))
    flags.read(pa.array([0, 1, 2]), pa.array(["disk code", "slow code", "code failed"], pa.large_string()))
    assert flags.flags is not None
    assert flags.flags["flags"].to_pylist() == ["own.disk", "generic.code generic.slow", "generic.code"]
