"""What a piece of a line is drawn in, by name, in the colours of the theme at hand.

Not Textual's component classes: it works out the rules of each of them anew whenever a widget changes, some hundred at
the start.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zlib import crc32

from rich.style import Style
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

_HUES = 8
_LEVELS = ((21, "fatal"), (17, "error"), (13, "warn"), (9, "info"), (5, "debug"), (1, "trace"))
_BOLD, _LINK = {"bold": True}, {"underline": True}
# name → the theme's colour, and what else it has
_INKS: dict[str, tuple[str, dict[str, bool]]] = {
    **{name: ("dim", {}) for name in ("dim", "trace", "debug", "axis")},
    "info": ("success", {}), "warn": ("warning", {}), "error": ("error", {}), "fatal": ("fatal", _BOLD),
    "calm": ("info", {}), "calm-few": ("info", {}), "warn-few": ("warn-few", {}), "error-few": ("error-few", {}), "fatal-few": ("fatal", {}),
    "silent": ("warning", {"dim": True}), "deploy": ("success", _BOLD), "mark": ("mark", _BOLD),
    "flag": ("accent", {}), "accent": ("accent", {}), "match": ("match", {**_BOLD, **_LINK}),
    "head": ("primary", _BOLD), "key": ("secondary", {}), "link": ("secondary", _LINK),
    "track": ("track", {}), "thumb": ("primary", {}),
    **{f"hue{k}": (f"hue{k}", {}) for k in range(_HUES)},
}  # fmt: skip


def ink(app: App[Any], name: str) -> Style:
    """The style of that name; `plain`: none."""
    if name == "plain":
        return Style.null()
    colour, more = _INKS[name]
    return _style(app.theme_variables[colour], None, **more)


def hue(name: str) -> str:
    """The ink of what is called so: the same wherever it is named."""
    return f"hue{crc32(name.encode('utf-8', 'replace')) % _HUES}"


def tone(severity: int, rest: str, least: int = 13) -> str:
    """The ink of a severity number; `rest`: of those below `least`."""
    return next((level for begin, level in _LEVELS if severity >= begin and begin >= least), rest)


def lit(app: App[Any], name: str = "cursor") -> Style:
    """What is laid over a line that is selected (`cursor`), or over what is being read (`window`)."""
    selected = name == "cursor"
    return _style(None, app.theme_variables[name], bold=selected or None, reverse=(selected and app.no_color) or None)


class Inked(Widget):
    """A widget that draws itself line by line. `base`: the style under all its lines, worked out once for all of them."""

    base = Style.null()

    def render_lines(self, crop: Region) -> list[Strip]:
        self.base = self.rich_style
        return super().render_lines(crop)

    def ink(self, name: str) -> Style:
        """The style of that name."""
        return ink(self.app, name)


@lru_cache(maxsize=256)
def _style(colour: str | None, background: str | None, **more: bool | None) -> Style:
    return Style(color=colour, bgcolor=background, **more)  # type: ignore[arg-type]
