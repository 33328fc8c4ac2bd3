"""What is learnt of how a source writes: samples of its lines → a tree of formats.

A line may pass through several formats: docker's JSON holds an nginx access line, syslog holds what sshd said. A
`Node` is one format in its place; its children are the formats found in its inner text. Only samples come here, so
plain Python reads them; whole blocks are read by the SQL that `parse.py` makes of the tree.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from logtriage.formats.claims import Claims, told_by_regex
from logtriage.formats.cuts import is_cut
from logtriage.formats.format import Format, level_words, match_text
from logtriage.formats.joints import CONTINUES, CONTINUES_SAID
from logtriage.formats.keys import level_key, status_key, time_key
from logtriage.stamps import stamp
from logtriage.stamps.rendering import Rendering, rendering_of

# A line of several fields that names the ones to come is learnt as a text format of its own (see `derive`).
_NAME = re.compile(r"\W+")
# A zone is inferred from whole quarters of an hour: no zone is finer, and clocks drift by less than half of one.
_QUARTER = 15 * 60
_HEAD = 4096
_BY_HEADER = "by header"
_MOST_COLUMNS = 200
# What some columns of a W3C log may hold: so lines are told apart where the header changes in the middle.
_CELLS = {
    "date": r"\d{4}-\d\d-\d\d|-", "time": r"\d\d:\d\d:\d\d[\d.]*|-", "status": r"\d{3}|-", "method": r"[^\s\d.]\S*",
    "client_ip": r"[0-9A-Fa-f.:]+|-", "server_ip": r"[0-9A-Fa-f.:]+|-", "client_port": r"\d+|-", "server_port": r"\d+|-",
}  # fmt: skip
_ZEROS = str.maketrans("123456789", "000000000")
_CONTINUES = re.compile(CONTINUES)
_STATUS = re.compile("[1-5][0-9]{2}")

GENERIC = Format(
    id="text", title="any line with a time stamp near its start", kind="text", groups=("timestamp", "level", "body")
)
_PRETTY = r"^\s*\{\s*$|^\{\s*\"[^\n]*[,{\[]\s*$"


@dataclass(slots=True)
class Node:
    """A format in its place (the root's is None), the formats seen inside it, and the stamps seen in it.

    `kinds` are those stamps', `written` one text of each rendering; `zone` is inferred from the `lags` of stamps without
    zone behind those of the transport around them (seconds); `ids`: what stood before each kind of id in its text;
    `odd`: some stamps are written in none of the ways in `written`; `ends`: some of the lines that it wraps have their newlines.
    """

    fmt: Format | None
    parent: Node | None = None
    kinds: list[stamp.Stamp] = field(default_factory=list)
    written: dict[Rendering, str] = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)
    zone: str | None = None
    lags: list[float] = field(default_factory=list)
    odd: bool = False
    ends: bool = False
    ids: dict[str, set[str]] = field(default_factory=dict)

    @property
    def path(self) -> tuple[Format, ...]:
        """The formats from the outermost to this one."""
        above = self.parent.path if self.parent else ()
        return (*above, self.fmt) if self.fmt else above

    @property
    def path_nodes(self) -> list[Node]:
        """The nodes from the outermost format's to this one."""
        above = self.parent.path_nodes if self.parent else []
        return [*above, self] if self.fmt else above

    @property
    def name(self) -> str:
        """`docker-json/nginx-access`: what a record's `format` says; `plain` where nothing is known."""
        return "/".join(fmt.id for fmt in self.path) or "plain"

    @property
    def moments(self) -> list[stamp.Stamp]:
        """The stamps that tell a record's time: inside a transport that tells it, a mere time of day does not."""
        inside = any(node.kinds for node in self.path_nodes[:-1])
        return [kind for kind in self.kinds if kind.has_date or not inside]

    @property
    def stamped(self) -> bool:
        """Whether any format inside writes a time stamp: then a line without one belongs to the record before.

        Not so where each message stands for itself, whoever wrote it (syslog, journald), nor beside JSON, which tells
        itself where it ends.
        """
        if self.fmt and self.fmt.family == "syslog":
            return False
        return any(
            child.kinds or (child.fmt.multiline and {"timestamp", "time"} & set(child.fmt.groups))
            for child in self.children.values()
            if child.fmt and child.fmt.kind != "json"
        )

    @property
    def continues(self) -> str:
        """A regex: what no format inside reads and begins like this goes on with the record before."""
        return CONTINUES_SAID if self.fmt and self.fmt.family == "syslog" else CONTINUES

    @property
    def joins(self) -> bool:
        """Whether a line that no format inside reads may be joined to the one before by what both say (joints.py)."""
        return not self.stamped and not (self.fmt and self.fmt.family == "syslog")

    @property
    def remarks(self) -> bool:
        """Whether a line with `#` is a remark, of no record: where records are told by their stamps and are no blocks."""
        return self.stamped and not any(child.fmt and child.fmt.multiline for child in self.children.values())

    def ordered(self) -> list[Node]:
        """The children in the order in which they are tried: the most particular first, the generic one last."""
        return sorted(self.children.values(), key=_rank)

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for child in self.children.values():
            yield from child.walk()


def _rank(node: Node) -> tuple[bool, int, str, int]:
    fmt = node.fmt or GENERIC
    return fmt is GENERIC, -fmt.priority, fmt.id, -len(fmt.groups)


class Grammar:
    """What is known of one source: grows by `learn`, never forgets."""

    def __init__(
        self, formats: Sequence[Format], *, zone: str = "UTC", forced: str | None = None, claims: Claims | None = None
    ) -> None:
        """`formats` in the order to try; `zone`: of stamps that carry none; `forced`: the only outer format tried;
        `claims`: those of the formats, where they are at hand."""
        top = [f for f in formats if not f.inside]
        self._top = [f for f in formats if f.id == forced] if forced else top
        self._inner = [(fmt, told_by_regex(fmt)) for fmt in formats]
        self._outer = [(fmt, told_by_regex(fmt)) for fmt in self._top]
        self._claims = claims or Claims(formats)
        plain = next((f for f in formats if f.id == "json"), None)
        self._pretty = plain and replace(
            plain, id="json-pretty", title="JSON over several lines", start=_PRETTY, multiline=True
        )
        self.zone = zone
        self.root = Node(None)
        self._cut = True

    def learn(self, lines: Iterable[str], *, cut: bool = True) -> bool:
        """Reads sample lines (without their newline); True when one of them taught something new. `cut`: the lines of a
        transport may be pieces of longer ones, of which nothing can be learnt."""
        self._cut = cut
        before = self._size()
        alike = {
            line.translate(_ZEROS): line for line in lines
        }  # a line that differs in its digits teaches nothing new
        for line in alike.values():
            if not _CONTINUES.match(line):
                self._read(self.root, line[:_HEAD] if not line.startswith(("{", "[")) else line, {}, None)
        if not self.root.children:  # some programs indent all that they write
            for line in alike.values():
                if stamp.find(line):
                    self._read(self.root, line[:_HEAD], {}, None)
        for node in self.root.walk():
            node.zone = node.zone or _zone_of(node.lags)
        return self._size() != before

    def _size(self) -> int:
        return sum(
            1
            + n.ends
            + len(n.kinds)
            + len(n.written)
            + sum(map(len, n.ids.values()))
            + sum(map(len, n.fmt.keys.values() if n.fmt else ()))
            for n in self.root.walk()
        )

    def _read(self, node: Node, text: str, above: Mapping[str, str], outer: dt.datetime | None) -> None:
        """Finds the format of `text` inside `node`, notes its stamp, and goes on with what it wraps."""
        document = _object(text)
        for fmt in self._candidates(node, above, self._claims.of(text)):
            if fmt.kind == "json" and document is None:
                continue
            if known := node.children.get(_place(fmt)):
                fmt = known.fmt or fmt
            fields = read_head(fmt, text, document)
            if fields is None or (fmt.kind == "header" and not fields.get("columns", "").strip()):
                continue
            if fmt.kind == "header":
                fmt = self._derived(fmt, fields)
            child = node.children.setdefault(_place(fmt), Node(fmt, node))
            if fmt.id == "json" and document:
                fields = _note_keys(child, fields, document)
            moment = _note_stamp(child, fields, outer)
            inner = fields.get(fmt.inner or "", "")
            child.ends |= inner.endswith("\n")
            cut = self._cut and is_cut(fmt, inner, fields.get("logtag", ""), child.ends)
            if fmt.inner and inner.strip() and len(child.path) < 4 and not cut:
                self._read(child, inner.rstrip("\r\n"), fields, moment)
            _note_ids(child, text)
            return
        if self._pretty and re.match(_PRETTY, text):
            node.children.setdefault(self._pretty.id, Node(self._pretty, node))
            return
        found = stamp.find(text)
        if found and found[0] <= _reach(node):
            child = node.children.setdefault(GENERIC.id, Node(GENERIC, node))
            _note_stamp(child, {"timestamp": text[found[0] : found[1]]}, outer)
            _note_ids(child, text)

    def learn_whole(self, node: Node, texts: Iterable[str]) -> None:
        """Reads whole records of a format that spans lines: their stamps are not known from their first lines."""
        assert node.fmt is not None
        whole = (
            replace(node.fmt, multiline=False, start=None) if node.fmt.kind != "text" else replace(node.fmt, start=None)
        )
        for text in texts:
            if fields := read_head(whole, text, _object(text)):
                _note_stamp(node, fields, None)

    def _candidates(self, node: Node, above: Mapping[str, str], claiming: Collection[str]) -> Iterator[Format]:
        yield from (n.fmt for n in node.ordered() if n.fmt and n.fmt.title == _BY_HEADER)
        for fmt, told in self._inner if node.fmt else self._outer:
            if told and fmt.id not in claiming:
                continue
            if not fmt.inside or (node.fmt and node.fmt.family in fmt.inside and _applies(fmt, above)):
                yield fmt

    def _derived(self, fmt: Format, fields: Mapping[str, str]) -> Format:
        return derive(fmt, fields.get("columns", ""))


def _place(fmt: Format) -> str:
    """The key of a format among a node's children: one that was made of a header is told by its columns."""
    return fmt.regex if fmt.title == _BY_HEADER else fmt.id


def _applies(fmt: Format, above: Mapping[str, str]) -> bool:
    return all(re.search(rx, above.get(name, "")) for name, rx in fmt.when.items())


def derive(fmt: Format, header: str) -> Format:
    """A header line's column names → the text format of the lines under it."""
    sep = fmt.separator or " "
    names = [n.strip().strip('"') for n in (header.split() if sep == " " else header.split(sep))]
    names = names or ["column"]
    quoted = '"(?:[^"]|"")*"'
    cell = rf"{quoted}|\S*" if sep == " " else rf"{quoted}|[^{re.escape(sep)}]*"
    pieces: list[str] = []
    groups: list[str] = []
    seen: Counter[str] = Counter()
    for name in names[:_MOST_COLUMNS]:
        group = fmt.columns.get(name) or _NAME.sub("_", name).strip("_").lower()[:64] or "column"
        if group[0].isdigit():
            group = f"c_{group}"
        seen[group] += 1
        if seen[group] > 1:
            group = f"{group}_{seen[group]}"
        while group in groups:
            group += "_"
        groups.append(group)
        typed = _CELLS.get(group) if sep == " " else None
        pieces.append(f"(?P<{group}>{quoted}|{typed})" if typed else f"(?P<{group}>{cell})")
    gap = r"\s+" if sep == " " else re.escape(sep)
    # later versions of a program append columns; a line that stops early is still read
    regex = "^" + gap.join(pieces)
    return replace(fmt, kind="text", title=_BY_HEADER, regex=regex, groups=tuple(groups), header=None)


def read_head(fmt: Format, text: str, document: dict[str, Any] | None) -> dict[str, str] | None:
    """The fields of a record's first line in one format, by name; None when it is not of this format."""
    if fmt.multiline and fmt.start:
        return {} if re.match(fmt.start, text) else None
    if fmt.kind == "text":
        fields = match_text(fmt, text)
        if fields is not None and "time" in fields and not fields.get("timestamp"):
            fields["timestamp"] = f"{fields['date']} {fields['time']}" if "date" in fields else fields["time"]
        return fields
    if fmt.kind == "header":
        hit = re.match(fmt.header or "", text)
        return {k: v or "" for k, v in hit.groupdict().items()} if hit else None
    scalars = _scalars(fmt, text, document)
    if scalars is None:
        return None
    if any(scalars(path) is None for path in fmt.require):
        return None
    if any(not re.search(rx, str(scalars(path) or "")) for path, rx in fmt.where.items()):
        return None
    fields = {}
    for role, paths in {**fmt.aliases, **fmt.keys}.items():
        value = next((v for v in map(scalars, paths) if v not in (None, "") and not isinstance(v, dict | list)), None)
        if value is not None:
            fields[role] = json.dumps(value) if isinstance(value, bool) else str(value)
    if fmt.inner and fmt.inner not in fields and (value := scalars(fmt.inner)) is not None:
        fields[fmt.inner] = str(value)
    return fields


# Ids that many records share, where no format names them: the key is told by its name, the value by its look.
ID = r"([0-9a-fA-F][0-9a-fA-F-]{14,34}[0-9a-fA-F])(?:[^0-9A-Za-z-]|$)"
_IDS = {
    "trace_id": r"\btrace[._-]?id|\btraceparent|\btrace",
    "span_id": r"\bspan[._-]?id|\bspan",
    "request_id": r"\b(?:x[._-])?(?:request|req|correlation|transaction|operation)[._-]?id|\br(?:eq)?id",
}
_ID_REGEXES = {name: re.compile(rf"""((?i:{key})["']?(?:\s?[=:]\s?|\s)["'\[]?){ID}""") for name, key in _IDS.items()}

LOGFMT = re.compile(r'([A-Za-z_@][\w.@/-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))')
LOGFMT_HEAD = r'^\s*[A-Za-z_@][\w.@/-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+[A-Za-z_@][\w.@/-]*=|\s*$)'


def _scalars(fmt: Format, text: str, document: dict[str, Any] | None) -> Callable[[str], Any] | None:
    """What gives the value under a key of a JSON or logfmt line; None when the text is neither."""
    if fmt.kind == "json":
        return None if document is None else partial(_lookup, document)
    if not re.match(LOGFMT_HEAD, text):
        return None
    return {m[1]: m[2] if m[2] is not None else m[3] for m in LOGFMT.finditer(text)}.get


def _object(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _lookup(document: Any, path: str) -> Any:
    """`a.b` in a document: the key "a.b" itself, else b inside a."""
    if not isinstance(document, dict):
        return None
    if path in document:
        return document[path]
    head, dot, rest = path.partition(".")
    below = document.get(head)
    while isinstance(below, list) and rest.startswith("0"):  # an array's first member
        below, (_, _, rest) = below[0] if below else None, rest.partition(".")
    return _lookup(below, rest) if dot else None


def _reach(node: Node) -> int:
    """How far from its start the stamp of an unknown line may be: in a block of lines, a later one is of its content."""
    if any(child.fmt and child.fmt.multiline for child in node.children.values()):
        return 3
    return 32 if node.fmt else stamp.HEAD


def _note_keys(node: Node, fields: dict[str, str], document: dict[str, Any]) -> dict[str, str]:
    """Adds keys to the node's format where those it lists did not tell a record's time, level or status; the fields with
    them."""
    assert node.fmt is not None
    keys = dict(node.fmt.keys)
    if stamp.kind_of(fields.get("timestamp", "")) is None and (path := time_key(document)):
        keys["timestamp"] = (
            (*keys.get("timestamp", ()), path) if "timestamp" not in fields else (path, *keys["timestamp"])
        )
    level = fields.get("level", "").strip().lower()
    if level not in level_words() and level not in node.fmt.levels and (path := level_key(document)):
        keys["level"] = (*keys.get("level", ()), path) if not level else (path, *keys["level"])
    if not _STATUS.fullmatch(fields.get("status", "")) and (path := status_key(document)):
        keys["status"] = (path, *keys.get("status", ()))
    if keys == node.fmt.keys:
        return fields
    node.fmt = replace(node.fmt, keys=keys)
    return read_head(node.fmt, "", document) or fields


def _note_ids(node: Node, text: str) -> None:
    for name, regex in _ID_REGEXES.items():
        if found := regex.search(text):
            node.ids.setdefault(name, set()).add(found[1])


def _note_stamp(node: Node, fields: Mapping[str, str], outer: dt.datetime | None) -> dt.datetime | None:
    """Notes how this line writes its time, and how far it is from the transport's; gives the moment, UTC, if known."""
    text = fields.get("timestamp", "")
    kind = stamp.kind_of(text) if text else None
    if kind is None:
        return None
    if kind not in node.kinds:
        node.kinds.append(kind)
    rendering = rendering_of(text)
    if rendering:
        node.written.setdefault(rendering, text)
    found = stamp.read(text, kind)
    zoned = bool(found and found[1].get("zone"))
    if outer and kind.has_date and kind.has_year and not zoned and not kind.unit:
        moment = stamp.to_datetime(text, kind, dt.UTC, outer)
        if moment and len(node.lags) < 64:
            node.lags.append((moment - outer).total_seconds())
    known = (zoned and kind.has_year) or kind.unit in ("s", "ms", "us", "ns")
    return stamp.to_datetime(text, kind, dt.UTC, dt.datetime.now(dt.UTC)) if known else None


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
