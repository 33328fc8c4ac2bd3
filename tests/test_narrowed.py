"""A JSON log is asked only for the keys that its documents have (formats/narrowed.py), and small logs are read once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from engine import examples, reading, records_of
from hypothesis import given
from hypothesis import strategies as st

from logtriage.formats import stages
from logtriage.formats.format import load_formats
from logtriage.normalise import Normaliser
from logtriage.signatures.library import load_patterns
from logtriage.sources.find import find
from logtriage.store.connection import connect
from logtriage.stream.learnt import Learnt
from logtriage.stream.reader import Reader

NAMES = sorted(
    {key for fmt in load_formats(examples=False) if fmt.id == "json" for of in (fmt.keys, fmt.aliases) for key in
     (name for names in of.values() for name in names)}
)  # fmt: skip
VALUES = st.sampled_from(["2026-03-04T10:00:00Z", "error", "10.1.2.3", "it broke", "404", "", "x"])


def nested(names: dict[str, str], deep: bool) -> dict[str, Any]:
    """Keys with dots as they are, or as objects inside each other where that can be."""
    made: dict[str, Any] = {}
    for name, value in names.items():
        *outer, last = name.split(".") if deep else [name]
        at = made
        for part in outer:
            at = at.setdefault(part, {}) if isinstance(at, dict) else {}
        if isinstance(at, dict):
            at.setdefault(last, value)
    return made


DOCUMENT = st.builds(nested, st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=6), st.booleans())


@examples(6)
@given(st.lists(DOCUMENT, min_size=1, max_size=6))
def test_keys_that_are_not_there_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, documents: list[dict[str, Any]]
) -> None:
    """Records are the same whether a format looks for all its keys or only for those that the log has."""
    path = tmp_path_factory.getbasetemp() / "some.json"
    path.write_text("".join(json.dumps(one) + "\n" for one in documents))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "keys_sql", lambda node, text: None)
        wanted = records_of(path)
    assert records_of(path) == wanted


def test_a_key_that_comes_later_is_found(tmp_path: Path) -> None:
    """What the first block has no key for is read in a later one."""
    path = tmp_path / "app.json"
    calm = [{"time": "2026-03-04T10:00:00Z", "message": "fine"}] * 300
    path.write_text(
        "".join(json.dumps(one) + "\n" for one in [*calm, calm[0] | {"severity": "ERROR", "remote_ip": "10.1.2.3"}])
    )
    for size in (None, 4000):
        last = records_of(path, size=size)[-1]
        assert (last["level"], last["attributes"]["client_ip"]) == ("error", "10.1.2.3")


def test_small_logs_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources that were read to their end for the sample are printed from it: the same lines, none read again."""
    (tmp_path / "a.log").write_text("2026-03-04 10:00:00 ERROR connect timed out\n" * 3)
    (tmp_path / "b.log").write_text('{"time":"2026-03-04T10:00:01Z","msg":"two"}\n' * 3)
    sources = find([str(tmp_path)]).sources
    blocks: list[object] = []
    block = Normaliser.block
    monkeypatch.setattr(Normaliser, "block", lambda *a, **k: (blocks.append(a), block(*a, **k))[1])

    def told(*, again: bool) -> list[str]:
        normaliser = Normaliser(connect(), reading(load_patterns(examples=False)))
        learnt = Learnt(normaliser)
        learnt.sample(sources)
        if again:
            learnt.sampled = lambda source: None  # type: ignore[method-assign]
        picked = (one for source in sources for one in Reader(normaliser, source, learnt).whole(1 << 20))
        return [line for one in picked for line in one.json_lines()]

    once = told(again=False)
    assert len(blocks) == len(sources) == 2
    assert once == told(again=True) and len(once) == 6 and len(blocks) == 6
    assert json.loads(once[0])["flags"] and json.loads(once[5])["body"] == "two"
