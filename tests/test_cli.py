"""The command line as a whole: help, config, completion, the library's commands."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from command import called, logtriage

from logtriage import __version__
from logtriage.cli import COMMANDS, main, other_tools
from logtriage.config import load
from logtriage.errors import UsageError
from logtriage.output import csv_row, harmless, shown_time, table, zone_named


def test_help_and_version() -> None:
    """Alone, it prints its help; `--version` its version; both quickly and with exit code 0."""
    ran = logtriage()
    assert ran.code == 0 and all(name in ran.out for name in COMMANDS)
    assert called("--version").out == f"logtriage {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_begins_with_examples(command: str) -> None:
    """What the command does, then examples, then the options, each with a help text."""
    made = import_module(f"logtriage.cli.{command}").parser()
    text = made.format_help()
    assert text.index("examples:") < text.index("--help")
    assert f"logtriage {command}" in text.split("examples:")[1].splitlines()[1]


def test_ctrl_c_while_the_database_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB tells of Ctrl-C by an error of its own; the exit code is 130 then too, and there is no traceback."""

    def run(_: list[str]) -> int:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as why:
            raise RuntimeError("Query interrupted") from why

    monkeypatch.setattr("logtriage.cli.demo.run", run)
    assert main(["demo"]) == 130


def test_an_unknown_command_is_one_line_and_a_hint() -> None:
    """No traceback, exit code 2, and what to do instead."""
    ran = called("tell")
    assert ran.code == 2 and ran.err.startswith("logtriage: there is no command 'tell'\n  hint: ")


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (["grpe", "x"], "grep"), (["ingets"], "ingest"), (["--hlep"], "--help"), (["grep", "--levle", "warn", "x"], "--level"),
        (["grep", "--lev=warn", "x"], "--level"), (["triage", "--jsn"], "--json"), (["store", "info", "--stroe=x"], "--store"),
    ],
)  # fmt: skip
def test_what_was_meant_is_asked(args: list[str], meant: str) -> None:
    """A command or option that does not exist is told with the one that is nearest."""
    ran = called(*args)
    assert (ran.code, ran.out) == (2, "") and f"\n  hint: is it {meant}? " in ran.err and ran.err.count("\n") == 2
    assert "is it" not in called("grep", "--xyzzy", "x").err


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["grep", "-g", "*.log", "x"], "here it is --source GLOB; "), (["cat", "-u", "nginx"], "here it is --service NAME; "),
        (["grep", "--tail=5", "x"], "`logtriage cat` has --tail N; "), (["cat", "-perr", "a"], "here it is --level LEVEL; "),
        (["triage", "--level", "warn", "a"], "`logtriage grep` has --level LEVEL; "),
        (["grep", "-z", "x", "a"], "packed files are read as they are; "), (["cat", "-o", "json"], "here it is --output KIND; "),
        (["grep", "-U", "x"], "a hit is a whole record"), (["cat", "-r", "a"], "records come in order of time"),
        (["tail", "-f", "a"], "here it is logtriage cat --tail 20 LOGS"), (["search", "x"], "here it is logtriage grep PATTERN LOGS"),
    ],
)  # fmt: skip
def test_what_other_programs_have_is_told_by_its_name_here(args: list[str], hint: str) -> None:
    """Options and commands that hands know from ripgrep, tail, journalctl or kubectl are answered with ours in one line."""
    ran = logtriage(*args)
    assert (ran.code, ran.out) == (2, "") and f"\n  hint: {hint}" in ran.err and ran.err.count("\n") == 2


def test_a_file_that_looks_like_an_option_is_told(tmp_path: Path) -> None:
    """Its name is told as it can be typed; no other option is, though `-d` is one of others."""
    (tmp_path / "-db.log").write_text("one\n")
    ran = logtriage("cat", "-db.log", cwd=tmp_path)
    assert ran.code == 2 and "hint: the file of that name is ./-db.log; `logtriage cat --help`" in ran.err
    assert logtriage("cat", "--no-store", "./-db.log", cwd=tmp_path).code == 0


