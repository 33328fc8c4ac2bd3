"""What hands type that know ripgrep, tail, journalctl, kubectl, docker or stern, and what it is called here."""

from __future__ import annotations

from collections.abc import Container

# an option here and its value, and the options of others that mean it
_OPTIONS = (
    ("--service NAME", "-u --unit --user-unit --identifier --tag --app -l --selector"),
    ("--source GLOB", "-g --glob --iglob --include -t --type"),
    ("--container GLOB", "-c --container-name"),
    ("--namespace GLOB", "--ns"),
    ("--level LEVEL", "-p --priority --severity --min-level"),
    ("--tail N", "-n --lines --limit --last"),
    ("-m N", "--head"),
    ("--follow", "-f -F --retry --watch"),
    ("--since WHEN", "-S --from --after --start"),
    ("--until WHEN", "--to --before --end"),
    ("--output KIND", "-o --jsonl --csv"),
    ("--color always", "--pretty --ansi --colors"),
    ("--field EXPR (status>=500)", "--query --where --filter"),
    ("-c", "--count-matches"),
    ("--utc", "--gmt"),
)
# why there is no such option, and none is needed
_NEEDLESS = (
    ("packed files are read as they are", "-z -Z --search-zip --decompress"),
    ("a hit is a whole record, with its stack trace", "-U --multiline --multiline-dotall"),
    ("there are no headings; grep's -H puts source names in front, -I leaves them out", "--heading --no-heading --prefix"),
    (
        "folders are gone through, and links followed; what is passed over is counted, and read where it is named",
        "-L --dereference --hidden -. --unrestricted --no-ignore --binary -d --max-depth --exclude --exclude-dir -R -a --text",
    ),
    ("records come in order of time; `logtriage cat --tail N` gives the last ones", "-r --reverse --sort --sortr"),
    ("nothing is cut or paged", "--no-pager -e --pager-end --full --trim -M --max-columns"),
    ("encodings are told by the files", "--encoding"),
    ("times are always shown, in the zone of --tz", "--timestamps"),
    ("every log that is named, or in the store, is looked at", "--previous -b --boot --all-containers -A --merge -k --dmesg"),
    ("it takes the processors it needs", "-j --threads --mmap --no-mmap"),
    ("grep's -n gives line numbers, and --output jsonl offsets too", "--vimgrep --column --byte-offset"),
    ("`logtriage store info` names what is in the store", "--files --type-list --list-boots --fields"),
    ("grep changes nothing that it shows; `| sed` does", "--replace --passthru"),
)  # fmt: skip
_COMMANDS = {
    "tail": "cat --tail 20 LOGS, or cat --follow LOGS", "head": "cat -m 20 LOGS", "follow": "cat --follow LOGS",
    "logs": "cat --container NAME LOGS", "less": "tui LOGS", "view": "tui LOGS", "open": "tui LOGS", "show": "tui LOGS",
    "search": "grep PATTERN LOGS", "find": "grep PATTERN LOGS", "rg": "grep PATTERN LOGS", "count": "grep -c PATTERN LOGS",
    "query": "sql QUERY", "export": "cat --output csv LOGS, or sql --output parquet FILE QUERY",
    "diff": "templates --diff A B", "compare": "templates --diff A B", "new": "templates --new 1h LOGS",
    "top": "templates LOGS", "stats": "templates LOGS", "traces": "sessions --by trace_id LOGS", "trace": "grep --trace ID ''",
    "load": "ingest LOGS", "import": "ingest LOGS", "add": "ingest LOGS", "index": "ingest LOGS", "watch": "cat --follow LOGS",
    "info": "store info", "status": "store info", "analyze": "triage LOGS", "why": "triage LOGS",
}  # fmt: skip


def option_here(word: str, known: Container[str]) -> str:
    """What an option of other programs is in a command that has the options `known`, as a hint; empty if nobody knows."""
    name = word.partition("=")[0]
    if name[:2] != "--":
        name = name[:2]  # -j4
    for ours, theirs in _OPTIONS:
        option = ours.split()[0]
        if name == option or name in theirs.split():
            return f"here it is {ours}; " if option in known else f"`logtriage {_having(option)}` has {ours}; "
    return next((f"{why}; " for why, theirs in _NEEDLESS if name in theirs.split()), "")


def _having(option: str) -> str:
    return "cat" if option == "--tail" else "grep"


def command_here(word: str) -> str:
    """The command that does what a command of other programs does, as a hint; empty if nobody knows."""
    return f"here it is logtriage {ours}; " if (ours := _COMMANDS.get(word)) else ""
