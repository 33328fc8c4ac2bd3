"""Every condition of a query holds of just those records whose JSON lines say so."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from stores import START, fill, json_records, write_sources

from logtriage.answers.search import search
from logtriage.answers.tally import count
from logtriage.errors import UsageError
from logtriage.needles.needle import Needle
from logtriage.query.condition import inlined
from logtriage.query.field import Field, parse_field
from logtriage.query.query import LEVELS, Query
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.store.views import create

Record = dict[str, Any]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("logs")
    fill(folder / "s", write_sources(folder))
    with Store(folder / "s") as opened:
        create(opened)
        yield opened


@pytest.fixture(scope="module")
def snapshot(store: Store) -> Iterator[Snapshot]:
    with Snapshot(store) as opened:
        yield opened


@pytest.fixture(scope="module")
def records(snapshot: Snapshot) -> list[Record]:
    return json_records(snapshot, Query())


def check(
    store: Store, snapshot: Snapshot, records: list[Record], query: Query, holds: Callable[[Record], bool]
) -> None:
    want = [(r["source"], r["offset"]) for r in records if holds(r)]
    assert [(row.source, row.offset) for row in search(snapshot, query)] == want
    sql, parameters = query.sql('source, "offset"')
    assert store.con.execute(inlined(sql, parameters)).fetchall() == want
    if not query.fields:
        assert count(snapshot, query) == len(want)


@pytest.mark.parametrize("level", LEVELS)
def test_level(store: Store, snapshot: Snapshot, records: list[Record], level: str) -> None:
    """`level` means at least; records without level never are."""
    check(store, snapshot, records, Query(level=level), lambda r: LEVELS.get(r["level"], 0) >= LEVELS[level])


@pytest.mark.parametrize(
    ("first", "last"), [(20, None), (None, 45), (20, 45), (0, 60), (21.5, 21.9), (100, 20_000), (9_000, None)]
)
def test_times(
    store: Store, snapshot: Snapshot, records: list[Record], first: float | None, last: float | None
) -> None:
    """Both bounds are included, and a record without time lies in no window."""
    since = START.replace(tzinfo=dt.UTC) + dt.timedelta(seconds=first) if first is not None else None
    until = START.replace(tzinfo=dt.UTC) + dt.timedelta(seconds=last) if last is not None else None

    def inside(record: Record) -> bool:
        if record["timestamp"] is None:
            return False
        moment = dt.datetime.fromisoformat(record["timestamp"][:26] + "+00:00")
        return (since is None or moment >= since) and (until is None or moment <= until)

    check(store, snapshot, records, Query(since=since, until=until), inside)
    moments = sorted(r["timestamp"] for r in records if inside(r))
    if moments:
        exactly = dt.datetime.fromisoformat(moments[0][:26] + "+00:00")
        check(
            store,
            snapshot,
            records,
            Query(since=exactly, until=exactly),
            lambda r: (r["timestamp"] or "")[:26] == moments[0][:26],
        )


@pytest.mark.parametrize("glob", ["app.log", "*app.log", "web/*", "*", "*.log", "nothing", "a[op]p.log", "box*"])
def test_sources(store: Store, snapshot: Snapshot, records: list[Record], glob: str) -> None:
    """A source glob fits the whole name, or the end of the path from a slash on."""

    def fits(record: Record) -> bool:
        name = record["source"]
        return fnmatchcase(name, glob) or fnmatchcase(name, f"*/{glob}")

    check(store, snapshot, records, Query(sources=(glob,)), fits)


def test_who(store: Store, snapshot: Snapshot, records: list[Record]) -> None:
    """Services, containers and namespaces are globs; several of a kind are alternatives, kinds add up."""
    services = {r["service"] for r in records}
    assert len(services) > 2
    check(
        store,
        snapshot,
        records,
        Query(services=("app", "dam*")),
        lambda r: r["service"] == "app" or (r["service"] or "").startswith("dam"),
    )
    check(
        store,
        snapshot,
        records,
        Query(services=("app",), level="error"),
        lambda r: r["service"] == "app" and r["level"] == "error",
    )
    check(store, snapshot, records, Query(containers=("*",)), lambda r: r["container"] is not None)
    check(store, snapshot, records, Query(namespaces=("x",)), lambda r: r["namespace"] == "x")
    check(store, snapshot, records, Query(parts=()), lambda r: False)


def test_flags(store: Store, snapshot: Snapshot, records: list[Record]) -> None:
    """A flag is named by its pattern's id or by its category, both as globs."""
    category = dict(store.con.execute("SELECT DISTINCT pattern, category FROM hits").fetchall())
    assert len(category) > 1
    for glob in [*sorted(category)[:2], *category.values(), "*time*", "*", "none"]:
        check(
            store, snapshot, records, Query(flags=(glob,)),
            lambda r, glob=glob: any(fnmatchcase(f, glob) or fnmatchcase(category[f], glob) for f in r["flags"]),
        )  # fmt: skip


