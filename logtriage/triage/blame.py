"""Who blames whom: timeouts, refusals and unreachable peers, with the peer that the record names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter

from logtriage.coverage import counted
from logtriage.formats.levels import ERROR
from logtriage.query.condition import inlined
from logtriage.triage.evidence import examples, records_sql
from logtriage.triage.failures import FIRST_THREE, RECORDS, places
from logtriage.triage.finding import Finding
from logtriage.triage.peers import Peers, spelled
from logtriage.triage.scope import AFTER, BEFORE, Kind, Scope
from logtriage.triage.surprise import of_count

CATEGORIES = ("timeout", "refusal", "reset", "unreachable", "dns", "circuit-breaker", "exhaustion", "http", "retry")
# in which a captured service is the peer
_OF_A_SERVICE = ("circuit-breaker", "timeout", "refusal", "unreachable")
_LEAST = 0.8
_UNSEEN = 0.5  # of the blame of one whose logs are not here: nothing else can speak for or against it
_MOST = 4.0

NAMED = "named in an error"  # in place of a signature's category: no signature fits, only the text does


@dataclass(slots=True)
class Edge:
    """`source` says that it could not use `target`: so often in both phases, since then. `known`: the target is a
    service whose logs are here."""

    source: str
    target: str
    known: bool
    before: int = 0
    after: int = 0
    first: datetime | None = None
    categories: list[str] = field(default_factory=list)
    score: float = 0.0
    sql: str = ""
    records: list[tuple[str, int]] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The edge in words."""
        times = f"{self.after:,} times" if self.after > 1 else "once"
        return (
            f"{self.source} could not use {self.target} {times} ({', '.join(self.categories)}; before: {self.before:,})"
        )


def edges(scope: Scope, peers: Peers) -> list[Edge]:
    """The edges that are more than the baseline has, the strongest first; needs `failures` (see failures.py)."""
    found = _flagged(scope, peers)
    for edge in _named(scope, peers):
        found.setdefault((edge.source, edge.target), edge)
    before, after = scope.minutes
    for edge in found.values():
        if edge.after:
            edge.score = min(_MOST, max(0.0, of_count(edge.after, edge.before, (before or after) / after)))
    return sorted((edge for edge in found.values() if edge.score >= _LEAST), key=lambda edge: -edge.score)


def _flagged(scope: Scope, peers: Peers) -> dict[tuple[str, str], Edge]:
    """The edges that signatures tell, by source and target; without scores."""
    rows = scope.rows(f"""
        SELECT who, peer, door, CASE WHEN category IN {_OF_A_SERVICE} THEN service END AS told, phase,
               {RECORDS}, min(timestamp), list_sort(list(DISTINCT category)), list_sort(list(DISTINCT pattern)), {FIRST_THREE}
        FROM failures WHERE category IN {CATEGORIES} AND (peer IS NOT NULL OR told IS NOT NULL)
        GROUP BY ALL ORDER BY ALL""")
    peers.learn(scope, {host for _, host, *_ in rows if host})
    found: dict[tuple[str, str], Edge] = {}
    for who, host, port, told, phase, hits, first, categories, patterns, three in rows:
        name = peers.service(host or told, port)
        target = name or spelled(host or told, port)
        if target == who:
            continue
        edge = found.setdefault((who, target), Edge(who, target, name in scope.services))
        if phase == BEFORE:
            edge.before += hits
            continue
        edge.after += hits
        edge.first = min(edge.first or first, first)
        edge.categories = sorted({*edge.categories, *categories})
        edge.records = [*edge.records, *places(scope, three)][:3]
        edge.sql = inlined(
            'SELECT h.timestamp, h.source, h."offset", h.captures FROM hits AS h WHERE list_contains(?, pattern) AND '
            "(captures['peer_host'] = ? OR captures['service'] = ?) AND h.timestamp >= ? ORDER BY h.timestamp LIMIT 20",
            (patterns, host or "", told or "", scope.plan.after.since),
        )
    return found


def _named(scope: Scope, peers: Peers) -> Iterator[Edge]:
    """The errors that a service never had before, and that speak of exactly one other service, by both of them."""
    named: dict[tuple[str, str], list[Kind]] = {}
    for kind in scope.kinds.values():
        if kind.severity >= ERROR and not kind.counts[BEFORE] and kind.service not in scope.messengers:
            target = peers.mentioned(kind.text)
            if target and target != kind.service and target not in scope.messengers:
                named.setdefault((kind.service, target), []).append(kind)
    said = examples(scope, {(kind.service, kind.template) for kinds in named.values() for kind in kinds})
    for (service, target), kinds in named.items():
        templates = [kind.template for kind in kinds]
        records = sorted((record for one in templates for record in said.get((service, one), [])), key=itemgetter(2))
        yield Edge(
            service, target, True, after=sum(kind.counts[AFTER] for kind in kinds), first=records[0][2] if records else None,
            categories=[NAMED], sql=records_sql(scope, service, templates),
            records=[(source, offset) for source, offset, _ in records[:3]],
        )  # fmt: skip


def detect(blamed: list[Edge]) -> list[Finding]:
    """Findings of kind `blamed`: services that others could not use, and which do not pass the blame on.

    A service that is blamed and blames another one hands the blame on: it waits as its callers do. Several accusers count
    for more than a single loud one.
    """
    found = []
    for target in dict.fromkeys(edge.target for edge in blamed):
        by = [edge for edge in blamed if edge.target == target]
        out = [edge for edge in blamed if edge.source == target and edge.target != target]
        strength = max(edge.score for edge in by) + 0.7 * (len({edge.source for edge in by}) - 1)
        first = min((edge.first for edge in by if edge.first), default=None)
        passed = max((edge.score for edge in out), default=0.0)
        score = strength * (0.3 if passed >= 0.5 * max(edge.score for edge in by) else 1.0)
        known = by[0].known
        score *= 1.0 if known else _UNSEEN
        who = ", ".join(sorted({edge.source for edge in by}))
        sentence = f"{who} could not use {target} ({counted(sum(edge.after for edge in by), 'time')}"
        sentence += (
            f"; but {target} blames {', '.join(sorted({edge.target for edge in out}))})"
            if out
            else ", and it blames nobody)"
        )
        sentence += "" if known else "; its own logs are not here"
        best = max(by, key=lambda edge: edge.score)
        found.append(Finding("blamed", target, score, sentence, best.sql, at=first, records=best.records))
    return found
