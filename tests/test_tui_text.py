"""Text on the screen: whatever a log holds, each cell is where it is meant to be, and nothing talks to the terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from logtriage.tui.drawing.text import cut, safe, width

ANY_TEXT = st.text(st.characters() | st.sampled_from("\x1b\t\n\r\u202e\u200b\u0301漢👩‍❤️\U0001f1e9"), max_size=80)


@given(ANY_TEXT, st.integers(0, 60), st.integers(0, 30))
@example("👩‍👩‍👧 family", 5, 1)
@example("e\u0301\u0301\u0301", 3, 0)
@example("漢字漢字", 3, 1)
def test_any_text_fills_its_cells(text: str, cells: int, begin: int) -> None:
    """Text of any kind, cut from any cell on, is exactly as wide as asked, and holds no control or invisible character."""
    shown = cut(safe(text), cells, begin)
    assert width(shown) == cells
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]


@given(ANY_TEXT)
def test_what_is_safe_stays(text: str) -> None:
    """Made safe once more, text does not change; printable ASCII is never changed."""
    assert safe(safe(text)) == safe(text)
    plain = "".join(c for c in text if " " <= c <= "~")
    assert safe(plain) == plain


def test_signs_for_what_cannot_be_shown() -> None:
    """Escapes, marks of direction and line breaks become signs in their place; a tab goes to the next stop."""
    assert safe("a\x1b[31mb\u202ec\x7f\nd") == "a␛[31mb·c␡⏎d"
    assert safe("a\tb\t\tc") == "a   b       c"


@given(ANY_TEXT, st.integers(1, 40))
def test_what_is_cut_is_told(text: str, cells: int) -> None:
    """A text that does not fit ends in `…`; one that fits is whole."""
    shown = safe(text)
    if width(shown) > cells:
        assert cut(shown, cells).endswith("…")
    else:
        assert cut(shown, cells).rstrip(" ") == shown.rstrip(" ")
