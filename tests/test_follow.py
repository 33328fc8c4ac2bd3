"""Following: every line once, in order, through whatever happens to the files. Time is given, nobody sleeps."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtriage.formats.format import load_formats
from logtriage.normalise import Normaliser, Settings
from logtriage.signatures.library import load_patterns
from logtriage.sources import tail
from logtriage.sources.find import Resource, Source, find
from logtriage.sources.follow import Appeared, Follower, Position, Rotated, Stop, Truncated, Vanished, follow
from logtriage.sources.read import Block, blocks, fingerprint, identity
from logtriage.store.connection import connect
from logtriage.stream.followed import Followed, batches
from logtriage.stream.learnt import Learnt
from logtriage.stream.picked import Row


class Desk:
    """A folder with logs, a clock, and a follower looking at them."""

    def __init__(self, folder: Path, positions: dict[str, Position] | None = None, *, scan: bool = False) -> None:
        self.folder, self.now, self.count = folder, 1000.0, 0
        self.path = folder / "app.log"
        found = find([str(folder)]).sources
        rescan = (lambda: find([str(folder)]).sources) if scan else None
        self.follower = Follower(found, positions or {}, rescan=rescan)
        self.events: list[object] = []
        self.got: dict[str, bytes] = {}
        self.offsets: dict[str, int] = {name: position.offset for name, position in (positions or {}).items()}

    def line(self) -> bytes:
        self.count += 1
        return b"line %d of this log, long enough to be known again among all others %d\n" % (self.count, self.count)

    def write(self, path: Path | None = None, count: int = 1) -> bytes:
        data = b"".join(self.line() for _ in range(count))
        with open(path or self.path, "ab") as file:
            file.write(data)
        return data

    def look(self, seconds: float = 0.1, times: int = 1) -> None:
        """Look once, or several times; checks that offsets of blocks have neither gaps nor overlaps."""
        for _ in range(times):
            self.now += seconds
            for item in self.follower.poll_once(self.now):
                name = item.source.name.removeprefix(f"{self.folder}/")
                if isinstance(item, Block):
                    assert item.offset == self.offsets.get(item.source.name, 0)
                    self.offsets[item.source.name] = item.end
                    self.got[name] = self.got.get(name, b"") + item.data
                else:
                    if not isinstance(item, Vanished):
                        self.offsets[item.source.name] = 0
                    self.events.append(item)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "app.log").touch()
    return Desk(tmp_path)


def test_lines_come_as_they_are_written(desk: Desk) -> None:
    """Each look gives what was written since, with line numbers going on."""
    written = b""
    for count in (1, 0, 3, 0, 0, 2):
        written += desk.write(count=count)
        desk.look()
        assert desk.got.get("app.log", b"") == written
    assert desk.events == []
    with open(desk.path, "ab") as file:
        file.write(b"x\n")
    [block] = [item for item in desk.follower.poll_once(desk.now) if isinstance(item, Block)]
    assert block.line == 7


def test_a_started_line_is_held_until_complete_or_idle(desk: Desk) -> None:
    """Half a line is not shown at once; after a second of silence it is; its rest follows, nothing twice."""
    with open(desk.path, "ab", buffering=0) as file:
        file.write(b"one\ntw")
        desk.look()
        assert desk.got["app.log"] == b"one\n"
        file.write(b"o\nthr")
        desk.look()
        assert desk.got["app.log"] == b"one\ntwo\n"
        desk.look(0.5)
        assert desk.got["app.log"] == b"one\ntwo\n"
        desk.look(0.6)
        assert desk.got["app.log"] == b"one\ntwo\nthr"
        file.write(b"ee\n")
        [block] = [item for item in desk.follower.poll_once(desk.now) if isinstance(item, Block)]
        assert (block.line, block.data) == (3, b"ee\n")


def test_rename_and_create(desk: Desk) -> None:
    """The old file is read to its end, also what is written to it after the rename, then the new one from 0."""
    old = desk.write()
    desk.look()
    old += desk.write()
    desk.path.rename(desk.folder / "app.log.1")
    desk.look()
    desk.path.touch()
    old += desk.write(desk.folder / "app.log.1")
    desk.look(times=30)
    assert desk.got["app.log"] == old
    assert desk.events == []
    new = desk.write()
    old += desk.write(desk.folder / "app.log.1")
    desk.look(times=2)
    old += desk.write(desk.folder / "app.log.1")
    desk.look()
    assert desk.got["app.log"] == old
    desk.look(times=10)
    assert desk.got["app.log"] == old + new
    [event] = desk.events
    assert event == Rotated(find([str(desk.path)]).sources[0], len(old), drained=True)


def test_a_writer_that_keeps_the_old_file_does_not_block_the_new(desk: Desk) -> None:
    """A process that never reopens its log holds the new file back for five seconds, no longer."""
    desk.write()
    desk.look()
    desk.path.rename(desk.folder / "app.log.1")
    new = desk.write()
    for _ in range(60):
        desk.write(desk.folder / "app.log.1")
        desk.look()
    assert desk.kinds() == ["Rotated"]
    assert desk.got["app.log"].endswith(new)


@pytest.mark.parametrize("squeezed", [False, True])
def test_copytruncate_loses_nothing(desk: Desk, squeezed: bool) -> None:
    """What was written after the last look and then copied away is read from the copy, even a compressed one."""
    written = desk.write(count=3)
    desk.look()
    written += desk.write(count=3)
    with open(desk.path, "rb") as file, (gzip.open if squeezed else open)(f"{desk.path}.1", "wb") as copy:
        shutil.copyfileobj(file, copy)
    os.truncate(desk.path, 0)
    desk.look()
    assert desk.got["app.log"] == written
    assert desk.events == [Truncated(find([str(desk.path)]).sources[0], len(written), drained=True)]
    written += desk.write()
    desk.look(times=2)
    assert desk.got["app.log"] == written


def test_truncation_is_seen_though_the_file_is_as_long_again(desk: Desk) -> None:
    """Same size or longer, but other bytes: read from 0; that the rest of the old content is gone is told."""
    for extra in (0, 5):
        first = desk.write(count=2)
        desk.look(times=2)
        size = desk.path.stat().st_size
        new = desk.write(desk.folder / "other", count=9)[: size + extra - 1] + b"\n"
        with open(desk.path, "wb") as file:
            file.write(new)
        os.utime(desk.path, ns=(1, extra + 1))
        desk.look(times=3)
        assert desk.got["app.log"].endswith(first + new)
    assert desk.kinds() == ["Truncated", "Truncated"]
    assert not any(event.drained for event in desk.events if isinstance(event, Truncated))


def test_a_long_banner_hides_no_truncation(desk: Desk) -> None:
    """Both logs begin with the same kilobytes, and the new one is longer: still seen as another one."""
    banner = b"=" * 70 + b"\n"
    desk.path.write_bytes(banner * 50 + (first := desk.line()))
    desk.look()
    desk.path.write_bytes(banner * 50 + (second := desk.line() * 2))
    desk.look(times=3)
    assert desk.got["app.log"] == banner * 50 + first + banner * 50 + second
    assert desk.kinds() == ["Truncated"]


def test_deleted_and_made_again(desk: Desk) -> None:
    """A deleted file is read to its end, then told to be gone; one of that name that comes later starts at 0."""
    old = desk.write()
    desk.look()
    with open(desk.path, "ab") as file:
        file.write(line := desk.line())
        desk.path.unlink()
    desk.look(times=15)
    assert desk.got["app.log"] == old + line
    assert desk.kinds() == ["Vanished"]
    new = desk.write()
    desk.look(times=2)
    assert desk.got["app.log"] == old + line + new
    assert desk.kinds() == ["Vanished", "Appeared"]


def test_files_that_appear_later(tmp_path: Path) -> None:
    """A new log in the folder is followed from 0; parts rotated away, renamed or copied, are not read again."""
    (tmp_path / "app.log.1").write_bytes(b"old and read before, by whoever started us\n" * 3)
    (tmp_path / "app.log").touch()
    desk = Desk(tmp_path, scan=True)
    written = desk.write(count=3)
    desk.look(times=3)
    (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
    shutil.copy(desk.path, tmp_path / "app.log.1")
    os.truncate(desk.path, 0)
    desk.look()
    (tmp_path / "new").mkdir()
    other = desk.write(tmp_path / "new" / "b.log")
    desk.look(times=30)
    (tmp_path / "app.log.1").rename(tmp_path / "app.log.3")
    desk.path.rename(tmp_path / "app.log.1")
    written += desk.write()
    desk.look(times=30)
    assert desk.got == {"app.log": written, "new/b.log": other}
    assert desk.kinds() == ["Truncated", "Appeared", "Rotated"]


def test_a_dated_log_goes_on_under_the_next_date(tmp_path: Path) -> None:
    """Where the live file itself carries the date, the next one is followed when it appears."""
    day = tmp_path / "app-2026-01-01.log"
    day.touch()
    desk = Desk(tmp_path, scan=True)
    first = desk.write(day)
    desk.look(times=2)
    second = desk.write(tmp_path / "app-2026-01-02.log")
    desk.look(times=20)
    assert desk.got == {"app-2026-01-01.log": first, "app-2026-01-02.log": second}


def test_going_on_where_reading_stopped(tmp_path: Path) -> None:
    """From a position only the rest comes."""
    path = tmp_path / "app.log"
    path.write_bytes(b"one\ntwo\n")
    name = str(path)
    desk = Desk(tmp_path, {name: Position(4, 2)})
    [block] = [item for item in desk.follower.poll_once(1.0) if isinstance(item, Block)]
    assert (block.data, block.line, block.offset) == (b"two\n", 2, 4)


@pytest.mark.parametrize("how", ["renamed", "renamed and squeezed", "copied"])
def test_rotated_between_reading_and_following(tmp_path: Path, how: str) -> None:
    """What was rotated away before following began is found, read to its end, and then the new file from 0."""
    path = tmp_path / "app.log"
    desk = Desk(tmp_path)
    first = desk.write(count=9)
    [source] = find([str(path)]).sources
    position = Position(len(first), 10, identity(source), fingerprint(source))
    missed = desk.write(count=3)
    if how == "copied":
        shutil.copy(path, tmp_path / "app.log.1")
        path.write_bytes(b"")
    else:
        path.rename(tmp_path / "app.log.1")
    new = desk.write()
    if how.endswith("squeezed"):
        (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(first + missed))
        (tmp_path / "app.log.1").unlink()
    again = Desk(tmp_path, {str(path): position})
    again.look(times=3)
    assert again.got == {"app.log": missed + new}
    assert again.kinds() == ["Truncated" if how == "copied" else "Rotated"]
    assert all(event.drained for event in again.events if isinstance(event, (Rotated, Truncated)))


steps = st.lists(
    st.sampled_from(["write", "write", "half", "look", "look", "wait", "rename", "copytruncate", "delete"]), max_size=40
)


@settings(deadline=None, max_examples=100)
@given(steps=steps)
def test_every_byte_once_whatever_happens(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """Any order of writing, looking and rotating: what comes out is what was written, once and in order."""
    folder = tmp_path_factory.mktemp("x")
    (folder / "app.log").touch()
    desk = Desk(folder)
    written, parts = b"", 0
    for step in steps:
        size = desk.path.stat().st_size
        if step == "write":
            written += desk.write(count=2)
        elif step == "half":
            with open(desk.path, "ab") as file:
                file.write(half := desk.line()[:-9])
            written += half
        elif step == "look":
            desk.look()
        elif step == "wait":
            desk.look(times=12)
        elif size > 64:
            # A rotator runs hours apart: the rotation before was noticed, this log was looked at.
            desk.look(times=12)
            written += desk.write()
            parts += 1
            if step == "copytruncate":
                shutil.copy(desk.path, folder / f"app.log.{99 - parts}")
                os.truncate(desk.path, 0)
                desk.look()
            elif step == "rename":
                desk.path.rename(folder / f"app.log.{99 - parts}")
                written += desk.write()
            else:
                desk.look()
                desk.path.unlink()
                desk.look(times=12)
                desk.path.touch()
                desk.look()
    desk.look(times=40)
    assert desk.got.get("app.log", b"") == written
    desk.follower.close()


def test_utf16_is_followed_by_its_own_newlines(tmp_path: Path) -> None:
    """Bytes arriving one at a time: whole UTF-16 lines come out, and no half code unit."""
    data = "\ufefffirst\nsecond \u0a41\n".encode("utf-16-le")
    path = tmp_path / "app.log"
    path.touch()
    desk = Desk(tmp_path)
    for place in range(len(data)):
        with open(path, "ab") as file:
            file.write(data[place : place + 1])
        desk.look(times=12 if place == 20 else 1)
        assert data.startswith(desk.got.get("app.log", b""))
        assert len(desk.got.get("app.log", b"")) % 2 == 0
    assert desk.got["app.log"] == data


def test_growth_larger_than_a_block_comes_in_several(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look gives at most a block of each source, and says that there is more."""
    monkeypatch.setattr(tail, "BLOCK", 1000)
    written = desk.write(count=100)
    desk.look()
    assert desk.follower.busy
    assert 0 < len(desk.got["app.log"]) <= 1000
    while desk.follower.busy:
        desk.look(0)
    assert desk.got["app.log"] == written


