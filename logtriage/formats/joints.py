"""How lines that no format reads go together: traces and their closing lines, remarks, lines cut by a backslash.

A line is judged by itself and by the one before it, no more, so that a record's bounds can be found from any place in a
source. For whole blocks as SQL, for the few lines around a hit in Python; both give the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from logtriage.formats.twin import compiled
from logtriage.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

# Lines that go on with the record before them wherever they stand: indented ones, closing brackets, traces' joints.
CONTINUES = (
    r"^(?:\s|$|[}\])][,;]?\s*$|at (?:[\w.$<>/]+\(|<|\S+ \()|Caused by: |Suppressed: |\.\.\. \d+ (?:more|common)|goroutine \d+ (?:gp=\S+ .{0,40})?\["
    r"|created by |Traceback \(most recent call last\)|During handling of the above|The above exception was|--- End of |---> "
    r"|#\d+ +(?:0x|\S+ \(|[^(]{1,200} \((?:file|dart|package):|/|\{main\}|\[internal function\])|exit status \d+$|\[signal |stack traceback:|[Ss]tack ?trace:$|nested exception"
    # Go's frames: nothing but addresses between the brackets
    r"|(?:panic|[\w.~@/-]*[\w~-]+\.[\w.()*·\[\]-]+)\((?:0x[0-9a-f]+\??|\.\.\.|[{},_? ])*\)$"
    # Elixir
    r"|\*\* \((?:[A-Za-z][\w.]*)\) |Last message(?: \(from [^)]*\))?: |State: [%{\[(#]"
    # Mono and Unity
    r"|\(wrapper [\w-]+\) |\(Filename: .{0,300} Line: -?\d+\)$|[\w.+`<>]+:[\w.+`<>|]+ ?\([^()]*\) \(at [^()]+:\d+\)$"
    # Ant's way from one file to the next
    r"|(?:/|[A-Z]:\\)[^:]+\.xml:\d+: "
    # Dart, Rust, Node
    r"|(?:Receiver|Tried calling|Found): |stack backtrace:$|note: (?:run with|Some details)|Node\.js v\d"
    r"|<asynchronous suspension>$"
    # the sides and ends of a frame drawn around a message: Julia's warnings, Rich's traces and tables
    r"|[│┃║├┣┡╞╠└┗╰╘╚]"
    # Ruby's, but for the first, which says what went wrong
    r"|(?:\S+/)?[\w.@-]+:\d+:in [`'][^`']*'$"
    # a member of a JSON object
    r'|"[\w.@$-]+"\s*:\s)'
)

# The same of messages that each stand for themselves (syslog): there a blank at the beginning tells nothing.
CONTINUES_SAID = r"^(?:\s+at [\w.$<(/]|\t+\S|Caused by: |\s+\.\.\. \d+ (?:more|common)|\s+File \"|Traceback \(most)"

# What a line is to the next one. LEADS: it goes on there. CODE: a frame that an exception's own line may CLOSE.
# REMARK: a comment in a log of stamped records; several in a row are one. OPENS: a format says that the next line, whatever
# it is, goes on with this one. THROWN: an exception of the JVM or of .NET with its package, which CLOSES too, and goes on with
# a line that a format reads.
LEADS, CODE, CLOSES, REMARK, OPENS, THROWN = 1, 2, 3, 4, 5, 6
_JOINTS = {
    # A failure is announced, a message goes on with the text that it is about, a line ends in a backslash.
    LEADS: r"^(?:Unhandled exception:|BUILD FAILED|thread '.*' panicked at \S+:\d+:\d+:)$|nested exception is:\s*$|\((?:at|on) (?:line \d+, )?character \d+\)$|[^\\]\\$",
    CODE: r'^(?:  File "|    (?:[^\sa.]|a(?:[^t]|t[^ ])))',
    THROWN: r"^(?:[a-z]\w*\.|[A-Z]\w*\.)+[A-Z]\w*(?:Exception|Error|Throwable)(?:: |$)",
    CLOSES: r"^(?:(?:\w+\.)+[A-Z]\w*|(?:[A-Z]\w*)?(?:Error|Exception|Warning|Interrupt|Exit|Group|Timeout|Failed))(?:: |$)",
    REMARK: r"^#(?:$| |[A-Z][A-Za-z-]*:)",
}


def joint(text: str, wanted: Iterable[int]) -> int:
    """What a line is to the lines beside it: the first one of the `wanted` joints that it is, or 0."""
    return next((joint for joint in wanted if compiled(_JOINTS[joint]).search(text)), 0)


def joint_sql(text: str, wanted: Iterable[int]) -> str:
    """The same as SQL."""
    cases = "".join(f" WHEN regexp_matches({text}, {literal(_JOINTS[joint])}) THEN {joint}" for joint in wanted)
    return f"CASE{cases} ELSE 0 END::TINYINT" if cases else "0::TINYINT"


def goes_on(before: int | None, own: int | None, follows: bool) -> bool:
    """Whether a line goes on with the record before it: by its joint and that of the line before (None: a format read
    it), and by whether it `follows` where no joint says otherwise."""
    if before == OPENS:
        return True
    if own == REMARK:
        return before == REMARK
    closes = own in (CLOSES, THROWN) and before == CODE
    return follows or (own is not None and (before == LEADS or closes)) or (own == THROWN and before is None)


def going_on(before: pa.Int8Array, own: pa.Int8Array, follows: pa.BooleanArray) -> pa.BooleanArray:
    """The same for columns of lines."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def are(joints: pa.Int8Array, joint: int) -> pa.BooleanArray:
        return pc.equal(joints, pa.scalar(joint, pa.int8())).fill_null(False)

    thrown = are(own, THROWN)
    closes = pc.and_(pc.or_(are(own, CLOSES), thrown), are(before, CODE))
    joined = pc.and_(pc.is_valid(own), pc.or_(are(before, LEADS), closes))
    otherwise = pc.or_(follows.fill_null(False), pc.or_(joined, pc.and_(thrown, pc.is_null(before))))
    return pc.or_(are(before, OPENS), pc.if_else(are(own, REMARK), are(before, REMARK), otherwise))
