"""The format library says what it means: every format reads its own examples, refuses its near misses, in every engine."""

from __future__ import annotations

import functools
import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logtriage.errors import LibraryError
from logtriage.formats.format import LEVELS, Format, level_words, load_formats, match_text
from logtriage.shipped import library_folder
from logtriage.stamps.moment import to_datetime
from logtriage.stamps.stamp import kind_of, stamp
from logtriage.stamps.zone import Zone

FORMATS = load_formats()
TEXT = [fmt for fmt in FORMATS if fmt.kind == "text"]
NORMALISED = {"timestamp", "level"}  # given in their final form, which only the whole engine can produce
REFERENCE = datetime(2026, 11, 22, 12, tzinfo=UTC)  # for what a stamp leaves out
DECIDED_BY_ENGINE = {"timestamp": {"timestamp", "time", "date"}, "level": {"level", "status"}}


def ids(fmt: Format) -> str:
    return fmt.id


@functools.cache
def generic(kind: str) -> Format:
    return next(fmt for fmt in FORMATS if fmt.id == kind)


def flatten(value: Any, prefix: str = "") -> dict[str, str]:
    """A JSON object's scalars under dotted keys, as text; an array's members under their places."""
    if isinstance(value, list):
        members = {str(place): member for place, member in enumerate(value)}
        return {prefix: json.dumps(value)} | flatten(members, prefix)
    if not isinstance(value, dict):
        return {prefix: value if isinstance(value, str) else json.dumps(value)}
    return {
        k: v for key, inner in value.items() for k, v in flatten(inner, f"{prefix}.{key}" if prefix else key).items()
    }


def keyed(fmt: Format, text: str) -> dict[str, str] | None:
    """A reference reading of one JSON or logfmt record: flat keys, and the format's names for them; None: not it."""
    try:
        if fmt.kind == "json":
            flat = flatten(json.loads(text))
        else:
            words = shlex.split(text)
            if not all("=" in word for word in words[:1]):
                return None
            flat = dict(word.split("=", 1) for word in words if "=" in word)
    except ValueError:
        return None
    present = {".".join(key.split(".")[:n]) for key in flat for n in range(1, key.count(".") + 2)}
    if not flat or not set(fmt.require) <= present:
        return None
    if not all(re.search(regex, flat.get(key, "")) for key, regex in fmt.where.items()):
        return None
    named = dict(flat)
    for mapping in (fmt.aliases, generic(fmt.kind).keys, fmt.keys):
        for name, paths in mapping.items():
            named |= next(({name: flat[path]} for path in paths if path in flat), {})
    return named


def header_record(fmt: Format, text: str) -> dict[str, str] | None:
    """A reference reading of the last line under the header line before it."""
    *before, row = text.split("\n")
    hits = [hit for line in before if (hit := re.match(fmt.header or "", line))]
    if not hits:
        return None
    separator = (fmt.separator or " ").encode().decode("unicode_escape")
    names = hits[-1].groupdict().get("columns", hits[-1][0]).split(separator)
    return {fmt.columns.get(name, name): value for name, value in zip(names, row.split(separator), strict=False)}


def reading(fmt: Format, text: str) -> dict[str, str] | None:
    if fmt.kind == "text":
        return match_text(fmt, text)
    return header_record(fmt, text) if fmt.kind == "header" else keyed(fmt, text)


def moment(fmt: Format, found: dict[str, str]) -> str | None:
    """When a reading says that it happened, as the examples tell it, to the microsecond at most."""
    text = found.get("timestamp") or " ".join(found[name] for name in ("date", "time") if found.get(name))
    if not re.search(r"[^0-9]", text) and found.get("nanos"):
        text += f".{found['nanos'].zfill(9)}"
    kinds = filter(None, (stamp(fmt.timestamp) if fmt.timestamp else None, kind_of(text)))
    zone = Zone.of(fmt.zone or "UTC").tzinfo
    known = next(filter(None, (to_datetime(text, kind, zone, REFERENCE) for kind in kinds)), None)
    if not known:
        return None
    whole, _, fraction = known.replace(tzinfo=None).isoformat().partition(".")
    return f"{whole}.{fraction.rstrip('0')}" if fraction else whole


