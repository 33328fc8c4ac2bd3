"""Records as logfmt: one line each, from which any reader gets the values back."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtriage.cli import main
from logtriage.output import as_logfmt

PAIR = re.compile(r'([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)')


def read(line: str) -> dict[str, str]:
    """A plain reader of logfmt, which takes the whole line or fails."""
    pairs = PAIR.findall(line)
    assert " ".join(f"{key}={value}" for key, value in pairs) == line
    return {key: json.loads(value) if value[:1] == '"' else value for key, value in pairs}


@given(
    st.dictionaries(st.from_regex(r"x[a-z]{3}", fullmatch=True), st.text(min_size=1) | st.integers() | st.booleans()),
    st.text(min_size=1),
)
def test_what_is_written_is_read_back(attributes: dict[str, object], body: str) -> None:
    """Whatever a record holds, it is one line of printable text, and its values come back."""
    line = as_logfmt(json.dumps({"source": "a b.log", "level": None, "body": body, "attributes": attributes}))
    assert line.splitlines() == [line] and not re.search(r"[\x00-\x1f\x7f-\x9f]", line)
    told = read(line)
    assert told.pop("source") == "a b.log" and told.pop("msg") == body
    assert told == {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}


BODIES = st.text(min_size=4).filter(lambda text: text.strip(" \n") == text)


@given(st.lists(st.tuples(BODIES, st.text(min_size=1)), min_size=4, max_size=9))
@settings(max_examples=5, deadline=None)
def test_what_logfmt_escapes_is_told_as_it_was_meant(said_by: list[tuple[str, str]]) -> None:
    """A logfmt line's message and values are read without their escapes, from the file and from the store, and the lines
    come back to the byte."""
    lines = "".join(
        f"time=2026-03-02T10:00:01Z level=info msg={json.dumps(body)} user={json.dumps(user)} n=1\n"
        for body, user in said_by
    )
    with TemporaryDirectory() as folder:
        log, store = Path(folder, "a.log"), str(Path(folder, "st"))
        log.write_text(lines)
        file = said("cat", "--output", "jsonl", str(log))
        assert main(["ingest", "--store", store, str(log), "--no-messages"]) == 0
        for told in (file, said("cat", "--store", store, "--output", "jsonl")):
            records = map(json.loads, told.rstrip("\n").split("\n"))
            assert [(record["body"], record["attributes"]["user"]) for record in records] == said_by
        assert said("cat", "--store", store, "--output", "raw") == lines


def said(*args: str) -> str:
    """What a command prints."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(out):
        assert main([*args, "--no-messages", "--no-config"]) == 0
    out.flush()
    return out.buffer.getvalue().decode()


def test_quotes_inside_values_of_any_text(tmp_path: Path) -> None:
    """Where the form is unknown, an escaped quote does not end a value; other backslashes stay, as those of a path."""
    (tmp_path / "a.log").write_text('2026-03-02T10:00:01Z done msg="said \\"hi\\" twice" path="c:\\temp" n=1\n')
    told = json.loads(said("cat", "--output", "jsonl", str(tmp_path / "a.log")))["attributes"]
    assert (told["msg"], told["path"], told["n"]) == ('said "hi" twice', "c:\\temp", "1")


def test_a_value_that_is_empty_is_none(tmp_path: Path) -> None:
    """A key whose value is empty is not told, from files as from the store; where it comes again with a value, that is."""
    log, store = tmp_path / "a.log", str(tmp_path / "st")
    log.write_text('2026-03-02T10:00:01Z done gap="" n="" n=1 m=2 m=""\n')
    assert main(["ingest", "--store", store, str(log), "--no-messages"]) == 0
    for told in (said("cat", "--output", "jsonl", str(log)), said("cat", "--output", "jsonl", "--store", store)):
        assert json.loads(told)["attributes"] == {"n": "1", "m": "2"}


def test_names_that_clash_or_break() -> None:
    """An attribute never hides what the record is, and a key cannot end its line."""
    told = read(as_logfmt(json.dumps({"line": 3, "flags": ["a.b", "c.d"], "attributes": {"line": 9, "a =\n": "x"}})))
    assert told == {"line": "3", "flags": "a.b,c.d", "attributes.line": "9", "a___": "x"}


def test_the_commands_write_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """grep and cat, from files and from the store, tell the same as in JSON; and logtriage reads what it wrote."""
    log = tmp_path / "app.log"
    log.write_text(
        "2026-05-04 08:00:00.000 ERROR [main] c.a.Pool - said no to order=7\n2026-05-04 08:00:01.000 INFO  [main] c.a.Pool - fine\n"
    )
    outs = []
    store = ["--store", str(tmp_path / "st")]
    for command in (["cat", str(log)], ["grep", "", str(log)], ["ingest", str(log)], ["grep", ""]):
        assert main([*command, *store, *(["--output", "logfmt"] if command[0] != "ingest" else [])]) == 0
        outs.append(capfd.readouterr().out)
    assert outs[0] == outs[1] == outs[3] and 'msg="said no to order=7"' in outs[0]
    (tmp_path / "again.log").write_text(outs[0])
    assert main(["cat", "--output", "jsonl", str(tmp_path / "again.log")]) == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(one["body"], one["level"], one["timestamp"]) for one in told] == [
        ("said no to order=7", "error", "2026-05-04T08:00:00.000000Z"),
        ("fine", "info", "2026-05-04T08:00:01.000000Z"),
    ]
