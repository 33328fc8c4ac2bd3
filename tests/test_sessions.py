"""`logtriage sessions`: planted oddities are found, each for its reason, and what is usual is left alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import called
from hypothesis import given
from hypothesis import strategies as st
from stores import fill

from logtriage.cli import main
from logtriage.errors import UsageError
from logtriage.query.query import Query
from logtriage.sessions.key import Key
from logtriage.sessions.reasons import Oddity, reason
from logtriage.sessions.threshold import threshold
from logtriage.sessions.verdict import Session, Verdict, judged
from logtriage.store.store import Store

START = datetime(2026, 5, 4, 8)
STEPS = (
    "begin {}", "validated {} in 7 ms", "charged {} amount 12", "stored {} row 3", "end {}"
)  # fmt: skip
REASON = {
    "end": "missing end: “end", "missing": "missing step: “charged", "new": "new step: “retry",
    "order": "wrong order: “", "slow": "too slow: ", "error": "error inside: “charge of", "number": "repeated step: “stored",
}  # fmt: skip
Step = tuple[str, str, float]


def planted(name: str, steps: list[Step]) -> list[Step]:
    """The usual steps with one thing wrong."""
    match name:
        case "end":
            return steps[:-1]
        case "missing":
            return steps[:2] + steps[3:]
        case "new":
            return [*steps[:3], ("WARN", "retry {} after 50 ms", 0.1), *steps[3:]]
        case "error":
            return [*steps[:3], ("ERROR", "charge of {} failed with 500", 0.1), *steps[3:]]
        case "number":
            return [*steps[:4], steps[3], steps[3], steps[4]]
        case "order":
            return [steps[0], steps[3], steps[2], steps[1], steps[4]]
    return [*steps[:2], (*steps[2][:2], 9.0), *steps[3:]]  # slow


def name_of(number: int) -> str:
    """The name of a session."""
    return f"tx-{number:05}f"


def lines(
    sessions: int, wrong: Mapping[int, str], name: Callable[[int], str] = name_of, every: float = 3.0
) -> list[str]:
    """A log of sessions that overlap, in order of time; `wrong`: number of a session → what is planted in it."""
    rng = random.Random(7)
    events: list[tuple[float, int, str]] = []
    for number in range(sessions):
        steps: list[Step] = [("INFO", text, 0.2) for text in STEPS]
        if rng.random() < 0.4:
            steps.insert(2, ("INFO", "discount for {} of 5 percent", 0.1))
        if number in wrong:
            steps = planted(wrong[number], steps if len(steps) == 5 else [*steps[:2], *steps[3:]])
        at = number * every + rng.random()
        for level, text, takes in steps:
            at += takes * rng.uniform(0.7, 1.4)
            events.append((at, len(events), f"{level:5} [worker-1] shop - {text.format(name(number))}"))
    return [
        f"{(START + timedelta(seconds=at)).isoformat(' ', 'milliseconds')} {text}" for at, _, text in sorted(events)
    ]


def ask(folder: Path, text: Sequence[str], by: str, query: Query | None = None) -> tuple[Verdict, dict[str, Session]]:
    """The verdict on a log, and its sessions by name."""
    path = folder / "app.log"
    path.write_text("\n".join(text) + "\n")
    fill(folder / "st", [path])
    with Store(folder / "st") as store, judged(store, query or Query(), Key.of(by)) as verdict:
        return verdict, {found.session: found for found in verdict.sessions()}


@pytest.mark.parametrize("sessions", [30, 400])
def test_planted_oddities_are_found_for_their_reason(tmp_path: Path, sessions: int) -> None:
    """Each kind of oddity is found and named; none of the other sessions is anomalous."""
    wrong = {(k + 1) * sessions // 9: what for k, what in enumerate(REASON)}
    verdict, found = ask(tmp_path, lines(sessions, wrong), r"tx-\w+")
    assert {name for name, one in found.items() if one.anomalous} == {name_of(number) for number in wrong}
    for number, what in wrong.items():
        told = found[name_of(number)].reasons
        assert any(text.startswith(REASON[what]) for text in told), (what, told)
    assert (len(found), verdict.anomalous, verdict.gathered.without) == (sessions, len(wrong), 0)


def test_the_longest_wait_is_named(tmp_path: Path) -> None:
    """A session that is too slow says before which step the time went, and how long others take."""
    _, found = ask(tmp_path, lines(60, {20: "slow"}), r"tx-\w+")
    (told,) = found[name_of(20)].reasons
    assert told.startswith("too slow: ") and "usually 8" in told
    assert told.endswith("the longest wait before “charged <*> amount <*>”")


def test_within_a_second_the_file_tells_the_order(tmp_path: Path) -> None:
    """Where times are whole seconds, lines of one second are in the order of their file."""
    text = [line[:19] + line[23:] for line in lines(60, {20: "order"})]
    _, found = ask(tmp_path, text, r"tx-\w+")
    assert [name for name, one in found.items() if one.anomalous] == [name_of(20)]
    assert all(told.startswith("wrong order: ") for told in found[name_of(20)].reasons)


def test_what_is_usual_is_no_oddity(tmp_path: Path) -> None:
    """Where nothing is planted nothing is anomalous, though steps are optional and times vary."""
    verdict, _ = ask(tmp_path, lines(300, {}), r"tx-\w+")
    assert (verdict.anomalous, verdict.everywhere) == (0, ())


def test_the_order_of_lines_says_nothing(tmp_path: Path) -> None:
    """The same lines shuffled give the same sessions, scores and reasons."""
    wrong = {5 + 11 * k: what for k, what in enumerate(REASON)}
    text = lines(90, wrong)
    (tmp_path / "shuffled").mkdir()
    _, there = ask(tmp_path, text, r"tx-\w+")
    random.Random(3).shuffle(text)
    _, shuffled = ask(tmp_path / "shuffled", text, r"tx-\w+")
    assert shuffled == there


def test_sessions_cut_by_the_window_are_no_oddity(tmp_path: Path) -> None:
    """What was going on when the log begins or ends is counted as cut off, while a missing end in its middle is told."""
    text = lines(400, {200: "end"}, every=0.1)
    text = text[len(text) // 10 : -len(text) // 10]
    verdict, found = ask(tmp_path, text, r"tx-\w+")
    assert [name for name, one in found.items() if one.anomalous] == [name_of(200)]
    assert 5 < verdict.cut < 60


def test_the_window_of_sessions_ends_as_asked(tmp_path: Path) -> None:
    """Sessions can be seen up to `until`, to the microsecond: the record of that very moment is within."""
    text = lines(60, {})
    until = datetime.fromisoformat(text[150][:23]).replace(tzinfo=UTC)
    assert until.microsecond
    verdict, _ = ask(tmp_path, text, r"tx-\w+", Query(until=until))
    assert verdict.gathered.end == round(until.timestamp() * 10**6) * 1000


def test_a_time_beyond_what_nanoseconds_count(tmp_path: Path) -> None:
    """A record of the year 1014, as of a clock that was not set, is one without a time to its session; others are as they were."""
    text = lines(60, {})
    _, before = ask(tmp_path, text, r"tx-\w+")
    (tmp_path / "more").mkdir()
    verdict, found = ask(tmp_path / "more", [f"1014{text[0][4:]}", *text], r"tx-\w+")
    name = name_of(0)
    assert found[name].records == before[name].records + 1
    assert {(one.session, one.first, one.last) for one in found.values()} == {
        (one.session, one.first, one.last) for one in before.values()
    }
    assert verdict.gathered.start is not None and verdict.gathered.start > 0


def test_a_record_belongs_to_all_sessions_it_names(tmp_path: Path) -> None:
    """All that the regex finds in a record counts; records that name nothing are counted too."""
    text = [
        *lines(20, {}),
        f"{START.isoformat(' ')}.000 INFO  [w] shop - batch of {name_of(3)} {name_of(4)} {name_of(3)}",
    ]
    before, plain = ask(tmp_path, lines(20, {}), r"tx-\w+")
    (tmp_path / "more").mkdir()
    verdict, found = ask(tmp_path / "more", [*text, f"{START.isoformat(' ')}.001 INFO  [w] shop - idle"], r"tx-\w+")
    more = {name: one.records - plain[name].records for name, one in found.items()}
    assert {name: n for name, n in more.items() if n} == {name_of(3): 1, name_of(4): 1}
    assert (before.gathered.without, verdict.gathered.without) == (0, 1)


def test_names_without_digits_make_no_steps_of_their_own(tmp_path: Path) -> None:
    """A session's own name in a template is a value, also where it looks like any other word."""
    words = ["ann", "bob", "cyd", "dora", "eve", "fay", "gus", "hal", "ida", "joe", "kim", "lee", "mo", "nat", "oz"]
    verdict, found = ask(
        tmp_path,
        lines(15, {9: "end"}, name=lambda n: words[n]),
        r"(?:for|of|begin|end|validated|charged|stored) ([a-z]+)",
    )
    assert [name for name, one in found.items() if one.anomalous] == ["joe"]
    assert len(found) == 15 and verdict.everywhere == ()


