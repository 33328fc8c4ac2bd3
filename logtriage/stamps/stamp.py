"""Time stamps as texts: which ways to write a moment there are (patterns/stamps.toml), and finding one in a line.

A *stamp kind* is a way to write a moment. Everything here is for samples and for what a user types; whole blocks are
read by `stamp_sql`. Times without zone are wall-clock times of a `zone`; the result is always UTC.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logtriage.errors import LibraryError
from logtriage.shipped import library_folder
from logtriage.stamps.stamp_format import (
    form_regex,
    forms_regex,
    part_of,
    tokens,
    zone_regex,
)

HEAD = 120  # how far into a line a stamp may begin
_FAR = 24  # … and from where on a clock at the line's very start is likelier that of the record
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Stamp:
    """One kind. `regex` (no groups or anchors, common dialect) is its text in a log; `forms`: see stamp_format.

    `unit` is that of a count (s, ms, us, ns, tai64n, uptime), None for calendar times. `found`, `lead`: stamps.toml.
    """

    id: str
    forms: tuple[str, ...]
    regex: str
    has_date: bool
    has_year: bool
    unit: str | None = None
    found: str = "anywhere"
    lead: str = ""
    examples: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)


@functools.cache
def _library() -> tuple[tuple[Stamp, ...], dict[str, int]]:

    path = library_folder() / "stamps.toml"
    try:
        import tomllib

        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return tuple(_stamp(table, tables["zones"]) for table in tables["stamp"]), tables["zones"]
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise LibraryError(f"{path}: cannot be read: {why!r}") from why


def _stamp(table: dict[str, Any], words: dict[str, int]) -> Stamp:
    unit = table.get("unit")
    forms = tuple(table["forms"])
    parts = [{part_of(token) for token in tokens(form)} for form in forms]
    return Stamp(
        id=table["id"],
        forms=forms,
        regex=forms_regex(forms, zone_regex(words), unit),
        has_date=bool(unit) or all({"day", "yearday"} & told for told in parts),
        has_year=bool(unit) or all("year" in told for told in parts),
        unit=unit,
        found=table.get("found", "anywhere"),
        lead=table.get("lead", ""),
        examples=table.get("examples", {}),
    )


def stamps() -> tuple[Stamp, ...]:
    """All kinds, in the order in which they are tried. Raises LibraryError where stamps.toml is wrong."""
    return _library()[0]


def zone_words() -> Mapping[str, int]:
    """The zone abbreviations that are understood, and their minutes east of UTC."""
    return _library()[1]


def stamp(id_: str) -> Stamp:
    """The kind of this id. Raises LibraryError where there is none."""
    for kind in stamps():
        if kind.id == id_:
            return kind
    raise LibraryError(f"no stamp kind is named {id_!r}", hint=f"one of {', '.join(kind.id for kind in stamps())}")


@functools.cache
def _whole(form: str, unit: str | None) -> re.Pattern[str]:
    """The regex that reads all of a text of a form: with groups, and any capitals for a zone."""
    return re.compile(form_regex(form, zone_regex(zone_words(), any_word=True), unit, named=True))


@functools.cache
def _signs(form: str) -> frozenset[str]:
    """The characters that stand in every text of a form."""
    return frozenset("".join(token for token in tokens(form) if part_of(token) is None))


def _matches(text: str, kinds: Iterable[Stamp]) -> Iterator[tuple[Stamp, str, re.Match[str]]]:
    """The kinds and their forms that the whole text has, in order. To compile all forms takes a tenth of a second, so those
    are left alone that a look at the text rules out."""
    signs = frozenset(text)
    for kind in kinds:
        for form in kind.forms:
            if _signs(form) <= signs and (match := _whole(form, kind.unit).fullmatch(text)):
                yield kind, form, match


def read(text: str, kind: Stamp) -> tuple[str, dict[str, str | None]] | None:
    """The form of the kind that the whole text has, and the text of each of its parts (year, month, … zone)."""
    return next(((form, match.groupdict()) for _, form, match in _matches(text, [kind])), None)


@functools.lru_cache(maxsize=1024)
def kind_of(text: str) -> Stamp | None:
    """The kind that the whole text is of, the first that fits; None: it is no stamp."""
    return next((kind for kind, _, _ in _matches(text, stamps())), None)


# Not a part of a longer word or number, as 1.2026-… is; but a colour (ESC[33m) may stand before it.
# Behind it, letters may follow at once (2026-01-02 03:04:05INFO).
_BEFORE = r"(?:(?<![0-9A-Za-z.])|(?<=[0-9]m))"
_START = r"^(?:\x1b\[[0-9;]*m)?(?:<[0-9]{1,3}>)?[^0-9A-Za-z\[@]{0,4}[\[(]?"
_KEY = (
    r"(?:^|[\s,;{(\[\"'@#])"
    r"(?i:ts|t|dt|date|datetime|[a-z_.]{0,16}timestamp|(?:event|log|start|created|_)?_?time|when|\$date)"
    r"[\"']?\s?[=:]\s{0,2}[\"']?"
)


@functools.cache
def _finders() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The regexes for stamps anywhere and for those at the start; the name of a group holds the kind's number."""

    def one_of(found: str) -> str:
        kinds = [(n, kind) for n, kind in enumerate(stamps()) if kind.found == found]
        return "|".join(f"{kind.lead}(?P<k{n}>{kind.regex})" for n, kind in kinds)

    return (
        re.compile(rf"{_BEFORE}(?:{one_of('anywhere')})(?![0-9])"),
        re.compile(rf"(?:{_START}|{_KEY})(?:{one_of('start')})(?![0-9A-Za-z]|[:./-][0-9A-Fa-f])"),
    )


