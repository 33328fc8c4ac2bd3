"""What a draft of a signature takes from the store: a template, a text of it, and the record that is nearest to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from logtriage.answers.search import page
from logtriage.answers.templates import seen
from logtriage.masking import masked
from logtriage.query.query import Query
from logtriage.store.snapshot import Snapshot
from logtriage.templates.miner import ANY, Miner
from logtriage.templates.values import values
from logtriage.templates.wording import THROWN, wording

_TRIED = 20  # of the nearest other templates


class Material(NamedTuple):
    """A template's own text around its values, the text of one record and its values, its level, and texts that are
    nearly of it, the nearest first, looked up one by one."""

    own: list[str]
    text: str
    given: list[str]
    level: str | None
    near: Iterator[str]


def material(snapshot: Snapshot | None, *, text: str | None, template: str | None) -> Material | None:
    """What there is for a text, or for the template whose id begins so; None where there is no such."""
    every = seen(snapshot, Query()) if snapshot else []
    if text is None:
        chosen = next((one for one in every if one.template.startswith(template or "-")), None)
        if chosen is None or snapshot is None:
            return None
        mined, level = chosen.text, chosen.level
        text = _line(snapshot, chosen.template, mined)
    else:
        mine = wording(masked(text))
        texts = (
            [row[0] for row in snapshot.con.execute("SELECT wording FROM lake.shapes").fetchall()] if snapshot else []
        )
        (mined,) = Miner([*texts, mine]).templates([mine])
        level, text = None, wording(text)
    mined = mined.split(THROWN)[0]
    given = values(mined, text)
    if given is None:
        return None
    words = set(mined.split())
    others = sorted(
        (one for one in every if one.text.split(THROWN)[0] != mined),
        key=lambda one: (-len(words & set(one.text.split())), one.text),
    )
    near = (_line(snapshot, one.template, one.text) for one in others[:_TRIED]) if snapshot else iter(())
    return Material(mined.split(ANY), text, given, level, (line for line in near if line))


def _line(snapshot: Snapshot, template: str, text: str) -> str:
    """The line of a record of the template from which its wording was taken."""
    rows = page(snapshot, Query(templates=(template,)), limit=1).rows
    return next((line.strip() for line in (rows[0].body or "").split("\n") if line.strip()), "") if rows else ""
