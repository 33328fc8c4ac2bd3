"""A format → SQL: what DuckDB computes for the lines that a format claims. Pure text; no connection is held here.

Every expression is total: it gives NULL for text it does not fit, and never raises at run time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from logtriage.formats import loose
from logtriage.formats.detect import GENERIC, ID, LOGFMT_HEAD, Node
from logtriage.formats.format import Format
from logtriage.stamps.stamp import find_regex

# What a format may say of a record besides its attributes, in the order of the `heads` columns.
ROLES = (
    "level", "status", "body", "service", "host", "container", "pod", "namespace", "trace_id", "span_id",
    "request_id", "program",
)  # fmt: skip
_JSON_STATUS = ("status", "status_code", "statusCode", "http.response.status_code", "http.status_code", "res.statusCode",
                "response.status", "DownstreamStatus", "code")  # fmt: skip
WORDS = "trace|debug|info|information|notice|warn|warning|error|err|severe|critical|crit|alert|fatal|emerg|panic"
SHORT_WORDS = "trc|dbg|inf|wrn|erro|ftl|vrb|verbose|noti|crt|pnc"
_ANY = f"{WORDS}|{SHORT_WORDS}"
# A level in a text of unknown form: in capitals at a word's own borders; in brackets or bars; before a colon; as a
# value; as the very first word, or behind one that a sign joins to it (`ns_server:info,`); as a letter (`E!`, `E [`, `E name:`).
GENERIC_LEVEL = (
    r"(?:^|[\s\[(<|:,;/\"'.])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|EMERG|PANIC|ALERT|TRC|DBG|INF|WRN|VRB|FTL)(?:$|[\s\[\])>|:,;/\"'])"
    rf"|[\[(<|](?:(?i:\s*({_ANY})\s*)|([DIWEF]))[\])>|]|(?:^|\s)(?i:({_ANY})):\s|(?:^|[\s,;])(?i:level|severity|lvl)[=:]\s*\"?(?i:({_ANY}))\b"
    rf"|^\W*(?:[\w.-]+[:.|/,])?(?i:({_ANY}))(?:$|[\s:|\]/>),;])|^\W*([DIWEFTV])(?:!\s|\s\[|\s[\w.-]+:\s)"
)
# The first line of an uncaught failure, in the languages that print one without a level. It is an error in all of them,
# whatever word (panic, fatal) a language has for it.
TRACE_HEAD = (
    r"^(?:Traceback \(most recent|panic: |fatal error: |Exception in thread|(?i:unhandled|uncaught) |PHP Fatal error: |FATAL|thread '.*' panicked at "
    r"|exception '[^']+' with message|\s?(?:[A-Za-z_$][\w$]*(?:[.:\\]|::))*(?:[A-Z]\w*)?(?:Exception|Error|Failure)\b(?:[:(]|$| \(|\n))"
)
# … and what tells by its second line that the first one was.
TRACE_NEXT = r"^[^\n]{0,300}\n(?:\s+(?:eval )?at \S|#0 |Traceback|goroutine \d+ \[|\s+from \S+:\d|Stack trace:)"
# What a message without a level says of itself when something went wrong.
FAILED = r"(?i)\b(?:error|errors|fail|failed|fails|failure|fatal)\b"


def literal(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def path(key: str, *, nested: bool = True) -> str:
    """`a.b` as a JSON path into nested objects, or (`nested=False`) of the one key "a.b"."""
    parts = key.split(".") if nested else [key]
    return "$" + "".join("[0]" if n and p == "0" else '."' + p.replace('"', '\\"') + '"' for n, p in enumerate(parts))


def generic(node: Node) -> Format:
    """The format of lines that only a time stamp is known of, for the stamps that were seen in samples."""
    regex = find_regex(node.kinds)
    return Format(id=GENERIC.id, title=GENERIC.title, kind="text", regex=regex, groups=("timestamp",))


def claims(fmt: Format, text: str, node: Node) -> str:
    """A predicate: is this line of this format?"""
    if fmt.multiline and fmt.start:
        return f"regexp_matches({text}, {literal(fmt.start)})"
    if fmt is GENERIC:
        return f"regexp_matches({text}, {literal(generic(node).regex)})"
    if fmt.kind == "json":
        tests = [f"starts_with(ltrim({text}), '{{')", f"json_valid({text})"]
        plain = [literal(path(key)) for key in fmt.require if "." not in key]
        if plain:  # one look at the document for all of them
            tests.append(f"list_aggregate(json_extract_string({text}, [{', '.join(plain)}]), 'count') = {len(plain)}")
        tests += [f"{_scalar(text, key)} IS NOT NULL" for key in fmt.require if "." in key]
        tests += [
            f"regexp_matches(coalesce({_scalar(text, k)}, ''), {literal(rx)})" for k, rx in fmt.where.items() if rx
        ]
        return _lazily(tests)
    if fmt.kind == "logfmt":
        tests = [f"regexp_matches({text}, {literal(LOGFMT_HEAD)})"]
        tests += [rf"regexp_matches({text}, {literal(_pair_regex([key]))})" for key in fmt.require]
        return _lazily(tests)
    test = f"regexp_matches({text}, {literal(fmt.regex or fmt.header or '$.')})"
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
        places = "[" + ", ".join(literal(p) for _, p in _json_paths(fmt)) + "]"
        read = f"json_extract_string({text}, {places})"
        return f"CASE WHEN json_valid({text}) THEN {read} END" if fmt.multiline else read
    if fmt.kind == "logfmt":
        packed = (
            f'"{role}" := ' + f"regexp_extract({text}, {literal(_pair_regex(keys))}, ['q', 'u'])"
            for role, keys in _roles(fmt).items()
        )
        return f"struct_pack({', '.join(packed)})"
    return _groups(
        fmt, text, [g for g in fmt.groups if g in _RESERVED or g in ROLES or g in (fmt.inner, "logtag", "pri")]
    )


def _groups(fmt: Format, text: str, wanted: Sequence[str]) -> str:
    """`regexp_extract` of some of a format's groups; a group that is not wanted costs nothing."""
    wanted = wanted or fmt.groups[:1]
    regex = fmt.regex
    for name in set(fmt.groups) - set(wanted):
        regex = regex.replace(f"(?P<{name}>", "(?:")
    return f"regexp_extract({text}, {literal(('(?s)' if fmt.multiline else '') + regex)}, {list(wanted)!r})"