def test_options_named_as_ours_are_there() -> None:
    """What is said to be here, is; and no option of others that is answered is one of grep's or cat's with another meaning."""
    known = {
        name: set(import_module(f"logtriage.cli.{name}").parser()._option_string_actions) for name in ("grep", "cat")
    }
    for ours, theirs in other_tools.tables()["options"].items():
        assert ours.split()[0] in known["cat" if ours.startswith("--tail") else "grep"]
        assert not {one for one in theirs.split() if one[:2] == "--"} & (known["grep"] | known["cat"])
    for ours, theirs in other_tools.tables()["commands"].items():
        assert {one.split()[0] for one in ours.split(", or ")} <= set(COMMANDS)
        assert not set(theirs.split()) & set(COMMANDS)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("timout", "is it timeout? "), ("mem", "is it memory or "), ("oom-kill", "is it kubernetes.oom-killed or linux.oom-kill? "),
        ("hikari", "is it jvm.hikari-timeout or jvm.hikari-"), ("conection", "is it generic.connection-refused or "),
        ("xyzzy", "`logtriage patterns list`"),
    ],
)  # fmt: skip
def test_a_flag_that_nobody_has_is_told_with_those_like_it(name: str, hint: str) -> None:
    """Misspelt, cut short, or only a word of an id: what may be meant is asked."""
    ran = logtriage("grep", "--flag", name, "x", stdin=b"x\n")
    assert ran.code == 2 and f"\n  hint: {hint}" in ran.err


@pytest.mark.parametrize(
    "args", [["grep", "x"], ["grep", "--level", "warn", ""], ["cat"], ["ingest"], ["triage"], ["sessions"]]
)
def test_no_logs_at_all_is_told(args: list[str], tmp_path: Path) -> None:
    """A folder without logs is no answer: exit code 2, and what was passed over; --no-messages keeps silent."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    ran = logtriage(*args, "--store", "st", "photos", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert (
        ran.err.startswith("logtriage: no logs in photos: nothing to look at (1 skipped: a.png (")
        and ran.err.count("\n") == 1
    )
    assert logtriage(*args, "--no-messages", "--store", "st", "photos", cwd=tmp_path).err == ""


def test_what_is_kept_unasked_is_told(tmp_path: Path) -> None:
    """Logs named to a command that reads them into the usual store: it says so, and where; not where a store is named."""
    (tmp_path / "a.log").write_text("2026-03-02 10:00:01 INFO one\n")
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert "1 record kept in the store, " in logtriage("templates", "a.log", cwd=tmp_path, **state).err
    assert "kept" not in logtriage("templates", "a.log", cwd=tmp_path, **state).err  # nothing new
    assert "kept" not in logtriage("templates", "--no-store", "a.log", cwd=tmp_path, **state).err
    assert "kept" not in logtriage("templates", "--store", "st", "a.log", cwd=tmp_path, **state).err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, tmp_path: Path) -> None:
    """The script is right in its shell's own eyes, and knows every command."""
    ran = called("completion", shell)
    assert ran.code == 0 and all(name in ran.out for name in COMMANDS)
    if shutil.which(shell):
        (tmp_path / "script").write_text(ran.out)
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)


def test_bash_completes() -> None:
    """Commands, options and fixed values are completed in bash."""
    if not shutil.which("bash"):
        pytest.skip("there is no bash")
    script = called("completion", "bash").out
    for words, expected in (
        (["logtriage", "gr"], "grep"),
        (["logtriage", "grep", "--ou"], "--output"),
        (["logtriage", "grep", "--output", "js"], "jsonl"),
        (["logtriage", "store", "pr"], "prune"),
    ):
        ask = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _logtriage; echo ${{COMPREPLY[*]}}"
        ran = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True)
        assert ran.stdout.split() == [expected]


