"""A record's severity, as SQL: by the level that it names, an answer's status, a level's word in its text, or a trace.

Numbers are OpenTelemetry's SeverityNumber.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from logtriage.formats.format import level_words
from logtriage.formats.levels import SEVERITY
from logtriage.formats.node import GENERIC, Node
from logtriage.sql import literal

if TYPE_CHECKING:
    import duckdb

_WORDS = "trace|debug|info|information|notice|warn|warning|error|err|severe|critical|crit|alert|fatal|emerg|panic"
_SHORT_WORDS = "trc|dbg|inf|wrn|erro|ftl|vrb|verbose|noti|crt|pnc"
_ANY = f"{_WORDS}|{_SHORT_WORDS}"
# A level in a text of unknown form: in capitals at a word's own borders; in brackets or bars; before a colon; as a
# value; as the very first word, or behind one that a sign joins to it (`ns_server:info,`); as a letter (`E!`, `E [`, `E name:`).
_LEVEL_WORD = (
    r"(?:^|[\s\[(<|:,;/\"'.])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|EMERG|PANIC|ALERT|TRC|DBG|INF|WRN|VRB|FTL)(?:$|[\s\[\])>|:,;/\"'])"
    rf"|[\[(<|](?:(?i:\s*({_ANY})\s*)|([DIWEF]))[\])>|]|(?:^|\s)(?i:({_ANY})):\s|(?:^|[\s,;])(?i:level|severity|lvl)[=:]\s*\"?(?i:({_ANY}))\b"
    rf"|^\W*(?:[\w.-]+[:.|/,])?(?i:({_ANY}))(?:$|[\s:|\]/>),;])|^\W*([DIWEFTV])(?:!\s|\s\[|\s[\w.-]+:\s)"
)
# The first line of an uncaught failure, in the languages that print one without a level. It is an error in all of them,
# whatever word (panic, fatal) a language has for it.
_TRACE_HEAD = (
    r"^(?:Traceback \(most recent|panic: |fatal error: |Exception in thread|(?i:unhandled|uncaught) |PHP Fatal error: |FATAL|thread '.*' panicked at "
    r"|exception '[^']+' with message|\s?(?:[A-Za-z_$][\w$]*(?:[.:\\]|::))*(?:[A-Z]\w*)?(?:Exception|Error|Failure)\b(?:[:(]|$| \(|\n))"
)
# … and what tells by its second line that the first one was.
_TRACE_NEXT = r"^[^\n]{0,300}\n(?:\s+(?:eval )?at \S|#0 |Traceback|goroutine \d+ \[|\s+from \S+:\d|Stack trace:)"
# What a message without a level says of itself when something went wrong.
_SAYS_FAILED = r"(?i)\b(?:error|errors|fail|failed|fails|failure|fatal)\b"
_FAILED = (
    f"CASE WHEN regexp_matches(left(body, 400), {literal(_SAYS_FAILED)}) THEN {SEVERITY['error']} "
    f"WHEN regexp_matches(left(body, 400), '(?i)\\bwarn(?:ing)?\\b') THEN {SEVERITY['warn']} ELSE {SEVERITY['info']} END"
)
_BY_STATUS = (
    f"CASE WHEN length(status) = 3 THEN CASE left(status, 1) WHEN '5' THEN {SEVERITY['error']} "
    f"WHEN '4' THEN {SEVERITY['warn']} WHEN '3' THEN {SEVERITY['info']} WHEN '2' THEN {SEVERITY['info']} "
    f"WHEN '1' THEN {SEVERITY['info']} END END"
)
_GUESSED = (
    "CASE WHEN found IS NOT NULL THEN CASE lower(found)"
    + "".join(
        f" WHEN '{word}' THEN {SEVERITY[level_words()[word]]}"
        for word in (*_WORDS.split("|"), *_SHORT_WORDS.split("|"), *"ftdiewv")
    )
    + " END END"
)
# What `evidence` adds to a record, and what it is taken from.
EVIDENCE = ("level", "status", "said", "by_status", "found", "trace")


def evidence(con: duckdb.DuckDBPyConnection, chains: Sequence[Node]) -> str:
    """SELECT items over a block's records (level, status, chain, text, raw, body): what tells how severe each one is.

    `con` shows the block: `assembled` (see records.py).
    """
    said = _said(con, chains)
    found = trace = "NULL"
    untold = f"FROM assembled WHERE ({said}) IS NULL AND ({_BY_STATUS}) IS NULL"
    if con.execute(f"SELECT 1 {untold} LIMIT 1").fetchall():  # these regexes are dear to compile
        found = _found(chains)
        trace = f"""CASE WHEN regexp_matches(left(body, 400), {literal(_TRACE_HEAD)}) THEN 1
                         WHEN regexp_matches(left(body, 400), {literal(_TRACE_NEXT)}) THEN 2 END"""
    # nested, as AND would look at every text
    return f"""{said} AS said, {_BY_STATUS} AS by_status,
        CASE WHEN said IS NULL AND by_status IS NULL THEN {found} END::VARCHAR AS found,
        CASE WHEN said IS NULL AND by_status IS NULL THEN {trace} END::INTEGER AS trace"""


def judgement(chains: Sequence[Node]) -> str:
    """SELECT items over records with their `evidence`: severity_text, severity_number, severity_default."""
    return f"""CASE WHEN said IS NOT NULL OR NOT regexp_matches(level, '^[0-9]*$') THEN level ELSE found END AS severity_text,
        coalesce(said, by_status, CASE WHEN trace = 1 THEN {SEVERITY["error"]} END, {_GUESSED},
                 CASE WHEN trace = 2 THEN {SEVERITY["error"]} END)::UTINYINT AS severity_number,
        CASE WHEN said IS NULL AND by_status IS NULL AND trace IS NULL THEN {_defaults(chains)} END::UTINYINT AS severity_default"""


def _said(con: duckdb.DuckDBPyConnection, chains: Sequence[Node]) -> str:
    """The severity of the level words that the block has: they are few, so a CASE does for a join."""
    cases: dict[int, str] = {}
    for chain, text in con.execute(
        "SELECT DISTINCT chain, level FROM assembled WHERE level IS NOT NULL LIMIT 2000"
    ).fetchall():
        word, own = text.strip().lower(), [fmt.levels for fmt in reversed(chains[chain].path)]
        if level := next((levels[word] for levels in [*own, level_words()] if word in levels), None):
            cases[chain] = cases.get(chain, "") + f" WHEN {literal(text)} THEN {SEVERITY[level]}"
    branches = "".join(f" WHEN {chain} THEN CASE level{words} END" for chain, words in cases.items())
    return f"CASE chain{branches} END" if branches else "NULL"


def _found(chains: Sequence[Node]) -> str:
    """A level word in a text whose format names none; where the form is unknown, before the time stamp as well."""
    loose = [k for k, node in enumerate(chains) if node.fmt is None or node.fmt is GENERIC]
    body = _level_word("left(body, 160)")
    return (
        f"coalesce({body}, CASE WHEN chain IN {(*loose, -1)} THEN {_level_word('left(coalesce(text, raw), 100)')} END)"
    )


def _level_word(text: str) -> str:
    """A level word in a text of unknown form, as it is written; NULL where there is none."""
    hit = f"regexp_extract({text}, {literal(_LEVEL_WORD)}, ['a', 'b', 'c', 'd', 'e', 'f', 'g'])"
    # in a lambda, as each mention of it would be compiled for itself
    first = ", ".join(f"nullif(hit.{group}, '')" for group in "abcdefg")
    return f"list_transform([{hit}], lambda hit: coalesce({first}))[1]"


def _defaults(chains: Sequence[Node]) -> str:
    """The level of lines that name none, by the formats they are of. It yields to what a pattern says of a line.

    Syslog gives `notice` to what comes without a severity (RFC 3164, 4.3.3); what says of itself that it failed is
    more than that.
    """
    cases = ""
    for k, node in enumerate(chains):
        default = next((fmt.default_level for fmt in reversed(node.path) if fmt.default_level), None)
        if any(fmt.family == "syslog" for fmt in node.path):
            cases += f" WHEN {k} THEN {_FAILED}"
        elif default:
            cases += f" WHEN {k} THEN {SEVERITY[default]}"
    return f"CASE chain{cases} END" if cases else "NULL"