_BODY = "(?P<body>.*)"


def body_is_tail(fmt: Format) -> bool:
    """Whether the body is all that follows the rest of the regex, so that its place will do for its text."""
    return fmt.kind == "text" and not fmt.multiline and fmt.regex.removesuffix("$").endswith(_BODY)


def head_extraction(fmt: Format, text: str) -> str:
    """Like `extraction`, without the body: a struct in which `head_` is all that stands before it."""
    regex = f"^(?P<head_>{fmt.regex.removesuffix('$').removesuffix(_BODY).removeprefix('^')})"
    short = replace(fmt, regex=regex, groups=("head_", *(g for g in fmt.groups if g != "body")))
    return _groups(
        short, text, [g for g in short.groups if g in _RESERVED or g in ROLES or g in ("head_", "logtag", "pri")]
    )


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
        places = [i for i, (n, _) in enumerate(_json_paths(fmt), 1) if n == name]
        return f"coalesce({', '.join(f'''nullif({m}[{i}], '')''' for i in places)})" if places else None
    if fmt.kind == "logfmt":
        if name not in _roles(fmt):
            return None
        return f"coalesce(nullif({m}.\"{name}\".q, ''), nullif({m}.\"{name}\".u, ''))"
    if name == "timestamp" and "time" in fmt.groups:
        time = f"nullif({m}.date || ' ' || {m}.time, ' ')" if "date" in fmt.groups else f"nullif({m}.time, '')"
        return f"coalesce(nullif({m}.timestamp, ''), {time})" if "timestamp" in fmt.groups else time
    if name == "level" and "pri" in fmt.groups:  # RFC 5424, 6.2.1: the severity is the rest of eight
        said = f"nullif({m}.level, '')" if "level" in fmt.groups else "NULL"
        return f"coalesce({said}, {_SEVERITIES}[try_cast({m}.pri AS INTEGER) % 8 + 1])"
    if name in fmt.groups:
        return f"nullif({m}.\"{name}\", '')"
    return None


