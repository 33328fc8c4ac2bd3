"""How fast templates are mined: all texts of a log as a whole, where few are distinct and where every one is."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from conftest import Log, Measure

from logtriage.demo import FLAT_KINDS
from logtriage.normalise import Normaliser, Settings
from logtriage.store.connection import connect
from logtriage.templates.miner import Miner

MOST = 20_000


def _wordings(settings: Settings, log: Log) -> list[str]:
    """What a log leaves to be mined."""
    normaliser = Normaliser(connect(), Settings(settings.formats, ()))
    found: dict[int, str] = {}
    for _ in normaliser.read(log.source):
        found |= {number: shape.wording for number, shape in normaliser.shapes.new.items()}
    return list(found.values())


@pytest.mark.parametrize("family", FLAT_KINDS)
def test_mine(measure: Measure, log: Callable[[str], Log], settings: Settings, family: str) -> None:
    """The texts of a log's shapes; the rate is that of the log's lines."""
    texts = _wordings(settings, log(family))
    measure(lambda: len(set(Miner(texts).templates(texts))), lambda found: 1 < found < 500, size=log(family).size)


def test_mine_random_words(measure: Measure) -> None:
    """A word that is never the same twice, in letters only: every line is a text of its own, and one template."""
    rng = random.Random(7)
    texts = [f"lookup of {''.join(rng.choices('abcdefghij', k=12))} in # ms failed" for _ in range(MOST)]
    measure(
        lambda: set(Miner(texts).templates(texts)),
        lambda found: found == {"lookup of <*> in <*> failed"},
        size=sum(map(len, texts)),
        lines=MOST,
    )
