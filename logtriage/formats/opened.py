"""Lines of a format that has an opening (see opening.py) → columns of what stands in it, and of the body behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from logtriage import layouts
from logtriage.formats import parse
from logtriage.formats.node import Node
from logtriage.formats.opening import BEFORE, Opening
from logtriage.formats.stage_sql import GROUP

if TYPE_CHECKING:
    import pyarrow as pa

    Ask: TypeAlias = Callable[[pa.Table, str], pa.Table]  # what a statement over `stage`, some lines, gives


def opened(node: Node, rows: pa.Table, begins: Opening, ask: Ask) -> pa.Table:
    """Rows (t, maybe `opening`) with the `head` of each line, the body as the `tail` where that is of use, and the groups of
    the opening: `m`, and those that are a role as they stand as columns, null where they are empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    fmt = node.fmt
    assert fmt is not None
    if "opening" not in rows.column_names:
        made = ask(rows, f"SELECT {parse.told_by(fmt, 't')} AS opening FROM stage")
        rows = rows.append_column("opening", made["opening"])
    opening, text = layouts.one(rows["opening"]), layouts.one(rows["t"])
    names = parse.opening_groups(fmt)
    regex, asked = (begins.apart, [BEFORE, *names]) if begins.body else (begins.head, names)
    found = _groups(opening, regex, asked, ask)
    head = found.pop(BEFORE, opening)
    rows = rows.append_column("head", head)
    if fmt.inner or len(node.path) > 1:
        ends = (pc.binary_length(column).cast(pa.int64()) for column in (head, text))
        tail = layouts.slices(text, *ends)
        rows = rows.append_column("tail", layouts.none_empty(tail) if fmt.inner else tail)
    if found:
        rows = rows.append_column("m", pa.StructArray.from_arrays(list(found.values()), list(found)))
    for name in parse.plain_groups(fmt):
        rows = rows.append_column(GROUP + name, layouts.none_empty(found[name]))
    return rows


def _groups(texts: pa.LargeStringArray, regex: str, names: Sequence[str], ask: Ask) -> dict[str, pa.LargeStringArray]:
    """What the named groups of a regex hold in texts that it matches from end to end, empty where they took no part."""
    import pyarrow as pa

    found = layouts.groups(texts, regex, names) if names else {}
    if found is not None:
        return found
    told = ask(pa.table({"t": texts}), f"SELECT unnest({parse.captures(regex, 't', names)}) FROM stage")
    return {name: layouts.one(told[name]).cast(pa.large_string()) for name in names}
