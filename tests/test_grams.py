"""What the bitmaps of a store say of numbers and ids keeps searches away from records, never from a hit."""

from __future__ import annotations

import datetime as dt
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import settings_for_tests, write_sources

from logtriage.answers.search import search
from logtriage.answers.tally import count
from logtriage.ingest import Ingest
from logtriage.needles.needle import Needle
from logtriage.query import walk
from logtriage.query.prefilter import Prefilter
from logtriage.query.query import Query
from logtriage.query.reach import Reach
from logtriage.query.way import Test as Asked
from logtriage.query.way import Way
from logtriage.query.windows import Pace
from logtriage.sources.find import find
from logtriage.store import bitmaps, cutting, file_grams, gist, grams
from logtriage.store import store as stores
from logtriage.store.files import File, reading
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.store.upkeep import compact, prune


def numbers(rng: random.Random, count: int) -> str:
    """Lines with numbers, addresses and ids of many lengths, in text, in JSON, in times and as trace ids."""
    lines = []
    for k in range(count):
        stamp = (dt.datetime(2026, 3, 4) + dt.timedelta(microseconds=rng.randrange(10**11))).isoformat()
        digits, hexes = str(rng.randrange(10 ** rng.randrange(3, 12))), f"{rng.getrandbits(rng.choice((40, 64))):x}"
        address = ".".join(str(rng.randrange(256)) for _ in range(4))
        lines.append(
            rng.choice(
                (
                    f"{stamp}Z INFO order {digits} from {address} done",
                    f"{stamp}Z WARN took {digits}.{k} ms trace_id={rng.getrandbits(128):032x} key {hexes.upper()}",
                    f'{{"time": "{stamp}{k % 1000:03}Z", "level": "info", "msg": "user {digits} \\"{hexes}\\" at {address}"}}',
                    f"no time {digits}-{hexes} {hexes}{digits}",
                )
            )
        )
    return "\n".join(lines) + "\n"


def ingest(folder: Path, store: Path | None = None) -> None:
    """The logs in `var` of a folder → a store, that in the folder if none is named."""
    with Store(store or folder / "store", write=True) as opened:
        assert not Ingest(opened, settings_for_tests()).run(find([str(folder / "var")]).sources).errors


