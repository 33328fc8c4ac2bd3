"""The answer as what JSON knows: texts, numbers, lists and objects."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from logtriage.triage.finding import Finding
from logtriage.triage.scope import AFTER, BEFORE
from logtriage.triage.triage import Triage


def plain(answer: Triage) -> dict[str, Any]:
    """One object. Times are ISO 8601 in UTC, scores are bans (see surprise.py)."""
    onset, window = answer.onset, answer.looked_at
    return {
        "onset": onset and {
            "time": _stamp(onset.moment), "sure": onset.sure, "bans": round(onset.bans, 2), "why": onset.why,
        },
        "window": window and {"since": _stamp(window.since), "until": _stamp(window.until)},
        "baseline": answer.baseline,
        "records": {"baseline": answer.records[BEFORE], "incident": answer.records[AFTER]},
        "culprits": [
            {"service": one.service, "score": one.score, "why": one.sentence, "evidence": [_finding(f, answer) for f in one.evidence]}
            for one in answer.culprits
        ],
        "findings": [{"service": f.service, **_finding(f, answer)} for f in answer.findings],
        "blame": [
            {**asdict(edge), "first": _stamp(edge.first), "sentence": edge.sentence, "score": round(edge.score, 2)}
            for edge in answer.blame
        ],
        "changes": [{**asdict(change), "at": _stamp(change.at)} for change in answer.changes],
        "moved": [{"time": _stamp(move.at), "service": move.service, "what": move.what} for move in answer.moved],
        "notes": answer.notes,
    }  # fmt: skip


def _finding(finding: Finding, answer: Triage) -> dict[str, Any]:
    records = [
        {"source": source, "offset": offset, "line": answer.lines.get((source, offset))}
        for source, offset in finding.records
    ]
    return {
        "kind": finding.kind, "score": round(finding.score, 2), "sentence": finding.sentence, "time": _stamp(finding.at),
        "records": records, "sql": finding.sql,
    }  # fmt: skip


def _stamp(moment: datetime | None) -> str | None:
    return f"{moment.isoformat()}Z" if moment else None
