"""A regex's *core*: the shortest expression that every match of it must contain.

Hyperscan reports every end offset of a match and works on bytes that have no row boundaries; `core` rewrites a regex so
that one scan of a whole block gives few, honest candidates.
"""

from __future__ import annotations

import math
import re

from logtriage.signatures.regex_tree import EMPTY, Alt, Atom, DialectError, Flagged, Node, Repeat, Seq, parse

# How much a part must weigh to stand for the whole, in bits: without its common words, or at least with them. The figures are
# those at which scanning for the shipped library was quickest. Than with whatever parts are longest, a ninth fewer rows of log4j
# and docker logs are left to be proven, and a quarter more of a system's.
_ENOUGH = 10.0
_ENOUGH_WITH_COMMON = 13.0
_BITS = 2.0  # of a character; a text of letters has about as many
_MOST_VARIED = 3  # a repetition that varies by more is a gap
# Words of lines in which nothing fails, or of most failures: a part that has others is looked for first.
_COMMON = frozenset({
    "access", "action", "after", "application", "at", "breaker", "call", "client", "closed", "completed",
    "connect", "connected", "connecting", "connection", "connections", "container", "data", "error",
    "exception", "fail", "failed", "file", "for", "handler", "host", "http", "in", "info", "limit", "listening",
    "log", "lost", "message", "messages", "network", "node", "on", "out", "pod", "process", "processing",
    "read", "reading", "received", "refused", "registered", "request", "requests", "response", "restarting",
    "return", "sending", "server", "service", "session", "socket", "starting", "status", "stopped", "stopping",
    "stream", "success", "task", "the", "thread", "time", "timed", "timeout", "to", "update", "upstream",
    "user", "waiting", "was", "while", "worker", "write",
})  # fmt: skip


def core(regex: str) -> str:
    """The shortest expression, for Hyperscan without flags, that is found in every text in which `regex` matches.

    Assertions go (what stands beside a row in the block is another row), as do optional ends; `X+` at an end becomes
    `X`; whatever may be a character beyond ASCII may be up to four bytes; of what gaps such as `\\S+` or `.{0,40}`
    divide, the part that says most is kept, as gaps are what Hyperscan is slow at. So the bytes of the core's match lie
    within those of the regex's match. Raises DialectError where the regex is outside the dialect or can match without
    any text.
    """
    node = _strongest(parse(regex)[0])
    shortest = _trim(_trim(node, first=True), first=False)
    if _is_empty(shortest):
        raise DialectError("it can match without any text")
    return _emit(shortest)


def _is_empty(node: Node) -> bool:
    """Whether the empty text is among what the node matches."""
    match node:
        case Atom():
            return False
        case Repeat():
            return node.least == 0 or _is_empty(node.node)
        case Seq():
            return all(map(_is_empty, node.nodes))
        case Alt():
            return any(map(_is_empty, node.branches))
        case Flagged():
            return _is_empty(node.node)


def _strongest(node: Node) -> Node:
    """Of what gaps divide, the part that says most, if it says enough; so for each branch of an alternative."""
    match node:
        case Seq():
            parts = _parts(node)
            best = max(parts, key=lambda part: _weight(part, _COMMON))
            if len(parts) > 1 and _weight(best, _COMMON) < _ENOUGH:
                best = max(parts, key=_weight)
                if _weight(best) < _ENOUGH_WITH_COMMON:
                    return node
            return _strongest(best.nodes[0]) if len(best.nodes) == 1 else best
        case Alt():
            return Alt(tuple(map(_strongest, node.branches)))
        case Flagged():
            return Flagged(_strongest(node.node))
        case _:
            return node


def _parts(node: Seq) -> list[Seq]:
    """What gaps divide in a sequence; the empty one where two follow one another."""
    parts: list[list[Node]] = [[]]
    for item in node.nodes:
        if _is_gap(item):
            parts.append([])
        else:
            parts[-1].append(item)
    return [Seq(tuple(part)) for part in parts]


def _is_gap(node: Node) -> bool:
    """Whether the node may be a text of very different lengths."""
    match node:
        case Repeat():
            varied = node.most is None or node.most - node.least > _MOST_VARIED
            return varied or _is_gap(node.node)
        case Seq():
            return any(map(_is_gap, node.nodes))
        case Alt():
            return any(map(_is_gap, node.branches))
        case Flagged():
            return _is_gap(node.node)
        case Atom():
            return False


def _weight(node: Node, common: frozenset[str] = frozenset()) -> float:
    """How much a match says, in whole bits: the less likely some text matches, the more. `common` words say nothing."""
    match node:
        case Atom():
            literal = node.text[0] not in ".[" and not re.fullmatch(r"\\[A-Za-z].*", node.text)
            return _BITS * literal
        case Repeat():
            return node.least * _weight(node.node, common)
        case Seq():
            unsaid = sum(len(word) for word in _words(node) if word in common)
            return sum(_weight(item, common) for item in node.nodes) - _BITS * unsaid
        case Alt():
            weights = [_weight(branch, common) for branch in node.branches]
            choice = round(math.log2(sum(2 ** (min(weights) - weight) for weight in weights)))
            return max(0.0, min(weights) - choice)
        case Flagged():
            return _weight(node.node, common)


def _words(node: Seq) -> list[str]:
    """The words, in small letters, that stand in a sequence outside of any choice."""
    plain = (item.text if isinstance(item, Atom) and item.text.isalpha() else " " for item in node.nodes)
    return "".join(plain).lower().split()


def _trim(node: Node, *, first: bool) -> Node:
    """A node such that whatever `node` matches ends with (`first`) or begins with (not `first`) a match of it."""
    if _is_empty(node):
        return EMPTY
    match node:
        case Repeat():
            end = _trim(node.node, first=first)
            if node.least == 1:
                return end
            rest = Repeat(node.node, node.least - 1, node.least - 1)
            return Seq((end, rest)) if first else Seq((rest, end))
        case Seq():
            nodes = list(node.nodes)
            while _is_empty(nodes[0 if first else -1]):
                nodes.pop(0 if first else -1)
            nodes[0 if first else -1] = _trim(nodes[0 if first else -1], first=first)
            return Seq(tuple(nodes))
        case Alt():
            return Alt(tuple(_trim(branch, first=first) for branch in node.branches))
        case Flagged():
            return Flagged(_trim(node.node, first=first))
        case Atom():
            return Atom(node.text)


def _emit(node: Node) -> str:
    match node:
        case Atom():
            return f"{node.text}{{1,4}}" if node.wide else node.text
        case Repeat():
            bytes_each = 4 if isinstance(node.node, Atom) and node.node.wide else 1
            text = node.node.text if isinstance(node.node, Atom) else f"(?:{_emit(node.node)})"
            return text + _times(node.least, None if node.most is None else node.most * bytes_each)
        case Seq():
            return "".join(f"(?:{_emit(n)})" if isinstance(n, Alt) else _emit(n) for n in node.nodes)
        case Alt():
            return "|".join(map(_emit, node.branches))
        case Flagged():
            return f"(?i:{_emit(node.node)})"


def _times(least: int, most: int | None) -> str:
    short = {(0, None): "*", (1, None): "+", (0, 1): "?", (1, 1): ""}
    return short.get((least, most), f"{{{least}}}" if least == most else f"{{{least},{'' if most is None else most}}}")