@pytest.fixture(scope="module")
def commits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of logs, `var`, and a `store` of three commits of them, of which the second was too small for bitmaps."""
    folder, rng = tmp_path_factory.mktemp("grams"), random.Random(3)
    write_sources(folder / "var")
    with pytest.MonkeyPatch.context() as patched:
        for few in (0, 1_000_000, 0):
            patched.setattr(grams, "_FEW", few)
            for name in "ab":
                with (folder / "var" / name).open("a") as file:
                    file.write(numbers(rng, 60))
            ingest(folder)
    return folder


@pytest.fixture(scope="module", params=["ingested", "compacted", "grown", "pruned", "of before"])
def snapshot(
    request: pytest.FixtureRequest, commits: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Snapshot]:
    """A copy of that store, as it is or as something was done with it."""
    folder = Path(shutil.copytree(commits / "store", tmp_path_factory.mktemp("copy") / "store"))
    with Store(folder, write=True) as store:
        match request.param:
            case "compacted":
                compact(store)
            case "pruned":
                prune(store, before=dt.datetime(2026, 3, 4, 9))
            case "of before":
                store.con.execute("DROP TABLE lake.grams")
    if request.param == "grown":
        for seed, lines in ((4, 3), (5, 600)):
            with Store(folder, write=True) as store:
                compact(store)
            with (commits / "var" / "a").open("a") as file:
                file.write(numbers(random.Random(seed), lines))
            ingest(commits, folder)
    with Store(folder) as store, Snapshot(store) as opened:
        yield opened


def test_files_are_named_where_they_hold_all(snapshot: Snapshot) -> None:
    """Files that are read by name, with what the catalog keeps itself and without what was removed, hold just the records that
    DuckLake tells, and what is told of their columns is so."""
    con = snapshot.con
    for table, files in (("records", snapshot.files), ("ids", snapshot.id_files)):
        assert files is not None
        columns = ", ".join(f'"{column}"' for column, *_ in con.execute(f"DESCRIBE lake.{table}").fetchall())
        known, told = (f"SELECT {columns} FROM {relation}" for relation in (f"lake.{table}", reading(files)))
        assert con.execute(f"{known} EXCEPT ALL ({told})").fetchall() == []
        assert con.execute(f"{told} EXCEPT ALL ({known})").fetchall() == []
    for file in snapshot.files or ():
        columns = ("part", "offset", "shape", "trace", "span", "request")
        distinct = ", ".join(f'array_agg(DISTINCT "{column}")' for column in columns)
        (held,) = con.execute(f"SELECT {distinct} FROM {reading([file])}").fetchall()
        for column, values in zip(columns, held, strict=True):
            assert all(file.may_hold(column, [(value, value)]) for value in values or () if value is not None)


@pytest.fixture(scope="module")
def raws(snapshot: Snapshot) -> dict[tuple[int, int], str]:
    rows = search(snapshot, Query()).tuples("part", '"offset"', "raw", "exact")
    return {(part, offset): raw for part, offset, raw, exact in rows if exact is None}


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_finds_all_that_hold_it(snapshot: Snapshot, raws: dict[tuple[int, int], str], data: st.DataObject) -> None:
    """Whatever piece of whatever record is looked for, with a digit changed or not: just those are found that hold it, and
    counted, in all and for each source."""
    text = data.draw(st.sampled_from(sorted(raw for raw in raws.values() if raw.strip())))
    start = data.draw(st.integers(0, max(0, len(text) - 6)))
    piece = text[start : start + data.draw(st.sampled_from((2, 3, 6, 7, 9, 16, 32)))].split("\n")[0]
    if data.draw(st.booleans()):
        piece = piece.translate({ord("3"): "4"})
    folded = data.draw(st.booleans())
    if folded:
        piece = piece.upper()
    query = Query(needle=Needle.of([piece], fixed=True, ignore_case=folded))
    every = list(search(snapshot, query).tuples("part", '"offset"'))
    found = {place for place in every if place in raws}
    among = (lambda raw: raw.lower()) if folded else (lambda raw: raw)
    assert found == {place for place, raw in raws.items() if among(piece) in among(raw)}
    assert count(snapshot, query) == len(every)
    names = {part.part: part.source for part in snapshot.catalog.parts}
    told: Counter[str] = Counter()
    for one in search(snapshot, query).sources():
        told[one.source] += one.records
    assert told == Counter(names[part] for part, _ in every)


def test_hits_are_taken_by_and_by(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few records at a time, from the first on or from the last back, the hits are the same ones in the same order; no more than
    so many are put together at once, if there are weak tests."""
    pace_of, fetched, told = walk.pace_of, walk.fetched, [0, 0]

    def slow(*about: Any, **how: Any) -> Pace:
        pace = pace_of(*about, **how)
        pace.at_once = 30
        return pace

    def counted(result: Any) -> Iterator[tuple[Any, ...]]:
        rows = list(fetched(result))
        told[query.needle.invert] = max(told[query.needle.invert], len(rows))
        return iter(rows)

    columns = ("part", '"offset"', "timestamp", "raw")
    for text, flags in (
        ("1", {}),
        ("10", {"word": True}),
        ("took 1", {}),
        ("AB", {"ignore_case": True}),
        ("0", {"invert": True}),
    ):
        query = Query(needle=Needle.of([text], **flags))
        every = list(search(snapshot, query).tuples(*columns))
        with monkeypatch.context() as patched:
            for name, value in (("MOST", 120), ("_FIRST", 1), ("_GROWTH", 4)):
                patched.setattr(walk, name, value)
            patched.setattr(walk, "pace_of", slow)
            patched.setattr(walk, "fetched", counted)
            assert list(search(snapshot, query).tuples(*columns)) == every
            assert list(search(snapshot, replace(query, limit=5)).tuples(*columns)) == every[:5]
            assert list(search(snapshot, replace(query, tail=5)).tuples(*columns)) == every[-5:]
            assert list(search(snapshot, replace(query, order="source")).tuples(*columns)) == sorted(
                every, key=itemgetter(0, 1)
            )
    assert 20 < told[False] <= 30


