"""Requests that go another way: a step that is missing or new, a request that ends early, a service no longer called.

Counted over requests, not records, as the records of one request are no independent evidence.
"""

from __future__ import annotations

from collections import defaultdict

from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE, Scope
from logtriage.triage.surprise import of_share

_ERROR = 17
_LEAST = 1.0  # bans: what is less surprising is no finding
Counts = dict[tuple[int, int, int | None], list[int]]  # (service, template, what follows) → requests in both phases


def detect(scope: Scope) -> list[Finding]:
    """Findings about `steps` (see traces.py): kinds `flow` and `call`."""
    ways = _counted(scope, "service, template, own", "coalesce(own_phase, phase)", "true")
    heads = _heads(scope, "coalesce(own_phase, phase)", "true")
    calls, going = _calls(scope)
    severities = {key: kind.severity for key, kind in scope.kinds.items()}
    found = []
    for (service, template, following), hits in ways.items():
        of = heads[service, template]
        bans = of_share(hits[AFTER], of[AFTER], hits[BEFORE], of[BEFORE])
        # Fewer errors, or fewer requests that end here, are no sign of a fault here.
        if bans < 0 and (following is None or severities.get((service, following), 0) >= _ERROR):
            continue
        if abs(bans) >= _LEAST:
            found.append(_way(scope, service, template, following, abs(bans), bans > 0, hits, of))
    for (service, template, called), hits in calls.items():
        of = going[service, template]
        bans = of_share(hits[AFTER], of[AFTER], hits[BEFORE], of[BEFORE])
        if called is not None and -bans >= _LEAST:
            found.append(_call(scope, service, template, called, -bans, hits, of))
    return found


def _counted(scope: Scope, keys: str, phase: str, where: str) -> Counts:
    found: Counts = defaultdict(lambda: [0, 0])
    sql = f"SELECT {keys}, {phase} AS p, count(DISTINCT trace) FROM steps WHERE {where} GROUP BY ALL"
    for service, template, following, at, requests in scope.rows(sql):
        found[service, template, following][at] = requests
    return found


def _calls(scope: Scope) -> tuple[Counts, dict[tuple[int, int], list[int]]]:
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
    found: Counts = defaultdict(lambda: [0, 0])
    going: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for service, template, peer, at, requests in scope.rows(
        "SELECT service, template, peer, phase, count(DISTINCT trace) FROM calls WHERE peer <> service GROUP BY ALL"
    ):
        found[service, template, peer][at] = requests
    for service, template, at, requests in scope.rows(
        "SELECT service, template, phase, count(DISTINCT trace) FROM calls GROUP BY ALL"
    ):
        going[service, template][at] = requests
    return found, going


def _heads(scope: Scope, phase: str, where: str) -> dict[tuple[int, int], list[int]]:
    found: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    sql = f"SELECT service, template, {phase} AS p, count(DISTINCT trace) FROM steps WHERE {where} GROUP BY ALL"
    for service, template, at, requests in scope.rows(sql):
        found[service, template][at] = requests
    return found


def _way(
    scope: Scope,
    service: int,
    template: int,
    following: int | None,
    bans: float,
    more: bool,
    hits: list[int],
    of: list[int],
) -> Finding:
    name, before = scope.services[service], f"«{scope.text(template)}»"
    times = f"in {hits[AFTER]} of {of[AFTER]} requests, before in {hits[BEFORE]} of {of[BEFORE]}"
    if following is None:
        sentence = f"requests end in {name} after {before} {times}"
    elif more:
        sentence = f"after {before} comes «{scope.text(following)}» {times}"
    else:
        sentence = f"after {before} «{scope.text(following)}» is missing: it came {times}"
    shown = following if more and following is not None else template
    return Finding(
        "flow", name, bans, sentence, scope.shown(name, shown), template=shown, text=scope.texts.get(shown, "")
    )


def _call(
    scope: Scope, service: int, template: int, called: int, bans: float, hits: list[int], of: list[int]
) -> Finding:
    name, caller = scope.services[called], scope.services[service]
    sentence = (
        f"{caller} goes on after «{scope.text(template)}» without a word of {name}: it spoke in {hits[AFTER]} of {of[AFTER]} "
        f"requests, before in {hits[BEFORE]} of {of[BEFORE]}"
    )
    return Finding(
        "call",
        name,
        bans,
        sentence,
        scope.shown(caller, template),
        template=template,
        text=scope.texts.get(template, ""),
        writer=caller,
    )
