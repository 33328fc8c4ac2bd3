"""What can be told from a text of any form, as SQL: its `key=value` pairs, the addresses in it, an HTTP status."""

from __future__ import annotations

from collections.abc import Callable

from logtriage.sql import literal

_PAIR = r'(?:^|[\s,;|(\[{])([A-Za-z_][\w.-]{0,63})=(?:"((?:[^"\\]|\\.)*)"|([^\s,;|)\]}"=][^\s,;|)\]}"]*))'
_STATUS = r"(?i)(?:\bstatus(?:_?code)?|\bcode|\breturned|\bresponded|\bHTTP/\d(?:\.\d)?)\W{1,6}([1-5]\d\d)\b"
_V4 = r"\d{1,3}(?:\.\d{1,3}){3}\b"
_HEX = "[0-9A-Fa-f]{1,4}"
# An IPv6 address is whole or has `::`; so neither a time of day nor a MAC address is one.
_V6 = rf"(?:(?:{_HEX}:){{7}}{_HEX}\b|(?:{_HEX}:){{1,6}}(?::{_HEX}){{1,6}}\b|::(?:{_HEX}:){{0,5}}{_HEX}\b|(?:{_HEX}:){{1,6}}:)"
# An IPv4 address that is written as an IPv6 one is given as what it is.
_MAYBE_V4 = rf"(?:::(?:[Ff]{{4}}:)?(?:0:)?)?({_V4})"
_ADDRESS = rf"{_MAYBE_V4}|({_V6})"
# Erlang writes times as 14-Mar-2026::09:00:00.
_ANY = rf"(?:^|[^\w.:]|\bip:){_MAYBE_V4}|(?:^|[^\w.:-]|\bip:)({_V6})"
# What stands before the address of who asked, in logs of all sorts.
_CUE = (
    r"(?i)(?:\bfrom|\bclient(?:[ _-]?(?:ip|addr(?:ess)?|host))?|\bc?ip(?:[ _-]?addr(?:ess)?)?|\brhost|\brip|\bremi?p?"
    r"|\bremote(?:[ _-]?(?:addr(?:ess)?|ip|host))?|\bsrc(?:[ _-]?(?:ip|addr))?|\bsource(?:[ _-]?(?:ip|addr(?:ess)?))?"
    r"|\bip_client|\bpeer(?:[ _-]?(?:addr(?:ess)?|ip|name))?|\baddr(?:ess)?|\bhost|\bby|\boip|\buser \S{1,64})"
    r"""["'\]]?(?:\s?[:=]\s?|\s)(?:ip:? ?|address:? ?|host:? ?)?["'`\[(<{@/]*(?:\[?ip[:=] ?)?"""
    rf"(?:{_ADDRESS})"
)


def _quotes(text: str) -> str:
    """SQL: a quoted value with its quotes. No more is done where the form is unknown: a path may hold backslashes."""
    return f"""replace({text}, '\\"', '"')"""


def pairs(text: str, meant: Callable[[str], str] = _quotes) -> str:
    """SQL: the `key=value` pairs of a text as a JSON object, without empty values; of a key that comes twice the first one.
    `meant`: the SQL for what stands between quotes → what it means."""
    value = f"list_transform([found[list_position(keys, k)]], lambda p: coalesce(nullif({meant('p.quoted')}, ''), p.bare))[1]"
    told = f"to_json(map(list_distinct(keys), list_transform(list_distinct(keys), lambda k: {value})))"
    told = f"list_transform([list_transform(found, lambda p: p.name)], lambda keys: {told})[1]"
    found = f"regexp_extract_all({text}, {literal(_PAIR)}, ['name', 'quoted', 'bare'])"
    some = f"list_filter({found}, lambda p: nullif(p.quoted, '') IS NOT NULL OR nullif(p.bare, '') IS NOT NULL)"
    return f"list_transform([{some}], lambda found: {told})[1]"


def address(text: str) -> str:
    """SQL: the address that a field begins with, be it in brackets, with a port, or the first of a list; NULL: none."""
    found = f"regexp_extract({text}, {literal(rf'^[^0-9A-Za-z:]*(?:{_ADDRESS})')}, ['v4', 'v6'])"
    return f"list_transform([{found}], lambda a: coalesce(nullif(a.v4, ''), nullif(a.v6, '')))[1]"


def told(text: str) -> str:
    """SQL: all of it as a JSON object: the pairs, `client_ip` where a word tells it, the first addresses, `status`."""
    # Each regex is mentioned once, as DuckDB compiles it at each mention: what it finds goes into a lambda.
    every = f"list_transform(regexp_extract_all({text}, {literal(_ANY)}, ['v4', 'v6']), lambda a: coalesce(nullif(a.v4, ''), a.v6))"
    ips = f"list_transform([{every}], lambda l: list_filter(l, lambda a, n: list_position(l, a) = n AND regexp_matches(a, '[0-9]')))[1]"
    client = f"list_transform([regexp_extract({text}, {literal(_CUE)}, ['v4', 'v6'])], lambda c: coalesce(nullif(c.v4, ''), nullif(c.v6, '')))[1]"
    status = f"nullif(regexp_extract({text}, {literal(_STATUS)}, 1), '')"
    mapped = f"nullif(regexp_extract({text}, '(?i)::ffff:(?:[0-9]+[.]){{3}}[0-9]+'), '')"
    more = (
        f"list_transform([{ips}], lambda ips: json_object('client_ip', {client}, 'ip_mapped', {mapped}, "
        f"'ip', ips[1], 'ip_2', ips[2], 'ip_3', ips[3], 'status', {status}))[1]"
    )
    return f"json_merge_patch({pairs(text)}, json_merge_patch('{{}}', {more}))"
