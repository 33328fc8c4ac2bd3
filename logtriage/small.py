"""Small logs, many at a time: those that write alike are one block.

What a block costs however short it is, a log of a few lines costs as well. So what each of them writes is learnt from its
own lines, as ever; those of which the same was learnt are then read together. Records are what they would be by themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from logtriage import whole
from logtriage.errors import SourceError
from logtriage.formats.samples import LONG, sample_of
from logtriage.sources.find import Source
from logtriage.sources.read import Block, blocks, identity

if TYPE_CHECKING:
    from logtriage.formats.detect import Grammar
    from logtriage.normalise import Normaliser

MANY = 256  # logs in a block
SMALL = LONG - 1  # bytes of a log
_MOST = 4 << 20  # bytes of a block
_ROUNDS = 4  # of learning; who has not learnt all by then is read by itself
# What the whole of a block is read otherwise for: byte order marks, carriage returns, escapes.
_ODD = re.compile("\ufeff|[\r\x1b]")


@dataclass(frozen=True, slots=True)
class Small:
    """All of a small log: `text`, which ends with a newline, is the same as `data`."""

    source: Source
    data: bytes
    text: str

    @classmethod
    def of(cls, source: Source) -> Small | None:
        """A source, if it is a small file, and all of it text."""
        file, size = identity(source), whole.block_size(SMALL)
        if source.path is None or not source.path.is_file() or not file:
            return None
        if source.compression is None and source.member is None and not 0 < file.size <= size:
            return None
        try:
            # what is damaged says so behind its last block
            found = list(islice(blocks(source, size=size, max_line=size), 2))
            if len(found) != 1 or found[0].encoding != "utf-8" or b"\0" in found[0].data:
                return None
            text = found[0].data.decode()
        except (SourceError, UnicodeDecodeError):
            return None  # which is told when it is read by itself
        return cls(source, found[0].data, text) if text.endswith("\n") else None

    @classmethod
    def of_block(cls, block: Block) -> Small | None:
        """What came of a followed log, if it is little, whole lines, and all of it text."""
        data = block.data
        if len(data) > SMALL or block.encoding != "utf-8" or not data.endswith(b"\n") or b"\0" in data:
            return None
        try:
            return cls(block.source, data, data.decode())
        except UnicodeDecodeError:
            return None


class _Learnt:
    """A log, what its lines have taught, and how often they were asked."""

    def __init__(self, log: Small, normaliser: Normaliser, grammar: Grammar | None) -> None:
        self.log, self.known = log, grammar
        self.grammar = grammar or normaliser.grammar(log.source)
        self.reference = normaliser.settings.reference(log.source)
        self._odd = frozenset(_ODD.findall(log.text))
        self.rounds = 0
        self.grammar.learn(sample_of(log.text, has_escape="\x1b" in self._odd))

    @property
    def key(self) -> Hashable:
        """Equal for logs that may be one block; None for one that is to be read by itself."""
        if self.rounds > _ROUNDS or any(node.fmt and node.fmt.multiline for node in self.grammar.root.walk()):
            return None
        reference = None if self.grammar.dated else self.reference
        return self.grammar.key, self._odd, reference, bool(self.log.source.resource.service)


def read(
    normaliser: Normaliser, logs: Iterable[Small], *, shapes: bool, grammars: Mapping[Source, Grammar] | None = None
) -> Iterator[list[Source]]:
    """Reads logs, some at a time. Each time the normaliser has records of the sources that are given, which their `place`
    counts: all of those of which it has any. `grammars`: what is known of sources before."""
    alike: dict[Hashable, list[_Learnt]] = defaultdict(list)
    for log in logs:
        learnt = _Learnt(log, normaliser, (grammars or {}).get(log.source))
        alike[learnt.key].append(learnt)
    while alike:
        key, group = alike.popitem()
        if key is None or len(group) == 1:
            for one in group:
                _alone(normaliser, one, shapes=shapes)
                yield [one.log.source]
            continue
        if more := group[_fitting(group) :]:
            alike[key], group = more, group[: -len(more)]
        again, apart = _together(normaliser, group, shapes=shapes)
        for place in again:
            group[place].rounds += 1
            alike[group[place].key].append(group[place])
        alike[None] += [group[place] for place in apart]
        yield [one.log.source for one in group]


def _fitting(group: Sequence[_Learnt]) -> int:
    """How many of some logs, one or more, are one block."""
    sizes = accumulate(len(one.log.data) for one in group)
    return max(1, sum(size <= _MOST for size in sizes))


def _together(normaliser: Normaliser, group: Sequence[_Learnt], *, shapes: bool) -> tuple[list[int], list[int]]:
    lines = accumulate((one.log.data.count(b"\n") for one in group[:-1]), initial=0)
    block = Block(group[0].log.source, 0, 1, b"".join(one.log.data for one in group), True, "utf-8")
    return normaliser.together(block, [one.grammar for one in group], list(lines), group[0].reference, shapes=shapes)


def _alone(normaliser: Normaliser, one: _Learnt, *, shapes: bool) -> None:
    normaliser.records.reset()
    source = one.log.source
    block = Block(source, 0, 1, one.log.data, True, "utf-8")
    normaliser.block(block, one.known or normaliser.grammar(source), one.reference, final=True, shapes=shapes)
