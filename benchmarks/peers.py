"""The same work by logtriage and by tools that people already have, side by side on this machine.

    python benchmarks/peers.py [--lines N] [--rounds N]

Prints for each piece of work both times and their ratio (below 1: logtriage is quicker, or smaller). A tool that is not
installed (rg, lnav, zstd, victoria-logs) is skipped. Whole commands are timed, start included (but for the start of a
server), with the files in the page cache; of the rounds, in which both take turns, the best counts.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import victorialogs

from logtriage.demo import write_flat

LOGTRIAGE = [sys.executable, "-m", "logtriage"]
LITERAL = "SocketTimeoutException"
REGEX = "Attempt [0-9]/3 to reserve for order [0-9]+"
# What is looked for in the store, and how.
STORED = {
    "literal": (LITERAL,),
    "literal -c": ("-c", LITERAL),
    "absent": ("no such words",),
    "words and a number": ("order 7031400",),
    "number": ("7031400",),
    "id": ("e1d6e5f2b89e28963a997cc27f10619b",),
}


class Bench:
    """Files to work on, and what was found so far."""

    def __init__(self, folder: Path, lines: int, rounds: int) -> None:
        self.folder, self.lines, self.rounds = folder, lines, rounds
        own = {"LOGTRIAGE_STORE": "store", "XDG_CACHE_HOME": "cache", "HOME": ""}
        self.environment = {**os.environ, **{name: str(folder / place) for name, place in own.items()}}

    def log(self, family: str) -> Path:
        """The log of a family, written when it is first asked for."""
        path = self.folder / f"{family}.log"
        if not path.exists():
            write_flat(path, lines=self.lines, kind=family)
        return path

    def run(self, command: Sequence[str]) -> bytes:
        """A command's output; it may find nothing (exit code 1), but must not fail."""
        ran = subprocess.run(command, env=self.environment, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if ran.returncode > 1:
            sys.exit(f"{' '.join(command)}: {ran.stderr.decode(errors='replace').strip()}")
        return ran.stdout

    def timed(self, command: Sequence[str]) -> float:
        """How many seconds a command takes."""
        began = time.perf_counter()
        self.run(command)
        return time.perf_counter() - began

    def versus(
        self,
        work: str,
        peer: str,
        ours: Sequence[str],
        theirs: Sequence[str] | Callable[[], float],
        before: Callable[[], object] = lambda: None,
    ) -> None:
        """Prints how long both take; `before` is done before each of our rounds. `theirs`: a command, or what measures itself
        and gives seconds."""
        if not callable(theirs) and not shutil.which(theirs[0]):
            print(f"{work:<34} {theirs[0]} is not installed: skipped")
            return
        best = [float("inf"), float("inf")]
        for _ in range(self.rounds):
            before()
            best[0] = min(best[0], self.timed(ours))
            best[1] = min(best[1], theirs() if callable(theirs) else self.timed(theirs))
        print(
            f"{work:<34} logtriage {best[0]:7.3f} s   {peer:<12} {best[1]:7.3f} s   {best[0] / best[1]:6.2f} ×",
            flush=True,
        )

    def same(self, ours: Sequence[str], theirs: Sequence[str]) -> None:
        """Before anything is timed: both must find the same number of lines."""
        if shutil.which(theirs[0]):
            counts = [int(self.run(command).split(b":")[-1] or 0) for command in (ours, theirs)]
            if counts[0] != counts[1]:
                sys.exit(f"{' '.join(ours)} finds {counts[0]}, {' '.join(theirs)} finds {counts[1]}")


def searching(bench: Bench) -> None:
    """grep straight through files, plain and compressed, and out of the store."""
    log = bench.log("log4j")
    packed = bench.folder / "packed" / "app.log.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(log.read_bytes(), 6))
    for name, pattern in (("literal", LITERAL), ("regex", REGEX)):
        ours, theirs = [*LOGTRIAGE, "grep", pattern, str(log)], ["rg", "-N", pattern, str(log)]
        bench.same([*LOGTRIAGE, "grep", "-c", "--no-store", pattern, str(log)], ["rg", "-c", pattern, str(log)])
        bench.versus(f"grep a file, {name}", "rg", [*ours, "--no-store"], theirs)
        bench.versus(
            f"grep a gz, {name}",
            "rg -z",
            [*LOGTRIAGE, "grep", "--no-store", pattern, str(packed)],
            ["rg", "-zN", pattern, str(packed)],
        )
    bench.run([*LOGTRIAGE, "ingest", str(log)])
    for name, arguments in STORED.items():
        ours = [*LOGTRIAGE, "grep", "-F", *arguments]
        bench.versus(f"grep the store, {name}", "rg", ours, ["rg", "-NF", *arguments, str(log)])
        bench.versus(f"grep the store, {name}", "rg -z", ours, ["rg", "-zNF", *arguments, str(packed)])
    one = bench.folder / "one.log"
    one.write_text("2026-01-14T02:40:00Z ERROR one line\n")
    bench.versus(
        "grep a file of one line",
        "duckdb",
        [*LOGTRIAGE, "grep", "line", str(one)],
        [sys.executable, "-c", "import duckdb"],
    )


def taking_in(bench: Bench) -> None:
    """Ingest against lnav's index, which stores nothing; and the store's size against zstd's file."""
    store = bench.folder / "store"
    for family in ("log4j", "docker-json"):
        log = bench.log(family)
        bench.versus(
            f"ingest {family}", "lnav", [*LOGTRIAGE, "ingest", str(log)], ["lnav", "-n", "-c", ":goto 100%", str(log)],
            before=lambda: shutil.rmtree(store, ignore_errors=True),
        )  # fmt: skip
        if family == "docker-json":
            beside_victorialogs(bench, log)
        if not shutil.which("zstd"):
            print(f"{f'size of {family}':<34} zstd is not installed: skipped")
            continue
        shutil.rmtree(store, ignore_errors=True)
        bench.run([*LOGTRIAGE, "ingest", str(log)])
        ours = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
        theirs = len(bench.run(["zstd", "-3", "-q", "-c", str(log)]))
        print(
            f"{f'size of {family}':<34} logtriage {ours / 1e6:7.2f} MB  {'zstd -3':<12} {theirs / 1e6:7.2f} MB "
            f" {ours / theirs:6.2f} ×",
            flush=True,
        )


def beside_victorialogs(bench: Bench, log: Path) -> None:
    """Ingest against VictoriaLogs, which stores the lines as they are, and parses nothing inside them."""
    if not victorialogs.installed():
        print(f"{'ingest docker-json':<34} {victorialogs.BINARY} is not installed: skipped")
        return
    bench.versus(
        "ingest docker-json",
        "VictoriaLogs",
        [*LOGTRIAGE, "ingest", str(log)],
        lambda: victorialogs.take_in(log, bench.lines),
        before=lambda: shutil.rmtree(bench.folder / "store", ignore_errors=True),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of each log (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often both are run (%(default)s)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logtriage-peers-") as folder:
        bench = Bench(Path(folder), asked.lines, asked.rounds)
        print(f"{asked.lines:,} lines, best of {asked.rounds}")
        searching(bench)
        taking_in(bench)


if __name__ == "__main__":
    main()
