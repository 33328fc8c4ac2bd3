"""A store's sources as they were (bytes), and its records as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator

from logtriage.formats.attributes import attributes
from logtriage.formats.clean import first_line
from logtriage.query.condition import Condition
from logtriage.query.plan import plan
from logtriage.query.planned import ADDED, Plan
from logtriage.query.query import Query
from logtriage.query.walk import rows, windows
from logtriage.query.windows import Pace
from logtriage.store.catalog import RESOURCE
from logtriage.store.store import Store
from logtriage.store.views import Snapshot, snapshot_of

_BATCH = 5_000
_COLUMNS = (
    "source", "line", "lines", "timestamp", "nanos", "level", "severity_text", "format", "template", "flags",
    "trace_id", "body",
)  # fmt: skip


def raw_bytes(store: Store | Snapshot, part: int) -> Iterator[bytes]:
    """The bytes of a part as they were read, in pieces of some size; memory does not grow with the part."""
    with snapshot_of(store) as snapshot:
        pieces: list[bytes] = []
        for (data,) in rows(snapshot, plan(snapshot, Query(parts=(part,), order="source")), ("bytes",), None):
            pieces.append(data)
            if len(pieces) == _BATCH:
                yield b"".join(pieces)
                pieces = []
        yield b"".join(pieces)


def records_jsonl(store: Store | Snapshot, query: Query) -> Iterator[str]:
    """The records a query finds as JSON objects, one a string, with the keys of `jsonl.lines`, in the query's order."""
    with snapshot_of(store) as snapshot:
        todo = plan(snapshot, query)
        if query.tail is None:
            yield from _lines(snapshot, todo, query.limit, backwards=False)
            return
        last = list(_lines(snapshot, todo, query.tail, backwards=True))[::-1]
        yield from last if query.limit is None else last[: query.limit]


def _lines(snapshot: Snapshot, todo: Plan, limit: int | None, *, backwards: bool) -> Iterator[str]:
    pace = Pace(limit, filtered=todo.filtered, dear=todo.query.needs_attributes)
    given = 0
    for window in windows(snapshot, todo, pace, backwards=backwards):
        if limit is not None and given >= limit:
            return
        _print(snapshot, todo, window, None if limit is None else limit - given, backwards)
        before = given
        result = snapshot.con.execute(
            f"SELECT {_object()} FROM printed LEFT JOIN printed_attributes USING (i) ORDER BY i"
        )
        while batch := result.fetchmany(_BATCH):
            given += len(batch)
            yield from (text for (text,) in batch)
        pace.saw(given - before)


def _print(snapshot: Snapshot, todo: Plan, window: list[Condition], limit: int | None, backwards: bool) -> None:
    """Fills the temp tables `printed` (i, columns of `records`), `printed_attributes` (i, attributes) for a window."""
    con = snapshot.con
    order = todo.query.order_by(backwards=backwards)
    columns = [
        f"row_number() OVER (ORDER BY {order}) AS i",
        "format_number",
        *_COLUMNS,
        *RESOURCE,
        *(() if todo.check else ADDED),
    ]
    sql, parameters = todo.select(columns, window, order=order, limit=limit)
    con.execute(f"CREATE OR REPLACE TEMP TABLE printed AS {sql}", parameters)
    if todo.check:
        found = con.execute(f"SELECT i, {', '.join(ADDED)}, unproven FROM printed ORDER BY i").fetchall()
        keep = [i for (i,) in todo.decided(iter(found))][:limit]
        con.execute("DELETE FROM printed WHERE i NOT IN (SELECT unnest(?::BIGINT[]))", [keep])
    con.execute("CREATE OR REPLACE TEMP TABLE printed_attributes (i BIGINT, attributes JSON)")
    for (number,) in con.execute("SELECT DISTINCT format_number FROM printed").fetchall():
        nodes = snapshot.catalog.formats[number][1]
        made = attributes(nodes, "t", flat=True)
        con.execute(
            f"INSERT INTO printed_attributes SELECT i, {made} "
            f"FROM (SELECT i, {first_line(nodes, 'raw')} AS t FROM printed WHERE format_number = {number})"
        )


def _object() -> str:
    nanos = "CASE WHEN nanos > 0 THEN lpad(nanos::VARCHAR, 3, '0') ELSE '' END"
    resource = ", ".join(f"'{name}', {name}" for name in RESOURCE)
    return f"""json_object('source', source, 'line', line, 'lines', lines, 'offset', "offset",
        'timestamp', strftime(timestamp, '%Y-%m-%dT%H:%M:%S.%f') || {nanos} || 'Z', 'level', level,
        'severity_text', severity_text, {resource}, 'format', format, 'template', template, 'flags', flags,
        'trace_id', trace_id, 'body', body, 'attributes', attributes)"""
