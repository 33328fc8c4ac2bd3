"""A record's severity: by the level that it names, an answer's status, a level's word in its text, or a trace.

Numbers are OpenTelemetry's SeverityNumber.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage.formats.format import level_words
from logtriage.formats.levels import SEVERITY, SYSLOG
from logtriage.formats.node import GENERIC, Node
from logtriage.layouts import one
from logtriage.sql import asked, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_WORDS = "trace|debug|info|information|notice|warn|warning|error|err|severe|critical|crit|alert|fatal|emerg|panic"
_SHORT_WORDS = (
    "trc|dbg|debg|inf|wrn|erro|ftl|vrb|verbose|noti|crt|pnc|informational|emergency|warni|sever|debu|fata|trac"
)
_ANY = f"{_WORDS}|{_SHORT_WORDS}"
_NUMBER = re.compile("[0-9]*")
_FINE = ("fine", "finer", "finest")  # Java's, told by their capitals only
_SIGNS = {"ℹ": "info", "✔": "info", "✓": "info", "⚠": "warn", "✖": "error", "✗": "error", "✘": "error", "❌": "error"}
# A level in a text of unknown form: in capitals at a word's own borders (`*INFO*`, `WARNING!`); in brackets or bars, maybe the
# last word there (`[core:error]`) or the first (`[Info#sql]`); before a colon; as a value; between hyphens; padded to a column;
# as the very first word, or behind one that a sign joins to it (`ns_server:info,`), or before a scope (`info(io):`) or a number
# (`error[E12]:`); before the place in the source (`Info main.cpp:12`); as a letter (`E!`, `E: `, `E [`, `E[2026`,
# `E0102 03:04`, `E name:`, `E t1 `); right before a date or time; as a sign that tools for terminals draw; before a logger's
# name (`[Warning-Main.Files]`); Python's `FutureWarning:`; Cisco's `%LINK-3-UPDOWN:`; IBM's `AMQ9999E:`; the kernel's
# `EXT4-fs error (device sda1)`. "Stack trace:" is none.
_LEVEL_WORD = (
    r"(?:^|[\s\[(<|:,;/\"'.!*])(TRACE|VERBOSE|FINE|FINER|FINEST|DEBUG|INFO|INFORMATION|INFORMATIONAL|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|EMERG|EMERGENCY|PANIC|ALERT"
    r"|TRC|TRAC|DBG|DEBG|DEBU|INF|WRN|ERRO|VRB|FTL|FATA|WARNI|SEVER)(?:$|[\s\[\])>|:,;/\"'!*])"
    r"|(?i:stack ?trace):"
    rf"|[\[(<|]\s*(?:(?i:({_ANY}))|([DIWEFV]))\s*[\])>|#]|\[\s*(?i:({_ANY}))\s*: |\[[^\[\]]*:(?i:({_ANY}))(?::[0-9]+)?\]|(?:^|\s)(?i:({_ANY}))(?::\s|  |\t)|(?:^|[\s,;])(?i:level|severity|lvl)[=:]\s*\"?(?i:({_ANY}))\b"
    rf"|^\W*(?:[\w.-]+[:.|/,])?(?i:({_ANY}))(?:$|[\s:|\]/>),;]|\(\w+\):|\[[A-Z]?[0-9]+\]:)|^\W*([DIWEFTV])(?:[!:]\s|\s\[|\[[0-9]{{4}}|[0-9]{{4,8}} [0-9]{{2}}:|\s[\w.-]+:\s)|^\W*([DIWEF])\s(?:\S*[0-9(]\S*|\w+\.\w\S*)\s"
    rf"|(?:^|[\s\[(<|])(?i:({_ANY}))[\s@\[(<|:-]{{1,3}}[0-9]{{2,4}}[-/:][0-9]{{2}}[-/: ]|^\s*([ℹ✔✓⚠✖✗✘❌])"
    rf"|\s--? (?i:({_ANY})) --?\s"
    r"|\[(Verbose|Information|Warning|Error)-[A-Z]|(?:^|\s)[A-Z][a-z]+(Warning):\s"
    r"|%[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-([0-7])-[A-Z0-9_]+\s?:|(?:^|\s)[A-Z]{3,5}[0-9]{4,5}([IWE]):?\s"
    r"|^[\w-]+ (info|warning|error|critical) \(device "
    r"|(?:^|\s)(?i:(fatal)) error:\s"
    rf"|(?:^|\s)(?i:({_ANY})) [\w./-]+\.(?:c|cc|cpp|cxx|h|hpp|go|rs|py|rb|java|kt|js|ts|cs|swift|zig):[0-9]"
)
_GROUPS = "abcdefghijklmnopqrst"  # the names of the groups in it
# The first line of an uncaught failure, in the languages that print one without a level. It is an error in all of them,
# whatever word (panic, fatal) a language has for it.
_TRACE_HEAD = (
    r"^(?:Traceback \(most recent|panic: |fatal error: |Exception in thread|(?i:unhandled|uncaught) |PHP Fatal error: |FATAL|BUILD FAILED|FAILURE: |thread '.*' panicked at "
    r"|exception '[^']+' with message|\s?(?:[A-Za-z_$][\w$]*(?:[.:\\]|::))*(?:[A-Z]\w*)?(?:Exception|Error|Failure)\b(?:[:(]|$| \(|\n))"
)
# … and what tells by its second line that the first one was.
_TRACE_NEXT = r"^[^\n]{0,300}\n(?:\s+(?:eval )?at \S|#0 |Traceback|goroutine \d+ \[|\s+from \S+:\d|Stack trace:)"
# What a message without a level says of itself when something went wrong.
_SAYS_FAILED = r"(?i:\b(?:error|errors|fail|failed|fails|failure|fatal)\b)"
_WARNS = r"(?i:\bwarn(?:ing)?\b)"
_FAILED = (
    f"CASE WHEN regexp_matches(left(body, 400), {literal(_SAYS_FAILED)}) THEN {SEVERITY['error']} "
    f"WHEN regexp_matches(left(body, 400), {literal(_WARNS)}) THEN {SEVERITY['warn']} ELSE {SEVERITY['info']} END"
)
# Any of these: few records have one, and without groups RE2 is quick.
_TELLING = "|".join((re.sub(r"\((?!\?)", "(?:", _LEVEL_WORD), _TRACE_HEAD, _TRACE_NEXT, _SAYS_FAILED, _WARNS))
# By the first digit of three; what is no status tells nothing.
_BY_STATUS = {"1": "info", "2": "info", "3": "info", "4": "warn", "5": "error"}
_GUESSED = (
    "CASE WHEN found IS NOT NULL THEN CASE lower(found)"
    + "".join(f" WHEN '{word}' THEN {SEVERITY[level_words()[word]]}" for word in (*_ANY.split("|"), *_FINE, *"ftdiewv"))
    + "".join(f" WHEN '{sign}' THEN {SEVERITY[level]}" for sign, level in _SIGNS.items())
    + "".join(f" WHEN '{n}' THEN {SEVERITY[level_words()[word]]}" for n, word in enumerate(SYSLOG))
    + " END END"
)
# What `named` adds to a record, and what it is taken from.
EVIDENCE = ("level", "status", "word", "said", "by_status")


def named(records: pa.Table, chains: Sequence[Node]) -> pa.Table:
    """A block's records (chain, level, status) with what these tell by themselves: `word`, the level as it is written unless
    that is a mere number which means none, its severity (`said`) and that of the status (`by_status`)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    level = one(records["level"]).dictionary_encode()
    texts = level.dictionary.to_pylist()
    many = pa.scalar(len(texts), pa.int32())
    codes = one(pc.add(pc.multiply(records["chain"], many), level.indices)).dictionary_encode()
    said, words = [], []
    for code in codes.dictionary.to_pylist():
        chain, text = divmod(code, len(texts))
        said.append(_said(texts[text], chains[chain]))
        words.append(texts[text] if said[-1] or not _NUMBER.fullmatch(texts[text]) else None)
    status = one(records["status"]).dictionary_encode()
    answers = [
        SEVERITY.get(_BY_STATUS.get(text[0], "")) if len(text) == 3 else None for text in status.dictionary.to_pylist()
    ]
    return (
        records.append_column("word", pa.array(words, pa.large_string()).take(codes.indices))
        .append_column("said", pa.array(said, pa.uint8()).take(codes.indices))
        .append_column("by_status", pa.array(answers, pa.uint8()).take(status.indices))
    )