def test_by_a_field(tmp_path: Path) -> None:
    """A word is a field: of JSON here; and a filter holds for the records that sessions are made of."""
    text = [
        json.dumps(
            {"time": line[:23] + "Z", "level": "info", "msg": line.split(" - ")[1].split(" ")[0], "order": {"id": k}}
        )
        for k in range(12)
        for line in lines(1, {0: "end"} if k == 5 else {})
    ]
    _, found = ask(tmp_path, text, "order.id")
    assert [name for name, one in found.items() if one.anomalous] == ["5"]
    assert found["5"].reasons[0].startswith("missing end")
    misspelt = called("sessions", "--store", tmp_path / "st", "--by", "order.idd")
    assert misspelt.code == 1 and "no record has the field order.idd: is it order.id?" in misspelt.err


def test_regexes_that_cannot_name_a_session() -> None:
    """Lookaround and what matches anything are refused in one line."""
    for text in ("(?<=id=)x", "x*", "("):
        with pytest.raises(UsageError):
            Key.of(text)
    assert Key.of("trace_id").is_field and not Key.of(r"id=(\d+)").is_field


@given(st.lists(st.tuples(st.floats(2, 12), st.integers(1, 50)), max_size=12), st.integers(4, 5000), st.randoms())
def test_the_threshold_is_the_scores_own(scores: list[tuple[float, int]], sessions: int, rng: random.Random) -> None:
    """It does not depend on the order of scores, and never lies under what may always be usual."""
    limit = threshold(scores, sessions, 4.0)
    assert limit >= min(4.0, threshold([], sessions, 4.0))
    rng.shuffle(scores)
    assert threshold(scores, sessions, 4.0) == limit


