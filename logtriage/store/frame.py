"""How a record's exact text is kept without keeping it twice.

A frame is the text with the body, the times and the trace id cut out and a mark left in their places. Frames repeat, so
they compress to almost nothing, and text = frame ⊕ times ⊕ body. A time is cut out only where printing it again gives
the same characters. A text that holds one of the marks itself is kept whole (column `exact`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from logtriage import masking
from logtriage.layouts import one
from logtriage.sql import asked, settled
from logtriage.stamps.rendering import Rendering, render_sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

STAMP, BODY, TRACE, JSON_BODY, HTML_BODY, OBSERVED, SPAN, REQUEST = (f"chr({n})" for n in range(1, 9))
# ids are cut out of frame and body; each is kept once in the store (table `ids`)
IDS = {"trace_id": TRACE, "span_id": SPAN, "request_id": REQUEST}
# the columns of `records` with what is cut out of its frame, in this order, and the columns that tell how a time is written
PIECES = {"stamp_text": STAMP, "observed_text": OBSERVED, **IDS}
_RENDERED = {"stamp_text": "stamp", "observed_text": "observed_stamp"}
# A shorter piece would be found all over the text, and frames would repeat less.
_SHORTEST = 4
_MOST_RUN = 100  # characters of a run that are looked for


def pieces(records: pa.Table, *, marked: bool) -> pa.Table:
    """Of records (see records.py) what `cut` goes by: `raw`, `head`, `body`, `joined` and `exact`, and the PIECES that some of them have,
    null where there is nothing to cut out. `marked`: a body that holds one of the marks is to be kept whole."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = {name: records[name] for name in ("raw", "head", "body", "joined", "exact")}
    if marked:
        holds = pc.match_substring_regex(records["body"], "[\x01-\x08]")
        columns["exact"] = pc.coalesce(
            records["exact"],
            pc.if_else(holds, records["raw"].cast(pa.large_binary()), pa.scalar(None, pa.large_binary())),
        )
    cut_up = pc.is_null(columns["exact"])
    for name in PIECES:
        texts = records[name]
        if texts.null_count == len(texts):
            continue
        if name in IDS:
            # only what is one sign in the shape: the index must not lose a word that can be searched for
            fits = pc.match_substring_regex(texts, f"^(?:{masking.CHAIN.format('', '')})$")
        else:
            fits = pc.is_valid(records[_RENDERED[name]])
        fits = pc.and_(fits, cut_up)
        columns[name] = texts if pc.all(fits).as_py() else pc.if_else(fits, texts, pa.scalar(None, texts.type))
    return pa.table(columns)


