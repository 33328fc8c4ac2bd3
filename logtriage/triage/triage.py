"""All that is known about an incident, in the order in which somebody woken up asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from logtriage.answers import lanes
from logtriage.coverage import counted
from logtriage.formats.levels import WARN
from logtriage.sql import among
from logtriage.store.snapshot import Snapshot, snapshot_of
from logtriage.store.store import Store
from logtriage.triage import (
    blame,
    bursts,
    evidence,
    failures,
    first_seen,
    flow,
    latency,
    order,
    readings,
    silence,
    traces,
    troubles,
    vanished,
)
from logtriage.triage.blame import Edge
from logtriage.triage.changes import Change, before
from logtriage.triage.clocks import skews
from logtriage.triage.culprits import Culprit, rank
from logtriage.triage.finding import Finding
from logtriage.triage.onset import LEAST_MINUTES, Onset, find
from logtriage.triage.order import Move
from logtriage.triage.peers import Peers
from logtriage.triage.scope import AFTER, BEFORE, Plan, Scope, Span

_LOOKED_AT = timedelta(hours=24)  # where no window is given: so much before the end of the logs
_AFTER = timedelta(hours=2)  # of the onset, where no end is given
_FEW = 50  # records on either side: with fewer, nothing is sure
_SHOWN, _EXAMPLES = 10, 5  # suspects, and pieces of evidence of each, that get examples


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look at. Times are UTC, naive; None: found out. `parts`: the sources (None: all). The baseline is other
    sources (`baseline_parts`), a window (`baseline`), else the time before the onset."""

    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    parts: tuple[int, ...] | None = None
    baseline_parts: tuple[int, ...] = ()
    baseline: Span | None = None


class Minute(NamedTuple):
    """How many records a service has in a minute (UTC, naive), and how many of them are warnings or worse."""

    begin: datetime
    service: str
    records: int
    warnings: int


@dataclass(slots=True)
class Triage:
    """The answer. `looked_at`: the time from the onset on. `baseline`: what that was compared with, in words. `records`: how many
    both phases have. `notes` say what makes it less sure. `lines`: (source, offset) of the evidence's records → the number of its line."""

    onset: Onset | None
    looked_at: Span | None
    baseline: str = "none"
    records: tuple[int, int] = (0, 0)
    culprits: list[Culprit] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    blame: list[Edge] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    moved: list[Move] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    activity: list[Minute] = field(default_factory=list)
    lines: dict[tuple[str, int], int] = field(default_factory=dict)

    def of_kind(self, *kinds: str, most: int = 5) -> list[Finding]:
        """The most surprising findings of some kinds."""
        return sorted((one for one in self.findings if one.kind in kinds), key=lambda one: -one.score)[:most]


def triage(store: Store | Snapshot, asked: Asked) -> Triage:
    """The answer to what a store holds about an incident."""
    with snapshot_of(store) as snapshot:
        known = [part.part for part in snapshot.catalog.parts]
        parts = [part for part in (known if asked.parts is None else asked.parts) if part not in asked.baseline_parts]
        minutes = lanes.span(snapshot, parts)
        if minutes is None:
            return Triage(None, None, notes=["no record of these sources has a time"])
        logs = Span(*lanes.whole(minutes))
        until = asked.until or min(logs.until, (asked.at + _AFTER) if asked.at else logs.until)
        since = asked.since or max(logs.since, (asked.at or until) - _LOOKED_AT)
        if since >= logs.until or until <= logs.since:
            return Triage(None, Span(since, max(since, until)), notes=[f"no records in this window: {_spanned(logs)}"])
        onset = Onset(asked.at, True, 0.0, "given") if asked.at else find(snapshot, since, until, parts)
        if onset is None and not (asked.baseline_parts or asked.baseline):
            return Triage(None, Span(since, until), notes=[_none(until - since)])
        begin = onset.moment if onset else _behind(asked.baseline, since, until)
        plan = Plan(
            after=Span(begin, max(until, begin)),
            before=asked.baseline or (Span(since, begin) if begin > since else None),
            parts=asked.parts,
            others=asked.baseline_parts,
            skews=skews(snapshot, [*parts, *asked.baseline_parts]),
        )
        answer = _compared(Scope(snapshot, plan), onset, asked)
        if asked.at and not logs.since <= asked.at < logs.until:
            answer.notes.insert(0, f"--at is outside of the logs: {_spanned(logs)}")
        return answer


