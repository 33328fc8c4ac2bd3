"""What the panels are made of, without a screen: details, waterfalls, trees, dumps, stories, sessions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from stores import fill, write_sources

from logtriage.answers import detail, glance
from logtriage.answers.glance import Glance
from logtriage.answers.search import search
from logtriage.answers.waterfall import bar, waterfall
from logtriage.errors import UsageError
from logtriage.marks import Mark
from logtriage.query.query import Query
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.tui import sessions
from logtriage.tui.drawing.hexdump import dump, escaped
from logtriage.tui.drawing.jsontree import tree
from logtriage.tui.drawing.text import safe
from logtriage.tui.filters import Filter, Filters
from logtriage.tui.panels.detail_rows import rows
from logtriage.tui.panels.kinds import spark
from logtriage.tui.panels.sheet import broken, prose, wrapped
from logtriage.tui.screen.event_lines import _names
from logtriage.tui.screen.stories import stories, told
from logtriage.tui.sessions import Saved, Sessions

START = datetime(2026, 3, 4, 10)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Snapshot, list[Path]]]:
    folder = tmp_path_factory.mktemp("logs")
    files = write_sources(folder)
    fill(folder / "store", files)
    with Store(folder / "store") as store, Snapshot(store) as snapshot:
        yield snapshot, files


def test_a_detail_is_the_record(logs: tuple[Snapshot, list[Path]]) -> None:
    """A record's detail is what a search finds, its bytes are those of the file, whether its shape is told or not."""
    snapshot, _ = logs
    paths = {part.part: Path(part.path) for part in snapshot.catalog.parts if part.path}
    told = list(search(snapshot, Query()).tuples("attributes"))
    for k, row in list(enumerate(search(snapshot, Query())))[::23]:
        found = detail.detail(snapshot, row.key, row.shape if row.line % 2 else None)
        assert found is not None and found.row == row
        if paths[row.part].name != "wide.log":
            data = paths[row.part].read_bytes()
            assert data[row.offset : row.offset + len(found.data)] == found.data and len(found.data) >= len(row.raw)
        assert found.attributes == json.loads(told[k][0] or "{}")
        assert sorted(hit.pattern for hit in found.hits) == row.flags
        assert found.template is not None and found.template.number == row.template and found.template.records > 0
    assert detail.detail(snapshot, row.key._replace(offset=row.offset + 1)) is None


def test_neighbours_are_of_other_sources_and_near(logs: tuple[Snapshot, list[Path]]) -> None:
    """The neighbours of a record are all those of other sources within the time, in order; of many, the nearest."""
    snapshot, _ = logs
    everything = list(search(snapshot, Query()))
    for row in [one for one in everything if one.timestamp][::67]:
        within = timedelta(seconds=5)
        wanted = [
            (one.part, one.offset)
            for one in everything
            if one.part != row.part and one.timestamp and row.timestamp and abs(one.timestamp - row.timestamp) <= within
        ]
        near = detail.nearby(snapshot, row, within, None, 1_000)
        assert [(one.part, one.offset) for one in near] == wanted
        few = [(one.part, one.offset) for one in detail.nearby(snapshot, row, within, None, 2)]
        assert len(few) <= 4 and set(few) <= set(wanted)


def record(seconds: float | None, service: str, level: str | None, offset: int) -> Glance:
    moment = None if seconds is None else START + timedelta(seconds=seconds)
    return Glance(1, offset, 1, 1, moment, 0, level, 1, [], service, None, "text", 4)


records = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(0, 1e6)),
        st.sampled_from(["gateway", "checkout", "stock"]),
        st.sampled_from([None, "info", "error"]),
    ),
    max_size=30,
).map(lambda every: [record(*one, offset) for offset, one in enumerate(every)])


@given(records, st.integers(2, 200))
def test_a_waterfall_accounts_for_all_time_and_all_records(every: list[Glance], cells: int) -> None:
    """Its pauses add up to its length, each record with a time is on one track, and each track is as wide as asked."""
    fall = waterfall(every, lambda one: one.service or "?")
    assert len(fall.steps) + fall.timeless == len(every)
    assert sum((step.gap for step in fall.steps), timedelta()) == fall.length
    assert sorted(id(s) for track in fall.tracks for s in track.steps) == sorted(id(s) for s in fall.steps)
    assert [track.start for track in fall.tracks] == sorted(track.start for track in fall.tracks)
    assert all(a.gap >= b.gap for a, b in zip(fall.longest(5), fall.longest(5)[1:], strict=False))
    for track in fall.tracks:
        assert track.is_coarse == all(
            s.record.timestamp == s.record.timestamp.replace(microsecond=0) for s in track.steps
        )
        line = bar(track, fall.length, cells)
        assert len(line) == cells and 1 <= line.count("●") <= len(track.steps)
        assert re.fullmatch(r" *●([─●]*●)? *", line)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text("ab", min_size=1, max_size=3), json_values, max_size=4))