def judged(con: duckdb.DuckDBPyConnection, records: pa.Table, chains: Sequence[Node]) -> dict[str, pa.Array]:
    """severity_text, severity_number and severity_default of a block's records (chain, text, raw, body and what `named`
    gave): of those that do not say how severe they are by what else tells it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words, said = one(records["word"]), one(pc.coalesce(records["said"], records["by_status"]))
    chain, untold = one(records["chain"]), pc.is_null(said)
    by_format = pa.array([_default(node) for node in chains], pa.uint8()).take(chain)
    defaults = pc.if_else(untold, by_format, pa.scalar(None, pa.uint8()))
    found = {"severity_text": words, "severity_number": said, "severity_default": defaults}
    if not said.null_count:
        return found
    loose = pc.is_in(chain, value_set=pa.array(_loose(chains), chain.type))
    some = pc.and_(untold, pc.or_(pc.match_substring_regex(records["body"], _TELLING), loose))
    if not pc.any(some).as_py():  # the regexes are dear to compile
        return found
    untold = records.select(["chain", "text", "raw", "body", "word"]).filter(some)
    told = asked(con, _judgement(chains), untold=untold)
    return {
        name: pc.replace_with_mask(column, one(some), one(told[name].cast(column.type)))
        for name, column in found.items()
    }


def _judgement(chains: Sequence[Node]) -> str:
    """SELECT: what `judged` gives, of the records in `untold`."""
    return f"""
        SELECT coalesce(word, found) AS severity_text,
               coalesce(CASE WHEN trace = 1 THEN {SEVERITY["error"]} END, {_GUESSED},
                        CASE WHEN trace = 2 THEN {SEVERITY["error"]} END)::UTINYINT AS severity_number,
               CASE WHEN trace IS NULL THEN {_defaults(chains)} END::UTINYINT AS severity_default
        FROM (SELECT *, {_found(chains)} AS found,
                     CASE WHEN regexp_matches(left(body, 400), {literal(_TRACE_HEAD)}) THEN 1
                          WHEN regexp_matches(left(body, 400), {literal(_TRACE_NEXT)}) THEN 2 END AS trace
              FROM untold)"""


def _said(level: str, node: Node) -> int | None:
    """The severity of a level's word in a record of a format: what the innermost says of it counts."""
    word, own = level.strip().lower(), [fmt.levels for fmt in reversed(node.path)]
    found = next((levels[word] for levels in [*own, level_words()] if word in levels), None)
    return SEVERITY[found] if found else None


