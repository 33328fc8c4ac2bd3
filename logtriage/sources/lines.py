"""A block's bytes → its lines as Arrow columns, each with the place of its first byte.

Bytes that are no text are shown, never lost: what is not UTF-8 reads as Latin-1, NUL as ␀. Where a line's text does
not give its bytes back, `exact` holds the bytes.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from logtriage.sources.read import Block

MARKS = bytes(range(1, 9))  # what a frame puts in the place of a piece (see frame.py)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one block.

    `text` (large_string, one a line, without newline), `starts` (int64, n + 1: byte offsets in the block's data, the
    last one its length), `joined` with `places` (text of the block with its newlines, and where in it each line
    begins). `altered` tells that some bytes were no text, so that `joined` is not the block's data.
    """

    text: pa.LargeStringArray
    starts: pa.Int64Array
    joined: bytes
    places: pa.Int64Array
    altered: bool
    has_bom: bool
    has_cr: bool
    has_escape: bool
    has_marks: bool

    @property
    def cleaned(self) -> bool:
        """Whether what is read may differ from what is written: positions in the one do not hold in the other."""
        return self.altered or self.has_bom or self.has_cr or self.has_escape

    @property
    def table(self) -> pa.Table:
        """`text` as the column t, and i, which counts the lines."""
        import pyarrow as pa

        return pa.table({"i": pa.arange(0, len(self)), "t": self.text})

    def __len__(self) -> int:
        return len(self.text)


def split(block: Block) -> Lines:
    """Splits a block at its newlines; any bytes are taken."""
    altered = block.encoding != "utf-8" or not _plain(block.data)
    joined = _readable(block.data, block.encoding) if altered else block.data
    text, places = _split(joined)
    return Lines(
        text, _starts(block) if altered else places, joined, places, altered,
        _has_bom(joined), b"\r" in joined, b"\x1b" in joined, _marked(joined),
    )  # fmt: skip


def _starts(block: Block) -> pa.Int64Array:
    """Where the lines of bytes that are no text begin, and where the last one ends."""
    return _split(block.data)[1] if block.encoding == "utf-8" else _starts_utf16(block.data, block.encoding)


def _whole(data: bytes) -> pa.LargeStringArray:
    """All of a text in one value."""
    import pyarrow as pa

    ends = pa.array([0, len(data)], pa.int64())
    return pa.LargeStringArray.from_buffers(1, ends.buffers()[1], pa.py_buffer(data))


def _split(data: bytes) -> tuple[pa.LargeStringArray, pa.Int64Array]:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.split_pattern(_whole(data), "\n").values
    if data.endswith(b"\n"):
        text = text.slice(0, len(text) - 1)
    ends = pa.Array.from_buffers(pa.int64(), len(text) + 1, [None, text.buffers()[1]], offset=text.offset)
    starts = pc.add(ends, pa.arange(0, len(ends)))
    if not data.endswith(b"\n"):  # the last line has no newline to count
        starts = pa.concat_arrays([starts.slice(0, len(text)), pa.array([len(data)], pa.int64())])
    return text, starts


def _plain(data: bytes) -> bool:
    if b"\0" in data:
        return False
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_bom(data: bytes) -> bool:
    """Whether a line begins with a byte order mark: a log may be put together of several."""
    return not data.isascii() and (data.startswith(codecs.BOM_UTF8) or b"\n" + codecs.BOM_UTF8 in data)


def _marked(data: bytes) -> bool:
    """Whether a text holds MARKS."""
    import pyarrow.compute as pc

    if any(bytes([mark]) in data for mark in MARKS):
        return True
    # as JSON writes them: RE2 takes a tenth of the time of `in`
    return bool(pc.any(pc.match_substring_regex(_whole(data), r"\\u000[1-8]")).as_py())


def _readable(data: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        text = data.decode("utf-8", errors="logtriage.latin1")
    else:
        text = data.decode(encoding, errors="replace")
    return text.replace("\0", "\u2400").encode("utf-8", errors="replace")


def _starts_utf16(data: bytes, encoding: str) -> pa.Int64Array:
    import pyarrow as pa

    newline = "\n".encode(encoding)
    starts, at = [0], 0
    while (at := data.find(newline, at)) >= 0:
        if at % 2:
            at += 1
            continue
        at += 2
        starts.append(at)
    if starts[-1] != len(data):
        starts.append(len(data))
    return pa.array(starts, pa.int64())


def _latin1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("logtriage.latin1", _latin1)
