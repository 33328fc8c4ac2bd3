"""What a service says for the first time."""

from __future__ import annotations

from collections import Counter
from math import log10

from logtriage.coverage import counted
from logtriage.formats.levels import ERROR, WARN
from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE, Kind, Scope

_MOST = 4.0  # bans
_FINDINGS = 300  # where every line is new, each further one says nothing
_LEVELS = ((ERROR, 0.5), (WARN, 0.25))  # an error or a warning says more than news


def detect(scope: Scope) -> list[Finding]:
    """Findings of kind `new`: templates that a service has since the onset and never had in the baseline.

    How surprising that is depends on how much news the service had in the baseline: Good and Turing's estimate, the
    share of records whose template came only once.
    """
    records: Counter[str] = Counter()
    once: Counter[str] = Counter()
    since: Counter[str] = Counter()
    for kind in scope.kinds.values():
        records[kind.service] += kind.counts[BEFORE]
        once[kind.service] += kind.counts[BEFORE] == 1
        since[kind.service] += kind.counts[AFTER]
    found = []
    for kind in scope.kinds.values():
        if kind.counts[BEFORE] or not records[kind.service] or not kind.template:
            continue
        expected = (once[kind.service] + 0.5) / (records[kind.service] + 1) * since[kind.service]
        bans = -log10(min(1.0, expected)) + 0.5 * log10(kind.counts[AFTER])
        bans += next((bonus for level, bonus in _LEVELS if kind.severity >= level), 0.0)
        found.append((min(_MOST, max(0.1, bans)), kind))
    found.sort(key=lambda one: (-one[0], one[1].service, one[1].text))
    return [_finding(scope, bans, kind, records[kind.service]) for bans, kind in found[:_FINDINGS]]


def _finding(scope: Scope, bans: float, kind: Kind, before: int) -> Finding:
    sentence = (
        f"{kind.service} says for the first time «{scope.text(kind.template)}» "
        f"({counted(kind.counts[AFTER], 'record')}; none in {before:,} before)"
    )
    return Finding("new", kind.service, bans, sentence, template=kind.template)
