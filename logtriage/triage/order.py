"""What moved in which order: of each suspect the first sign that has a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from logtriage.formats.levels import WARN
from logtriage.triage.culprits import Culprit
from logtriage.triage.evidence import examples
from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, Scope

_LEAST = 1.0  # bans, of a sign that is no new warning
_SUSPECTS = 20


@dataclass(frozen=True, slots=True)
class Move:
    """A service's first sign: when (UTC, naive), and in words."""

    at: datetime
    service: str
    what: str


def date(scope: Scope, findings: list[Finding]) -> None:
    """Gives what is new or comes more often the minute of its first record."""
    since = scope.plan.after.since
    first = {
        (scope.services[service], template): minute
        for service, template, minute in scope.rows(
            f"SELECT service, template, min(minute) FROM counts WHERE phase = {AFTER} GROUP BY ALL"
        )
    }
    for finding in findings:
        if finding.at is None and finding.template is not None and finding.kind in ("new", "burst"):
            finding.at = max(first.get((finding.writer, finding.template), since), since)


def moved(scope: Scope, culprits: list[Culprit]) -> list[Move]:
    """The suspects' first signs, in the order of time; that of a template is told to the record."""
    severities = {(kind.service, kind.template): kind.severity for kind in scope.kinds.values()}
    firsts: list[tuple[str, Finding]] = []
    for one in culprits[:_SUSPECTS]:
        timed = [
            finding for finding in one.evidence
            if finding.at and (finding.score >= _LEAST or severities.get((finding.writer, finding.template or 0), 0) >= WARN)
        ]  # fmt: skip
        if timed:
            firsts.append((one.service, min(timed, key=lambda finding: (finding.at or datetime.min, -finding.score))))
    exact = examples(
        scope, {(finding.writer, finding.template) for _, finding in firsts if finding.template is not None}, 1
    )
    moves = []
    for service, finding in firsts:
        records = exact.get((finding.writer, finding.template or 0))
        moves.append(Move(records[0][2] if records else finding.at or datetime.min, service, finding.sentence))
    return sorted(moves, key=lambda move: (move.at, move.service))
