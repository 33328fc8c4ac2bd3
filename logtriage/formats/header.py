"""A header line that names the columns to come (CSV, W3C, Zeek) → the text format of the lines under it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from logtriage.formats.format import Format

BY_HEADER = "by header"  # the title of the formats made here
_NAME = re.compile(r"\W+")
_MOST_COLUMNS = 200
# What some columns of a W3C log may hold: so lines are told apart where the header changes in the middle.
_CELLS = {
    "date": r"\d{4}-\d\d-\d\d|-", "time": r"\d\d:\d\d:\d\d[\d.]*|-", "status": r"\d{3}|-", "method": r"[^\s\d.]\S*",
    "client_ip": r"[0-9A-Fa-f.:]+|-", "server_ip": r"[0-9A-Fa-f.:]+|-", "client_port": r"\d+|-", "server_port": r"\d+|-",
}  # fmt: skip


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
    return replace(fmt, kind="text", title=BY_HEADER, regex=regex, groups=tuple(groups), header=None)