_SEVERITIES = "['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']"


def found_level(text: str) -> str:
    """A level word in a text of unknown form, as it is written; NULL where there is none."""
    found = f"regexp_extract({text}, {literal(GENERIC_LEVEL)}, ['a', 'b', 'c', 'd', 'e', 'f', 'g'])"
    return "coalesce(" + ", ".join(f"nullif({found}.{group}, '')" for group in "abcdefg") + ")"


def attributes(nodes: Sequence[Node], text: str, *, flat: bool) -> str:
    """An expression for a record's attributes, a JSON object, from the text of its first line (outermost).

    Named groups and keys of every format on the way in, then `key=value` pairs, addresses and an HTTP status found in
    the text. `flat` joins nested keys with dots (it needs a subquery a row, so only what is printed is made flat).
    """
    layers: list[str] = []
    for node in nodes:
        fmt = node.fmt
        assert fmt is not None
        layers.append(_layer(fmt, text, flat))
        if fmt.inner:
            wrapped = inner(fmt, extraction(fmt, text, node), text)
            text = f"CASE WHEN json_valid({text}) THEN {wrapped} END" if fmt.kind == "json" else wrapped
    merged = loose.told(text)
    for layer in layers:
        merged = f"json_merge_patch({merged}, coalesce({layer}, '{{}}'))"
    return merged


def id_after(keys: Sequence[str], text: str) -> str:
    """SQL for the id that stands in a text behind one of these keys, as samples showed them (`trace_id=`)."""
    if len(keys) > 2:
        regex = f"(?:{'|'.join(map(re.escape, keys))}){ID}"
        return f"nullif(regexp_extract({text}, {literal(regex)}, 1), '')"
    tries = []
    for key in keys:  # looking for the key first is three times as quick as looking for the whole
        place = f"strpos({text}, {literal(key)})"
        found = f"regexp_extract(substr({text}, {place} + {len(key)}, 40), {literal('^' + ID)}, 1)"
        tries.append(f"CASE WHEN {place} > 0 THEN nullif({found}, '') END")
    return f"coalesce({', '.join(tries)})"


def without_newline(text: str) -> str:
    """SQL for a text without the line break at its end."""
    shorter = f"left({text}, length({text}) - CASE WHEN ends_with({text}, chr(13) || chr(10)) THEN 2 ELSE 1 END)"
    return f"CASE WHEN ends_with({text}, chr(10)) THEN {shorter} ELSE {text} END"


def inner(fmt: Format, m: str, text: str) -> str:
    """What a transport wraps, from its extraction."""
    if fmt.kind == "json":
        places = [i for i, (name, _) in enumerate(_json_paths(fmt), 1) if name == fmt.inner]
        return f"coalesce({', '.join(f'{m}[{i}]' for i in places)})"
    return role(fmt, fmt.inner or "body", m, text) or "NULL"


_RESERVED = {"timestamp", "date", "time", "level", "body", "service", "host", "container", "pod", "namespace", "trace_id",
             "span_id", "partial"}  # fmt: skip


