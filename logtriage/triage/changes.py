"""What was deployed, started, stopped or configured shortly before it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from logtriage.sql import among
from logtriage.triage.peers import Peers
from logtriage.triage.scope import Scope

_BEFORE = timedelta(minutes=30)
_AFTER = timedelta(minutes=1)
_CATEGORIES = ("deploy", "restart", "config")
_WORDS = r"\b(deploy(ed|ing|ment|:)|roll(ed|ing)?[ -]?(out|back)|rollback|releas(ed|ing)|upgrad(ed|ing)|migrat(ed|ing)|config(uration)? (was )?(changed|reloaded|updated)|scal(ed|ing) (up|down|to)|starting|feature flag)"
_WHO = r"\b(user|ruser=|user=|logname=|acct=)[\s\"']*[\w.-]*"  # a user's name is no change, even if it is "deploy"
_RARE = 20  # records of one template: what comes more often is no event
_MOST = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One record about a change: when (UTC, naive), of which service, and what it says."""

    at: datetime
    service: str
    text: str
    source: str
    offset: int


def before(scope: Scope, onset: datetime, peers: Peers) -> list[Change]:
    """The changes from half an hour before the onset to a minute after it, in order; those told by signatures, and by
    words in seldom records."""
    span = [onset - _BEFORE, onset + _AFTER]
    rows = scope.rows(f"""
        SELECT r.timestamp, coalesce(p.service, r.service, p.source), r.body, p.source, r."offset"
        FROM lake.records AS r JOIN part_names AS p USING (part)
        WHERE {among("r.part", scope.parts)} AND r.timestamp BETWEEN ? AND ? AND (
            (r.part, r."offset") IN (
                SELECT (part, "offset") FROM lake.hits WHERE category IN {_CATEGORIES} AND timestamp BETWEEN ? AND ?)
            OR r.shape IN (SELECT shape FROM lake.mined JOIN lake.templates USING (template)
                           JOIN (SELECT shape, sum(records) AS n FROM lake.activity GROUP BY shape) USING (shape)
                           WHERE n <= {_RARE} AND regexp_matches(regexp_replace(lower(text), ?, '', 'g'), ?)))
        ORDER BY r.timestamp DESC LIMIT {_MOST}""",
        [*span, *span, _WHO, _WORDS])  # fmt: skip
    known = {name for name in scope.named if name}
    return [
        Change(
            at,
            (peers.mentioned(body) if name not in known or name in scope.messengers else None) or name,
            body.split("\n")[0],
            source,
            offset,
        )
        for at, name, body, source, offset in reversed(rows)
    ]
