"""A filter by service, host, pod, flag … finds just what the plain views say, whatever it knows beforehand."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import settings_for_tests

from logtriage.answers.search import page, search
from logtriage.answers.tally import count
from logtriage.ingest import Ingest
from logtriage.needles.needle import Needle
from logtriage.query.condition import inlined
from logtriage.query.field import parse_field
from logtriage.query.plan import plan
from logtriage.query.query import Query
from logtriage.sources.find import find
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.store.upkeep import compact, prune
from logtriage.store.views import create

DAY = dt.datetime(2026, 3, 4)
SERVICES = ("pay", "cart", "worker-1", "worker-2", "worker-30")
TEXTS = ("request done", "Connection refused", "connect timed out after 3 s", "GET /a 500", "cache hit")


def lines_of(rng: random.Random, start: int, count: int) -> dict[str, str]:
    """Logs of many services in one file, of programs on many hosts in one file, and of one pod a file."""
    shared, syslog, pods = [], [], {k: [] for k in range(3)}
    for k in range(start, start + count):
        moment = DAY + dt.timedelta(minutes=11 * k)
        level = rng.choice(("info", "warn", "error"))
        text = f"{rng.choice(TEXTS)} {k}"
        own = {"service": rng.choice(SERVICES)} if rng.random() < 0.8 else {}
        shared.append(json.dumps({"time": f"{moment.isoformat()}Z", "level": level, **own, "msg": text}))
        program = rng.choice(("sshd", "sshd", "sshd", "cron", "kernel"))
        said = f"Failed password for root from 10.0.0.{k % 9} port {k}" if program == "sshd" else text
        host = f"web-{rng.randrange(400)}" if program == "sshd" else "db"
        syslog.append(f"{moment:%b} {moment.day:2} {moment:%H:%M:%S} {host} {program}[{k}]: {said}")
        pods[rng.randrange(3)].append(f"{moment.isoformat()}Z stdout F {level.upper()} {text}")
    files = {"all.json": shared, "syslog": syslog}
    files |= {f"pods/shop_front-{k}abcd-x{k}zrt_9c4{k}/app/0.log": pods[k] for k in pods}
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def fill(folder: Path, files: dict[str, str]) -> None:
    """Appends to the files, and brings them up to date in the store."""
    for name, text in files.items():
        path = folder / "var" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text)
    with Store(folder / "store", write=True) as store:
        assert not Ingest(store, settings_for_tests()).run(find([str(folder / "var")]).sources).errors


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("facets")
    rng = random.Random(4)
    fill(folder, lines_of(rng, 0, 250))
    fill(folder, lines_of(rng, 250, 250))
    return folder


@pytest.fixture(scope="module", params=["ingested", "compacted", "pruned"])
def store(request: pytest.FixtureRequest, filled: Path) -> Iterator[Store]:
    """The same store, as it was written, then compacted, then with less in it."""
    if request.param != "ingested":
        with Store(filled / "store", write=True) as opened:
            compact(opened) if request.param == "compacted" else prune(opened, before=DAY + dt.timedelta(days=1))
    with Store(filled / "store") as opened:
        create(opened)
        yield opened


def globs() -> st.SearchStrategy[tuple[str, ...]]:
    names = [*SERVICES, "worker-*", "*", "sshd", "cron", "front", "shop", "web-1*", "db", "none", "worker-[12]"]
    return st.lists(st.sampled_from(names), min_size=1, max_size=2).map(tuple)


FIELDS = [
    "host=db",
    "host!=db",
    "host~=^web-.*7$",
    "pod~=front",
    "namespace=shop",
    "service!=pay",
    "source~=json",
    "container=app",
]
FLAGS = ["timeout", "generic.*", "*", "network.*", "none"]


def queries() -> st.SearchStrategy[Query]:
    single = st.one_of(
        globs().map(lambda names: Query(services=names)),
        st.sampled_from(FIELDS).map(lambda text: Query(fields=(parse_field(text),))),
        st.sampled_from(FLAGS).map(lambda flag: Query(flags=(flag,))),
        st.sampled_from([Query(level="warn"), Query(namespaces=("shop",)), Query(sources=("syslog",))]),
    )
    several = st.lists(single, max_size=2).map(tuple)
    text = st.sampled_from([None, "refused", "done 1", "GET"])
    return st.builds(
        lambda one, also, without, needle: replace(
            one, also=also, without=without, needle=Needle.of((needle,)) if needle else None
        ),
        single,
        several,
        several,
        text,
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queries())
def test_as_the_views_say(store: Store, query: Query) -> None:
    """What a search finds, what it counts and what its pages show is what the SQL on the plain views gives."""
    with Snapshot(store) as snapshot:
        want = store.con.execute(inlined(*query.sql('part, "offset"'))).fetchall()
        assert [(row.part, row.offset) for row in search(snapshot, query)] == want
        assert count(snapshot, query) == len(want)
        if want:
            assert [(row.part, row.offset) for row in page(snapshot, query, limit=5).rows] == want[:5]


def test_nothing_is_looked_at_in_vain(store: Store) -> None:
    """Where all records of a part and shape are alike, the rollup knows the answer; a name that is nowhere is found nowhere."""
    with Snapshot(store) as snapshot:
        for query in (Query(services=("front",)), Query(services=("cron",)), Query(namespaces=("shop",))):
            assert plan(snapshot, query).rolled
        assert not plan(snapshot, Query(services=("worker-1",))).rolled
        assert page(snapshot, Query(services=("nowhere",)), limit=1).rows == []


def test_many_values_are_not_told(store: Store) -> None:
    """However many hosts write to one log, the table stays small."""
    rows = store.con.execute("SELECT name, count(*), bool_or(many) FROM lake.facets GROUP BY name").fetchall()
    assert {name for name, _, many in rows if many} == {"host"}
    pairs = store.con.execute("SELECT count(DISTINCT (part, shape)) FROM lake.facets").fetchall()[0][0]
    assert sum(n for _, n, _ in rows) < 120 * pairs
