"""How templates are printed: lists with small trends, one with its values, JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from logtriage.cli.session import Session
from logtriage.coverage import counted
from logtriage.errors import UsageError
from logtriage.output import csv_row, harmless, shown_time, table

if TYPE_CHECKING:
    from logtriage.answers.templates import Seen
    from logtriage.answers.values import Described
    from logtriage.query.query import Query
    from logtriage.store.snapshot import Snapshot
    from logtriage.templates.values import Place

SHORT = 8  # letters of an id that are shown
_BARS = "▁▂▃▄▅▆▇█"
_CSV = ("template", "records", "sources", "level", "first_seen", "last_seen", "text")
_TEXT = ("records", "trend", "sources", "level", "first", "last", "template", "text")


def print_list(session: Session, snapshot: Snapshot, query: Query, shown: list[Seen]) -> None:
    """The templates of a list, in the form asked for."""
    from logtriage.answers.templates import exemplar

    args = session.args
    if args.output == "csv":
        print("\n".join(csv_row(cells) for cells in (_CSV, *([getattr(one, name) for name in _CSV] for one in shown))))
    elif args.output == "jsonl":
        for one in shown:
            print(json_line({**asdict(one), "exemplar": exemplar(snapshot, one.template, query)}))
    elif shown:
        names, rule, *lines = table(_TEXT, [_row(one, session.zone) for one in shown], 160).split("\n")
        print(f"{names}\n{rule}")
        for line, one in zip(lines, shown, strict=True):
            print(line)
            if args.exemplars:
                print(_indented(exemplar(snapshot, one.template, query), 4))


def _row(one: Seen, zone: tzinfo) -> tuple[object, ...]:
    """A template as a row of the table."""
    first, last = _minutes(one, zone)
    level = (one.level or "").upper()
    return one.records, bars(one.trend), one.sources, level, first, last, one.template[:SHORT], one.text


def _minutes(one: Seen, zone: tzinfo) -> tuple[str, str]:
    """When a template was first and last seen, to the minute."""
    return shown_time(one.first_seen, zone)[:16], shown_time(one.last_seen, zone)[:16]


def bars(counts: list[int]) -> str:
    """Counts as a line of small bars."""
    peak = max(counts, default=0)
    return "".join(_BARS[-(-n * (len(_BARS) - 1) // peak)] if n else " " for n in counts) if peak else ""


def json_line(told: dict[str, Any]) -> str:
    """One object; times are UTC."""
    plain = {key: value.isoformat() + "Z" if isinstance(value, datetime) else value for key, value in told.items()}
    return json.dumps(plain, ensure_ascii=False)


def show(session: Session, ids: list[str]) -> int:
    """`templates show ID…`: each with its values, place by place. Raises UsageError where there is none."""
    from logtriage.answers.values import described
    from logtriage.cli.filters import template_ids
    from logtriage.cli.triage import store_option
    from logtriage.store.snapshot import Snapshot
    from logtriage.store.store import Store

    if not ids:
        raise UsageError("templates show: which one?", "`logtriage templates` lists them with their ids")
    found, option = 0, store_option(session)
    with Store(session.store_path) as store, Snapshot(store) as snapshot:
        for one in (one for identity in template_ids(ids) for one in described(snapshot, identity)):
            found += 1
            if session.args.output == "jsonl":
                places = [asdict(place) for place in one.places]
                told = {"exemplar": one.exemplar, "looked_at": one.looked_at, "places": places}
                print(json_line({**asdict(one.seen), **told}))
                continue
            print("\n".join(_in_words(one, session.zone)))
            command = f"logtriage grep{option} --template {one.seen.template[:SHORT]} ''"
            session.say(f"values of {counted(one.looked_at, 'record')}; {command} shows them")
    if not found:
        raise UsageError(f"there is no template {' '.join(ids)!r}", "`logtriage templates` lists them with their ids")
    return 0


def _in_words(one: Described, zone: tzinfo) -> Iterator[str]:
    """A template with its values, a line each; a record of it may have several."""
    seen = one.seen
    yield f"{seen.template}  {harmless(seen.text)}"
    times = " to ".join(_minutes(seen, zone))
    yield f"  {counted(seen.records, 'record')} in {counted(seen.sources, 'source')}, {times}  {bars(seen.trend)}"
    yield _indented(one.exemplar, 2)
    for number, place in enumerate(one.places, 1):
        yield harmless(f"  {number}. {_values(place)}")


def _values(place: Place) -> str:
    """What stands at one place of a template."""
    numbers = f"{place.low:g} … {place.middle:g} … {place.high:g}; " if place.low is not None else ""
    top = ", ".join(f"{value} ({n})" for value, n in place.top)
    told = "".join(f"; {text}" for text in place.told)
    return f"{place.before or '(begin)'}: {numbers}{place.distinct:,} different: {top}{told}"


def _indented(record: str | None, by: int) -> str:
    """A record's lines, so many blanks further in."""
    return " " * by + harmless(record or "").replace("\n", "\n" + " " * by)