def test_the_threshold_lies_in_the_gap() -> None:
    """Between what many sessions do and what few do there is a gap; what is above it is odd."""
    assert 4.5 < threshold([(2.0, 900), (4.4, 60), (4.5, 60), (8.0, 5), (9.0, 3)], 2000, 4.0) < 8.0
    assert threshold([(8.0, 5)], 2000, 4.0) == 6.0


def test_reasons_are_plain_words() -> None:
    """Numbers and times as people say them; a text is cut and kept on one line."""
    texts = {1: "charged\n<*>", 2: "x" * 500}
    assert reason(Oddity("number", 1, 0, 1, 3), texts) == "missing step: “charged <*>” once, usually 3 times"
    assert (
        reason(Oddity("missing", 1, 0, 1999, 2000), texts)
        == "missing step: “charged <*>”, which 99.95 % of sessions have"
    )
    assert reason(Oddity("slow", 0, 0, 3 * 3600 * 10**9, 5 * 10**6), texts) == "too slow: 3 h 0 min, usually 5 ms"
    assert reason(Oddity("slow", 0, 0, 320 * 10**9, 59 * 10**9), texts) == "too slow: 5 min 20 s, usually 59.0 s"
    assert reason(Oddity("slow", 0, 0, 30 * 3600 * 10**9, 0), texts) == "too slow: 1 d 6 h, usually 0 ms"
    assert len(reason(Oddity("order", 2, 1, 0, 0), texts)) < 250


