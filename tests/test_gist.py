"""What the gist of a store tells is what its records say; one that may be of an earlier state is never used."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import environment, logtriage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import START, fill, settings_for_tests, write_sources

from logtriage.answers.search import Answer
from logtriage.cli import main
from logtriage.errors import UsageError
from logtriage.ingest import Ingest
from logtriage.needles.needle import Needle
from logtriage.query import by_gist
from logtriage.query.query import LEVELS, Query
from logtriage.sources.find import find
from logtriage.store import distil, files, gist
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.store.upkeep import compact, prune
from logtriage.store.verify import check

WORDS = [
    "timed out", "timed", "Timed OUT", "refused", "Order", "placed in", "5432", "#", "é", "grüße", "caf", "begins",
    "Main", "nowhere", "GET", "items", "retry", "trace_id", "dead", "x1", "INFO", "^2026", "$", "", "a.b", "(?i)übung",
    "java.net.ConnectException: Connection refused", "request failed: Connection refused", "nowhere to be found", "HTTP/1.1", "curl", "a\\x00b", "no end", "fine",
]  # fmt: skip


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sources(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def filled(logs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its gist."""
    folder = tmp_path_factory.mktemp("filled") / "st"
    fill(folder, logs)
    return folder


@pytest.fixture(scope="module")
def told(filled: Path) -> gist.Gist:
    found = gist.read(filled)
    assert found
    return found


@pytest.fixture(scope="module")
def store_opened(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A copy of it, which is open: by `gist.read` nobody may look at a store that the same process has open."""
    with Store(shutil.copytree(filled, tmp_path_factory.mktemp("copy") / "st")) as store:
        yield store


@pytest.fixture(scope="module")
def opened(store_opened: Store) -> Iterator[Snapshot]:
    with Snapshot(store_opened) as snapshot:
        assert snapshot.gist
        yield snapshot


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """What grep may ask: patterns with all options, a level, a span of time."""
    flags = draw(st.fixed_dictionaries({name: st.booleans() for name in ("fixed", "ignore_case", "invert")}))
    flags |= {draw(st.sampled_from(("word", "line", "smart_case"))): draw(st.booleans())}
    moments = st.none() | st.integers(-60, 900).map(lambda s: (START + timedelta(seconds=s)).replace(tzinfo=UTC))
    patterns = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2))
    try:
        needle = Needle.of(patterns, **flags)
    except UsageError:
        needle = Needle.of(["timed out"])
    return Query(needle, draw(moments), draw(moments), draw(st.none() | st.sampled_from(list(LEVELS))))


@given(query=queries())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_gist_tells_what_the_records_say(told: gist.Gist, opened: Snapshot, query: Query) -> None:
    """What is told of each source without the records is what is found in them: how many, the first and the last."""
    short = by_gist.found(told, query)
    if short is not None:
        assert _summed(short) == _summed(Answer(opened, query).sources())


def _summed(found: object) -> dict[tuple[str, str | None], tuple[int, datetime | None, datetime | None]]:
    records: Counter[tuple[str, str | None]] = Counter()
    times: dict[tuple[str, str | None], list[datetime]] = {}
    for one in found:  # type: ignore[attr-defined]
        records[one.source, one.level] += one.records
        times.setdefault((one.source, one.level), []).extend(t for t in (one.first, one.last) if t)
    return {key: (n, min(times[key], default=None), max(times[key], default=None)) for key, n in records.items() if n}


@pytest.fixture(scope="module")
def without(store_opened: Store) -> Iterator[Snapshot]:
    """The same snapshot, with nothing taken from the gist."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gist, "of", lambda con, folder: None)
        snapshot = Snapshot(store_opened)
    with snapshot:
        yield snapshot


@given(query=queries(), limit=st.none() | st.integers(1, 30), order=st.sampled_from(("time", "source")))
@settings(max_examples=30, deadline=None)
def test_the_same_records_are_found_without(
    opened: Snapshot, without: Snapshot, query: Query, limit: int | None, order: str
) -> None:
    """What the gist spares a search of the store changes neither its records nor their order."""
    query = replace(query, limit=limit, order=order)
    columns = ("part", '"offset"', "timestamp", "level", "raw")
    assert list(Answer(opened, query).tuples(*columns)) == list(Answer(without, query).tuples(*columns))
    counted = [_summed(Answer(snapshot, query).sources()) for snapshot in (opened, without)]
    assert counted[0] == counted[1]


def test_a_store_is_opened_as_without(told: gist.Gist, opened: Snapshot, without: Snapshot) -> None:
    """What a snapshot of an open store takes from the gist is what its tables say."""
    assert told.parts and told.formats and told.renderings
    assert (opened.catalog, opened.records, opened.minutes) == (without.catalog, without.records, without.minutes)
    assert sorted(opened.shapes) == sorted(without.shapes)
    assert (opened.runs, opened.ends) == (without.runs, without.ends)
    for places, same in ((opened.files, without.files), (opened.id_files, without.id_files)):
        assert [file.path for file in places or ()] == [file.path for file in same or ()]


def test_shapes_do_decide(told: gist.Gist) -> None:
    """The gist is of use: words and texts that are nowhere need no look at a record, also beside damaged ones."""
    assert told.singles
    for pattern in ("nowhere to be found", "Connect timed out after", "pool - request failed: connection refused", ""):
        assert by_gist.found(told, Query(Needle.of([pattern], ignore_case=True))) is not None
    assert by_gist.found(told, Query(Needle.of(["5432"]))) is None  # in a number, which shapes do not tell


NOWHERE, FAILED = "nowhere to be found", "- request failed: Connection refused"
ASKED = [
    [NOWHERE], [NOWHERE, "--output", "csv"], [NOWHERE, "--output", "jsonl"], ["-c", "refused"], ["-l", FAILED],
    ["-q", FAILED], ["-q", NOWHERE], ["-ci", "TIMED OUT"], ["-cw", "timed"], ["-cv", "timed out"], ["-lv", ""],
    ["-c", FAILED, "-m", "3"], ["-c", FAILED, "-h"], ["-l", FAILED, "-0"], ["-c", ""], ["refused", "-m", "1"],
    ["-c", FAILED, "--level", "error"], ["-c", FAILED, "--level", "warn,error"], ["-c", FAILED, "--utc"],
    ["-c", NOWHERE, "--since", "2026-03-04T10:00Z"], ["-c", FAILED, "--since", "1h", "--now", "2026-03-04T12:00Z"],
    ["-c", FAILED, "--since", "2026-03-04T09:00Z", "--tz", "Asia/Tokyo"], ["-c", FAILED, "--until", "start+1m"],
    ["-c", "5432"], ["-c", "timed", "--source", "app.log"], ["-c", "(a|b)(?=t)"], ["-c", "refused", "--show-sql"],
    ["-c", "refused", "--since", "2027", "--until", "2026"], ["-c", "refused", "--tz", "Nowhere/At"], ["-c", "("],
    ["-c", "refused", "--flag", "nosuch"], ["-c", "-e", "refused", "-e", "begins"], ["-cx", "no end"],
]  # fmt: skip


@pytest.mark.parametrize("args", ASKED, ids=" ".join)
def test_answers_are_the_same_without(filled: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]) -> None:
    """Exit code, output and coverage line are to the byte what they are without a gist."""
    with_gist = _ran(filled, args)
    monkeypatch.setattr(gist, "read", lambda folder: None)
    assert with_gist == _ran(filled, args)