def cut(con: duckdb.DuckDBPyConnection, pieces: pa.Table, *, json: bool) -> tuple[pa.StringArray, pa.LargeStringArray]:
    """Of `pieces` the frames, and the bodies without ids. `json`: some bodies lie in JSON strings."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pieces.select([name for name in IDS if name in pieces.column_names])
    relation = _framed(pieces.column_names, json=json)
    if not ids.column_names:
        return one(asked(con, f"SELECT frame FROM ({relation})", pieces=pieces)["frame"]), one(pieces["body"])
    told = asked(con, f"SELECT frame, body FROM ({_without_ids(relation, 'body', ids)})", pieces=pieces)
    frames, bodies = one(told["frame"]), one(told["body"])
    holding = _may_hold(frames, ids)
    if pc.any(holding).as_py():
        held = ids.append_column("frame", frames).filter(holding)
        told = asked(con, f"SELECT frame FROM ({_without_ids('FROM held', 'frame', ids)})", held=held)
        frames = pc.replace_with_mask(frames, holding, one(told["frame"]))
    return frames, bodies.cast(pa.large_string())


def _framed(found: Collection[str], *, json: bool) -> str:
    """SQL: `pieces`, with columns that are `found`, and their frames, which may still hold ids."""
    # What stands before a piece is told in a subquery of its own: in a CASE it would be looked for at each mention.
    whole = f"exact IS NULL AND head IS NULL AND NOT joined AND strlen(body) >= {_SHORTEST}"
    relation = f"SELECT *, CASE WHEN {whole} THEN split_part(raw, body, 1) END AS before_body FROM pieces"
    cases = f"WHEN head IS NOT NULL THEN head || {BODY} || CASE WHEN ends_with(raw, chr(10)) THEN chr(10) ELSE '' END"
    cases += f" WHEN strlen(before_body) < strlen(raw) THEN {_cut('raw', 'before_body', 'body', BODY)}"
    if json:
        before = "before_body"
        for mark, escaped, name in ((JSON_BODY, json_text("body"), "json"), (HTML_BODY, _html("body"), "html")):
            relation = (
                f"SELECT *, CASE WHEN strlen({before}) = strlen(raw) THEN {escaped} END AS {name} FROM ({relation})"
            )
            before = f"before_{name}"
            relation = f"SELECT *, split_part(raw, {name}, 1) AS {before} FROM ({relation})"
            cases += f" WHEN strlen({before}) < strlen(raw) THEN {_cut('raw', before, name, mark)}"
    relation = f"SELECT *, CASE WHEN exact IS NOT NULL THEN raw {cases} ELSE raw END AS frame FROM ({relation})"
    for name in _RENDERED:
        if name in found:
            relation = _without(relation, "frame", name, PIECES[name])
    return relation


def _without_ids(relation: str, column: str, ids: pa.Table) -> str:
    """SQL: a relation whose texts in a column are without the ids beside them."""
    for name in ids.column_names:
        relation = _without(relation, column, name, IDS[name])
    return relation


def _may_hold(frames: pa.StringArray, ids: pa.Table) -> pa.BooleanArray:
    """In which frames an id may stand, by the longest runs of signs that ids are of: distinct frames are few."""
    import pyarrow.compute as pc

    shortest = min(pc.min(pc.binary_length(column)).as_py() or _MOST_RUN for column in ids.columns)
    run = f"[0-9A-Fa-fXx-]{{{min(shortest, _MOST_RUN)}}}"
    every = frames.dictionary_encode()
    return pc.match_substring_regex(every.dictionary, run).take(every.indices)


def _without(relation: str, column: str, piece: str, mark: str) -> str:
    """SQL: a relation with the first occurrence of a piece (a column) in another column replaced by a mark."""
    relation = f"SELECT *, split_part({column}, {piece}, 1) AS before FROM ({relation})"
    cut = _cut(column, "before", piece, mark)
    replaced = f"CASE WHEN strlen(before) < strlen({column}) THEN {cut} ELSE {column} END AS {column}"
    return f"SELECT * EXCLUDE (before) REPLACE ({replaced}) FROM ({relation})"


def _cut(text: str, before: str, piece: str, mark: str) -> str:
    """SQL: a text with a mark in the place of a piece, by what stands before that. DuckDB counts the characters of what comes
    from Arrow one by one, bytes it need not count."""
    return f"concat({before}, {mark}, decode(encode({text})[strlen({before}) + strlen({piece}) + 1:]))"


def restored(relation: str, renderings: Sequence[tuple[int, Rendering]], *, whole: bool = True) -> str:
    """SELECT: rows of the store's `records` (SQL of a relation) with their ids; `frame` is now the text that a row was made
    from (not `whole`: NULL), and `body` what that says. `renderings`: those of the store, by number."""
    for name, mark in IDS.items():  # before it is escaped, which would escape the marks
        relation = _filled(relation, "body", {mark: name})
    ended = "starts_with(body, chr(10)) OR ends_with(body, chr(10))"
    body = settled(f"CASE WHEN {ended} THEN trim(body, chr(10)) ELSE body END")
    if not whole:
        return f"SELECT * REPLACE ({body} AS body, NULL AS frame) FROM {relation}"
    relation = _filled(relation, "frame", {BODY: "body", JSON_BODY: json_text("body"), HTML_BODY: _html("body")})
    for mark, number, moment, nanos in (
        (OBSERVED, "observed_stamp", "observed", "observed_nanos"),
        (STAMP, "stamp", "timestamp", "nanos"),
    ):
        cases = "".join(f" WHEN {k} THEN {render_sql(rendering, moment, nanos)}" for k, rendering in renderings)
        if cases:
            relation = _filled(relation, "frame", {mark: f"CASE {number}{cases} END"})
    for name, mark in IDS.items():
        relation = _filled(relation, "frame", {mark: name})
    return f"SELECT * REPLACE ({body} AS body, {settled('frame')} AS frame) FROM {relation}"


def _filled(relation: str, column: str, pieces: Mapping[str, str]) -> str:
    """SQL: a relation with the one of some pieces (by their marks) put back into a column whose mark stands there, once. Each
    in a subquery of its own, and only where the mark is: `replace` over the whole text takes ten times as long."""
    cases = " ".join(
        f"WHEN contains({column}, {mark}) THEN "
        f"concat(split_part({column}, {mark}, 1), coalesce({piece}, {mark}), split_part({column}, {mark}, 2))"
        for mark, piece in pieces.items()
    )
    filled = f"CASE WHEN exact IS NOT NULL THEN {column} {cases} ELSE {column} END"
    return f"(SELECT * REPLACE ({filled} AS {column}) FROM {relation})"


def json_text(text: str) -> str:
    """SQL: the text as it stands inside a JSON string."""
    return f"(to_json({text})::VARCHAR)[2:-2]"


def _html(text: str) -> str:
    """The same as Go's encoder writes it: safe for HTML, and control characters in small letters."""
    escaped = json_text(text)
    for plain, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\\u001B", "\\u001b")):
        escaped = f"replace({escaped}, '{plain}', '{code}')"
    return escaped
