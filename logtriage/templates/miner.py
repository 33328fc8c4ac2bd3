"""Wordings → templates.

Two steps, each linear in the number of wordings. First those with the same own text are put together, and each slot is a
value or not by all that stands in it. Then words that nothing marks as values are found by how many different ones stand
in one place, all else being equal (as Brain tells constant from variable children: Yu et al., IEEE TSC 2023).
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from logtriage.masking import HEX, OTHER
from logtriage.templates.segments import Kind, Segment, is_value, segments

ANY = "<*>"
_LIKELY = 2  # different texts in a slot that make it a value, by its kind
_NAMED = 3
_KEYED = 4
_WORDS = 8  # different words in a place that nothing marks as a slot
_SHOUTED = 16  # the same in capitals: names of states, which are few, but the event's own
_FIRST = 24  # the same at the begin of the line, where the event's own words stand
_LONGEST = 60  # words of a template that are looked at
_ROUNDS = 3  # places of a template that are made values so
_PLAIN = re.compile(r"([A-Za-z][\w.$-]*?)([,;:.]?)")
_NAMES = re.compile(r"\w+(?:\.\w+){2,}|.*[/@].*")
_CONSTANT = frozenset(("true", "false", "yes", "no", "on", "off", "TRUE", "FALSE", "True", "False"))
_NONE = frozenset(("", "()", '""', "''", "null", "NULL", "None", "nil", "(null)", "none", "-", "N/A"))
_ENOUGH = {Kind.VALUE: 1, Kind.LIKELY: _LIKELY, Kind.NAMED: _NAMED, Kind.KEY: _KEYED, Kind.ASIDE: _KEYED}

Words = tuple[str, ...]


class Miner:
    """The templates of the wordings that were added: they depend on the set of these alone, not on their order."""

    def __init__(self, wordings: Iterable[str] = ()) -> None:
        self._read: dict[str, _Read] = {}
        self._slots: dict[str, list[_Slot]] = {}
        self._values: set[int] | None = None
        self.add(wordings)

    def add(self, wordings: Iterable[str]) -> None:
        """Learns from more wordings."""
        for wording in wordings:
            if wording not in self._read:
                read = self._read[wording] = _read(wording)
                slots = self._slots.get(read.key)
                if slots is None:
                    slots = self._slots[read.key] = [
                        _Slot(first=read.begins and k == 0) for k in range(len(read.slots))
                    ]
                for slot, part in zip(slots, read.slots, strict=True):
                    slot.see(part)
                self._values = None

    def templates(self, wordings: Iterable[str]) -> list[str]:
        """The template of each wording; of one that was not added, the one it fits."""
        if self._values is None:
            self._values = _values({tuple(self._filled(read).split(" ")) for read in self._read.values()})
        return [self._template(self._read.get(text) or _read(text), self._values) for text in wordings]

    def _template(self, read: _Read, values: set[int]) -> str:
        text = self._filled(read)
        return " ".join(_opened(tuple(text.split(" ")), values)) if values else text

    def _filled(self, read: _Read) -> str:
        """A wording with its slots decided."""
        slots = self._slots.get(read.key)
        pieces = read.key.split("\0")
        out = [pieces[0]]
        for k, (part, own) in enumerate(zip(read.slots, pieces[1:], strict=True)):
            varies = slots[k].varies if slots else part.kind is Kind.VALUE
            # `key=` with nothing behind it says something else than `key=value`
            out += (ANY if varies and (part.text or part.kind is not Kind.KEY) else part.text, own)
        return "".join(out)


class _Read(NamedTuple):
    """A wording: its own text, with a zero in the place of each slot, the slots, and whether it begins with one."""

    key: str
    slots: list[Segment]
    begins: bool


def _read(wording: str) -> _Read:
    parts = segments(wording.replace("\0", " ").replace(OTHER, HEX))
    key = "".join(part.text if part.kind is Kind.OWN else "\0" for part in parts)
    return _Read(key, [part for part in parts if part.kind is not Kind.OWN], key.startswith("\0"))


class _Slot:
    """What stands in one slot of all wordings with the same own text."""

    __slots__ = ("_first", "_none", "_texts", "varies")

    def __init__(self, *, first: bool) -> None:
        self.varies = False
        self._first = first
        self._none = False
        self._texts: set[str] = set()

    def see(self, part: Segment) -> None:
        """One more text."""
        if self.varies:
            return
        if part.text in _NONE:
            self._none = True
        else:
            self._texts.add(part.text)
        self.varies = self._decide(part.kind)

    def _decide(self, kind: Kind) -> bool:
        texts = self._texts
        if any(is_value(text) for text in texts):
            return True
        if len(texts) + self._none < 2 or texts <= _CONSTANT:
            return False
        if self._first:
            return len(texts) >= _FIRST
        return len(texts) >= _ENOUGH[kind] or any(_NAMES.fullmatch(text) for text in texts)


def _values(templates: set[Words]) -> set[int]:
    """Places (see `_places`) in which many different words stand, all else being equal."""
    found: set[int] = set()
    for _ in range(_ROUNDS):
        counts = Counter(place for words in templates for place, _, _ in _places(words))
        often = {place: count for place, count in counts.items() if count >= _WORDS}
        del counts
        plain: set[int] = set()  # not all in capitals
        enough: dict[int, int] = {}
        for words in templates if often else ():
            for place, k, word in _places(words):
                if place in often:
                    own = sum(one[:1].isalpha() for one in words) - 1
                    enough[place] = _FIRST if k == 0 else _WORDS if own else 1 << 30
                    if not word.isupper():
                        plain.add(place)
        new = {
            place
            for place, count in often.items()
            if count >= (enough[place] if place in plain else max(_SHOUTED, enough[place]))
        }
        if not new:
            break
        found |= new
        templates = {_opened(words, new) for words in templates}
    return found


def _places(words: Words) -> Iterator[tuple[int, int, str]]:
    """Each place of a template with a plain word in it: a number for the place and all that stands around it, where in
    the template it is, and the word. Templates differ in one word only have that place in common."""
    if len(words) <= _LONGEST:
        for k, word in enumerate(words):
            if plain := _plain(word):
                yield hash((k, words[:k], plain[1], words[k + 1 :])), k, plain[0]


@functools.lru_cache(1 << 14)
def _plain(word: str) -> tuple[str, str] | None:
    """A plain word, and the sign behind it."""
    found = _PLAIN.fullmatch(word)
    return (found[1], found[2]) if found else None


def _opened(words: Words, values: set[int]) -> Words:
    """A template with the words in such places as values, one after the other."""
    for _ in range(_ROUNDS):
        for place, k, word in _places(words):
            if place in values:
                words = (*words[:k], ANY + words[k][len(word) :], *words[k + 1 :])
                break
        else:
            break
    return words
