"""A format → SQL: which lines it claims, and what DuckDB reads of each. Pure text; no connection is held here.

Every expression is total: it gives NULL for text it does not fit, and never raises at run time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from logtriage.formats import documents, pretty
from logtriage.formats.fields import LOGFMT_HEAD, WHOLE_SECONDS
from logtriage.formats.format import Format
from logtriage.formats.levels import SYSLOG
from logtriage.formats.node import GENERIC, Node
from logtriage.formats.opening import Opening, opening
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
_GROUP = re.compile(r"\(\?P<(\w+)>")


def generic(node: Node) -> Format:
    """The format of lines that only a time stamp is known of, for the stamps that were seen in samples."""
    regex = find_regex(node.kinds)
    return Format(id=GENERIC.id, title=GENERIC.title, kind="text", regex=regex, groups=("timestamp",))


def told_by(fmt: Format, text: str, *, whole: bool = False) -> str | None:
    """An expression for what `claims` looks at, to be computed once: the opening of a line, or some values of a JSON document
    (`whole`: all that `extraction` gives); None where it looks at the line itself."""
    if begins := opening_of(fmt):
        return f"regexp_extract({text}, {literal(begins.bare)})"
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
    test = f"{told} <> ''" if opening_of(fmt) else f"regexp_matches({text}, {literal(fmt.regex or fmt.header or '$.')})"
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
        if not fmt.multiline:
            return f"json_extract_string({text}, {places})"
        text = pretty.document_sql(text)
        return f"CASE WHEN json_valid({text}) THEN json_extract_string({text}, {places}) END"
    if fmt.kind == "logfmt":
        packed = (
            f'"{role}" := ' + f"regexp_extract({text}, {literal(_pair_regex(keys))}, ['q', 'u'])"
            for role, keys in documents.roles(fmt).items()
        )
        return f"struct_pack({', '.join(packed)})"
    return captures(regex_of(fmt), text, _read_groups(fmt))


def opening_of(fmt: Format) -> Opening | None:
    """What of a text format's regex is looked at, where the body is all that follows the head; None: where it is not."""
    if fmt.kind != "text" or fmt.multiline or fmt.inner not in (None, "body"):
        return None
    return opening(fmt.regex, tuple(opening_groups(fmt)))


def opening_groups(fmt: Format) -> list[str]:
    """The groups of an opening that make a record's columns."""
    return [name for name in _read_groups(fmt) if name != "body"]


def plain_groups(fmt: Format) -> list[str]:
    """Those of `opening_groups` that are a role as they stand (see `role`)."""
    made = {"timestamp"} if "time" in fmt.groups else set()
    made |= {"level"} if "pri" in fmt.groups else set()
    return [name for name in opening_groups(fmt) if name in (*ROLES, "timestamp", "logtag") and name not in made]


def _read_groups(fmt: Format) -> list[str]:
    """The groups that make a record's columns; the others are its attributes."""
    return [g for g in fmt.groups if g in RESERVED or g in ROLES or g in (fmt.inner, "logtag", "pri")]


def regex_of(fmt: Format) -> str:
    """A format's regex as DuckDB is to be given it."""
    return ("(?s)" if fmt.multiline else "") + fmt.regex


def captures(regex: str, text: str, wanted: Collection[str]) -> str:
    """`regexp_extract` of some groups of a regex; a group that is not wanted costs nothing."""
    groups = _GROUP.findall(regex)
    names = [name for name in groups if name in wanted] or groups[:1]  # DuckDB goes by their order
    regex = _GROUP.sub(lambda group: group[0] if group[1] in names else "(?:", regex)
    return f"regexp_extract({text}, {literal(regex)}, {names!r})"


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
    behind = rf"regexp_replace(substr({text}, strpos({text}, {m}.timestamp) + length({m}.timestamp)), '^[\x22\])>}}]*[\s:,;|-]*(?:> )?', '')"
    before = f"rtrim(split_part({text}, {m}.timestamp, 1), ' [(<')"  # of a message that ends with a moment
    return f"coalesce(nullif({behind}, ''), {before})"


def _lazily(tests: Sequence[str]) -> str:
    """Tests one after the other: a later one only runs on what passed the earlier (JSON functions raise on non-JSON)."""
    sql = "true"
    for test in reversed(tests):
        sql = f"CASE WHEN {test} THEN {sql} ELSE false END"
    return sql