def test_config_precedence(tmp_path: Path) -> None:
    """A flag wins over the environment, that over the user's file."""
    (tmp_path / "a.log").write_text("2026-03-02 10:00:01 INFO one\n")
    (tmp_path / "config.toml").write_text('assume_tz = "+01:00"\ntz = "Asia/Tokyo"\n')

    def shown(*args: str, **env: str) -> str:
        command = ["grep", "--config", "config.toml", *args, "--level", "info", "one", "a.log"]
        return called(*command, cwd=tmp_path, **env).out[:29].strip()

    assert shown() == "2026-03-02 18:00:01.000+09:00"
    assert shown(LOGTRIAGE_TZ="UTC") == "2026-03-02 09:00:01.000Z"
    assert shown("--tz", "+02:00", LOGTRIAGE_TZ="UTC") == "2026-03-02 11:00:01.000+02:00"
    assert shown("--assume-tz", "UTC", "--utc") == "2026-03-02 10:00:01.000Z"
    assert shown("--no-config") == "2026-03-02 10:00:01.000Z"


def test_zone_by_source(tmp_path: Path) -> None:
    """[[source]] in the config gives the zone of one source's stamps."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("2026-03-02 10:00:01 INFO one\n")
    (tmp_path / "config.toml").write_text('[[source]]\nglob = "b.log"\nassume_tz = "+03:00"\n')
    ran = called("grep", "--config", "config.toml", "--utc", "one", "a.log", "b.log", cwd=tmp_path)
    assert [line.split()[1:3] for line in ran.lines] == [["07:00:01.000Z", "b.log"], ["10:00:01.000Z", "a.log"]]


@pytest.mark.parametrize("text", ["nonsense = 1", "store = 5", "not toml", "patterns = 'a'", "[[source]]\nglob = 'x'"])
def test_a_wrong_config_is_told(tmp_path: Path, text: str) -> None:
    """The file is named, and what is wrong in it."""
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(UsageError, match=r"config\.toml"):
        load(tmp_path / "config.toml", environ={})


def test_paths_in_the_config_lie_beside_it(tmp_path: Path) -> None:
    """Relative paths are relative to the file, `~` is the home folder."""
    (tmp_path / "config.toml").write_text('store = "st"\npatterns = ["mine", "/abs"]\n')
    config = load(tmp_path / "config.toml", environ={})
    assert (config.store, config.patterns) == (tmp_path / "st", (tmp_path / "mine", Path("/abs")))


def test_own_patterns_win(tmp_path: Path) -> None:
    """A signature of the config's folder is used, shown and checked like a shipped one."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.toml").write_text(
        "[[pattern]]\nid = 'own.flux'\ntitle = 'The flux is gone'\nseverity = 'fatal'\ncategory = 'hardware'\n"
        "regex = 'flux (?P<reason>\\w+)'\nadvice = 'Buy flux.'\n"
        "[[pattern.example]]\ntext = 'flux empty'\ngives = { reason = 'empty' }\n[[pattern.reject]]\ntext = 'fluxes'\n"
    )
    (tmp_path / "config.toml").write_text('patterns = ["mine"]\n')
    ran = called("patterns", "test", "--config", "config.toml", "the flux ended", cwd=tmp_path)
    assert ran.code == 0 and "own.flux" in ran.out and "reason = ended" in ran.out
    assert called("patterns", "show", "--config", "config.toml", "own.flux", cwd=tmp_path).code == 0
    assert called("patterns", "check", "mine", cwd=tmp_path).code == 0
    (tmp_path / "mine" / "own.toml").write_text("[[pattern]]\nid = 'own.flux'\n")
    assert called("patterns", "check", "mine", cwd=tmp_path).code == 2
    assert called("patterns", "test", "nothing special at all").code == 1


def test_formats(tmp_path: Path) -> None:
    """`list`, `show` and `detect` tell what is known, and how a log is read."""
    (tmp_path / "a.log").write_text(
        "2026/01/02 03:04:05 [error] 31#31: *7 connect() failed (111: Connection refused)\n"
    )
    ran = called("formats", "detect", "a.log", cwd=tmp_path)
    assert ran.code == 0 and "nginx-error: 1 record\n" in ran.out and "2026-01-02T03:04:05" in ran.out
    assert "nginx-error" in called("formats", "list", "nginx").out
    assert "regex" in called("formats", "show", "nginx-error").out
    assert called("formats", "show", "nope").code == 2


