"""What is learnt of how a source writes: samples of its lines → a tree of formats (`node.py`).

Only samples come here, so plain Python reads them; whole blocks are read by the SQL that `parse.py` makes of the tree.
"""

from __future__ import annotations

import datetime as dt
import re
import statistics
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from logtriage.formats import pretty
from logtriage.formats.claims import Claims
from logtriage.formats.cuts import is_cut
from logtriage.formats.fields import WHOLE_SECONDS, document_of, read_head
from logtriage.formats.format import Format, level_words
from logtriage.formats.header import BY_HEADER, derive
from logtriage.formats.ids import keys_in
from logtriage.formats.joints import CONTINUES
from logtriage.formats.keys import client_key, level_key, nanos_key, status_key, time_key
from logtriage.formats.node import GENERIC, Node
from logtriage.stamps import stamp
from logtriage.stamps.moment import to_datetime
from logtriage.stamps.rendering import rendering_of

# A zone is inferred from whole quarters of an hour: no zone is finer, and clocks drift by less than half of one.
_QUARTER = 15 * 60
_HEAD = 4096
_ZEROS = str.maketrans("123456789", "000000000")
# An id in hexadecimal digits, other than a number: which letters there are in it teaches nothing either.
_ID = re.compile(r"(?<![0-9A-Za-z])(?=[0-9-]*[a-fA-F])[0-9a-fA-F-]{16,}(?![0-9A-Za-z])")
_LETTERS = str.maketrans("0123456789abcdefABCDEF", "f" * 22)
_CONTINUES = re.compile(CONTINUES)
_STATUS = re.compile("[1-5][0-9]{2}")
# The priority of formats that are no more than a level's word: they yield to a time that stands close to the line's start.
_VAGUE = 20
# What stands before a moment that the message itself is about.
_ABOUT = re.compile(r"(?i)\b(?:at|on|since|until|till|from|before|after|is|was)[ :]*[\"'(\[]?$")


