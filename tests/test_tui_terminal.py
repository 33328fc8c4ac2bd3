"""The screen in a real terminal (tmux), driven as a person would; and how it looks, kept as plain text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stores import fill, write_sources

import logtriage
from logtriage.store.store import Store

ROOT = Path(logtriage.__file__).parent.parent
TMUX = shutil.which("tmux")
_PATIENCE = 240.0  # seconds; an ingest beside the screen stands back behind all others


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminal")
    fill(folder / "store", write_sources(folder))
    return folder / "store"


class Terminal:
    """A terminal of its own."""

    def __init__(self, name: str) -> None:
        self._name = name

    def tmux(self, *arguments: str) -> str:
        command = [TMUX or "tmux", "-L", self._name, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def start(self, command: str, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "TZ": "UTC", "PS1": "$ "}
        start = [
            TMUX or "tmux",
            "-L",
            self._name,
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "30",
            "sh",
        ]
        subprocess.run(start, check=True, env=environment, cwd=folder)
        self.keys(command, "Enter")

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def text(self) -> str:
        return self.tmux("capture-pane", "-p")

    def wait(self, holds: Callable[[], bool]) -> None:
        """Waits for something outside."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.05)  # another process: there is nothing to wait for

    def until(self, holds: Callable[[str], bool]) -> str:
        end = time.monotonic() + _PATIENCE
        while not holds(text := self.text()):
            assert time.monotonic() < end, f"it did not happen; on the screen is\n{text}"
            time.sleep(0.05)  # another process: there is nothing to wait for
        return text


