"""The records that signatures have flagged, with who wrote them and in which phase.

There may be millions: what is kept of each is short, and nothing is asked of them that holds all of a group.
"""

from __future__ import annotations

from collections.abc import Iterable

from logtriage.triage.scope import Scope

_NAMES = ("service", "container", "pod", "process")  # captures that name whom a failure befell

# SQL on `failures`: how many records a group has, and the first three of them (see `places`).
RECORDS = 'count(DISTINCT part * 18446744073709551616::HUGEINT + "offset")'
FIRST_THREE = 'arg_min((part, "offset"), (timestamp, part, "offset"), 3)'


def collect(scope: Scope) -> None:
    """Makes the temp table `failures` (part, offset, timestamp, who, phase, pattern, category, and what was captured: `peer`,
    `door`, which is its port, `service`, `named`, which is whom it befell)."""
    named = ", ".join(f"captures['{name}']" for name in _NAMES)
    scope.con.execute(f"""CREATE OR REPLACE TEMP TABLE failures AS
        SELECT h.part, h."offset", h.timestamp, coalesce(r.service, p.service, p.source) AS who,
               {scope.phase("h.timestamp", "h.part")} AS phase, pattern, category,
               captures['peer_host'] AS peer, captures['peer_port'] AS door, captures['service'] AS service,
               coalesce({named}) AS named
        FROM lake.hits AS h JOIN part_names AS p USING (part)
        LEFT JOIN (SELECT part, "offset", service FROM lake.records WHERE {scope.mixed}) AS r USING (part, "offset")
        WHERE {scope.mine} AND phase IS NOT NULL""")


def places(scope: Scope, found: Iterable[tuple[int, int]]) -> list[tuple[str, int]]:
    """Records, given as (part, offset), as (source, offset)."""
    names = {part.part: part.source for part in scope.snapshot.catalog.parts}
    return [(names[part], offset) for part, offset in found]
