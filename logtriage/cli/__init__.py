"""The command line: finds the command's file, runs it, and turns what happens into one line and an exit code.

Exit codes are grep's: 0 something was found or done, 1 nothing was found, 2 an error; 130 after Ctrl-C. What a command
needs is imported by its own file, so that a quick one stays quick.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from logtriage import __version__
from logtriage.errors import interrupted, is_it, told

# command → what it does, in the order of the help
COMMANDS = {
    "triage": "when it began, whom to suspect, and why",
    "tui": "the screen: all sources on one timeline (on a terminal also plain `logtriage`)",
    "grep": "find records in log files, or in the store",
    "cat": "print whole logs: as they are, as JSON lines, or as one timeline",
    "templates": "what the logs say: most frequent, rare, new, gone, bursting; --diff compares",
    "sessions": "group records by transaction, request or trace: which differ from the rest, and how",
    "report": "the hand-over of an incident, or of a week: Markdown and HTML",
    "ingest": "read logs into the store; --follow goes on as they grow",
    "store": "look after the store: info, compact, prune, check",
    "sql": "ask the store in SQL (read only)",
    "check": "a gate for CI: fail on what is new, on known failures, on levels",
    "patterns": "the failure signatures: list, show, test, check, add",
    "formats": "the log formats: list, show, check, detect",
    "demo": "write a made-up incident to try things on; --run takes it apart",
    "completion": "a completion script for bash, zsh or fish",
}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
EXAMPLES = """\
  logtriage triage --since 2h /var/log/app/                when it began, and whom to suspect
  logtriage tui /var/log/app/                              look at logs on one timeline
  logtriage grep -i 'timed out' /var/log/app/              what the files say, stack traces included
  logtriage grep --level error --since 1h '' /var/log/app/ every error of the last hour, on one timeline
  logtriage ingest --follow /var/log                       keep the store up to date
  logtriage demo --run                                     see an incident taken apart
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line (without the program's name); gives the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # who reads us has seen enough, as with `| head`
        _forget_stdout()
        return 0
    except KeyboardInterrupt:
        return 130
    except OSError as why:
        if why.errno in _FULL and not why.filename:  # all else that is written has a name
            _forget_stdout()
            return _fail(f"standard output: {why.strerror}")
        return _fail(f"{why.filename}: {why.strerror}" if why.filename else str(why))
    except Exception as why:
        if error := told(why):
            return _fail(error.message, error.hint, error.exit_code)
        if interrupted(why):
            return 130
        raise


def _run(args: list[str]) -> int:
    name = args[0] if args else "tui" if _on_terminal() else "--help"
    if name in ("--version", "-V"):
        print(f"logtriage {__version__}")
        return 0
    if name in ("--help", "-h", "help"):
        if name == "help" and len(args) > 1:
            return _run([args[1], "--help"])
        print(overview(), end="")
        return 0
    if name not in COMMANDS:
        return _fail(f"there is no {'option' if name[:1] == '-' else 'command'} {name!r}", _instead_of(name))
    try:
        return int(import_module(f"logtriage.cli.{name}").run(args[1:]))
    except SystemExit as end:  # argparse has printed its help, or its error
        return end.code if isinstance(end.code, int) else 2


def _instead_of(name: str) -> str:
    """What may have been meant by a command, or an option without one, that does not exist."""
    if os.path.lexists(name):
        return f"to look at it: logtriage tui {name}; to search it: logtriage grep PATTERN {name}"
    from logtriage.cli.other_tools import command_here

    near = command_here(name) or is_it(name, [*COMMANDS, "--help", "--version"])
    search = "" if near or name[:1] == "-" else f"; to search: logtriage grep {name} …"
    return f"{near}`logtriage --help` lists the commands{search}"


def _on_terminal() -> bool:
    """Whether somebody looks, and either types or has something piped in."""
    if not all(one.isatty() for one in (sys.stdout, sys.stderr)):
        return False
    if sys.stdin.isatty():
        return True
    from logtriage.cli.options import is_piped

    return is_piped()


def overview() -> str:
    """The text of `logtriage --help`."""
    commands = "\n".join(f"  {name:<12}{what}" for name, what in COMMANDS.items())
    return (
        f"logtriage {__version__}: log triage for the person on call\n\nexamples:\n{EXAMPLES}\n"
        f"commands:\n{commands}\n\n`logtriage COMMAND --help` tells more.\n"
    )


def _fail(message: str, hint: str | None = None, code: int = 2) -> int:
    from logtriage.output import harmless

    with contextlib.suppress(OSError):
        sys.stdout.flush()
    print(harmless(f"logtriage: {message}" + (f"\n  hint: {hint}" if hint else "")), file=sys.stderr)
    return code


def _forget_stdout() -> None:
    """Keeps the interpreter from writing to what takes no more once more when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