def _compared(scope: Scope, onset: Onset | None, asked: Asked) -> Triage:
    """What all detectors find, and who is to be suspected by it."""
    counts = [sum(kind.counts[phase] for kind in scope.kinds.values()) for phase in (BEFORE, AFTER)]
    answer = Triage(onset, scope.plan.after, _told(asked), (counts[BEFORE], counts[AFTER]))
    answer.notes = _doubts(scope, counts, onset)
    if not counts[AFTER] or not counts[BEFORE]:
        return answer
    peers = Peers(scope)
    failures.collect(scope)
    answer.blame = blame.edges(scope, peers)
    findings = [one for detect in (first_seen, vanished, bursts, silence, readings) for one in detect.detect(scope)]
    findings += blame.detect(answer.blame) + troubles.detect(scope, peers)
    if traces.follow(scope):
        findings += flow.detect(scope) + latency.detect(scope)
        requests = traces.requests(scope)
        answer.notes.append(
            f"{counted(requests[AFTER], 'request')} could be followed by their ids, {requests[BEFORE]:,} in the baseline"
        )
    evidence.complete(scope, findings)
    order.date(scope, findings)
    for finding in findings:
        if finding.service in scope.messengers:
            finding.service = peers.alias(finding.service) or peers.mentioned(finding.text) or finding.service
    answer.findings = sorted(findings, key=lambda one: (-one.score, one.service, one.kind, one.sentence))
    answer.culprits = rank(answer.findings, answer.blame, scope.messengers)
    answer.changes = before(scope, scope.plan.after.since, peers)
    _place(scope, answer)
    answer.moved = order.moved(scope, answer.culprits)
    answer.activity = _activity(scope)
    return answer


def _behind(baseline: Span | None, since: datetime, until: datetime) -> datetime:
    """From when on to look where no onset is found: what is given to compare with is not looked at."""
    return baseline.until if baseline and since < baseline.until < until else since


def _none(length: timedelta) -> str:
    if length < timedelta(minutes=LEAST_MINUTES):
        return f"less than {LEAST_MINUTES} minutes are too few to find an onset in: --at says when it began, --baseline what is usual"
    return "no change is found in this window: no onset, nothing to compare"


def _spanned(span: Span) -> str:
    """From when to when there are logs, by the minute."""
    return f"the logs span {span.since:%Y-%m-%d %H:%M} to {span.until - timedelta(minutes=1):%Y-%m-%d %H:%M} UTC"


def _told(asked: Asked) -> str:
    if asked.baseline_parts:
        return f"{len(asked.baseline_parts)} other sources, and the time before"
    return f"{asked.baseline.since} to {asked.baseline.until} UTC" if asked.baseline else "the time before"


def _doubts(scope: Scope, counts: list[int], onset: Onset | None) -> list[str]:
    notes = []
    if not counts[AFTER]:
        notes.append("no records in the time looked at")
    if not counts[BEFORE]:
        notes.append("no baseline: there are no records to compare with, so nothing can be called unusual")
    for phase, name in ((BEFORE, "baseline"), (AFTER, "time looked at")):
        if 0 < counts[phase] < _FEW:
            notes.append(f"the {name} has only {counted(counts[phase], 'record')}: take every figure as a guess")
    if onset and onset.sure == "weak":
        notes.append("the onset is a guess: the change is small")
    for part, seconds in scope.plan.skews.items():
        source = next(one.source for one in scope.snapshot.catalog.parts if one.part == part)
        notes.append(
            f"the clock of {source} is {abs(seconds):,.1f} s {'ahead of' if seconds > 0 else 'behind'} the others, by the requests they "
            "share (or it works on them so much later): put right here"
        )
    if len(scope.services) == 1:
        notes.append("only one service speaks here: it cannot be compared with others")
    return notes


def _place(scope: Scope, answer: Triage) -> None:
    """Gives the evidence that is shown examples, and tells on which lines these stand."""
    shown = [finding for one in answer.culprits[:_SHOWN] for finding in one.evidence[:_EXAMPLES] if not finding.records]
    found = evidence.examples(
        scope, {(finding.writer, finding.template) for finding in shown if finding.template is not None}
    )
    for finding in shown:
        if finding.template is not None:
            finding.records = [
                (source, offset) for source, offset, _ in found.get((finding.writer, finding.template), [])
            ]
    every = (*answer.findings, *(finding for one in answer.culprits for finding in one.evidence))
    answer.lines = evidence.lines_of(scope, {place for finding in every for place in finding.records})


def _activity(scope: Scope) -> list[Minute]:
    """From the start of the sources' own baseline, if they have one, to the end."""
    since = scope.plan.before.since if scope.plan.before else scope.plan.after.since
    rows = scope.rows(
        f"""SELECT minute, service, sum(records)::BIGINT, coalesce(sum(records) FILTER (severity_number >= {WARN}), 0)::BIGINT
        FROM lake.activity JOIN kinds USING (part, shape) WHERE {among("part", scope.parts)}
          AND minute >= date_trunc('minute', ?::TIMESTAMP) AND minute < ?
        GROUP BY ALL ORDER BY ALL""",
        [since, scope.plan.after.until],
    )
    return [Minute(begin, scope.services[service], records, warnings) for begin, service, records, warnings in rows]
