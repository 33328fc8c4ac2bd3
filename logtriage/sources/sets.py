"""Rotated sets: the logs found → reading order, the parts of a set brought together, its oldest part first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from logtriage.sources.rotation import Rotation, rotation, unsqueezed


@dataclass(frozen=True, slots=True)
class Candidate:
    """A log, before it is known what set it belongs to. `place` is the folder: an absolute path, or inside an archive; `sound`
    is as in `Source`."""

    path: Path | None
    member: str | None
    place: str
    file: str
    compression: str | None = None
    head: bytes = b""
    named: bool = True
    sound: bool = True


def in_order(
    candidates: Sequence[Candidate], skip: Callable[[str, str], object]
) -> Iterator[tuple[Candidate, str | None]]:
    """The candidates in reading order, each with the base name of its rotated set if it is in one.

    `skip(path, reason)` is told of a compressed copy of a file that is there as well.
    """
    current = {(one.place, rotated.base) for one in candidates if (rotated := rotation(one.file)).current}
    sets: dict[tuple[str, str], list[tuple[Rotation, Candidate]]] = {}
    for one in candidates:
        rotated = rotation(one.file)
        if rotated.needs_base and (one.place, rotated.base) not in current:
            rotated = Rotation(unsqueezed(one.file))
        sets.setdefault((one.place, rotated.base), []).append((rotated, one))
    for key in list(sets):
        sets[key] = _without_copies(sets[key], skip)
    done: set[tuple[str, str]] = set()
    keys = {id(one): key for key, parts in sets.items() for _, one in parts}
    for one in candidates:
        key = keys.get(id(one), ("", ""))
        if key not in sets or key in done:
            continue
        parts, base = sets[key], key[1] if len(sets[key]) > 1 else None
        if one.member is not None:
            yield one, base
            continue
        done.add(key)
        for _, part in sorted(parts, key=lambda pair: (pair[0].age, not pair[1].compression)):
            yield part, base


def _without_copies(
    parts: list[tuple[Rotation, Candidate]], skip: Callable[[str, str], object]
) -> list[tuple[Rotation, Candidate]]:
    """A set without compressed files whose plain original still stands beside them (`gzip -k`, or at this moment)."""
    plain = {one.file: one.head for _, one in parts if not one.compression}
    kept = []
    for rotated, one in parts:
        original = plain.get(unsqueezed(one.file)) if one.compression and not one.named else None
        if original is not None and one.head and original.startswith(one.head):
            skip(shown(str(one.path)), f"a compressed copy of {shown(unsqueezed(one.file))}")
        else:
            kept.append((rotated, one))
    return kept


def shown(path: str) -> str:
    """A path fit to be printed: a name may hold bytes that are no UTF-8, and control characters. Backslashes are doubled, so
    that no two paths are shown alike."""
    if path.isprintable() and "\\" not in path:
        return path
    text = os.fsencode(path.replace("\\", r"\\")).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
