"""How a record's exact text is kept without keeping it twice.

A frame is the text with the body, the times and the trace id cut out and a mark left in their places. Frames repeat, so
they compress to almost nothing, and text = frame ⊕ times ⊕ body. A time is cut out only where printing it again gives
the same characters. A text that holds one of the marks itself is kept whole (column `exact`).
"""

from __future__ import annotations

from collections.abc import Sequence

from logtriage import masking
from logtriage.stamps.rendering import Rendering, render_sql

STAMP, BODY, TRACE, JSON_BODY, HTML_BODY, OBSERVED, SPAN, REQUEST = (f"chr({n})" for n in range(1, 9))
# ids are cut out of frame and body; each is kept once in the store (table `ids`)
IDS = {"trace_id": TRACE, "span_id": SPAN, "request_id": REQUEST}
# A shorter piece would be found all over the text, and frames would repeat less.
_SHORTEST = 4


def whole(relation: str) -> str:
    """SQL: the rows of `records`; those whose body holds one of the marks are to be kept whole."""
    return (
        f"SELECT * REPLACE (CASE WHEN exact IS NULL AND regexp_matches(body, '[\x01-\x08]') THEN encode(raw) ELSE exact END AS exact) "
        f"FROM ({relation})"
    )


def cut(relation: str, *, json: bool, ids: Sequence[str]) -> str:
    """SQL: the rows of `records` (raw, body, stamp_text, …) with a column `frame`, and a `body` without ids.

    `json`: some bodies lie in JSON strings; `ids`: the kinds of ids that some records have.
    """
    body = f"length(body) >= {_SHORTEST}"
    cases = f"WHEN body_at IS NOT NULL THEN left(raw, body_at - 1) || {BODY} || CASE WHEN ends_with(raw, chr(10)) THEN chr(10) ELSE '' END"
    cases += f" WHEN {body} AND contains(raw, body) THEN {_cut_once('raw', 'body', BODY)}"
    if json:
        for mark, escaped in ((JSON_BODY, json_text("body")), (HTML_BODY, _html("body"))):
            cases += f" WHEN {body} AND contains(raw, {escaped}) THEN {_cut_once('raw', escaped, mark)}"
    relation = f"SELECT *, CASE WHEN exact IS NOT NULL THEN raw {cases} ELSE raw END AS frame FROM ({relation})"
    for number, text, mark in (("stamp", "stamp_text", STAMP), ("observed_stamp", "observed_text", OBSERVED)):
        piece = f"CASE WHEN {number} IS NOT NULL AND exact IS NULL THEN {text} END"
        relation = f"SELECT * REPLACE ({_cut_once('frame', piece, mark)} AS frame) FROM ({relation})"
    # only what is one sign in the shape: the index must not lose a word that can be searched for
    chain = masking.CHAIN.format("", "")
    pieces = [
        f"CASE WHEN exact IS NULL AND regexp_full_match({name}, '{chain}') THEN {name} END AS piece_{name}"
        for name in ids
    ]
    relation = f"SELECT {', '.join(['*', *pieces])} FROM ({relation})"
    for name in ids:
        both = ", ".join(f"{_cut_once(text, f'piece_{name}', IDS[name])} AS {text}" for text in ("frame", "body"))
        relation = f"SELECT * REPLACE ({both}) FROM ({relation})"
    return relation


def _cut_once(text: str, piece: str, mark: str) -> str:
    """SQL: the first occurrence of a piece replaced by a mark. Three times as quick as `replace`."""
    place = f"strpos({text}, {piece})"
    return f"CASE WHEN {place} > 0 THEN left({text}, {place} - 1) || {mark} || substr({text}, {place} + length({piece})) ELSE {text} END"


def body() -> str:
    """SQL: a row of the store's `records` → what it says."""
    return f"trim(CASE WHEN exact IS NULL THEN {with_ids('body')} ELSE body END, chr(10))"


def with_ids(text: str) -> str:
    """SQL: a text with the record's ids put back."""
    for name, mark in reversed(IDS.items()):
        text = f"replace({text}, {mark}, coalesce({name}, {mark}))"
    return text


def restore(renderings: Sequence[tuple[int, Rendering]]) -> str:
    """SQL: a row of the store's `records` → the text it was made from. `renderings`: those of the store, by number."""
    body = with_ids("body")  # before it is escaped, which would escape the marks
    text = (
        f"CASE WHEN contains(frame, {BODY}) THEN replace(frame, {BODY}, {body}) "
        f"WHEN contains(frame, {JSON_BODY}) THEN replace(frame, {JSON_BODY}, {json_text(body)}) "
        f"WHEN contains(frame, {HTML_BODY}) THEN replace(frame, {HTML_BODY}, {_html(body)}) ELSE frame END"
    )
    for mark, number, moment, nanos in (
        (OBSERVED, "observed_stamp", "observed", "observed_nanos"),
        (STAMP, "stamp", "timestamp", "nanos"),
    ):
        cases = "".join(f" WHEN {k} THEN {render_sql(rendering, moment, nanos)}" for k, rendering in renderings)
        if cases:
            text = f"replace({text}, {mark}, coalesce(CASE {number}{cases} END, {mark}))"
    return with_ids(text)


def json_text(text: str) -> str:
    """SQL: the text as it stands inside a JSON string."""
    return f"(to_json({text})::VARCHAR)[2:-2]"


def _html(text: str) -> str:
    """The same as Go's encoder writes it: safe for HTML, and control characters in small letters."""
    escaped = json_text(text)
    for plain, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\\u001B", "\\u001b")):
        escaped = f"replace({escaped}, '{plain}', '{code}')"
    return escaped
