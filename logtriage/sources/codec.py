"""The compressions: how each is recognised, and one interface over their decoders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bz2 import BZ2Decompressor
    from lzma import LZMADecompressor

TITLES = {"gz": "gzip", "zst": "zstd", "bz2": "bzip2", "xz": "xz"}
HEAD = 10  # bytes `recognise` wants to see

# A block's mark, or the end mark of an empty stream, follows the level of bzip2, which is left out here.
_MAGIC = (
    ("gz", b"\x1f\x8b\x08"), ("zst", b"\x28\xb5\x2f\xfd"), ("xz", b"\xfd7zXZ\x00"),
    ("bz2", b"BZh1AY&SY"), ("bz2", b"BZh\x17\x72\x45\x38\x50\x90"),
)  # fmt: skip
_MEMORY = 1 << 30  # the most a stream may make its decoder allocate (xz dictionary, zstd window)


def recognise(head: bytes) -> str | None:
    """The compression that data beginning with `head` has: 'gz', 'zst', 'bz2', 'xz' or None. Data of fewer than HEAD bytes
    may have been cut off amid what tells it."""
    if is_skippable(head):
        return "zst"
    without_level = head[:3] + head[4:] if head[3:4].isdigit() else b""
    for kind, magic in _MAGIC:
        told = (without_level if kind == "bz2" else head)[: len(magic)]
        if len(told) > 1 and magic.startswith(told):
            return kind
    return None


def is_skippable(head: bytes) -> bool:
    """Whether a zstd skippable frame begins here (RFC 8878, 3.1.2); bytes 4 to 8 hold its length."""
    return head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F


class Decoder(Protocol):
    """One gzip member, zstd frame, xz or bz2 stream."""

    def feed(self, data: bytes, limit: int) -> bytes:
        """Take compressed bytes, give about `limit` plain ones; as many as that: ask again with no data."""

    @property
    def eof(self) -> bool:
        """The end mark was seen and the checksum, if any, agreed."""

    @property
    def unused_data(self) -> bytes:
        """What came after the end mark."""


class _Zlib:
    def __init__(self) -> None:
        import zlib

        self._inner = zlib.decompressobj(31)  # 31: gzip header and checksum
        self._tail = b""

    def feed(self, data: bytes, limit: int) -> bytes:
        out = self._inner.decompress(self._tail + data, limit)
        self._tail = self._inner.unconsumed_tail
        return out

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


class _Stdlib:
    """bz2 and lzma have one interface."""

    def __init__(self, inner: BZ2Decompressor | LZMADecompressor) -> None:
        self._inner = inner

    def feed(self, data: bytes, limit: int) -> bytes:
        # Asked again after the end mark: the last output was exactly `limit` long.
        return b"" if self._inner.eof else self._inner.decompress(data, limit)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


_ZSTD_HEAD = {"header": 5, "block": 3, "checksum": 4}  # bytes that tell how long the unit is


class _Zstd:
    """Feeds zstd block by block (RFC 8878, 3.1.1): the library has no limit on output, but a block is ≤ 128 KiB."""

    def __init__(self) -> None:
        import zstandard

        self._inner = zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()
        self._data, self._at = b"", 0
        self._unit = "header"
        self._checksum = False

    def feed(self, data: bytes, limit: int) -> bytes:
        self._data, self._at = self._data[self._at :] + data, 0
        out: list[bytes] = []
        size = 0
        while size < limit and not self._inner.eof:
            head = self._data[self._at : self._at + _ZSTD_HEAD[self._unit]]
            if len(head) < _ZSTD_HEAD[self._unit]:
                break
            length, following = self._measure(head)
            if len(self._data) - self._at < length:
                break
            piece = self._inner.decompress(self._data[self._at : self._at + length])
            self._at, self._unit = self._at + length, following
            size += len(piece)
            out.append(piece)
        return b"".join(out)

    def _measure(self, head: bytes) -> tuple[int, str]:
        """The length of the unit that begins with `head`, and what follows it."""
        if self._unit == "header":
            kind = head[4]
            single, self._checksum = bool(kind & 0x20), bool(kind & 4)
            return 5 + (not single) + (0, 1, 2, 4)[kind & 3] + (single, 2, 4, 8)[kind >> 6], "block"
        if self._unit == "block":
            value = int.from_bytes(head, "little")
            size = 1 if value >> 1 & 3 == 1 else value >> 3  # type 1: one byte, repeated
            # The checksum goes apart, so that a wrong one does not take the last block with it.
            return 3 + size, "checksum" if value & 1 and self._checksum else "block"
        return 4, "end"

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._data[self._at :]


def decoder(compression: str) -> Decoder:
    """A decoder for one member, frame or stream of that compression."""
    if compression == "gz":
        return _Zlib()
    if compression == "zst":
        return _Zstd()
    if compression == "bz2":
        import bz2

        return _Stdlib(bz2.BZ2Decompressor())
    import lzma

    return _Stdlib(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY))
