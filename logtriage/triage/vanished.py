"""What a service no longer says, though it still talks."""

from __future__ import annotations

from collections import Counter

from logtriage.coverage import counted
from logtriage.formats.levels import ERROR
from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE, Scope
from logtriage.triage.surprise import of_share

_LEAST = 1.0


def detect(scope: Scope) -> list[Finding]:
    """Findings of kind `vanished`: templates whose share of their service's records has fallen to less than a half.

    Fewer errors are no sign of a fault.
    """
    total: dict[str, Counter[int]] = {}
    for kind in scope.kinds.values():
        total.setdefault(kind.service, Counter()).update({BEFORE: kind.counts[BEFORE], AFTER: kind.counts[AFTER]})
    found = []
    for kind in scope.kinds.values():
        before, after = total[kind.service][BEFORE], total[kind.service][AFTER]
        if kind.severity >= ERROR or 2 * kind.counts[AFTER] * before >= kind.counts[BEFORE] * after:
            continue
        bans = -of_share(kind.counts[AFTER], after, kind.counts[BEFORE], before)
        if bans >= _LEAST:
            usual = kind.counts[BEFORE] / before * after
            sentence = (
                f"{kind.service} says «{scope.text(kind.template)}» "
                + (f"only {counted(kind.counts[AFTER], 'time')}" if kind.counts[AFTER] else "no more")
                + f", where {usual:,.0f} were expected"
            )
            found.append(Finding("vanished", kind.service, bans, sentence, template=kind.template))
    return found