def test_the_command(tmp_path: Path) -> None:
    """Exit code, one object a session, a table with the command that shows a session, and what was covered."""
    log = tmp_path / "app.log"
    log.write_text("\n".join(lines(40, {7: "end", 21: "error"})) + "\n")
    command = ["sessions", "--store", tmp_path / "st", "--by", r"tx-\w+", "--utc"]
    ran = called(*command, log)
    assert ran.code == 0 and ran.lines[0].split()[3] in (name_of(7), name_of(21))
    assert f"logtriage grep -F -w -e {ran.lines[0].split()[3]} {log}" in ran.err
    assert "40 sessions, 2 anomalous" in ran.err
    ran = called(*command, "--output", "jsonl")
    told = [json.loads(line) for line in ran.lines]
    assert [set(one) for one in told] == [{"session", "score", "anomalous", "reasons", "first", "last", "records"}] * 40
    assert [one["anomalous"] for one in told] == [True] * 2 + [False] * 38
    assert all(one["anomalous"] == (one["score"] >= 1) == bool(one["reasons"]) for one in told)
    assert called(*command, "--until", "2026-05-04T08:00:15Z").code == 1


def test_a_filter_that_excludes_everything_leaves_no_session(tmp_path: Path) -> None:
    """A name that no record has makes no sessions, by a regex too; and what there is in its place is told."""
    log = tmp_path / "app.log"
    log.write_text("\n".join(lines(40, {7: "end"})) + "\n")
    command = ["sessions", "--store", tmp_path / "st", "--by", r"tx-\w+"]
    called(*command, log)
    ran = called(*command, "--source", "ap.log")
    assert (ran.code, ran.out) == (1, "") and "0 records; 0 sessions, 0 anomalous" in ran.err
    assert "no source 'ap.log' was seen: is it app.log?" in ran.err


def test_the_command_fails_clearly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No ids and no --by, a regex that is wrong, a missing file: exit code 2; nothing to group: 1, and why."""
    log = tmp_path / "app.log"
    log.write_text("2026-05-04 08:00:00 INFO nothing here\n")
    for code, more, said in (
        (2, [], "by what?"),
        (2, ["--by", "("], "("),
        (2, ["--by", "x", str(tmp_path / "none.log")], "none.log"),
        (1, ["--by", r"order=(\w+)"], r"no record has a match of order=(\w+)"),
    ):
        assert main(["sessions", "--store", str(tmp_path / "st"), *more, str(log)]) == code
        out, err = capfd.readouterr()
        assert out == "" and said in err


def test_hostile_names(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Names of sessions that are SQL, shell, escapes or formulas stay texts in every output."""
    names = ["'; DROP TABLE x; --", "\x1b]0;owned\x07", "$(rm -rf /)", "=cmd()", '"},{"', "--help", "é\u202e"]
    text = [
        f"{START.isoformat(' ')}.{k:03} INFO step {s} of <{name}>" for k in range(3) for s in "ab" for name in names
    ]
    text += [f"{START.isoformat(' ')}.500 ERROR broken 7 <{names[1]}>"]
    log = tmp_path / "app.log"
    log.write_text("\n".join(text) + "\n")
    command = ["sessions", "--store", str(tmp_path / "st"), "--by", "<(.*)>", str(log)]
    assert main([*command, "--output", "jsonl"]) == 0
    told = {one["session"]: one for one in map(json.loads, capfd.readouterr().out.splitlines())}
    assert set(told) == set(names) and told[names[1]]["anomalous"]
    assert main(command) == 0
    out, err = capfd.readouterr()
    assert "\x1b" not in out + err and "\x07" not in out + err
    assert r"-e $'\u001b]0;owned\u0007'" in err
    assert main([*command, "--output", "csv"]) == 0
    assert "\n'=cmd()," in capfd.readouterr().out
