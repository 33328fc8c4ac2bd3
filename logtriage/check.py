"""Checks failure signatures: the one verdict behind `logtriage patterns check` and the tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from logtriage.compiled import compile_cores
from logtriage.cores import DialectError, core, group_names
from logtriage.errors import LibraryError
from logtriage.library import Pattern
from logtriage.match import Matcher, capture_sql, match_text

CATEGORIES = (
    "timeout", "refusal", "reset", "unreachable", "dns", "tls", "auth", "memory", "disk", "cpu", "exhaustion",
    "database", "queue", "http", "rate-limit", "retry", "circuit-breaker", "crash", "exception", "hang", "restart", "container",
    "kubernetes", "deploy", "config", "kernel", "hardware", "clock", "corruption", "replication", "quorum",
)  # fmt: skip
CAPTURES = (
    "peer_host", "peer_port", "timeout", "duration", "exit_code", "signal", "process", "pid", "path", "errno", "user",
    "host", "service", "container", "pod", "namespace", "reason", "status", "limit", "size", "memory", "cpu", "device",
    "query", "database", "topic", "partition", "queue", "version", "count", "url", "method", "client_ip", "interface",
    "threshold",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one pattern, in one line."""

    file: str
    id: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: pattern {self.id}: {self.message}"


def check_patterns(patterns: Sequence[Pattern]) -> list[Problem]:
    """All problems of the patterns, in their order; an empty list says the library is sound.

    An example may be matched by its own pattern, by `generic.*` ones and by those it names in `also`, by no other. The
    examples and rejects are put to Python's `regex`, to RE2 (through the SQL of `capture_sql`) and to Hyperscan.
    """
    problems = [Problem(p.file, p.id, message) for p in patterns for message in _check_one(p)]
    problems += [Problem(p.file, p.id, "the id is used twice") for p in _repeated(patterns)]
    broken = {problem.id for problem in problems}
    sound = [p for p in patterns if p.id not in broken]
    return problems + _check_texts(sound)


def _repeated(patterns: Sequence[Pattern]) -> list[Pattern]:
    uses = Counter(p.id for p in patterns)
    return [p for n, p in enumerate(patterns) if uses[p.id] > 1 and any(q.id == p.id for q in patterns[:n])]


def _check_one(pattern: Pattern) -> Iterable[str]:
    """What can be said of a pattern without its texts being put to the engines."""
    if pattern.category not in CATEGORIES:
        yield f"category {pattern.category!r} is not in the vocabulary"
    for name in pattern.captures:
        if name not in CAPTURES:
            yield f"capture {name!r} is not in the vocabulary"
    if not pattern.examples:
        yield "it has no example"
    if not pattern.rejects:
        yield "it has no reject (a near miss)"
    asserted = {name for example in pattern.examples for name in example.gives}
    for name in sorted(asserted ^ set(pattern.captures)):
        yield f"capture {name!r} is " + ("asserted by no example" if name in pattern.captures else "no group of regex")
    yield from _check_engines(pattern)


def _check_engines(pattern: Pattern) -> Iterable[str]:
    import duckdb
    import regex

    try:
        compile_cores([core(pattern.regex)])
        group_names(pattern.unless or "")
    except (DialectError, LibraryError) as why:
        yield f"not in the common dialect: {why}"
    for expression in filter(None, (pattern.regex, pattern.unless)):
        try:
            regex.compile(expression)
            duckdb.execute("SELECT regexp_matches('', $1)", [f"(?m){expression}"])
        except (regex.error, duckdb.Error) as why:
            yield f"does not compile: {why}"


def _check_texts(patterns: Sequence[Pattern]) -> list[Problem]:
    """The verdicts on examples and rejects, of all engines, and on whose example is whose."""
    problems: list[Problem] = []
    texts = sorted({t for p in patterns for t in (*(e.text for e in p.examples), *p.rejects)})
    by_python = {text: {p.id: captures for p, captures in match_text(patterns, text)} for text in texts}
    by_re2 = _by_re2(patterns, texts)
    candidates = _candidates(patterns, texts)
    by_id = {p.id: p for p in patterns}
    for text in texts:
        for id_ in sorted(by_python[text].keys() | by_re2[text].keys()):
            if by_python[text].get(id_) != by_re2[text].get(id_) or id_ not in candidates[text]:
                problems.append(Problem(by_id[id_].file, id_, f"the engines disagree on {text!r}"))
    for pattern in patterns:
        for message in _verdicts(pattern, by_re2, by_id):
            problems.append(Problem(pattern.file, pattern.id, message))
    return problems


def _verdicts(
    pattern: Pattern, found: dict[str, dict[str, dict[str, str]]], by_id: dict[str, Pattern]
) -> Iterable[str]:
    for example in pattern.examples:
        captures = found[example.text].get(pattern.id)
        if captures is None:
            yield f"does not match its example {example.text!r}"
            continue
        for name, value in example.gives.items():
            if captures.get(name, "") != value:
                yield f"gives {name} = {captures.get(name, '')!r}, not {value!r}, of {example.text!r}"
        for other in sorted(found[example.text].keys() - {pattern.id, *example.also}):
            if not by_id[other].generic:
                yield f"{other} matches its example too (narrow one of them, or allow it with `also`): {example.text!r}"
        for missing in sorted(set(example.also) & by_id.keys() - found[example.text].keys()):
            yield f"`also` names {missing}, which does not match {example.text!r}"
    for text in pattern.rejects:
        if pattern.id in found[text]:
            yield f"matches what it must reject: {text!r}"


def _by_re2(patterns: Sequence[Pattern], texts: Sequence[str]) -> dict[str, dict[str, dict[str, str]]]:
    """text → id of each pattern it carries → captures, by the SQL that ingest uses."""
    import duckdb
    import pyarrow as pa

    found: dict[str, dict[str, dict[str, str]]] = {text: {} for text in texts}
    with duckdb.connect() as connection:
        connection.register("texts", pa.table({"text": pa.array(texts, pa.string())}))
        for pattern in patterns:
            sql = capture_sql(pattern, "text")
            rows = connection.execute(f"SELECT text, {sql.captures} FROM texts WHERE {sql.where}", sql.parameters)
            for text, captures in rows.fetchall():
                found[text][pattern.id] = captures
    return found


def _candidates(patterns: Sequence[Pattern], texts: Sequence[str]) -> dict[str, set[str]]:
    import pyarrow as pa

    found: dict[str, set[str]] = {text: set() for text in texts}
    rows, indexes = Matcher(patterns).scan(pa.array(texts, pa.string()))
    for row, index in zip(rows.to_pylist(), indexes.to_pylist(), strict=True):
        found[texts[row]].add(patterns[index].id)
    return found
