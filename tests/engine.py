"""How the engine's tests feed files in and look at what came of them: records as printed, and all that a store holds."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from logtriage import frame, jsonl, normalise, read
from logtriage.formats import load_formats
from logtriage.head import encoding_of
from logtriage.ingest import Ingest, Tally
from logtriage.library import Pattern
from logtriage.normalise import Normaliser, Settings
from logtriage.records import Made
from logtriage.rendering import Rendering
from logtriage.sources import Resource, Source, find
from logtriage.store import Store, connect

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def examples(few: int) -> settings:
    """Hypothesis settings for a test whose examples are dear: `few` of them, ten times as many in the thorough profile."""
    thorough = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
    return settings(max_examples=few * 10 if thorough else few)


def reading(patterns: Sequence[Pattern] = (), *, zone: str = "UTC", now: datetime | None = NOW, form: str | None = None) -> Settings:
    """Settings with all shipped formats, by default without patterns, at a fixed moment."""
    return Settings(load_formats(examples=False), patterns, zone=zone, now=now, format=form)


def set_block_size(patch: pytest.MonkeyPatch, size: int) -> None:
    """Makes all that is read come in blocks of about `size` bytes."""
    patch.setattr(normalise, "blocks", lambda source, **where: read.blocks(source, size=size, **where))


def records_of(path: Path, how: Settings | None = None, *, size: int | None = None) -> list[dict[str, Any]]:
    """A file's records as `cat --output jsonl` prints them, in order; `size` of the blocks it is read in."""
    (source,) = find([str(path)]).sources
    con = connect()
    try:
        with pytest.MonkeyPatch.context() as patch:
            if size:
                set_block_size(patch, size)
            normaliser = Normaliser(con, how or reading())
            return [
                json.loads(text)
                for _ in normaliser.read(source)
                for text in jsonl.lines(con, source, normaliser.records.chains)
            ]
    finally:
        con.close()


def normalised(normaliser: Normaliser, data: bytes) -> Made:
    """Leaves the records of these bytes, as of a whole file, in the views of the normaliser's connection."""
    source = Source("bytes", "bytes", None, None, None, Resource())
    block = read.Block(source, 0, 1, data, True, encoding_of(data[:4096]))
    normaliser.records.reset()
    return normaliser.block(block, normaliser.grammar(), NOW, final=True)


def restored(normaliser: Normaliser) -> dict[int, bytes]:
    """The bytes of each record by offset, after the last block's records were cut and put together again."""
    ids = list(frame.IDS)
    cut = frame.cut(json=True, ids=ids)
    again = frame.restore(list(enumerate(normaliser.records.renderings)))
    rows = normaliser.con.execute(f"""
        SELECT "offset", coalesce(exact, encode({again})) FROM (
            SELECT * REPLACE ({frame.without_ids("body", ids)} AS body), CASE WHEN exact IS NULL THEN {cut} ELSE raw END AS frame FROM records
        ) ORDER BY "offset"
    """)
    return dict(rows.fetchall())


def ingest(store: Store, *paths: Path, how: Settings | None = None) -> Tally:
    """Brings files up to date in an open store, as a new run of the program would."""
    return Ingest(store, how or reading()).run(find([str(path) for path in paths]).sources)


_STORED = """
    SELECT part, "offset", line, lines, coalesce(exact, encode({text})) AS bytes, timestamp, nanos, severity_number, severity_text,
           f.name AS format, shape, flags, service, host, container, {body} AS body, trace_id, span_id, request_id
    FROM (
        SELECT r.*, t.text AS trace_id, s.text AS span_id, q.text AS request_id FROM lake.records AS r
        LEFT JOIN lake.ids AS t ON t.id = r.trace LEFT JOIN lake.ids AS s ON s.id = r.span LEFT JOIN lake.ids AS q ON q.id = r.request
    ) JOIN lake.formats AS f USING (format)
"""


def stored(store: Store, only: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """The records of a store (of some parts, or all) by part and offset, with their restored `bytes`."""
    pairs = [(n, Rendering.parse(text)) for n, text in store.con.execute("FROM lake.renderings").fetchall()]
    sql = _STORED.format(text=frame.restore(pairs), body=frame.with_ids("body"))
    where = "" if only is None else f"WHERE part IN {(*only, -1)}"
    rows = store.con.execute(f'SELECT * FROM ({sql}) {where} ORDER BY part, "offset"')
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def parts(store: Store, only: Sequence[int] | None = None) -> dict[int, bytes]:
    """Each part's restored bytes; fails where they are not one after the other, each once, from the first byte on."""
    whole: dict[int, bytes] = {}
    line: dict[int, int] = {}
    for record in stored(store, only):
        before = whole.get(record["part"], b"")
        assert record["offset"] == len(before), "a gap or an overlap"
        assert record["line"] == line.get(record["part"], 1), "line numbers do not follow"
        whole[record["part"]] = before + record["bytes"]
        line[record["part"]] = record["line"] + record["lines"]
    return whole


def content(store: Store) -> dict[str, list[Any]]:
    """All that a store says, in a form in which two stores with the same logs are equal."""
    rows = [tuple(record.values()) for record in stored(store)]
    hits = store.con.execute('SELECT part, "offset", timestamp, pattern, category, severity_number, captures FROM lake.hits ORDER BY ALL')
    activity = store.con.execute(
        "SELECT minute, part, shape, severity_number, sum(records) AS n FROM lake.activity GROUP BY ALL HAVING n <> 0 ORDER BY ALL"
    )
    return {
        "records": rows,
        "hits": [(*row[:-1], sorted((row[-1] or {}).items())) for row in hits.fetchall()],
        "activity": activity.fetchall(),
        "shapes": store.con.execute("SELECT shape, text FROM lake.shapes ORDER BY ALL").fetchall(),
    }
