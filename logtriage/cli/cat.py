"""`logtriage cat SOURCE…`: whole logs, as they are, as JSON lines, or as one timeline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.options import (
    OUTPUTS,
    Parser,
    add_color,
    add_filters,
    add_output,
    add_sources,
    add_usual,
    is_filtered,
    is_piped,
    number,
)
from logtriage.cli.session import Session
from logtriage.coverage import Coverage
from logtriage.errors import SourceError, UsageError

if TYPE_CHECKING:
    from logtriage.sources.find import Source

EXAMPLES = """\
  logtriage cat nginx/ app.log.*                    one timeline of all of them
  logtriage cat --output jsonl app.log | jq .body   normalised: time in UTC, level, body, attributes
  logtriage cat --output raw app.log.2.gz           the exact bytes, unpacked
  logtriage cat --since 14:00 --until 14:10 .       ten minutes of everything
  logtriage cat --tail 20 /var/log/app/             the last records of all of them together
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "cat", "Prints whole logs. A SOURCE that is not a file is looked for in the store.\n"
        "Exit code: 0 there are records, 1 there are none, 2 an error.", EXAMPLES,
    )  # fmt: skip
    add_sources(made, help="a file, folder, glob or archive, or a source of the store; - is standard input")
    add_output(
        made, OUTPUTS, "text (one timeline), jsonl, logfmt or csv (sources in the order given), raw (the exact bytes)"
    )
    made.add_argument("-m", "--max-count", metavar="N", type=number, help="the first N records")
    made.add_argument("--tail", metavar="N", type=number, help="the last N records")
    made.add_argument(
        "--from-store", action="store_true", help="take the sources from the store even if such files exist"
    )
    made.add_argument("--no-store", action="store_true", help="never use the store")
    made.add_argument("--show-sql", action="store_true", help="print the SQL that runs on the store")
    made.add_argument("-f", "--follow", action="store_true", help="keep going as the logs grow")
    made.add_argument("-n", "--line-number", action="store_true", help="line numbers behind source names")
    add_color(made)
    made.add_argument("--line-buffered", action="store_true", help="flush after every record")
    add_filters(made)
    add_usual(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; 1 where no record was printed though some were asked for; 2 if a source failed."""
    session = Session.of(parser().parse_intermixed_args(argv))
    args = session.args
    if (args.tail is not None) + (args.max_count is not None) + args.follow > 1:
        raise UsageError("cat: --tail, -m and --follow go one by one")
    for name in args.sources if args.line_number else ():
        if name.isdecimal() and not Path(name).exists():
            raise UsageError(
                f"cat: there is no file {name}", f"the last {name} records are --tail {name}, the first -m {name}"
            )
    if args.from_store or (not args.sources and not is_piped()) or _are_stored(session):
        from logtriage.cli import stored

        return stored.cat(session)
    sources = session.logs(args.sources or ["-"], to_come=args.follow)
    if args.output == "raw" and not is_filtered(args) and args.max_count is None and args.tail is None:
        return _raw(session, sources)
    from logtriage.cli import merged

    return merged.cat(session, sources)


def _are_stored(session: Session) -> bool:
    """Whether the arguments name no files at all, and there is a store that may know them."""
    import glob
    import os

    from logtriage.store.place import is_store

    args = session.args
    if (
        args.no_store
        or not args.sources
        or any(name == "-" or os.path.lexists(name) or glob.glob(name) for name in args.sources)
    ):
        return False
    return is_store(session.store_path)


def _raw(session: Session, sources: list[Source]) -> int:
    """Copies the bytes of each source, unpacked, and nothing else."""
    from logtriage.sources.read import opened

    if session.args.follow:
        raise UsageError("cat: --output raw cannot follow", "use --output text or jsonl")
    total = 0
    for source in sources:
        try:
            for piece in opened(source)[1]:
                sys.stdout.buffer.write(piece)
                total += len(piece)
        except SourceError as why:
            session.error(why)
    sys.stdout.buffer.flush()
    coverage = Coverage(
        len(sources), None, skipped=session.skipped, errors=len(session.errors), notes=[f"{total:,} bytes"]
    )
    session.say(coverage.line(session.zone))
    return 2 if session.errors else 0
