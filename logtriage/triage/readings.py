"""Numbers in records that are not what they were: durations that grew, and resources that climb to their limit."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from itertools import islice
from math import erfc, log10, sqrt
from statistics import median
from typing import NamedTuple

from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE, Kind, Scope

_READ = 100_000  # records, at most, that are read to find a sample: of the rarer kinds, as readings are
_SAMPLE = 60  # records of each, in each phase
_LEAST = 8  # of them, for anything to be said
_CHEAP = 1_000  # records of a kind that are read whatever their words are
_PLACES = 12  # numbers of a record that are looked at
_GROWN = 1.5  # times as much as before, at least
_WORTH, _MOST = 1.0, 5.0  # bans
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?=[^\w.]|[a-zA-Zµ%]{1,3}\b|\.(?!\d)|$)")
_RESOURCE = re.compile(
    r"(?:heap|mem(?:ory)?|rss|used|usage|in use|pool|active|waiting|queued?|depth|backlog|lag|pending|disk|cpu|load|"
    r"connections?|threads?|sessions?|handles?|descriptors|fds?|goroutines|entries|cache|buffer(?:ed)?|size|swap|inodes)\W{0,4}(?:\w+\W{1,3})?$",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"(?:took|duration|elapsed|latency|pause|wait(?:ed|s)?|after|in|rt|urt|time|millis|_ms|ms|seconds)\W{0,4}$",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\s?(?:ms|s|us|µs|sec|seconds|millis\w*|min)\b")
# The same in a template's text.
_PROMISING = re.compile(
    rf"{_RESOURCE.pattern[:-1]}<\*>|{_DURATION.pattern[:-1]}<\*>|<\*>{_UNIT.pattern}", re.IGNORECASE
)


class _Value(NamedTuple):
    at: datetime
    number: float


def detect(scope: Scope) -> list[Finding]:
    """Findings of kind `reading`: numbers that stand beside the name of a resource or a unit of time, in records that
    both phases have, and which are larger now (Mann and Whitney's test on samples, and a median half as large again)."""
    if not scope.minutes[0]:
        return []
    common: list[tuple[int, int]] = []
    room = _READ
    for key, kind in sorted(scope.kinds.items(), key=lambda item: sum(item[1].counts)):
        if min(kind.counts) >= _LEAST and _is_likely(kind) and (room := room - sum(kind.counts)) > 0:
            common.append(key)
    if not common:
        return []
    scope.con.execute("CREATE OR REPLACE TEMP TABLE common (service INTEGER, template BIGINT, every INTEGER)")
    rows = ", ".join(
        f"({service}, {template}, {max(1, sum(scope.kinds[service, template].counts) // (2 * _SAMPLE))})"
        for service, template in common
    )
    scope.con.execute(f"INSERT INTO common VALUES {rows}")
    records = scope.rows(f"""
        SELECT c.service, c.template, {scope.phase("timestamp")} AS phase, timestamp,
               replace(replace(replace(frame, chr(2), body), chr(4), body), chr(5), body)
        FROM lake.records AS r JOIN kinds AS k USING (part, shape)
        JOIN common AS c ON (c.service, c.template) = (k.service, k.template)
        WHERE {scope.mine} AND timestamp IS NOT NULL AND exact IS NULL
          AND hash("offset") % every = 0 AND phase IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY c.service, c.template, phase ORDER BY hash("offset", 1)) <= {_SAMPLE}""")
    texts: dict[tuple[int, int], list[tuple[int, datetime, str]]] = {}
    for service, template, phase, at, text in records:
        texts.setdefault((service, template), []).append((phase, at, text))
    found = (_grown(scope, service, template, told) for (service, template), told in texts.items())
    return [finding for finding in found if finding]


def _is_likely(kind: Kind) -> bool:
    """Whether a kind of record is worth reading: its words promise a reading, or it is rare enough to cost nothing."""
    return sum(kind.counts) <= _CHEAP or bool(_PROMISING.search(kind.text))


def _grown(scope: Scope, service: int, template: int, told: list[tuple[int, datetime, str]]) -> Finding | None:
    """The number of a kind of record that has grown most, if any has."""
    first = told[0][2]
    if not any(_label(first, number)[0] for number in islice(_NUMBER.finditer(first), _PLACES)):
        return None
    split = [(phase, at, text, list(_NUMBER.finditer(text))) for phase, at, text in told]
    usual = Counter(len(numbers) for *_, numbers in split).most_common(1)[0][0]
    best: Finding | None = None
    for place in range(min(usual, _PLACES)):
        text, number = next((text, numbers[place]) for *_, text, numbers in split if len(numbers) == usual)
        label, is_resource = _label(text, number)
        if not label:
            continue
        values: tuple[list[_Value], list[_Value]] = ([], [])
        for phase, at, _, numbers in split:
            if len(numbers) == usual:
                values[phase].append(_Value(at, float(numbers[place][0])))
        if min(map(len, values)) >= _LEAST and (
            finding := _compared(scope, service, template, label, is_resource, values)
        ):
            best = finding if best is None or finding.score > best.score else best
    return best


def _label(text: str, number: re.Match[str]) -> tuple[str, bool]:
    """What stands in front of a number, and whether that is a resource; nothing where it is neither that nor a time."""
    front, back = text[max(0, number.start() - 80) : number.start()], text[number.end() : number.end() + 10]
    label = " ".join(re.findall(r"[A-Za-z_]+", front)[-3:])
    if _UNIT.match(back) or _DURATION.search(front):
        return label or "time", False
    return (label, True) if _RESOURCE.search(front) else ("", False)


def _compared(
    scope: Scope, service: int, template: int, label: str, is_resource: bool, values: tuple[list[_Value], list[_Value]]
) -> Finding | None:
    before, after = ([value.number for value in values[phase]] for phase in (BEFORE, AFTER))
    was, now = median(before), median(after)
    if now <= was or now < _GROWN * max(was, 1e-9):
        return None
    bans = min(_MOST, _mann_whitney(before, after))
    name = scope.services[service]
    climbs = is_resource and _climbs(values[AFTER])
    sentence = (
        f"{name}: {label} {'climbs' if climbs else 'is higher'}: median {_shown(now)}, before {_shown(was)}, "
        f"highest {_shown(max(after))} («{scope.text(template, 60)}»)"
    )
    score = bans if climbs else 0.6 * bans
    return Finding("reading", name, score, sentence, template=template) if score >= _WORTH else None


def _shown(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def _climbs(values: list[_Value]) -> bool:
    """Whether later values are larger: more than four fifths of all pairs agree in time and size (Kendall)."""
    ordered = [value.number for value in sorted(values)]
    pairs = [(b > a) - (b < a) for k, a in enumerate(ordered) for b in ordered[k + 1 :]]
    return sum(pairs) > 0.6 * len(pairs)


def _mann_whitney(before: list[float], after: list[float]) -> float:
    """How surprising it is, in bans, that `after` is so much larger; normal approximation."""
    ranks: dict[float, float] = {}
    ordered = sorted([*before, *after])
    for k, value in enumerate(ordered):
        ranks.setdefault(value, k + (ordered.count(value) + 1) / 2)
    n, m = len(before), len(after)
    u = sum(ranks[value] for value in after) - m * (m + 1) / 2
    z = (u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)
    return -log10(max(1e-300, erfc(max(0.0, z) / sqrt(2)) / 2))
