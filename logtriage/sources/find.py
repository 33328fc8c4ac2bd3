"""What the user names (files, folders, globs, archives, a pipe) → the log sources to read, in reading order."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from logtriage.errors import SourceError
from logtriage.sources.bundle import Bundle, is_bundle
from logtriage.sources.codec import HEAD, recognise
from logtriage.sources.head import why_no_log
from logtriage.sources.resource import Resource, resource
from logtriage.sources.rotation import rotation
from logtriage.sources.sets import Candidate, in_order, shown
from logtriage.sources.unpack import Pieces, Pull, decoded

__all__ = ["Found", "Resource", "Source", "find"]

# What a logtriage store consists of; a folder that has the first two is one.
_STORE = re.compile(r"catalog\.sqlite.*|lock|data|temp-\d+|gist\.json|grams|marks\.json.*")
_OF_A_STORE = ("catalog.sqlite", "lock")
_NOTHING = {errno.ENOENT, errno.ELOOP}  # gone since the folder was read, or a link to nowhere
SAMPLE = 4096  # plain bytes from which a file is judged
OnSkip = Callable[[str, str], object]


@dataclass(frozen=True, slots=True)
class Source:
    """One log to read.

    `name` is what the user sees: the path as given or found, `archive.tar.gz!path/in/it` for a `member`, `-` for
    stdin. `group` names the rotated set (`app.log` of `app.log.2.gz`), and is `name` for a file that is in none.
    `path` is None for stdin; `compression` is that of the file or member itself, told by its first bytes. Not `sound`: in an
    archive that is damaged or cut, so that what can be read of it, be it all, may be what a decoder made of the damage.
    """

    name: str
    group: str
    path: Path | None
    member: str | None
    compression: str | None
    resource: Resource
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """The sources in reading order, and an error for each argument that gave none, and each file or folder that could not be
    read through."""

    sources: list[Source]
    errors: list[SourceError]


def find(
    args: Sequence[str], *, service: str | None = None, host: str | None = None, on_skip: OnSkip | None = None
) -> Found:
    """Find the log sources that the arguments name.

    Arguments keep their order; folders and globs are gone through by name, numbers as numbers; a rotated set is
    brought together where its first part stands, oldest part first. Members of an archive keep its order, in which it
    can be read in one go. A file that is reached twice is read once. In folders, what is no log is passed over:
    `on_skip(path, reason)` is told; what may be one and cannot be read is an error, as it is by name. `service` and `host`
    override what names and places tell.
    """
    finder = _Finder(on_skip or (lambda path, reason: None))
    for arg in args:
        try:
            finder.add(arg)
        except SourceError as error:
            finder.errors.append(error)
    known = Resource(service, host)
    sources = [_source(one, base, known) for one, base in in_order(finder.candidates, finder.skip)]
    return Found(sources, finder.errors)


@dataclass(slots=True)
class _Finder:
    """Walks what arguments name, and collects candidates."""

    skip: OnSkip
    candidates: list[Candidate] = field(default_factory=list)
    errors: list[SourceError] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)

    def add(self, arg: str) -> None:
        """Collect the candidates of one argument."""
        if arg == "-":
            if not any(one.path is None for one in self.candidates):
                self.candidates.append(Candidate(None, None, "", "-"))
        elif os.path.lexists(arg) or not glob.has_magic(arg):
            self._walk(arg, named=True)
        elif "**" in arg:
            parts = Path(arg).parts
            first = next(place for place, part in enumerate(parts) if glob.has_magic(part))
            before, folder = len(self.candidates), os.path.join(*parts[:first]) if first else "."
            pattern, depth = parts[first:], len(Path(folder).parts)
            self._walk(folder, named=False, wanted=lambda path: _matches(Path(path).parts[depth:], pattern))
            if len(self.candidates) == before:
                raise SourceError(f"{shown(arg)}: no file matches")
        else:
            matches = sorted(glob.glob(arg), key=_natural)
            if not matches:
                raise SourceError(f"{shown(arg)}: no file matches")
            for match in matches:
                self._walk(match, named=False)

    def _walk(self, top: str, *, named: bool, wanted: Callable[[str], bool] = lambda path: True) -> None:
        """Collect a file, or the files of a folder and all below it. `named`: the user meant this very path."""
        stack = [top]
        while stack:
            path = stack.pop()
            try:
                status = os.stat(path)
                if stat.S_ISDIR(status.st_mode):
                    if self._first_time(path, status):
                        stack += reversed(self._entries(path))
                elif not wanted(path):
                    continue
                elif stat.S_ISREG(status.st_mode):
                    if self._first_time(path, status):
                        self._file(path, named and path == top)
                elif named and path == top:
                    self.candidates.append(Candidate(Path(path), None, _folder(path), os.path.basename(path)))
                else:
                    self.skip(shown(path), "not a file: a pipe, socket or device")
            except OSError as why:
                if why.errno in _NOTHING and not (named and path == top):
                    self.skip(shown(path), why.strerror or str(why))
                else:  # there is something, which the answer will lack
                    self.errors.append(SourceError(f"{shown(path)}: {why.strerror or why}"))

    def _first_time(self, path: str, status: os.stat_result) -> bool:
        key = (status.st_dev, status.st_ino)
        if key in self.seen:
            self.skip(shown(path), "reached before by another path")
            return False
        self.seen.add(key)
        return True

    def _entries(self, folder: str) -> list[str]:
        names = []
        is_store = all(os.path.isfile(os.path.join(folder, name)) for name in _OF_A_STORE)
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name.startswith("."):
                self.skip(shown(path), "hidden")
            elif is_store and _STORE.fullmatch(name):
                for one in _files(path):
                    self.skip(shown(one), "part of a logtriage store")
            else:
                names.append(name)
        return [
            os.path.join(folder, name)
            for name in sorted(names, key=lambda n: (_natural(rotation(n).base), _natural(n)))
        ]

    def _file(self, path: str, named: bool) -> None:
        with open(path, "rb", buffering=0) as file:
            raw = file.read(64 << 10)
            compression = recognise(raw)
            # A bzip2 block gives nothing before it is complete, and has up to 900 kB.
            raw += file.read(1 << 20) if compression == "bz2" else b""
        head = _head_of(iter([raw]))
        if is_bundle(head, path):
            self._members(path)
        elif not named and (what := why_no_log(head, path)):
            self.skip(shown(path), what)
        else:
            place, name = _folder(path), os.path.basename(path)
            self.candidates.append(Candidate(Path(path), None, place, name, compression, head, named))

    def _members(self, path: str) -> None:
        archive, regular, before = Bundle(Path(path), shown(path)), 0, len(self.candidates)
        try:
            for member in archive:
                regular += member.regular
                label = f"{shown(path)}!{shown(member.name)}"
                if member.sparse:
                    self.errors.append(
                        SourceError(f"{label}: packed without its holes (tar -S), not read", "unpack the archive")
                    )
                if member.sparse or not member.regular:
                    continue
                pull = Pull(archive.data())
                compression = recognise(pull.peek(HEAD))
                head = _head_of(pull.rest())
                nested = "an archive in an archive" if is_bundle(head, member.name) else None
                if what := nested or why_no_log(head, member.name):
                    self.skip(label, what)
                    continue
                place, _, name = member.name.rpartition("/")
                self.candidates.append(
                    Candidate(Path(path), member.name, f"{os.path.abspath(path)}!{place}", name, compression, head)
                )
            if not regular:
                self.skip(shown(path), "an archive without files")
        except SourceError as error:  # members before the damage are as good as any
            damaged = archive.member.name if archive.inside and archive.member else None
            if not any((one.path, one.member) == (Path(path), damaged) for one in self.candidates[-1:] if damaged):
                self.errors.append(error)  # else it is told when that member is read
            self.candidates[before:] = [replace(one, sound=False) for one in self.candidates[before:]]


def _head_of(raw: Pieces) -> bytes:
    """The first plain bytes of a file, from some of its raw ones; as far as they can be decoded."""
    return Pull(decoded(raw, "")).peek(SAMPLE)[:SAMPLE]


def _folder(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))


def _files(path: str) -> Iterator[str]:
    """The file of this path, or all files below it."""
    if not os.path.isdir(path):
        yield path
    for folder, _, names in os.walk(path):
        yield from (os.path.join(folder, name) for name in names)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key by which `9.log` comes before `10.log`."""
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name)]


def _matches(names: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path, or a folder it lies in, matches a glob that may hold `**` for any number of folders."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_matches(names[count:], pattern[1:]) for count in range(len(names)))
    return bool(names) and fnmatchcase(names[0], pattern[0]) and _matches(names[1:], pattern[1:])


def _source(one: Candidate, base: str | None, known: Resource) -> Source:
    if one.path is None:
        return Source("-", "-", None, None, None, known)
    name = shown(str(one.path) if one.member is None else f"{one.path}!{one.member}")
    group = name if base is None else name[: len(name) - len(shown(one.file))] + shown(base)
    told = resource(str(one.path), one.path.resolve()) if one.member is None else resource(one.member)
    who = Resource(*(text and shown(text) for text in astuple(known.filled_from(told))))
    return Source(name, group, one.path, one.member, one.compression, who, one.sound)
