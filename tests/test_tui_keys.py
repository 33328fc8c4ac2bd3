"""Every key that is told does what it is told to, in each map of keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from screens import Shown, run, screen
from stores import fill, write_sources
from textual.widgets import TextArea

from logtriage.tui.host import Options
from logtriage.tui.keymap import KEYS, VARIANTS, told
from logtriage.tui.screen.main import Main

PAIRS = [
    (variant, action.id, key)
    for variant in VARIANTS
    for action in KEYS
    for key in VARIANTS[variant].get(action.id, action.keys).split(",")
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    fill(folder / "store", write_sources(folder))
    return folder / "store"


def called(shown: Shown) -> list[tuple[str, tuple[object, ...]]]:
    """Has the actions noted, in place of being done."""
    noted: list[tuple[str, tuple[object, ...]]] = []
    for action in KEYS:
        name = action.action.split("(")[0]
        where, name = (shown.app, name[4:]) if name.startswith("app.") else (shown.main, name)

        def note(*arguments: object, name: str = name) -> None:
            noted.append((name, arguments))

        setattr(where, f"action_{name}", note)
    return noted


def meant(action: str) -> tuple[str, tuple[object, ...]]:
    """`step('hour', 1)` → its name and arguments."""
    name, _, arguments = action.removeprefix("app.").partition("(")
    return name, eval(f"({arguments.removesuffix(')')},)") if arguments else ()


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_key_calls_its_action(store: Path, variant: str) -> None:
    """Each key of the table, and of the map in its place, calls the action it is told for, and no other key does."""

    async def work() -> None:
        async with screen(store, (160, 45), Options(keys={"map": variant})) as shown:
            noted = called(shown)
            for action in KEYS:
                for key in VARIANTS[variant].get(action.id, action.keys).split(","):
                    noted.clear()
                    await shown.pilot.press(key)
                    assert noted == [meant(action.action)], (variant, action.id, key)
            for action in KEYS:
                for key in set(action.keys.split(",")) - {key for v, _, key in PAIRS if v == variant}:
                    noted.clear()
                    await shown.pilot.press(key)
                    assert noted == [], f"{key} is nobody's in {variant}"

    run(work)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_help_tells_the_keys_in_force(store: Path, variant: str) -> None:
    """The help names for each action the keys of the map in use."""

    async def work() -> None:
        async with screen(store, (130, 90), Options(keys={"map": variant})) as shown:
            await shown.press("f1")
            for action in KEYS:
                keys = told(VARIANTS[variant].get(action.id, action.keys))
                assert any(keys in line and action.told in line for line in shown.lines), (variant, action.id, keys)

    run(work)


def test_what_they_bring(store: Path) -> None:
    """Keys of other maps bring what they do elsewhere: in `k9s` `/` filters and `s` follows; in `lnav` `f` is a source."""

    async def work() -> None:
        async with screen(store, options=Options(keys={"map": "k9s"})) as shown:
            await shown.press("k", "slash")
            await shown.type("refused")
            await shown.press("enter")
            assert "1 filter" in shown.status
            await shown.press("G", "s")
            assert "not following" in shown.status
        async with screen(store, options=Options(keys={"map": "lnav"})) as shown:
            await shown.press("g")
            part = shown.selected.part
            await shown.press("f")
            assert shown.selected.part == part and shown.main.list.reel.cursor != 0

    run(work)


def test_every_action_is_the_screens() -> None:
    """No key of the table calls what there is not."""
    from logtriage.tui.app import Logtriage

    for action in KEYS:
        name, _ = meant(action.action)
        assert hasattr(Logtriage if action.action.startswith("app.") else Main, f"action_{name}"), action


def test_keys_that_come_together(store: Path) -> None:
    """Of keys that come all at once each goes to what the one before it opened: letters into the line, a choice to its menu,
    a statement into the box; and what comes behind the line's end is a command again."""

    async def work() -> None:
        async with screen(store, (160, 45)) as shown:
            await shown.burst("slash", *"request", "enter", "m")
            assert shown.main.sought.needle.spans("a request") == [(2, 9)]
            assert len(shown.main.list.marks) == 1, "behind the line's end keys are commands again"
            await shown.burst("c", "j")
            assert shown.app.clipboard.startswith("{"), "the menu's choice: JSON"
            await shown.burst("semicolon", "q")
            assert shown.app.screen.query_one(TextArea).text.count("q") == 1
            await shown.burst("escape", "question_mark", "escape", "M", *"mine", "enter")
            assert "mine" in [mark.note for mark in shown.main.marks]

    run(work)
