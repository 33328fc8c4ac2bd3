"""Which byte streams the store knows and how far each was read, so that re-running an ingest reads only what is new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from logtriage.read import Identity, fingerprint, identity
from logtriage.sources import Resource, Source
from logtriage.store import Store

_HEAD = 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One byte stream in the store: a file (whatever it is called by now), a member of an archive, standard input.

    `offset` and `line` are where reading ended; `tail_offset` and `tail_line` where the last record began, to which more
    lines may still come. `size` and `mtime_ns` are the file's when it was last read to its end.
    """

    number: int
    source: Source
    head_length: int
    head_sha256: str
    device: int | None
    inode: int | None
    offset: int = 0
    line: int = 1
    tail_offset: int = 0
    tail_line: int = 1
    size: int | None = None
    mtime_ns: int | None = None

    def untouched(self, now: Identity | None) -> bool:
        """Whether the file is as it was when it was last read to its end."""
        return now is not None and self.size is not None and (self.size, self.mtime_ns) == (now.size, now.mtime_ns)


class Parts:
    """The parts of a store, by number; `of` finds or adds the one of a source."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[int, Part] = {}
        rows = store.con.execute(
            'SELECT p.part, p.source, p."group", p.path, p.member, head_length, head_sha256, device, inode, '
            'coalesce(g."offset", 0), coalesce(g.line, 1), coalesce(tail_offset, 0), coalesce(tail_line, 1), size, mtime_ns '
            'FROM lake.parts AS p LEFT JOIN (FROM lake.progress QUALIFY row_number() OVER (PARTITION BY part ORDER BY noted DESC) = 1) '
            "AS g ON g.part = p.part ORDER BY p.part"
        ).fetchall()
        for number, name, group, path, member, *rest in rows:
            self._known[number] = Part(number, Source(name, group, Path(path) if path else None, member, None, Resource(None, None, None, None, None)), *rest)

    def of(self, source: Source) -> tuple[Part, bool]:
        """The part of a source and whether it is new. A file that was renamed, or compressed by rotation, is known by
        its first bytes; one that was truncated or replaced is a new part under the old name."""
        now = identity(source)
        for part in self._candidates(source, now):
            if now and part.untouched(now) and (part.device, part.inode) == (now.device, now.inode):
                return part, False
            if now and source.compression is None and now.size < part.offset:
                continue
            if part.head_length and fingerprint(source, part.head_length) == (part.head_length, bytes.fromhex(part.head_sha256)):
                return replace(part, source=source), False
        return self._add(source, now), True

    def _candidates(self, source: Source, now: Identity | None) -> list[Part]:
        if source.path is None:
            return []
        newest = sorted(self._known.values(), key=lambda p: -p.number)
        same = [p for p in newest if (p.source.path, p.source.member) == (source.path, source.member)]
        moved = [p for p in newest if now and not source.member and (p.device, p.inode) == (now.device, now.inode) and p not in same]
        packed = [p for p in newest if p.source.group == source.group and p.head_length == _HEAD and p not in same and p not in moved]
        return [*same, *moved, *packed]

    def _add(self, source: Source, now: Identity | None) -> Part:
        length, digest = fingerprint(source, _HEAD) if source.path else (0, b"")
        number = max(self._known, default=0) + 1
        part = Part(number, source, length, digest.hex(), now.device if now else None, now.inode if now else None)
        who = source.resource
        self._store.con.execute(
            "INSERT INTO lake.parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)",
            [number, source.name, source.group, str(source.path) if source.path else None, source.member, who.service, who.host,
             who.container, who.pod, who.namespace, part.device, part.inode, length, part.head_sha256, _now()],
        )  # fmt: skip
        self._known[number] = part
        return part

    def save(self, part: Part) -> None:
        """Notes how far a part was read; to be called inside the transaction that writes its records."""
        self._known[part.number] = part
        self._store.con.execute(
            "INSERT INTO lake.progress VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [part.number, part.offset, part.line, part.tail_offset, part.tail_line, part.size, part.mtime_ns, part.size is not None, _now()],
        )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
