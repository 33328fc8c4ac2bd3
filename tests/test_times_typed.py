"""Times of day on the command line: which day they are taken as, told, and the same for every command."""

from __future__ import annotations

import gzip
from argparse import Namespace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from command import logtriage

from logtriage.cli.session import Session
from logtriage.cli.times import Typed

NOW = "2026-11-22T12:30Z"


def typed(now: str, end: str | None, hours: float = 240) -> Typed:
    """What reads moments at `now`, of logs of so many hours up to `end` (None: nobody knows)."""
    session = Session.of(Namespace(now=now, utc=True, no_config=True))
    last = datetime.fromisoformat(end) if end else None
    return Typed(session, lambda: (last and last - timedelta(hours=hours), last))


@pytest.mark.parametrize(
    ("now", "end", "text", "taken"),
    [
        (NOW, "2026-11-22T12:29Z", "03:02", "2026-11-22T03:02"),
        (NOW, "2026-11-22T12:29Z", "23:30", "2026-11-21T23:30"),
        (NOW, "2026-11-22T08:40Z", "08:50", "2026-11-22T08:50"),  # they fell silent before it
        (NOW, "2026-11-21T23:00Z", "03:02", "2026-11-21T03:02"),
        (NOW, "2026-01-14T03:20Z", "03:02", "2026-01-14T03:02"),
        (NOW, "2026-01-14T03:20Z", "04:02+01:00", "2026-01-14T03:02"),
        (NOW, "2026-01-14T03:20Z", "03:20:30", "2026-01-14T03:20:30"),  # the end is a whole minute
        (NOW, "2026-01-14T03:20Z", "22:00", "2026-01-13T22:00"),
        ("2026-11-22T00:10Z", "2026-11-21T23:50Z", "00:05", "2026-11-22T00:05"),  # they ended just now
        (NOW, None, "03:02", "2026-11-22T03:02"),
    ],
)
def test_a_time_of_day_is_the_last_one_that_the_logs_can_have(
    now: str, end: str | None, text: str, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is one of today where the logs reach into today, else one of theirs; another day than today is told."""
    moment = typed(now, end).moment(text)
    assert moment == datetime.fromisoformat(taken + "+00:00")
    told = capsys.readouterr().err
    assert (told == "") == (taken[:10] == now[:10]) and (not told or f"{text} is taken as {taken[:10]} " in told)


def test_nobody_typed_the_fraction_of_now(tmp_path: Path) -> None:
    """What is counted from now is told by the second, though now is not; what was typed in full is told so."""
    (tmp_path / "a.log").write_text("2026-03-02 10:00:00 INFO order done\n")
    asked = ["grep", "", "--utc", "--now", "2026-03-02T11:00:00.123456Z", "a.log"]
    assert "asked for since 2026-03-02 10:00:00 UTC" in logtriage(*asked, "--since", "1h", cwd=tmp_path).err
    assert "since 2026-03-02 10:00:00.5 UTC" in logtriage(*asked, "--since", "2026-03-02T10:00:00.5Z", cwd=tmp_path).err


def test_logs_of_an_hour_have_no_other_day() -> None:
    """A time that logs do not reach back to is behind their end, not on the day before they begin."""
    found = [typed(NOW, "2026-01-14T10:30Z", 0.5).moment(text) for text in ("10:10", "11:00", "09:00")]
    assert [moment and f"{moment:%d %H:%M}" for moment in found] == ["14 10:10", "14 11:00", "14 09:00"]


@pytest.mark.parametrize(
    ("now", "end", "since", "until", "taken"),
    [
        (NOW, NOW, "2026-11-14T03:02Z", "03:04", "2026-11-14T03:02 2026-11-14T03:04"),
        (NOW, NOW, "03:02", "2026-11-14T03:04Z", "2026-11-14T03:02 2026-11-14T03:04"),
        (NOW, NOW, "2026-11-14", "03:04", "2026-11-14T00:00 2026-11-14T03:04"),
        (NOW, NOW, "3d", "08:00", "2026-11-19T12:30 2026-11-22T08:00"),
        (NOW, NOW, "1 month ago", "08:00", "2026-10-22T12:30 2026-11-22T08:00"),
        (NOW, NOW, "12:00", "13:00", "2026-11-22T12:00 2026-11-22T13:00"),
        (NOW, NOW, "23:00", "01:00", "2026-11-21T23:00 2026-11-22T01:00"),
        (NOW, "2026-01-14T03:20Z", "03:02", "03:30", "2026-01-14T03:02 2026-01-14T03:30"),
        (NOW, NOW, "11:00", "10:00", "2026-11-22T11:00 2026-11-22T10:00"),  # turned round: who asks says so
    ],
)
def test_a_time_of_day_follows_the_other_side(now: str, end: str, since: str, until: str, taken: str) -> None:
    """One side of a window with a day gives it to the other; two without are less than a day apart."""
    told = [moment and moment.isoformat()[:16] for moment in typed(now, end).window(since, until)]
    assert told == taken.split()


@pytest.mark.parametrize(
    "command",
    [
        ["grep", "-c", ""], ["grep", "-C1", ""], ["cat"], ["cat", "--output", "csv"], ["templates", "--no-store"],
        ["sessions", "--by", "order", "--no-store"], ["grep", "", "--store", "st"],
    ],
)  # fmt: skip
def test_it_is_the_same_for_every_command(command: list[str], tmp_path: Path) -> None:
    """Logs of last March: 10:02 is that of their last day, for each command that asks files or a store."""
    lines = [f"2026-03-{day:02} 10:{minute:02}:00 INFO order={minute} done\n" for day in (1, 2) for minute in range(5)]
    (tmp_path / "a.log").write_text("".join(lines))
    if "st" in command:
        logtriage("ingest", "--store", "st", "a.log", cwd=tmp_path)
    logs = [] if "st" in command else ["a.log"]
    ran = logtriage(*command, "--since", "10:02", *logs, cwd=tmp_path, XDG_STATE_HOME=str(tmp_path))
    assert ran.err.count("10:02 is taken as 2026-03-02 10:02:00 UTC, the last in the logs\n") == 1
    assert "asked for since 2026-03-02 10:02:00 UTC" in ran.err and "2026-03-01" not in ran.out.partition("records ")[0]
    assert ran.code == (0 if command[0] != "sessions" else 1)


def test_new_of_more_time_than_the_logs_have(tmp_path: Path) -> None:
    """All that they say would be new: this is told, with a time that tells more."""
    (tmp_path / "a.log").write_text("".join(f"2026-03-02 10:{minute:02}:00 INFO order done\n" for minute in range(41)))
    ran = logtriage("templates", "--no-store", "--new", "1h", "--utc", "a.log", cwd=tmp_path)
    assert (
        "the logs begin at 2026-03-02 10:00:00 UTC, not before that time, so all they say is new: --new 10m " in ran.err
    )
    assert "not before" not in logtriage("templates", "--no-store", "--new", "10m", "a.log", cwd=tmp_path).err


def test_packed_logs_have_a_day_too(tmp_path: Path) -> None:
    """The end of a packed log is known as that of a plain one, in what is asked for and in what is told of nothing found."""
    lines = "".join(f"2026-03-0{n // 600 + 1} 10:{n % 600 // 10:02}:0{n % 10} INFO order done\n" for n in range(1200))
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(lines.encode()))
    ran = logtriage("grep", "-c", "--since", "10:58", "--utc", "", "a.log.gz", cwd=tmp_path)
    assert ran.out == "20\n" and "10:58 is taken as 2026-03-02 10:58:00 UTC, the last in the logs" in ran.err
    ran = logtriage("grep", "--since", "2026-04-01", "--utc", "", "a.log.gz", cwd=tmp_path)
    assert ran.code == 1 and "the logs span 2026-03-01 10:00:00 to 2026-03-02 10:59:09 UTC" in ran.err
