"""How answers look: times in a zone, colours, highlighted matches, and text that cannot talk to the terminal."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, TextIO

# SGR codes by what they are for; a match is red as in grep, levels as in most log viewers.
STYLES = {
    "match": "1;31", "name": "35", "number": "32", "separator": "36", "time": "2", "source": "36",
    "trace": "2", "debug": "2", "info": "32", "warn": "33", "error": "31", "fatal": "1;31",
}  # fmt: skip
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_ASCII_CONTROL = bytes((*range(9), *range(11, 32), 127))
# logfmt: what no key may hold, and the values that need no quotes
_KEY = r"[^\w.@/-]"
_BARE = r"[^\s\"=\\\x00-\x20\x7f-\xa0\u2000-\u206f\ufeff]+"
_LOGFMT_NAMES = {"timestamp": "time", "body": "msg"}
# the columns of a record as CSV: all that is flat in its JSON object
CSV = ("source", "line", "lines", "offset", "timestamp", "level", "severity_text", "service", "host", "container", "pod",
       "namespace", "format", "template", "flags", "trace_id", "body")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def use_colour(choice: str, stream: TextIO | None = None) -> bool:
    """Whether to colour what goes to a stream (None: to standard output): always, never or auto, which heeds NO_COLOR,
    CLICOLOR_FORCE, TERM and the terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def painted(text: str, style: str, colour: bool) -> str:
    """`text` in one of STYLES."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if colour and text and style in STYLES else text


def highlighted(text: str, spans: Sequence[tuple[int, int]], colour: bool) -> str:
    """`text` with the matches at `spans` in colour."""
    if not colour or not spans:
        return text
    out, at = [], 0
    for start, end in spans:
        out += [text[at:start], painted(text[start:end], "match", True)]
        at = end
    return "".join([*out, text[at:]])


def harmless(text: str) -> str:
    """The text with control characters made visible: log text must not move the cursor, change colours or set titles.

    Every character becomes exactly one, so that places in the text stay what they were; tab and newline stay.
    """
    if text.isascii() and len(text.encode().translate(None, _ASCII_CONTROL)) == len(text):
        return text
    return re.sub(_CONTROL, _visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 32 else "\u2421" if code == 127 else "\ufffd"


def zone_named(name: str | None) -> tzinfo:
    """The zone of this name; without one the machine's own. Raises UsageError."""
    from logtriage.stamps.zone import Zone

    if name:
        return Zone.of(name).tzinfo
    named = os.environ.get("TZ", "").lstrip(":")
    if named:
        try:
            return Zone.of(named).tzinfo
        except Exception:  # a POSIX rule such as CET-1CEST: Python's own view of it is used
            return datetime.now().astimezone().tzinfo or UTC
    try:
        from zoneinfo import ZoneInfo

        with open("/etc/localtime", "rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return datetime.now().astimezone().tzinfo or UTC


def shown_time(moment: datetime | None, zone: tzinfo) -> str:
    """A time (UTC, naive) as it is shown: `2026-11-22 14:05:00.123+01:00`; as wide where there is none."""
    if moment is None:
        return "-".ljust(29)
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    text = local.isoformat(" ", "milliseconds")
    return text[:-6] + "Z     " if text.endswith("+00:00") else text


def csv_row(cells: Iterable[object]) -> str:
    """One line of CSV (RFC 4180). A cell that a spreadsheet would compute gets an apostrophe in front."""
    return ",".join(map(_cell, cells))


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    if text.startswith(_FORMULA) and not _is_number(text):
        text = "'" + text
    if any(c in text for c in ',"\n\r') or text != text.strip():
        text = '"' + text.replace('"', '""') + '"'
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_csv(line: str) -> str:
    """A record as a JSON object (see jsonl.py) → one line of CSV with the columns `CSV`; flags are joined by blanks."""
    record: dict[str, Any] = json.loads(line)
    return csv_row(" ".join(value) if isinstance(value := record.get(name), list) else value for name in CSV)


def as_logfmt(line: str) -> str:
    """A record as a JSON object (see jsonl.py) → one line of logfmt: `time` and `msg` for timestamp and body, attributes
    under their own names; what a name of the record already means is `attributes.NAME`. Empty values are left out."""
    record: dict[str, Any] = json.loads(line)
    attributes = record.pop("attributes", None) or {}
    told = {_LOGFMT_NAMES.get(key, key): value for key, value in record.items()}
    told |= {f"attributes.{key}" if key in told else key: value for key, value in attributes.items()}
    return " ".join(
        f"{re.sub(_KEY, '_', key)}={_logfmt(value)}" for key, value in told.items() if value not in (None, "", [])
    )


def _logfmt(value: Any) -> str:
    text = (
        ",".join(map(str, value)) if isinstance(value, list) else value if isinstance(value, str) else json.dumps(value)
    )
    return text if re.fullmatch(_BARE, text) else json.dumps(text, ensure_ascii=not text.isprintable())


def table(names: Sequence[str], rows: Sequence[Sequence[object]], width: int = 100) -> str:
    """Rows under their names, in columns; long cells are cut, numbers stand on the right."""
    names = [harmless(name) for name in names]
    cells = [[_short(value, width) for value in row] for row in rows]
    widths = [max(len(name), *(len(row[k]) for row in cells)) if cells else len(name) for k, name in enumerate(names)]
    right = [
        bool(rows) and all(isinstance(row[k], int | float | None) and not isinstance(row[k], bool) for row in rows)
        for k in range(len(names))
    ]
    out = [
        "  ".join(
            name.rjust(w) if r else name.ljust(w) for name, w, r in zip(names, widths, right, strict=True)
        ).rstrip()
    ]
    out.append("  ".join("-" * w for w in widths))
    for row in cells:
        out.append(
            "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)).rstrip()
        )
    return "\n".join(out)


def _short(value: object, width: int) -> str:
    text = "" if value is None else harmless(str(value)).replace("\n", "⏎").replace("\t", " ")
    return shortened(text, width)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters: one that is cut ends with `…`."""
    return text if len(text) <= most else text[: most - 1] + "…"
