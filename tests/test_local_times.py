"""Times that name no zone and are none of UTC: told with what to do; of what is copied or archived nothing is."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import called
from hypothesis import given
from hypothesis import strategies as st

from logtriage.cli.local_times import reason

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def log(path: Path, end: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> None:
    """Writes a log of a few minutes that ends at a time."""
    times = [end - timedelta(seconds=7 * back) for back in range(40, -1, -1)]
    path.write_text("".join(f"{at.strftime(form)} INFO order done\n" for at in times))


@pytest.mark.parametrize(
    ("hours", "written", "told"),
    [
        (2, 0, "it ends 2 h ahead of its last writing: --assume-tz +02:00 would fit"),
        (-5, 0, "it ends 5 h behind its last writing: --assume-tz -05:00 would fit"),
        (5.75, 400 * 3600, "it ends 5 h 45 min ahead of its last writing: --assume-tz +05:45 would fit"),
        (2, 50 * 60 + 30, "it ends 2 h ahead of its last writing: --assume-tz +02:00 would fit"),
        (0, 0, None),
        (0, 400 * 3600, None),
        (15, 0, None),
        (-13, 400 * 3600, None),
    ],
)
def test_the_zone_is_told_by_when_the_file_was_written(hours: float, written: int, told: str | None) -> None:
    """A clock that is whole quarters of an hour off, as zones are, in a log of now or of weeks ago (`written`: seconds)."""
    last = NOW - timedelta(seconds=written) + timedelta(hours=hours)
    why = reason(last, NOW - timedelta(seconds=written - 0.4), NOW)
    assert (why is None and told is None) or (why and told and told in why)


@given(st.integers(-20 * 3600, 20 * 3600))
def test_what_ends_ahead_of_now_is_told(seconds: int) -> None:
    """Whenever the file was written; a log that ended before now says nothing, whatever the time of its copy."""
    last = NOW + timedelta(seconds=seconds)
    why = reason(last, last - timedelta(minutes=7.5), NOW)
    assert (why is not None) == (20 * 60 < seconds <= 14 * 3600)
    assert why is None or "ahead of now" in why


@pytest.mark.parametrize(
    "command", [["ingest"], ["cat", "--level", "info"], ["grep", "--level", "info", "order"], ["templates"]]
)
def test_every_command_tells_it_once(tmp_path: Path, command: list[str]) -> None:
    """In one line on standard error; not where the times name their zone, and not where it was said what they are."""
    end, store = (
        datetime.now(UTC) + timedelta(hours=2),
        ["--store", "st"] if command[0] in ("ingest", "templates") else [],
    )
    log(tmp_path / "a.log", end)
    log(tmp_path / "z.log", end, "%Y-%m-%dT%H:%M:%SZ")
    for name in ("a.log", "z.log"):
        os.utime(tmp_path / name, (end.timestamp() - 7200,) * 2)
    ran = called(*command, *store, "a.log", cwd=tmp_path)
    (line,) = (line for line in ran.err.splitlines() if "no zone" in line)
    assert line.startswith("a.log: its times name no zone and are read as UTC, by which it ends 2 h ahead of")
    for quiet in (["z.log"], ["a.log", "--assume-tz", "+02:00"], ["a.log", "--assume-tz", "UTC"]):
        other = ["--store", quiet[-1].replace("+", "")] if store else []
        assert "no zone" not in called(*command, *other, *quiet, cwd=tmp_path).err


def test_nothing_found_of_the_last_hour_is_explained(tmp_path: Path) -> None:
    """A log that is written now, by a clock west of Greenwich, has nothing of the last hour: why, is told."""
    now = datetime.now(UTC)
    log(tmp_path / "a.log", now - timedelta(hours=5))
    os.utime(tmp_path / "a.log", (now.timestamp(),) * 2)
    ran = called("grep", "--since", "1h", "order", "a.log", cwd=tmp_path)
    assert ran.code == 1 and "it ends 5 h behind its last writing: --assume-tz -05:00 would fit" in ran.err
    assert called("grep", "-c", "--since", "1h", "--assume-tz", "-05:00", "order", "a.log", cwd=tmp_path).out == "41\n"