def _layer(fmt: Format, text: str, flat: bool) -> str:
    if fmt is GENERIC or fmt.id == GENERIC.id:
        return "'{}'"
    if fmt.kind == "json":
        whole = text
        if flat:
            key = "replace(replace(substr(fullkey, 3), '[', '.'), ']', '')"
            whole = (
                f"(SELECT json_group_object({key}, atom) FROM json_tree(CASE WHEN json_valid({text}) THEN {text} END) WHERE atom IS NOT NULL AND type <> 'NULL' "
                f"AND fullkey <> {literal('$.' + (fmt.inner or ' '))})"
            )
        elif fmt.inner:
            whole = f"json_merge_patch({text}, json_object({literal(fmt.inner)}, NULL))"
        found = {name: _first_scalar(text, keys) for name, keys in fmt.aliases.items()}
        alias = ", ".join(f"{literal(name)}, {_alias(name, value)}" for name, value in found.items())
        merged = f"json_merge_patch({whole}, json_merge_patch('{{}}', json_object({alias})))" if alias else whole
        hidden = [n for n, keys in fmt.aliases.items() if not flat and any(key.startswith(f"{n}.") for key in keys)]
        for name in hidden:
            merged = f"json_merge_patch({merged}, {_members(text, name)})"
        return f"CASE WHEN json_valid({text}) THEN {merged} END"
    if fmt.kind == "logfmt":
        return loose.pairs(text)
    names = [g for g in fmt.groups if g not in _RESERVED]
    if not names:
        return "'{}'"
    m = _groups(fmt, text, names)
    values = {n: f'{m}."{n}"' for n in names}
    pairs = values.pop("structured", None)  # RFC 5424, 6.3: pairs with the names of who wrote them
    picked = ", ".join(
        f"{literal(n)}, CASE WHEN {v} NOT IN ('', '-') THEN {_alias(n, v)} END" for n, v in values.items()
    )
    own = f"json_merge_patch('{{}}', json_object({picked}))"
    return f"json_merge_patch({loose.told(pairs)}, {own})" if pairs else own


def _alias(name: str, value: str) -> str:
    """An attribute's value; that of an address without its brackets and port."""
    return f"coalesce({loose.address(value)}, {value})" if name == "client_ip" else value


def _roles(fmt: Format) -> dict[str, tuple[str, ...]]:
    roles = {**fmt.aliases, **fmt.keys}
    if fmt.kind == "json" and not fmt.inner:
        roles["status"] = (*roles.get("status", ()), *_JSON_STATUS)
    if fmt.inner and fmt.inner not in roles:
        roles[fmt.inner] = (fmt.inner,)
    return roles


def _json_paths(fmt: Format) -> list[tuple[str, str]]:
    """(role, JSON path) of every place where a role's value may be, the preferred first."""
    places = []
    for name, keys in _roles(fmt).items():
        for key in keys:
            if "." in key:
                places.append((name, path(key, nested=False)))
            places.append((name, path(key)))
    return places


def _first_scalar(text: str, keys: Sequence[str]) -> str:
    """The first value under one of these keys that is there and no object."""
    found = f"list_filter([{', '.join(_scalar(text, key) for key in keys)}], lambda v: NOT starts_with(v, '{{'))"
    return f"{found}[1]"


def _members(text: str, name: str) -> str:
    """An object whose place an alias takes: its members under dotted keys (`user.id` beside `user`); else NULL."""
    key = literal(path(name))
    plain = f"list_filter(json_keys({text}, {key}), lambda k: regexp_full_match(k, '[\\w @-]+'))"
    values = f"list_transform({plain}, lambda k: json_extract({text}, {key} || '.\"' || k || '\"'))"
    dotted = f"list_transform({plain}, lambda k: {literal(name + '.')} || k)"
    return f"CASE WHEN json_type({text}, {key}) = 'OBJECT' THEN to_json(map({dotted}, {values})) ELSE '{{}}' END"


def _scalar(text: str, key: str) -> str:
    if "." not in key:
        return f"json_extract_string({text}, {literal(path(key))})"
    return f"coalesce(json_extract_string({text}, {literal(path(key, nested=False))}), json_extract_string({text}, {literal(path(key))}))"


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