def test_what_is_nowhere_is_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number or an id that no record holds: the store knows without looking at one, but the last commit's, too small for
    bitmaps, of which only those are looked at that it has."""
    monkeypatch.setattr(grams, "_FEW", 10)
    (tmp_path / "var").mkdir()
    for name in "ab":
        (tmp_path / "var" / name).write_text(numbers(random.Random(name), 50))
    ingest(tmp_path)

    def ways(text: str) -> list[Way]:
        with Store(tmp_path / "store") as store, Snapshot(store) as snapshot:
            shapes = store.con.execute("SELECT shape, text FROM lake.shapes WHERE shape > 0").fetchall()
            return Prefilter(snapshot, Needle.of([text], fixed=True), snapshot.files).ways(shapes) or []

    absent = ("99999199999", "255.255.253.255", "0123456789abcdef0123456789abcdef")
    assert not any(map(ways, absent))
    with Store(tmp_path / "store", write=True) as store:
        compact(store)
        assert store.con.execute(f"FROM lake.grams WHERE part = {grams.IDS}").fetchall() == []
    assert not any(map(ways, absent))
    with (tmp_path / "var" / "b").open("a") as file:
        file.write("order 99999199999\n")
    ingest(tmp_path)
    assert ways(absent[0])
    assert all(file.table for way in ways(absent[0]) for file in way.files or ())
    with Store(tmp_path / "store") as store:
        assert count(store, Query(needle=Needle.of([absent[0]]))) == 1


def test_a_file_of_many_parts_is_known_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a compacted store, whose files have records of several sources, a number is looked for in those files alone that may
    hold it; to compact it again changes nothing."""
    monkeypatch.setattr(cutting, "_ROWS", 40)
    monkeypatch.setattr(cutting, "_FEW", 20)
    monkeypatch.setattr(stores, "INLINE", 0)
    (tmp_path / "var").mkdir()
    for name in "ab":
        lines = (f"2026-03-04 10:{k:02}:00 INFO order {name} {4_000_000 + k * 7_919}\n" for k in range(60))
        (tmp_path / "var" / name).write_text("".join(lines))
        ingest(tmp_path)
        with Store(tmp_path / "store", write=True) as store:
            compact(store)
    told = []
    for _ in range(2):
        with Store(tmp_path / "store", write=True) as store:
            compact(store)
            told.append(store.con.execute("FROM lake.grams ORDER BY ALL").fetchall())
            told.append([(tmp_path / "store" / file_grams.NAME).read_bytes()])
    assert told[:2] == told[2:] and told[0] == []
    with Store(tmp_path / "store") as store, Snapshot(store) as snapshot:
        files, shapes = snapshot.files or [], snapshot.con.execute("SELECT shape, text FROM lake.shapes").fetchall()
        assert len(files) == 3

        def held(number: int) -> set[str]:
            ways = Prefilter(snapshot, Needle.of([str(number)], fixed=True), snapshot.files).ways(shapes) or []
            return {file.path for way in ways for file in way.files or ()}

        assert [len(held(4_000_000 + k * 7_919)) for k in (0, 30, 59)] == [1, 1, 1]
        assert not held(9_876_543)
        assert count(snapshot, Query(needle=Needle.of(["4000000"]))) == 2


def test_what_files_tell_may_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a compacted store each number and id is found without opening the database; where what its files tell is damaged, or
    gone, the same is found."""
    monkeypatch.setattr(grams, "_FEW", 10)
    monkeypatch.setattr(grams, "_IDS_EACH", 16)
    monkeypatch.setattr(stores, "INLINE", 0)
    (tmp_path / "var").mkdir()
    for name in "ab":
        (tmp_path / "var" / name).write_text(numbers(random.Random(name), 50))
        ingest(tmp_path)
    with Store(tmp_path / "store", write=True) as store:
        compact(store)
    lines = [line for name in "ab" for line in (tmp_path / "var" / name).read_text().splitlines()]
    words = [word for line in lines[::9] for word in re.findall("[0-9a-f.]{7,}", line)]
    told = tmp_path / "store" / file_grams.NAME
    whole = told.read_bytes()
    for damaged in (whole, b"", b"{}", b'{"a": [[0, 0, 0, 0, 1]]}\n', b'{"a": 7}\n', whole[:-1], None):
        told.write_bytes(damaged or b"")
        if damaged is None:
            told.unlink()
        with Store(tmp_path / "store", told=gist.read(tmp_path / "store")) as store, Snapshot(store) as snapshot:
            if damaged == whole:
                monkeypatch.setattr(store, "attach", None)
            for word in words if damaged == whole else words[::4]:
                found = search(snapshot, Query(needle=Needle.of([word], fixed=True))).tuples("raw")
                every = [line for (raw,) in found for line in raw.split("\n") if word in line]
                assert sorted(every) == sorted(line for line in lines if word in line)


def test_what_is_looked_for_may_read_like_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that are tables of the store as well do not have it opened, where files tell the answer."""
    monkeypatch.setattr(stores, "INLINE", 0)
    (tmp_path / "var").mkdir()
    for name in "ab":
        lines = (f"2026-03-04 10:{k:02}:00 INFO {name} lake.ids had {4_000_000 + k} bare hits\n" for k in range(60))
        (tmp_path / "var" / name).write_text("".join(lines))
    ingest(tmp_path)
    with Store(tmp_path / "store", write=True) as store:
        compact(store)
    with Store(tmp_path / "store", told=gist.read(tmp_path / "store")) as store, Snapshot(store) as snapshot:
        monkeypatch.setattr(store, "attach", None)
        found = search(snapshot, Query(needle=Needle.of(["lake.ids had 4000007 bare hits"], fixed=True)))
        assert [row[0].split()[3:] for row in found.tuples("raw")] == [
            [name, "lake.ids", "had", "4000007", "bare", "hits"] for name in "ab"
        ]


