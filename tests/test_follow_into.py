"""Following many logs into a store: each byte once, whatever happens to the logs and to who follows them, and soon."""

from __future__ import annotations

import itertools
import random
import shutil
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import engine
import pytest
from command import called

from logtriage.cli import follow_into
from logtriage.ingest import Ingest, Tally
from logtriage.normalise import Normaliser
from logtriage.sources import follow
from logtriage.sources.find import find
from logtriage.sources.follow import Stop
from logtriage.sources.read import Block
from logtriage.store import upkeep, write
from logtriage.store.files import META
from logtriage.store.parts import Parts
from logtriage.store.store import Store
from logtriage.store.upkeep import _INLINED
from logtriage.store.verify import check


class Killed(BaseException):
    """As a signal that comes between two looks."""


class Between(Stop):
    """What happens between two looks, in place of waiting."""

    def __init__(self, steps: list[Callable[[], None]]) -> None:
        super().__init__()
        self._steps = iter(steps)

    def wait(self, seconds: float) -> None:
        step = next(self._steps, self.set)
        step()


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tally]:
    """Brings the logs of a folder into a store and follows them, while steps happen; a fifth of a second goes by at each glance
    at the clock. Gives what was counted."""
    clock = itertools.count(step=0.2)
    for module in (follow_into, follow):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    def lives(steps: list[Callable[[], None]]) -> Tally:
        session: Any = SimpleNamespace(args=SimpleNamespace(sources=[str(tmp_path / "logs")]), error=pytest.fail)
        with Store(tmp_path / "st", write=True) as store:
            ingest = Ingest(store, engine.reading())
            sources = find([str(tmp_path / "logs")]).sources
            ingest.run(sources)
            follow_into.follow_into(ingest, session, sources, Between(steps))
            return ingest.tally

    return lives


