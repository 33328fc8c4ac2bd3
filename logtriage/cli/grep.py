"""`logtriage grep PATTERN [SOURCE…]`: records whose text matches, in files or in the store."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.options import (
    OUTPUTS,
    WITH_FIELDS,
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
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.needles.needle import Needle

EXAMPLES = """\
  logtriage grep 'timed out' app.log               the whole record: a stack trace comes with its first line
  logtriage grep -i -C 2 refused /var/log/         all files, merged in time order
  logtriage grep --level error --since 1h '' .     every error of the last hour, in all files from here on
  logtriage grep --flag memory --across -C 5 ''    in the store: what happened around each kill, in every source
  kubectl logs web-0 | logtriage grep -c 'status=5\\d\\d'
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser(
        "grep", "Finds records. Without SOURCE it searches standard input where that is a pipe, else the store.\n"
        "The lines of one file are printed as they stand, with their own times. Several sources, filters, the store,\n"
        "--utc or --tz print one timeline: time with its zone, source, level, what it says.\n"
        "Exit code: 0 found, 1 not found, 2 an error.", EXAMPLES,
    )  # fmt: skip
    made.add_argument("pattern", nargs="?", metavar="PATTERN", help="a regular expression in ripgrep's syntax")
    add_sources(made)
    _add_matching(made)
    _add_showing(made)
    add_filters(made)
    add_usual(made)
    return made


def _add_matching(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("what matches")
    group.add_argument("-e", "--regexp", metavar="PATTERN", action="append", help="a pattern; several are joined by OR")
    group.add_argument("-f", "--file", metavar="FILE", action="append", help="patterns from a file, one a line")
    group.add_argument("-i", "--ignore-case", action="store_true")
    group.add_argument(
        "-S", "--smart-case", action="store_true", help="ignore case unless a pattern has a capital letter"
    )
    group.add_argument("-s", "--case-sensitive", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("-v", "--invert-match", action="store_true", help="records of which no line matches")
    group.add_argument(
        "-w",
        "--word-regexp",
        action="store_const",
        const="word",
        dest="borders",
        help="whole words (of -w and -x the last counts)",
    )
    group.add_argument("-x", "--line-regexp", action="store_const", const="line", dest="borders", help="whole lines")
    group.add_argument("-F", "--fixed-strings", action="store_true", help="patterns are plain text, not expressions")
    group.add_argument("-E", "--extended-regexp", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("-P", "--pcre2", action="store_true", help=argparse.SUPPRESS)
    for always in (("-r", "-R", "--recursive"), ("-a", "--text")):  # from grep's habit: folders are gone into anyway
        group.add_argument(*always, action="store_true", help=argparse.SUPPRESS)


def _add_showing(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("what is shown")
    group.add_argument("-A", "--after-context", metavar="N", type=number, help="N records after each hit")
    group.add_argument("-B", "--before-context", metavar="N", type=number, help="N records before each hit")
    group.add_argument("-C", "--context", metavar="N", type=number, help="N records before and after each hit")
    group.add_argument("--across", action="store_true", help="take the records around a hit from all sources, by time")
    group.add_argument("-m", "--max-count", metavar="N", type=number, help="at most N records of each source")
    group.add_argument("-o", "--only-matching", action="store_true", help="only the parts that match")
    group.add_argument("-c", "--count", action="store_true", help="how many records in each source")
    group.add_argument("-l", "--files-with-matches", action="store_true", help="the names of sources with a match")
    group.add_argument("-q", "--quiet", action="store_true", help="print nothing; the exit code tells")
    group.add_argument("-n", "--line-number", action="store_true", help="line numbers in front")
    group.add_argument("-N", "--no-line-number", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("-H", "--with-filename", action="store_true", default=None, help="source names in front")
    group.add_argument(
        "-h",
        "-I",
        "--no-filename",
        action="store_false",
        dest="with_filename",
        help="no source names in front (with -o: nothing but the matches)",
    )
    group.add_argument("-0", "--null", action="store_true", help="end source names with a NUL")
    add_output(group, OUTPUTS, "text, jsonl, logfmt, csv or raw (the exact bytes)")
    add_color(group)
    group.add_argument("--line-buffered", action="store_true", help="flush after every record")
    group.add_argument("--follow", action="store_true", help="keep going as the logs grow")
    group.add_argument("--no-store", action="store_true", help="never use the store")
    group.add_argument("--show-sql", action="store_true", help="print the SQL that runs on the store")
    group.add_argument("--stats", action="store_true", help="say what was read and how long it took")


def run(argv: list[str]) -> int:
    """Exit code 0, 1 or 2, as grep's."""
    session = Session.of(parser().parse_intermixed_args(argv))
    began = time.monotonic()
    try:
        return _run(session)
    finally:
        if session.args.stats:
            session.say(f"{time.monotonic() - began:.3f} s, {_bytes_of(session):,} bytes of files")


def _bytes_of(session: Session) -> int:
    """The size of the files that were searched, as they lie on the disk."""
    return sum(source.path.stat().st_size for source in session.sources if source.path and source.path.is_file())


def _run(session: Session) -> int:
    args = session.args
    needle = read_needle(args)
    if not args.sources and not is_piped():
        return _over_store(session, needle)
    sources = session.logs(args.sources or ["-"], to_come=args.follow)
    if _needs_fields(args, len(sources)):
        from logtriage.cli import merged

        return merged.grep(session, needle, sources)
    from logtriage.cli import straight

    return straight.grep(session, needle, sources)


def read_needle(args: argparse.Namespace) -> Needle:
    """The patterns of the command line. Raises UsageError."""
    from logtriage.needles.needle import Needle

    patterns = list(args.regexp or [])
    for name in args.file or []:
        patterns += _patterns_of(name)
    if args.regexp is None and args.file is None:
        if args.pattern is None:
            raise UsageError("grep: which pattern?", "`logtriage grep --help` has examples; '' matches every record")
        patterns.append(args.pattern)
    elif args.pattern is not None:
        args.sources.insert(0, args.pattern)
    lines = [line for pattern in patterns for line in pattern.split("\n")]
    return Needle.of(
        lines, fixed=args.fixed_strings, ignore_case=args.ignore_case, smart_case=args.smart_case,
        word=args.borders == "word", line=args.borders == "line", invert=args.invert_match,
    )  # fmt: skip


def _patterns_of(name: str) -> list[str]:
    """The lines of a file, which may end as on Windows."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as why:
        raise UsageError(f"{name}: {why.strerror}") from why
    lines = data.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n") if data else []
    return [line.removesuffix("\r") for line in lines]


def _needs_fields(args: argparse.Namespace, sources: int) -> bool:
    """Whether more than the lines themselves is needed: times, levels, names."""
    if is_filtered(args) or args.across or args.follow:
        return True
    if args.quiet or args.count or args.files_with_matches:
        return False
    asks_zone = bool(args.utc or args.tz)
    return args.output in WITH_FIELDS or (args.output == "text" and (sources > 1 or asks_zone))


def _over_store(session: Session, needle: Needle) -> int:
    if session.args.no_store:
        raise UsageError("grep: name the logs to search", "--no-store leaves nothing else")
    from logtriage.store import gist, lock

    with lock.reading(session.store_path):
        if told := gist.read(session.store_path):
            from logtriage.cli import grep_gist

            code = grep_gist.grep(session, needle, told)
            if code is not None:
                return code
        from logtriage.cli import stored

        return stored.grep(session, needle, told)
