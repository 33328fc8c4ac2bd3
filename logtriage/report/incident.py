"""The hand-over of an incident: from triage, marks and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from logtriage.coverage import counted
from logtriage.marks import Mark
from logtriage.report.document import Code, Document, Heading, Items, Lane, Moment, Paragraph, Table, Timeline
from logtriage.triage.as_text import HERE, Again, asked_by, commands
from logtriage.triage.blame import Edge
from logtriage.triage.finding import Finding
from logtriage.triage.triage import Triage

_LANES, _STRETCHES = 14, 120
_SUSPECTS, _EVIDENCE, _ROWS = 5, 4, 20
_MINUTE = timedelta(minutes=1)


def document(answer: Triage, marks: Sequence[Mark], zone: tzinfo, title: str = "", again: Again = HERE) -> Document:
    """The whole hand-over. `zone`: the local time that stands beside UTC; `again`: how commands name the logs."""
    made = Document(title or _title(answer))
    made.add(Paragraph(_summary(answer, zone)))
    if answer.activity:
        made.add(Heading("Timeline"), timeline(answer, marks))
    made.add(Heading("Suspects"), Paragraph("A ranking by evidence, not a verdict: finding the cause is up to people."))
    made.add(*_suspects(answer, zone, again))
    moved = [(both(move.at, zone), move.service, move.what) for move in answer.moved]
    made.add(*_section("What moved, in order", ("Time", "Service", "What"), moved))
    blame = [_blamed(edge, zone) for edge in answer.blame[:_ROWS]]
    made.add(*_section("Who blames whom", ("Who", "Whom", "Times", "Before", "How", "First"), blame))
    changes = [(both(change.at, zone), change.service, change.text) for change in answer.changes]
    made.add(*_section("Deployed, started or stopped shortly before", ("Time", "Service", "Record"), changes))
    made.add(*_listed("New", [one.sentence for one in answer.of_kind("new", most=10)]))
    made.add(*_listed("Gone", [one.sentence for one in answer.of_kind("vanished", "silence", most=10)]))
    noted = [(both(mark.timestamp, zone), mark.note, mark.source, str(mark.offset)) for mark in marks]
    made.add(*_section("Marks and notes", ("Time", "Note", "Source", "Offset"), noted))
    made.add(*_listed("How sure this is", answer.notes))
    if typed := commands(answer, again):
        made.add(Heading("To see it again"), Code("\n".join(typed)))
    return made


def both(moment: datetime | None, zone: tzinfo) -> str:
    """A time (UTC, naive) in UTC and, where it differs, in the zone."""
    if moment is None:
        return "-"
    aware = moment.replace(tzinfo=UTC)
    text, local = f"{aware:%Y-%m-%d %H:%M:%S} UTC", aware.astimezone(zone)
    return text if not local.utcoffset() else f"{text} ({local:%H:%M:%S} {local.isoformat()[-6:]})"


def timeline(answer: Triage, marks: Sequence[Mark]) -> Timeline:
    """The picture: the suspects' lanes first, then the busiest."""
    minutes = [one.begin for one in answer.activity]
    start, end = min(minutes), max(minutes) + _MINUTE
    stretch = -(-((end - start) // _MINUTE) // _STRETCHES) * _MINUTE
    count = -(-(end - start) // stretch)
    cells: dict[str, tuple[list[int], list[int]]] = {}
    for minute, service, records, bad in answer.activity:
        lane = cells.setdefault(service, ([0] * count, [0] * count))
        at = (minute - start) // stretch
        lane[0][at] += records
        lane[1][at] += bad
    suspects = [one.service for one in answer.culprits if one.service in cells]
    order = dict.fromkeys([*suspects, *sorted(cells, key=lambda name: -sum(cells[name][0]))])
    lanes = tuple(Lane(name, tuple(cells[name][0]), tuple(cells[name][1])) for name in list(order)[:_LANES])
    return Timeline(start, start + count * stretch, lanes, tuple(_moments(answer, marks)))


def _moments(answer: Triage, marks: Sequence[Mark]) -> Iterator[Moment]:
    moments = [Moment(change.at, "change", f"{change.service}: {change.text}") for change in answer.changes]
    if answer.onset:
        moments.append(Moment(answer.onset.moment, "onset", f"onset ({answer.onset.sure})"))
    moments += [Moment(move.at, "sign", f"{move.service}: {move.what}") for move in answer.moved]
    moments += [Moment(mark.timestamp, "mark", mark.note or mark.source) for mark in marks if mark.timestamp]
    yield from sorted(moments)


def _title(answer: Triage) -> str:
    return f"Incident of {answer.onset.moment:%Y-%m-%d %H:%M} UTC" if answer.onset else "Incident"


def _summary(answer: Triage, zone: tzinfo) -> str:
    if answer.onset is None:
        return ": ".join(filter(None, ("No onset was found", "; ".join(answer.notes)))) + "."
    first = answer.culprits[0] if answer.culprits else None
    began = f"It began at {both(answer.onset.moment, zone)} ({answer.onset.sure}: {answer.onset.why}). "
    before, after = answer.records
    compared = f"Compared: {counted(after, 'record')} since then with {before:,} of {answer.baseline}. "
    if first is None:
        return f"{began}{compared}There is no evidence against any service."
    return f"{began}{compared}The first suspect is {first.service}: {first.sentence}."


def _suspects(answer: Triage, zone: tzinfo, again: Again) -> Iterator[Heading | Paragraph | Items | Code]:
    if not answer.culprits:
        yield Paragraph("No evidence against any service.")
    for number, one in enumerate(answer.culprits[:_SUSPECTS], 1):
        yield Heading(f"{number}. {one.service} (score {one.score:.1f})", 3)
        yield Paragraph(one.sentence)
        yield Items(tuple(_dated(finding, zone) for finding in one.evidence[1 : _EVIDENCE + 1]))
        places = dict.fromkeys(one.evidence[0].records)
        yield Items(tuple(f"for example {place[0]}:{answer.lines[place]}" for place in places if place in answer.lines))
        if one.evidence[0].sql:
            yield Code(asked_by(one.evidence[0].sql, again))
    if others := answer.culprits[_SUSPECTS:]:
        yield Paragraph("Then: " + ", ".join(f"{one.service} ({one.score:.1f})" for one in others[:20]) + ".")


def _dated(finding: Finding, zone: tzinfo) -> str:
    return finding.sentence + (f" – {both(finding.at, zone)}" if finding.at else "")


def _blamed(edge: Edge, zone: tzinfo) -> tuple[str, ...]:
    times = f"{edge.after:,}", f"{edge.before:,}"
    return edge.source, edge.target, *times, ", ".join(edge.categories), both(edge.first, zone)


def _section(title: str, names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tuple[Heading | Table, ...]:
    return (Heading(title), Table(names, tuple(rows))) if rows else ()


def _listed(title: str, items: list[str]) -> tuple[Heading | Items, ...]:
    return (Heading(title), Items(tuple(items))) if items else ()