class Writers:
    """Programs that write logs by turns, in several formats, with traces and half lines, and what rotates them. `written`: the
    bytes of each log, and of those that had its name before."""

    def __init__(self, folder: Path, count: int, seed: int) -> None:
        folder.mkdir()
        self._random, self._count = random.Random(seed), 0
        self.paths = [folder / f"app{k}.log" for k in range(count)]
        self.written: dict[Path, list[bytes]] = defaultdict(lambda: [b""])
        self._rotated: dict[Path, int] = defaultdict(lambda: -99)
        for path in self.paths:
            path.touch()
            self._add(path, b"".join(self._line(path) for _ in range(4)))

    def _line(self, path: Path) -> bytes:
        self._count += 1
        n, clock = self._count, f"10:{self._count // 60 % 60:02}:{self._count % 60:02}"
        match self.paths.index(path) % 4:
            case 0:
                return f"2026-03-02 {clock},123 INFO  [main] a.B - order {n} of this log shipped\n".encode()
            case 1:
                return f'{{"ts":"2026-03-02T{clock}.5Z","level":"warn","msg":"order {n} of this log late"}}\n'.encode()
            case 2:
                return f"Mar  2 {clock} host app[7]: order {n} of this log came\n".encode()
        return f"2026-03-02T{clock}Z ERROR order {n} of this log lost \xff\n".encode(
            "latin-1" if n % 9 == 0 else "utf-8"
        )

    def _add(self, path: Path, data: bytes) -> None:
        self.written[path][-1] += data
        with path.open("ab") as file:
            file.write(data)

    def step(self) -> None:
        """Some of them write, one log may be rotated."""
        for path in self._random.sample(self.paths, len(self.paths) * 2 // 3):
            trace = b"java.io.IOException: no\n\tat a.B.c(B.java:1)\n"
            choice = self._random.randrange(8)
            data = b"".join(self._line(path) for _ in range(1 + choice % 3)) if choice else trace
            half = len(data) // 2 if choice == 7 and not self.written[path][-1].endswith(b"\n") else len(data)
            self._add(path, data[:half])
        path = self._random.choice(self.paths)
        if self._count - self._rotated[path] > 25 * len(self.paths) and self._random.random() < 0.8:
            self._rotated[path] = self._count
            self._rotate(path)

    def _rotate(self, path: Path) -> None:
        older = [path.with_name(f"{path.name}.{n}") for n in range(9, 0, -1)]
        for old, new in itertools.pairwise([path, *reversed(older)][::-1]):
            if new.exists() and new != path:
                new.rename(old)
        if self._random.random() < 0.5:
            path.rename(older[-1])
        else:
            shutil.copy(path, older[-1])
            path.write_bytes(b"")
        self.written[path].append(b"")
        self._add(path, self._line(path))


def _killed() -> None:
    raise Killed


@pytest.mark.parametrize("seed", range(2))
def test_each_byte_of_many_logs_once(tmp_path: Path, life: Callable[..., Tally], seed: int) -> None:
    """A dozen logs in four formats, some rotated by renaming and some by copying, while who follows them is killed three times
    between a look and the commit: the store has the bytes of each log, in order, once; what raw output gives is what was
    written."""
    writers, draws = Writers(tmp_path / "logs", 12, seed), random.Random(seed)
    for _ in range(3):
        with pytest.raises(Killed):
            life([*[writers.step] * draws.randrange(3, 12), _killed])
    life([*[writers.step] * 8, *[lambda: None] * 40])
    wanted = sorted(log for logs in writers.written.values() for log in logs)
    assert len(wanted) > 13
    with Store(tmp_path / "st") as store:
        got = sorted(engine.parts(store).values())
        assert got == wanted
        assert not check(store).wrong
    raw = called("cat", "--from-store", "--store", "st", "--output", "raw", cwd=tmp_path).out
    sums = [
        sha256(b"\n".join(sorted(data.split(b"\n")))).digest()
        for data in (b"".join(wanted), raw.encode("utf-8", "surrogateescape"))
    ]
    assert sums[0] == sums[1]


@pytest.mark.parametrize("how", ["moved", "copied"])
@pytest.mark.parametrize("successor", ["none", "other", "alike"])
def test_a_log_that_is_moved_away_before_its_lines_are_taken_over(
    tmp_path: Path, life: Callable[..., Tally], successor: str, how: str
) -> None:
    """A log gets lines and is moved away, or copied and emptied, before they are in the store, and another one may have its name by
    then, which begins as it did when it was seen: following goes on and has the lines of each log by themselves; who reads both
    again finds nothing new."""
    log, begin = tmp_path / "logs/app.log", b"the program begins\nas it says in the first lines of each log\n"
    log.parent.mkdir()
    log.write_bytes(begin)
    lines = [b"".join(b"line %d of this log, number %d\n" % (n, k) for n in range(40)) for k in range(2)]
    next_one = {"none": b"", "other": lines[1], "alike": begin + lines[1]}[successor]

    def moved() -> None:
        with log.open("ab") as file:
            file.write(lines[0])
        (log.rename if how == "moved" else partial(shutil.copy, log))(log.with_name("app.log.1"))
        if next_one or how == "copied":
            log.write_bytes(next_one)

    still = [lambda: None]
    wanted = sorted(filter(None, [begin + lines[0], next_one]))
    for steps in ([*still * 3, moved, *still * 40], still):
        life(steps)
        with Store(tmp_path / "st") as store:
            assert sorted(engine.parts(store).values()) == wanted


def test_a_log_that_is_gone_when_following_begins(tmp_path: Path, life: Callable[..., Tally]) -> None:
    """Of logs that were found one is gone before it is followed: the others are followed, and what comes to its name is."""
    logs = [tmp_path / "logs/a.log", tmp_path / "logs/b.log"]
    logs[0].parent.mkdir()
    for log in logs:
        log.write_bytes(b"from the beginning\n")
    session: Any = SimpleNamespace(args=SimpleNamespace(sources=[str(logs[0].parent)]), error=pytest.fail)
    written = [b"another log\n", b"from the beginning\nand on\n"]
    steps = [lambda: None, *(partial(log.write_bytes, data) for log, data in zip(logs, written, strict=True))]
    with Store(tmp_path / "st", write=True) as store:
        ingest, sources = Ingest(store, engine.reading()), find([str(logs[0].parent)]).sources
        ingest.run(sources)
        logs[0].unlink()
        follow_into.follow_into(ingest, session, sources, Between([*steps, *[lambda: None] * 20]))
        assert sorted(engine.parts(store).values()) == sorted([b"from the beginning\n", *written])


@pytest.mark.parametrize("name", ["nothing", "another"])
def test_first_lines_of_a_log_whose_name_is_taken_by_now(tmp_path: Path, name: str) -> None:
    """The part that the first lines of a followed log begin is their own, whatever their name stands for when it is asked for."""
    log = tmp_path / "app.log"
    log.write_bytes(b"a log\n")
    (source,) = find([str(log)]).sources
    log.unlink()
    if name == "another":
        log.write_bytes(b"another log\n")
    with Store(tmp_path / "st", write=True) as store:
        parts = Parts(store.con)
        first = parts.begun(Block(source, 0, 1, b"a log\n", False, "utf-8"))
        assert bytes.fromhex(first.head_sha256) == sha256(b"a log\n").digest()
        assert parts.begun(Block(source, 0, 1, b"another log\n", False, "utf-8")).number != first.number


def test_a_record_that_goes_on_for_ever_is_cut(
    tmp_path: Path, life: Callable[..., Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes behind more of it than a record may have is another one, so that not all of it is read anew at each look; the
    store has each byte once."""
    monkeypatch.setattr(follow_into, "LONGEST", 1_000)
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "a.log"
    log.write_bytes(b"2026-03-02 10:00:01,123 ERROR [main] a.B - no\n")

    def goes_on() -> None:
        with log.open("ab") as file:
            file.write(b"\tat a.b.C.run(C.java:17)\n" * 20)

    life([goes_on, *[lambda: None] * 3] * 12)
    with Store(tmp_path / "st") as store:
        begins = store.con.execute('SELECT "offset" FROM lake.records ORDER BY 1').fetchall()
        sizes = [end - begin for (begin,), (end,) in itertools.pairwise([*begins, (log.stat().st_size,)])]
        assert 4 <= len(sizes) <= 10
        assert 1_000 < max(sizes) < 2_000
        assert list(engine.parts(store).values()) == [log.read_bytes()]
        assert not check(store).wrong


def test_what_came_at_one_look_is_one_block_and_one_commit(
    tmp_path: Path, life: Callable[..., Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thirty logs that write alike; a last record that has not changed is not written anew, one that goes on is."""
    (tmp_path / "logs").mkdir()
    logs = [tmp_path / "logs" / f"{k}.log" for k in range(30)]
    blocks: list[int] = []
    commits: list[int] = []
    read, wrote = Normaliser.together, write.write

    def said(second: int, *, more: bytes = b"") -> None:
        for path in logs:
            with path.open("ab") as file:
                file.write(more + b"2026-03-02 10:00:%02d,123 INFO  [main] a.B - said\n" % second)

    def together(self: Normaliser, some: Any, *rest: Any, **options: Any) -> Any:
        blocks.append(len(some))
        return read(self, some, *rest, **options)

    def written(store: Any, waiting: Any, *rest: Any) -> None:
        commits.append(len(waiting.dropped))
        wrote(store, waiting, *rest)

    said(0)
    monkeypatch.setattr(Normaliser, "together", together)
    monkeypatch.setattr("logtriage.ingest.write", written)
    still = [lambda: None] * 4
    life([*still, lambda: said(1), *still, lambda: said(2), *still, lambda: said(3, more=b"\tat a.B.c\n"), *still])
    assert blocks[1:] == [30] * 4
    assert [dropped for dropped in commits if dropped] == [30, 30]  # as it begins, and where a record goes on
    with Store(tmp_path / "st") as store:
        assert sorted(engine.parts(store).values()) == sorted(path.read_bytes() for path in logs)


@pytest.mark.parametrize(("piece", "records"), [("2026-03-02 10:00:01,123 INFO said\n" * 80, 881), ("\tat a.b.C\n", 1)])
def test_the_catalog_does_not_grow_with_each_commit(
    tmp_path: Path, life: Callable[..., Tally], monkeypatch: pytest.MonkeyPatch, piece: str, records: int
) -> None:
    """Of what comes few records at a time, or is one record that goes on and is written anew each time, only so much stays in the
    catalog, which each commit goes through. What is written anew counts once."""
    most = 100 if records > 1 else 10
    monkeypatch.setattr(follow_into, "_IN_CATALOG", most)
    monkeypatch.setattr(upkeep, "INLINE", 5)
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "a.log"
    log.write_text("2026-03-02 10:00:00,000 INFO begun\n")

    def said() -> None:
        with log.open("a") as file:
            file.write(piece)

    tally = life([said, *[lambda: None] * 3] * (11 if records > 1 else 40))
    with Store(tmp_path / "st") as store:
        kept = {name: rows for name, rows, _ in store.con.execute(_INLINED.format(meta=META)).fetchall()}
        ((left,),) = store.con.execute(f"SELECT count(*) FROM {META}.{kept['records']}").fetchall()
        assert left < 3 * most
        assert list(engine.parts(store).values()) == [log.read_bytes()]
    assert tally.records == records
