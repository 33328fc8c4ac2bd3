"""Facts about layouts: what is found once for all texts that differ in their digits is what is found in each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtriage import layouts
from logtriage.formats import parse
from logtriage.formats.format import Format, load_formats
from logtriage.formats.moments import Moments
from logtriage.formats.node import GENERIC, Node
from logtriage.formats.opening import BEFORE
from logtriage.sql import literal
from logtriage.stamps.moment import to_datetime
from logtriage.stamps.rendering import rendering_of
from logtriage.stamps.stamp import Stamp, stamps

TAILS = [fmt for fmt in load_formats() if parse.opening_of(fmt)]
REFERENCE = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET VARIABLE reference = TIMESTAMP '2026-11-22 12:00:00'")
        yield connection


@pytest.mark.parametrize("fmt", TAILS, ids=lambda fmt: fmt.id)
def test_an_opening_tells_what_the_whole_regex_does(db: duckdb.DuckDBPyConnection, fmt: Format) -> None:
    """Which lines are claimed, what stands before the body, what follows, and each group that makes a column, is what the
    format's whole regex finds, whatever the digits; by layouts too, where these can tell it."""
    lines = [one.text.split("\n")[0] for one in fmt.examples]
    lines += [
        line.translate(str.maketrans("0123456789", other)) for line in lines for other in ("2109876543", "1" * 10)
    ]
    begins = parse.opening_of(fmt)
    assert begins is not None
    db.register("lines", pa.table({"t": lines}))
    openings = [told for (told,) in db.execute(f"SELECT {parse.told_by(fmt, 't')} FROM lines").fetchall()]
    known = [(line, opening) for line, opening in zip(lines, openings, strict=True) if opening]
    assert {line for line, _ in known} == {
        line for (line,) in db.execute(f"SELECT t FROM lines WHERE regexp_matches(t, {literal(fmt.regex)})").fetchall()
    }

    def captured(regex: str, text: str, names: list[str]) -> dict[str, str]:
        found: dict[str, str] = db.execute(f"SELECT {parse.captures(regex, '$t', names)}", {"t": text}).fetchall()[0][0]
        return found

    names = [BEFORE, *parse.opening_groups(fmt)]
    whole = [captured(fmt.regex, line, [*names[1:], "body"]) for line, _ in known]
    found = [captured(begins.apart, opening, names) for _, opening in known]
    by_layout = layouts.groups(pa.array([opening for _, opening in known]), begins.apart, names)
    if by_layout is None:
        assert not layouts.tells_no_digits_apart(begins.apart)
    else:
        assert found == [
            dict(zip(names, values, strict=True))
            for values in zip(*(by_layout[name].to_pylist() for name in names), strict=True)
        ]
    for (line, _), one, other in zip(known, found, whole, strict=True):
        assert {**other, "body": line[len(one.pop(BEFORE)) :]} == {**one, "body": other["body"]}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.integers(0, 12), st.integers(0, 12)), max_size=20), st.booleans())
def test_slices_are_those_of_python(cases: list[tuple[str, int, int]], large: bool) -> None:
    """Whatever the texts (beyond ASCII, empty, a part of a longer array), a slice holds the bytes between its places."""
    texts = pa.array(["before", *(text for text, _, _ in cases)], pa.large_string() if large else pa.string()).slice(1)
    spans = [sorted((min(a, len(text)), min(b, len(text)))) for text, a, b in cases]
    places = [
        pa.array([len(text[: span[k]].encode()) for (text, _, _), span in zip(cases, spans, strict=True)], pa.int64())
        for k in (0, 1)
    ]
    expected = [text[a:b] for (text, _, _), (a, b) in zip(cases, spans, strict=True)]
    assert layouts.slices(texts, *places).to_pylist() == expected


@pytest.mark.parametrize(
    ("regex", "alike"),
    [(r"^\d{4}-\d\d [A-Z0-9]{1,3}$x", False), (r"^(?P<a1>[0-9]{2}|\w+)", True), (r"^[0-5]\d", False), (r"^1", False),
     (r"^[\w$]+ ", True), (r"^a$|b", False), (r"^\x1b", False)],
)  # fmt: skip
def test_regexes_that_tell_digits_apart_are_known(regex: str, alike: bool) -> None:
    """A regex that reads one digit and not another, or looks for the end of the text, is not put to layouts."""
    assert layouts.tells_no_digits_apart(regex) == alike


@pytest.mark.parametrize("kind", [kind for kind in stamps() if kind.unit != "uptime"], ids=lambda kind: kind.id)
def test_moments_by_the_clock_are_those_of_each_stamp(db: duckdb.DuckDBPyConnection, kind: Stamp) -> None:
    """Stamps that differ in the fraction of the second are converted to it each, and their renderings are theirs."""
    examples = [text for text in kind.examples if rendering_of(text) or kind.unit]
    texts = [
        text.replace("." + old, "." + new)
        for text in examples
        for old, new in (("", ""), ("678", "001"), ("678", "999"))
    ]
    node = Node(GENERIC, Node(None), kinds=[kind], odd=True)
    for text in texts:
        if rendering := rendering_of(text):
            node.written.setdefault(rendering, text)
    moments = Moments(db)
    rows = moments.read(node, pa.table({"own_text": pa.array([*texts, None, "no stamp"])}), "UTC")
    expected = [to_datetime(text, kind, UTC, REFERENCE) for text in texts]
    assert [at and at.replace(tzinfo=UTC) for at in rows["timestamp"].to_pylist()] == [*expected, None, None]
    assert rows["stamp_text"].to_pylist() == [*texts, None, "no stamp"]
    printed = {str(moments.renderings[stamp]) for stamp in rows["stamp"].to_pylist() if stamp is not None}
    assert printed <= {str(rendering) for rendering in node.written}
