"""Stamp texts → moments for whole blocks, as SQL expressions for DuckDB; no row is ever seen by Python.

Two ways are put together. The exact one tells renderings apart by LIKE and parses each by one constant strptime
format: 30 ms for half a million rows. What is left takes the general one, a regex that cuts the text into clock,
fraction and zone: 90 to 400 ms. Trying one strptime format after the other would be slower, as its failures are dear.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence

from logtriage.sql import literal
from logtriage.stamps.moment import DAY_SLACK, TAI64, YEAR_SLACK, YEARS_BACK
from logtriage.stamps.rendering import Rendering, like_pattern, rendering_of, strptime_form
from logtriage.stamps.stamp import Stamp, zone_words
from logtriage.stamps.stamp_format import OPTIONAL, literal_pieces, part_of, token_regex, tokens, zone_regex
from logtriage.stamps.zone import Zone

# SQL that parses a text with something put before it: (SQL of that, its strptime format) → SQL.
Parse = Callable[[str, str], str]


def to_timestamp_sql(
    text_expr: str,
    kinds: Sequence[Stamp],
    *,
    reference_expr: str,
    zone: str = "UTC",
    renderings: Iterable[Rendering] | None = None,
    boot_expr: str = "NULL",
    general: bool = True,
) -> str:
    """SQL for the TIMESTAMP (UTC, µs, cut) that a text of these kinds tells, NULL for any other; it never raises.

    `zone`: of texts without one. `reference_expr`: a TIMESTAMP in UTC, for what a text leaves out (see YEAR_SLACK and
    DAY_SLACK). `renderings`: those that a sample showed, which makes them quick (default: the kinds' examples).
    `boot_expr`: the moment the kernel's clock began, for uptimes. With `general` false only texts of the renderings are
    read: planning the rest takes ten times as long. Raises UsageError for an unknown zone.
    """
    clock = Zone.of(zone)
    reference = clock.local_sql(f"({reference_expr})::TIMESTAMP")
    if renderings is None:
        renderings = [r for kind in kinds for r in _renderings(kind, clock.name)]
    exact = dict.fromkeys(_exact(text_expr, rendering, reference) for rendering in renderings)
    if not general:
        return _case(filter(None, exact))
    others = [_general(text_expr, kind, form, clock, reference, boot_expr) for kind in kinds for form in kind.forms]
    return f"coalesce({_case(filter(None, exact))}, {_case(others)})"


def nanos_sql(text_expr: str, kinds: Sequence[Stamp]) -> str:
    """SQL for the digits 7 to 9 of a stamp text's fraction as a number from 0 to 999; NULL for a NULL text."""
    del kinds  # the digits are told by their look alone
    digits = rf"regexp_extract({text_expr}, '(?:[.,][0-9]{{6}}|^[0-9]{{16}})([0-9]{{1,3}})(?:[^0-9]|$)', 1)"
    tai = f"('0x' || right({text_expr}, 8))::UBIGINT % 1000"
    return (
        f"CASE WHEN regexp_matches({text_expr}, '[.,][0-9]{{7}}|^[0-9]{{19}}$') THEN rpad({digits}, 3, '0')::INTEGER"
        f" WHEN regexp_full_match({text_expr}, '@40000000[0-9a-f]{{16}}') THEN ({tai})::INTEGER"
        f" WHEN {text_expr} IS NOT NULL THEN 0 END"
    )


@functools.cache
def _renderings(kind: Stamp, zone: str) -> tuple[Rendering, ...]:
    found = (rendering_of(text, zone) for text in kind.examples)
    return tuple(dict.fromkeys(rendering for rendering in found if rendering))


def _case(branches: Iterable[str]) -> str:
    listed = list(branches)
    return f"CASE {' '.join(listed)} END" if listed else "NULL::TIMESTAMP"


def _exact(text: str, rendering: Rendering, reference: str) -> str | None:
    """`WHEN … THEN` for one rendering; NULL where it fails, which sends the row on to the general way."""
    if any(part_of(token) == "count" for token in tokens(rendering.form)):
        return None
    native = strptime_form(rendering.form)

    def parse(before: str, before_form: str) -> str:
        whole = f"{before} || {text}" if before else text
        parsed = f"try_strptime({whole}, {literal(before_form + native)})"
        return f"{parsed}::TIMESTAMP" if "%n" in native else parsed  # %n gives a TIMESTAMP_NS

    local = _anchored(parse, rendering.form, reference, years=1)
    return f"WHEN {text} LIKE {literal(like_pattern(rendering.form))} THEN {Zone.of(rendering.zone).utc_sql(local)}"


def _anchored(parse: Parse, form: str, reference: str, years: int = YEARS_BACK) -> str:
    """SQL for the wall-clock time, with the year or the date put in that the form does not write."""
    told = {part_of(token) for token in tokens(form)}
    if "year" in told:
        return parse("", "")
    if "month" in told:
        limit = f"({reference} + INTERVAL ({YEAR_SLACK.days}) DAY)"
        tries = (parse(f"(year({limit}) - {n})::VARCHAR || ' '", "%Y ") for n in range(years))
        # The list binds the value to a name: written twice, it would be computed twice.
        return f"coalesce({', '.join(f'list_filter([{t}], lambda x: x <= {limit})[1]' for t in tries)})"
    limit = f"({reference} + INTERVAL ({DAY_SLACK.seconds}) SECOND)"
    parsed = parse(f"strftime({limit}, '%Y-%m-%d ')", "%Y-%m-%d ")
    return f"list_transform([{parsed}], lambda x: x - to_days((x > {limit})::INTEGER))[1]"


def _general(text: str, kind: Stamp, form: str, clock: Zone, reference: str, boot: str) -> str:
    """`WHEN … THEN` for all texts of one form of a kind, whatever their fraction and zone."""
    regex, names = _cut(form, kind.unit)
    cut = f"regexp_extract({text}, {literal('^' + regex + '$')}, [{', '.join(map(literal, names))}])"
    moment = _counted(kind, names, boot) if kind.unit else _clocked(form, names, clock, reference)
    return f"WHEN regexp_full_match({text}, {literal(regex)}) THEN list_transform([{cut}], lambda m: {moment})[1]"


def _cut(form: str, unit: str | None) -> tuple[str, list[str]]:
    """The form as a regex with a group for each run of its text, for the fraction and for the zone; and their names."""
    zone = zone_regex(zone_words(), any_word=True)
    regex, names = "", []
    for n, (piece, optional) in enumerate(literal_pieces(form)):
        inner = "".join(f"(?:{token_regex(token, zone, unit)})" for token in tokens(piece))
        names.append({"%f": "fraction", "%z": "zone"}[piece] if optional else f"text{n}")
        regex += f"({inner}){'?' if piece in OPTIONAL else ''}"
    return regex, names


def _micros(names: list[str]) -> str:
    """SQL for the fraction's microseconds."""
    return "rpad(substr(m.fraction, 2, 6), 6, '0')::BIGINT" if "fraction" in names else "0"


def _clocked(form: str, names: list[str], clock: Zone, reference: str) -> str:
    native = "".join(strptime_form(piece) for piece, optional in literal_pieces(form) if not optional)
    text = " || ".join(f"m.{name}" for name in names if name.startswith("text"))

    def parse(before: str, before_form: str) -> str:
        whole = f"{before} || {text}" if before else text
        return f"(try_strptime({whole}, {literal(before_form + native)}) + to_microseconds({_micros(names)}))"

    local = _anchored(parse, form, reference)
    if "zone" not in names:
        return clock.utc_sql(local)
    # a zone's full name is read by the exact way alone, which has the name as a constant
    assumed = f"CASE WHEN NOT contains(m.zone, '/') THEN {clock.utc_sql('l')} END"
    return f"list_transform([{local}], lambda l: coalesce(l - to_minutes({_offset('m.zone')}), {assumed}))[1]"


def _offset(zone: str) -> str:
    """SQL for the minutes east of UTC that a zone's text tells, NULL where it is empty or unknown."""
    plain = f"replace(ltrim({zone}), ':', '')"
    number = f"try_cast(rpad({plain}, 5, '0') AS INTEGER)"  # +01 and +0100 → 100
    words = " ".join(f"WHEN {literal(word)} THEN {minutes}" for word, minutes in zone_words().items())
    word = f"CASE trim({zone}, ' ()') WHEN 'z' THEN 0 {words} END"
    # GMT+1, UTC+01:00
    sign, hours, minutes = (f"regexp_extract({zone}, '([+-])([0-9]{{1,2}}):?([0-9]*)', {n})" for n in (1, 2, 3))
    beside = f"({sign} || '1')::INTEGER * ({hours}::INTEGER * 60 + coalesce(try_cast({minutes} AS INTEGER), 0))"
    return (
        f"CASE WHEN {zone} = '' THEN NULL WHEN regexp_full_match({zone}, '[+-][0-9]{{3}}') THEN try_cast({zone} AS INTEGER)"
        f" WHEN left({plain}, 1) IN ('+', '-') THEN ({number} - {number} % 100) * 3 // 5 + {number} % 100"
        f" WHEN regexp_matches({zone}, '[+-]') THEN {beside}"
        f" ELSE {word} END"
    )


def _counted(kind: Stamp, names: list[str], boot: str) -> str:
    count = f"regexp_extract(m.{names[0]}, '[0-9a-f.]{{3,}}')"
    if kind.unit == "uptime":
        return f"(({boot})::TIMESTAMP + to_microseconds((try_cast({count} AS DECIMAL(18, 9)) * 1000000)::BIGINT))"
    if kind.unit == "tai64n":
        seconds, nanos = (f"('0x' || substr({count}, {at}, {n}))::UBIGINT::BIGINT" for at, n in ((1, 16), (17, 8)))
        return f"make_timestamp(({seconds} - {TAI64}) * 1000000 + {nanos} // 1000)"
    scaled = {"s": "* 1000000", "ms": "* 1000", "us": "", "ns": "// 1000"}[kind.unit or "s"]
    return f"make_timestamp({count}::BIGINT {scaled} + {_micros(names)})"
