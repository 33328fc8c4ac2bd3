"""Services that fall silent, or nearly so, against their own cadence, while others still talk."""

from __future__ import annotations

from datetime import datetime, timedelta

from logtriage.coverage import counted
from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE, Scope
from logtriage.triage.surprise import of_count

_LEAST = 1.5
_MOST = 8.0
_LONGER = 2  # times the longest pause that the baseline has
_MINUTE = timedelta(minutes=1)


def detect(scope: Scope) -> list[Finding]:
    """Findings of kind `silence`: the longest stretch of minutes in which a service said nothing at all, or all that it
    said in each was a tenth of what it used to say."""
    minutes = scope.minutes[0]
    whole = [minute for (minute,) in scope.rows(
        "SELECT minute FROM counts WHERE phase = ? AND minute >= ? AND minute + INTERVAL 1 minute <= ? "
        "GROUP BY minute ORDER BY minute", [AFTER, scope.plan.after.since, scope.plan.after.until])]  # fmt: skip
    if not minutes or not whole:
        return []
    said: dict[int, dict[tuple[int, datetime], int]] = {}
    for service, phase, minute, records in scope.rows(
        "SELECT service, phase, minute, sum(records)::BIGINT FROM counts GROUP BY ALL"
    ):
        said.setdefault(service, {})[phase, minute] = records
    old = sorted({minute for told in said.values() for phase, minute in told if phase == BEFORE})
    found = []
    for service, told in said.items():
        before = sum(n for (phase, _), n in told.items() if phase == BEFORE)
        few = before / minutes / 10
        quiet = _longest([minute for minute in whole if told.get((AFTER, minute), 0) <= few])
        usual = _longest([minute for minute in old if told.get((BEFORE, minute), 0) <= few])
        if not quiet or len(quiet) < _LONGER * len(usual):
            continue
        heard = sum(told.get((AFTER, minute), 0) for minute in quiet)
        lumps = _lumps([told.get((BEFORE, minute), 0) for minute in old])
        bans = -of_count(round(heard / lumps), round(before / lumps), minutes / len(quiet))
        if bans >= _LEAST:
            found.append(_finding(scope, service, min(_MOST, bans), quiet, heard, before / minutes))
    return found


def _lumps(counts: list[int]) -> float:
    """In how large lumps records come: the variance of the minutes' counts over their mean, 1 where they come one by
    one (as in Poisson's distribution). A lump is one event, however many records it makes."""
    mean = sum(counts) / len(counts)
    return max(1.0, sum((n - mean) ** 2 for n in counts) / len(counts) / mean) if mean else 1.0


def _longest(minutes: list[datetime]) -> list[datetime]:
    """The longest run of minutes that follow each other."""
    best: list[datetime] = []
    run: list[datetime] = []
    for minute in minutes:
        run = [*run, minute] if run and minute - run[-1] == _MINUTE else [minute]
        best = max(best, run, key=len)
    return best


def _finding(scope: Scope, service: int, bans: float, quiet: list[datetime], heard: int, rate: float) -> Finding:
    name = scope.services[service]
    said = counted(heard, "record") if heard else "nothing"
    sentence = (
        f"{name} writes {said} from {quiet[0]:%H:%M} to {quiet[-1] + _MINUTE:%H:%M} UTC ({len(quiet)} min), where it used to "
        f"write {rate:,.1f} a minute"
    )
    return Finding("silence", name, bans, sentence, at=quiet[0])
