"""Reading: whole lines, exact bytes, from every compression, to the last byte before damage."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import itertools
import lzma
import os
import random
import subprocess
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from logtriage.errors import SourceError
from logtriage.sources import cut, read, unpack
from logtriage.sources.codec import recognise
from logtriage.sources.find import Resource, Source, find
from logtriage.sources.read import Block, blocks, fingerprint, identity, prefetch
from logtriage.sources.unpack import Guard

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}

lines = st.lists(st.binary(max_size=30), max_size=30).map(b"\n".join)


def source(path: Path, compression: str | None = None) -> Source:
    return Source(str(path), str(path), path, None, compression, Resource())


def read_all(one: Source, **how: int) -> tuple[list[Block], SourceError | None]:
    got: list[Block] = []
    try:
        got.extend(blocks(one, **how))  # type: ignore[arg-type]
    except SourceError as error:
        return got, error
    return got, None


def joined(got: list[Block]) -> bytes:
    return b"".join(block.data for block in got)


def drip(data: bytes, seed: int) -> Iterator[bytes]:
    """The data in pieces of random sizes, as short reads give them."""
    rng, at = random.Random(seed), 0
    while at < len(data):
        size = rng.randint(1, 9)
        yield data[at : at + size]
        at += size


def logs(count: int) -> bytes:
    """Lines that compress about as a log does."""
    rng = random.Random(count)
    return b"".join(
        b"2026-01-02 03:04:%02d INFO request %08x handled in %d ms\n" % (i % 60, rng.getrandbits(32), i % 97)
        for i in range(count)
    )


@given(data=lines, size=st.integers(1, 80))
def test_blocks_give_the_file_back(tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int) -> None:
    """For any content and block size the blocks join to the file; offsets, line numbers and `last` are right."""
    assume(not recognise(data))
    path = tmp_path_factory.mktemp("x") / "a.log"
    path.write_bytes(data)
    got, error = read_all(source(path), size=size)
    assert error is None
    encoding = got[0].encoding if got else "utf-8"
    at, line = 0, 1
    for block in got:
        assert (block.offset, block.line) == (at, line)
        assert block.last == (block.end == len(data))
        assert block.last or block.data.endswith(cut.NEWLINE[encoding])
        at, line = block.end, line + cut.count_lines(block.data, encoding)
    assert joined(got) == data


@given(data=lines, size=st.integers(1, 80), seed=st.integers(0, 99))
def test_bounds_depend_on_the_content_alone(data: bytes, size: int, seed: int) -> None:
    """However short the reads are, the same blocks come out."""

    def bounds(pieces: Iterator[bytes]) -> list[bytes]:
        filler = cut.Filler(pieces, b"\n", size, 1 << 20)
        return list(iter(filler.next, b""))

    whole = bounds(iter([data] if data else []))
    assert bounds(drip(data, seed)) == whole
    # Greedy: a block could not have taken the next line too.
    for block, following in itertools.pairwise(whole):
        assert len(block) + following.find(b"\n") + 1 > size or b"\n" not in following


@settings(deadline=None)
@given(data=lines, size=st.integers(1, 60), kind=st.sampled_from([None, *PACK]))
def test_resume_from_any_block(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int, kind: str | None
) -> None:
    """Going on at the end of any block gives exactly the blocks that would have followed, compressed or not."""
    path = tmp_path_factory.mktemp("x") / "a.log"
    path.write_bytes(PACK[kind](data) if kind else data)
    one = source(path, kind)
    got, _ = read_all(one, size=size)
    for place, block in enumerate(got):
        line = block.line + cut.count_lines(block.data, block.encoding)
        assert read_all(one, size=size, offset=block.end, line=line) == (got[place + 1 :], None)


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("members", [1, 3])
def test_every_compression_gives_the_plain_bytes(tmp_path: Path, kind: str, members: int) -> None:
    """One or several members, frames or streams in a file: the same bytes as plain."""
    data = logs(30_000)
    path = tmp_path / "a.log"
    path.write_bytes(PACK[kind](data) * members)
    [one] = find([str(path)]).sources
    assert one.compression == kind
    got, error = read_all(one, size=100_000)
    assert error is None
    assert hashlib.sha256(joined(got)).digest() == hashlib.sha256(data * members).digest()


def test_zstd_of_every_make(tmp_path: Path) -> None:
    """Frames with and without size, checksum, blocks flushed one by one, skippable frames before and after."""
    data = logs(5000)
    flushed = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(flushed, closefd=False) as writer:
        for line in data.splitlines(keepends=True):
            writer.write(line)
            writer.flush(zstandard.FLUSH_BLOCK)
    skippable = b"\x5a\x2a\x4d\x18\x05\0\0\0hello"
    zeros = zstandard.ZstdCompressor().compress(bytes(1 << 20))
    path = tmp_path / "a.zst"
    path.write_bytes(skippable + flushed.getvalue() + zeros + skippable + PACK["zst"](b"") + PACK["zst"](data))
    got, error = read_all(source(path))
    assert error is None
    assert joined(got) == data + bytes(1 << 20) + data


def reference(packed: bytes) -> bytes:
    """What zlib can decode of damaged gzip data, fed and read bytewise."""
    inner, out = zlib.decompressobj(31), bytearray()
    try:
        for byte in packed:
            piece = inner.decompress(bytes([byte]), 1)
            while piece:
                out += piece
                piece = inner.decompress(inner.unconsumed_tail, 1)
    except zlib.error:
        pass
    return bytes(out)


@settings(deadline=None, max_examples=40)
@given(kind=st.sampled_from(sorted(PACK)), where=st.floats(0.01, 0.99))
def test_a_cut_file_gives_all_before_the_cut(tmp_path_factory: pytest.TempPathFactory, kind: str, where: float) -> None:
    """Cut anywhere, a compressed file gives what its decoder gives of that part, then an error with the position."""
    data = logs(4_000)
    packed = PACK[kind](data[: len(data) // 2]) + PACK[kind](data[len(data) // 2 :])
    part = packed[: max(12, int(len(packed) * where))]
    path = tmp_path_factory.mktemp("x") / "a.log"
    path.write_bytes(part)
    got, error = read_all(source(path, kind), size=10_000)
    text = joined(got)
    assert data.startswith(text)
    if kind == "gz" and len(part) < len(gzip.compress(data[: len(data) // 2])):
        assert text == reference(part)
    if got:
        assert got[-1].last
    if len(part) != len(PACK[kind](data[: len(data) // 2])):
        assert error is not None
        assert str(len(part)) in error.message
        assert str(path) in error.message


@pytest.mark.parametrize("kind", PACK)
def test_what_packed_data_break_off_by_is_told(kind: str) -> None:
    """Also where what was read until then is whole: there may have been more behind it."""

    def pieces() -> Iterator[bytes]:
        yield PACK[kind](b"a line\n")
        raise SourceError("a.log: was truncated")

    got = []
    with pytest.raises(SourceError, match="was truncated"):
        got.extend(unpack.decoded(pieces(), "a.log"))
    assert b"".join(got) == b"a line\n"


@pytest.mark.parametrize("kind", PACK)
def test_a_file_cut_amid_what_tells_its_compression(tmp_path: Path, kind: str) -> None:
    """Of a packed log of which only some bytes are there that its end is missing is told: they are no text of a log."""
    path, packed = tmp_path / "a.log", PACK[kind](logs(10))
    for size in range(4 if kind == "bz2" else 2, 12):
        path.write_bytes(packed[:size])
        [one] = find([str(path)]).sources
        got, error = read_all(one)
        assert (joined(got), one.compression) == (b"", kind)
        assert "end is missing" in str(error)
    path.write_bytes(b"BZh")
    assert joined(read_all(source(path))[0]) == b"BZh"


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("where", [0.3, 0.5, 0.9])
def test_damage_loses_nothing_before_it(tmp_path: Path, kind: str, where: float) -> None:
    """A member ruined in the middle: all members before it and all that its decoder can give come out first."""
    data = logs(4_000)
    whole, second = PACK[kind](data), bytearray(PACK[kind](data))
    place = int(len(second) * where)
    second[place : place + 64] = bytes(byte ^ 0xA5 for byte in second[place : place + 64])
    path = tmp_path / "a.log"
    path.write_bytes(whole + bytes(second) + whole)
    got, error = read_all(source(path, kind), size=50_000)
    text = joined(got)
    assert error is not None
    assert "damaged" in error.message
    assert text.startswith(data)
    if kind == "gz":
        assert text == data + reference(bytes(second))
        assert len(text) > len(data) * (1 + where * 0.8)


@settings(deadline=None)
@given(where=st.floats(0.01, 0.99), flip=st.integers(1, 255))
def test_one_ruined_byte_of_gzip(tmp_path_factory: pytest.TempPathFactory, where: float, flip: int) -> None:
    """Whatever byte is ruined, exactly what zlib can decode, asked byte by byte, comes out before the error."""
    packed = bytearray(gzip.compress(logs(500), 1))
    packed[10 + int((len(packed) - 10) * where)] ^= flip
    path = tmp_path_factory.mktemp("x") / "a.gz"
    path.write_bytes(packed)
    got, error = read_all(source(path, "gz"), size=1000)
    assert error is not None
    assert joined(got) == reference(bytes(packed))


@pytest.mark.parametrize("kind", PACK)
def test_bad_checksum_still_gives_every_byte(tmp_path: Path, kind: str) -> None:
    """Damage in the trailer alone: the whole text comes, then the error (bz2 checks within its last block)."""
    data = logs(1000)
    packed = bytearray(PACK[kind](data))
    packed[{"gz": -6, "zst": -2, "bz2": -3, "xz": -14}[kind]] ^= 0xFF
    path = tmp_path / "a.log"
    path.write_bytes(packed)
    got, error = read_all(source(path, kind))
    assert error is not None
    assert joined(got) == data


def test_bytes_after_gzip_data_are_reported(tmp_path: Path) -> None:
    """Zero padding is fine; anything else after the last member is told, with its position."""
    packed = gzip.compress(b"one\n")
    path = tmp_path / "a.gz"
    path.write_bytes(packed + bytes(700))
    assert read_all(source(path, "gz"))[1] is None
    path.write_bytes(packed + b"two\n")
    got, error = read_all(source(path, "gz"))
    assert joined(got) == b"one\n"
    assert error is not None
    assert f"byte {len(packed)}" in error.message


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_is_stopped(tmp_path: Path, kind: str) -> None:
    """Data that blow up beyond the guard end in an error long before all of them are out."""
    path = tmp_path / "bomb"
    path.write_bytes(PACK[kind](bytes(40 << 20)))
    size = 0
    with pytest.raises(SourceError, match="bomb"):
        for block in blocks(source(path, kind), size=1 << 20, max_line=1 << 20, guard=Guard(100, 4 << 20)):
            size += len(block.data)
    assert size <= 8 << 20


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", [True, False])
@pytest.mark.parametrize("size", [*range(2, 70, 5), 1 << 20])
def test_utf16_is_split_at_its_own_newlines(tmp_path: Path, codec: str, mark: bool, size: int) -> None:
    """U+0A00 and U+000A across two characters are no newlines; the bytes stay as they are, an odd one at the end too."""
    text = (
        "\ufeff" if mark else ""
    ) + "first line, plain enough\r\nsecond \u0a41\u4100 goes on\u000a\u4100\u0a0a goes on\u000athird\n" * 3
    data = text.encode(codec) + b"\x41"
    path = tmp_path / "a.log"
    path.write_bytes(data)
    got, error = read_all(source(path), size=size)
    assert error is None
    assert joined(got) == data
    assert {block.encoding for block in got} == {codec}
    assert got[-1].line == 1 + joined(got[:-1]).decode(codec).count("\n")
    for block in got[:-1]:
        assert block.offset % 2 == 0
        assert block.data.decode(codec).endswith("\n")


@given(data=lines, size=st.integers(1, 20), longest=st.integers(20, 40))
def test_an_overlong_line_is_cut(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int, longest: int
) -> None:
    """No block is longer than `max_line`, none ends inside a line but there, no byte is lost, the line number does not move."""
    path = tmp_path_factory.mktemp("x") / "a.log"
    path.write_bytes(b"head of plain text\n" + data.replace(b"\0", b"0"))
    got = list(blocks(source(path), size=size, max_line=longest))
    assert joined(got) == path.read_bytes()
    assert all(len(block.data) <= longest for block in got)
    assert all(len(block.data) == longest for block in got[:-1] if not block.data.endswith(b"\n"))
    for block in got:
        assert block.line == 1 + path.read_bytes()[: block.offset].count(b"\n")


def test_memory_stays_flat(tmp_path: Path) -> None:
    """100 MB in a few kB, and in one endless line, never hold more than a few blocks in memory."""
    path = tmp_path / "a.zst"
    with zstandard.open(path, "wb") as file:
        for _ in range(100):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        size = sum(len(block.data) for block in blocks(source(path), size=4 << 20, max_line=8 << 20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == 100 << 20
    assert peak < 40 << 20


def test_a_file_that_shrinks_is_an_error(tmp_path: Path) -> None:
    """Truncated while it is read, or shorter than where reading was to go on: told, not taken for the end."""
    path = tmp_path / "a.log"
    path.write_bytes(logs(100_000))
    running = blocks(source(path), size=1 << 20)
    next(running)
    os.truncate(path, 10)
    with pytest.raises(SourceError, match="truncated"):
        list(running)
    with pytest.raises(SourceError, match="truncated"):
        list(blocks(source(path), offset=11))
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(b"abc\n"))
    with pytest.raises(SourceError, match="holds 4 bytes"):
        list(blocks(source(packed), offset=5))


def test_a_file_that_vanished_is_an_error(tmp_path: Path) -> None:
    """Gone between finding and reading: an error naming it; gone while being read: read to its end."""
    path = tmp_path / "a.log"
    with pytest.raises(SourceError, match=r"a\.log: No such file"):
        list(blocks(source(path)))
    path.write_bytes(logs(100_000))
    running = blocks(source(path), size=1 << 20)
    first = next(running)
    path.unlink()
    assert first.data + b"".join(block.data for block in running) == logs(100_000)


@pytest.mark.parametrize("kind", [None, "gz", "zst"])
def test_stdin_is_read_and_unpacked(kind: str | None) -> None:
    """`-` reads standard input, whatever it is compressed with."""
    data = logs(3000)
    code = (
        "import sys\nfrom logtriage.sources.read import blocks\nfrom logtriage.sources.find import find\n"
        "for b in blocks(find(['-']).sources[0], size=1000): sys.stdout.buffer.write(b.data)\n"
    )
    packed = PACK[kind](data) if kind else data
    done = subprocess.run([sys.executable, "-c", code], input=packed, capture_output=True, check=True)
    assert done.stdout == data


def test_empty_sources_give_nothing(tmp_path: Path) -> None:
    """An empty file, plain or packed, yields no block and no error."""
    path = tmp_path / "a.log"
    for data in (b"", *(pack(b"") for pack in PACK.values())):
        path.write_bytes(data)
        assert read_all(source(path)) == ([], None)


def test_fingerprint_and_identity(tmp_path: Path) -> None:
    """A log keeps its fingerprint when it is compressed or grows beyond it; identity follows the inode."""
    data = logs(100)
    plain, packed = tmp_path / "a.log", tmp_path / "a.log.1.gz"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data + data)[:-9])
    expected = (1024, hashlib.sha256(data[:1024]).digest())
    assert fingerprint(source(plain)) == fingerprint(source(packed, "gz")) == expected
    assert fingerprint(source(plain), 10) == (10, hashlib.sha256(data[:10]).digest())
    plain.write_bytes(b"short")
    assert fingerprint(source(plain)) == (5, hashlib.sha256(b"short").digest())
    before = identity(source(plain))
    plain.rename(tmp_path / "b.log")
    assert identity(source(tmp_path / "b.log")) == before
    assert identity(source(plain)) is None
    with pytest.raises(SourceError):
        fingerprint(source(plain))


def test_prefetch_gives_the_same_and_runs_ahead() -> None:
    """Items and the exception come through in order; the thread is one item ahead, no more."""
    made: list[int] = []
    ahead = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            ahead.release()
            yield number
        raise SourceError("broken")

    running = prefetch(items())
    assert next(running) == 0
    assert ahead.acquire(timeout=10) and ahead.acquire(timeout=10)
    assert made == [0, 1]
    assert [next(running) for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(SourceError, match="broken"):
        next(running)


def test_closing_prefetch_stops_its_thread() -> None:
    """Closing the generator ends the thread and closes the iterator it read from."""
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    running = prefetch(items())
    next(running)
    assert isinstance(running, Iterator)
    running.close()  # type: ignore[attr-defined]
    assert closed.wait(timeout=10)


def test_reading_needs_no_heavy_import() -> None:
    """Finding and reading a plain file loads neither a decoder nor duckdb, pyarrow or hyperscan."""
    code = (
        "import sys\nfrom logtriage.sources import read, find, follow\n"
        "list(read.blocks(find.find([sys.argv[1]]).sources[0]))\n"
        "bad = {'_duckdb', 'pyarrow', 'hyperscan', 'zstandard', 'tarfile', 'lzma', 'bz2'} & set(sys.modules)\n"
        "sys.exit(','.join(bad) or 0)\n"
    )
    subprocess.run([sys.executable, "-c", code, __file__], check=True)


def test_unread_gives_back(tmp_path: Path) -> None:
    """A reader that peeked, took and gave back is where it was."""
    pull = unpack.Pull(iter([b"abc", b"defg"]))
    assert (pull.peek(5), pull.some(4), pull.at) == (b"abcde"[:5], b"abcd", 4)
    pull.unread(2)
    assert (pull.at, pull.read(99), pull.read(1)) == (2, b"cdefg", b"")
    assert read.BLOCK < 32 << 20


def test_half_a_character_before_damage_is_read(tmp_path: Path) -> None:
    """Where packed text of two bytes a character stops in the middle of one, its first byte is there as well."""
    data = "first line\nsecond".encode("utf-16") + b"!"
    packed = zlib.compressobj(wbits=31)
    whole = packed.compress(data) + packed.flush(zlib.Z_FULL_FLUSH)
    (path := tmp_path / "wide.log.gz").write_bytes(whole)
    read: list[bytes] = []
    with pytest.raises(SourceError, match="end is missing"):
        for block in blocks(find([str(path)]).sources[0]):
            read.append(block.data)
    assert b"".join(read) == data
