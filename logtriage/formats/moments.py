"""A column of time stamps → moments in UTC, as SQL: when an event was, and when the transport around it saw it."""

from __future__ import annotations

from collections.abc import Sequence

from logtriage.formats.node import Node
from logtriage.stamps.rendering import Rendering, render_sql, rendering_of
from logtriage.stamps.stamp_sql import nanos_sql, to_timestamp_sql

EVENT = ("timestamp", "nanos", "stamp", "stamp_text")
OBSERVED = ("observed", "observed_nanos", "observed_stamp", "observed_text")
_MANY = 8  # ways to write a time beyond which it is quicker to try them all at once


class Moments:
    """`renderings` gives the meaning of the numbers in the columns `stamp` and `observed_stamp`; it only grows."""

    def __init__(self) -> None:
        self.renderings: list[Rendering] = []

    def read(self, node: Node, relation: str, zone: str) -> str:
        """A relation with `own_text`, the stamps of one format → one with EVENT and, inside a format that tells times
        itself, OBSERVED. What does not convert is NULL. `zone`: of stamps of which nothing tells another.

        The variable `reference` of the connection is the moment (UTC) that stamps without year or date are read against.
        """
        zone = _zone_of(node) or zone
        written = list(dict.fromkeys(r for r in (rendering_of(text, zone) for text in node.written.values()) if r))
        moment = to_timestamp_sql(
            "own_text",
            node.moments,
            zone=zone,
            reference_expr="getvariable('reference')",
            renderings=written,
            general=node.odd or not written or len(written) > _MANY or any(kind.unit for kind in node.moments),
        )
        relation = f"SELECT *, {moment} AS own_time, {_nanos(node, written)} AS own_nanos FROM ({relation})"
        relation = f"SELECT *, {self._rendered(written)} AS own_stamp FROM ({relation})"
        own = dict(zip(EVENT, ("own_time", "own_nanos", "own_stamp", "own_text"), strict=True))
        around = node.path_nodes[:-1]
        if any(above.moments for above in around):
            return _moved(relation, own, twice=any(above.moments for above in around[:-1]))
        return f"SELECT *, {', '.join(f'{value} AS {name}' for name, value in own.items())} FROM ({relation})"

    def _rendered(self, written: Sequence[Rendering]) -> str:
        """Which known rendering gives the stamp's text back: its number, or NULL."""
        cases = ""
        for rendering in written:
            if printed := render_sql(rendering, "own_time", "own_nanos"):
                cases += f" WHEN {printed} = own_text THEN {self._number(rendering)}"
        return f"CASE{cases} END" if cases else "NULL::INTEGER"

    def _number(self, rendering: Rendering) -> int:
        if rendering not in self.renderings:
            self.renderings.append(rendering)
        return self.renderings.index(rendering)


def _zone_of(node: Node) -> str | None:
    """What samples tell of a format's zone, or of that of the formats beside it; else what the format says."""
    beside = node.parent.children.values() if node.parent else ()
    return node.zone or next((n.zone for n in beside if n.zone), None) or (node.fmt.zone if node.fmt else None)


def _nanos(node: Node, written: Sequence[Rendering]) -> str:
    """The digits behind the microseconds, where any stamp has them."""
    digits = {r.digits for r in written if r.digits > 6}
    if not digits:
        return "0"
    if digits == {9} and not any(kind.unit for kind in node.moments):
        return "coalesce(try_cast(substr(own_text, strpos(own_text, '.') + 7, 3) AS SMALLINT), 0)"
    return nanos_sql("own_text", node.moments)


def _moved(relation: str, own: dict[str, str], *, twice: bool) -> str:
    """The event's time is the format's `own`; the one that a format around it gave becomes the observed one. `twice`:
    there is an observed one already, of a format around that, and it stays."""
    pick = "own_time IS NOT NULL"
    items = [f"CASE WHEN {pick} THEN {value} ELSE {name} END AS new_{name}" for name, value in own.items()]
    for name, old in zip(OBSERVED, EVENT, strict=True):
        items.append(f"{f'coalesce({name}, ' if twice else '('}CASE WHEN {pick} THEN {old} END) AS new_{name}")
    gone = [*EVENT, *(OBSERVED if twice else ())]
    back = ", ".join(f"new_{name} AS {name}" for name in (*EVENT, *OBSERVED))
    return f"SELECT * EXCLUDE ({', '.join(gone)}), {back} FROM (SELECT *, {', '.join(items)} FROM ({relation}))"
