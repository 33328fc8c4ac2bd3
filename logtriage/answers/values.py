"""One template from its records: an exemplar, and what its values do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logtriage.answers.search import search
from logtriage.answers.templates import Seen, seen
from logtriage.query.query import Query
from logtriage.store.snapshot import Snapshot
from logtriage.templates.values import Place, places, values
from logtriage.templates.wording import THROWN

_MOST = 20_000  # records that are looked at: the last ones


@dataclass(frozen=True, slots=True)
class Described:
    """A template: how it was seen, one record of it, and the values of the `looked_at` last ones, place by place."""

    seen: Seen
    exemplar: str | None
    looked_at: int
    places: list[Place]


def described(snapshot: Snapshot, template: str) -> Iterator[Described]:
    """The templates whose id begins so."""
    for one in seen(snapshot, Query()):
        if one.template.startswith(template):
            rows, exemplar = [], None
            for raw, body in search(snapshot, Query(templates=(one.template,), tail=_MOST)).tuples("raw", "body"):
                exemplar = exemplar or raw
                first = next((line.strip() for line in body.split("\n") if line.strip()), "")
                found = values(one.text.split(THROWN)[0], first)
                rows += [found] if found is not None else []
            yield Described(one, exemplar, len(rows), places(one.text, rows) if rows and rows[0] else [])
