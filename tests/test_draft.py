"""patterns add: what is drafted from the store is sound, is written where the user keeps patterns, and then flags."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from command import called

from logtriage.signatures.draft import regex_of, toml
from logtriage.signatures.library import Example, Pattern, load_patterns, read_file

LOG = "".join(
    f"2026-03-02 10:00:{k:02},000 WARN  [main] c.s.Shelf - Shelf sensor {k} of rack r{k} lost its grip after {k * 3} ms\n"
    f"2026-03-02 10:00:{k:02},500 INFO  [main] c.s.Shelf - Shelf sensor {k} of rack r{k} has found its grip\n"
    for k in range(20)
)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_text(LOG)
    (tmp_path / "c.toml").write_text(f'patterns = ["{tmp_path}/mine"]\n')
    (tmp_path / "mine").mkdir()
    assert called("ingest", "--store", "st", "--no-config", "a.log", cwd=tmp_path).code == 0
    return tmp_path


def test_a_template_becomes_a_signature(shelf: Path) -> None:
    """The draft has captures, the example and a near miss from the store; written, it flags what comes next, and only that."""
    ran = called("templates", "--json", "--store", "st", cwd=shelf)
    (template,) = [one["template"] for one in map(json.loads, ran.lines) if "lost" in one["text"]]
    ran = called("patterns", "add", "--template", template[:8], "--store", "st", "--no-config", cwd=shelf)
    assert ran.code == 0, ran.err
    (drafted,) = tomllib.loads(ran.out)["pattern"]
    assert drafted["severity"] == "warn"
    assert drafted["example"][0]["gives"] == {"duration": "0 ms"}
    assert "has found its grip" in drafted["reject"][0]["text"]
    made = ("patterns", "add", "--template", template, "--store", "st", "--config", "c.toml", "--id", "shelf.lost-grip")
    ran = called(*made, "--write", cwd=shelf)
    assert ran.code == 0 and ran.out == "", (ran.out, ran.err)
    assert called("patterns", "check", "mine", cwd=shelf).code == 0
    (shelf / "b.log").write_text(LOG.replace("03-02", "03-03"))
    ran = called("grep", "-c", "--flag", "shelf.lost-grip", "", "--config", "c.toml", "--no-store", "b.log", cwd=shelf)
    assert ran.out.strip().endswith("20"), (ran.out, ran.err)


def test_a_text_becomes_a_signature(tmp_path: Path) -> None:
    """Without a store too; where it cannot be written, it is told what to do."""
    text = "Could not reach shelf server 10.0.0.7 after 30 seconds: gave up"
    ran = called("patterns", "add", text, "--store", "none", "--no-config", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert tomllib.loads(ran.out)["pattern"][0]["example"][0]["gives"] == {
        "peer_host": "10.0.0.7",
        "duration": "30 seconds",
    }
    ran = called("patterns", "add", text, "--store", "none", "--no-config", "--write", cwd=tmp_path)
    assert ran.code == 2 and "folder" in ran.err
    assert called("patterns", "add", "--store", "none", cwd=tmp_path).code == 2


def test_hostile_text_stays_text() -> None:
    """Quotes, braces, newlines and control characters can neither leave the TOML nor become a regex."""
    nasty = 'a"b\\ {host} (x+)* [[pattern]] \x1b \x7f \u2028 end'
    expression, gives = regex_of([nasty + " user ", ""], ["bob"])
    examples, rejects = (Example(nasty, gives),), (nasty,)
    drawn = Pattern("own.x", nasty, "error", "disk", expression, "x", "", examples=examples, rejects=rejects)
    made = toml(drawn)
    (read,) = tomllib.loads(made)["pattern"]
    assert read["title"] == nasty and read["regex"] == expression and gives == {"user": "bob"}
    import regex

    assert regex.search(expression, nasty + " user bob")


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    """Each shipped signature, written down as a draft is, is read as it was."""
    shipped = load_patterns()
    (tmp_path / "own.toml").write_text("\n".join(map(toml, shipped)))
    read = read_file(tmp_path / "own.toml")
    assert [replace(pattern, file="") for pattern in read] == [replace(pattern, file="") for pattern in shipped]


def test_a_text_needs_no_store(tmp_path: Path) -> None:
    """A text is drafted from also where the store cannot be read: that is told."""
    (tmp_path / "st").mkdir()
    (tmp_path / "st" / "catalog.sqlite").write_text("damaged")
    ran = called("patterns", "add", "Shelf 7 lost its grip after 30 ms", "--store", "st", "--no-config", cwd=tmp_path)
    assert ran.code == 0 and tomllib.loads(ran.out)["pattern"], ran.err
    assert "not compared with the records of a store" in ran.err
