"""Detection: what samples tell of how a source writes, transports and what they wrap, and what is not known."""

from __future__ import annotations

import time

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from samples import LOGS

from logtriage.formats import claims
from logtriage.formats.claims import told_by_regex
from logtriage.formats.detect import Grammar
from logtriage.formats.fields import read_head
from logtriage.formats.format import Format, load_formats
from logtriage.formats.header import derive


def grammar(**how: str) -> Grammar:
    return Grammar(load_formats(examples=False), **how)  # type: ignore[arg-type]


def names(learnt: Grammar) -> set[str]:
    return {node.name for node in learnt.root.walk() if node.fmt and not node.children}


def test_a_wrapped_format_is_found_inside_its_transport() -> None:
    """A transport's inner text is detected in turn, so that a chain of formats is learnt."""
    learnt = grammar()
    learnt.learn([samples.docker(LOGS["nginx"][0] + "\n", 1), samples.docker(LOGS["json"][1] + "\n", 2)])
    assert all(name.startswith("docker-json-file/") for name in names(learnt))
    assert len(names(learnt)) == 2


def test_the_same_lines_teach_nothing_twice() -> None:
    """Learning tells whether there was anything new, so that reading ends when there is not."""
    lines = [record for records in LOGS.values() for record in records]
    learnt = grammar()
    assert learnt.learn(lines)
    learnt.learn(lines)
    assert not learnt.learn(lines)


def test_lines_nobody_has_a_name_for_are_generic() -> None:
    """A stamp near a line's start makes it a line of the generic format; a line without one teaches nothing."""
    learnt = grammar()
    assert not learnt.learn(["nothing to see", "x" * 5000, ""])
    learnt.learn(["<<2026-03-02T10:00:01Z>> something of its own"])
    assert names(learnt) == {"text"}


def test_a_format_may_say_how_its_stamps_are_written() -> None:
    """Where a stamp can be read in two ways, the kind that the format says counts; of what is none of it, the look."""
    learnt = grammar()
    learnt.learn(["10/06/11 20:10:40 INFO mapred.JobClient: Running job"])
    (java,) = learnt.root.children.values()
    assert [kind.id for kind in java.kinds] == ["short-year-first"]
    assert not java.written, "what is told by the look alone is another kind's"
    other = java.kind_of("2026-01-02 03:04:05")
    assert other is not None
    assert other.id == "iso"


def test_a_moment_in_a_message_does_not_make_records() -> None:
    """A stamp that a message is about is read, but lines without one stay records of their own."""
    learnt = grammar()
    learnt.learn(["the update started at 2026-03-02 10:00:01"])
    assert names(learnt) == {"text"}
    assert not learnt.root.stamped
    learnt.learn(["2026-03-02 10:00:02 <<something else>>"])
    assert learnt.root.stamped


def test_a_document_too_deep_to_be_read_stops_nothing() -> None:
    """JSON nested deeper than Python reads teaches nothing, and what comes after it is learnt as ever."""
    learnt = grammar()
    learnt.learn(['{"a":' * 200_000 + "1" + "}" * 200_000, LOGS["json"][1]])
    assert names(learnt) == {"json"}


def test_a_forced_format_is_the_only_outer_one() -> None:
    """With a format forced, lines of others are not taken for theirs."""
    learnt = grammar(forced="docker-json-file")
    learnt.learn([LOGS["nginx"][0], samples.docker(LOGS["nginx"][0] + "\n", 1)])
    assert all(name.startswith(("docker-json-file", "text")) for name in names(learnt))


@given(
    st.text(max_size=200)
    | st.builds(
        lambda a, b, n: a[:n] + b[n:], *[st.sampled_from(LOGS["docker"] + LOGS["json"])] * 2, st.integers(0, 99)
    )
)
def test_hostile_lines_do_not_break_learning(line: str) -> None:
    """Whatever a line holds, learning from it ends without an error."""
    _LEARNER.learn([line])


_LEARNER = grammar()

IIS = Format(
    id="w3c",
    title="t",
    kind="header",
    header=r"^#Fields: (?P<columns>.*)$",
    separator=" ",
    columns={"c-ip": "client_ip", "sc-status": "status"},
)


def test_a_header_names_the_columns_below_it() -> None:
    """Columns get the names that the format gives them, others their own made harmless; none comes twice."""
    made = derive(IIS, "date time c-ip sc-status cs(User-Agent) time 2nd")
    assert made.groups == ("date", "time", "client_ip", "status", "cs_user_agent", "time_2", "c_2nd")
    fields = read_head(made, '2026-03-02 10:00:01 10.0.0.8 404 "my agent" 7 x', None)
    assert fields is not None
    assert (fields["timestamp"], fields["client_ip"], fields["status"]) == ("2026-03-02 10:00:01", "10.0.0.8", "404")


@pytest.mark.parametrize("header", ["", "   ", '"', "((((", "a a a", "日本 é", "x" * 3000])
def test_any_header_gives_a_regex_that_compiles(header: str) -> None:
    """A header that a stranger wrote cannot break the program."""
    read_head(derive(IIS, header), "some line", None)


def test_a_header_of_many_columns_costs_little() -> None:
    """A header of a thousand columns, which nobody writes, does not make a regex that takes minutes."""
    assert len(derive(IIS, "x " * 1000).regex) < 50_000


def test_a_long_word_is_no_long_wait() -> None:
    """A line that is one word of 200,000 letters teaches as quickly as any: what is looked for is looked for at its beginning."""
    began = time.process_time()
    for first in ("", "[", "{"):
        Grammar(load_formats(examples=False)).learn([first + "x" * 200_000])
    assert time.process_time() - began < 20


def test_formats_claim_the_same_lines_in_one_database_and_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many formats stand in a Hyperscan database changes nothing of what they claim, kept in the cache or not."""
    formats = [fmt for fmt in load_formats(examples=False) if told_by_regex(fmt)][:30]
    lines = [line for records in LOGS.values() for record in records for line in record.splitlines()]
    found = []
    for together in (1, 7, 30, 30):
        monkeypatch.setattr(claims, "_TOGETHER", together)
        told = claims.Claims(formats)
        found.append([told.of(line) for line in lines])
    assert any(found[0])
    assert found[1:] == [found[0]] * 3