class Grammar:
    """What is known of one source: grows by `learn`, never forgets."""

    def __init__(
        self, formats: Sequence[Format], *, zone: str = "UTC", forced: str | None = None, claims: Claims | None = None
    ) -> None:
        """`formats` in the order to try; `zone`: of stamps that carry none; `forced`: the only outer format tried;
        `claims`: those of the formats, where they are at hand."""
        self._claims = claims or Claims(formats)
        self._forced = forced
        self._plain = next((fmt for fmt in self._claims.formats if fmt.id == "json"), None)
        self.zone = zone
        self.root = Node(None)
        self._cut = True
        self._idle: set[int] = set()  # lines that taught nothing since something was learnt

    def learn(self, lines: Iterable[str], *, cut: bool = True) -> bool:
        """Reads sample lines (without their newline); True when one of them taught something new. `cut`: the lines of a
        transport may be pieces of longer ones, of which nothing can be learnt."""
        self._cut = cut
        before = self._size()
        # a line that differs from another in its digits teaches nothing new
        told = {hash((_alike(line), cut)): line for line in lines}
        alike = {number: line for number, line in told.items() if number not in self._idle}
        for line in alike.values():
            if not _CONTINUES.match(line[:_HEAD]):
                self._read(self.root, line, {}, None)
        if not self.root.children:  # some programs indent all that they write, and arrays their members
            heads = [line[:_HEAD] for line in alike.values()]
            members = [head for head in heads if pretty.start_of(head)] if "[" in map(str.strip, heads) else []
            for head in members or heads:
                if members or stamp.find(head) or self._claims.of(head):
                    self._read(self.root, head, {}, None)
        for node in self.root.walk():
            node.zone = node.zone or _zone_of(node.lags)
        if self._size() != before:
            self._idle.clear()
            return True
        self._idle.update(alike)
        return False

    @property
    def key(self) -> Hashable:
        """Equal for sources whose lines are read alike."""
        return self.zone, self.root.key

    @property
    def dated(self) -> bool:
        """Whether all stamps seen tell the whole of their moments, so that they are read against none."""
        return all(kind.has_date and kind.has_year for node in self.root.walk() for kind in node.kinds)

    def _size(self) -> int:
        return sum(
            1
            + n.ends
            + n.told
            + len(n.kinds)
            + len(n.written)
            + sum(map(len, n.ids.values()))
            + len((n.fmt and n.fmt.start) or "")
            + sum(map(len, [*n.fmt.keys.values(), *n.fmt.aliases.values()] if n.fmt else ()))
            for n in self.root.walk()
        )

    def _read(self, node: Node, text: str, above: Mapping[str, str], outer: dt.datetime | None) -> None:
        """Finds the format of `text` inside `node`, notes its stamp, and goes on with what it wraps."""
        document = document_of(text)
        for fmt in self._candidates(node, above, self._claims.candidates(text, document=document is not None)):
            if known := node.children.get(_place(fmt)):
                fmt = known.fmt or fmt
            fields = read_head(fmt, text, document)
            if fields is None or (fmt.kind == "header" and not fields.get("columns", "").strip()):
                continue
            if fmt.priority <= _VAGUE and fmt.kind == "text" and "timestamp" not in fmt.groups and _says_when(text):
                continue
            if fmt.kind == "header":
                fmt = derive(fmt, fields.get("columns", ""))
            child = node.children.setdefault(_place(fmt), Node(fmt, node))
            if fmt.id == "json" and document:
                fields = _note_keys(child, fields, document)
            _note_stamp(child, fields, outer)
            inner = fields.get(fmt.inner or "", "")
            child.ends |= inner.endswith("\n")
            cut = self._cut and is_cut(fmt, inner, fields.get("logtag", ""), child.ends)
            if fmt.inner and inner.strip() and len(child.path) < 4 and not cut:
                self._read(child, inner.rstrip("\r\n"), fields, _moment(child, fields))
            _note_ids(child, text)
            return
        if self._plain and (start := pretty.start_of(text)):
            fmt = replace(self._plain, id=pretty.ID, title=pretty.TITLE, start=start, multiline=True)
            child = node.children.setdefault(fmt.id, Node(fmt, node))
            child.fmt = min(fmt, child.fmt or fmt, key=lambda one: len(one.start or ""))
            return
        found = stamp.find(text[:_HEAD])
        if found and found[0] <= _reach(node):
            child = node.children.setdefault(GENERIC.id, Node(GENERIC, node, told=False))
            child.told |= not _ABOUT.search(text[: found[0]])
            _note_stamp(child, {"timestamp": text[found[0] : found[1]]}, outer)
            _note_ids(child, text)

    def learn_whole(self, node: Node, texts: Iterable[str]) -> None:
        """Reads whole records of a format that spans lines: their stamps are not known from their first lines."""
        assert node.fmt is not None
        whole = replace(node.fmt, start=None, multiline=node.fmt.multiline and node.fmt.kind == "text")
        for text in texts:
            if fields := read_head(whole, text, document_of(pretty.document(text))):
                _note_stamp(node, fields, None)

    def _candidates(self, node: Node, above: Mapping[str, str], claiming: Iterable[Format]) -> Iterator[Format]:
        yield from (n.fmt for n in node.ordered() if n.fmt and n.fmt.title == BY_HEADER)
        for fmt in claiming:
            if self._forced and not node.fmt and fmt.id != self._forced:
                continue
            if not fmt.inside or (node.fmt and node.fmt.family in fmt.inside and _applies(fmt, above)):
                yield fmt