def _ran(store: Path, args: list[str]) -> tuple[int, bytes, str]:
    out, errors = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
        patch.setattr("logtriage.cli.grep.is_piped", lambda: False)
        code = main(["grep", "--no-config", "--store", str(store), *args])
        out.flush()
    return code, out.buffer.getvalue(), errors.getvalue()  # type: ignore[attr-defined]


def test_no_database_is_loaded(filled: Path) -> None:
    """What the gist tells needs neither the database nor Arrow."""
    for args in ([NOWHERE], ["-c", FAILED], ["-l", FAILED], ["-q", FAILED]):
        ran = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "logtriage", "grep", "--store", str(filled), *args],
            stdin=subprocess.DEVNULL, capture_output=True, env=environment(), text=True, check=False,
        )  # fmt: skip
        loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
        assert "logtriage.query.by_gist" in loaded
        assert not loaded & {"duckdb", "_duckdb", "pyarrow", "hyperscan", "textual"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of two small logs."""
    (tmp_path / "a.log").write_text("".join(f"2026-03-04 10:00:{k:02} INFO one went {k}\n" for k in range(40)))
    (tmp_path / "b.log").write_text("2026-03-04 11:00:00 WARN other\n2026-03-04 11:00:01 WARN the last\n")
    fill(tmp_path / "st", [tmp_path / "a.log", tmp_path / "b.log"])
    return tmp_path / "st"


def _grown(store: Path, *, fails: bool = False) -> None:
    """A few lines more, in a log and in one that is new; with `fails`, the writer dies when they are committed."""
    with (store.parent / "a.log").open("a") as log:
        log.write("  more of the last\n2026-03-04 10:01:00 ERROR quite new\n")
    (store.parent / "c.log").write_text("2026-03-04 12:00:00 ERROR quite new\n")
    logs = find([str(store.parent / f"{name}.log") for name in "abc"]).sources
    with Store(store, write=True) as writer:
        Ingest(writer, settings_for_tests()).run(logs)
        if fails:
            raise KeyboardInterrupt


def test_a_gist_of_an_earlier_state_is_never_used(store: Path) -> None:
    """Where the writer dies, or writes on, what it has committed is found at once; the gist of before is of no use."""
    before = (store / gist.NAME).read_bytes()
    with pytest.raises(KeyboardInterrupt):
        _grown(store, fails=True)
    assert (store / gist.NAME).read_bytes() == before and gist.read(store) is None
    assert logtriage("grep", "--store", store, "-c", "quite new").out.count(":1\n") == 2
    with Store(store, write=True):  # the next one makes it anew, of all parts
        pass
    told = gist.read(store)
    assert told and _sorted(told) == _sorted(_made_anew(store))


WRITER = """
import sys
from pathlib import Path
from stores import settings_for_tests
from logtriage.ingest import Ingest
from logtriage.sources.find import find
from logtriage.store.store import Store
with Store(Path(sys.argv[1]), write=True) as store:
    ingest = Ingest(store, settings_for_tests())
    for log in sys.argv[2:]:
        ingest.run(find([log]).sources)
        print("committed", flush=True)
        input()
"""


def test_what_another_process_commits_is_found_at_once(store: Path) -> None:
    """While it goes on writing, the gist of before is not used after any of its commits; once it has ended, its own is."""
    logs = [store.parent / f"{name}.log" for name in ("c", "d")]
    for log in logs:
        log.write_text("2026-03-04 12:00:00 ERROR quite new\n")
    path = Path(__file__).parent
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(store), *map(str, logs)], text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(PYTHONPATH=f"{path.parent}:{path}"),
    ) as writer:  # fmt: skip
        assert writer.stdin and writer.stdout
        for number in (1, 2):
            assert writer.stdout.readline() == "committed\n"
            assert gist.read(store) is None
            ran = logtriage("grep", "--store", store, "-c", "quite new")
            assert ran.out.count(":1\n") == number and f"; {number} found" in ran.err
            writer.stdin.write("\n")
    told = gist.read(store)
    assert told and sum(one.records for one in by_gist.found(told, Query(Needle.of(["quite new"]))) or ()) == 2


def test_a_gist_goes_with_its_store(store: Path, tmp_path: Path) -> None:
    """The number of a snapshot does not make a gist that of a store: another store has that too."""
    (tmp_path / "a.log").write_text("2026-03-04 10:00:00 INFO quite another\n")
    fill(tmp_path / "other", [tmp_path / "a.log", tmp_path / "b.log"])
    (tmp_path / "other" / gist.NAME).write_bytes((store / gist.NAME).read_bytes())
    told = gist.read(store)
    assert told and gist.read(tmp_path / "other") is None
    with Store(tmp_path / "other") as other:
        assert gist.snapshot_of(other.con)[0] == told.snapshot[0]


def test_what_is_added_is_told(store: Path) -> None:
    """A gist that was brought up to date is the one that is made anew, also where a last record was read again."""
    _grown(store)
    told = gist.read(store)
    assert told and _sorted(told) == _sorted(_made_anew(store))
    assert "quite new" in " ".join(text for _, text in told.shapes)


def test_a_writer_that_goes_on_brings_it_up_to_date(store: Path) -> None:
    """Renewed between its commits, the gist tells each time what the records say then, also of last records that were taken
    back and went on, and of times before those known; after the next commit it is of no use."""
    log = store.parent / "a.log"
    found = find([str(log), str(store.parent / "b.log")]).sources
    with Store(store, write=True) as writer:
        ingest = Ingest(writer, settings_for_tests())
        for k, more in enumerate(
            ("  goes on\n", "\tat a.B\n2026-03-04 09:00:00 INFO one went 7\n", "  and on\nINFO new\n")
        ):
            with log.open("a") as file:
                file.write(more)
            ingest.run(found)
            assert gist.of(writer.con, store) is None
            writer.renew_gist()
            told = gist.of(writer.con, store)
            assert told and set(told.counts) == set(distil.counted(writer.con)) and len(told.records) >= 2
            assert sum(one.records for one in told.counts) == 42 + k and writer.touched == set()
    after = gist.read(store)
    assert after and _sorted(after) == _sorted(_made_anew(store))


def _sorted(told: gist.Gist) -> gist.Gist:
    return replace(told, counts=sorted(told.counts, key=repr), shapes=sorted(told.shapes))


def _made_anew(store: Path) -> gist.Gist:
    (store / gist.NAME).unlink()
    with Store(store, write=True):
        pass
    found = gist.read(store)
    assert found
    with Store(store) as opened:
        assert not check(opened).wrong
    return found


def test_compact_and_prune_know_of_it(store: Path) -> None:
    """After either the gist is that of what is left."""
    _grown(store)
    for change in (compact, lambda opened: prune(opened, before=datetime(2026, 3, 4, 11, 30, tzinfo=UTC))):
        with Store(store, write=True) as opened:
            change(opened)
        told = gist.read(store)
        assert told and _sorted(told) == _sorted(_made_anew(store))
    assert sum(one.records for one in told.counts) == 1


@given(at=st.integers(0), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_a_damaged_gist_is_none(filled: Path, told: gist.Gist, at: int, bit: int) -> None:
    """Whatever bit of it is wrong: it is not used, or tells the same."""
    file = filled / gist.NAME
    content = file.read_bytes()
    damaged = bytearray(content)
    damaged[at % len(content)] ^= 1 << bit
    try:
        file.write_bytes(damaged)
        assert gist.read(filled) in (None, told)
        file.write_bytes(content[: at % len(content)])
        assert gist.read(filled) is None
    finally:
        file.write_bytes(content)


def test_a_check_finds_what_a_gist_tells_wrongly(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`store check` holds the gist against the records."""
    with monkeypatch.context() as patch:
        patch.setattr(distil, "counted", lambda con, where="true": [gist.Count(1, 7, 9, 3, 0, 0)])
        (store / gist.NAME).unlink()
        with Store(store, write=True):
            pass
    with Store(store) as opened:
        assert [problem for problem in check(opened).wrong if gist.NAME in problem]


def test_nobody_else_reads_it(store: Path) -> None:
    """It is readable for its owner alone, as all of a store."""
    assert (store / gist.NAME).stat().st_mode & 0o777 == 0o600


def test_where_it_cannot_be_written_all_goes_without(store: Path) -> None:
    """Neither the writer nor the reader fails for the want of it."""
    (store / gist.NAME).unlink()
    (store / gist.NAME).mkdir()
    _grown(store)
    assert gist.read(store) is None
    assert logtriage("grep", "--store", store, "-q", "quite new").code == 0
    assert logtriage("grep", "--store", store, "nowhere").code == 1


def test_a_large_one_is_not_kept(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gist that would take longer to read than the database to open is not written, and one that is there goes."""
    monkeypatch.setattr(gist, "_MOST", 100)
    _grown(store)
    assert not (store / gist.NAME).exists()


def test_many_records_of_unsure_shapes_are_left_to_the_database(
    filled: Path, logs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few records of shapes that leave a search unsure are told one by one; where there are more, the gist does not decide."""
    nowhere = Query(Needle.of(["nowhere"]))
    told = gist.read(filled)
    assert told and by_gist.found(told, nowhere) == []
    monkeypatch.setattr(distil, "_SINGLES", 1)
    fill(tmp_path / "st", logs)
    told = gist.read(tmp_path / "st")
    assert told and len(told.singles) <= 1
    assert by_gist.found(told, nowhere) is None
    assert by_gist.found(told, Query(Needle.of([""]))) is not None


def test_ends_that_the_catalog_does_not_tell_come_from_the_files(tmp_path: Path) -> None:
    """A row group without any value of a column hides its bounds from the catalog, not from a search: of a column without any
    value at all no file is read. What was found out before is not asked for again."""
    path = str(tmp_path / "some.parquet")
    rows = "SELECT CASE WHEN n >= 2048 THEN n END AS trace, NULL::BIGINT AS span, n AS part FROM range(6000) AS r(n)"
    with Store(_empty(tmp_path)) as store:
        store.con.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
        untold = files.File(path, {"trace": files.ANYWHERE, "span": files.ANYWHERE, "part": (0, 5999)})
        (found,) = files.bounded(store.con, [untold], None) or ()
        assert found.ends == {"trace": (2048, 5999), "part": (0, 5999)}
        assert not found.may_hold("trace", [(1, 2000)]) and found.may_hold("trace", [(1, 2048)])
        Path(path).unlink()
        (again,) = files.bounded(store.con, [untold], [found]) or ()
        assert again.ends == found.ends


def _empty(folder: Path) -> Path:
    with Store(folder / "st", write=True):
        return folder / "st"