def _found(chains: Sequence[Node]) -> str:
    """A level word in a text whose format names none; where the form is unknown, before the time stamp as well."""
    body, text = _level_word("left(body, 160)"), _level_word("left(coalesce(text, raw), 100)")
    return f"coalesce({body}, CASE WHEN chain IN {(*_loose(chains), -1)} THEN {text} END)"


def _loose(chains: Sequence[Node]) -> list[int]:
    """The numbers of the chains whose form is unknown."""
    return [k for k, node in enumerate(chains) if node.fmt is None or node.fmt is GENERIC]


def _level_word(text: str) -> str:
    """A level word in a text of unknown form, as it is written; NULL where there is none."""
    hit = f"regexp_extract({text}, {literal(_LEVEL_WORD)}, {list(_GROUPS)})"
    # in a lambda, as each mention of it would be compiled for itself
    first = ", ".join(f"nullif(hit.{group}, '')" for group in _GROUPS)
    return f"list_transform([{hit}], lambda hit: coalesce({first}))[1]"


def _defaults(chains: Sequence[Node]) -> str:
    """The level of lines that name none, by the formats they are of. It yields to what a pattern says of a line; what says of
    itself in a syslog that it failed is more than that."""
    cases = ""
    for k, node in enumerate(chains):
        default = _default(node)
        cases += f" WHEN {k} THEN {_FAILED if _in_syslog(node) else default}" if default else ""
    return f"CASE chain{cases} END" if cases else "NULL"


def _default(node: Node) -> int | None:
    """The level of lines of a format that name none. Syslog gives `notice` to what comes without a severity (RFC 3164, 4.3.3),
    which is info."""
    if _in_syslog(node):
        return SEVERITY["info"]
    level = next((fmt.default_level for fmt in reversed(node.path) if fmt.default_level), None)
    return SEVERITY[level] if level else None


def _in_syslog(node: Node) -> bool:
    return any(fmt.family == "syslog" for fmt in node.path)
