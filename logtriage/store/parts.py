"""Which byte streams the store knows and how far each was read, so that re-running an ingest reads only what is new."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logtriage.errors import SourceError
from logtriage.sources.find import Resource, Source
from logtriage.sources.read import UNTOLD, Block, Fingerprint, Identity, fingerprint, identity
from logtriage.sources.rotation import rotation, unsqueezed
from logtriage.store.paths import kept, name_of

if TYPE_CHECKING:
    import duckdb

_HEAD = 1 << 20  # bytes by which a log is known again: banners and the output of builds may begin alike for long
_ENOUGH = 1024  # of them, to know it under another name


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


@dataclass(slots=True)
class Changes:
    """What a store must learn of its parts: rows to add to lake.parts and lake.progress, and parts with a new name."""

    added: list[dict[str, Any]] = field(default_factory=list)
    renamed: list[dict[str, Any]] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)


class Parts:
    """The parts of a store, by number; `of` finds or adds the one of a source. `changes` is what the store must learn."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._known: dict[int, Part] = {}
        self._stored: dict[int, Part] = {}
        self._alike: dict[Hashable, set[int]] = defaultdict(set)  # numbers of parts by what they may be known by
        self._step = con.execute("SELECT coalesce(max(step), 0) FROM lake.progress").fetchall()[0][0]
        rows = con.execute(
            'SELECT p.part, p.source, p."group", p.path, p.member, head_length, head_sha256, device, inode, '
            'coalesce(g."offset", 0), coalesce(g.line, 1), coalesce(tail_offset, 0), coalesce(tail_line, 1), size, mtime_ns '
            "FROM lake.parts AS p LEFT JOIN (FROM lake.progress QUALIFY row_number() OVER (PARTITION BY part ORDER BY step DESC) = 1) "
            "AS g ON g.part = p.part ORDER BY p.part"
        ).fetchall()
        for number, name, group, path, member, *rest in rows:
            place = Path(name_of(path)) if path else None
            source = Source(name, group, place, name_of(member), None, Resource(None, None, None, None, None))
            self._stored[number] = self.note(Part(number, source, *rest))

    def of(self, source: Source) -> Part:
        """The part of a source. A file that was renamed, or compressed by rotation, is known by its first bytes; one that
        was truncated or replaced is a new part under the old name."""
        now = identity(source)
        for part in self._candidates(source, now):
            if now and part.untouched(now) and (part.device, part.inode) == (now.device, now.inode):
                return part
            if now and source.compression is None and source.member is None and now.size < part.offset:
                continue
            if begins_as(part, source) and (_is_near(part, source, now) or _told(part)):
                return self.note(headed(part, source))
        return self._new(source, fingerprint(source, _HEAD) if source.path else UNTOLD, now)

    def begun(self, block: Block) -> Part:
        """The part of a followed log, the first lines of which came: its name may stand for another log by now, or for none."""
        source, head = block.source, Fingerprint.of(block.data[:_HEAD])
        with contextlib.suppress(SourceError):
            if block.offset or not source.path or fingerprint(source, head.length) == head:
                return self.of(source)
        return self._new(source, head, None)

    def _new(self, source: Source, head: Fingerprint, now: Identity | None) -> Part:
        number, inode = next(reversed(self._known), 0) + 1, (now.device, now.inode) if now else (None, None)
        return self.note(Part(number, source, head.length, head.digest.hex(), *inode))

    def broken_off(self, source: Source) -> Part | None:
        """The packed log of this very place that was not read to its end, though some of it was; None: there is none."""
        place = self._alike.get(_keys(source, None)[0], ()) if source.compression or source.member else ()
        every = (self._known[number] for number in sorted(place, reverse=True))
        return next((part for part in every if part.offset and part.size is None), None)

    def grown(self, part: Part, source: Source, first: bytes) -> Part:
        """A part of which more was read as it came: it is known by more of its beginning, if that has become much more. What
        was empty when it was seen, or a few bytes, would be taken for another log when it is seen again. `first`: the first
        bytes that came of it, as far as they are at hand."""
        enough = min(part.offset, max(_ENOUGH, part.offset // 2), _HEAD)
        if part.head_length < enough and len(first) > part.head_length:
            length, digest = Fingerprint.of(first[: part.offset])
            part = self.note(replace(part, head_length=length, head_sha256=digest.hex()))
        if part.head_length >= enough:
            return part
        now = identity(source)
        with contextlib.suppress(SourceError):
            if now and (now.device, now.inode) == (part.device, part.inode) and begins_as(part, source):
                return self.note(headed(part, source))
        return part  # its name stands for another log by now, or for none

    def _candidates(self, source: Source, now: Identity | None) -> list[Part]:
        if source.path is None:
            return []
        place, moved, packed = (
            [self._known[number] for number in sorted(self._alike.get(key, ()), reverse=True)]
            for key in _keys(source, (now.device, now.inode) if now else None)
        )
        found = {part.number: part for part in place}
        found |= {part.number: part for part in moved if now and not source.member}
        every = [*found.values(), *(part for part in packed if part.number not in found)]
        # one that was empty may be what has come to its name since: only where nobody else knows that
        return sorted(every, key=lambda part: not part.head_length)

    def note(self, part: Part) -> Part:
        """Keeps in mind how far a part was read."""
        if before := self._known.get(part.number):
            for key in _keys(before.source, (before.device, before.inode)):
                self._alike[key].discard(part.number)
        for key in _keys(part.source, (part.device, part.inode)):
            self._alike[key].add(part.number)
        self._known[part.number] = part
        return part

    def changes(self) -> Changes:
        """What was noted since the last call."""
        found = Changes()
        for part in self._known.values():
            before = self._stored.get(part.number)
            if part == before:
                continue
            if before is None:
                found.added.append(_described(part))
            elif (before.source, before.head_sha256) != (part.source, part.head_sha256):
                found.renamed.append(_described(part))
            self._step += 1
            reached = {name: getattr(part, name) for name in _REACHED}
            found.progress.append(
                {"part": part.number, **reached, "complete": part.size is not None, "noted": _now(), "step": self._step}
            )
        self._stored = dict(self._known)
        return found


_REACHED = ("offset", "line", "tail_offset", "tail_line", "size", "mtime_ns")


def _described(part: Part) -> dict[str, Any]:
    """A part as a row of lake.parts."""
    path, member = _place(part.source)
    return {
        "part": part.number, "source": part.source.name, "group": part.source.group,
        "path": kept(path), "member": kept(member),
        **asdict(part.source.resource), "device": part.device, "inode": part.inode, "head_length": part.head_length,
        "head_sha256": part.head_sha256, "added": _now(),
    }  # fmt: skip


def _keys(source: Source, inode: tuple[int | None, int | None] | None) -> tuple[Hashable, ...]:
    """What a part may be known by: its place, its inode, its rotated set."""
    return ("place", *_place(source)), ("inode", inode), ("set", *_set(source))


def _place(source: Source) -> tuple[str | None, str | None]:
    return (os.path.abspath(source.path) if source.path else None), source.member


def _set(source: Source) -> tuple[str | None, str | None]:
    """The place of the live log of a source's set, also where nothing else of the set is there, as behind `gzip app.log`."""
    path, member = _place(source)
    folder, file = os.path.split(member or path or "")
    rotated = rotation(file)
    guessed = rotated.needs_base and source.group == source.name
    live = os.path.join(folder, unsqueezed(file) if guessed else rotated.base)
    return (path, live) if member else (live, None)


def _is_near(part: Part, source: Source, now: Identity | None) -> bool:
    """Whether a source is where a part was, or is its file by another name."""
    moved = now is not None and not source.member and (part.device, part.inode) == (now.device, now.inode)
    return moved or _place(part.source) == _place(source)


def _told(part: Part) -> bool:
    """Whether enough of a part's beginning is known to know it again under another name: of a short log all of it, and it must
    have left its place, as others may say the same."""
    try:
        return part.head_length >= _ENOUGH or (part.head_length >= part.offset > 0 and not begins_as(part, part.source))
    except SourceError:
        return True


def first_bytes(part: Part, source: Source) -> bytes:
    """The first KiB of a file that is known by less than that, or what there is of it; none if it is another log by now."""
    if part.head_length >= _ENOUGH or not source.path or source.compression or source.member:
        return b""
    with contextlib.suppress(OSError), source.path.open("rb") as file:
        first = file.read(_ENOUGH)
        length, digest = Fingerprint.of(first[: part.head_length])
        return first if (length, digest.hex()) == (part.head_length, part.head_sha256) else b""
    return b""


def longer(first: bytes, block: Block) -> bytes:
    """The first KiB of a log of which a block came."""
    return (first[: block.offset] + block.data)[:_ENOUGH] if block.offset <= len(first) < _ENOUGH else first


def headed(part: Part, source: Source) -> Part:
    """A part as it is called, and begins, by now."""
    length, digest = fingerprint(source, _HEAD)
    return replace(part, source=source, head_length=length, head_sha256=digest.hex())


def begins_as(part: Part, source: Source) -> bool:
    """Whether a source begins as a part did when it was read."""
    if not part.head_length:  # it was empty when it was seen
        return part.offset == 0 and _place(part.source) == _place(source)
    return fingerprint(source, part.head_length) == (part.head_length, bytes.fromhex(part.head_sha256))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