def test_a_tree_has_every_leaf_under_its_path(value: dict[str, Any]) -> None:
    """Each value that is no object or list stands on a line of its own, whose path leads to it; empty ones on none."""

    def leaves(one: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        if isinstance(one, dict | list):
            pairs = one.items() if isinstance(one, dict) else ((str(k), inner) for k, inner in enumerate(one))
            for key, inner in pairs:
                yield from leaves(inner, (*path, key))
        elif one is not None:
            yield ".".join(path), one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)

    wanted = [leaf for key, inner in value.items() for leaf in leaves(inner, (key,))]
    nodes = list(tree(value))
    assert [node.value for node in nodes if node.value is not None] == [text for _, text in wanted]
    if not any("." in node.key or not node.key for node in nodes):
        assert [(node.path, node.value) for node in nodes if node.value is not None] == wanted


@given(st.binary(max_size=200), st.integers(20, 120))
def test_bytes_can_be_read_back(data: bytes, width: int) -> None:
    """Escaped, and as numbers, bytes are told so that they can be had back; no line is wider than there is room."""
    text = escaped(data).replace("\\e", "\\x1b")
    assert text.isascii() and text.encode().decode("unicode_escape").encode("latin-1") == data
    lines = list(dump(data, width))
    assert all(len(line) <= max(width, 27) for line in lines)
    numbers = b"".join(bytes.fromhex(line[8:].split("  ")[0]) for line in lines)
    assert numbers == data


@given(st.text(max_size=300), st.integers(8, 60), st.integers(1, 20))
def test_wrapped_text_fits_and_is_all_there_or_counted(text: str, width: int, most: int) -> None:
    """No line is wider than asked, there are at most so many, and what is left out is said."""
    rows = wrapped(text, width, "plain", most=most)
    cut = "more characters" in rows[-1].text and "…" in rows[-1].text
    assert all(cell_len(row.text) <= width for row in rows[: len(rows) - cut])
    assert len(rows) <= most + cut
    if text.isascii() and text.isprintable() and not cut:
        assert "".join(row.text for row in rows) == text


@given(st.text(max_size=200), st.integers(12, 60))
def test_text_is_broken_between_words(text: str, width: int) -> None:
    """The pieces of a line fit, and joined they are the line; where a blank is in their last third they end behind one."""
    line = safe(text)
    pieces = broken(line, width)
    assert "".join(pieces) == line and all(cell_len(piece) <= width for piece in pieces)
    for piece in pieces[:-1]:
        to_blank = piece[: piece.rfind(" ") + 1]
        assert to_blank == piece or cell_len(to_blank) < width * 2 / 3


@given(st.text(max_size=300), st.integers(10, 60))
def test_prose_fits(text: str, width: int) -> None:
    """No line is wider than asked."""
    assert all(
        cell_len(row.text) <= max(width, 12) or not text.isascii() for row in prose(text, width, "plain", indent="  → ")
    )


@given(st.lists(st.integers(0, 10**9), min_size=24, max_size=24), st.sampled_from([12, 24]))
def test_a_sparkline_is_blank_where_nothing_was(cells: list[int], width: int) -> None:
    """It is as wide as asked, blank only where there is nothing, and full only at the most."""
    line = spark(cells, width)
    step = 24 // width
    sums = [sum(cells[k * step : (k + 1) * step]) for k in range(width)]
    assert [char == " " for char in line] == [n == 0 for n in sums]
    if any(sums):
        assert line[sums.index(max(sums))] in "▅▆▇█"


filters = st.lists(
    st.builds(
        Filter,
        st.sampled_from(["text", "source", "service", "trace", "flag"]),
        st.text("abc.*", min_size=1, max_size=5).filter(lambda text: "**" not in text and not text.startswith("*")),
        st.booleans(),
        st.booleans(),
        st.just(True),
    ),
    max_size=4,
).map(tuple)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))
saved = st.builds(
    Saved,
    filters,
    st.booleans(),
    st.none() | moments,
    st.none() | st.tuples(moments, moments).map(sorted).filter(lambda two: two[0] < two[1]).map(tuple),
    st.booleans(),
    st.lists(
        st.builds(Mark, st.text(max_size=5), st.integers(0, 9), st.none() | moments, st.text(max_size=5)), max_size=1
    ).map(tuple),
    st.booleans(),
)


@given(saved)
def test_a_session_is_read_as_it_was_written(one: Saved) -> None:
    """Nothing of a session is lost in its file."""
    assert sessions.read(sessions.written(one)) == one


@given(
    st.text(max_size=80)
    | json_values.map(lambda v: json.dumps({"logtriage session": 1, "filters": v, "at": v, "zoomed": v, "marks": v}))
)
def test_a_damaged_session_is_told_or_read_in_part(text: str) -> None:
    """Whatever a file holds, it is a session or no session: nothing else goes wrong."""
    try:
        assert isinstance(sessions.read(text), Saved)
    except UsageError as why:
        assert "cannot be read" in why.message