def test_the_library_is_broad_and_its_ids_are_unique() -> None:
    """At least seventy formats ship; ids are kebab-case and no two are the same."""
    assert len(FORMATS) >= 70
    assert len({fmt.id for fmt in FORMATS}) == len(FORMATS)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fmt.id) for fmt in FORMATS)
    assert list(FORMATS) == sorted(FORMATS, key=lambda fmt: (-fmt.priority, fmt.id))


@pytest.mark.parametrize("fmt", FORMATS, ids=ids)
def test_examples_give_what_they_assert(fmt: Format) -> None:
    """Each format has two examples or more, and each gives the values it asserts."""
    assert len(fmt.examples) >= 2
    for example in fmt.examples:
        assert example.gives, "an example asserts at least one value"
        found = reading(fmt, example.text)
        assert found is not None, example.text
        for name, value in example.gives.items():
            if name in NORMALISED:
                defaults = {"level": fmt.default_level}.get(name)
                assert defaults or DECIDED_BY_ENGINE[name] & set(found), f"{name}: nothing captured in {example.text}"
                if name == "timestamp":
                    assert moment(fmt, found) == value.rstrip("Z")[:26], example.text
            else:
                assert found.get(name) == value, f"{name} of {example.text}"
        assert example.gives.get("level", "info") in LEVELS


@pytest.mark.parametrize("fmt", FORMATS, ids=ids)
def test_levels_asserted_follow_from_the_words_captured(fmt: Format) -> None:
    """The level an example asserts is what the format's own table, or the common one, says of the captured word."""
    words = level_words() | fmt.levels
    for example in fmt.examples:
        found = reading(fmt, example.text) or {}
        if "level" in example.gives and "level" in found:
            assert words.get(found["level"].lower()) == example.gives["level"], found["level"]


def test_no_format_takes_a_number_but_from_its_first_digit_on() -> None:
    """A number that an example gives stands in its text with no other digit before it: it can be looked for so."""
    given = [
        (value, example.text)
        for fmt in FORMATS
        for example in fmt.examples
        for value in example.gives.values()
        if re.fullmatch("[1-9][0-9]{1,14}", str(value))
    ]
    assert len(given) > 100
    split = [(value, text) for value, text in given if not re.search(rf"(?<![0-9]){value}", text)]
    assert split == []


@pytest.mark.parametrize("fmt", FORMATS, ids=ids)
def test_near_misses_are_rejected(fmt: Format) -> None:
    """Each format names a near miss or more, and takes none of them."""
    assert fmt.rejects
    for text in fmt.rejects:
        assert reading(fmt, text) is None, text


