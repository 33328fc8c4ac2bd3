"""Where exactly records lie that pass tests on several columns, or for one of many values: such a test is none that DuckDB's scan
makes before it reads what else is asked for, so that all columns would be read for every record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage.query.condition import Condition, joined
from logtriage.query.way import Way
from logtriage.store.files import ROW, File, reading

if TYPE_CHECKING:
    from logtriage.store.snapshot import Snapshot

_MOST = 5_000  # records: to name more takes longer than to look at all


def placed(snapshot: Snapshot, ways: Sequence[Way], window: Sequence[Condition] = ()) -> list[Way]:
    """The ways by which the same records (of a window) are found by their places, file by file; these themselves where that are
    many."""
    if not ways:
        return []
    within, parameters = joined(window)
    alike: dict[str, set[File]] = defaultdict(set)
    for way in ways:
        alike[way.sql].update(way.files or ())
    each = [
        f"SELECT filename, {ROW} FROM {reading(tuple(files))} WHERE {within} AND ({sql})"
        for sql, files in alike.items()
    ]
    found = snapshot.execute(
        f"SELECT * FROM ({' UNION ALL '.join(each)}) LIMIT {_MOST + 1}", parameters * len(each)
    ).fetchall()
    if len(found) > _MOST:
        return list(ways)
    rows: dict[str, set[int]] = defaultdict(set)
    for path, row in found:
        rows[path].add(row)
    files = {file.path: file for way in ways for file in way.files or ()}
    return [_at(files[path], rows[path]) for path in sorted(rows)]


def _at(file: File, rows: set[int]) -> Way:
    return Way(f"({ROW} IN ({', '.join(map(str, sorted(rows)))}))", (file,), placed=True)
