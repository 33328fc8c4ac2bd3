"""`logtriage check SOURCE… --baseline GOOD --fail-on RULES`: a gate for CI."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from logtriage.cli.lines_out import Out
from logtriage.cli.open_store import up_to_date
from logtriage.cli.options import Parser, add_general, add_output, add_reading, add_sources
from logtriage.cli.session import Session
from logtriage.coverage import counted, no_logs, passed_over
from logtriage.errors import SourceError
from logtriage.gate.gate import Finding, Outcome, Side, check
from logtriage.gate.junit import junit, message
from logtriage.gate.rules import read_rules
from logtriage.output import harmless, shortened

EXAMPLES = """\
  logtriage check build.log --fail-on level:fatal,flag:memory
  logtriage check build.log --baseline last-good.log                what it never said before
  logtriage check logs/ --baseline good/ --fail-on new:warn,flag:jvm.* --output junit > logs.xml
"""
_OUTPUTS = ("text", "json", "junit")
_LONGEST = 300  # characters of a record on the screen


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "check", "Checks logs for what must not be in them. A template is new if no record of the baseline has it.\n"
        "Exit code: 0 nothing was found, 1 something was, 2 an error, or nothing could be compared.", EXAMPLES,
    )  # fmt: skip
    add_sources(made, nargs="+")
    made.add_argument("--baseline", metavar="GOOD", action="append", default=[], help="logs of a run that was good")
    made.add_argument(
        "--fail-on", metavar="RULES", action="append", default=[],
        help="new, new:LEVEL, flag:ID or flag:CATEGORY, level:LEVEL; several with commas (default: new with a baseline, "
        "else level:error). new:LEVEL and level:LEVEL: at least of that level",
    )  # fmt: skip
    add_output(made, _OUTPUTS)
    add_reading(made)
    add_general(made, store="keep what was read in this store, so that a baseline is read only once")
    return made


def run(argv: list[str]) -> int:
    """Exit code 0, 1 or 2."""
    session = Session.of(parser().parse_intermixed_args(argv))
    args = session.args
    default = "new" if args.baseline else "level:error"
    rules = read_rules(args.fail_on or [default], session.patterns())
    with tempfile.TemporaryDirectory(prefix="logtriage-") as folder:
        path = Path(args.store).expanduser() if args.store else Path(folder) / "store"
        baseline = up_to_date(session, path, args.baseline) if args.baseline else None
        checked = up_to_date(session, path, args.sources)
        for one in (one for one in session.odd if not one.is_empty):  # nothing of it can be told, and it would be clean
            session.error(SourceError(f"{one.name}: {one.what}, and no log: it cannot be checked"))
        from logtriage.store.snapshot import Snapshot
        from logtriage.store.store import Store

        with Store(path) as store, Snapshot(store) as snapshot:
            outcome = check(snapshot, checked, baseline, rules)
    Out().write((_SHAPED[args.output](outcome)).encode("utf-8", "replace"))
    session.say(_summary(session, outcome))
    return 2 if session.errors else 1 if outcome.findings else 0


def _text(outcome: Outcome) -> str:
    told = []
    for finding in outcome.findings:
        said = shortened(harmless(finding.first.text).replace("\n", "\n    "), _LONGEST)
        told.append(f"{finding.rule}: {harmless(finding.title)}\n  {harmless(message(finding))}\n    {said}\n")
    return "".join(told)


def _json(outcome: Outcome) -> str:
    told = {
        "ok": not outcome.findings,
        "rules": [str(rule) for rule in outcome.rules],
        "checked": outcome.checked._asdict(),
        "baseline": outcome.baseline._asdict() if outcome.baseline else None,
        "findings": [_plain(finding) for finding in outcome.findings],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _plain(finding: Finding) -> dict[str, Any]:
    first = finding.first
    moment = first.timestamp.isoformat(timespec="microseconds") + "Z" if first.timestamp else None
    kind = (
        {"flag": finding.name, "category": finding.text} if finding.rule.kind == "flag" else {"template": finding.text}
    )
    told = {"rule": str(finding.rule), **kind, "records": finding.records, "level": finding.level}
    return {**told, "first": {**first._asdict(), "timestamp": moment}}


def _junit(outcome: Outcome) -> str:
    return junit(outcome) + "\n"


_SHAPED = {"text": _text, "json": _json, "junit": _junit}


def _summary(session: Session, outcome: Outcome) -> str:
    """What was compared with what, and whether it holds."""
    counts = {rule: sum(one.rule == rule for one in outcome.findings) for rule in outcome.rules}
    broken = [f"{n} × {rule}" for rule, n in counts.items() if n]
    verdict = (
        f"failed: {', '.join(broken)}"
        if outcome.findings
        else f"{'unsure' if session.errors else 'clean'}: nothing of {', '.join(map(str, outcome.rules))}"
    )
    told = [verdict, f"checked {_told(outcome.checked)}"]
    if outcome.baseline:
        told.append(f"baseline {_told(outcome.baseline)}")
    told += [no_logs(list(map(str, session.odd)))] if session.odd else []
    told += [passed_over(session.skipped)] if session.skipped else []
    told += [counted(len(session.errors), "error")] if session.errors else []
    return "; ".join(told)


def _told(side: Side) -> str:
    told = (
        f"{counted(side.sources, 'source')}, {counted(side.records, 'record')}, {counted(side.templates, 'template')}"
    )
    return told + (f", {side.unmined:,} records without one, which cannot be compared" if side.unmined else "")
