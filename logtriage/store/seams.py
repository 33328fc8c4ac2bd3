"""The marks in shapes (see shape.py), for those who only look at them."""

from __future__ import annotations

# Records whose shape is one of too many: it says nothing, so every search looks at them. So it does at records with a
# negative shape: theirs has a text, from which templates are mined, but it may not be that of the exact bytes.
ANY = 0
# Marks in a shape: one before and one behind what lies in a column of its own (see frame.py), each kind with its own.
STAMP, BODY, ID, JSON_BODY, HTML_BODY, OBSERVED = "\1", "\2", "\3", "\4", "\5", "\6"
MIXED = "\7"  # around a word that lies in two columns
SEAMS = "[\1-\7]"
_NO_SEAMS = str.maketrans(dict.fromkeys("\1\2\3\4\5\6\7"))


def plain_text(shape: str) -> str:
    """A shape without its marks."""
    return shape.translate(_NO_SEAMS)
