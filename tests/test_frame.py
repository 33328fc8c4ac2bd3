"""Frames: a record's text is put together again from what was cut out of it, to the character."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given

import engine
from logtriage import frame
from logtriage.normalise import Normaliser
from logtriage.store import connect
from samples import LOGS, files

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def normaliser() -> Normaliser:
    return Normaliser(connect(), engine.reading())


@engine.examples(25)
@given(files())
@example("".join(record + "\n" for records in LOGS.values() for record in records).encode())
def test_cut_and_restored_gives_the_bytes_back(normaliser: Normaliser, data: bytes) -> None:
    """Whatever the bytes, the records' restored bytes lie one after the other and are the block."""
    if not data:
        return
    engine.normalised(normaliser, data)
    whole = b""
    for offset, text in engine.restored(normaliser).items():
        assert offset == len(whole)
        whole += text
    assert whole == data


@pytest.mark.parametrize("body", [f'say "hi" to {TRACE}', f"a\\b {TRACE}", f"<a&b> {TRACE}", "no \x03 luck", f"\x02\x04 {TRACE}", "é\u2028\x7f"])
@pytest.mark.parametrize("html", [False, True])
def test_bodies_in_json_strings_come_back(normaliser: Normaliser, body: str, html: bool) -> None:
    """Escapes of a JSON string, as JSON asks for them or as Go writes them, and ids among them, come back as written."""
    text = json.dumps({"time": "2026-03-02T10:00:02.5Z", "level": "info", "msg": body, "trace_id": TRACE}, ensure_ascii=False)
    if html:
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    data = text.encode() + b"\n"
    engine.normalised(normaliser, data)
    assert list(engine.restored(normaliser).values()) == [data]


def test_frames_repeat(normaliser: Normaliser) -> None:
    """Lines that differ only in their times, their ids and what they say have one frame: that is what makes a store small."""
    lines = [
        f"2026-03-02 10:00:{n:02},{n * 7 % 1000:03} INFO  [main] com.shop.Main - order {n} shipped trace_id={n:032x}\n" for n in range(1, 50)
    ]
    engine.normalised(normaliser, "".join(lines).encode())
    cut = frame.cut(json=False, ids=list(frame.IDS))
    assert normaliser.con.execute(f"SELECT count(DISTINCT {cut}) FROM records").fetchall() == [(1,)]


def test_ids_are_cut_out_once(normaliser: Normaliser) -> None:
    """An id that the text names is the record's, and is neither in its frame nor in the body that is stored."""
    engine.normalised(normaliser, f"2026-03-02T10:00:01Z INFO paid trace_id={TRACE} twice {TRACE}\n".encode())
    ids = list(frame.IDS)
    (row,) = normaliser.con.execute(
        f"SELECT trace_id, {frame.cut(json=False, ids=ids)}, {frame.without_ids('body', ids)} FROM records"
    ).fetchall()
    assert row[0] == TRACE
    assert TRACE not in row[1] + row[2]
