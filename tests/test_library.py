"""Reading signatures: what a file says is what the pattern holds, and a wrong file is told by name, id and reason."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from logtriage.errors import LibraryError
from logtriage.shipped import library_folder
from logtriage.signatures.library import load_patterns, read_file, read_folder

WHOLE = r"""
[[pattern]]
id = "shop.basket-lost"
title = "A basket was lost"
severity = "error"
category = "disk"
regex = ['(?i)\bbasket ', '(?P<count>\d+) to {peer} lost\b']
unless = 'found again'
advice = "Look under the counter."
[[pattern.example]]
text = 'basket 7 to till:80 lost'
gives = { count = "7", peer_host = "till" }
also = ["shop.other"]
[[pattern.reject]]
text = 'basket 7 found'
"""


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    """Pieces are joined, shared pieces put in, captures listed in order, examples and rejects kept."""
    (pattern,) = read_file(write(tmp_path, WHOLE))
    assert pattern.regex.startswith(r"(?i)\bbasket (?P<count>\d+) to (?P<peer_host>")
    assert pattern.captures == ("count", "peer_host", "peer_port")
    assert (pattern.family, pattern.generic, pattern.unless) == ("shop", False, "found again")
    assert pattern.examples[0].gives == {"count": "7", "peer_host": "till"}
    assert pattern.examples[0].also == ("shop.other",)
    assert pattern.rejects == ("basket 7 found",)
    assert pattern.file.endswith("own.toml")


def test_patterns_can_be_put_into_sets() -> None:
    """A pattern is hashable although its examples hold tables."""
    assert len(set(load_patterns())) == len(load_patterns())


def test_shipped_patterns_come_sorted_with_unique_ids() -> None:
    """The order does not depend on files."""
    ids = [pattern.id for pattern in load_patterns()]
    assert ids == sorted(set(ids))


def test_without_examples_nothing_else_is_lost() -> None:
    """The quick reading, which cuts examples out of the text, gives the same patterns otherwise."""
    whole = [dataclasses.replace(p, examples=(), rejects=()) for p in load_patterns()]
    assert list(load_patterns(examples=False)) == whole


@pytest.mark.parametrize("inner", ["", "signatures"])
def test_a_later_folder_replaces_by_id(tmp_path: Path, inner: str) -> None:
    """A user's table with a shipped id takes its place, one with a new id joins; the last folder wins."""
    known = load_patterns()[0]
    first = WHOLE.replace("shop.basket-lost", known.id)
    write(tmp_path / "a" / inner, first)
    write(tmp_path / "b" / inner, first.replace("A basket was lost", "Mine"))
    write(tmp_path / "b" / inner, WHOLE, "new.toml")
    found = {p.id: p for p in load_patterns([tmp_path / "a", tmp_path / "b"])}
    assert found[known.id].title == "Mine"
    assert found.keys() == {p.id for p in load_patterns()} | {"shop.basket-lost"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('severity = "error"', 'severity = "bad"', "severity 'bad' is none of"),
        ('severity = "error"', "", "severity is missing"),
        ('title = "A basket was lost"', "title = 3", "title must be text"),
        ("unless =", "unles =", "unknown key 'unles'"),
        ('"shop.basket-lost"', '"Basket Lost"', "an id is family.name"),
        ('"disk"', '''"disk'"''', "a category is one word"),
        ("{peer}", "{per}", "no shared piece is named 'per'"),
        ("(?P<count>", "(?P<Count>", "'Count' is named twice, or is no word"),
        ("(?P<count>", "(?P<peer_host>", "'peer_host' is named twice"),
        ('gives = { count = "7",', "gives = { count = 7,", "gives holds texts only"),
        ("text = 'basket 7 found'", "txt = 'basket 7 found'", "unknown key 'txt'"),
        ("['(?i)", "[1, '(?i)", "a regex is a text or a list of texts"),
    ],
)
def test_a_wrong_table_is_told(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """The one line of the error names file, id and reason."""
    path = write(tmp_path, WHOLE.replace(old, new, 1))
    with pytest.raises(LibraryError) as caught:
        read_file(path)
    assert str(path) in caught.value.message
    assert reason in caught.value.message
    assert "pattern " in caught.value.message


@pytest.mark.parametrize("text", ["[[pattern]\n", "[[patern]]\n", "pattern = 3\n", WHOLE + WHOLE])
def test_a_wrong_file_is_told(tmp_path: Path, text: str) -> None:
    """Bad TOML, foreign tables and an id used twice are errors that name the file."""
    with pytest.raises(LibraryError, match=r"own\.toml"):
        read_file(write(tmp_path, text))


def test_a_missing_folder_and_an_id_in_two_files(tmp_path: Path) -> None:
    """Neither is passed over in silence."""
    with pytest.raises(LibraryError, match="no such folder"):
        read_folder(tmp_path / "none")
    write(tmp_path, WHOLE)
    write(tmp_path, WHOLE, "two.toml")
    with pytest.raises(LibraryError, match=r"already used in .*own\.toml"):
        read_folder(tmp_path)


def test_reading_is_light() -> None:
    """Neither an engine nor pyarrow is loaded to read the library."""
    code = (
        "import sys; from logtriage.signatures.library import load_patterns; load_patterns(examples=False);"
        "print(sorted({'_duckdb', 'pyarrow', 'hyperscan', 'regex'} & sys.modules.keys()))"
    )
    root = library_folder().parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
