"""How the screen looks, on the demo's incident: kept as text, `LOGTRIAGE_UPDATE=1` writes it anew; colours can be told apart."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.color import ColorType
from rich.style import Style
from screens import NARROW, WIDE, Shown, run, screen
from stores import fill

from logtriage import demo
from logtriage.demo import write_demo
from logtriage.tui.host import Options
from logtriage.tui.themes import THEMES

SNAPSHOTS = Path(__file__).parent / "snapshots"
CELL = 12.2  # how wide a character is in a picture
PICTURE = Path(demo.__file__).parent / "screen.svg"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looks")
    write_demo(folder / "incident", lines=2_000, seed=7)
    with pytest.MonkeyPatch.context() as here:  # so that no folder of this machine is on the screen
        here.chdir(folder)
        fill(folder / "store", [Path("incident")])
    return folder / "store"


def same(name: str, text: str) -> None:
    """The text is the one that is kept under that name."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("LOGTRIAGE_UPDATE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == path.read_text(encoding="utf-8")


async def at_the_incident(shown: Shown) -> None:
    await shown.press("ctrl+g")
    await shown.type("03:02:04")
    await shown.press("enter")


@pytest.mark.parametrize(("name", "size"), [("narrow", NARROW), ("wide", WIDE), ("tiny", (20, 5))])
def test_the_first_look(store: Path, name: str, size: tuple[int, int]) -> None:
    """Timeline, events and status in the middle of the incident, on a narrow, a wide and a tiny screen."""

    async def work() -> None:
        async with screen(store, size) as shown:
            await at_the_incident(shown)
            same(name, shown.text)

    run(work)


def test_the_picture_of_the_readme(tmp_path: Path) -> None:
    """It shows the screen as it is today, where the demo's incident begins; `LOGTRIAGE_UPDATE=1` draws it anew."""
    write_demo(tmp_path / "logtriage-demo")
    fill(tmp_path / "store", [tmp_path / "logtriage-demo"])

    async def work() -> None:
        async with screen(tmp_path / "store", (120, 38)) as shown:
            await shown.press("ctrl+g")
            await shown.type("03:02:04.25")
            await shown.press("enter")
            if os.environ.get("LOGTRIAGE_UPDATE"):
                PICTURE.write_text(drawn(shown), encoding="utf-8")
            assert written_in(PICTURE.read_text(encoding="utf-8")) == shown.lines

    run(work)


def drawn(shown: Shown) -> str:
    """The screen as SVG that needs no font from elsewhere, and is the same text each time."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", shown.app.export_screenshot(simplify=True), flags=re.DOTALL)
    fonts = "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace"
    return re.sub(r"terminal-\d+-", "terminal-", svg).replace("Fira Code, monospace", fonts) + "\n"


def written_in(picture: str) -> list[str]:
    """The lines of a screen that was drawn as SVG: its pieces of text, each at its place."""
    lines: dict[float, str] = {}
    for x, y, text in re.findall(r'<text [^>]*x="([\d.]+)" y="([\d.]+)" [^>]*clip-path[^>]*>([^<]*)</text>', picture):
        before = lines.get(float(y), "").ljust(round(float(x) / CELL))
        lines[float(y)] = before + html.unescape(text).replace("\xa0", " ")
    return [lines[y].rstrip() for y in sorted(lines)]


def test_filtered(store: Path) -> None:
    """With filters, one of them off."""

    async def work() -> None:
        async with screen(store, NARROW) as shown:
            for text in ("level:error", "!health"):
                await shown.press("ampersand")
                await shown.type(text)
                await shown.press("enter")
            await shown.press("L", "down", "enter", "escape")
            await at_the_incident(shown)
            same("filtered", shown.text)

    run(work)


def test_a_stack_trace_is_read_without_what_it_came_in(store: Path) -> None:
    """A trace that a container wrote, each line of it in JSON, stands unfolded and in the details as the program wrote it."""

    async def work() -> None:
        async with screen(store, WIDE) as shown:
            await shown.press("slash")
            await shown.type("failed after 3 attempts")
            await shown.press("enter", "x")
            assert any("  │     at com.shop.checkout" in line for line in shown.lines)
            await shown.press("x", "enter")
            assert re.search(r"│ +at com\.shop\.checkout", shown.text)
            assert '"stream"' not in shown.text and '{"log"' not in shown.text

    run(work)


PANELS = {
    "details": ("enter",),
    "bytes": ("enter", "r"),
    "patterns": ("P",),
    "waterfall": ("v",),
    "sql": ("semicolon",),
    "help": ("question_mark",),
    "same": ("a",),
    "filters": ("exclamation_mark", "L"),
}


@pytest.mark.parametrize(("size", "how"), [(NARROW, ""), ((160, 50), "-wide")], ids=["narrow", "wide"])
@pytest.mark.parametrize("name", PANELS)
def test_panels(store: Path, name: str, size: tuple[int, int], how: str) -> None:
    """Each panel over a record of a trace, on a narrow and a wide screen; what it says is tested elsewhere."""

    async def work() -> None:
        async with screen(store, size) as shown:
            await at_the_incident(shown)
            await shown.press("slash")
            await shown.type("trace_id")
            await shown.press("enter", *PANELS[name])
            shown.main.unsay()  # what was said goes after a while by itself
            await shown.settle()
            same(f"panel-{name}{how}", shown.text)

    run(work)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
def test_themes_say_the_same(store: Path, theme: str) -> None:
    """Light, dark or high in contrast, the words on the screen are the same ones; only the last has letters in the lanes."""

    async def work() -> None:
        async with screen(store, NARROW, Options(theme=theme)) as shown:
            await at_the_incident(shown)
            same("no-colour" if "contrast" in theme else "narrow", shown.text)

    run(work)


def test_without_colours(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR all that colours tell is told by signs: levels in the lanes by letters, the selected line reversed."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def work() -> None:
        async with screen(store, NARROW) as shown:
            await at_the_incident(shown)
            same("no-colour", shown.text)
            cells = [segment for strip in shown.app.screen._compositor.render_strips() for segment in strip]
            assert any(segment.style and segment.style.reverse for segment in cells)

    run(work)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
def test_all_can_be_read(store: Path, theme: str) -> None:
    """Whatever is written stands out from what is behind it, in each theme (WCAG's ratio for large text, less for hints)."""

    async def work() -> None:
        async with screen(store, WIDE, Options(theme=theme)) as shown:
            await at_the_incident(shown)
            await shown.press("exclamation_mark")
            faint = {
                segment.text.strip()
                for strip in shown.app.screen._compositor.render_strips()
                for segment in strip
                if any(char.isalnum() for char in segment.text) and segment.style and ratio(segment.style) < 3
            }
            assert not faint

    run(work)


def ratio(style: Style) -> float:
    """The contrast of a style's two colours: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""
    channel: Callable[[float], float] = lambda c: c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4  # noqa: E731

    def light(color: object) -> float:
        triplet = getattr(color, "triplet", None)
        assert triplet is not None and getattr(color, "type", None) == ColorType.TRUECOLOR
        red, green, blue = (channel(part / 255) for part in triplet)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(style.color), light(style.bgcolor)), reverse=True)
    return (high + 0.05) / (low + 0.05)
