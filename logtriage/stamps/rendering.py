"""Renderings: how exactly one text writes its moment, so that the text can be replaced by the moment and printed back.

A rendering is a form in which everything is fixed (`%Y-%m-%d %H:%M:%S,%3`: three digits after a comma; a zone's text
as it stands) and the zone the clock was read in. Whether it gives a text back is for the caller to check, row by row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from logtriage.stamps.moment import TAI64
from logtriage.stamps.stamp import kind_of, read, zone_words
from logtriage.stamps.stamp_format import offset_minutes, part_of, tokens
from logtriage.stamps.zone import Zone, named

_NATIVE = frozenset(
    f"%{letter}"
    for letter in ("Y", "y", "b", "B", "j", "a", "A", "M", "S", "p", *"mdHI", "-m", "-d", "-H", "-I", "-M", "-S")
)
_PADDED = {"%e": "%-d", "%k": "%-H", "%l": "%-I"}
_SPACED = {short: padded for padded, short in _PADDED.items()}
# how many digits tokens print at most
_DIGITS = {"%Y": 4, "%y": 2, "%j": 3, "%s": 20}
_DIGITS |= {f"%{flag}{letter}": 2 for letter in "mdHIMS" for flag in ("", "-")} | dict.fromkeys(("%e", "%k", "%l"), 2)
_DIGIT, _RUNS, _LETTERS = re.compile("[0-9]"), re.compile("0+"), re.compile("[A-Za-z]+")
_WIDTH = {"%Y": 4, "%b": 3, "%a": 3, "%j": 3}


@dataclass(frozen=True, slots=True)
class Rendering:
    """`form` with `%1` … `%9` for the digits of a fraction, `%s` for seconds since 1970; the clock runs in `zone`."""

    form: str
    zone: str = "UTC"

    def __str__(self) -> str:
        return f"{self.form}|{self.zone}"

    @classmethod
    def parse(cls, text: str) -> Rendering:
        """The rendering that `str` wrote. Raises ValueError on any other text."""
        form, bar, zone = text.rpartition("|")
        if not bar:
            raise ValueError(f"not a rendering: {text!r}")
        return cls(form, zone)

    @property
    def digits(self) -> int:
        """How many digits of the fraction are written."""
        return next((int(token[1]) for token in tokens(self.form) if token[0] == "%" and token[1].isdigit()), 0)

    def may_hold(self, text: str) -> bool:
        """Could a time printed so hold the text, in any case? Told by the order of its digits, letters and signs, and by
        how many digits stand together; spaces do not count."""
        kinds = ""
        for token in tokens(self.form):
            if token == "%x" or (token == "%s" and "-" in text):
                return True
            kinds += _kinds(token)
        kinds, wanted = (_DIGIT.sub("0", _LETTERS.sub("a", one.replace(" ", ""))) for one in (kinds, text))
        longest, wide = (max(map(len, _RUNS.findall(one)), default=0) for one in (wanted, kinds))
        return longest <= wide and _RUNS.sub("0", wanted) in _RUNS.sub("0", kinds)


def _kinds(token: str) -> str:
    """What a token prints: `0` for each digit that it may, `a` for letters, else itself."""
    if token[0] != "%":
        return token
    return "0" * (_DIGITS.get(token) or int(token[1])) if token in _DIGITS or token[1].isdigit() else "a"


def rendering_of(text: str, zone: str = "UTC") -> Rendering | None:
    """The rendering of a stamp's text; `zone` is that of texts without one. None: not a stamp, or one of no rendering.

    A text does not always tell all: of `Nov 22` it stays open how days below ten are padded; the form's habit is taken.
    """
    kind = kind_of(text)
    found = read(text, kind) if kind else None
    if not kind or not found or kind.unit == "uptime":
        return None
    form, parts = found
    if kind.unit:
        return Rendering(_counted(form, kind.unit, parts.get("fraction")))
    written = "".join(_written(token, parts) for token in tokens(form))
    told = parts.get("zone") or ""
    offset = offset_minutes(told, zone_words())
    own = named(told) if offset is None else Zone.of_minutes(offset)
    return Rendering(written, own.name if own else zone)


def _counted(form: str, unit: str, fraction: str | None) -> str:
    digits = {"s": "", "ms": "%3", "us": "%6", "ns": "%9"}
    if unit == "tai64n":
        return form.replace("%s", "%x")
    return form.replace("%s", "%s" + digits[unit]).replace("%f", _fraction(fraction))


def _fraction(text: str | None) -> str:
    return f"{text[0]}%{len(text) - 1}" if text else ""


def _written(token: str, parts: dict[str, str | None]) -> str:
    """The token with what the text leaves no choice about."""
    text = parts.get(part_of(token) or "") or ""
    if token == "%f":
        return _fraction(text)
    if token == "%z":
        return text
    if token in _PADDED or token.startswith("%-"):
        short = _PADDED.get(token, token)
        if len(text) == 1:
            return short
        return {"0": short.replace("-", ""), " ": _SPACED.get(short, token)}.get(text[0], token)
    return token


def render_sql(rendering: Rendering, timestamp_expr: str, nanos_expr: str = "0") -> str | None:
    """SQL that prints a TIMESTAMP (UTC) as the rendering does; `nanos_expr`: 0–999, the digits below the microsecond.

    None where the rendering cannot be printed (a token of some later version).
    """
    local = Zone.of(rendering.zone).local_sql(f"({timestamp_expr})")
    pieces: list[str] = []
    run = ""
    for token in tokens(rendering.form):
        if token in _NATIVE or token[0] != "%":
            run += token
            continue
        piece = _special(token, local, nanos_expr)
        if piece is None:
            return None
        if token in ("%3", "%6"):
            run += piece
            continue
        pieces += [_strftime(local, run), piece] if run else [piece]
        run = ""
    pieces += [_strftime(local, run)] if run else []
    return f"({' || '.join(pieces)})"


def _special(token: str, local: str, nanos: str) -> str | None:
    if token in _PADDED:
        return f"lpad({_strftime(local, _PADDED[token])}, 2, ' ')"
    if token == "%s":
        return f"(epoch_us({local}) // 1000000)::VARCHAR"
    if token == "%x":
        seconds, nano = f"(epoch_us({local}) // 1000000 + {TAI64})", f"(epoch_us({local}) % 1000000 * 1000 + {nanos})"
        return f"format('{{:016x}}{{:08x}}', {seconds}, {nano})"
    if not token[1].isdigit():
        return None
    if token in ("%3", "%6"):
        return {"%3": "%g", "%6": "%f"}[token]
    digits = int(token[1])
    if digits < 6:
        return f"left({_strftime(local, '%f')}, {digits})"
    return f"{_strftime(local, '%f')} || left(lpad(({nanos})::VARCHAR, 3, '0'), {digits - 6})"


def _strftime(local: str, form: str) -> str:
    quoted = form.replace("'", "''")
    return f"strftime({local}, '{quoted}')" if "%" in form else f"'{quoted}'"


def strptime_form(form: str) -> str:
    """The form for DuckDB's strptime, which takes unpadded and space-padded numbers, and 1–9 digits for `%n`."""
    return "".join(
        "%n" if part_of(token) == "fraction" else _PADDED.get(token, token).replace("%-", "%") for token in tokens(form)
    )


def like_pattern(form: str) -> str:
    """A LIKE pattern that the rendering's texts match; much cheaper to tell no than a strptime that fails."""
    return "".join(_like(token) for token in tokens(form))


def _like(token: str) -> str:
    if token[0] != "%":
        return token
    if token[1].isdigit():
        return "_" * int(token[1])  # "%" would let a zone pass too, and failing strptimes are dear
    return "%" if token[1] in "-AB" else "_" * _WIDTH.get(token, 2)
