"""How a record's exact text is kept without keeping it twice.

A frame is the text with the body, the times and the trace id cut out and a mark left in their places. Frames repeat, so
they compress to almost nothing, and text = frame ⊕ times ⊕ body. A time is cut out only where printing it again gives
the same characters. A text that holds one of the marks itself is kept whole (column `exact`).
"""

from __future__ import annotations

from collections.abc import Sequence

from logtriage.rendering import Rendering, render_sql

STAMP, BODY, TRACE, JSON_BODY, HTML_BODY, OBSERVED = (f"chr({n})" for n in range(1, 7))
# A shorter piece would be found all over the text, and frames would repeat less.
_SHORTEST = 4


def cut(*, json: bool) -> str:
    """SQL: a row of `records` (raw, body, stamp_text, …) → its frame. `json`: some bodies lie in JSON strings."""
    body = f"length(body) >= {_SHORTEST}"
    cases = f"WHEN {body} AND contains(raw, body) THEN replace(raw, body, {BODY})"
    if json:
        for mark, escaped in ((JSON_BODY, _json("body")), (HTML_BODY, _html("body"))):
            cases += f" WHEN {body} AND contains(raw, {escaped}) THEN replace(raw, {escaped}, {mark})"
    frame = f"CASE {cases} ELSE raw END"
    for number, text, mark in (("stamp", "stamp_text", STAMP), ("observed_stamp", "observed_text", OBSERVED)):
        frame = f"replace({frame}, coalesce(CASE WHEN {number} IS NOT NULL THEN {text} END, {mark}), {mark})"
    return f"replace({frame}, coalesce(CASE WHEN length(trace_id) >= {_SHORTEST} THEN trace_id END, {TRACE}), {TRACE})"


def restore(renderings: Sequence[tuple[int, Rendering]]) -> str:
    """SQL: a row of the store's `records` → the text it was made from. `renderings`: those of the store, by number."""
    body = (
        f"CASE WHEN contains(frame, {BODY}) THEN replace(frame, {BODY}, body) "
        f"WHEN contains(frame, {JSON_BODY}) THEN replace(frame, {JSON_BODY}, {_json('body')}) "
        f"WHEN contains(frame, {HTML_BODY}) THEN replace(frame, {HTML_BODY}, {_html('body')}) ELSE frame END"
    )
    text = f"replace({body}, {TRACE}, coalesce(trace_id, {TRACE}))"
    for mark, number, moment, nanos in (
        (OBSERVED, "observed_stamp", "observed", "observed_nanos"),
        (STAMP, "stamp", "timestamp", "nanos"),
    ):
        cases = "".join(f" WHEN {k} THEN {render_sql(rendering, moment, nanos)}" for k, rendering in renderings)
        if cases:
            text = f"replace({text}, {mark}, coalesce(CASE {number}{cases} END, {mark}))"
    return text


def _json(text: str) -> str:
    """The text as it stands inside a JSON string."""
    return f"(to_json({text})::VARCHAR)[2:-2]"


def _html(text: str) -> str:
    """The same as Go's encoder writes it: safe for HTML, and control characters in small letters."""
    escaped = _json(text)
    for plain, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\\u001B", "\\u001b")):
        escaped = f"replace({escaped}, '{plain}', '{code}')"
    return escaped