def test_python_and_duckdb_capture_the_same() -> None:
    """RE2 in DuckDB and Python's re give the same groups on every example of every text format."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as db:
        for fmt in TEXT:
            for example in fmt.examples:
                text = example.text if fmt.multiline else example.text.split("\n")[0]
                sql = f"SELECT regexp_extract(?, ?, {list(fmt.groups)!r}, '{'s' if fmt.multiline else 'c'}')"
                captured = db.execute(sql, [text, fmt.regex]).fetchone()[0]
                assert {k: v for k, v in captured.items() if v} == match_text(fmt, text), fmt.id


@pytest.mark.parametrize("fmt", TEXT, ids=ids)
def test_all_regexes_compile_in_hyperscan_prefilter_mode(fmt: Format) -> None:
    """No regex uses what Hyperscan does not know (prefilter mode: large repeats are its own business)."""
    hyperscan = pytest.importorskip("hyperscan")
    db = hyperscan.Database()
    db.compile(expressions=[fmt.regex.encode()], ids=[0], elements=1, flags=[hyperscan.HS_FLAG_PREFILTER])


@pytest.mark.parametrize("fmt", [fmt for fmt in TEXT if not fmt.inside], ids=ids)
def test_no_format_claims_the_example_of_another(fmt: Format) -> None:
    """Tried in order of priority, the first top-level text format that takes an example is the one it belongs to."""
    for example in fmt.examples:
        takers = (other.id for other in TEXT if not other.inside and match_text(other, example.text) is not None)
        assert next(takers) == fmt.id, example.text


@pytest.mark.parametrize("fmt", [fmt for fmt in FORMATS if fmt.inside], ids=ids)
def test_inner_formats_name_a_transport_that_exists(fmt: Format) -> None:
    """`inside` refers to families that some transport has; `when` compiles."""
    assert set(fmt.inside) <= {other.family for other in FORMATS if other.family}
    for regex in fmt.when.values():
        re.compile(regex)


def test_level_words_are_lower_case_and_known() -> None:
    """The common table maps lower-case words to the six levels, and holds every spelling users meet daily."""
    words = level_words()
    assert set(words.values()) == set(LEVELS)
    assert all(word == word.lower() and not word.isdigit() for word in words)
    expected = {
        "i": "info",
        "erro": "error",
        "wrn": "warn",
        "notice": "info",
        "severe": "error",
        "dpanic": "fatal",
        "vrb": "trace",
    }
    assert {word: words[word] for word in expected} == expected


GOOD = """[[format]]
id = "mine"
title = "My own"
kind = "text"
regex = '^(?P<timestamp>\\d+) (?P<body>.*)'
"""


def test_a_later_folder_replaces_a_format_of_the_same_id(tmp_path: Path) -> None:
    """A user's folder adds formats and replaces shipped ones; the last folder wins."""
    first, second = tmp_path / "a", tmp_path / "b" / "formats"
    first.mkdir()
    second.mkdir(parents=True)
    (first / "x.toml").write_text(GOOD + GOOD.replace("mine", "klog"), encoding="utf-8")
    (second / "x.toml").write_text(GOOD.replace("My own", "Newer"), encoding="utf-8")
    titles = {fmt.id: fmt.title for fmt in load_formats([first, tmp_path / "b"])}
    assert titles["mine"] == "Newer"
    assert titles["klog"] == "My own"
    assert len(titles) == len(FORMATS) + 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("title =", "titel ="), "titel"),
        (("'^(?P<time", "'(?P<time"), "begin with ^"),
        (("<body>.*)", "<timestamp>.*)"), "named twice"),
        ((".*)'", ".*)(?=x)'"), "common dialect"),
        ((".*)'", ".*)\\1'"), "common dialect"),
        ((".*)'", ".*+)'"), "common dialect"),
        ((".*)'", ".*'"), "compile"),
        (("text", "texts"), "kind"),
        (('kind = "text"', 'kind = "text"\ndefault_level = "loud"'), "loud"),
        (('kind = "text"', 'kind = "text"\ninner = "message"'), "message"),
        (('kind = "text"', 'kind = "json"'), "no regex"),
        (("P<body>.*", "P<body>{nothing}"), "nothing"),
        (('kind = "text"', 'kind = "text"\npriority = "high"'), "priority"),
        (('title = "My own"\n', ""), "title is missing"),
        (('kind = "text"', 'kind = "text"\nbase = "yours"'), "yours"),
    ],
)
def test_a_wrong_file_is_told_by_file_id_and_reason(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    """One line says which file, which format and what is wrong with it."""
    path = tmp_path / "wrong.toml"
    path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(LibraryError) as told:
        load_formats([tmp_path])
    assert "wrong.toml" in str(told.value)
    assert "mine" in str(told.value)
    assert reason in str(told.value)


def test_a_file_that_is_not_toml_is_told(tmp_path: Path) -> None:
    """A syntax error names the file."""
    (tmp_path / "broken.toml").write_text("[[format]\n", encoding="utf-8")
    with pytest.raises(LibraryError, match=r"broken\.toml"):
        load_formats([tmp_path])


def test_leaving_examples_out_changes_nothing_else() -> None:
    """The quick load, without examples, gives the same formats in the same order."""
    quick = load_formats(examples=False)
    assert [(f.id, f.regex, f.keys, f.priority) for f in quick] == [
        (f.id, f.regex, f.keys, f.priority) for f in FORMATS
    ]
    assert not any(f.examples or f.rejects for f in quick)


def test_a_records_further_lines_belong_to_its_body() -> None:
    """Reading one record by a line format keeps the lines after the first in the body."""
    fmt = next(f for f in TEXT if f.id == "apache-error")
    found = match_text(fmt, "[Fri Jan 02 03:04:05 2026] [error] first\n  second")
    assert found is not None
    assert found["body"] == " first\n  second"


def test_the_library_folder_is_the_shipped_one() -> None:
    """A checkout finds the patterns beside the package."""
    assert (library_folder() / "levels.toml").is_file()
