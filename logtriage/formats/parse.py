"""A format → SQL: which lines it claims, and what DuckDB reads of each. Pure text; no connection is held here.

Every expression is total: it gives NULL for text it does not fit, and never raises at run time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from logtriage.formats import documents
from logtriage.formats.fields import LOGFMT_HEAD, WHOLE_SECONDS
from logtriage.formats.format import Format
from logtriage.formats.levels import SYSLOG
from logtriage.formats.node import GENERIC, Node
from logtriage.sql import literal
from logtriage.stamps.stamp import find_regex

# What a format may say of a record besides its attributes, in the order of the `heads` columns.
ROLES = (
    "level", "status", "body", "service", "host", "container", "pod", "namespace", "trace_id", "span_id",
    "request_id", "program",
)  # fmt: skip
# … and what is a column of a record by one way or another, so that it is no attribute of it.
RESERVED = {"timestamp", "date", "time", "level", "body", "service", "host", "container", "pod", "namespace", "trace_id",
            "span_id", "partial"}  # fmt: skip
_BODY = "(?P<body>.*)"
_GROUP = re.compile(r"\(\?P<\w+>")


def generic(node: Node) -> Format:
    """The format of lines that only a time stamp is known of, for the stamps that were seen in samples."""
    regex = find_regex(node.kinds)
    return Format(id=GENERIC.id, title=GENERIC.title, kind="text", regex=regex, groups=("timestamp",))


def told_by(fmt: Format, text: str, *, whole: bool = False) -> str | None:
    """An expression for what `claims` looks at, to be computed once: the head of a line, or some values of a JSON document
    (`whole`: all that `extraction` gives); None where it looks at the line itself."""
    if body_is_tail(fmt):
        return head_of(fmt, text)
    if fmt.kind != "json" or fmt.multiline:
        return None
    places = "[" + ", ".join(map(literal, documents.places(fmt) if whole else documents.claim_places(fmt))) + "]"
    # one after the other, as JSON functions raise on what is none
    return f"CASE WHEN starts_with(ltrim({text}), '{{') THEN CASE WHEN json_valid({text}) THEN json_extract_string({text}, {places}) END END"


def claims(fmt: Format, text: str, node: Node, told: str) -> str:
    """A predicate: is this line of this format? `told`: what `told_by` gave, if anything."""
    if fmt.multiline and fmt.start:
        return f"regexp_matches({text}, {literal(fmt.start)})"
    if fmt is GENERIC:
        return f"regexp_matches({text}, {literal(generic(node).regex)})"
    if fmt.kind == "json":
        tests = [f"{documents.claim_value(fmt, key, told)} IS NOT NULL" for key in fmt.require]
        tests += [
            f"regexp_matches(coalesce({documents.claim_value(fmt, key, told)}, ''), {literal(rx)})"
            for key, rx in fmt.where.items()
            if rx
        ]
        return " AND ".join([f"{told} IS NOT NULL", *tests])
    if fmt.kind == "logfmt":
        tests = [f"regexp_matches({text}, {literal(LOGFMT_HEAD)})"]
        tests += [rf"regexp_matches({text}, {literal(_pair_regex([key]))})" for key in fmt.require]
        return _lazily(tests)
    tail = body_is_tail(fmt)
    test = f"{told} <> ''" if tail else f"regexp_matches({text}, {literal(fmt.regex or fmt.header or '$.')})"
    if fmt.when:
        test = " AND ".join(
            [test] + [f"regexp_matches(coalesce({k}, ''), {literal(rx)})" for k, rx in fmt.when.items()]
        )
    return test


def extraction(fmt: Format, text: str, node: Node) -> str:
    """An expression that reads all the fields of a line at once: a struct (text, logfmt) or a list (json)."""
    if fmt is GENERIC:
        fmt = generic(node)
    if fmt.kind == "json":
        places = "[" + ", ".join(map(literal, documents.places(fmt))) + "]"
        read = f"json_extract_string({text}, {places})"
        return f"CASE WHEN json_valid({text}) THEN {read} END" if fmt.multiline else read
    if fmt.kind == "logfmt":
        packed = (
            f'"{role}" := ' + f"regexp_extract({text}, {literal(_pair_regex(keys))}, ['q', 'u'])"
            for role, keys in documents.roles(fmt).items()
        )
        return f"struct_pack({', '.join(packed)})"
    return captures(fmt, text, _read_groups(fmt))


def body_is_tail(fmt: Format) -> bool:
    """Whether the body is all that follows the rest of the regex, the head, which is never empty."""
    return (
        fmt.kind == "text"
        and not fmt.multiline
        and fmt.inner in (None, "body")
        and fmt.regex.removesuffix("$").endswith(_BODY)
        and not re.match(head_regex(fmt), "")
    )


def head_regex(fmt: Format) -> str:
    """The regex of all that stands before the body."""
    return fmt.regex.removesuffix("$").removesuffix(_BODY)


def head_groups(fmt: Format) -> list[str]:
    """The groups of a head that make a record's columns."""
    return [name for name in _read_groups(fmt) if name != "body"]


def plain_groups(fmt: Format) -> list[str]:
    """Those of `head_groups` that are a role as they stand (see `role`)."""
    made = {"timestamp"} if "time" in fmt.groups else set()
    made |= {"level"} if "pri" in fmt.groups else set()
    return [name for name in head_groups(fmt) if name in (*ROLES, "timestamp", "logtag") and name not in made]


