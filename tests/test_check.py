"""The shipped signatures are sound, and what is unsound is told: file, id and reason."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from logtriage.shipped import library_folder
from logtriage.signatures.check import CAPTURES, CATEGORIES, check_patterns
from logtriage.signatures.library import Example, Pattern, load_patterns

SOUND = Pattern(
    id="shop.basket-lost",
    title="A basket was lost",
    severity="error",
    category="disk",
    regex=r"(?i)\bbasket (?P<count>\d+) lost\b",
    advice="Look under the counter.",
    file="own.toml",
    captures=("count",),
    examples=(Example("Basket 7 lost", {"count": "7"}),),
    rejects=("basket 7 found",),
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def messages(*patterns: Pattern, beside: tuple[Pattern, ...] = ()) -> list[str]:
    return [problem.message for problem in check_patterns(patterns, beside)]


def test_shipped_library_is_sound() -> None:
    """Every shipped signature compiles in all engines, takes its examples with their captures, leaves its rejects."""
    assert [str(problem) for problem in check_patterns(load_patterns())] == []


def test_shipped_library_is_wide() -> None:
    """At least 160 signatures are shipped, and no category of the vocabulary is empty."""
    patterns = load_patterns()
    assert len(patterns) >= 160
    assert {p.category for p in patterns} == set(CATEGORIES)


def test_readme_names_the_vocabularies() -> None:
    """Every category and capture name that is allowed is described for authors."""
    readme = (library_folder() / "README.md").read_text(encoding="utf-8")
    assert [word for word in (*CATEGORIES, *CAPTURES) if f"`{word}`" not in readme] == []


def test_sound_pattern_has_no_problem() -> None:
    """A pattern that keeps all the rules is passed without a word."""
    assert messages(SOUND) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"category": "weather"}, "category 'weather' is not in the vocabulary"),
        ({"examples": ()}, "it has no example"),
        ({"rejects": ()}, "it has no reject (a near miss)"),
        ({"examples": (Example("basket 7 lost"),)}, "capture 'count' is asserted by no example"),
        ({"examples": (Example("basket seven lost", {"count": "7"}),)}, "does not match its example"),
        ({"examples": (Example("basket 8 lost", {"count": "7"}),)}, "gives count = '8', not '7'"),
        ({"rejects": ("basket 7 lost again",)}, "matches what it must reject"),
        ({"regex": r"basket (?P<count>\d+)(?= lost)"}, "not in the common dialect"),
        ({"regex": r"basket (?P<count>\d+"}, "not in the common dialect"),
        ({"regex": r"(?P<count>\d*)"}, "not in the common dialect: it can match without any text"),
        ({"unless": r"(?<!no) basket"}, "not in the common dialect"),
        ({"unless": r"(?i)lost"}, "does not match its example"),
        ({"examples": (Example("basket 7 lost", {"count": "7"}, ("shop.other",)),)}, "`also` names shop.other"),
    ],
)
def test_each_breach_is_told(change: dict[str, object], said: str) -> None:
    """A pattern that breaks one rule gets a problem that names it."""
    found = messages(dataclasses.replace(SOUND, **change))  # type: ignore[arg-type]
    assert any(said in message for message in found), found


def test_capture_outside_the_vocabulary() -> None:
    """A capture's name must be one that later stages understand."""
    odd = dataclasses.replace(
        SOUND,
        regex=r"basket (?P<basket>\d+) lost",
        captures=("basket",),
        examples=(Example("basket 7 lost", {"basket": "7"}),),
    )
    assert messages(odd) == ["capture 'basket' is not in the vocabulary"]


def test_repeated_id() -> None:
    """Two patterns of one id are told, once for each."""
    assert messages(SOUND, SOUND) == ["the id is used twice"] * 2


def test_stealing_is_told_unless_generic_or_allowed() -> None:
    """Another pattern may take an example only if it is generic or named in `also`."""
    thief = dataclasses.replace(SOUND, id="shop.thief", regex=r"(?i)(?P<count>\d+) lost", rejects=("7 found",))
    assert any("shop.thief matches its example too" in message for message in messages(SOUND, thief))
    generic = dataclasses.replace(thief, id="generic.lost")
    assert not any("matches its example too" in m for m in messages(SOUND, generic) if "generic.lost" in m)
    allowed = dataclasses.replace(SOUND, examples=(Example("Basket 7 lost", {"count": "7"}, ("shop.thief",)),))
    assert not any("shop.thief" in message for message in messages(allowed, thief))


def test_own_pattern_beside_the_shipped_ones() -> None:
    """A user's pattern that takes a shipped example is told so, and nothing is said of the shipped patterns."""
    greedy = dataclasses.replace(SOUND, id="shop.greedy", regex=r"(?i)\blost\b(?P<count>\d)?")
    greedy = dataclasses.replace(greedy, examples=(Example("all lost7", {"count": "7"}),))
    found = check_patterns([greedy], beside=[SOUND])
    assert {problem.id for problem in found} == {"shop.greedy"}
    assert any("matches an example of shop.basket-lost" in problem.message for problem in found)
