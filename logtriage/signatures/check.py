"""Checks failure signatures: the one verdict behind `logtriage patterns check` and the tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from logtriage.errors import LibraryError
from logtriage.signatures.compiled import compile_cores
from logtriage.signatures.cores import core
from logtriage.signatures.library import Pattern
from logtriage.signatures.match import Matcher, match_text, prove
from logtriage.signatures.regex_tree import DialectError, parse

CATEGORIES = (
    "timeout", "refusal", "reset", "unreachable", "dns", "tls", "auth", "memory", "disk", "cpu", "exhaustion",
    "database", "queue", "http", "rate-limit", "retry", "circuit-breaker", "crash", "exception", "hang", "restart",
    "container", "kubernetes", "deploy", "config", "kernel", "hardware", "clock", "corruption", "replication", "quorum",
    "failure",
)  # fmt: skip
CAPTURES = (
    "peer_host", "peer_port", "timeout", "duration", "exit_code", "signal", "process", "pid", "path", "errno", "user",
    "host", "service", "container", "pod", "namespace", "reason", "status", "limit", "size", "memory", "cpu", "device",
    "query", "database", "topic", "partition", "queue", "version", "count", "url", "method", "client_ip", "interface",
    "threshold",
)  # fmt: skip

# text → id of each pattern it carries → captures
Verdicts = dict[str, dict[str, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one pattern, in one line."""

    file: str
    id: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: pattern {self.id}: {self.message}"


def check_patterns(patterns: Sequence[Pattern], beside: Sequence[Pattern] = ()) -> list[Problem]:
    """All problems of the patterns; an empty list says that they are sound.

    An example may be matched by its own pattern, by `generic.*` ones and by those it names in `also`, by no other. The
    examples and rejects are put to Python's `regex`, to RE2 (through `prove`) and to Hyperscan.
    `beside` are further patterns, known to be sound, that live in the same library (those of the same id excepted).
    """
    problems = [Problem(p.file, p.id, message) for p in patterns for message in _check_one(p)]
    uses = Counter(p.id for p in patterns)
    problems += [Problem(p.file, p.id, "the id is used twice") for p in patterns if uses[p.id] > 1]
    usable = []
    for pattern in {p.id: p for p in patterns}.values():
        unusable = [Problem(pattern.file, pattern.id, message) for message in _check_engines(pattern)]
        problems += unusable
        if not unusable:
            usable.append(pattern)
    return problems + _check_texts(usable, [p for p in beside if p.id not in uses])


def _check_one(pattern: Pattern) -> Iterable[str]:
    """What can be said of a pattern without an engine."""
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


def _check_engines(pattern: Pattern) -> Iterable[str]:
    """Whether regex and unless are of the common dialect and compile everywhere."""
    import _duckdb as duckdb
    import regex

    try:
        compile_cores([core(pattern.regex)])
        parse(pattern.unless or "")
    except (DialectError, LibraryError) as why:
        yield f"not in the common dialect: {why}"
    for expression in filter(None, (pattern.regex, pattern.unless)):
        try:
            regex.compile(expression)
            duckdb.execute("SELECT regexp_matches('', $1)", [f"(?m){expression}"])
        except (regex.error, duckdb.Error) as why:
            yield f"does not compile: {why}"


def _check_texts(patterns: Sequence[Pattern], beside: Sequence[Pattern]) -> list[Problem]:
    """The verdicts on examples and rejects, of all engines, and on whose example is whose."""
    known = {p.id: p for p in (*beside, *patterns)}
    texts = sorted({t for p in known.values() for t in (*(e.text for e in p.examples), *p.rejects)})
    found = _by_re2(tuple(known.values()), texts)
    candidates = _candidates(tuple(known.values()), texts)
    problems = []
    for pattern in patterns:
        messages = [*_disagreements(pattern, texts, found, candidates), *_verdicts(pattern, found, known)]
        messages += _stolen(pattern, beside, found)
        problems += [Problem(pattern.file, pattern.id, message) for message in messages]
    return problems


def _disagreements(
    pattern: Pattern, texts: Sequence[str], found: Verdicts, candidates: dict[str, set[str]]
) -> Iterable[str]:
    """Where the engines differ: on the pattern's own texts, and on any other that one of them takes."""
    own = {*(e.text for e in pattern.examples), *pattern.rejects}
    for text in texts:
        by_re2 = found[text].get(pattern.id)
        if text in own or by_re2 is not None or pattern.id in candidates[text]:
            by_python = next((captures for _, captures in match_text([pattern], text)), None)
            if by_python != by_re2 or (by_re2 is not None and pattern.id not in candidates[text]):
                yield f"the engines disagree on {text!r}"


def _verdicts(pattern: Pattern, found: Verdicts, known: dict[str, Pattern]) -> Iterable[str]:
    for example in pattern.examples:
        taken = found[example.text]
        if pattern.id not in taken:
            yield f"does not match its example {example.text!r}"
            continue
        for name, value in example.gives.items():
            if taken[pattern.id].get(name, "") != value:
                yield f"gives {name} = {taken[pattern.id].get(name, '')!r}, not {value!r}, of {example.text!r}"
        for other in sorted(taken.keys() - {pattern.id, *example.also}):
            if not known[other].generic:
                yield f"{other} matches its example too (narrow one of them, or allow it in `also`): {example.text!r}"
        for missing in sorted(set(example.also) - taken.keys()):
            yield f"`also` names {missing}, which does not match {example.text!r}"
    for text in pattern.rejects:
        if pattern.id in found[text]:
            yield f"matches what it must reject: {text!r}"


def _stolen(pattern: Pattern, beside: Sequence[Pattern], found: Verdicts) -> Iterable[str]:
    """The examples of the other library's patterns that this one takes without leave."""
    if pattern.generic:
        return
    for other in beside:
        for example in other.examples:
            if pattern.id in found[example.text] and pattern.id not in example.also:
                yield f"matches an example of {other.id}: {example.text!r}"


def _by_re2(patterns: Sequence[Pattern], texts: Sequence[str]) -> Verdicts:
    """The truth: what ingest says."""
    import pyarrow as pa

    found: Verdicts = {text: {} for text in texts}
    for pattern in patterns:
        places, captures = prove(pattern, pa.array(texts, pa.string()))
        for place, told in zip(places.to_pylist(), captures.to_pylist(), strict=True):
            found[texts[place]][pattern.id] = dict(told)
    return found


def _candidates(patterns: Sequence[Pattern], texts: Sequence[str]) -> dict[str, set[str]]:
    import pyarrow as pa

    found: dict[str, set[str]] = {text: set() for text in texts}
    rows, indexes = Matcher(patterns).scan(pa.array(texts, pa.string()))
    for row, index in zip(rows.to_pylist(), indexes.to_pylist(), strict=True):
        found[texts[row]].add(patterns[index].id)
    return found
