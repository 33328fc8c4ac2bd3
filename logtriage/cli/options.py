"""What commands have in common on the command line: groups of options, and their help."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from logtriage.cli.other_tools import option_here
from logtriage.errors import is_it, is_text

OUTPUTS = ("text", "jsonl", "logfmt", "csv", "raw")
LOGS = "a file, folder, glob or archive; - is standard input"
BROUGHT_IN = "logs, which are first read into the store; without any, all of the store"
CLOCK = "the latest one; in logs that end before today, the latest in them"  # of a time of day
WITH_FIELDS = ("jsonl", "logfmt", "csv")  # outputs that tell all fields of a record
# The filters: names of the option, what its value is, help.
_FILTERS = (
    (
        "--since --since-time", "WHEN",
        "from then on: 1h30m or 'last hour' (before now), now-1h/h or -1h@h (cut to the hour), end-1h (before the logs' end), "
        "today, 2026-11-22T14:05Z, "
        f"14:05 or 2:05pm ({CLOCK})",
    ),
    ("--until --until-time", "WHEN", "up to then, inclusive; 14:05 follows the day of --since"),
    ("--level", "LEVEL", "at least this level (warn), or a list of levels (info,error)"),
    ("--service", "GLOB", "of services whose name fits"),
    ("--source", "GLOB", "of files whose name fits: '*.log', nginx/*"),
    (
        "--container", "GLOB",
        "of containers whose name fits (`logtriage sql 'SELECT source, container FROM sources'` lists them; "
        "by id: --source '4efa*')",
    ),
    ("--namespace", "GLOB", "of Kubernetes namespaces whose name fits"),
    ("--flag", "NAME", "with this signature or category (see `logtriage patterns list`)"),
    ("--field", "EXPR", "with a field: status>=500, user=bob, path~=^/api, method!=GET"),
    ("--trace", "ID", "with this trace id"),
    ("--template", "ID", "of this template (see `logtriage templates`); its first letters are enough"),
)  # fmt: skip
# What arguments are called that may name files: `grep -e PATTERN FILE` takes one in the place of a pattern.
_FILES = ("SOURCE", "FILE", "FOLDER", "GOOD", "RULES", "WHAT", "PATTERN")


class _Plain(str):
    """An argument that is no option, whatever it begins with."""


class Parser(argparse.ArgumentParser):
    """A parser whose help begins with examples, and whose errors are one line and a hint."""

    def __init__(self, command: str, what: str, examples: str, **more: Any) -> None:
        more.setdefault("add_help", False)
        super().__init__(
            prog=f"logtriage {command}",
            usage=argparse.SUPPRESS,
            description=f"{what}\n\nexamples:\n{examples}",
            formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=80),  # else it asks the terminal
            allow_abbrev=False,
            **more,
        )
        short = [] if command == "grep" else ["-h"]  # there it is that of grep
        self.add_argument(*short, "--help", action="help", help="show this help")

    def format_help(self) -> str:
        """The help, without the line of usage that nobody reads."""
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        return super().format_help().replace("usage: \n\n", "", 1)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but an option's value may begin with a hyphen (`-e -x`, `--since -2h`), unless it is an option,
        and behind `--` there are no options, also where they may stand anywhere."""
        made: list[str] = []
        given = list(sys.argv[1:] if args is None else args)
        for n, arg in enumerate(given):
            if arg == "--":
                made += map(_Plain, given[n + 1 :])
                break
            if made and self._is_value(arg) and self._wants(made[-1]):
                made[-1] += f"={arg}" if made[-1].startswith("--") else arg
            else:
                made.append(arg)
        return super().parse_known_args(made, namespace)

    def _is_value(self, arg: str) -> bool:
        """Whether an argument looks like an option and is none."""
        return arg[:1] == "-" and arg not in ("-", *self._option_string_actions) and not isinstance(arg, _Plain)

    def _wants(self, arg: str) -> bool:
        """Whether an argument is an option whose value is the next one; short ones may stand together (`-ie`)."""
        names = [arg] if arg.startswith("--") else [f"-{letter}" for letter in arg.removeprefix("-")]
        actions = [self._option_string_actions.get(name) for name in names if arg.startswith("-")]
        wants = [one is not None and one.nargs is None for one in actions]
        return wants.count(True) == 1 and wants[-1]

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """An argument's value. What is no UTF-8 may name files alone: nothing else has such a name, and no store can be asked."""
        if (action.dest == "store" or action.metavar not in _FILES) and not is_text(arg_string):
            shown = os.fsencode(arg_string).decode("utf-8", "backslashreplace")
            raise argparse.ArgumentError(action, f"{shown!r} is no UTF-8")
        return super()._get_value(action, arg_string)

    def _parse_optional(self, arg_string: str) -> Any:
        return None if isinstance(arg_string, _Plain) else super()._parse_optional(arg_string)

    def error(self, message: str) -> Any:
        """Ends the program with exit code 2."""
        why, near = self._in_words(message)
        self.exit(2, f"logtriage: {self.prog.split()[-1]}: {why}\n  hint: {near}`{self.prog} --help` has examples\n")

    def _in_words(self, message: str) -> tuple[str, str]:
        """What argparse complains of, in plain words, and what may have been meant."""
        what, _, told = message.partition(": ")
        if what == "unrecognized arguments":
            word = told.split(" -")[0].split()[-1] if told[:1] != "-" else told.split()[0].partition("=")[0]
            why = f"there is no option {word!r}" if word[:1] == "-" else f"one argument too many: {word!r}"
            if word[:1] == "-" and os.path.lexists(word):
                return why, f"the file of that name is ./{word}; "
            return why, option_here(word, self._option_string_actions) or is_it(word, self._option_string_actions)
        if what == "the following arguments are required":
            actions = next((one.help for one in self._actions if one.dest == "action"), None)
            return f"{actions}?" if told[:6] == "ACTION" else f"{told} is missing", ""
        if told[:15] == "invalid choice:":
            word, _, choices = told[16:].partition(" (choose from ")
            known = choices.rstrip(")").replace("'", "").split(", ")
            option = what.removeprefix("argument ") + " " if "--" in what else ""
            return f"{option}{word} is none of {', '.join(known)}", is_it(word.strip("'"), known)
        return message.removeprefix("argument "), ""


