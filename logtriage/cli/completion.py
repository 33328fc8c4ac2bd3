"""`logtriage completion SHELL`: a script that completes commands, options and their values."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from importlib import import_module

from logtriage.cli import COMMANDS
from logtriage.cli.options import Parser
from logtriage.query.query import LEVELS

EXAMPLES = """\
  source <(logtriage completion bash)             in ~/.bashrc
  logtriage completion zsh > ~/.zfunc/_logtriage  where fpath finds it
  logtriage completion fish > ~/.config/fish/completions/logtriage.fish
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser("completion", "Prints a completion script.", EXAMPLES)
    made.add_argument("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish")
    return made


def run(argv: list[str]) -> int:
    """Exit code 0."""
    shell = parser().parse_args(argv).shell
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](), end="")
    return 0


def _actions(command: str) -> list[argparse.Action]:
    made: Parser = import_module(f"logtriage.cli.{command}").parser()
    return [action for action in made._actions if action.help != argparse.SUPPRESS]


def _options(command: str) -> list[str]:
    return [option for action in _actions(command) for option in action.option_strings]


def _words(command: str) -> list[str]:
    """The fixed values of a command's first argument."""
    first = next((action for action in _actions(command) if not action.option_strings), None)
    return list(map(str, first.choices)) if first is not None and first.choices else []


def _values(command: str) -> dict[str, list[str]]:
    """Option → the values it takes, where they are fixed."""
    made = {option: list(map(str, a.choices)) for a in _actions(command) if a.choices for option in a.option_strings}
    return made | ({"--level": list(LEVELS)} if "--level" in _options(command) else {})


def _list(words: Iterable[str]) -> str:
    return " ".join(words)


def _bash() -> str:
    cases = ""
    for command in COMMANDS:
        cases += f'    {command})\n        case "$prev" in\n'
        for option, values in _values(command).items():
            cases += f'            {option}) COMPREPLY=($(compgen -W "{_list(values)}" -- "$cur")); return ;;\n'
        cases += f'            *) ;;\n        esac\n        options="{_list(_options(command))}"; '
        cases += f'words="{_list(_words(command))}" ;;\n'
    return (
        "_logtriage() {\n"
        '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" options="" words=""\n'
        "    COMPREPLY=()\n"
        '    if [ "$COMP_CWORD" -eq 1 ]; then\n'
        f'        COMPREPLY=($(compgen -W "{_list(COMMANDS)} --help --version" -- "$cur")); return\n'
        "    fi\n"
        '    case "${COMP_WORDS[1]}" in\n' + cases + "    esac\n"
        '    if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$cur"))\n'
        '    elif [ -n "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$words" -- "$cur"))\n'
        "    fi\n"
        "}\n"
        "complete -o default -F _logtriage logtriage\n"
    )


def _zsh() -> str:
    commands = "\n".join(f"    '{name}:{_quoted(what)}'" for name, what in COMMANDS.items())
    cases = ""
    for command in COMMANDS:
        specs = []
        for action in _actions(command):
            takes = (
                ""
                if action.nargs == 0
                else f":{(action.metavar or 'value')}:({' '.join(map(str, action.choices))})"
                if action.choices
                else ":value:_files"
            )
            specs += [f"'{option}[{_quoted(action.help or '')}]{takes}'" for option in action.option_strings]
        words = _words(command)
        first = f"'1:action:({' '.join(words)})'" if words else ""
        cases += f"    {command}) _arguments -s {' '.join(specs)} {first} '*:file:_files' ;;\n"
    return (
        "#compdef logtriage\n_logtriage() {\n  local -a commands=(\n" + commands + "\n  )\n"
        "  if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
        '  local command="$words[2]"\n  shift words; (( CURRENT-- ))\n  case "$command" in\n' + cases + "  esac\n}\n"
        'if [ "$funcstack[1]" = "_logtriage" ]; then _logtriage "$@"; else compdef _logtriage logtriage; fi\n'
    )


def _fish() -> str:
    out = [
        f"complete -c logtriage -n __fish_use_subcommand -a {name} -d '{_fish_quoted(what)}'"
        for name, what in COMMANDS.items()
    ]
    for command in COMMANDS:
        seen = f"-n '__fish_seen_subcommand_from {command}'"
        out += [f"complete -c logtriage {seen} -a '{word}'" for word in _words(command)]
        for action in _actions(command):
            names = " ".join(f"-l {o[2:]}" if o.startswith("--") else f"-s {o[1:]}" for o in action.option_strings)
            if names:
                values = (
                    f" -x -a '{' '.join(map(str, action.choices))}'"
                    if action.choices
                    else ""
                    if action.nargs == 0
                    else " -r"
                )
                out.append(f"complete -c logtriage {seen} {names}{values} -d '{_fish_quoted(action.help or '')}'")
    return "\n".join(out) + "\n"


def _quoted(text: str) -> str:
    """A help text inside zsh's quotes and brackets."""
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _fish_quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
