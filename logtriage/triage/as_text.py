"""The answer as text: all of it, or as much as fits a screen and how much more there is."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from logtriage.coverage import counted
from logtriage.output import harmless, painted, shortened, shown_time
from logtriage.triage.blame import NAMED
from logtriage.triage.finding import Finding
from logtriage.triage.triage import Triage

_SUSPECTS = 5  # of those that are told with their reason
_OTHERS = 8  # of those that are only named
_EVIDENCE = (3, 3, 3)  # pieces told beside the strongest, of the first, second … suspect
_EVIDENCE_ON_A_SCREEN = (3, 1)
_ROWS = 20  # of a block
_SUSPECTED = "Suspects, the likeliest first (a ranking, not a verdict) [evidence: 1 little, 3 much]"
_FEWEST = 2  # to which a block is cut where the screen is small


class Again(NamedTuple):
    """How commands name the same logs once more: the option `--store`, or the logs themselves; and the command that gave
    the answer, where it was one. Each is quoted for a shell, the first two have a blank in front."""

    store: str = ""
    logs: str = ""
    triage: str = ""


HERE = Again()  # the usual store


class _Block(NamedTuple):
    """Rows under a title. `more`: how many are left out already; `whole`: no row is to be left out."""

    title: str
    rows: list[str]
    more: int = 0
    whole: bool = False

    @property
    def height(self) -> int:
        return 1 + len(self.rows) + bool(self.more) if self.rows else 0

    def cut(self) -> _Block:
        return self._replace(rows=self.rows[:-1], more=self.more + 1)


def lines(
    answer: Triage, zone: tzinfo, colour: bool, again: Again = HERE, screen: tuple[int, int] | None = None
) -> Iterator[str]:
    """The answer, line by line. On a `screen` of so many columns and lines no line is wider, and blocks are cut, the
    longest first, until all of them fit, if they do; how many rows are missing is told."""
    blocks = list(_blocks(answer, zone, again, _EVIDENCE_ON_A_SCREEN if screen else _EVIDENCE))
    for block in _fitted(blocks, screen[1]) if screen else blocks:
        if block.rows:
            yield painted(block.title, "name", colour)
            rows = [*block.rows, *([f"and {block.more:,} more"] if block.more else ())]
            yield from (_cut(f"  {harmless(row)}", screen[0] if screen else None) for row in rows)


def _blocks(answer: Triage, zone: tzinfo, again: Again, evidence: tuple[int, ...]) -> Iterator[_Block]:
    def timed(what: Iterable[tuple[datetime, str, str]]) -> list[str]:
        return [f"{clock(at, zone)}  {_of(service, text)}" for at, service, text in what]

    def brief(title: str, *kinds: str) -> _Block:
        found = answer.of_kind(*kinds, most=len(answer.findings))
        return _first(title, [finding.sentence for finding in found], 5)

    yield _Block("When it began", _when(answer, zone), whole=True)
    suspects = list(_suspects(answer, evidence)) or ["no evidence against any service"]
    yield _Block(_SUSPECTED, suspects, whole=True)
    yield _first("What moved, in order", timed((one.at, one.service, one.what) for one in answer.moved))
    yield _first("Who blames whom", [edge.sentence for edge in answer.blame])
    changes = timed((one.at, one.service, one.text) for one in answer.changes[-_ROWS:])
    yield _Block("Deployed, started or stopped shortly before", changes, max(0, len(answer.changes) - _ROWS))
    yield brief("New", "new")
    yield brief("Gone", "vanished", "silence")
    yield _Block("Good to know", answer.notes, whole=True)
    yield _Block("Ask next", commands(answer, again), whole=True)


def _of(service: str, text: str) -> str:
    """What is said of a service, with its name in front, unless it stands there."""
    return text if text.startswith((f"{service} ", f"{service}:")) else f"{service}: {text}"


def _first(title: str, rows: list[str], most: int = _ROWS) -> _Block:
    return _Block(title, rows[:most], max(0, len(rows) - most))


def _fitted(blocks: list[_Block], height: int) -> list[_Block]:
    """The blocks, the longest of them cut until all have no more lines than `height`."""
    while sum(block.height for block in blocks) > height:
        longest = max(range(len(blocks)), key=lambda k: 0 if blocks[k].whole else len(blocks[k].rows))
        if blocks[longest].whole or len(blocks[longest].rows) <= _FEWEST:
            break
        blocks[longest] = blocks[longest].cut()
    return blocks


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
        f"{counted(answer.records[1], 'record')} since, compared with {answer.records[0]:,} of {answer.baseline}",
    ]


def _suspects(answer: Triage, evidence: tuple[int, ...]) -> Iterator[str]:
    left_out = 0
    for number, one in enumerate(answer.culprits[:_SUSPECTS]):
        yield f"{number + 1}. {one.service}  [{one.score:.1f}]  {one.sentence}"
        told = _distinct(one.evidence)[1:][: evidence[number] if number < len(evidence) else 0]
        yield from (f"     {finding.sentence}" for finding in told)
        left_out += len(one.evidence) - 1 - len(told)
    rest = []
    if others := [one.service for one in answer.culprits[_SUSPECTS:]]:
        unnamed = f" and {len(others) - _OTHERS:,} more" if len(others) > _OTHERS else ""
        rest.append(f"far weaker: {', '.join(others[:_OTHERS])}{unnamed}")
    if left_out:
        rest.append(f"{counted(left_out, 'more piece')} of evidence")
    if rest:
        yield "; ".join(rest)


def _distinct(evidence: list[Finding]) -> list[Finding]:
    """The best of each kind, in the order of the best."""
    best: dict[str, Finding] = {}
    for finding in evidence:
        best.setdefault(finding.kind, finding)
    return list(best.values())


def commands(answer: Triage, again: Again) -> list[str]:
    """What to type next."""
    if not answer.onset or not answer.looked_at:
        return []
    since, until = (
        f"{moment.isoformat(timespec='seconds')}Z" for moment in (answer.looked_at.since, answer.looked_at.until)
    )
    span = f"--since {since} --until {until}"
    what = [f"--service {shlex.quote(one.service)}" for one in answer.culprits[:2]]
    flags = sorted({category for edge in answer.blame for category in edge.categories if category != NAMED})
    if flags:
        what.append(f"--flag {shlex.quote(','.join(flags))} --across -C 2")
    found = [f"logtriage grep{again.store} {one} {span} ''{again.logs}" for one in what]
    if any(piece.sql for one in answer.culprits for piece in one.evidence):
        at = f"{answer.onset.moment.isoformat(timespec='milliseconds')}Z"
        asked = again.triage or f"logtriage triage{again.store} --at {at}{again.logs}"
        found.append(f"{asked} --show-sql")
    return found


def asked_by(sql: str, again: Again) -> str:
    """The command that runs a query on the same logs, ready to paste whatever quotes are in it."""
    logs = "".join(f" --from {shlex.quote(name)}" for name in shlex.split(again.logs))
    return f"logtriage sql{again.store}{logs} - <<'SQL'\n{sql}\nSQL"


def queries(answer: Triage) -> Iterator[str]:
    """Each piece of evidence against the suspects, as a remark, with its SQL behind it, for `logtriage sql`."""
    for one in answer.culprits:
        for piece in one.evidence:
            if piece.sql:
                yield f"-- {one.service}: {_cut(harmless(piece.sentence), None)}\n{piece.sql};"


def _cut(text: str, width: int | None) -> str:
    text = text.replace("\n", "⏎")
    return text if width is None or text.lstrip().startswith("logtriage ") else shortened(text, width)