@pytest.mark.parametrize("behind", [0, 1, 70])
def test_what_was_seen_and_is_gone_before_it_was_read_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, behind: int
) -> None:
    """A log that is emptied while more of it is known to be there: how much is lost is told; nothing where nothing is."""
    monkeypatch.setattr(tail, "BLOCK", 1000)
    written = desk.write(count=100)
    desk.look(times=100)
    written += (more := desk.write(count=behind))
    desk.look()
    lost = max(0, len(more) - 1000)
    desk.path.write_bytes(b"")
    new = desk.write()
    desk.look(times=3)
    assert desk.got["app.log"] == written[: len(written) - lost] + new
    [event] = desk.events
    assert isinstance(event, Truncated)
    assert bool(lost) == (behind == 70) == (event.error is not None)
    if event.error:
        assert f"{len(written) - lost:,} bytes of it had been read; the {lost:,} behind" in event.error.message


def test_reading_errors_are_told_once_and_got_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read for a while is told, once; afterwards it goes on where it stopped."""
    written = desk.write()
    desk.look()
    read = os.pread

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    written += desk.write()
    desk.look(times=5)
    assert [event.error and event.error.message for event in desk.events if isinstance(event, Vanished)] == [
        f"{desk.path}: Input/output error"
    ]
    monkeypatch.setattr(os, "pread", read)
    desk.look(times=2)
    assert desk.got["app.log"] == written


def test_a_missing_file_is_waited_for(tmp_path: Path) -> None:
    """Named, but not there: told once, followed when it comes."""
    path = tmp_path / "late.log"
    source = Source(str(path), str(path), path, None, None, Resource())
    follower = Follower([source], {})
    assert list(follower.poll_once(1)) == [Vanished(source, 0)]
    assert list(follower.poll_once(2)) == []
    path.write_bytes(b"x\n")
    assert [type(item) for item in follower.poll_once(3)] == [Appeared, Block]


def test_named_pipes_and_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes give lines without waiting for more; a named one outlives its writers, stdin ends with the last."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    [fifo] = find([str(path)]).sources
    follower = Follower([fifo], {})
    got = b""
    for now in (1, 2):
        assert list(follower.poll_once(now)) == []
        with open(os.open(path, os.O_WRONLY | os.O_NONBLOCK), "wb") as writer:
            writer.write(b"a\nb")
        got += b"".join(item.data for item in follower.poll_once(now + 0.1) if isinstance(item, Block))
    assert got == b"a\nba\n"
    follower.close()
    out, into = os.pipe()
    with open(out, "rb") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        os.write(into, b"x\ny")
        os.close(into)
        items = [item for look in follow(find(["-"]).sources, {}, stop=Stop()) for item in look]
    assert [item.data for item in items if isinstance(item, Block)] == [b"x\n", b"y"]
    assert isinstance(items[-1], Vanished)


def test_follow_ends_when_told(tmp_path: Path) -> None:
    """Setting `stop` ends the iterator and closes the files."""
    path = tmp_path / "app.log"
    path.write_bytes(b"x\n")
    stop = Stop()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    running = follow(find([str(path)]).sources, {}, stop=stop)
    first = next(next(running))
    assert isinstance(first, Block)
    stop.set()
    assert list(running) == []
    assert before == (len(os.listdir("/proc/self/fd")) if before else 0)


@pytest.mark.parametrize("start", [0, 1])
def test_blocks_then_follow_is_the_whole_file(tmp_path: Path, start: int) -> None:
    """Reading and then following from the end of any block gives every byte once."""
    desk = Desk(tmp_path)
    written = desk.write(count=20)
    [source] = find([str(desk.path)]).sources
    got = list(blocks(source, size=300))[: start * 2]
    end, line = (got[-1].end, 1 + 4 * len(got)) if got else (0, 1)
    again = Desk(tmp_path, {source.name: Position(end, line, identity(source), fingerprint(source))})
    written += desk.write()
    again.look(times=2)
    assert b"".join(block.data for block in got) + again.got["app.log"] == written


def test_a_signal_may_stop_it_at_any_moment() -> None:
    """A handler that runs while its own thread asks or waits returns: `Stop` holds no lock that it could wait for."""
    stop = Stop()
    signals = 200

    def on_signal(number: int, frame: object) -> None:
        nonlocal signals
        signals -= 1
        stop.set()
        stop.wait(0)
        if signals:
            signal.setitimer(signal.ITIMER_REAL, 1e-5)

    before = signal.signal(signal.SIGALRM, on_signal)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-5)
        while signals:
            stop.wait(1e-6)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert stop.is_set()


@pytest.mark.parametrize("json", [False, True])
def test_logs_that_are_read_together_give_what_each_gives_by_itself(tmp_path: Path, json: bool) -> None:
    """Of many logs that are followed, in different formats, some with traces, bytes that are no text, stamps without a year,
    byte order marks at the start of a later block or half a line: their rows, and their JSON with templates, are the same, with
    the same places, read as one block and each by itself, look after look."""
    line_of = [
        lambda n, k: f"2026-01-14 10:0{n}:0{k % 10},123 INFO  [main] a.B - said {k}\n".encode(),
        lambda n, k: f"2026-01-14 10:0{n}:0{k % 10},123 ERROR [main] a.B - {k}\njava.io.IOException: no\n\tat a.B.c(B.java:{k})\n".encode(),
        lambda n, k: b'{"ts":"2026-01-14T10:0%d:0%d.5Z","level":"warn","msg":"no %d"}\n' % (n, k % 10, k),
        lambda n, k: b"Jan 14 10:0%d:0%d host app[7]: said %d\n" % (n, k % 10, k),
        lambda n, k: b"2026-01-14T10:0%d:0%dZ \xff %d\n" % (n, k % 10, k),
        lambda n, k: b"\xef\xbb\xbf2026-01-14T10:0%d:0%dZ marked %d\n" % (n, k % 10, k),
        lambda n, k: b"2026-01-14T10:0%d:0%dZ not ended %d" % (n, k % 10, k),
    ]  # fmt: skip
    kinds = [k % 8 % len(line_of) for k in range(40)]
    for k in range(len(kinds)):
        (tmp_path / f"app{k:02}.log").write_bytes(b"")
    sources = find([str(tmp_path)]).sources
    assert len(sources) == len(kinds)
    known = Settings(load_formats(examples=False), load_patterns())
    both = []
    for normaliser in (Normaliser(connect(), known) for _ in range(2)):
        both.append(Followed(normaliser, Learnt(normaliser) if json else None))
    places = dict.fromkeys(sources, (0, 1))
    for n in range(4):
        blocks = []
        for k, source in enumerate(sources):
            if (k + n) % 3:
                data = line_of[kinds[k]](n, k) * (1 + k % 2)
                offset, line = places[source]
                blocks.append(Block(source, offset, line, data, False, "utf-8"))
                places[source] = offset + len(data), line + data.count(b"\n")
        found: list[dict[Source, list[Row]]] = []
        for followed, some in zip(both, ([[block] for block in blocks], batches(blocks)), strict=True):
            found.append({})
            for batch in some:
                for row in followed.rows(batch, [], attributes=False, json=json):
                    found[-1].setdefault(row.source, []).append(row)
        assert found[0] and found[0] == found[1]
        assert len(list(batches(blocks))) == 1
    assert list(map(len, batches([blocks[0], blocks[0], blocks[1]]))) == [1, 2]


def test_logs_without_a_year_in_their_stamps_are_one_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs that were last written in the same minute are read against the same moment: what came of twenty that tell no year
    is one block, also where their templates are told."""
    for k in range(20):
        (tmp_path / f"{k}.log").write_bytes(b"")
        os.utime(tmp_path / f"{k}.log", (1_768_384_800 + 2 * k,) * 2)
    known = Settings(load_formats(examples=False), load_patterns())
    normaliser = Normaliser(connect(), known)
    followed, together = Followed(normaliser, Learnt(normaliser)), []
    read = normaliser.together
    monkeypatch.setattr(
        normaliser, "together", lambda blocks, *a, **o: together.append(len(blocks)) or read(blocks, *a, **o)
    )
    lines = [b"Jan 14 10:00:%02d host app[7]: said %d\n" % (k, k) for k in range(20)]
    sources = find([str(tmp_path)]).sources
    blocks = [Block(source, 0, 1, line, False, "utf-8") for source, line in zip(sources, lines, strict=True)]
    rows = list(followed.rows(blocks, [], attributes=False, json=True))
    assert together == [20]
    assert [row.timestamp.year for row in rows if row.timestamp] == [2026] * 20