def test_names_of_sessions_are_no_paths(tmp_path: Path) -> None:
    """A session is kept in its folder whatever its name; names that would lead out of it are refused."""
    kept = Sessions(tmp_path / "kept", tmp_path / "store")
    assert kept.save("an outage: 3 AM", Saved()).parent == tmp_path / "kept"
    assert kept.names() == ["an outage: 3 AM"] and kept.last() is None
    for name in ("", "../x", "a/b", ".hidden", "x" * 200):
        with pytest.raises(UsageError):
            kept.save(name, Saved())
    kept.remove("an outage: 3 AM")
    assert kept.names() == []


def test_screens_on_one_store_have_each_a_session_of_their_own(tmp_path: Path) -> None:
    """What one screen writes down no other one overwrites, nor takes for its own that was cut off, as long as it is open; who
    comes after it goes on with it."""
    one, other, third = (Sessions(tmp_path / "kept", tmp_path / "store") for _ in range(3))
    one.claim()
    one.note(Saved(filters=(Filter("level", "error"),), ended=False))
    other.claim()
    assert other.cut_off() is None
    other.note(Saved(filters=(Filter("flag", "*"),), ended=False))
    left = one.last()
    assert left and left.filters == (Filter("level", "error"),)
    one.release()
    third.claim()
    assert third.cut_off() == left and third.names() == []


@given(filters, filters.filter(bool))
def test_a_story_forgets_no_filter(before: tuple[Filter, ...], story: tuple[Filter, ...]) -> None:
    """Its filters are on, all others are off but still there."""
    made = told(Filters(each=before), story)
    assert made.each[len(made.each) - len(story) :] == story
    assert {(f.kind, f.value, f.out) for f in made.each} == {(f.kind, f.value, f.out) for f in (*before, *story)}
    assert set(made.active) <= set(story)


def test_what_is_new_came_too_late_to_be_chance() -> None:
    """Of many records the first must not be late to be news; of a single one it must be very late."""
    from logtriage.answers.kinds import _OfTime

    times = _OfTime(START, timedelta(hours=1), 10, START)
    assert times.is_new(START + timedelta(hours=5), 100) and not times.is_new(START + timedelta(minutes=1), 100)
    assert not times.is_new(START + timedelta(minutes=25), 1_000_000) and times.is_new(
        START + timedelta(minutes=35), 1_000
    )
    assert not times.is_new(START + timedelta(hours=5), 1) and times.is_new(START + timedelta(hours=9.8), 1)


def test_nothing_that_a_signature_says_is_cut(logs: tuple[Snapshot, list[Path]]) -> None:
    """Its title, its name, and all that it caught stand in the details however narrow they are."""
    from logtriage.signatures.library import load_patterns

    snapshot, _ = logs
    patterns = {one.id: one for one in load_patterns((), examples=False)}
    row = next(row for row in search(snapshot, Query(flags=("*",))) if "Connect timed out after" in row.raw)
    found = detail.detail(snapshot, row.key)
    assert found and len(found.hits) > 1 and any(hit.captures for hit in found.hits)
    for width in (24, 40, 64, 100):
        shown = rows(found, patterns, None, UTC, width)
        words = " ".join(line.text for line in shown).split()
        for hit in found.hits:
            said = " ".join((patterns[hit.pattern].title, hit.pattern, *hit.captures.values()))
            assert set(said.split()) <= set(words)
        flagged = [line for line in shown if any(style == "flag" for _, style in line.pieces)]
        assert all(cell_len(line.text) <= width for line in flagged)


def test_ids_in_a_message_have_a_story(logs: tuple[Snapshot, list[Path]]) -> None:
    """What may be an id in a record's text is offered once, as plain text over all sources; ids that have ways of their own
    and small numbers are not."""
    snapshot, _ = logs
    found = detail.detail(snapshot, next(iter(search(snapshot, Query(flags=("*",), limit=1)))).key)
    assert found
    body = "order 7031638 of SKU-10148 by 10.0.0.7:80, item 7031638, 131.80 EUR, after 30 s, trace abc123def\nat 99999"
    made = found._replace(row=found.row._replace(body=body, trace_id="abc123def"), hits=())
    named = [one for one in stories(made) if one.filters[0].fixed]
    assert [one.filters[0].value for one in named] == ["7031638", "SKU-10148", "10.0.0.7:80"]
    assert len({one.key for one in stories(made)}) == len(stories(made))


def test_names_of_signatures_are_told_as_far_as_there_is_room() -> None:
    """The most telling first, each whole."""
    flags = ("generic.timeout", "jvm.hikari-timeout", "retry.attempt")
    assert _names(flags, 40) == "hikari-timeout attempt timeout  "
    assert _names(flags, 20) == "hikari-timeout  " and _names(flags, 9) == "" and _names((), 40) == ""


def test_the_first_page_of_glances_is_named(logs: tuple[Snapshot, list[Path]]) -> None:
    """A waterfall of real records names their sources."""
    snapshot, _ = logs
    rows = glance.first(snapshot, Query(), 50).rows
    fall = waterfall(rows, lambda one: str(one.part))
    assert {track.service for track in fall.tracks} == {str(row.part) for row in rows if row.timestamp}
