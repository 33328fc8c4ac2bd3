"""JSON documents over several lines, also as members of an array: where they begin, and what of their lines is the document."""

from __future__ import annotations

import re

ID, TITLE = "json-pretty", "JSON over several lines"
_BEFORE = r"[\s,\[]"  # what stands before the member of an array
_DEEPEST = 16
_OPENS = r'\{\s*(?:"[^\n]*[,{\[]\s*)?$'
_WHOLE = r'\{\s*"[^\n]*\}[\s\]]*$'
_AROUND = "[], \t\r\n"


def start_of(line: str) -> str | None:
    """A regex for lines that begin a document as far to the right as this one or less far, as what stands further inside is a
    part of it; the nearer, the shorter. None: the line begins none."""
    found = re.match(rf"({_BEFORE}{{0,{_DEEPEST}}}){_OPENS}", line)
    if not found and not re.match(rf",\s*{_WHOLE}", line):
        return None
    further = f"{_BEFORE}?" * len(found[1] if found else "")
    # of an array with a member a line, the last one is a whole document, indented
    within = rf"(?:{_OPENS}|{_BEFORE}{_WHOLE})" if further else _OPENS
    return rf"^(?:(?:, ?)?{further}{within}|[,\[]\s*{_WHOLE})"  # some put the comma before the next member


def document(text: str) -> str:
    """A record's text without what an array puts around a member."""
    return text.strip(_AROUND)


def document_sql(text: str) -> str:
    """The same as SQL."""
    return f"trim({text}, '[], ' || chr(9) || chr(13) || chr(10))"
