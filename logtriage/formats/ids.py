"""Ids that many records share, where no format names them: the key is told by its name, the value by its look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_ID = "[0-9a-fA-F][0-9a-fA-F-]{14,34}[0-9a-fA-F]"
_KEYS = {
    "trace_id": r"\btrace[._-]?id|\btraceparent|\btrace",
    "span_id": r"\bspan[._-]?id|\bspan",
    "request_id": r"\b(?:x[._-])?(?:request|req|correlation|transaction|operation)[._-]?id|\br(?:eq)?id",
}
_WORDS = {"trace_id": "trace", "span_id": "span", "request_id": "id"}  # in each text that has the key
_REGEXES = {
    name: re.compile(rf"""((?i:{key})["']?(?:\s?[=:]\s?|\s)["'\[]?)({_ID})(?:[^0-9A-Za-z-]|$)""")
    for name, key in _KEYS.items()
}


def keys_in(text: str) -> Iterator[tuple[str, str]]:
    """(`trace_id`, what stands before the first such id: `TraceId=`) of each kind of id in a text."""
    lowered = text.lower()  # a look for the word costs a hundredth of the regex
    for name, regex in _REGEXES.items():
        if _WORDS[name] in lowered and (found := regex.search(text)):
            yield name, found[1]


def ids_after(texts: pa.Array, keys: Sequence[str]) -> pa.LargeStringArray:
    """The id that stands in each text behind one of these keys, as samples showed them (`trace_id=`); null where none does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.nulls(len(texts), pa.large_string())
    for key in keys:
        missing = pc.is_null(ids)
        some = texts.filter(missing) if ids.null_count < len(ids) else texts
        # in two steps, as RE2 takes a third longer for both at once
        word = pc.struct_field(pc.extract_regex(some, f"{re.escape(key)}(?P<word>[0-9A-Za-z-]+)"), "word")
        word = word.cast(ids.type)  # it is of the texts' own type, and lines that end in CRLF have another one
        fits = pc.match_substring_regex(word, f"^{_ID}$")
        found = word if pc.all(fits).as_py() else pc.if_else(fits, word, pa.scalar(None, pa.large_string()))
        ids = found if len(some) == len(ids) else pc.replace_with_mask(ids, missing, found)
    return ids
