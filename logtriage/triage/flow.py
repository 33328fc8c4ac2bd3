"""Requests that take another path: a step that is missing or new, a request that ends early, a service no longer called.

Counted over requests, not records, as the records of one request are no independent evidence.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from logtriage.formats.levels import ERROR
from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE, Scope
from logtriage.triage.surprise import of_share

_LEAST = 1.0  # bans: what is less surprising is no finding
Step = tuple[int, int]  # a service and one of its templates, both by number
Way = tuple[int, int, int | None]  # a step, and the template or service that comes next; None: the request ends
Requests = list[int]  # how many there are in both phases


def detect(scope: Scope) -> list[Finding]:
    """Findings about `steps` (see traces.py): kinds `flow` and `call`."""
    ways, steps = _ways(scope)
    calls, going = _calls(scope)
    severities = {key: kind.severity for key, kind in scope.kinds.items()}
    found = []
    for way, hits in ways.items():
        service, template, following = way
        of = steps[service, template]
        bans = of_share(hits[AFTER], of[AFTER], hits[BEFORE], of[BEFORE])
        # Fewer errors, or fewer requests that end here, are no sign of a fault here.
        if bans < 0 and (following is None or severities.get((service, following), 0) >= ERROR):
            continue
        if abs(bans) >= _LEAST:
            found.append(_other_way(scope, way, bans, hits, of))
    for way, hits in calls.items():
        service, template, called = way
        of = going[service, template]
        bans = of_share(hits[AFTER], of[AFTER], hits[BEFORE], of[BEFORE])
        if called is not None and -bans >= _LEAST:
            found.append(_not_called(scope, (service, template), called, -bans, hits, of))
    return found


def _ways(scope: Scope) -> tuple[dict[Way, Requests], dict[Step, Requests]]:
    """What a service says next in the same request, and how often each step comes at all."""
    by_way = (
        "SELECT service, template, own, coalesce(own_phase, phase) AS p, count(DISTINCT trace) FROM steps GROUP BY ALL"
    )
    by_step = "SELECT service, template, coalesce(own_phase, phase) AS p, count(DISTINCT trace) FROM steps GROUP BY ALL"
    return _counted(scope, by_way), _counted(scope, by_step)


def _calls(scope: Scope) -> tuple[dict[Way, Requests], dict[Step, Requests]]:
    """Who speaks next after some record of another service that goes on itself, and how often it goes on.

    What has no place in the baseline is passed over: a new warning between a call and its answer breaks nothing.
    """
    scope.con.execute(f"""CREATE OR REPLACE TEMP TABLE calls AS
        WITH known AS (SELECT DISTINCT service, template FROM steps WHERE phase = {BEFORE})
        SELECT trace, service, template, own_phase AS phase, peer FROM (
            SELECT trace, service, template, own_phase,
                   lead(service) OVER (PARTITION BY trace ORDER BY moment, service) AS peer
            FROM steps SEMI JOIN known USING (service, template))
        WHERE own_phase IS NOT NULL""")
    by_peer = (
        "SELECT service, template, peer, phase, count(DISTINCT trace) FROM calls WHERE peer <> service GROUP BY ALL"
    )
    by_step = "SELECT service, template, phase, count(DISTINCT trace) FROM calls GROUP BY ALL"
    return _counted(scope, by_peer), _counted(scope, by_step)


def _counted(scope: Scope, sql: str) -> dict[Any, Requests]:
    """Rows (…, phase, requests) → the requests of both phases by what stands before."""
    found: dict[Any, Requests] = defaultdict(lambda: [0, 0])
    for *key, phase, requests in scope.rows(sql):
        found[tuple(key)][phase] = requests
    return found


def _other_way(scope: Scope, way: Way, bans: float, hits: Requests, of: Requests) -> Finding:
    service, template, following = way
    name, before = scope.services[service], f"«{scope.text(template)}»"
    times = f"in {hits[AFTER]} of {of[AFTER]} requests, before in {hits[BEFORE]} of {of[BEFORE]}"
    if following is None:
        sentence = f"requests end in {name} after {before} {times}"
    elif bans > 0:
        sentence = f"after {before} comes «{scope.text(following)}» {times}"
    else:
        sentence = f"after {before} «{scope.text(following)}» is missing: it came {times}"
    shown = following if bans > 0 and following is not None else template
    return Finding("flow", name, abs(bans), sentence, template=shown)


def _not_called(scope: Scope, step: Step, called: int, bans: float, hits: Requests, of: Requests) -> Finding:
    service, template = step
    name, caller = scope.services[called], scope.services[service]
    sentence = (
        f"{caller} goes on after «{scope.text(template)}» without a word from {name}: it spoke in {hits[AFTER]} of {of[AFTER]} "
        f"requests, before in {hits[BEFORE]} of {of[BEFORE]}"
    )
    return Finding("call", name, bans, sentence, template=template, writer=caller)
