"""What the first bytes of a file tell: the encoding of its text, or that it holds no log."""

from __future__ import annotations

from logtriage.sources.codec import recognise

_MAGIC = {
    b"LPKSHHRH": "a systemd journal: read it with journalctl -o json",
    b"SQLite format 3\0": "a database",
    b"PAR1": "a Parquet file",
    b"\x7fELF": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"PK\x03\x04": "a zip archive",
    b"%PDF-": "a document",
}
TOLD_BY = 4096  # bytes from which the encoding is told
_BESIDE_LOGS = frozenset({"config.v2.json", "hostconfig.json"})
# Control characters less those that logs do hold: separators (FIX uses 1), white space, bell, escape.
_STRANGE = bytes(sorted({*range(32), 127} - {1, *range(7, 14), 27, 30, 31}))


def encoding_of(head: bytes) -> str:
    """The encoding of data beginning with `head`: by byte order mark, else by where the NULs of UTF-16 text stand."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16-le" if head[0] == 0xFF else "utf-16-be"
    pairs = len(head) // 2
    if pairs >= 4:
        first, second = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
        if second * 10 >= pairs * 7 and first * 10 <= pairs:
            return "utf-16-le"
        if first * 10 >= pairs * 7 and second * 10 <= pairs:
            return "utf-16-be"
    return "utf-8"


def why_no_log(head: bytes, name: str) -> str | None:
    """What a file beginning with `head` is if it is no log; None for a log, or for an empty file."""
    if name.rpartition("/")[2] in _BESIDE_LOGS:
        return "what docker notes about a container"
    if recognise(head):
        return "compressed twice: unpack it once"
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            return what
    # Truncating a log under a writer that keeps its place leaves a hole, read as NULs, at its start.
    if encoding_of(head) != "utf-8" or (".log" in name and not head.strip(b"\0")):
        return None
    strange = len(head) - len(head.translate(None, _STRANGE))
    return "binary data" if strange * 20 > len(head) else None
