"""Small logs, and what came of followed ones, many at a time: those that write alike are one block.

What a block costs however short it is, a log of a few lines costs as well. So what each of them writes is learnt from its
own lines, as ever; those of which the same was learnt are then read together. Records are what they would be by themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
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


def all_of(source: Source) -> Block | None:
    """All of a source, if it is a small file, and all of it text."""
    file, size = identity(source), whole.block_size(SMALL)
    if source.path is None or not source.path.is_file() or not file:
        return None
    if source.compression is None and source.member is None and not 0 < file.size <= size:
        return None
    try:
        # what is damaged says so behind its last block
        found = list(islice(blocks(source, size=size, max_line=size), 2))
    except SourceError:
        return None  # which is told when it is read by itself
    return found[0] if len(found) == 1 and _text(found[0]) is not None else None


def _text(block: Block) -> str | None:
    """What a block says, if it is little, whole lines, and all of it text."""
    data = block.data
    if len(data) > SMALL or block.encoding != "utf-8" or not data.endswith(b"\n") or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


class _Learnt:
    """A block of a log, what its lines have taught, and how often they were asked."""

    def __init__(self, block: Block, normaliser: Normaliser, grammar: Grammar | None) -> None:
        self.block, self.known = block, grammar
        self.grammar = grammar or normaliser.grammar(block.source)
        self.reference = normaliser.settings.reference(block.source)
        self.rounds = 0
        self._text = _text(block)
        if self._text is not None:
            self._odd = frozenset(_ODD.findall(self._text))
            self.grammar.learn(sample_of(self._text, has_escape="\x1b" in self._odd))

    @property
    def key(self) -> Hashable:
        """Equal for logs that may be one block; None for one that is to be read by itself."""
        spans = any(node.fmt and node.fmt.multiline for node in self.grammar.root.walk())
        if self._text is None or self.rounds > _ROUNDS or spans:
            return None
        reference = None if self.grammar.dated else self.reference
        return self.grammar.key, self._odd, reference, bool(self.block.source.resource.service)


def read(
    normaliser: Normaliser, logs: Iterable[Block], *, shapes: bool, grammars: Mapping[Source, Grammar] | None = None
) -> Iterator[list[Block]]:
    """Reads blocks of a log each, which hold all that there is of its records, some at a time. Each time the normaliser has
    records of the blocks that are given, which their `place` counts: all of those of which it has any. `grammars`: what is
    known of sources before."""
    alike: dict[Hashable, list[_Learnt]] = defaultdict(list)
    for log in logs:
        learnt = _Learnt(log, normaliser, (grammars or {}).get(log.source))
        alike[learnt.key].append(learnt)
    while alike:
        key, group = alike.popitem()
        if key is None or len(group) == 1:
            for one in group:
                _alone(normaliser, one, shapes=shapes)
                yield [one.block]
            continue
        if more := group[_fitting(group) :]:
            alike[key], group = more, group[: -len(more)]
        again, apart = normaliser.together(
            [one.block for one in group], [one.grammar for one in group], group[0].reference, shapes=shapes
        )
        for place in again:
            group[place].rounds += 1
            alike[group[place].key].append(group[place])
        alike[None] += [group[place] for place in apart]
        yield [one.block for one in group]


def _fitting(group: Sequence[_Learnt]) -> int:
    """How many of some logs, one or more, are one block."""
    sizes = accumulate(len(one.block.data) for one in group)
    return max(1, sum(size <= _MOST for size in sizes))


def _alone(normaliser: Normaliser, one: _Learnt, *, shapes: bool) -> None:
    normaliser.records.reset()
    grammar = one.known or normaliser.grammar(one.block.source)
    normaliser.block(one.block, grammar, one.reference, final=True, shapes=shapes)