def test_a_store_that_moved_on_is_seen_as_its_gist_has_it(tmp_path: Path) -> None:
    """Who has read the gist and then opens the store sees no record that came meanwhile."""
    (tmp_path / "var").mkdir()
    log = tmp_path / "var" / "a.log"
    for seen, more in (
        (1, "2026-03-04 10:00:00 INFO order 7031400\n"),
        (1, "2026-03-04 10:00:01 INFO order 7031400\n"),
    ):
        with log.open("a") as file:
            file.write(more)
        told = gist.read(tmp_path / "store") if "01 INFO" in more else None
        ingest(tmp_path)
        told = told or gist.read(tmp_path / "store")
        with Store(tmp_path / "store", told=told) as store, Snapshot(store) as snapshot:
            assert count(snapshot, Query(needle=Needle.of(["7031400"]))) == seen
            assert snapshot.con.execute("SELECT count(*) FROM lake.records").fetchall() == [(seen,)]


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Snapshot, list[str]]]:
    """A log in which a `-` joins the ids of a trace and a span, and others in which more is joined to them or to none."""
    folder, rng, lines = tmp_path_factory.mktemp("joined"), random.Random(9), []
    (folder / "var").mkdir()
    for k in range(120):
        trace, span, other = (f"{rng.getrandbits(size):0{size // 4}x}" for size in (128, 64, 40))
        both = rng.choice((f"{trace}-{span}", f"{trace}-{span}", " " * 49))
        said = rng.choice((f"Captured {k}.59 EUR, id pay_{other}", f"Webhook {other}-{k} of klarna", "pool is idle"))
        lines.append(
            f"2026-01-14T02:53:{k // 10 % 60:02}.{rng.randrange(1000):03}Z  INFO 1 --- [payment] [nio-8080-exec-{k % 9}] [{both}] "
            f"c.s.payment.core.PaymentService          : {said}"
        )
    (folder / "var" / "payment.log").write_text("\n".join(lines) + "\n")
    ingest(folder)
    with Store(folder / "store") as store, Snapshot(store) as opened:
        yield opened, lines


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_piece_of_ids_that_are_joined(joined: tuple[Snapshot, list[str]], data: st.DataObject) -> None:
    """Where a `-` joins ids, any piece of one or of both is found, in whatever case, and of a whole id no other record is
    looked at."""
    snapshot, lines = joined
    texts = [line.split("[")[3].split("]")[0] for line in lines]
    text = data.draw(st.sampled_from([text for text in texts if text.strip()]))
    start, size = data.draw(st.integers(0, 48)), data.draw(st.sampled_from((1, 2, 5, 16, 20, 49)))
    trace, span = text.split("-")
    piece = data.draw(st.sampled_from((text[start : start + size], trace, span, text, "-", f"{trace[-3:]}-{span[:4]}")))
    folded = data.draw(st.booleans())
    needle = Needle.of([piece.upper() if folded else piece], fixed=True, ignore_case=folded)
    found = [raw for (raw,) in search(snapshot, Query(needle=needle)).tuples("raw")]
    assert sorted(found) == sorted(line for line in lines if piece in (line.lower() if folded else line))
    if piece in (trace, span, text):
        ways = Prefilter(snapshot, needle, snapshot.files).ways(snapshot.shapes) or []
        rows = [snapshot.con.execute(f"FROM {way.records} WHERE {way.sql}").fetchall() for way in ways]
        assert [len(some) for some in rows] == [1]