def add_usual(parser: argparse.ArgumentParser) -> None:
    """What most commands take: how logs are read, how times are shown, where things are."""
    add_reading(parser)
    add_display(parser)
    add_general(parser)


def add_sources(parser: argparse.ArgumentParser, *, nargs: str = "*", help: str = LOGS) -> None:
    """The logs that are meant."""
    parser.add_argument("sources", nargs=nargs, metavar="SOURCE", help=help)


def add_output(group: argparse._ActionsContainer, kinds: Sequence[str], help: str = "") -> None:
    """What the answer is written as: the first kind, if nothing is said; `--json` is JSON in the command's own way."""
    json = next(kind for kind in kinds if kind.startswith("json"))
    told = help or f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    group.add_argument("--output", choices=kinds, default=kinds[0], metavar="KIND", help=told)
    group.add_argument("--json", action="store_const", const=json, dest="output", help=f"the same as --output {json}")


def add_color(group: argparse._ActionsContainer) -> None:
    """Whether the answer is coloured."""
    group.add_argument(
        "--color",
        "--colour",
        choices=("auto", "always", "never"),
        default="auto",
        metavar="WHEN",
        help="auto, always or never",
    )


def add_general(
    parser: argparse.ArgumentParser,
    store: str = "the store (default: LOGTRIAGE_STORE, else the config's, else one in the state folder)",
) -> None:
    """Where things are, and how much is said."""
    group = parser.add_argument_group("in general")
    group.add_argument("--store", metavar="FOLDER", help=store)
    group.add_argument("--config", metavar="FILE", help="read this config file instead of the user's")
    group.add_argument("--no-config", action="store_true", help="read no config file")
    group.add_argument("--no-messages", action="store_true", help="print nothing on standard error")
    group.add_argument("--now", metavar="WHEN", help="take this moment for the present (for tests)")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How sources are read."""
    group = parser.add_argument_group("how logs are read")
    group.add_argument("--format", metavar="ID", help="read every source in this format (see `logtriage formats list`)")
    group.add_argument("--assume-tz", metavar="ZONE", help="the zone of time stamps without one (default UTC)")


def add_display(parser: argparse.ArgumentParser) -> None:
    """The zone that times are shown in."""
    group = parser.add_argument_group("times shown")
    group.add_argument("--utc", action="store_true", help="show times in UTC")
    group.add_argument("--tz", metavar="ZONE", help="show times in this zone, e.g. Europe/Berlin (default: local)")


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Which records; several options must all hold."""
    group = parser.add_argument_group("which records (all conditions must hold)")
    for names, value, what in _FILTERS:
        action = "store" if value == "WHEN" or names == "--trace" else "append"  # all others may be given several times
        group.add_argument(*names.split(), metavar=value, action=action, help=what)


def is_filtered(args: argparse.Namespace) -> bool:
    """Whether any filter is given."""
    return any(getattr(args, names.split()[0].removeprefix("--")) for names, _, _ in _FILTERS)


def number(text: str) -> int:
    """A whole number, not negative, as an argument."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return int(text)


def is_piped() -> bool:
    """Whether standard input is something to read: a pipe or a file, but neither a terminal nor /dev/null."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)