def head_of(fmt: Format, text: str) -> str:
    """An expression for a line's head, empty where the line is not of the format. Without groups RE2 is thrice as quick."""
    return f"regexp_extract({text}, {literal(_GROUP.sub('(?:', head_regex(fmt)))})"


def head_captures(fmt: Format, head: str) -> str:
    """A struct of the groups in a head."""
    short = replace(fmt, regex=head_regex(fmt), groups=tuple(name for name in fmt.groups if name != "body"))
    return captures(short, head, head_groups(fmt))


def _read_groups(fmt: Format) -> list[str]:
    """The groups that make a record's columns; the others are its attributes."""
    return [g for g in fmt.groups if g in RESERVED or g in ROLES or g in (fmt.inner, "logtag", "pri")]


def captures(fmt: Format, text: str, wanted: Sequence[str]) -> str:
    """`regexp_extract` of some of a format's groups; a group that is not wanted costs nothing."""
    wanted = wanted or fmt.groups[:1]
    regex = fmt.regex
    for name in set(fmt.groups) - set(wanted):
        regex = regex.replace(f"(?P<{name}>", "(?:")
    return f"regexp_extract({text}, {literal(('(?s)' if fmt.multiline else '') + regex)}, {list(wanted)!r})"


def role(fmt: Format, name: str, m: str = "m", text: str = "t") -> str | None:
    """An expression for one field out of what `extraction` gave; None where the format does not say it."""
    if fmt is GENERIC:
        answer = rf"""regexp_extract({text}, 'HTTP/[0-9.]+["'']? ([1-5][0-9][0-9])(?:\s|$)', 1)"""
        return {
            "timestamp": f"nullif({m}.timestamp, '')",
            "body": _after_stamp(m, text),
            "status": f"CASE WHEN contains({text}, 'HTTP/') THEN nullif({answer}, '') END",
        }.get(name)
    if fmt.kind == "json":
        found = _first(documents.values(fmt, name, m))
        nanos = _first(documents.values(fmt, "nanos", m)) if found and name == "timestamp" else None
        return _with_nanos(found, nanos) if found and nanos else found
    if fmt.kind == "logfmt":
        if name not in documents.roles(fmt):
            return None
        quoted = f'{m}."{name}".q'
        if name == "body":
            quoted = unescaped(quoted)
        return f"coalesce(nullif({quoted}, ''), nullif({m}.\"{name}\".u, ''))"
    if name == "timestamp" and "time" in fmt.groups:
        time = f"nullif({m}.date || ' ' || {m}.time, ' ')" if "date" in fmt.groups else f"nullif({m}.time, '')"
        return f"coalesce(nullif({m}.timestamp, ''), {time})" if "timestamp" in fmt.groups else time
    if name == "level" and "pri" in fmt.groups:
        said = f"nullif({m}.level, '')" if "level" in fmt.groups else "NULL"
        # the severity is the rest of eight
        return f"coalesce({said}, {list(SYSLOG)}[try_cast({m}.pri AS INTEGER) % 8 + 1])"
    if name in fmt.groups:
        return f"nullif({m}.\"{name}\", '')"
    return None


def unescaped(text: str) -> str:
    """SQL: what stands between the quotes of a logfmt value, as it was meant: Go and all who follow it escape as JSON."""
    quoted = f"""'"' || {text} || '"'"""
    meant = f"CASE WHEN json_valid({quoted}) THEN json_extract_string({quoted}, '$') ELSE {text} END"
    return f"CASE WHEN contains({text}, '\\') THEN {meant} ELSE {text} END"


def inner(fmt: Format, m: str, text: str) -> str:
    """What a transport wraps, from its extraction."""
    if fmt.kind == "json":
        return f"coalesce({', '.join(documents.values(fmt, fmt.inner or '', m))})"
    return role(fmt, fmt.inner or "body", m, text) or "NULL"


def _first(values: Sequence[str]) -> str | None:
    return f"coalesce({', '.join(f'''nullif({value}, '')''' for value in values)})" if values else None


def _with_nanos(seconds: str, nanos: str) -> str:
    """A time in whole seconds, with the nanoseconds that a document tells beside it."""
    both = (
        f"regexp_full_match({seconds}, {literal(WHOLE_SECONDS.pattern)}) AND regexp_full_match({nanos}, '[0-9]{{1,9}}')"
    )
    return f"CASE WHEN {both} THEN {seconds} || '.' || lpad({nanos}, 9, '0') ELSE {seconds} END"


def _pair_regex(keys: Sequence[str]) -> str:
    names = "|".join(k.replace(".", r"\.") for k in keys)
    return rf'(?:^|\s)(?:{names})=(?:"(?P<q>(?:[^"\\]|\\.)*)"|(?P<u>[^\s"]*))'


def _after_stamp(m: str, text: str) -> str:
    return rf"regexp_replace(substr({text}, strpos({text}, {m}.timestamp) + length({m}.timestamp)), '^[\])>}}]*[\s:,;|-]*', '')"


def _lazily(tests: Sequence[str]) -> str:
    """Tests one after the other: a later one only runs on what passed the earlier (JSON functions raise on non-JSON)."""
    sql = "true"
    for test in reversed(tests):
        sql = f"CASE WHEN {test} THEN {sql} ELSE false END"
    return sql
