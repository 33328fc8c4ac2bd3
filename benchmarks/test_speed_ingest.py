"""How fast logs come in: each stage by itself, and all of them together. Each asserts its answer first."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import LINES, Log, Measure

from logtriage.demo import FLAT_KINDS
from logtriage.formats.claims import Claims
from logtriage.formats.detect import Grammar
from logtriage.formats.records import Records
from logtriage.ingest import Ingest, Tally
from logtriage.normalise import Normaliser, Settings
from logtriage.signatures.match import Matcher
from logtriage.sources.find import Source, find
from logtriage.sources.lines import split
from logtriage.sources.read import blocks
from logtriage.store.connection import connect
from logtriage.store.store import Store

Logs = Callable[[str], Log]


def _lines_in(source: Source) -> int:
    return sum(block.data.count(b"\n") for block in blocks(source))


def test_read_plain(measure: Measure, log: Logs) -> None:
    """A plain file, in blocks of whole lines."""
    measure(lambda: _lines_in(log("log4j").source), lambda lines: lines == LINES, size=log("log4j").size)


def test_read_gzip(measure: Measure, log: Logs, tmp_path: Path) -> None:
    """The same out of gzip; the rate is that of the text."""
    packed = tmp_path / "packed.log.gz"
    packed.write_bytes(gzip.compress(log("log4j").path.read_bytes(), 6))
    (source,) = find([str(packed)]).sources
    measure(lambda: _lines_in(source), lambda lines: lines == LINES, size=log("log4j").size)


def test_split(measure: Measure, log: Logs) -> None:
    """A block's bytes as Arrow columns."""
    (block,) = itertools.islice(blocks(log("log4j").source, size=256 << 20), 1)
    measure(lambda: len(split(block)), lambda lines: lines == LINES, size=len(block.data))


@pytest.mark.parametrize("family", FLAT_KINDS)
def test_detect(measure: Measure, log: Logs, settings: Settings, family: str) -> None:
    """What two hundred sample lines tell of a format."""
    with log(family).path.open(encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in itertools.islice(file, 200)]

    claims = Claims(settings.formats)  # once for all the sources of a run

    def learn() -> list[str]:
        grammar = Grammar(settings.formats, claims=claims)
        grammar.learn(lines)
        return [node.name for node in grammar.root.walk() if node.fmt]

    measure(learn, lambda names: "text" not in names and bool(names), size=sum(map(len, lines)), lines=len(lines))


@pytest.mark.parametrize("family", FLAT_KINDS)
def test_parse(measure: Measure, log: Logs, settings: Settings, family: str) -> None:
    """Lines as records with time, level, body and resource."""
    con = connect()
    normaliser = Normaliser(con, Settings(settings.formats, ()))
    (block,) = itertools.islice(blocks(log(family).source, size=256 << 20), 1)
    reference = normaliser.settings.reference(log(family).source)
    records = Records(con)

    def parse() -> tuple[int, int]:
        records.reset()
        made = records.read(block, normaliser.grammar(log(family).source), reference=reference)
        assert records.table is not None
        return made.lines, records.table["timestamp"].null_count

    measure(parse, lambda answer: answer == (LINES, 0), size=len(block.data))


def test_match(measure: Measure, log: Logs, settings: Settings) -> None:
    """All signatures over all lines in one pass, candidates only; a line may be one of several."""
    matcher = Matcher(settings.patterns)
    (block,) = itertools.islice(blocks(log("log4j").source, size=256 << 20), 1)
    text = split(block).text
    measure(lambda: matcher.scan(text)[0], lambda lines: 0 < len({*lines.tolist()}) < LINES // 10, size=len(block.data))


def test_shape(measure: Measure, log: Logs, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of the shapes of a block's records, from what the engine makes them of."""
    normaliser = Normaliser(connect(), Settings(settings.formats, ()))
    number, given = normaliser.shapes.number, []
    monkeypatch.setattr(normaliser.shapes, "number", lambda *pieces: given.append(pieces) or number(*pieces))
    for _ in normaliser.read(log("log4j").source):
        pass
    pieces = max(given, key=lambda one: len(one[0]))
    size = log("log4j").size * len(pieces[0]) // sum(len(one[0]) for one in given)
    measure(
        lambda: len(set(number(*pieces).to_pylist())),
        lambda shapes: 10 < shapes < 2000,
        size=size,
        lines=len(pieces[0]),
    )


@pytest.mark.parametrize("family", FLAT_KINDS)
def test_ingest(measure: Measure, log: Logs, settings: Settings, family: str, tmp_path: Path) -> None:
    """Everything: read, parsed, flagged, shaped and stored, into a store that is open."""
    numbers = itertools.count()
    opened: list[Store] = []

    def fresh() -> tuple[tuple[Store], dict[str, object]]:
        while opened:
            opened.pop().close()
        opened.append(Store(tmp_path / f"store-{next(numbers)}", write=True))
        return (opened[0],), {}

    def run(store: Store) -> Tally:
        return Ingest(store, settings).run([log(family).source])

    measure(run, lambda tally: tally.lines == LINES and not tally.errors, size=log(family).size, setup=fresh)
    opened.pop().close()
