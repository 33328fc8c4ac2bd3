"""Which key does what: one table, variants of it for hands that know other programs, and what the config changes.

The config's `keys` may name a variant (`map = "lnav"`) and give single actions other keys (`next-error = "f8"`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from textual.binding import Binding

from logtriage.errors import UsageError


class Key(NamedTuple):
    """An action: its id in the config, the keys in Textual's names (comma between them), the call, what it does, and the
    group that it is listed under."""

    id: str
    keys: str
    action: str
    told: str
    group: str


KEYS = (
    Key("down", "j,down", "move(1)", "down", "move"),
    Key("up", "k,up", "move(-1)", "up", "move"),
    Key("half-down", "ctrl+d", "move_page(0.5)", "half a page down", "move"),
    Key("half-up", "ctrl+u", "move_page(-0.5)", "half a page up", "move"),
    Key("page-down", "space,pagedown", "move_page(1)", "a page down", "move"),
    Key("page-up", "b,pageup", "move_page(-1)", "a page up", "move"),
    Key("first", "g,home", "first", "the first record", "move"),
    Key("last", "G,end", "last", "the last record, and follow", "move"),
    Key("left", "h,left", "sideways(-16)", "messages to the left", "move"),
    Key("right", "l,right", "sideways(16)", "messages to the right", "move"),
    Key("next-error", "e", "next_level('error')", "next error", "jump"),
    Key("previous-error", "E", "next_level('error', True)", "previous error", "jump"),
    Key("next-warning", "w", "next_level('warn')", "next warning", "jump"),
    Key("previous-warning", "W", "next_level('warn', True)", "previous warning", "jump"),
    Key("next-gap", "s", "next_silence", "next source that falls silent", "jump"),
    Key("previous-gap", "S", "next_silence(True)", "previous one", "jump"),
    Key("next-source", "right_square_bracket,f", "next_source", "next record of this source", "jump"),
    Key("previous-source", "left_square_bracket", "next_source(True)", "previous one", "jump"),
    Key("next-same", "o", "next_same", "next record of the same id", "jump"),
    Key("previous-same", "O", "next_same(True)", "previous one", "jump"),
    Key("next-minute", "right_curly_bracket", "step('minute', 1)", "next minute", "jump"),
    Key("previous-minute", "left_curly_bracket", "step('minute', -1)", "previous minute", "jump"),
    Key("next-hour", "right_parenthesis", "step('hour', 1)", "next hour", "jump"),
    Key("previous-hour", "left_parenthesis", "step('hour', -1)", "previous hour", "jump"),
    Key("next-day", "d", "step('day', 1)", "next day", "jump"),
    Key("previous-day", "D", "step('day', -1)", "previous day", "jump"),
    Key("go-to", "ctrl+g", "prompt('goto')", "go to a time", "jump"),
    Key("search", "slash", "prompt('search')", "search: moves, hides nothing", "find"),
    Key("next-match", "n", "next_match", "next match", "find"),
    Key("previous-match", "N", "next_match(True)", "previous match", "find"),
    Key("filter", "ampersand", "prompt('filter')", "filter in; &! filters out", "find"),
    Key("filters", "L", "filters", "the filters: switch, remove", "find"),
    Key("toggle-filters", "ctrl+f", "toggle_filters", "all filters off and on", "find"),
    Key("flagged", "exclamation_mark", "flagged", "flagged only; again: next flagged", "find"),
    Key("level-up", "plus", "level(1)", "hide the lowest level", "find"),
    Key("level-down", "minus", "level(-1)", "show one level more", "find"),
    Key("only-source", "equals_sign", "only_source", "only this source", "find"),
    Key("hide-source", "backslash", "only_source(True)", "hide this source", "find"),
    Key("tail", "0", "window(0)", "all times, at the end", "window"),
    Key("head", "1", "first", "the beginning", "window"),
    Key("window-1", "2", "window(1)", "the last minute", "window"),
    Key("window-5", "3", "window(5)", "the last 5 minutes", "window"),
    Key("window-15", "4", "window(15)", "the last 15 minutes", "window"),
    Key("window-30", "5", "window(30)", "the last 30 minutes", "window"),
    Key("window-60", "6", "window(60)", "the last hour", "window"),
    Key("follow", "F", "follow", "follow", "window"),
    Key("details", "enter,p", "details", "all of the record, then into it", "look"),
    Key("raw", "r", "raw", "its raw bytes", "look"),
    Key("nearby", "full_stop", "nearby", "neighbours: ±1 s, 10 s, 1 min", "look"),
    Key("story", "a", "story", "all of the same trace, host …", "find"),
    Key("waterfall", "v", "waterfall", "its trace as a waterfall", "look"),
    Key("patterns", "P", "patterns", "patterns and templates", "look"),
    Key("unfold", "x", "unfold", "unfold the record, or fold it", "look"),
    Key("zoom-in", "z", "zoom(0.5)", "timeline: closer", "look"),
    Key("zoom-out", "Z", "zoom(2)", "timeline: wider", "look"),
    Key("timeline", "i", "timeline", "timeline in and out", "look"),
    Key("zone", "t", "zone", "UTC or local time", "look"),
    Key("delta", "T", "delta", "times as distance from here", "look"),
    Key("theme", "ctrl+t", "next_theme", "next theme", "look"),
    Key("mark", "m", "mark", "mark, or unmark", "mark"),
    Key("note", "M", "note", "mark with a note", "mark"),
    Key("next-mark", "u", "next_mark", "next mark", "mark"),
    Key("previous-mark", "U", "next_mark(True)", "previous one", "mark"),
    Key("copy", "c", "copy", "copy: text, Markdown, JSON", "mark"),
    Key("draft", "A", "draft", "draft a signature from this", "mark"),
    Key("report", "R", "report", "triage, and the report", "mark"),
    Key("sessions", "ctrl+s", "sessions", "sessions: save, reopen", "mark"),
    Key("sql", "semicolon", "sql", "SQL of what is looked at", "more"),
    Key("commands", "colon", "app.command_palette", "all commands", "more"),
    Key("help", "question_mark,f1", "help", "this help", "more"),
    Key("back-view", "ctrl+o", "back_view", "what was looked at before", "more"),
    Key("back", "escape", "back", "back", "more"),
    Key("suspend", "ctrl+z", "app.suspend_process", "to the shell; fg comes back", "more"),
    Key("quit", "q", "app.quit", "quit", "more"),
)
GROUPS = {
    "move": "move",
    "jump": "jump",
    "find": "search and filter",
    "window": "window",
    "look": "look",
    "mark": "mark and keep",
    "more": "more",
}
# What other programs' hands expect, where it is not what stands in the table.
VARIANTS: dict[str, dict[str, str]] = {
    "default": {},
    "lnav": {
        "next-source": "f", "previous-source": "F", "follow": "ctrl+e", "next-hour": "right_parenthesis,6",
        "previous-hour": "left_parenthesis,circumflex_accent", "next-minute": "right_curly_bracket,8",
        "previous-minute": "left_curly_bracket,7", "window-60": "ctrl+6", "page-up": "b,pageup,ctrl+b",
    },
    "k9s": {
        "filter": "slash", "search": "ctrl+s", "follow": "s", "next-gap": "v", "previous-gap": "V",
        "half-down": "ctrl+y", "half-up": "ctrl+e", "zone": "t", "last": "G,end,shift+g", "sessions": "ctrl+w", "waterfall": "Y",
    },
}  # fmt: skip


def bindings() -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """The table for a Textual screen."""
    return [Binding(key.keys, key.action, key.told, id=key.id, show=False) for key in KEYS]


def chosen(config: Mapping[str, str]) -> dict[str, str]:
    """What the config asks for: action → keys. Raises UsageError for an action or a variant that there is not."""
    variant = config.get("map", "default")
    if variant not in VARIANTS:
        raise UsageError(f"keys: there is no map {variant!r}", f"there are {', '.join(VARIANTS)}")
    known = {key.id for key in KEYS}
    own = {name: keys for name, keys in config.items() if name != "map"}
    if strange := sorted(set(own) - known):
        raise UsageError(f"keys: there is no action {strange[0]!r}", "the help (`?`) names them")
    return VARIANTS[variant] | own


def told(keys: str) -> str:
    """Keys as people write them: `ctrl+g` → `^g`."""
    return " ".join(_NAMES.get(key, key.replace("ctrl+", "^")) for key in keys.split(","))


def key_of(action: str, chosen: Mapping[str, str]) -> str:
    """The first key of the action of that id, as people write it; `chosen`: what the config changed."""
    keys = chosen.get(action) or next(key.keys for key in KEYS if key.id == action)
    return told(keys.split(",")[0])


_NAMES = {
    "slash": "/", "ampersand": "&", "exclamation_mark": "!", "plus": "+", "minus": "-", "equals_sign": "=", "backslash": "\\",
    "colon": ":", "question_mark": "?", "right_square_bracket": "]", "left_square_bracket": "[", "escape": "Esc",
    "right_curly_bracket": "}", "left_curly_bracket": "{", "right_parenthesis": ")", "left_parenthesis": "(",
    "circumflex_accent": "^", "space": "Space", "pagedown": "PgDn", "pageup": "PgUp", "home": "Home", "end": "End", "down": "↓", "up": "↑",
    "left": "←", "right": "→", "f1": "F1", "semicolon": ";", "enter": "Enter", "tab": "Tab", "comma": ",", "full_stop": ".",
}  # fmt: skip
