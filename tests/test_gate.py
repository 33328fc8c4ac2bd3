"""`logtriage check`: a gate closes for what it names, stays open for what is clean, and never says yes to nothing."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import called

from logtriage.cli import main
from logtriage.errors import UsageError
from logtriage.gate.rules import Rule, read_rules
from logtriage.signatures.library import load_patterns

GOOD = """\
2026-05-04 08:00:00.000 INFO  server started on port 8080
2026-05-04 08:00:01.000 INFO  request 17 from 10.0.0.7 took 12 ms
2026-05-04 08:00:02.000 INFO  request 18 from 10.0.0.9 took 11 ms
2026-05-04 08:00:03.000 WARN  cache is cold, 3 misses
"""
SAME = """\
2026-05-05 09:00:00.000 INFO  server started on port 9090
2026-05-05 09:00:01.000 INFO  request 7 from 10.9.9.9 took 1200 ms
2026-05-05 09:00:02.000 WARN  cache is cold, 120 misses
"""
HOSTILE = "]]></failure><x/> & \x1b[31m \"quoted\" '--' \x00 \ufffe é"
BAD = (
    SAME
    + f"""\
2026-05-05 09:00:03.000 ERROR upstream said {HOSTILE}
2026-05-05 09:00:04.000 INFO  warmed up in 12 ms
2026-05-05 09:00:05.000 FATAL java.lang.OutOfMemoryError: Java heap space
2026-05-05 09:00:06.000 FATAL java.lang.OutOfMemoryError: Java heap space
"""
)


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with good.log, same.log (says the same with other values), bad.log and empty.log; work is done in it."""
    for name, text in (("good", GOOD), ("same", SAME), ("bad", BAD), ("empty", "")):
        (tmp_path / f"{name}.log").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(capfd: pytest.CaptureFixture[str], code: int, *args: str) -> list[tuple[str, str, int, str]]:
    """Runs `check … --output json`: rule, name, records and place of each finding."""
    assert main(["check", *args, "--output", "json"]) == code
    told = json.loads(capfd.readouterr().out)
    assert told["ok"] == (code == 0)
    return [
        (
            one["rule"],
            one.get("flag") or one["template"],
            one["records"],
            f"{one['first']['source']}:{one['first']['line']}",
        )
        for one in told["findings"]
    ]


