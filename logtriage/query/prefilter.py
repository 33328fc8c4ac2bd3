"""A weak test for a needle on the pieces that a record is kept in, so that few records have to be put together.

Every match holds one of the needle's required texts. Where such a text stands in a record, it lies inside one piece
(the frame, the body, a time, an id), or it crosses from one into the next; then a mark stands at the crossing, with the
beginning of the text before it, or its end behind it, or all between two marks being part of it.
"""

from __future__ import annotations

from logtriage.formats.parse import literal
from logtriage.needles.needle import Needle
from logtriage.query.query import Condition
from logtriage.stamps.rendering import Rendering, render_sql
from logtriage.stamps.stamp_format import tokens
from logtriage.store.frame import HTML_BODY, JSON_BODY
from logtriage.store.views import IDS, Snapshot

_LONGEST, _MOST = 12, 8  # characters of a text that are looked for; texts
_MOST_IDS = 1_000
_ONE = "\x01"
_ID_MARK = r"(?:[\x03\x07\x08]|\\u000[378])"
_NUMBERS = tuple(IDS.values())

# Tokens of a time that are printed as so many digits, always.
_DIGITS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%j": 3, "%H": 2, "%I": 2, "%M": 2, "%S": 2}


def prefilter(snapshot: Snapshot, needle: Needle) -> Condition | None:
    """The test, for rows of `pieces`, or None where none is known. It holds of every record with a match."""
    texts = [_shortened(text) for text in needle.required]
    if not texts or len(texts) > _MOST or not all(_usable(text, needle.folded) for text in texts):
        return None
    frame, body, json = (
        (f"lower({column})" if needle.folded else column) for column in ("frame", "body", "to_json(body)::VARCHAR")
    )
    marked = f"translate({frame}, '\x01\x02\x03\x04\x05\x06\x07\x08', '{_ONE * 8}')"
    framed = [f"contains({frame}, {HTML_BODY})"]  # what is done to such a body is not followed here
    for text in texts:
        framed += [
            f"contains({frame}, {literal(text)})",
            *(f"contains({marked}, {literal(near)})" for near in _near_mark(text)),
        ]
    crossing = literal("|".join(_crossing(text, _ID_MARK) for text in texts))
    has_id = " OR ".join(f"{number} IS NOT NULL" for number in _NUMBERS)
    cases = ["WHEN exact IS NOT NULL THEN true", f"WHEN {' OR '.join(framed)} THEN true"]
    for where, said in ((f"WHEN contains({frame}, {JSON_BODY}) THEN", json), ("ELSE", body)):
        inside = " OR ".join(f"contains({said}, {literal(text)})" for text in texts)
        cases.append(f"{where} {inside} OR (({has_id}) AND regexp_matches({said}, {crossing}))")
    tests = [f"CASE {' '.join(cases)} END"]
    tests += [test for text in texts for test in _in_stamps(snapshot, text, needle.folded)]
    tests += _in_ids(snapshot, texts, needle.folded)
    return Condition(" OR ".join(tests))


def _shortened(text: str) -> str:
    """A part of the text that is quick to look for; a space at its end would be next to many marks."""
    return text.strip(" ")[:_LONGEST].strip(" ") or text


def _usable(text: str, folded: bool) -> bool:
    return len(text) > 1 and min(text) >= "\t" and (text.isascii() or not folded)


def _near_mark(text: str) -> list[str]:
    """Texts one of which is in a frame, all its marks being `_ONE`, where `text` crosses a mark. Frames repeat, so that
    `contains` is computed once for many of them, which a regex is not."""
    pairs = [text[k : k + 2] for k in range(len(text) - 1)]
    before = [text[0], *pairs[:-1]]
    behind = [*pairs[1:], text[-1]]
    found = [near + _ONE for near in before] + [_ONE + near for near in behind] + [_ONE + char + _ONE for char in text]
    return list(dict.fromkeys([_ONE + _ONE, *found]))


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
    """Could a time printed so hold the text? Told by where it has digits, and by all other characters."""
    kinds = ""
    for token in tokens(rendering.form):
        if token[0] != "%":
            kinds += token.lower() if folded else token
        elif token in _DIGITS or token[1].isdigit():
            kinds += "0" * (_DIGITS.get(token) or int(token[1]))
        else:
            return True
    return "".join("0" if char in "0123456789" else char for char in text) in "".join(
        "0" if c in "0123456789" else c for c in kinds
    )


def _in_ids(snapshot: Snapshot, texts: list[str], folded: bool) -> list[str]:
    stored = "lower(text)" if folded else "text"
    found = " OR ".join(
        f"contains({stored}, {literal(t)}) OR contains(to_json({stored})::VARCHAR, {literal(t)})" for t in texts
    )
    rows = snapshot.con.execute(f"SELECT id FROM lake.ids WHERE {found} LIMIT {_MOST_IDS + 1}").fetchall()
    if len(rows) > _MOST_IDS:
        return [f"{number} IS NOT NULL" for number in _NUMBERS]
    among = ", ".join(str(number) for (number,) in rows)
    return [f"{number} IN ({among})" for number in _NUMBERS] if rows else []