def opened(name: str) -> Iterator[Terminal]:
    if TMUX is None:
        pytest.skip("tmux is not here")
    yield Terminal(name)
    subprocess.run([TMUX, "-L", name, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    yield from opened(f"logtriage-{os.getpid()}-{tmp_path.name}")


@pytest.fixture
def again(tmp_path: Path) -> Iterator[Terminal]:
    """Another one, for later."""
    yield from opened(f"logtriage-{os.getpid()}-{tmp_path.name}-again")


def test_a_look_around(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    """Open, search, filter, make the terminal small and large, to the shell and back, quit: as it should be."""
    command = f"{sys.executable} -m logtriage tui --no-config --utc --store {store}"
    terminal.start(command, tmp_path)
    terminal.until(lambda text: "304 records" in text and "10:02:1" in text)
    terminal.keys("/")
    terminal.until(lambda text: "\n /" in text)
    terminal.keys("-l", "refused")
    terminal.until(lambda text: " of 304" in text)
    terminal.keys("Enter")
    terminal.until(lambda text: "following" not in text)
    terminal.keys("&")
    terminal.until(lambda text: "& filter" in text)
    terminal.keys("-l", "level:error")
    terminal.keys("Enter")
    terminal.until(lambda text: "1 filter" in text and "level ≥ error" in text)
    terminal.tmux("resize-window", "-x", "20", "-y", "5")
    terminal.until(lambda text: len(text.rstrip("\n").split("\n")) <= 5)
    terminal.tmux("resize-window", "-x", "100", "-y", "30")
    terminal.until(lambda text: "1 filter" in text and text.count("\n") > 20)
    terminal.keys("C-z")
    terminal.until(lambda text: "level ≥ error" not in text)
    terminal.keys("fg", "Enter")
    terminal.until(lambda text: "level ≥ error" in text and "request failed" in text)
    terminal.keys("q")
    terminal.until(lambda text: "1 filter" not in text)
    terminal.keys("echo code $?", "Enter")
    terminal.until(lambda text: "code 0" in text)


def test_logs_never_seen(terminal: Terminal, tmp_path: Path) -> None:
    """Logs named on the command line can be read at once from their end, are then in the store, and are followed."""
    log = tmp_path / "app.log"
    log.write_text("".join(f"2026-03-04 10:{k // 60:02}:{k % 60:02} INFO beat {k}\n" for k in range(600)))
    command = f"{sys.executable} -m logtriage tui --no-config --utc --store {tmp_path / 'store'} {log}; echo code $?"
    terminal.start(command, tmp_path)
    terminal.until(lambda text: "beat 599" in text)
    terminal.until(lambda text: "600 records" in text and "following" in text)
    terminal.keys("g")
    terminal.until(lambda text: "beat 0 " in text)
    terminal.keys("G")
    terminal.until(lambda text: "beat 599" in text and "following" in text)
    with open(log, "a") as file:
        file.write("2026-03-04 10:10:00 ERROR and one more\n")
    terminal.until(lambda text: "and one more" in text)
    terminal.keys("q")
    terminal.until(lambda text: "code 0" in text)


def test_others_may_write_while_it_is_suspended(terminal: Terminal, tmp_path: Path) -> None:
    """In the shell that `^z` leads to another ingest has the store to itself; `fg` reads on what was written meanwhile."""
    log, other, store = tmp_path / "app.log", tmp_path / "other.log", tmp_path / "store"
    log.write_text("2026-03-04 10:00:00 INFO the first\n")
    other.write_text("2026-03-04 10:00:01 INFO of another one\n")
    program = f"{sys.executable} -m logtriage"
    terminal.start(f"{program} tui --no-config --utc --store {store} {log}", tmp_path)
    terminal.until(lambda text: "1 record " in text and "following" in text)
    terminal.keys("C-z")
    terminal.until(lambda text: "the first" not in text)
    terminal.keys(f"clear; {program} ingest --no-config --store {store} {other}; echo code $?", "Enter")
    terminal.until(lambda text: "code 0" in text)
    with open(log, "a") as file:
        file.write("2026-03-04 10:00:02 INFO written meanwhile\n")
    terminal.keys("clear; fg", "Enter")
    terminal.until(lambda text: "written meanwhile" in text and "reading has stopped" not in text)
    terminal.keys("q")
    terminal.until(lambda text: "written meanwhile" not in text)


PIPED = "for k in 1 2 3; do echo 2026-03-04 10:00:0$k INFO beat $k; done; cat {fifo}; echo 2026-03-04 10:00:09 WARN the last"


@pytest.mark.parametrize("called", ["tui -", "tui", ""])
def test_what_is_piped_in(terminal: Terminal, tmp_path: Path, called: str) -> None:
    """Lines of a command are shown as they come, while keys are those of the terminal; when it ends, the screen stays. What
    was piped in before is not shown with them."""
    fifo, store = tmp_path / "fifo", tmp_path / "store"
    os.mkfifo(fifo)
    before = f"{sys.executable} -m logtriage ingest --no-config --store {store} -"
    subprocess.run(
        before.split(), input=b"2026-03-03 10:00:00 INFO of yesterday\n", check=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    # without a command there are no options
    options = f"--no-config --utc --store {store}" if called else ""
    feed = PIPED.format(fifo=fifo)
    command = (
        f"export LOGTRIAGE_STORE={store}; ({feed}) | {sys.executable} -m logtriage {called} {options}; echo code $?"
    )
    terminal.start(command, tmp_path)
    terminal.until(lambda text: "beat 3" in text and "following" in text)
    assert "of yesterday" not in terminal.text()
    with open(fifo, "w") as file:
        file.write("2026-03-04 10:00:05 ERROR as it comes\n")
        file.flush()
        terminal.until(lambda text: "as it comes" in text)
        terminal.keys("k")
        terminal.until(lambda text: "following" not in text)
    terminal.until(lambda text: "standard input has ended" in text)
    terminal.keys("G")
    terminal.until(lambda text: "the last" in text)
    terminal.keys("q")
    terminal.until(lambda text: "code 0" in text)


def has_ended(pid: int) -> bool:
    """Whether a process is no more; one that nobody has taken notice of yet is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_pipe_beside_a_store_in_use(terminal: Terminal, tmp_path: Path) -> None:
    """While another process writes to the store, what is piped in is shown all the same, and it is said that it is not kept;
    logs that are missing are told too."""
    store = tmp_path / "store"
    command = f"seq 30 | {sys.executable} -m logtriage tui --no-config --store {store} - missing; echo code $?"
    with Store(store, write=True):
        terminal.start(command, tmp_path)
        terminal.until(lambda text: "missing: No such file" in text and "not kept, as another process" in text)
        terminal.until(lambda text: "30 records" in text)
        terminal.keys("q")
        terminal.until(lambda text: "code 0" in text)


def test_a_folder_without_logs(terminal: Terminal, tmp_path: Path) -> None:
    """Where there is nothing to look at, that is said."""
    (tmp_path / "empty").mkdir()
    terminal.start(f"{sys.executable} -m logtriage tui --no-config empty; echo code $?", tmp_path)
    terminal.until(lambda text: "no logs in empty: nothing to look at" in text and "code 2" in text)


def test_a_dropped_connection(terminal: Terminal, again: Terminal, tmp_path: Path) -> None:
    """When the terminal goes away, filters and marks are kept, the ingest ends too, and the next start goes on with them."""
    log, store = tmp_path / "app.log", tmp_path / "store"
    log.write_text("".join(f"2026-03-04 10:00:{k:02} {'WARN' if k % 2 else 'INFO'} beat {k}\n" for k in range(60)))
    fill(store, [log])
    command = (
        f"export LOGTRIAGE_STORE={tmp_path / 'home'}; "
        f"{sys.executable} -m logtriage tui --no-config --utc --store {store}"
    )
    terminal.start(f"{command} {log}", tmp_path)
    terminal.until(lambda text: "60 records" in text and "following" in text)
    terminal.keys("m", "&")
    terminal.until(lambda text: "& filter" in text)
    terminal.keys("-l", "level:warn")
    terminal.keys("Enter")
    terminal.until(lambda text: "30 of 60" in text)
    lock = store / "lock"
    terminal.wait(
        lambda: int(lock.read_text() or os.getpid()) != os.getpid()
    )  # the ingest is beside the screen, and begins later
    writer = int(lock.read_text())
    terminal.tmux("kill-server")
    terminal.wait(lambda: any("warn" in one.read_text() for one in tmp_path.glob("home/sessions/.last*")))
    terminal.wait(lambda: has_ended(writer))
    assert "beat" not in (store / "marks.json").read_text() and "offset" in (store / "marks.json").read_text()
    terminal = again
    terminal.start(command, tmp_path)
    terminal.until(lambda text: "cut off is back" in text)
    terminal.until(lambda text: "30 of 60" in text)
    terminal.keys("C-f")
    terminal.until(lambda text: "●" in text)
    terminal.keys("q")
    terminal.until(lambda text: "30 of 60" not in text)


def test_what_is_wrong_is_one_line(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    """Logs that are not there end the command as any other, though the store is being opened already."""
    command = f"{sys.executable} -m logtriage tui --no-config --store {store} nosuch.log; echo code $?"
    terminal.start(command, tmp_path)
    text = terminal.until(lambda text: re.search(r"code \d", text) is not None)
    assert "code 2" in text and "nosuch.log: No such file" in text and "terminate" not in text


def test_no_thread_holds_the_process(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    """The command ends though a thread of the screen's library goes on, as Textual's for keys does after a `q` just behind `fg`."""
    held = (
        "import threading; from logtriage.tui.app import Logtriage; from logtriage.cli.tui import run; "
        "Logtriage.run = lambda self: threading.Thread(target=threading.Event().wait).start(); "
        f"raise SystemExit(run(['--no-config', '--store', '{store}']))"
    )
    terminal.start(f'{sys.executable} -c "{held}"; echo code $?', tmp_path)
    terminal.until(lambda text: "code 0" in text)