def test_new_is_what_the_baseline_never_said(logs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Other numbers and addresses are nothing new; other words are, whatever their level, or from a level on."""
    assert found(capfd, 0, "same.log", "--baseline", "good.log") == []
    told = found(capfd, 1, "bad.log", "--baseline", "good.log", "--fail-on", "new")
    assert [(rule, records, place) for rule, name, records, place in told if "upstream" not in name] == [
        ("new", 2, "bad.log:6"), ("new", 1, "bad.log:5")
    ]  # fmt: skip
    assert len(told) == 3
    told = found(capfd, 1, "bad.log", "--baseline", "good.log", "--fail-on", "new:fatal")
    assert [(rule, name.endswith("Java heap space"), n) for rule, name, n, _ in told] == [("new:fatal", True, 2)]


def test_flags_and_levels_need_no_baseline(logs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Signatures by id, glob or category, and levels; what breaks two rules is told for both."""
    told = found(capfd, 1, "bad.log", "--fail-on", "flag:jvm.*,level:error")
    assert ("flag:jvm.*", "jvm.out-of-memory", 2, "bad.log:6") in told
    assert [n for rule, _, n, _ in told if rule == "level:error"] == [2, 1]
    assert found(capfd, 0, "good.log", "--fail-on", "flag:memory,level:fatal") == []
    assert found(capfd, 0, "good.log") == []


def test_what_says_nothing_is_refused(logs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No record to check, an empty baseline, the logs as their own baseline, no baseline at all, a file that is not
    there: exit code 2, and one line that says so."""
    for args, said in (
        (["empty.log"], "the logs hold no record"),
        (["bad.log", "--baseline", "empty.log"], "the baseline holds no record"),
        (["bad.log", "--baseline", "bad.log"], "bad.log is its own baseline"),
        (["bad.log", "--fail-on", "new"], "new against what?"),
        (["none.log"], "none.log"),
        (["bad.log", "--fail-on", "flag:memroy"], "memroy"),
    ):
        assert main(["check", *args]) == 2, args
        out, err = capfd.readouterr()
        assert out == "" and said in err


def test_a_source_that_fails_is_an_error(logs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Where a log could not be read, the gate is not clean, whatever the others say."""
    assert main(["check", "good.log", "none.log"]) == 2
    told = capfd.readouterr().err
    assert "unsure: nothing of level:error" in told and "clean" not in told


def test_what_is_no_log_cannot_be_checked(logs: Path) -> None:
    """A binary that is named, however its path is typed, is an error, as nothing of it can be told; an empty log is told, and
    is none."""
    (logs / "tool").write_bytes(bytes(range(256)) * 20)
    (logs / "quiet.log").touch()
    for name in ("tool", "./tool", f"{logs}//tool"):
        ran = called("check", "good.log", name, "--fail-on", "level:fatal", cwd=logs)
        assert ran.code == 2 and "tool: binary data, and no log" in ran.err and "clean" not in ran.err, name
    ran = called("check", "good.log", "quiet.log", "--fail-on", "level:fatal", cwd=logs)
    assert ran.code == 0 and "1 without a log: quiet.log (empty)" in ran.err


def test_junit_through_the_command(logs: Path) -> None:
    """The document is well-formed whatever the log says: no markup, no control characters; a case a finding."""
    ran = called(
        "check", "bad.log", "--baseline", "good.log", "--fail-on", "new,flag:dns", "--output", "junit", cwd=logs
    )
    assert ran.code == 1 and "failed: 3 × new" in ran.err
    root = ElementTree.fromstring(ran.out)
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "4", "3")
    assert {child.tag for child in root.iter()} == {"testsuites", "testsuite", "testcase", "failure"}
    assert "\x1b" not in ran.out and "\x00" not in ran.out and "\ufffe" not in ran.out
    assert any("]]></failure><x/> & " in (failure.text or "") for failure in root.iter("failure"))
    assert [case.get("name") for case in root.iter("testcase") if case.find("failure") is None] == [
        "nothing of flag:dns"
    ]


def test_text_through_the_command(logs: Path) -> None:
    """Clean is silent on stdout and 0; what was found is printed without the log's control characters, and 1."""
    ran = called("check", "same.log", "--baseline", "good.log", cwd=logs)
    assert (ran.code, ran.out) == (0, "") and "clean: nothing of new; checked 1 source, 3 records" in ran.err
    ran = called("check", "bad.log", "--fail-on", "level:error", cwd=logs)
    assert ran.code == 1 and "\x1b" not in ran.out and "the first at bad.log:6" in ran.out


def test_a_store_keeps_the_baseline(logs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With --store what was read stays, and what else is in the store is no part of the comparison."""
    store = ["--store", str(logs / "st")]
    assert main(["check", "same.log", "--baseline", "good.log", *store]) == 0
    assert main(["check", "bad.log", "--baseline", "good.log", *store]) == 1
    assert main(["check", "same.log", "--baseline", "good.log", *store]) == 0
    capfd.readouterr()


def test_rules() -> None:
    """Lists and repeats are read alike; what is no rule, level or known flag is refused."""
    patterns = load_patterns(examples=False)
    assert read_rules(["new, level:fatal", "new"], patterns) == [Rule("new"), Rule("level", "fatal", 21)]
    assert read_rules(["level:warning", "new:ERR"], patterns) == [Rule("level", "warn", 13), Rule("new", "error", 17)]
    assert str(read_rules(["flag:memory"], patterns)[0]) == "flag:memory"
    for text in ("", "old", "level", "level:bad", "flag:", "flag:none-such", "new:maybe"):
        with pytest.raises(UsageError):
            read_rules([text], patterns)
