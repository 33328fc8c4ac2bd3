"""How the engine's tests feed files in and look at what came of them: records as printed, all that a store holds."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import Phase, settings

from logtriage import jsonl, normalise, small
from logtriage.formats.format import load_formats
from logtriage.ingest import Ingest, Tally
from logtriage.normalise import Normaliser, Settings
from logtriage.signatures.library import Pattern
from logtriage.sources import read
from logtriage.sources.find import find
from logtriage.store import views
from logtriage.store.connection import connect
from logtriage.store.store import Store

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def examples(few: int) -> settings:
    """Settings for a test whose examples are dear: `few` of them, not made smaller where one fails.

    In the thorough profile there are ten times as many, and they are.
    """
    if os.environ.get("HYPOTHESIS_PROFILE") == "thorough":
        return settings(max_examples=few * 10)
    return settings(max_examples=few, phases=[Phase.explicit, Phase.reuse, Phase.generate])


def reading(
    patterns: Sequence[Pattern] = (), *, zone: str = "UTC", now: datetime | None = NOW, form: str | None = None
) -> Settings:
    """Settings with all shipped formats, by default without patterns, at a fixed moment."""
    return Settings(load_formats(examples=False), patterns, zone=zone, now=now, format=form)


def set_block_size(patch: pytest.MonkeyPatch, size: int) -> None:
    """Makes all that is read come in blocks of about `size` bytes."""
    patch.setattr(normalise, "blocks", lambda source, **how: read.blocks(source, **{**how, "size": size}))
    patch.setattr(small, "SMALL", min(small.SMALL, size))


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
                for text in jsonl.lines(con, [source], normaliser.records.chains)
            ]
    finally:
        con.close()


def ingest(store: Store, *paths: Path, how: Settings | None = None) -> Tally:
    """Brings files up to date in an open store, as a new run of the program would."""
    return Ingest(store, how or reading()).run(find([str(path) for path in paths]).sources)


_COLUMNS = """part, "offset", line, lines, bytes, timestamp, nanos, level, severity_text, format, shape, flags,
    service, host, container, pod, namespace, trace_id, span_id, request_id, body, raw"""


def stored(store: Store, only: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """The records of a store (of some parts, or all) by part and offset, with their restored `bytes`."""
    con = store.con.cursor()  # the views have names that a running ingest uses
    views.create(cast(Store, SimpleNamespace(con=con)))
    where = "" if only is None else f"WHERE part IN {(*only, -1)}"
    rows = con.execute(f'SELECT {_COLUMNS} FROM records {where} ORDER BY part, "offset"')
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def numbers(store: Store, path: Path) -> list[int]:
    """The parts that a file is, or was, in a store: the oldest first."""
    return [
        n
        for (n,) in store.con.execute(
            "SELECT part FROM lake.parts WHERE path = ? ORDER BY part", [str(path)]
        ).fetchall()
    ]


def parts(store: Store, only: Sequence[int] | None = None) -> dict[int, bytes]:
    """Each part's restored bytes; fails where they are not one after the other, each once, from the first byte on."""
    whole: dict[int, bytes] = {}
    lines: dict[int, range] = {}  # where the next record may begin
    for record in stored(store, only):
        before = whole.get(record["part"], b"")
        assert record["offset"] == len(before), "a gap or an overlap"
        assert record["line"] in lines.get(record["part"], (1,)), "line numbers do not follow"
        whole[record["part"]] = before + record["bytes"]
        # Blank lines behind a record are among its bytes, but it does not span them; in UTF-16 the byte of a newline may
        # be half of another character.
        most = max(record["bytes"].count(b"\n"), record["lines"])
        exact = most if b"\0" not in record["bytes"] else record["lines"]
        exact -= (
            not record["bytes"].rstrip(b"\0").endswith(b"\n")
        )  # a piece of a line that was cut: the next is of it too
        lines[record["part"]] = range(record["line"] + exact, record["line"] + most + 1)
    return whole


def content(store: Store, only: Sequence[int] | None = None) -> dict[str, list[Any]]:
    """All that a store says (of some parts, or all), in a form in which two stores with the same logs are equal."""
    records = stored(store, only)
    place = {part: k for k, part in enumerate(dict.fromkeys(record["part"] for record in records))}
    columns = 'part, "offset", timestamp, pattern, category, severity_number, captures'
    hits = store.con.execute(f"SELECT {columns} FROM lake.hits ORDER BY ALL").fetchall()
    activity = store.con.execute(
        "SELECT part, minute, shape, severity_number, sum(records) AS n FROM lake.activity "
        "GROUP BY ALL HAVING n <> 0 ORDER BY ALL"
    ).fetchall()
    used = {record["shape"] for record in records}
    return {
        "records": [(place[record.pop("part")], *record.values()) for record in records],
        "hits": [(place[row[0]], *row[1:-1], sorted((row[-1] or {}).items())) for row in hits if row[0] in place],
        "activity": [(place[row[0]], *row[1:]) for row in activity if row[0] in place],
        "shapes": [
            row
            for row in store.con.execute("SELECT shape, text FROM lake.shapes ORDER BY ALL").fetchall()
            if row[0] in used
        ],
    }
