"""Blocks of a source → whole records. What is longer than `LONGEST` is cut, each piece a record that follows the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from logtriage.sources.cut import NEWLINE, after_last_newline
from logtriage.sources.read import Block

if TYPE_CHECKING:
    from logtriage.formats.wholes import Made

LONGEST = 8 << 20  # bytes of a record: what works on one takes up to 50 times that. No block that is read may be larger


def block_size(wanted: int) -> int:
    """How many bytes to read at a time, `wanted` or fewer: with what is held back of the block before it, a block should
    not be longer than `LONGEST`, or it is read in two."""
    return min(wanted, LONGEST - LONGEST // 8)


def whole_records(
    blocks: Iterable[Block], make: Callable[[Block, bool], Made], on_cut: Callable[[], None] = lambda: None
) -> Iterator[tuple[Block, Made]]:
    """The blocks of a source, and what `make` (block, is it final) makes of each: of `LONGEST` bytes at most, as blocks of
    that `max_line` are. A record is never cut by a block's end: it waits for the next block.

    Only a record longer than `LONGEST` is cut: behind the last line that ends within, or inside a longer line. Where depends
    on the record alone, so that it is cut alike wherever reading began. `on_cut` is called once for each such record.
    """
    held: Block | None = None
    cut_at = -1  # where the last piece of a cut record ended

    def cut(piece: Block) -> None:
        nonlocal cut_at
        if piece.offset != cut_at:
            on_cut()
        cut_at = piece.end

    for block in blocks:
        todo = block if held is None else dataclasses.replace(held, data=held.data + block.data, last=block.last)
        while len(todo.data) > LONGEST:
            size = after_last_newline(todo.data, NEWLINE[todo.encoding], LONGEST) or LONGEST
            piece = dataclasses.replace(todo, data=todo.data[:size], last=False)
            too_long = held is not None and len(held.data) == size  # then no record ends in it
            made = make(piece, too_long)
            yield piece, made
            if not made.bytes:
                too_long, made = True, make(piece, True)
                yield piece, made
            if too_long:
                cut(piece)
            todo, held = _rest(todo, made), None
        inside = not block.last and not todo.data.endswith(NEWLINE[todo.encoding])
        made = make(todo, block.last or inside)
        yield todo, made
        if inside:
            cut(todo)
        held = None if block.last or inside else _rest(todo, made)


def _rest(block: Block, made: Made) -> Block:
    """What a block's records did not cover."""
    return dataclasses.replace(
        block, offset=block.offset + made.bytes, line=block.line + made.lines, data=block.data[made.bytes :]
    )