def test_a_column_is_looked_at_once() -> None:
    """The same test of records here and there is one way to find them all; where it is made of all shapes anyway, it is not made
    of some of them besides, but where other files have these."""
    shapes = range(1, 40)
    files = [File(str(part), {"part": (part, part), "shape": (1, 39), "offset": (0, 99)}) for part in (1, 2, 3)]
    known = SimpleNamespace(
        records={(part, shape): 1 for part in (1, 2, 3) for shape in shapes}, grams={}, file_grams={}, ends={}
    )
    test, none = Asked("trace BETWEEN 1 AND 1"), frozenset[str]()
    cases: dict[tuple[Asked, frozenset[str]], set[tuple[int, int]]] = {
        (test, none): {(1, shape) for shape in shapes},
        (test, frozenset("a")): {(2, shape) for shape in shapes},
        (test, frozenset("b")): {(1, 5), (2, 5)},
        (test, frozenset("c")): {(3, 7)},
    }
    ways = Reach(cast("Snapshot", known), files).of(cases, 12, in_files=True)
    assert {way.sql: sorted(file.path for file in way.files or ()) for way in ways} == {
        "(trace BETWEEN 1 AND 1)": ["1", "2"],
        "(shape BETWEEN 7 AND 7) AND (trace BETWEEN 1 AND 1)": ["3"],
    }


def test_where_nothing_tells_but_the_shape() -> None:
    """Records of many shapes, of which no test lets any go, are found by their shapes: not all of a store is looked at for them."""
    files = [File("1", {"part": (1, 1), "shape": (1, 99), "offset": (0, 99)})]
    known = SimpleNamespace(
        records={(1, shape): 1 for shape in range(1, 99)}, grams={}, file_grams={}, ends={},
        execute=lambda *_: SimpleNamespace(fetchall=lambda: [("1", 0)] * 9_999),
    )  # fmt: skip
    own = {(1, shape) for shape in range(2, 99, 2)}
    for in_files in (True, False):
        (way,) = Reach(cast("Snapshot", known), files).of({(Asked("true"), frozenset()): own}, 12, in_files=in_files)
        assert f"shape IN ({', '.join(str(shape) for _, shape in sorted(own))})" in way.sql


