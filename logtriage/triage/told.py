"""The answer on one screen, as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from logtriage.output import harmless, painted, shown_time
from logtriage.triage.finding import Finding
from logtriage.triage.triage import Triage

_SUSPECTS = 5
_EVIDENCE = 3
_ROWS = 6


def lines(answer: Triage, zone: tzinfo, width: int, colour: bool, store: str = "") -> Iterator[str]:
    """The screen, line by line, none longer than `width`; `store` is what `--store` has to say in the commands."""
    for title, rows in _blocks(answer, zone, store):
        if rows:
            yield painted(title, "name", colour)
            yield from (_cut(f"  {harmless(row)}", width) for row in rows)


def _blocks(answer: Triage, zone: tzinfo, store: str) -> Iterator[tuple[str, list[str]]]:
    yield "When it began", _when(answer, zone)
    yield (
        "Suspects, the likeliest first (a ranking, no verdict)",
        list(_suspects(answer)) or ["no evidence against any service"],
    )
    yield (
        "What moved, in order",
        [f"{clock(move.at, zone)}  {move.service}: {move.what}" for move in answer.moved[:_ROWS]],
    )
    yield "Who blames whom", [_edge(answer, k) for k in range(min(_ROWS, len(answer.blame)))]
    yield (
        "Deployed, started or stopped shortly before",
        [f"{clock(one.at, zone)}  {one.service}: {one.text}" for one in answer.changes[-_ROWS:]],
    )
    yield "New", _brief(answer.of_kind("new"))
    yield "Gone", _brief(answer.of_kind("vanished", "silence"))
    yield "Good to know", answer.notes
    yield "Ask next", commands(answer, store)


def clock(moment: datetime, zone: tzinfo) -> str:
    """The time of the day in the zone."""
    return f"{moment.replace(tzinfo=UTC).astimezone(zone):%H:%M:%S}"


def _when(answer: Triage, zone: tzinfo) -> list[str]:
    if answer.onset is None:
        return ["no onset was found"]
    onset = answer.onset
    return [
        f"{shown_time(onset.moment, zone).strip()}  ({onset.sure}: {onset.why})"
        if not onset.given
        else f"{shown_time(onset.moment, zone).strip()}  (given)",
        f"{answer.records[1]:,} records since, compared with {answer.records[0]:,} of {answer.baseline}",
    ]


def _suspects(answer: Triage) -> Iterator[str]:
    for number, one in enumerate(answer.culprits[:_SUSPECTS], 1):
        yield f"{number}. {one.service}  [{one.score:.1f}]  {one.sentence}"
        if number <= _EVIDENCE:
            yield from (f"     {finding.sentence}" for finding in _distinct(one.evidence)[1:_EXTRA])
    if len(answer.culprits) > _SUSPECTS:
        others = ", ".join(one.service for one in answer.culprits[_SUSPECTS : _SUSPECTS + 8])
        yield f"then, far weaker or hardly: {others}"


_EXTRA = 4


def _distinct(evidence: list[Finding]) -> list[Finding]:
    """The best of each kind."""
    return list({finding.kind: finding for finding in reversed(evidence)}.values())[::-1]


def _edge(answer: Triage, k: int) -> str:
    return answer.blame[k].sentence


def _brief(findings: list[Finding]) -> list[str]:
    return [finding.sentence for finding in findings]


def commands(answer: Triage, store: str) -> list[str]:
    """What to type next."""
    if not answer.onset or not answer.looked_at:
        return []
    since, until = (
        f"{moment.isoformat(timespec='seconds')}Z" for moment in (answer.looked_at.since, answer.looked_at.until)
    )
    span = f"--since {since} --until {until}"
    found = [f"logtriage grep{store} --service {shlex.quote(one.service)} {span} ." for one in answer.culprits[:2]]
    if answer.blame:
        found.append(f"logtriage grep{store} --flag refusal,timeout,unreachable --across -C 2 {span} .")
    if answer.culprits and answer.culprits[0].evidence[0].sql:
        found.append(f"logtriage sql{store} {shlex.quote(answer.culprits[0].evidence[0].sql)}")
    return found


def _cut(text: str, width: int) -> str:
    text = text.replace("\n", "⏎")
    return text if len(text) <= width or text.lstrip().startswith("logtriage ") else text[: width - 1] + "…"
