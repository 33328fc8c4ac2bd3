"""How templates are printed: lists with small trends, one with its values, JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logtriage.cli.session import Session
from logtriage.coverage import counted
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.answers.templates import Seen
    from logtriage.query.query import Query
    from logtriage.store.views import Snapshot

_BARS = "▁▂▃▄▅▆▇█"
SHORT = 8  # letters of an id that are shown


def print_list(session: Session, snapshot: Snapshot, query: Query, shown: list[Seen]) -> None:
    """The templates of a list, in the form asked for."""
    from logtriage.answers.templates import exemplar
    from logtriage.output import csv_row, harmless, shown_time, table

    args = session.args
    if args.output != "text":
        if args.output == "csv":
            print(csv_row(("template", "records", "sources", "level", "first_seen", "last_seen", "text")))
        for one in shown:
            if args.output == "csv":
                print(
                    csv_row(
                        (one.template, one.records, one.sources, one.level, one.first_seen, one.last_seen, one.text)
                    )
                )
            else:
                print(json_line({**asdict(one), "exemplar": exemplar(snapshot, one.template, query)}))
        return
    rows = []
    for one in shown:
        times = [shown_time(moment, session.zone)[:16] for moment in (one.first_seen, one.last_seen)]
        rows.append(
            (
                one.records,
                bars(one.trend),
                one.sources,
                (one.level or "").upper(),
                *times,
                one.template[:SHORT],
                one.text,
            )
        )
    if not rows:
        return
    lines = table(("records", "trend", "sources", "level", "first", "last", "template", "text"), rows, 160).split("\n")
    print("\n".join(lines[:2]))
    for line, one in zip(lines[2:], shown, strict=True):
        print(line)
        if args.exemplars:
            print("    " + harmless(exemplar(snapshot, one.template, query) or "").replace("\n", "\n    "))


def bars(counts: list[int]) -> str:
    """Counts as a line of small bars."""
    peak = max(counts, default=0)
    return "".join(_BARS[-(-n * (len(_BARS) - 1) // peak)] if n else " " for n in counts) if peak else ""


def json_line(told: dict[str, Any]) -> str:
    """One object; times are UTC."""
    plain = {key: value.isoformat() + "Z" if isinstance(value, datetime) else value for key, value in told.items()}
    return json.dumps(plain, ensure_ascii=False)


def show(session: Session, ids: list[str]) -> int:
    """`templates show ID…`: each with its values, place by place."""
    from logtriage.answers.values import described
    from logtriage.cli.asking import template_ids
    from logtriage.cli.triage import store_option
    from logtriage.output import harmless, shown_time
    from logtriage.store.store import Store
    from logtriage.store.views import Snapshot

    if not ids:
        raise UsageError("templates show: which one?", "`logtriage templates` lists them with their ids")
    found, option = 0, store_option(session)
    with Store(session.store_path) as store, Snapshot(store) as snapshot:
        for identity in template_ids(ids):
            for one in described(snapshot, identity):
                found += 1
                seen = one.seen
                if session.args.output == "jsonl":
                    print(
                        json_line(
                            {
                                **asdict(seen),
                                "exemplar": one.exemplar,
                                "looked_at": one.looked_at,
                                "places": [asdict(p) for p in one.places],
                            }
                        )
                    )
                    continue
                print(f"{seen.template}  {harmless(seen.text)}")
                times = " to ".join(
                    shown_time(moment, session.zone)[:16] for moment in (seen.first_seen, seen.last_seen)
                )
                print(
                    f"  {counted(seen.records, 'record')} in {counted(seen.sources, 'source')}, {times}  {bars(seen.trend)}"
                )
                print("  " + harmless(one.exemplar or "").replace("\n", "\n  "))
                for k, place in enumerate(one.places, 1):
                    numbers = f"{place.low:g} … {place.middle:g} … {place.high:g}; " if place.low is not None else ""
                    top = ", ".join(f"{value} ({n})" for value, n in place.top)
                    told = "".join(f"; {text}" for text in place.told)
                    print(
                        harmless(
                            f"  {k}. {place.before or '(begin)'}: {numbers}{place.distinct:,} different: {top}{told}"
                        )
                    )
                session.say(
                    f"values of {counted(one.looked_at, 'record')}; logtriage grep{option} --template {seen.template[:SHORT]} '' shows them"
                )
    if not found:
        raise UsageError(f"there is no template {' '.join(ids)!r}", "`logtriage templates` lists them with their ids")
    return 0
