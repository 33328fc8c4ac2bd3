"""The looks: dark, light, and one of high contrast. Colours of levels and sources are variables of the theme."""

from __future__ import annotations

from textual.theme import Theme


def _hues(*colours: str) -> dict[str, str]:
    return {f"hue{k}": colour for k, colour in enumerate(colours)}


DARK = Theme(
    name="logtriage-dark", dark=True, primary="#7aa2f7", secondary="#7dcfff", accent="#e0af68", warning="#e0af68",
    error="#f7768e", success="#9ece6a", foreground="#c8ccd8", background="#12141c", surface="#181b26", panel="#20242f",
    variables={
        "dim": "#8790a8", "cursor": "#2b3350", "window": "#2b3350", "track": "#2a2f3f", "info": "#5f7a8f",
        "fatal": "#ff5ea8", "warn-few": "#7d6f55", "error-few": "#96566a", "mark": "#bb9af7", "match": "#ffd866",
        **_hues("#7dcfff", "#9ece6a", "#bb9af7", "#e0af68", "#73daca", "#7aa2f7", "#d5a6bd", "#b8c27a"),
    },
)  # fmt: skip
LIGHT = Theme(
    name="logtriage-light", dark=False, primary="#2e5cb8", secondary="#007a9e", accent="#96590a", warning="#96590a",
    error="#c01c3c", success="#3f7a1a", foreground="#2b2f3a", background="#fbfbf8", surface="#f1f1ec", panel="#e6e6df",
    variables={
        "dim": "#7d8394", "cursor": "#dde6f7", "window": "#dde6f7", "track": "#d8d8d0", "info": "#8fa3b3",
        "fatal": "#a6006a", "warn-few": "#cfb98f", "error-few": "#dd9fa9", "mark": "#7a3fc0", "match": "#8a5a00",
        **_hues("#007a9e", "#3f7a1a", "#7a3fc0", "#96590a", "#0a7d6c", "#2e5cb8", "#9c4468", "#6b7016"),
    },
)  # fmt: skip
CONTRAST = Theme(
    name="logtriage-contrast", dark=True, primary="#ffffff", secondary="#00ffff", accent="#ffff00", warning="#ffff00",
    error="#ff6060", success="#00ff00", foreground="#ffffff", background="#000000", surface="#000000", panel="#202020",
    variables={
        "dim": "#c0c0c0", "cursor": "#0000c0", "window": "#0000c0", "track": "#606060", "info": "#ffffff",
        "fatal": "#ff60ff", "warn-few": "#ffff00", "error-few": "#ff6060", "mark": "#ff80ff", "match": "#00ff00",
        **_hues("#00ffff", "#80ff80", "#ff80ff", "#ffff80", "#80ffff", "#a0c0ff", "#ffb0b0", "#ffffff"),
    },
)  # fmt: skip
THEMES = (DARK, LIGHT, CONTRAST)
