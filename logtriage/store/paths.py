"""Names of files as the store keeps them: one that is no UTF-8 cannot be kept as the text that it is."""

from __future__ import annotations

import os
from typing import TypeVar

from logtriage.errors import is_text

_BYTES = "bytes:"  # no absolute path begins so
Name = TypeVar("Name", str, str | None)


def kept(name: Name) -> Name:
    """A path, or a name in an archive, as text; where it is none its bytes, each a character."""
    if name is None or (is_text(name) and not name.startswith(_BYTES)):
        return name
    return _BYTES + os.fsencode(name).decode("latin-1")


def name_of(text: Name) -> Name:
    """The name that was kept as a text."""
    if text is None or not text.startswith(_BYTES):
        return text
    return os.fsdecode(text.removeprefix(_BYTES).encode("latin-1"))
