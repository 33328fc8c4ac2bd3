"""What a service says far more often than it did."""

from __future__ import annotations

from logtriage.coverage import counted
from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE, Scope
from logtriage.triage.surprise import of_count

_LEAST = 2.0
_MOST = 4.0
_TIMES = 3  # as often as expected, at least


def detect(scope: Scope) -> list[Finding]:
    """Findings of kind `burst`: templates known from the baseline that come at least three times as often now."""
    before, after = scope.minutes
    if not before:
        return []
    found = []
    for kind in scope.kinds.values():
        expected = kind.counts[BEFORE] / before * after
        if not kind.counts[BEFORE] or kind.counts[AFTER] < _TIMES * expected:
            continue
        bans = of_count(kind.counts[AFTER], kind.counts[BEFORE], before / after)
        if bans >= _LEAST:
            sentence = (
                f"{kind.service} says «{scope.text(kind.template)}» {counted(kind.counts[AFTER], 'time')}, where {expected:,.1f} "
                "were expected"
            )
            found.append(Finding("burst", kind.service, min(_MOST, bans), sentence, template=kind.template))
    return found
