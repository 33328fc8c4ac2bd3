"""Lines that a container runtime cut into pieces: CRI says so by a tag, docker by the newline that a piece lacks.

What decides which records there are works on pieces; what reads a record's fields works on the line that they make up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logtriage import layouts
from logtriage.formats.format import Format

if TYPE_CHECKING:
    import pyarrow as pa

# Pieces of the two streams may alternate; only those of one go together.
STREAM = r'^\S+ (stdout|stderr) |"stream":"(stdout|stderr)"'
# Where several containers speak by turns, each says who it is: compose, kubectl logs --prefix.
SPEAKER = r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d )?(?:\[pod/)?(?P<stream>[a-zA-Z0-9][\w./-]*)(?: *\| |\] )"
_PIECES = r"^(?:(?:\S+ stdout P [^\n]*\n)*\S+ stdout [^\n]*|(?:\S+ stderr P [^\n]*\n)*\S+ stderr [^\n]*|[^\n]*)"
_CRI_JOINT = r"\n\S+ std(?:out|err) [PF](?::[PF])* "


def is_cut(fmt: Format, inner: str, logtag: str, ends: bool) -> bool:
    """Whether a transport's line goes on in its next one. `ends`: some lines of the source end with their newline, so
    that it means something that this one does not: collectors strip them all."""
    return ends and not inner.endswith("\n") if fmt.family == "docker" else logtag == "P"


def told(fmt: Format, ends: bool) -> bool:
    """Whether it is told of each line of a transport if it goes on."""
    return ends if fmt.family == "docker" else "logtag" in fmt.groups


def are_cut(inner: pa.LargeStringArray, logtag: pa.LargeStringArray | None) -> pa.BooleanArray:
    """`is_cut` for a column of lines of which it is `told`; those without a `logtag` are docker's."""
    import pyarrow.compute as pc

    return pc.invert(pc.ends_with(inner, "\n")) if logtag is None else pc.equal(logtag, "P")


def stream(line: str) -> str:
    """The stream, or the container, that a transport's line is of; empty: it names none."""
    if found := re.search(STREAM, line):
        return found[1] or found[2]
    return found["stream"] if (found := re.search(SPEAKER, line)) else ""


def streams(lines: pa.LargeStringArray) -> pa.LargeStringArray:
    """The same for a column of lines."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cri = pc.struct_field(pc.extract_regex(lines, r"^\S+ (?P<stream>stdout|stderr) "), "stream")
    key = '"stream":"'
    at = pc.find_substring_regex(lines, f'{key}(?:stdout|stderr)"').cast(pa.int64())
    found, none = pc.greater_equal(at, pa.scalar(0, pa.int64())), pa.scalar(0, pa.int64())
    starts = pc.if_else(found, pc.add(at, pa.scalar(len(key), pa.int64())), none)
    ends = pc.if_else(found, pc.add(starts, pa.scalar(len("stdout"), pa.int64())), none)
    written = layouts.slices(lines, starts, ends)
    speaker = pc.struct_field(pc.extract_regex(lines, SPEAKER), "stream")
    return pc.coalesce(cri, pc.if_else(found, written, None), speaker, "")


def may_cut(fmt: Format | None) -> bool:
    """Whether lines of a transport may be cut at all."""
    return fmt is not None and (fmt.family == "docker" or "logtag" in fmt.groups)


def mixes(fmt: Format | None) -> bool:
    """Whether neighbouring lines of a transport may be of several streams or containers."""
    return may_cut(fmt) or (fmt is not None and fmt.family in ("compose", "kubectl"))


def _stream_sql(line: str) -> str:
    found = "regexp_extract({}, '{}', {})".format
    return f"{found(line, STREAM, 1)} || {found(line, STREAM, 2)}"


def glued(fmt: Format, whole: str) -> str:
    """SQL: the first of the lines that a transport wrapped, out of a record's text: its pieces put together."""
    if fmt.family != "docker":
        return f"regexp_replace(regexp_extract({whole}, '{_PIECES}'), '{_CRI_JOINT}', '', 'g')"
    key = f'$."{fmt.inner}"'
    said = f"list_transform(l, lambda t: CASE WHEN json_valid(t) THEN json_extract_string(t, '{key}') END)"
    ended = f"coalesce(list_position(list_transform({said}, lambda s: ends_with(s, chr(10))), true), len(l))"
    other = f"coalesce(list_position(list_transform(l, lambda t: {_stream_sql('t')} = {_stream_sql('l[1]')}), false) - 1, len(l))"
    joined = f"json_object('{fmt.inner}', array_to_string(({said})[1:least({ended}, {other})], ''))"
    # An inner CASE, as the outer one's branches are computed for every line.
    first = "CASE WHEN json_valid(l[1]) THEN l[1] ELSE '{}' END"
    # … and text, as what stands beside JSON in a CASE is cast to JSON, which fails where the text is none (yet).
    merged = f"CASE WHEN json_valid(l[1]) THEN json_merge_patch({first}, {joined})::VARCHAR ELSE l[1] END"
    return f"list_transform([string_split(rtrim({whole}, chr(10)), chr(10))], lambda l: {merged})[1]"
