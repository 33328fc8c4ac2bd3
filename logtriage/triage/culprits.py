"""Who is to be suspected: for each service the strongest explanation counts, and what else speaks against it a little.

Never the number of errors: the service that writes the most of them is mostly a victim.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from logtriage.triage.blame import Edge
from logtriage.triage.finding import Finding

# How far a kind of finding is to be trusted to point at a cause.
WEIGHTS = {
    "flow": 1.0, "call": 1.0, "slower": 0.9, "silence": 0.7, "blamed": 0.6, "trouble": 1.0,
    "vanished": 0.5, "new": 0.5, "burst": 0.15, "reading": 0.6,
}  # fmt: skip
_BESIDE = 0.1  # of the other kinds' scores, added to the strongest one's
_MOST_BESIDE = 4.0
_EXPLAINED = 0.35  # of what is left where the service says itself that it waits for another
_AFTER = 0.9
_WORTH = 1.0  # what is weaker is not worth a word in the sentence
_WAITS = 2.5  # bans: so sure must it be that it waits
_SURE = 10.0
_LEAST = 0.3


@dataclass(slots=True)
class Culprit:
    """A suspect: its score (bans, see surprise.py), and the evidence, the strongest first."""

    service: str
    score: float
    evidence: list[Finding]
    sentence: str


def rank(findings: list[Finding], blamed: list[Edge], messengers: frozenset[str] = frozenset()) -> list[Culprit]:
    """The suspects, the likeliest first; `messengers` only report on others (kernel, system manager)."""
    by_service: dict[str, list[Finding]] = {}
    for finding in findings:
        by_service.setdefault(finding.service, []).append(finding)
    suspects = [_suspected(service, about, blamed, service in messengers) for service, about in by_service.items()]
    found = [one for one in suspects if one.score >= _LEAST]
    _pass_on(found, blamed)
    return sorted(found, key=lambda one: (-one.score, one.service))


def _suspected(service: str, about: list[Finding], blamed: list[Edge], is_messenger: bool) -> Culprit:
    """What some findings about a service make of it: the best of each kind counts."""
    evidence = sorted(about, key=_weighted, reverse=True)
    best: dict[str, Finding] = {}
    for finding in evidence:
        best.setdefault(finding.kind, finding)
    strongest, *others = best.values()
    score = _weighted(strongest) + _BESIDE * sum(min(_MOST_BESIDE, _weighted(other)) for other in others)
    why = _PLAIN[strongest.kind]
    waits = [edge for edge in blamed if edge.source == service and edge.target != service]
    if any(edge.score >= _WAITS for edge in waits) and not _accused_more(service, blamed):
        score *= _EXPLAINED
        why += f"; but it says itself that it waits for {', '.join(sorted({edge.target for edge in waits}))}"
    if is_messenger:
        score *= _EXPLAINED
    also = [_PLAIN[other.kind] for other in others if _weighted(other) >= _WORTH][:3]
    told = f"{why}: {strongest.sentence}" + (f"; also {', '.join(also)}" if also else "")
    return Culprit(service, round(score, 2), evidence, told)


def _pass_on(found: list[Culprit], blamed: list[Edge]) -> None:
    """A service that says it waits for another suspect comes after that one."""
    scores = {one.service: one.score for one in found}
    for one in found:
        surely = {edge.target for edge in blamed if edge.source == one.service and edge.score >= _WAITS} - {one.service}
        mutual = {edge.source for edge in blamed if edge.target == one.service and edge.score >= _WAITS}
        ahead = max((scores[name] for name in surely - mutual if name in scores), default=None)
        if ahead is not None:
            one.score = round(min(one.score, _AFTER * ahead), 2)


_PLAIN = {
    "flow": "its requests take another path",
    "call": "its callers no longer hear from it",
    "slower": "it became slow",
    "silence": "it fell silent",
    "blamed": "others could not use it",
    "trouble": "it failed by itself",
    "vanished": "it no longer says what it used to",
    "new": "it says something new",
    "burst": "it says something far more often",
    "reading": "its figures have grown",
}


def _weighted(finding: Finding) -> float:
    """The score as it counts: beyond _SURE bans more surprise makes little more sure."""
    score = finding.score if finding.score <= _SURE else _SURE * (1 + log(finding.score / _SURE))
    return score * WEIGHTS[finding.kind]


def _accused_more(service: str, blamed: list[Edge]) -> bool:
    """Whether more services accuse it than it accuses."""
    accusers = {edge.source for edge in blamed if edge.target == service}
    return len(accusers) > len({edge.target for edge in blamed if edge.source == service})
