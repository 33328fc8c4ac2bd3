"""Runs the benchmarks and compares them with `baseline.json`; fails where one has lost more than 30 % of its speed.

What is compared is no time but a ratio: the best round's CPU time, divided by that of a fixed piece of work measured
just before and after it. So a slower machine, or one that does other things too, gives about the same figures.

    python benchmarks/compare.py            # compare (5 minutes)
    python benchmarks/compare.py --update   # write the baseline anew, from three runs
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASELINE = HERE / "baseline.json"
LOSS = 0.30  # of the speed
AGAIN = 3  # times what seems to have lost is measured again: chance makes work slower, hardly ever quicker
LEAST = 0.05  # calibrations: what takes less is noise, and is shown but not compared


def measured(only: list[str], lines: int) -> dict[str, float]:
    """One run of the benchmarks (all, or those named) → each one's ratio to the calibration beside it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "times.json"
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--benchmark-only",
            "--benchmark-disable-gc",
            "--benchmark-timer=time.process_time", "--benchmark-columns=min,median,rounds", f"--benchmark-json={out}",
            *([f"{HERE}/{name}" for name in only] or [str(HERE)]),
        ]  # fmt: skip
        ran = subprocess.run(
            command, env={**os.environ, "LOGTRIAGE_BENCH_LINES": str(lines)}, cwd=HERE.parent, check=False
        )
        if ran.returncode:
            sys.exit("a benchmark failed: its answer is wrong, or it broke")
        found = json.loads(out.read_text(encoding="utf-8"))["benchmarks"]
    return {  # those of the screen are ratios to something else, told in their own table
        _name(one["fullname"]): one["stats"]["min"] / one["extra_info"]["calibration_s"]
        for one in found
        if "calibration_s" in one["extra_info"]
    }


def _name(fullname: str) -> str:
    """`test_speed_ingest.py::test_split`, wherever pytest was started."""
    return fullname.rpartition("/")[2]


def speed(now: float, before: float) -> float:
    """How fast it is now: 1.0 as before, 0.5 half as fast."""
    return before / now


def show(ratios: dict[str, float], before: dict[str, float]) -> None:
    """A line for each benchmark on standard output."""
    width = max(map(len, ratios))
    for name, now in ratios.items():
        unknown = "  not in the baseline" if now >= LEAST else "  too short to be compared"
        compared = f"{speed(now, before[name]):6.2f} × the baseline's speed" if name in before else unknown
        print(f"{name:<{width}} {now:9.3f} calibrations {compared}")


def update(lines: int) -> None:
    """Writes the medians of three runs."""
    runs = [measured([], lines) for _ in range(3)]
    medians = {name: round(statistics.median(run[name] for run in runs), 4) for name in runs[0]}
    ratios = {name: ratio for name, ratio in medians.items() if ratio >= LEAST}
    BASELINE.write_text(json.dumps({"lines": lines, "ratios": ratios}, indent=2) + "\n", encoding="utf-8")
    print(f"{BASELINE}: {len(ratios)} ratios")


def compare(lines: int, loss: float) -> int:
    """Runs, compares, and measures again what seems too slow; gives the exit code."""
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    before: dict[str, float] = baseline["ratios"]
    if baseline["lines"] != lines:
        sys.exit(f"the baseline is of {baseline['lines']} lines: compare with as many, or --update it")
    now = measured([], lines)
    for _ in range(AGAIN):
        if not (lost := _lost(now, before, loss)):
            break
        print(f"\nonce more, to be sure: {', '.join(lost)}", flush=True)
        now |= {name: min(again, now[name]) for name, again in measured(lost, lines).items()}
    show(now, before)
    lost = _lost(now, before, loss)
    gone = sorted(before.keys() - now.keys())
    for name in lost:
        print(
            f"LOST: {name} has {speed(now[name], before[name]):.0%} of the baseline's speed (less than {1 - loss:.0%})"
        )
    for name in gone:
        print(f"GONE: {name} is in the baseline and was not measured; `--update` takes it out")
    if not lost and not gone:
        print(f"all {len(now)} benchmarks keep at least {1 - loss:.0%} of the baseline's speed")
    return int(bool(lost or gone))


def _lost(now: dict[str, float], before: dict[str, float], loss: float) -> list[str]:
    return [name for name in now if name in before and speed(now[name], before[name]) < 1 - loss]


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the speed of logtriage with the committed baseline.")
    parser.add_argument("--update", action="store_true", help="write the baseline anew")
    parser.add_argument("--lines", type=int, default=100_000, help="lines of each log (%(default)s)")
    parser.add_argument("--loss", type=float, default=LOSS, help="the loss of speed that fails (%(default)s)")
    asked = parser.parse_args()
    if asked.update:
        update(asked.lines)
        return 0
    return compare(asked.lines, asked.loss)


if __name__ == "__main__":
    sys.exit(main())