_CLOCK = re.compile(r"[0-9](?::[0-9]|\.[0-5][0-9])|T[0-9]{4}|[0-9]{6}|[0-9] [0-9]{2}-[0-9]{2}-[0-9]{2}|Date\(")


def find(line: str, within: int = HEAD) -> tuple[int, int, Stamp] | None:
    """Where the stamp of an unknown line is: (start, end, kind), or None. It begins in the first `within` characters.

    The first full one is taken; failing that, a time of day, a short form or an epoch at the line's start or behind a key such
    as `ts=`. A clock at the very start goes before a full one far behind it. Bare numbers, addresses, versions and durations
    elsewhere are never taken.
    """
    end = within + _LONGEST
    if not _CLOCK.search(line, 0, end):
        return None
    anywhere, start = _finders()
    found = _taken(anywhere.search(line, 0, end), within)
    if found and found[0] < _FAR:
        return found
    other = _taken(start.search(line, 0, end), within)
    clock = other and other[0] < 2 and ":" in line[other[0] : other[1]]  # bare digits may be an id
    return other if clock or not found else found


def _taken(match: re.Match[str] | None, within: int) -> tuple[int, int, Stamp] | None:
    """What a finder found, if it begins in the first `within` characters."""
    if not match or not match.lastgroup or match.start(match.lastgroup) > within:
        return None
    return *match.span(match.lastgroup), stamps()[int(match.lastgroup[1:])]


def find_regex(kinds: Sequence[Stamp]) -> str:
    """One RE2 regex whose group `timestamp` is the stamp in a line's head, for these kinds (as `find` gave them).

    Kinds that are only looked for at a line's start are left out when there are others.
    """
    anywhere = [kind.regex for kind in kinds if kind.found == "anywhere"]
    if anywhere:
        return rf"^(?:.{{0,{HEAD}}}?(?:[^0-9A-Za-z.]|[0-9]m))??(?P<timestamp>{'|'.join(anywhere)})(?:[^0-9]|$)"
    leads = "|".join(kind.lead for kind in kinds)
    start = "|".join(kind.regex for kind in kinds)
    return rf"^(?:{_START[1:]}|.{{0,{HEAD}}}?{_KEY})(?:{leads})(?P<timestamp>{start})(?:[^0-9A-Za-z]|$)"
