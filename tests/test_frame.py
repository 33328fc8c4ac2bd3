"""Frames: a record's text is put together again from what was cut out of it, to the character."""

from __future__ import annotations

import json
from pathlib import Path

import engine
import pytest
from hypothesis import example, given
from samples import LOGS, files

from logtriage.store.store import Store

TRACE = "0af7651916cd43dd8448eb211c80319c"
EVERY = "".join(record + "\n" for records in LOGS.values() for record in records).encode()


def kept(store: Store, folder: Path, data: bytes) -> list[dict[str, object]]:
    """The records of a file of these bytes, out of the store."""
    path = folder / "app.log"
    path.write_bytes(data)
    assert not engine.ingest(store, path).errors
    return engine.stored(store, engine.numbers(store, path))


def frames(store: Store, folder: Path) -> list[str]:
    """The frames of the file's records, in their order."""
    (part,) = engine.numbers(store, folder / "app.log")
    rows = store.con.execute(f'SELECT frame FROM lake.records WHERE part = {part} ORDER BY "offset"').fetchall()
    return [frame for (frame,) in rows]


@engine.examples(12)
@given(files())
@example(EVERY)
@example(EVERY.replace(b"\n", b"\r\n"))
def test_cut_and_restored_gives_the_bytes_back(
    one_store: Store, tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Whatever the bytes, the records' restored bytes lie one after the other and are the file."""
    whole = b""
    for record in kept(one_store, tmp_path_factory.mktemp("frame"), data):
        assert record["offset"] == len(whole)
        whole += record["bytes"]  # type: ignore[operator]
    assert whole == data


BODIES = [
    f'say "hi" to {TRACE}', f"a\\b {TRACE}", f"<a&b> {TRACE}", "no \x03 luck", f"\x02\x04 {TRACE}",
    "é\u2028\x7f", f"\x03{TRACE}\x03 \"",
    "\ud83d\ude00 \"", "tab\there", "/slash/", f"{TRACE}{TRACE}", "\x1b[31mred\x1b[0m \"", "cut \x00 here",
]  # fmt: skip


@pytest.mark.parametrize("style", ["json", "html", "ascii", "spaced"])
def test_bodies_in_json_strings_come_back(one_store: Store, tmp_path: Path, style: str) -> None:
    """Escapes of a JSON string, written in any way, and ids among them, come back as written, and mean what they do."""
    lines = []
    for body in BODIES:
        fields = {"time": "2026-03-02T10:00:02.5Z", "level": "info", "msg": body, "trace_id": TRACE}
        text = json.dumps(fields, ensure_ascii=style == "ascii", separators=None if style == "spaced" else (",", ":"))
        if style == "html":
            text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        lines.append(text.encode("utf-8", "surrogatepass") + b"\n")
    records = kept(one_store, tmp_path, b"".join(lines))
    assert [record["bytes"] for record in records] == lines
    plain = [body for body in BODIES if not {"\0", "\ud83d", "\x1b"} & set(body)]
    assert [record["body"] for record in records if record["body"] in plain] == plain


def test_ids_of_no_substance_are_none(one_store: Store, tmp_path: Path) -> None:
    """An empty, blank or all-zero id is no id: it would be found all over the text."""
    lines = [
        f'{{"time":"2026-03-02T10:00:0{n}Z","level":"info","msg":"\\"few\\" words of 0","trace_id":"{trace}"}}'.encode()
        + b"\n"
        for n, trace in enumerate(["", " ", "-", "0"])
    ]
    records = kept(one_store, tmp_path, b"".join(lines))
    assert [record["bytes"] for record in records] == lines
    assert {record["body"] for record in records} == {'"few" words of 0'}


def test_frames_repeat(one_store: Store, tmp_path: Path) -> None:
    """Lines that differ only in times, ids and what they say have one frame: that is what makes a store small."""
    lines = [
        f"2026-03-02 10:00:{n:02},{n * 7:03} INFO  [main] com.shop.Main - sent {n} trace_id={n + (1 << 126):032x}\n"
        for n in range(1, 50)
    ]
    assert [record["bytes"] for record in kept(one_store, tmp_path, "".join(lines).encode())] == [
        line.encode() for line in lines
    ]
    (part,) = engine.numbers(one_store, tmp_path / "app.log")
    assert one_store.con.execute(f"SELECT count(DISTINCT frame) FROM lake.records WHERE part = {part}").fetchall() == [
        (1,)
    ]


def test_ids_are_kept_once(one_store: Store, tmp_path: Path) -> None:
    """An id that many records name is the trace of each, and its text is in the store once."""
    lines = [f"2026-03-02T10:00:{n:02}Z INFO paid trace_id=f00{n % 3}f00df00df00df00df00df00df00d\n" for n in range(30)]
    records = kept(one_store, tmp_path, "".join(lines).encode())
    assert [record["trace_id"] for record in records] == [f"f00{n % 3}f00df00df00df00df00df00df00d" for n in range(30)]
    found = one_store.con.execute(
        "SELECT count(*) FROM lake.ids WHERE text LIKE 'f00%f00df00df00df00df00df00df00d'"
    ).fetchall()
    assert found == [(3,)]
    assert one_store.con.execute(
        "SELECT count(*) FROM lake.records WHERE contains(frame || body, 'f00df00d')"
    ).fetchall() == [(0,)]


def test_bodies_of_several_lines_are_cut_out_where_they_stand_as_they_are(one_store: Store, tmp_path: Path) -> None:
    """Lines that a transport wraps are apart in the text, those that it does not are not, whatever else the file holds."""
    wrapped = [
        json.dumps({"log": said + "\n", "stream": "stderr", "time": "2026-03-02T10:00:02.5Z"}, separators=(",", ":"))
        + "\n"
        for said in ("Traceback (most recent call last):", '  File "a.py", line 1, in <module>', "ValueError: no")
    ]
    plain = "Exception in thread main\n\tat a.b.C(C.java:1)\n\tat a.b.D(D.java:2)\n"
    records = kept(one_store, tmp_path, ("".join(wrapped) + plain).encode())
    assert [record["bytes"] for record in records] == ["".join(wrapped).encode(), plain.encode()]
    apart, together = frames(one_store, tmp_path)
    assert "\2" not in apart
    assert together == "\2\n"


def test_an_id_is_cut_out_of_each_frame_that_holds_it(one_store: Store, tmp_path: Path) -> None:
    """Also where few frames of a block hold ids, and others words that are none."""
    said = ["a plain word", "deadbeef" * 3]
    lines = [
        f'{{"time":"2026-03-02T10:00:02.5Z","level":"info","note":"{note}","msg":"a body","trace_id":"{TRACE}"}}\n'.encode()
        for note in (*said, TRACE)
    ]
    records = kept(one_store, tmp_path, b"".join(lines))
    assert [record["bytes"] for record in records] == lines
    assert [frame.count("\3") for frame in frames(one_store, tmp_path)] == [1, 1, 1]
