"""Wordings → templates."""

from __future__ import annotations

import re
from collections.abc import Iterable

from logtriage.masking import HEX, OTHER

ANY = "<*>"
_PART = r"[^\s=,;()\[\]{}<>\"'|]*"
_VALUE = re.compile(rf"(?:[A-Za-z]+://|/|\\\\)?{_PART}[{HEX}{OTHER}]{_PART}")


class Miner:
    """The templates of a set of wordings: they depend on the set alone, not on its order."""

    def __init__(self, wordings: Iterable[str]) -> None:
        self._templates = {text: _VALUE.sub(ANY, text) for text in wordings}

    def templates(self, wordings: Iterable[str]) -> list[str]:
        """The template of each wording; of one that was not in the set, the one it fits."""
        return [self._templates.get(text) or _VALUE.sub(ANY, text) for text in wordings]
