"""Lines that a container runtime cut into pieces: CRI says so by a tag, docker by the newline that a piece lacks.

What decides which records there are works on pieces; what reads a record's fields works on the line that they make up.
"""

from __future__ import annotations

import re

from logtriage.formats.format import Format

# Pieces of the two streams may alternate; only those of one go together.
STREAM = r'^\S+ (stdout|stderr) |"stream":"(stdout|stderr)"'
_PIECES = r"^(?:(?:\S+ stdout P [^\n]*\n)*\S+ stdout [^\n]*|(?:\S+ stderr P [^\n]*\n)*\S+ stderr [^\n]*|[^\n]*)"
_CRI_JOINT = r"\n\S+ std(?:out|err) [PF](?::[PF])* "


def is_cut(fmt: Format, inner: str, logtag: str, ends: bool) -> bool:
    """Whether a transport's line goes on in its next one. `ends`: some lines of the source end with their newline, so
    that it means something that this one does not: collectors strip them all."""
    return ends and not inner.endswith("\n") if fmt.family == "docker" else logtag == "P"


def is_cut_sql(fmt: Format, m: str, inner: str, ends: bool) -> str | None:
    """The same as SQL, from what `parse.extraction` gave; None where a format's lines are never cut."""
    if fmt.family == "docker":
        return f"NOT ends_with({inner}, chr(10))" if ends else None
    return f"{m}.logtag = 'P'" if "logtag" in fmt.groups else None


def stream(line: str) -> str:
    """The stream that a transport's line is of; empty: it names none."""
    found = re.search(STREAM, line)
    return found[1] or found[2] if found else ""


def stream_sql(line: str) -> str:
    """The same as SQL."""
    found = "regexp_extract({}, '{}', {})".format
    return f"{found(line, STREAM, 1)} || {found(line, STREAM, 2)}"


def may_cut(fmt: Format | None) -> bool:
    """Whether lines of a transport may be cut at all."""
    return fmt is not None and (fmt.family == "docker" or "logtag" in fmt.groups)


def glued(fmt: Format, whole: str) -> str:
    """SQL: the first of the lines that a transport wrapped, out of a record's text: its pieces put together."""
    if fmt.family != "docker":
        return f"regexp_replace(regexp_extract({whole}, '{_PIECES}'), '{_CRI_JOINT}', '', 'g')"
    key = f'$."{fmt.inner}"'
    said = f"list_transform(l, lambda t: CASE WHEN json_valid(t) THEN json_extract_string(t, '{key}') END)"
    ended = f"coalesce(list_position(list_transform({said}, lambda s: ends_with(s, chr(10))), true), len(l))"
    other = f"coalesce(list_position(list_transform(l, lambda t: {stream_sql('t')} = {stream_sql('l[1]')}), false) - 1, len(l))"
    joined = f"json_object('{fmt.inner}', array_to_string(({said})[1:least({ended}, {other})], ''))"
    # An inner CASE, as the outer one's branches are computed for every line.
    first = "CASE WHEN json_valid(l[1]) THEN l[1] ELSE '{}' END"
    merged = f"CASE WHEN json_valid(l[1]) THEN json_merge_patch({first}, {joined}) ELSE l[1] END"
    return f"list_transform([string_split(rtrim({whole}, chr(10)), chr(10))], lambda l: {merged})[1]"
