"""Facts about what people may type for moments, spans and windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtriage.errors import UsageError
from logtriage.stamps.span import parse_duration
from logtriage.stamps.stamp import stamps
from logtriage.stamps.when import Window, is_relative, parse_when

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)  # 13:30 in Berlin
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def at(text: str, now: datetime = NOW) -> datetime:
    return parse_when(text, now=now, zone=BERLIN, start=START, end=END)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("1h", timedelta(hours=1)),
        ("-1h", timedelta(hours=1)),
        ("+1h", timedelta(hours=-1)),
        ("1h30m", timedelta(minutes=90)),
        ("1h30", timedelta(minutes=90)),
        ("2h05 ago", timedelta(minutes=125)),
        ("90s", timedelta(seconds=90)),
        ("1.5h", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        ("1 hour ago", timedelta(hours=1)),
        ("30 min ago", timedelta(minutes=30)),
        ("10 mins ago", timedelta(minutes=10)),
        ("last hour", timedelta(hours=1)),
        ("the last 2 hours", timedelta(hours=2)),
        ("past 15min", timedelta(minutes=15)),
        ("Last week", timedelta(weeks=1)),
        ("an hour ago", timedelta(hours=1)),
        ("one day ago", timedelta(days=1)),
        ("now", timedelta()),
        (" NOW - 5 minutes ", timedelta(minutes=5)),
    ],
)
def test_relative_moments_count_from_now(text: str, ago: timedelta) -> None:
    """A bare span lies in the past, as everyone who looks at logs means it."""
    assert at(text) == NOW - ago


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("today", "2026-11-21T23:00:00Z"),
        ("yesterday", "2026-11-20T23:00:00Z"),
        ("tomorrow", "2026-11-22T23:00:00Z"),
        ("13:05", "2026-11-22T12:05:00Z"),
        ("13:05:30.5", "2026-11-22T12:05:30.5Z"),
        ("14:05", "2026-11-21T13:05:00Z"),
        ("12:05Z", "2026-11-22T12:05:00Z"),
        ("13:05:00.5 UTC", "2026-11-21T13:05:00.5Z"),  # not yet: it is half past one in Berlin
        ("23:30-05:00", "2026-11-22T04:30:00Z"),
        ("4am", "2026-11-22T03:00:00Z"),
        ("4 p.m.", "2026-11-21T15:00:00Z"),
        ("4:30:05 PM", "2026-11-21T15:30:05Z"),
        ("12:10am UTC", "2026-11-22T00:10:00Z"),
        ("12pm", "2026-11-22T11:00:00Z"),
        ("noon", "2026-11-22T11:00:00Z"),
        ("midnight", "2026-11-21T23:00:00Z"),
        ("12:05 GMT", "2026-11-22T12:05:00Z"),
        ("12:05 cest", "2026-11-22T10:05:00Z"),
        ("13:05 UTC+1", "2026-11-22T12:05:00Z"),
        ("sunday", "2026-11-21T23:00:00Z"),  # which is today
        ("last sunday", "2026-11-14T23:00:00Z"),
        ("Sun 14:05", "2026-11-15T13:05:00Z"),  # not yet
        ("tues at noon", "2026-11-17T11:00:00Z"),
        ("4am yesterday", "2026-11-21T03:00:00Z"),
        ("14:05 on last friday", "2026-11-20T13:05:00Z"),
        ("yesterday 14:05", "2026-11-21T13:05:00Z"),
        ("yesterday at 4 pm", "2026-11-21T15:00:00Z"),
        ("yesterday 14:05 +0900", "2026-11-21T05:05:00Z"),
        ("today 14:05", "2026-11-22T13:05:00Z"),
        ("2026-11-22", "2026-11-21T23:00:00Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z"),
        ("2026-11-22 14:05", "2026-11-22T13:05:00Z"),
        ("2026-11-22T14:05:00.25", "2026-11-22T13:05:00.25Z"),
        ("2026-11-22T14:05:00-05:00", "2026-11-22T19:05:00Z"),
        ("2026-11-21 4pm", "2026-11-21T15:00:00Z"),
        ("Nov 14, 2026 3:02 AM", "2026-11-14T02:02:00Z"),
        ("Sat 2026-11-21 14:05:00 UTC", "2026-11-21T14:05:00Z"),  # as `systemctl status` has it
        ("22/Nov/2026:00:41:33 +0000", "2026-11-22T00:41:33Z"),
        ("Dec  1 00:41:33", "2025-11-30T23:41:33Z"),
        ("Nov 14 03:02", "2026-11-14T02:02:00Z"),
        ("22/Nov/2026:00:41", "2026-11-21T23:41:00Z"),
        ("Nov 14", "2026-11-13T23:00:00Z"),
        ("22 Nov", "2026-11-21T23:00:00Z"),
        ("November 14", "2026-11-13T23:00:00Z"),
        ("1 dec", "2025-11-30T23:00:00Z"),  # this year's is not yet
        ("Sept 3rd at 4pm", "2026-09-03T14:00:00Z"),
        ("14. November 03:02:05", "2026-11-14T02:02:05Z"),
        ("July 1, 2026", "2026-06-30T22:00:00Z"),
        ("1 May 2026 14:05 UTC", "2026-05-01T14:05:00Z"),
        ("a month ago", "2026-10-22T11:30:00Z"),  # when Berlin's clocks were an hour ahead
        ("2 months ago", "2026-09-22T11:30:00Z"),
        ("1 year ago", "2025-11-22T12:30:00Z"),
        ("@1700000000", "2023-11-14T22:13:20Z"),
        ("1700000000.25", "2023-11-14T22:13:20.25Z"),
        ("1700000000123", "2023-11-14T22:13:20.123Z"),
        ("1700000000123456", "2023-11-14T22:13:20.123456Z"),
        ("1700000000123456789", "2023-11-14T22:13:20.123456Z"),
        ("start", "2026-01-01T00:00:00Z"),
        ("start+30m", "2026-01-01T00:30:00Z"),
        ("end - 5m", "2026-01-31T23:55:00Z"),
    ],
)
def test_days_clocks_dates_epochs_and_anchors(text: str, utc: str) -> None:
    """Wall-clock forms are read in the zone; a bare clock time is the last such time up to now."""
    assert at(text) == datetime.fromisoformat(utc)
    assert at(text).tzinfo is UTC


def test_spans_are_exact_and_days_are_calendar_days_across_a_clock_change() -> None:
    """On the day after the clocks went back, `24h` is an hour later on the clock than `yesterday 12:00`."""
    now = datetime(2026, 10, 25, 12, tzinfo=BERLIN)
    assert at("24h", now) == datetime(2026, 10, 24, 11, tzinfo=UTC)
    assert at("yesterday 12:00", now) == datetime(2026, 10, 24, 10, tzinfo=UTC)
    assert at("today", now) == datetime(2026, 10, 24, 22, tzinfo=UTC)


def test_a_month_before_its_last_day_is_the_last_day_of_that_month() -> None:
    """There is no 31st of February: the month before it ends on the 28th."""
    assert at("1 month ago", datetime(2026, 3, 31, 12, tzinfo=BERLIN)) == datetime(2026, 2, 28, 12, tzinfo=BERLIN)


def test_what_a_log_shows_can_be_typed() -> None:
    """Every stamp text of the library that has a date is understood, so that it can be pasted from a log."""
    for kind in stamps():
        for text in kind.examples:
            if kind.found != "never":
                assert at(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("now/d", "2026-11-21T23:00:00Z"),
        ("@d", "2026-11-21T23:00:00Z"),
        ("now-1d/d", "2026-11-20T23:00:00Z"),
        ("-1d@d", "2026-11-20T23:00:00Z"),
        ("-7d@d+2h", "2026-11-15T01:00:00Z"),
        ("now-1h/h", "2026-11-22T11:00:00Z"),
        ("-30m@m", "2026-11-22T12:00:00Z"),
        ("2h ago@hour", "2026-11-22T10:00:00Z"),
        ("now/m", "2026-11-22T12:30:00Z"),
        ("now/M", "2026-10-31T23:00:00Z"),
        ("now-1M/M", "2026-09-30T22:00:00Z"),  # when Berlin's clocks were an hour ahead
        ("now-1M", "2026-10-22T11:30:00Z"),
        ("-1mon@mon", "2026-09-30T22:00:00Z"),
        ("-1y@y", "2024-12-31T23:00:00Z"),
        ("now-2y", "2024-11-22T12:30:00Z"),
        ("end-5m/h", "2026-01-31T23:00:00Z"),
    ],
)
def test_a_moment_may_be_cut_to_a_whole_unit(text: str, utc: str) -> None:
    """As Grafana (`now-1h/h`) and Splunk (`-1h@h`) have it: the unit's beginning in the zone; a small m is a minute."""
    assert at(text) == datetime.fromisoformat(utc) and is_relative(text)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]),
    st.sampled_from(
        [("s", 1), ("m", 60), ("h", 3_600), ("d", 25 * 3_600), ("M", 31 * 86_400 + 3_600), ("y", 366 * 86_400)]
    ),
)
def test_what_is_cut_is_the_last_whole_unit(now: datetime, zone: str, unit: tuple[str, int]) -> None:
    """It lies no more than one unit back, also where clocks were changed; cut once more it stays, and both ways of writing
    it mean the same."""
    here, (name, seconds) = ZoneInfo(zone), unit
    whole = parse_when(f"now/{name}", now=now, zone=here)
    assert timedelta() <= now - whole < timedelta(seconds=seconds)
    assert parse_when(f"now/{name}", now=whole, zone=here) == whole == parse_when(f"-0s@{name}", now=now, zone=here)
    local = whole.astimezone(here)
    assert (local.microsecond, local.second if name != "s" else 0, local.minute if name not in "sm" else 0) == (0, 0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "now/w", "now/x", "@", "now/", "yesterday/h", "now/d/h", "-1h@h+", "1h/2h", "this morning",
        "", "soon", "2026-13-40", "25:00", "12", "1h ago ago", "+1h ago", "99999999w", "1h 5", "١h",
        "0305", "13pm", "0am", "last night", "last month", "the last", "hour", "14:05 xyz", "monday 25:00",
        "1h5", "1h60", "1d12", "nov", "22", "32 Nov", "Nov 31", "31 Nov 2026", "November", "9999 years ago",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_forms_that_work(text: str) -> None:
    """The error repeats what was typed, and its hint lists what can be."""
    with pytest.raises(UsageError) as caught:
        at(text)
    assert repr(text) in caught.value.message
    assert caught.value.hint and "30 min ago" in caught.value.hint


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    """Hostile input gives a moment or a UsageError, nothing else."""
    for parse in (at, parse_duration):
        try:
            parse(text)
        except UsageError:
            continue


def test_the_logs_start_and_end_must_be_known_to_be_named() -> None:
    """Where they are not, the error says so."""
    with pytest.raises(UsageError, match="start of the logs is not known"):
        parse_when("start+1m", now=NOW, zone=BERLIN)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1h30", timedelta(minutes=90)),
        ("5m", timedelta(minutes=5)),
        ("500ms", timedelta(milliseconds=500)),
        ("1 h 30 min", timedelta(minutes=90)),
        (" 2 Days ", timedelta(days=2)),
    ],
)
def test_spans(text: str, span: timedelta) -> None:
    """Units may be written short or long, joined or apart."""
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["90", "-5m", "m", "1y", "1h-5m", ""])
def test_a_span_needs_its_units(text: str) -> None:
    """A bare number could be seconds or minutes: it is refused, with examples."""
    with pytest.raises(UsageError, match="no span") as caught:
        parse_duration(text)
    assert caught.value.hint and "1h30m" in caught.value.hint


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (None, None, "all times"),
        ("2026-11-22T12:30:00Z", None, "since 2026-11-22 13:30:00 +01:00"),
        (None, "2026-11-22T12:30:00.5Z", "until 2026-11-22 13:30:00.5 +01:00"),
        ("2026-11-22T12:30:00Z", "2026-11-22T12:35:00Z", "2026-11-22 13:30:00 to 13:35:00 +01:00"),
        ("2026-11-22T12:30:00Z", "2026-11-23T12:35:00Z", "2026-11-22 13:30:00 to 2026-11-23 13:35:00 +01:00"),
        ("2026-10-24T22:00:00Z", "2026-10-25T12:00:00Z", "2026-10-25 00:00:00 +02:00 to 2026-10-25 13:00:00 +01:00"),
    ],
)
def test_a_window_says_what_it_covers(since: str | None, until: str | None, words: str) -> None:
    """The words are in the user's zone and show its offset, both where it changes within the window."""
    first, last = (datetime.fromisoformat(text) if text else None for text in (since, until))
    assert Window(first, last).describe(BERLIN) == words


def test_a_window_in_utc_says_so() -> None:
    """No `+00:00`."""
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC))
    assert window.describe(UTC) == "2026-01-01 00:00:00 to 00:00:05 UTC"


def test_a_window_turned_round_is_refused() -> None:
    """It would silently match nothing."""
    with pytest.raises(UsageError, match="before it begins"):
        Window(END, START)
