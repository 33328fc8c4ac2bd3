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
# the columns of `records` that tell whether there is a piece to cut out
PIECES = ("stamp", "observed_stamp", *IDS)
# A shorter piece would be found all over the text, and frames would repeat less.
_SHORTEST = 4


def whole(relation: str) -> str:
    """SQL: the rows of `records`; those whose body holds one of the marks are to be kept whole."""
    return (
        f"SELECT * REPLACE (CASE WHEN exact IS NULL AND regexp_matches(body, '[\x01-\x08]') THEN encode(raw) ELSE exact END AS exact) "
        f"FROM ({relation})"
    )


def cut(relation: str, *, json: bool, found: Sequence[str]) -> str:
    """SQL: the rows of `records` (raw, body, stamp_text, …) with a column `frame`, and a `body` without ids.

    `json`: some bodies lie in JSON strings; `found`: which of PIECES some records have.
    """
    # What stands before a piece is told in a subquery of its own: in a CASE it would be looked for at each mention.
    whole = "exact IS NULL AND head IS NULL"
    relation = f"SELECT *, CASE WHEN {whole} THEN CASE WHEN length(body) >= {_SHORTEST} THEN split_part(raw, body, 1) END END AS before, body AS piece FROM ({relation})"
    cases = f"WHEN head IS NOT NULL THEN head || {BODY} || CASE WHEN ends_with(raw, chr(10)) THEN chr(10) ELSE '' END"
    cases += f" WHEN strlen(before) < strlen(raw) THEN {_cut('raw', 'before', 'body', BODY)}"
    if json:
        before = "before"
        for mark, escaped, name in ((JSON_BODY, json_text("body"), "json"), (HTML_BODY, _html("body"), "html")):
            relation = (
                f"SELECT *, CASE WHEN strlen({before}) = strlen(raw) THEN {escaped} END AS {name} FROM ({relation})"
            )
            before = f"before_{name}"
            relation = f"SELECT *, split_part(raw, {name}, 1) AS {before} FROM ({relation})"
            cases += f" WHEN strlen({before}) < strlen(raw) THEN {_cut('raw', before, name, mark)}"
    relation = f"SELECT *, CASE WHEN exact IS NOT NULL THEN raw {cases} ELSE raw END AS frame FROM ({relation})"
    for number, text, mark in (("stamp", "stamp_text", STAMP), ("observed_stamp", "observed_text", OBSERVED)):
        if number in found:
            piece = f"CASE WHEN {number} IS NOT NULL AND exact IS NULL THEN {text} END"
            relation = _without(relation, "frame", piece, mark)
    for name in IDS:
        if name in found:
            # only what is one sign in the shape: the index must not lose a word that can be searched for
            sign = f"regexp_full_match({name}, '{masking.CHAIN.format('', '')}')"
            piece = f"CASE WHEN exact IS NULL AND {sign} THEN {name} END"
            relation = _without(_without(relation, "frame", piece, IDS[name]), "body", "piece", IDS[name])
    return relation


def _without(relation: str, column: str, piece: str, mark: str) -> str:
    """SQL: a relation with the first occurrence of a piece (an expression) in a column replaced by a mark."""
    relation = f"SELECT * EXCLUDE (before, piece), {piece} AS piece FROM ({relation})"
    relation = f"SELECT *, split_part({column}, piece, 1) AS before FROM ({relation})"
    cut = _cut(column, "before", "piece", mark)
    return f"SELECT * REPLACE (CASE WHEN strlen(before) < strlen({column}) THEN {cut} ELSE {column} END AS {column}) FROM ({relation})"


def _cut(text: str, before: str, piece: str, mark: str) -> str:
    """SQL: a text with a mark in the place of a piece, by what stands before that. DuckDB counts the characters of what comes
    from Arrow one by one, bytes it need not count."""
    return f"{before} || {mark} || decode(encode({text})[strlen({before}) + strlen({piece}) + 1:])"


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
