"""What the details of a record say, as the lines of a sheet: what it says, what it means, its fields, what stands beside it.

A line's value is a `Filter` where choosing it shows all records alike, a `Key` where it goes to a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo

from rich.cells import cell_len

from logtriage.answers.detail import Detail, Hit
from logtriage.answers.glance import Glance
from logtriage.answers.search import Row as Record
from logtriage.coverage import counted
from logtriage.errors import UsageError
from logtriage.signatures.library import Pattern
from logtriage.tui.drawing import times
from logtriage.tui.drawing.hexdump import MOST, dump, escaped
from logtriage.tui.drawing.jsontree import tree
from logtriage.tui.filters import Filter
from logtriage.tui.panels.sheet import Row, flow, prose, row, wrapped

_IDS = ("trace_id", "request_id", "span_id")
_COLUMNS = ("service", "host", "container", "pod", "namespace", "format")
_KEY = 14  # cells that a field's name takes
_MOST_FIELDS = 300
_MOST_LINES = 120  # of the text; all of it is in the raw bytes


def rows(detail: Detail, patterns: Mapping[str, Pattern], records: int | None, zone: tzinfo, width: int) -> list[Row]:
    """The record as it is read. `records`: how many there are in all."""
    one = detail.row
    place, half = _place(one), (width - 1) // 2
    if len(place) > width:  # what is cut out stands above the raw bytes
        place = f"{place[:half]}…{place[-half:]}"
    out = [_title(one, zone), row((place, "dim")), row()]
    out += wrapped(one.body or one.raw, width, _tone(one.level), most=_MOST_LINES)
    for hit in detail.hits:
        out += [row(), *_hit(hit, patterns.get(hit.pattern), width)]
    out += [row(), row(("fields", "head")), *_fields(detail)]
    if detail.template:
        of = counted(detail.template.records, "record")
        share = f"{detail.template.records:,} of {counted(records, 'record')}" if records else of
        first = detail.template.first_seen
        since = f", first {times.day(first, zone)} {times.clock(first, zone)[:5]}" if first else ""
        only = Filter("template", detail.template.number)
        out += [row(), row(("template", "head"), (f"  {share}{since}", "dim"), value=only, told="only these")]
        out += wrapped(detail.template.text, width, "plain", most=8)
    return out


def raw(detail: Detail, width: int) -> list[Row]:
    """The record's bytes."""
    data = detail.data[:MOST]
    left = len(detail.data) - len(data)
    more = [row((f"… {left:,} more bytes: `logtriage cat --output raw` gives all", "dim"))] if left else []
    out = [row(("bytes", "head"), (f"  {len(detail.data):,} at offset {detail.row.offset:,}", "dim"))]
    out += wrapped(_place(detail.row), width, "dim", most=4)
    out += wrapped(escaped(data), width, "plain", most=10_000, full=True)
    return [*out, row(), *(row((line, "dim")) for line in dump(data, width)), *more]


def beside(
    near: Sequence[Glance], here: Record, within: timedelta, name: Callable[[Glance], str], names: int = 12
) -> list[Row]:
    """The neighbours in other sources, each with how long before or after the record it was."""
    out = [row(), row(("nearby", "head"), (f"  other sources ±{times.length(within)} · . changes it", "dim"))]
    if not near:
        return [*out, row(("  nothing", "dim"))]
    assert here.timestamp
    for one in near:
        assert one.timestamp
        away = times.delta(one.timestamp - here.timestamp).strip()
        out.append(row(
            (f"{away:>9} ", "dim"), (f"{name(one)[:names]:<{names}} ", "key"),
            (("⚑ " if one.flags else "  "), "flag"), (one.text.split("\n", 1)[0][:300], _tone(one.level)),
            value=one.key, told="go there",
        ))  # fmt: skip
    return out


def _title(one: Record, zone: tzinfo) -> Row:
    if one.timestamp is None:
        told = "no time"
    else:
        fine = f"{one.nanos:03}" if one.nanos else ""
        micro = f"{one.timestamp.microsecond:06}"
        told = f"{times.day(one.timestamp, zone)} {times.clock(one.timestamp, zone)[:8]}.{micro}{fine}"
        told += times.offset(one.timestamp, zone)
    level = (one.level or "no level").upper()
    said = f" ({one.severity_text})" if one.severity_text and one.severity_text.upper() != level else ""
    return row((told, "head"), ("  ", "plain"), (level, one.level or "dim"), (said, "dim"))


def _place(one: Record) -> str:
    lines = f"–{one.line + one.lines - 1:,}" if one.lines > 1 else ""
    return f"{one.source}:{one.line:,}{lines}"


def _hit(hit: Hit, pattern: Pattern | None, width: int) -> list[Row]:
    only = Filter("flag", hit.pattern)
    titled = prose(pattern.title if pattern else hit.category, width, "flag", indent="⚑ ")
    named = ("  ", "plain"), (hit.pattern, "dim")
    if cell_len(titled[-1].text) + 2 + cell_len(hit.pattern) <= width:
        titled[-1] = row(*titled[-1].pieces, *named)
    else:
        titled.append(row(*named))
    out = [replace(line, value=only, told="only these") for line in titled]
    out += flow([((f"{key} ", "dim"), (value[:200], "plain")) for key, value in hit.captures.items()], width)
    return out + (prose(pattern.advice, width, "plain", indent="  → ") if pattern else [])


def _fields(detail: Detail) -> Iterable[Row]:
    """Ids first: with them the story goes on elsewhere. Attributes that say the same are not told again."""
    one, told = detail.row, set()
    for name in _IDS:
        if value := getattr(one, name):
            told.add((name, value))
            yield _field(name, value, Filter("trace", value), style="link", told="its whole story")
    for name in _COLUMNS:
        if value := getattr(one, name):
            told.add((name, value))
            yield _field(name, value, _equal(name, value), told="only these")
    nodes = [node for node in tree(detail.attributes) if (node.path, node.value) not in told]
    for node in nodes[:_MOST_FIELDS]:
        chosen = _equal(node.path, node.value) if node.value is not None else None
        yield _field(node.branch + node.key, node.value or "", chosen, told="only these")
    if len(nodes) > _MOST_FIELDS:
        yield row((f"… {len(nodes) - _MOST_FIELDS:,} more fields: see the raw bytes", "dim"))


def _field(name: str, value: str, chosen: Filter | None, *, style: str = "plain", told: str = "") -> Row:
    gap = " " * max(1, _KEY - cell_len(name))
    return row((name[:60], "key"), (gap, "plain"), (value[:2_000], style), value=chosen, told=told)


def _equal(name: str, value: str) -> Filter | None:
    """The filter for a field's value; None where it cannot be written as one."""
    if not value or len(value) > 200:
        return None
    try:
        made = Filter("field", f"{name}={value}")
        field = made.query().fields[0]
    except UsageError:
        return None
    return made if (field.name, field.op, field.value) == (name, "=", value) else None


def _tone(level: str | None) -> str:
    return level if level in ("warn", "error", "fatal") else "plain"
