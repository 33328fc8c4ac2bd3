"""`logtriage formats list|show|check|detect`: the log formats."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.options import Parser, add_general, add_reading
from logtriage.cli.session import Session
from logtriage.coverage import counted
from logtriage.errors import LogtriageError, UsageError, is_it

if TYPE_CHECKING:
    from logtriage.formats.format import Format

# of a record shown as an example: where it stands, and its template, which one record does not make
_NOT_TOLD = ("source", "line", "lines", "offset", "format", "template")
_LONGEST = 1_000  # characters of a value
EXAMPLES = """\
  logtriage formats detect /var/log/syslog        how is this written, and what does a line give?
  logtriage formats list nginx
  logtriage formats show nginx-error
  logtriage formats check my-formats/             are these files right? 0: yes, 2: no
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser("formats", "The log formats that are known.", EXAMPLES)
    made.add_argument(
        "action", choices=("list", "show", "check", "detect"), metavar="ACTION", help="list, show, check or detect"
    )
    made.add_argument(
        "what", nargs="*", metavar="WHAT", help="a word (list), ids (show), files or folders (check), logs (detect)"
    )
    add_reading(made)
    add_general(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 1 where nothing was found; 2 where `check` found a fault or a log could not be read."""
    args = parser().parse_intermixed_args(argv)
    session = Session.of(args)
    action = {"list": _list, "show": _show, "check": _check, "detect": _detect}[args.action]
    return action(session, args.what)


def _list(session: Session, words: list[str]) -> int:
    from logtriage.output import table

    found = sorted(
        (f for f in session.formats() if all(w in f.id or w in f.title.lower() or w == f.kind for w in words)),
        key=lambda f: f.id,
    )
    if found:
        print(table(("id", "kind", "title"), [(f.id, f.kind, f.title) for f in found]))
    session.say(counted(len(found), "format"))
    return 0 if found else 1


def _show(session: Session, ids: list[str]) -> int:
    from logtriage.formats.format import load_formats

    known = {f.id: f for f in load_formats(session.config.patterns)}
    if not ids:
        raise UsageError("formats show: which one?", "`logtriage formats list` names them")
    for id_ in ids:
        if id_ not in known:
            raise UsageError(f"there is no format {id_!r}", f"{is_it(id_, known)}`logtriage formats list` names them")
        print(_shown(known[id_]))
    return 0


def _shown(fmt: Format) -> str:
    told = [f"{fmt.id}: {fmt.title}"]
    for one in fields(fmt):
        value = getattr(fmt, one.name)
        if value and one.name not in ("id", "title", "examples", "rejects"):
            text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            told.append(f"  {one.name:<14}{text}")
    for example in fmt.examples:
        told.append(f"  reads         {example.text}")
        told += [f"                {name} = {value}" for name, value in example.gives.items()]
    told += [f"  not           {text}" for text in fmt.rejects]
    return "\n".join(told)


def _check(session: Session, places: list[str]) -> int:
    from logtriage.formats.format import load_formats, match_text

    given = [Path(place) for place in places] or list(session.config.patterns)
    problems = [f"{place}: no such file or folder" for place in given if not place.exists()]
    formats: tuple[Format, ...] = ()
    try:
        formats = load_formats([place for place in given if place.exists()])
    except LogtriageError as why:
        problems.append(why.message)
    for fmt in formats:
        if fmt.kind != "text":
            continue
        problems += [
            f"format {fmt.id}: does not read its example {e.text!r}"
            for e in fmt.examples
            if match_text(fmt, e.text) is None
        ]
        problems += [
            f"format {fmt.id}: reads its reject {text!r}" for text in fmt.rejects if match_text(fmt, text) is not None
        ]
    for problem in problems:
        print(problem)
    session.say(f"{counted(len(formats), 'format')} checked, {counted(len(problems), 'problem')}")
    return 2 if problems else 0


def _detect(session: Session, names: list[str]) -> int:
    """Reads the head of each log, and tells the formats in it, how many records each has, and one record's fields."""
    if not names:
        raise UsageError("formats detect: which log?", "`logtriage formats --help` has examples")
    import json

    from logtriage.jsonl import lines
    from logtriage.normalise import Normaliser
    from logtriage.output import harmless, shortened
    from logtriage.sources.read import blocks
    from logtriage.store.connection import connect
    from logtriage.whole import LONGEST

    settings = session.settings()
    normaliser = Normaliser(connect(), settings)
    shown = 0
    for source in session.find(names).sources:
        normaliser.records.reset()
        try:
            block = next(blocks(source, size=1 << 20, max_line=LONGEST), None)
        except LogtriageError as why:
            session.error(why)
            continue
        print(harmless(source.name) + (": empty" if block is None else ":"))
        if block is None:
            continue
        shown += 1
        normaliser.block(block, normaliser.grammar(source), settings.reference(source), final=True)
        told: dict[str, list[str]] = {}
        for text in lines(normaliser.con, [source], normaliser.records.chains):
            told.setdefault(json.loads(text)["format"], []).append(text)
        for name, texts in sorted(told.items(), key=lambda item: -len(item[1])):
            print(f"  {name}: {counted(len(texts), 'record')}")
            for key, value in json.loads(texts[0]).items():
                if value not in (None, [], {}) and key not in _NOT_TOLD:
                    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                    print(f"    {key:<14} {harmless(shortened(text, _LONGEST))}")
    return 2 if session.errors else (0 if shown else 1)