def test_text_cannot_talk_to_the_terminal() -> None:
    """Control characters, C1 codes and direction marks become visible ones, one for one; text in any script stays."""
    assert harmless("a\x1b[2J\x07\x9b\u202eb\x7f") == "a␛[2J␇\ufffd\ufffdb␡"
    assert harmless("Grüße, 世界\t😀") == "Grüße, 世界\t😀"


@pytest.mark.parametrize(
    "command",
    [("ingest", "--store", "st"), ("grep", "x"), ("cat",), ("cat", "--tail", "3"), ("templates", "--no-store")],
)
def test_files_without_a_log_are_told(command: tuple[str, ...], tmp_path: Path) -> None:
    """An empty file, or a binary that is named, is read, and told not to be a log; a log and a file of /proc are logs."""
    (tmp_path / "quiet.log").touch()
    (tmp_path / "a.log").write_text("2026-03-02 10:00:00 INFO x done\n")
    (tmp_path / "tool").write_bytes(b"\x7fELF" + bytes(range(256)))
    ran = called(*command, "quiet.log", "a.log", "tool", "/proc/self/status", cwd=tmp_path)
    assert "2 without a log: quiet.log (empty), tool (a program)" in ran.err


def test_detect_shows_the_beginning_of_a_long_value(tmp_path: Path) -> None:
    """A body of many kilobytes is cut where formats are shown."""
    (tmp_path / "a.log").write_text(f"2026-03-02 10:00:00 INFO {'x' * 20_000}\n")
    assert len(called("formats", "detect", "a.log", cwd=tmp_path).out) < 2_000