def _says_when(text: str) -> bool:
    """Whether a line has its own time close to its start."""
    found = stamp.find(text[: 2 * stamp.HEAD])
    return bool(found and found[0] <= stamp.HEAD // 2 and not _ABOUT.search(text[: found[0]]))


def _alike(line: str) -> str:
    """What a line has in common with those that differ from it in digits and ids."""
    return _ID.sub(lambda found: found[0].translate(_LETTERS), line.translate(_ZEROS))


def _place(fmt: Format) -> str:
    """The key of a format among a node's children: one that was made of a header is told by its columns."""
    return fmt.regex if fmt.title == BY_HEADER else fmt.id


def _applies(fmt: Format, above: Mapping[str, str]) -> bool:
    return all(re.search(rx, above.get(name, "")) for name, rx in fmt.when.items())


def _reach(node: Node) -> int:
    """How far from its start the stamp of an unknown line may be: in a block of lines, a later one is of its content."""
    if any(child.fmt and child.fmt.multiline for child in node.children.values()):
        return 3
    return 32 if node.fmt else stamp.HEAD


def _note_keys(node: Node, fields: dict[str, str], document: dict[str, Any]) -> dict[str, str]:
    """Adds keys to the node's format where those it lists did not tell a record's time, level, status or client; the
    fields with them."""
    assert node.fmt is not None
    keys, aliases = dict(node.fmt.keys), dict(node.fmt.aliases)
    if stamp.kind_of(fields.get("timestamp", "")) is None and (path := time_key(document)):
        listed = keys.get("timestamp", ())
        # An object under a listed key would be taken for the time itself, as would another's value.
        first = "timestamp" in fields or any(path.startswith(f"{key}.") for key in listed)
        keys["timestamp"] = (path, *listed) if first else (*listed, path)
        fields = read_head(replace(node.fmt, keys=keys), "", document) or fields
    if WHOLE_SECONDS.fullmatch(fields.get("timestamp", "")) and "nanos" not in keys and (path := nanos_key(document)):
        keys["nanos"] = (path,)
    level = fields.get("level", "").strip().lower()
    if level not in level_words() and level not in node.fmt.levels and (path := level_key(document)):
        keys["level"] = (*keys.get("level", ()), path) if not level else (path, *keys["level"])
    if not _STATUS.fullmatch(fields.get("status", "")) and (path := status_key(document)):
        aliases["status"] = (path, *aliases.get("status", ()))
    if "client_ip" not in fields and (path := client_key(document)):
        aliases["client_ip"] = (*aliases.get("client_ip", ()), path)
    if keys == node.fmt.keys and aliases == node.fmt.aliases:
        return fields
    node.fmt = replace(node.fmt, keys=keys, aliases=aliases)
    return read_head(node.fmt, "", document) or fields


def _note_ids(node: Node, text: str) -> None:
    for name, key in keys_in(text):
        node.ids.setdefault(name, set()).add(key)


def _note_stamp(node: Node, fields: Mapping[str, str], outer: dt.datetime | None) -> None:
    """Notes how this line writes its time, and how far it is from the transport's (UTC)."""
    text = fields.get("timestamp", "")
    kind = node.kind_of(text) if text else None
    if kind is None:
        return
    if kind not in node.kinds:
        node.kinds.append(kind)
    rendering = rendering_of(text) if kind is stamp.kind_of(text) else None  # which goes by the look alone
    if rendering:
        node.written.setdefault(rendering, text)
    if outer and len(node.lags) < 64 and kind.has_date and kind.has_year and not kind.unit and not _zoned(text, kind):
        moment = to_datetime(text, kind, dt.UTC, outer)
        if moment:
            node.lags.append((moment - outer).total_seconds())


def _moment(node: Node, fields: Mapping[str, str]) -> dt.datetime | None:
    """The moment (UTC) of a line, where its stamp tells it by itself."""
    text = fields.get("timestamp", "")
    kind = node.kind_of(text) if text else None
    if kind is None or not (kind.unit in ("s", "ms", "us", "ns") or (kind.has_year and _zoned(text, kind))):
        return None
    return to_datetime(text, kind, dt.UTC, dt.datetime.now(dt.UTC))


def _zoned(text: str, kind: stamp.Stamp) -> bool:
    found = stamp.read(text, kind)
    return bool(found and found[1].get("zone"))


def _zone_of(lags: Sequence[float]) -> str | None:
    """`+08:00` from how far zone-less stamps are ahead of their transport's; None when that is no zone's offset."""
    if not lags:
        return None
    middle = statistics.median(lags)
    quarters = round(middle / _QUARTER)
    if abs(quarters) > 14 * 4 or abs(middle - quarters * _QUARTER) > _QUARTER / 3:
        return None
    sign, minutes = "+" if quarters >= 0 else "-", abs(quarters) * 15
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"
