"""A weak test for a needle on the pieces that a record is kept in, so that few records have to be put together.

Every match holds one of the needle's required texts. Where such a text stands in a record, it lies inside one piece (the
frame, the body, a time, an id), or it crosses from one into the next; then a mark stands at the crossing, with the
beginning of the text before it, or its end behind it, or all between two marks being part of it.
"""

from __future__ import annotations

from logtriage.frame import JSON_BODY
from logtriage.needle import Needle
from logtriage.parse import literal
from logtriage.query import Condition
from logtriage.rendering import Rendering, render_sql
from logtriage.stamp_format import tokens
from logtriage.views import IDS, Snapshot

_LONGEST, _MOST = 24, 8  # characters of a text that are looked for; texts
_MOST_IDS = 1_000
_MARK, _ID_MARK = r"[\x01-\x08]", r"(?:[\x03\x07\x08]|\\u000[378])"
_NUMBERS = tuple(IDS.values())
# What `to_json` does to some characters more is not followed here (see frame.py): those records are let through.
_HTML_MARK = r"\x05"


def prefilter(snapshot: Snapshot, needle: Needle) -> Condition | None:
    """The test, for rows of `pieces`, or None where none is known. It holds of every record with a match."""
    texts = [text[:_LONGEST] for text in needle.required]
    if not texts or len(texts) > _MOST or not all(_usable(text, needle.folded) for text in texts):
        return None
    tests = ["exact IS NOT NULL"]
    body, json, frame = ("lower(body)", "lower(to_json(body)::VARCHAR)", "lower(frame)") if needle.folded else ("body", "to_json(body)::VARCHAR", "frame")
    framed = "|".join([_HTML_MARK, *(f"{_quoted(text)}|{_crossing(text, _MARK)}" for text in texts)])
    tests.append(f"regexp_matches({frame}, {literal(framed)})")
    crossing = literal("|".join(_crossing(text, _ID_MARK) for text in texts))
    has_id = " OR ".join(f"{number} IS NOT NULL" for number in _NUMBERS)
    for where, text_of in (("true", body), (f"contains(frame, {JSON_BODY})", json)):
        inside = " OR ".join(f"contains({text_of}, {literal(text)})" for text in texts)
        tests.append(f"({where} AND ({inside} OR (({has_id}) AND regexp_matches({text_of}, {crossing}))))")
    tests += [test for text in texts for test in _in_stamps(snapshot, text, needle.folded)]
    tests += _in_ids(snapshot, texts, needle.folded)
    return Condition(" OR ".join(tests))


def _usable(text: str, folded: bool) -> bool:
    return len(text) > 1 and min(text) >= "\t" and (text.isascii() or not folded)


def _crossing(text: str, mark: str) -> str:
    """RE2: a proper beginning of the text before a mark, a proper end behind one, or nothing else between two."""
    begin = ""
    for char in reversed(text[:-1]):
        begin = _quoted(char) + (f"(?:{begin})?" if begin else "")
    ends = "|".join(_quoted(text[k:]) for k in range(1, len(text)))
    any_char = "".join(_quoted(char) for char in sorted(set(text)))
    return f"{begin}{mark}|{mark}(?:{ends})|{mark}[{any_char}]*{mark}"


def _quoted(text: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else f"\\x{{{ord(char):x}}}" for char in text)


def _in_stamps(snapshot: Snapshot, text: str, folded: bool) -> list[str]:
    tests = []
    for column, moment, nanos in (("stamp", "timestamp", "nanos"), ("observed_stamp", "observed", "observed_nanos")):
        cases = "".join(
            f" WHEN {number} THEN {render_sql(rendering, moment, nanos)}"
            for number, rendering in snapshot.catalog.renderings
            if _may_hold(rendering, text, folded)
        )
        if cases:
            printed = f"CASE {column}{cases} END"
            tests.append(f"coalesce(contains({f'lower({printed})' if folded else printed}, {literal(text)}), false)")
    return tests


def _may_hold(rendering: Rendering, text: str, folded: bool) -> bool:
    """Could a time printed so hold the text, going by its characters?"""
    chars, words = set("0123456789 "), False
    for token in tokens(rendering.form):
        if token[0] != "%":
            chars |= set(token.lower() if folded else token)
        elif token in ("%b", "%B", "%a", "%A", "%p", "%x"):
            words = True
    return all(char in chars or (words and char.isalpha()) for char in text)


def _in_ids(snapshot: Snapshot, texts: list[str], folded: bool) -> list[str]:
    stored = "lower(text)" if folded else "text"
    found = " OR ".join(f"contains({stored}, {literal(t)}) OR contains(to_json({stored})::VARCHAR, {literal(t)})" for t in texts)
    rows = snapshot.con.execute(f"SELECT id FROM lake.ids WHERE {found} LIMIT {_MOST_IDS + 1}").fetchall()
    if len(rows) > _MOST_IDS:
        return [f"{number} IS NOT NULL" for number in _NUMBERS]
    among = ", ".join(str(number) for (number,) in rows)
    return [f"{number} IN ({among})" for number in _NUMBERS] if rows else []