def test_a_record_that_grew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last record of a file, read again with the lines that were added to it, is found by these too."""
    monkeypatch.setattr(grams, "_FEW", 3)
    (tmp_path / "var").mkdir()
    log = tmp_path / "var" / "a.log"
    log.write_text("".join(f"2026-03-04 10:00:0{k} ERROR failed order 100200{k}\n" for k in range(8)))
    ingest(tmp_path)
    with log.open("a") as file:
        file.write("  at order 7031400\n")
    ingest(tmp_path)
    with Store(tmp_path / "store") as store:
        (row,) = search(store, Query(needle=Needle.of(["7031400"])))
        assert row.lines == 2


def test_what_files_do_not_hold(tmp_path: Path) -> None:
    """A store is read by its files, and by what the catalog keeps where a few records have come."""
    (tmp_path / "var").mkdir()
    log = tmp_path / "var" / "a.log"
    log.write_text("".join(f"2026-03-04 10:00:00 INFO order {k}\n" for k in range(900)))
    for more in ("", "2026-03-04 10:00:01 INFO order 900\n"):
        with log.open("a") as file:
            file.write(more)
        ingest(tmp_path)
        with Store(tmp_path / "store") as store, Snapshot(store) as snapshot:
            assert any(file.table for file in snapshot.files or ()) == bool(more)
            assert count(snapshot, Query(needle=Needle.of(["order 90"]))) == 1 + bool(more)


def test_places_where_nothing_is_known_are_looked_at() -> None:
    """Between, before and behind what bitmaps tell of, anything may be; where two tell of one place, either may hold it."""
    rows = [
        grams.Row(1, first, last, 9, b"\1\xff" if last % 2 else b"\1\0")
        for first, last in ((10, 19), (15, 40), (50, 60))
    ]
    holds = grams.places(rows, lambda row: row.may_hold(["123456"]), 99)
    assert holds == [(0, 19), (41, 49), (61, 99)]
    assert grams.places(rows[1:2], lambda row: row.may_hold(["123456"]), 40) == [(0, 14)]


_RUNS = st.text(st.sampled_from("0123456789abcdefABCDEF.gxé -"), max_size=24)


@given(texts=st.lists(st.none() | _RUNS), kind=st.sampled_from([pa.string(), pa.large_string()]))
def test_all_grams_are_found_at_once(texts: list[str | None], kind: pa.DataType) -> None:
    """Those of many texts are those of each, none of what stands in two; and a bitmap of them holds all."""
    found = bitmaps.grams(pa.array(texts, kind))
    wanted = grams.grams_of(text for text in texts if text)
    assert sorted(found.to_pylist()) == sorted(bitmaps.hash_of(gram.encode()) for gram in wanted)
    bits = bitmaps.bitmap(found)
    assert bits is not None
    assert grams.Row(1, 0, 9, 0, b"\1" + bits).may_hold(wanted)
    assert sum(byte.bit_count() for byte in bits) <= len(wanted)


_IDS = st.text(st.sampled_from("0148cdegPfABx.é -@5"), max_size=24)


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | _RUNS, st.none() | _RUNS), min_size=1, max_size=12))
def test_grams_of_several_owners_are_told_apart(rows: list[tuple[int, str | None, str | None]]) -> None:
    """Each owner has the grams that its own texts have by themselves."""
    owners = pa.array([owner for owner, _, _ in rows], pa.int32())
    columns = [pa.array([row[k] for row in rows], pa.large_string()) for k in (1, 2)]
    found = bitmaps.grams_of_each(columns, owners, 4)
    for owner, hashes in enumerate(found):
        own = [text for of, *texts in rows if of == owner for text in texts]
        alone = bitmaps.grams(pa.array(own, pa.large_string())).to_pylist() if own else []
        assert sorted(hashes.to_pylist()) == sorted(alone)


@given(ids=st.lists(_IDS.filter(bool), max_size=9), folded=st.booleans(), data=st.data())
def test_ids_are_known_by_their_pieces(ids: list[str], folded: bool, data: st.DataObject) -> None:
    """The bitmap of ids holds all that is asked of any part of one, in whatever case; without a bitmap all may be there."""
    bits = bitmaps.bitmap(bitmaps.of_ids(pa.array(ids, pa.large_string())))
    assert bits is not None
    for text in ids:
        part = text[data.draw(st.integers(0, len(text))) : data.draw(st.integers(0, len(text)))]
        pieces = grams.pieces_of_id(part.upper() if folded and part.isascii() else part, folded=folded)
        assert grams.Row(grams.IDS, 1, 9, 24, b"\2" + bits).may_hold_id(len(part), pieces)
        assert grams.Row(grams.IDS, 1, 9, 24, b"\1" + bytes(len(bits))).may_hold_id(len(part), pieces)


def test_an_id_that_is_nowhere() -> None:
    """Of many ids the bitmap tells that a part of another one is in none."""
    rng = random.Random(5)
    ids = [f"{rng.getrandbits(128):032x}" for _ in range(20_000)]
    bits = bitmaps.bitmap(bitmaps.of_ids(pa.array(ids, pa.large_string())), dense=True)
    assert bits is not None
    row = grams.Row(grams.IDS, 1, 20_000, 32, b"\2" + bits)
    absent = [f"{rng.getrandbits(64):016x}" for _ in range(500)]
    assert sum(row.may_hold_id(16, grams.pieces_of_id(one, folded=False)) for one in absent) < 150
    assert not row.may_hold_id(33, ())


def test_bitmaps_of_before() -> None:
    """Rows that older versions wrote, with MD5 as the hash, still tell what is there and what is not."""
    con = duckdb.connect()
    sql = "SELECT bitstring_agg((md5_number_lower(gram) % 1024)::INTEGER, 0, 1023)::BLOB FROM (VALUES ('123456'), ('a0.b1c')) AS t(gram)"
    row = grams.Row(1, 0, 9, 9, con.execute(sql).fetchall()[0][0])
    assert row.may_hold(["123456", "a0.b1c"])
    assert not row.may_hold(["123457"])