def test_trace(store: Store, snapshot: Snapshot, records: list[Record]) -> None:
    """All records of a trace are found by its id."""
    ids = [r["trace_id"] for r in records if r["trace_id"]]
    assert ids
    for text in (ids[0], ids[-1], "0" * 32):
        check(store, snapshot, records, Query(trace=text), lambda r, text=text: r["trace_id"] == text)


def number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


@pytest.mark.parametrize(
    "text",
    [
        "status=404", "status!=200", "status>=400", "status<400", "took>2.25", "took<=2.25", "took=2.5",
        "account.id=7", "account.id>30", "account.name=ann", "account=ann", "account.name~=^a", "account.name!~=b",
        "stream=stdout", "path~=items/1", "logger=c.a.Pool", "logger!=c.a.Pool", "logger~=(?i)pool$",
        "client_ip=10.1.3.4", "bytes>300", "none=1", "none!=1", "level=error", "level!=error", "service=app",
        "msg~=retry", "format~=nginx|access", 'msg=retry "3" <b> é', "body~=^Order", "trace_id~=^[0-9a-f]{32}$",
        "took~=\\.5$", "stream!~=^std",
    ],
)  # fmt: skip
def test_fields(store: Store, snapshot: Snapshot, records: list[Record], text: str) -> None:
    """A field compares as text, as regex or as number; a record that does not have it never holds."""
    field = parse_field(text)

    def holds(record: Record) -> bool:
        value = record[field.name] if field.name in record else record["attributes"].get(field.name)
        if value is None:
            return False
        value = value if isinstance(value, str) else json.dumps(value)
        compared = number(value)
        match field.op:
            case "=" | "!=":
                return (value == field.value) == (field.op == "=")
            case "~=" | "!~=":
                return bool(re.search(field.value, value)) == (field.op == "~=")
            case ">=" | "<=" | ">" | "<" if compared is not None:
                wanted = float(field.value)
                return {
                    ">=": compared >= wanted,
                    "<=": compared <= wanted,
                    ">": compared > wanted,
                    "<": compared < wanted,
                }[field.op]
        return False

    check(store, snapshot, records, Query(fields=(field,)), holds)


def test_conditions_add_up(store: Store, snapshot: Snapshot, records: list[Record]) -> None:
    """All that is asked must hold at once."""
    query = Query(
        needle=Needle.of(["refused"]), level="error", sources=("app.log",), fields=(Field("logger", "=", "c.a.Pool"),)
    )
    check(
        store,
        snapshot,
        records,
        query,
        lambda r: r["source"].endswith("app.log") and r["level"] == "error" and "refused" in r["body"],
    )


@pytest.mark.parametrize("text", ["status", "=5", "a>x", "a~=(", "a~=(?=b)", "", "a<"])
def test_wrong_fields(text: str) -> None:
    """What is no comparison, or has a wrong number or regex, is told before anything runs."""
    with pytest.raises(UsageError):
        parse_field(text)


def test_wrong_level() -> None:
    """A level that is none is told at once."""
    with pytest.raises(UsageError):
        Query(level="loud")


def test_inlined_keeps_text_apart(store: Store) -> None:
    """Quotes and question marks in values stay values."""
    for value in ("it's ? '' \"?\"", "?", "a\nb", "\\"):
        assert store.con.execute(
            inlined('SELECT ?, \'?\', "?" FROM (SELECT 1 AS "?") WHERE ? = ?', [value, 1, 1])
        ).fetchall() == [(value, "?", 1)]


def test_attributes_of_long_documents_fit_into_memory(tmp_path: Path) -> None:
    """JSON records of a kilobyte are printed with their attributes: a document is not parsed, and held, for each key."""
    said = "".join(f"abc def {n} " for n in range(100))
    lines = [
        json.dumps({"time": f"2026-03-04T10:{n // 60:02}:{n % 60:02}Z", "n": n, "said": said}) for n in range(3000)
    ]
    (tmp_path / "app.log").write_text("\n".join(lines) + "\n")
    fill(tmp_path / "store", [tmp_path / "app.log"])
    with Store(tmp_path / "store") as opened, Snapshot(opened) as snapshot:
        records = json_records(snapshot, Query())
    assert [record["attributes"]["n"] for record in records] == list(range(3000))
