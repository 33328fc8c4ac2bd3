"""What one record may have in common with others: the ways to go on from it, each a filter or several."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta
from typing import NamedTuple

from logtriage.answers.detail import Detail
from logtriage.tui.drawing.times import length
from logtriage.tui.filters import Filter, Filters

_WORD = re.compile(r"[\w.:-]*\d[\w.:-]*")
_ID = re.compile(r"(?!\d+\.\d+$)(.*\d){3}.*")  # no sums, no counts
_MOST_READ = 2_000  # characters
_AROUND = (("1", timedelta(seconds=1)), ("2", timedelta(seconds=10)), ("3", timedelta(minutes=1)))


class Story(NamedTuple):
    """One way: its key in a menu, what it says, and the filters that show it."""

    key: str
    told: str
    filters: tuple[Filter, ...]


def stories(detail: Detail) -> list[Story]:
    """All ways on from a record, the most telling first."""
    one = detail.row
    found = [
        Story(key, f"{told} {value}", (Filter("trace", value),))
        for key, told, value in (("t", "trace", one.trace_id), ("r", "request", one.request_id))
        if value
    ]
    for value in dict.fromkeys(hit.captures["peer_host"] for hit in detail.hits if "peer_host" in hit.captures):
        if not any(story.key == "p" for story in found):
            found.append(Story("p", f"peer {value}: all that name it", (Filter("text", value, fixed=True),)))
    for key, value in zip("45678", _ids(detail), strict=False):
        found.append(Story(key, f"{value}: all that name it", (Filter("text", value, fixed=True),)))
    for key, name in (("s", "service"), ("h", "host"), ("c", "container"), ("n", "namespace")):
        if value := getattr(one, name):
            found.append(Story(key, f"{name} {value}", (Filter("field", f"{name}={value}"),)))
    if detail.template:
        found.append(Story("m", "the same message", (Filter("template", detail.template.number),)))
    if one.timestamp:
        moment = one.timestamp.replace(tzinfo=UTC)
        for key, within in _AROUND:
            ends = (("since", moment - within), ("until", moment + within))
            told = f"all sources within ±{length(within)}"
            found.append(Story(key, told, tuple(Filter(kind, end.isoformat()) for kind, end in ends)))
    return found


def _ids(detail: Detail) -> list[str]:
    """What its first line has of words that may be ids, without those that have ways of their own: orders, users, addresses."""
    one = detail.row
    peers = {hit.captures.get("peer_host") for hit in detail.hits}
    known = {one.trace_id, one.request_id, one.span_id, *peers}
    found = _WORD.findall((one.body or one.raw).split("\n", 1)[0][:_MOST_READ])
    words = (word.strip(".:-") for word in found)
    return [word for word in dict.fromkeys(words) if word not in known and _ID.fullmatch(word)]


def told(filters: Filters, story: tuple[Filter, ...], keep: tuple[str, ...] = ()) -> Filters:
    """The filters of a story on, all others off but not forgotten; those of the kinds to `keep` stay as they are."""
    before = tuple(
        replace(one, on=one.on and one.kind in keep)
        for one in filters.each
        if all((one.kind, one.value, one.out) != (new.kind, new.value, new.out) for new in story)
    )
    return Filters(filters.base, (*before, *story))