@pytest.mark.parametrize(("args", "said"), [
    (("grep", "x", "--levl", "warn"), "there is no option '--levl'\n  hint: is it --level? "),
    (("grep", "x", "--output", "xml"), "--output 'xml' is none of text, jsonl, logfmt, csv, raw"),
    (("formats", "lst"), "'lst' is none of list, show, check, detect\n  hint: is it list? "),
    (("formats", "show", "nginx-eror"), "there is no format 'nginx-eror'\n  hint: is it nginx-error? "),
    (("patterns", "show", "linux.oom-kil"), "there is no signature 'linux.oom-kil'\n  hint: is it linux.oom-kill? "),
    (("grep", "x", "--format", "nginx-eror"), "there is no format 'nginx-eror'"),
    (("cat", "--assume-tz", "Mars"), "no time zone is named 'Mars'"),
    (("cat", "--tz", "berlin"), "hint: is it Europe/Berlin? UTC, an offset"),
    (("cat", "--now", "then"), "'then' is no moment in time"),
    (("store", "compact", "--store", "nowhere"), "there is no store at nowhere"),
])  # fmt: skip
def test_what_is_not_known_is_told(args: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """An option, a choice, a name or a place that there is not ends the command with one line, and the nearest there is."""
    ran = called(*args, cwd=tmp_path)
    assert ran.code == 2 and said in ran.err and "Traceback" not in ran.err
    assert not (tmp_path / "nowhere").exists()


def test_csv_cells() -> None:
    """Formulas are defused, numbers stay numbers, quotes are doubled."""
    assert csv_row(["=1+1", "-5", "@x", 'a "b"', "c,d", None, "-a"]) == '\'=1+1,-5,\'@x,"a ""b""","c,d",,\'-a'


def test_times() -> None:
    """A time is shown in its zone with the offset; zones are found by name."""
    from datetime import datetime

    moment = datetime(2026, 7, 1, 12, 0, 0, 5000)
    assert shown_time(moment, zone_named("Europe/Berlin")) == "2026-07-01 14:00:00.005+02:00"
    assert shown_time(moment, zone_named("UTC")).strip() == "2026-07-01 12:00:00.005Z"


def test_table() -> None:
    """Numbers stand on the right, texts on the left, line breaks are shown."""
    assert table(["a", "n"], [["x\ny", 5], ["z", None]]).splitlines() == ["a    n", "---  -", "x⏎y  5", "z"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["patterns"], "list, show, check, test or add?"), (["store"], "info, compact, prune or check?"),
        (["sql"], "[FILE] QUERY is missing"), (["patterns", "test", "hello"], "no signature fits this text"),
        (["app.log"], "to look at it: logtriage tui app.log"), (["cat", "--tail", "1", "-m", "1", "app.log"], "--tail, -m and --follow go one by one"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(command: list[str], says: str, tmp_path: Path) -> None:
    """A command that lacks something, or that finds nothing, says what in its one line."""
    (tmp_path / "app.log").write_text("hello\n")
    ran = called(*command, cwd=tmp_path)
    assert ran.code != 0 and says in ran.err


def test_help_by_its_letter() -> None:
    """`-h` is help wherever it is not grep's."""
    for command in COMMANDS:
        ran = called(command, "-h") if command != "grep" else called(command, "--help")
        assert ran.code == 0 and "examples:" in ran.out, command


def test_tail(tmp_path: Path) -> None:
    """`cat --tail N` prints the last records, of all sources together or of the last one where they are not merged, from
    files as from the store, filtered or not."""
    for name in ("a.log", "b.log"):
        at = 1 if name == "a.log" else 0
        lines = (f"2026-03-02 10:00:{2 * n + at:02} {'ERROR' if n < 3 else 'INFO'} {name} {n}\n" for n in range(5))
        (tmp_path / name).write_text("".join(lines))
    called("ingest", "--store", "st", "a.log", "b.log", cwd=tmp_path)
    for more in (["--no-store", "a.log", "b.log"], ["--store", "st"]):
        ran = called("cat", "--tail", "3", *more, cwd=tmp_path)
        assert [line.split()[-2:] for line in ran.lines] == [["a.log", "3"], ["b.log", "4"], ["a.log", "4"]], ran.err
        assert "2 sources; 3 records" in ran.err
        ran = called("cat", "--tail", "1", "--level", "error", "--output", "jsonl", *more, cwd=tmp_path)
        assert [json.loads(line)["body"] for line in ran.lines] == ["b.log 2"]


def test_triage_says_what_it_looked_at(tmp_path: Path) -> None:
    """triage and report end with the coverage line; grep's habit of -r changes nothing; the sources are counted alike."""
    write = (f"2026-03-02 10:{n // 60:02}:{n % 60:02} INFO request {n} served\n" for n in range(300))
    (tmp_path / "a.log").write_text("".join(write))
    (tmp_path / "a.log.1").write_text("2026-03-02 09:59:59 INFO request 1 served\n")
    for command in (["triage"], ["report"], ["grep", "-r", "served"]):
        ran = called(*command, "--no-store", ".", cwd=tmp_path)
        assert "2 sources; 301 " in ran.err and "2026-03-02 09:59" in ran.err, (command, ran.err)
    called("ingest", "--store", "st", ".", cwd=tmp_path)
    for command in (["grep", "-c"], ["grep"]):
        assert "2 sources; " in called(*command, "--store", "st", "served", cwd=tmp_path).err


def test_what_is_called_here_is_what_a_process_gives(tmp_path: Path) -> None:
    """Exit code and all that is printed are the same, byte for byte, so that most tests need no process."""
    (tmp_path / "a.log").write_bytes("2026-03-02 10:00:01 ERROR naïve \u2028 caf\xe9\r\n".encode() + b"\xff\n")
    for args in (
        ["grep", "-n", "na", "a.log"], ["grep", "--output", "raw", "na", "a.log"], ["cat", "--output", "csv", "a.log"],
        ["ingest", "--store", "st", "a.log"], ["grep", "nowhere", "a.log"], ["grep", "--nosuch"], ["grep", "na", "b.log"],
    ):  # fmt: skip
        given = []
        for how in (called, logtriage):
            given.append(how(*args, cwd=tmp_path))
            shutil.rmtree(tmp_path / "st", ignore_errors=True)
        assert given[0] == given[1], args
