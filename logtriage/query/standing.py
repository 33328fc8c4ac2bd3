"""What a store holds as a whole: how much of it was not understood, how far each source was read."""

from __future__ import annotations

from collections.abc import Sequence

from logtriage.store.views import Snapshot


def not_understood(snapshot: Snapshot, parts: Sequence[int] | None = None) -> int:
    """How many records of these parts (None: all) no format was found for."""
    numbers = ", ".join(str(n) for n, (name, _) in snapshot.catalog.formats.items() if name == "plain")
    if not numbers:
        return 0
    among = "" if parts is None else f" AND part IN ({', '.join(map(str, parts)) or 'NULL'})"
    sql = f"SELECT count(*) FROM lake.records WHERE format IN ({numbers}){among}"
    return int(snapshot.con.execute(sql).fetchall()[0][0])


def offsets(snapshot: Snapshot) -> dict[int, int]:
    """Part → up to which byte it was read."""
    return dict(snapshot.con.execute('SELECT part, max("offset") FROM lake.progress GROUP BY part').fetchall())
