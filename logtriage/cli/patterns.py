"""`logtriage patterns list|show|check|test|add`: the failure signatures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.options import Parser, add_general, is_piped
from logtriage.cli.session import Session
from logtriage.coverage import counted
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.signatures.library import Pattern

EXAMPLES = """\
  logtriage patterns list                         all signatures, by category
  logtriage patterns list timeout                 of one category, family or word
  logtriage patterns show network.connect-timeout
  logtriage patterns test 'connection timed out after 30 seconds'
  logtriage patterns check my-patterns/           are these files right? 0: yes, 2: no
  logtriage patterns add --template 3fa9c1        drafts one from the store; --write puts it in your folder
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser("patterns", "The failure signatures that records are flagged with.", EXAMPLES)
    made.add_argument(
        "action",
        choices=("list", "show", "check", "test", "add"),
        metavar="ACTION",
        help="list, show, check, test or add",
    )
    made.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help="a word (list), ids (show), files or folders (check), a text (test, add; - reads it)",
    )
    group = made.add_argument_group("add")
    group.add_argument("--template", metavar="ID", help="draft it from this template of the store (else from a text)")
    group.add_argument("--id", metavar="FAMILY.NAME", help="its id (default: own.WORDS)")
    group.add_argument("--title", metavar="TEXT", help="in plain words (default: the template)")
    group.add_argument(
        "--category", metavar="WORD", default="exception", help="see patterns/README.md (default exception)"
    )
    group.add_argument("--severity", metavar="LEVEL", help="default: the level it was seen with")
    group.add_argument("--advice", metavar="TEXT", default="Write down here what helped.", help="what to look at next")
    group.add_argument("--write", action="store_true", help="add it to own.toml in the first of your pattern folders")
    add_general(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 1 where nothing was found; 2 where `check` found a fault."""
    args = parser().parse_intermixed_args(argv)
    session = Session.of(args)
    action = {"list": _list, "show": _show, "check": _check, "test": _test, "add": _add}[args.action]
    return action(session, args.what)


def _load(session: Session, *, examples: bool = False) -> tuple[Pattern, ...]:
    from logtriage.signatures.library import load_patterns

    return load_patterns(session.config.patterns, examples=examples)


def _list(session: Session, words: list[str]) -> int:
    from logtriage.output import table

    found = [
        p
        for p in _load(session)
        if all(w in (p.category, p.family, p.severity) or w in p.id or w in p.title.lower() for w in words)
    ]
    if found:
        rows = [(p.id, p.severity, p.category, p.title) for p in sorted(found, key=lambda p: (p.category, p.id))]
        print(table(("id", "severity", "category", "title"), rows))
    session.say(counted(len(found), "signature"))
    return 0 if found else 1


def _show(session: Session, ids: list[str]) -> int:
    from logtriage.signatures.library import meant

    known = {p.id: p for p in _load(session, examples=True)}
    if not ids:
        raise UsageError("patterns show: which one?", "`logtriage patterns list` names them")
    for id_ in ids:
        if id_ not in known:
            raise UsageError(
                f"there is no signature {id_!r}", f"{meant(id_, known)}`logtriage patterns list` names them"
            )
        print(_shown(known[id_]))
    return 0


def _shown(pattern: Pattern) -> str:
    told = [
        f"{pattern.id}: {pattern.title}", f"  severity   {pattern.severity}", f"  category   {pattern.category}",
        f"  regex      {pattern.regex}",
    ]  # fmt: skip
    told += [f"  unless     {pattern.unless}"] if pattern.unless else []
    told += [f"  captures   {', '.join(pattern.captures)}"] if pattern.captures else []
    told += [f"  advice     {pattern.advice}", f"  file       {pattern.file}"]
    for example in pattern.examples:
        told.append(f"  matches    {example.text}")
        told += [f"             {name} = {value}" for name, value in example.gives.items()]
    told += [f"  not        {text}" for text in pattern.rejects]
    return "\n".join(told)


def _check(session: Session, places: list[str]) -> int:
    from logtriage.errors import LibraryError
    from logtriage.signatures.check import check_patterns
    from logtriage.signatures.library import read_file, read_folder

    shipped = _load(session, examples=True)
    patterns: tuple[Pattern, ...] = () if places else shipped
    problems: list[object] = []
    for place in map(Path, places):
        nested = place / "signatures"
        try:
            patterns += read_folder(nested if nested.is_dir() else place) if place.is_dir() else read_file(place)
        except LibraryError as why:
            problems.append(why.message)
    problems += check_patterns(patterns, shipped if places else ())
    for problem in problems:
        print(problem)
    session.say(f"{counted(len(patterns), 'signature')} checked, {counted(len(problems), 'problem')}")
    return 2 if problems else 0


def _test(session: Session, texts: list[str]) -> int:
    from logtriage.signatures.match import match_text

    if texts == ["-"] or (not texts and is_piped()):
        texts = [sys.stdin.read().rstrip("\n")]
    if not "".join(texts):
        raise UsageError("patterns test: which text?", "`logtriage patterns --help` has examples; - reads it")
    found = match_text(_load(session), " ".join(texts))
    for pattern, captures in found:
        print(f"{pattern.id}  {pattern.severity}  {pattern.category}  {pattern.title}")
        for name, value in captures.items():
            print(f"  {name} = {value}")
        print(f"  {pattern.advice}")
    if not found:
        session.say("no signature fits this text")
    return 0 if found else 1


def _add(session: Session, texts: list[str]) -> int:
    """Drafts a signature, checks it, and prints it or writes it down."""
    from logtriage.answers.drafting import add
    from logtriage.cli.drafting import drafted

    made = drafted(session, " ".join(texts) if texts else None, _load(session, examples=True))
    for problem in made.problems:
        print(problem, file=sys.stderr)
    if session.args.write and not made.problems:
        session.say(f"{made.identity} is in {add(made, session.config.patterns)}; the next ingest flags it")
    else:
        print(made.toml, end="")
    return 2 if made.problems else 0
