"""What is known of how a source writes: a tree of formats, grown by `detect.py` and read by `parse.py`.

A line may pass through several formats: docker's JSON holds an nginx access line, syslog holds what sshd said. A
`Node` is one format in its place; its children are the formats found in its inner text.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from logtriage.formats.format import Format
from logtriage.formats.joints import CLOSES, CODE, CONTINUES, CONTINUES_SAID, LEADS, REMARK, THROWN
from logtriage.stamps import stamp
from logtriage.stamps.rendering import Rendering

GENERIC = Format(
    id="text", title="any line with a time stamp near its start", kind="text", groups=("timestamp", "level", "body")
)


@dataclass(slots=True)
class Node:
    """A format in its place (the root's is None), the formats seen inside it, and the stamps seen in it.

    `kinds` are those stamps', `written` one text of each rendering; `zone` is inferred from the `lags` of stamps without
    zone behind those of the transport around them (seconds); `ids`: what stood before each kind of id in its text;
    `odd`: some stamps are written in none of the ways in `written`; `ends`: some of the lines that it wraps have their newlines;
    `told`: its stamps are those of records, not moments that a message is about (where the form is unknown);
    `keys`: all the outermost keys of the JSON documents read so far, empty where that is not known.
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
    told: bool = True
    ids: dict[str, set[str]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

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
    def key(self) -> Hashable:
        """Equal for nodes that read the same lines alike."""
        fmt = self.fmt
        form = fmt and (
            fmt.id,
            fmt.title,
            fmt.regex,
            fmt.groups,
            fmt.start,
            fmt.multiline,
            repr(fmt.keys),
            repr(fmt.aliases),
        )
        kinds = tuple(kind.id for kind in self.kinds)
        ids = tuple((name, *sorted(before)) for name, before in sorted(self.ids.items()))
        seen = (kinds, tuple(self.written), self.zone, self.odd, self.ends, self.told, ids)
        return form, seen, tuple(child.key for child in self.children.values())

    @property
    def moments(self) -> list[stamp.Stamp]:
        """The stamps that tell a record's time: inside a transport that tells it, a mere time of day does not."""
        inside = any(node.kinds for node in self.path_nodes[:-1])
        return [kind for kind in self.kinds if kind.has_date or not inside]

    def kind_of(self, text: str) -> stamp.Stamp | None:
        """The kind of a stamp: the one that the format says, else the first that fits."""
        said = stamp.stamp(self.fmt.timestamp) if self.fmt and self.fmt.timestamp else None
        return said if said and stamp.read(text, said) else stamp.kind_of(text)

    @property
    def stamped(self) -> bool:
        """Whether any format inside writes a time stamp: then a line without one belongs to the record before.

        Not so where each message stands for itself, whoever wrote it (syslog, journald), nor beside JSON, which tells
        itself where it ends.
        """
        if self.fmt and self.fmt.family == "syslog":
            return False
        return any(
            (child.kinds and child.told) or (child.fmt.multiline and {"timestamp", "time"} & set(child.fmt.groups))
            for child in self.children.values()
            if child.fmt and child.fmt.kind != "json"
        )

    @property
    def continues(self) -> str:
        """A regex: what no format inside reads and begins like this goes on with the record before."""
        return CONTINUES_SAID if self.fmt and self.fmt.family == "syslog" else CONTINUES

    @property
    def joints(self) -> tuple[int, ...]:
        """What a line that no format inside reads may be to the lines beside it (joints.py). Where records are told by their
        stamps and are no blocks, a line with `#` is a remark, of no record; elsewhere both lines say whether they are one."""
        if self.stamped:
            return () if any(child.fmt and child.fmt.multiline for child in self.children.values()) else (REMARK,)
        if self.fmt and self.fmt.family == "syslog":
            return ()
        levelled = any(
            child.fmt and child.fmt.kind == "text" and "level" in child.fmt.groups for child in self.children.values()
        )
        return (LEADS, CODE, *([THROWN] if levelled else []), CLOSES)

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
