"""What of a record's text its template is mined from: the first line, and what was thrown, if lines follow."""

from __future__ import annotations

import re

_LONGEST = 2_000  # characters of a line
_LINES = 400  # lines among which the exception is looked for
THROWN = " ⏎ "  # stands between the first line and the exception
# the class of an exception at the begin of a line, as Java, Python, .NET, Ruby and Node print it
_EXCEPTION = re.compile(
    r"(?:Caused by: |Exception in thread \"[^\"]*\" )?((?:\w+[.:$]{1,2})*[A-Z]\w*(?:Exception|Error|Throwable|Failure))(?=[:\s(]|$)"
)


def wording(body: str) -> str:
    """The first line that says something and, of a record with a stack trace, the class of the exception.

    Traces of one failure differ in depth and line numbers, those of two failures in the exception.
    """
    lines = body.split("\n", _LINES)
    first = next((k for k, line in enumerate(lines) if not line.isspace() and line), None)
    if first is None:
        return ""
    told = lines[first].strip()[:_LONGEST]
    if first + 1 < len(lines):
        for line in lines[first + 1 : _LINES]:
            if thrown := _EXCEPTION.match(line.lstrip()[:_LONGEST]):
                return told if thrown[1] in told else told + THROWN + thrown[1]
    return told
