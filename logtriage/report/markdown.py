"""A document as Markdown (CommonMark, with the tables and automatic links of GitHub in mind)."""

from __future__ import annotations

import re
from datetime import timedelta

from logtriage.report.document import Block, Code, Document, Heading, Items, Paragraph, Table, Timeline, visible

# Whatever can begin markup inside a line: it is written with a backslash in front.
_INSIDE = re.compile(r"[\\`*_\[\]<>|~&$#!@^{}]|:(?=//)|(?<=[wW]{3})\.|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)
# What makes a block where a line begins with it.
_FIRST = re.compile(r"\A(?:[-+=]|\d{1,9}(?=[.)]))")
_BARS = " ▁▂▃▄▅▆▇█"


def rendered(document: Document) -> str:
    """The whole text, with one newline at its end."""
    blocks = [f"# {escaped(document.title)}", *(_block(block) for block in document.blocks)]
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """Any text as one line of Markdown that shows it, and is nothing else."""
    line = " ".join(visible(text).split())
    line = _INSIDE.sub(lambda found: "\\" + found[0], line)
    return _FIRST.sub(lambda found: "\\" + found[0] if found[0] in "-+=" else found[0] + "\\", line)


def fenced(text: str) -> str:
    """Any text as a block of code, between fences longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{visible(text).rstrip()}\n{fence}"


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * min(6, block.level)} {escaped(block.text)}"
    if isinstance(block, Paragraph):
        return escaped(block.text)
    if isinstance(block, Items):
        return "\n".join(
            f"{f'{n}.' if block.numbered else '-'} {escaped(item)}" for n, item in enumerate(block.items, 1)
        )
    if isinstance(block, Code):
        return fenced(block.text)
    if isinstance(block, Table):
        rows = [block.names, ("---",) * len(block.names), *block.rows]
        return "\n".join(
            f"| {' | '.join(cell if k == 1 else escaped(cell) for cell in row)} |" for k, row in enumerate(rows)
        )
    return fenced(_bars(block))


def _bars(timeline: Timeline) -> str:
    """The picture in letters: a bar for each stretch, higher where there is more, and `!` below where something is bad."""
    width = max((len(lane.name) for lane in timeline.lanes), default=0)
    form = "%H:%M" if timeline.end - timeline.start <= timedelta(days=1) else "%m-%d %H:%M"
    begin, end = (f"{moment:{form}}" for moment in (timeline.start, timeline.end))
    wide = len(timeline.lanes[0].records) if timeline.lanes else 0
    lines = [
        f"{'UTC':<{width}} {begin} {end:>{wide - len(begin) - 1}}"
        if wide > len(begin + end)
        else f"{begin} to {end} UTC"
    ]
    for lane in timeline.lanes:
        most = max((*lane.records, 1))
        bars = "".join(_BARS[min(8, -(-8 * count // most))] for count in lane.records)
        lines.append(f"{lane.name:<{width}} {bars}".rstrip())
        if any(lane.bad):
            lines.append(f"{'':<{width}} {''.join('!' if count else ' ' for count in lane.bad).rstrip()}")
    lines += [f"{at:%H:%M:%S}  {kind}: {' '.join(label.split())}" for at, kind, label in timeline.moments]
    return "\n".join(lines)
