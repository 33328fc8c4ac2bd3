"""JSON and logfmt: under which keys a format has each role, and where in a document what is read of it stands."""

from __future__ import annotations

from logtriage.formats import json_sql
from logtriage.formats.format import Format

_JSON_STATUS = ("status", "status_code", "statusCode", "http.response.status_code", "http.status_code", "res.statusCode",
                "response.status", "DownstreamStatus", "code")  # fmt: skip


def roles(fmt: Format) -> dict[str, tuple[str, ...]]:
    """The keys under which a JSON or logfmt format has each role, the preferred first."""
    found = {**fmt.aliases, **fmt.keys}
    if fmt.kind == "json" and not fmt.inner:
        found["status"] = (*found.get("status", ()), *_JSON_STATUS)
    if fmt.inner and fmt.inner not in found:
        found[fmt.inner] = (fmt.inner,)
    return found


def values(fmt: Format, name: str, m: str) -> list[str]:
    """What `parse.extraction` found (`m`) at each of the places where a role's value may be."""
    known = places(fmt)
    return [f"{m}[{known.index(place) + 1}]" for of, place in json_sql.places(roles(fmt)) if of == name]


def places(fmt: Format) -> list[str]:
    """The JSON paths of all that is read of a document; first those that it is claimed by."""
    return list(dict.fromkeys([*claim_places(fmt), *(place for _, place in json_sql.places(roles(fmt)))]))


def claim_places(fmt: Format) -> list[str]:
    """The JSON paths of what a document is claimed by."""
    keys = (*fmt.require, *fmt.where)
    return list(dict.fromkeys(place for key in keys for _, place in json_sql.places({"": [key]})))


def claim_value(fmt: Format, key: str, told: str) -> str:
    """The value under a key among those of `claim_places`."""
    found = [f"{told}[{claim_places(fmt).index(place) + 1}]" for _, place in json_sql.places({"": [key]})]
    return f"coalesce({', '.join(found)})"
