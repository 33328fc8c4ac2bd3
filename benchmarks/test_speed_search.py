"""How fast answers come: straight through a file, and out of a store. Each asserts its answer first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Log, Measure

from logtriage.answers.search import search
from logtriage.demo import FLAT_KINDS
from logtriage.needles.needle import Needle
from logtriage.needles.scan import scan_file
from logtriage.query.query import Query
from logtriage.store.store import Store

Logs = Callable[[str], Log]

NEEDLES = {
    "literal": Needle.of(["SocketTimeoutException"], fixed=True),
    "absent": Needle.of(["no such words anywhere"], fixed=True),
    "ignore-case": Needle.of(["sockettimeout"], ignore_case=True),
    "regex": Needle.of([r"Attempt \d/3 to reserve for order \d+"]),
    "rare": Needle.of(["order 7031400"], fixed=True),
}


def lines_with(needle: Needle, path: Path) -> int:
    """How many lines of a file a needle matches, asked line by line."""
    with path.open("rb") as file:
        return sum(needle.has_match(line.rstrip(b"\n")) for line in file)


@pytest.mark.parametrize("name", NEEDLES)
def test_grep_file(measure: Measure, log: Logs, name: str) -> None:
    """The lines of a plain file that a needle selects."""
    needle, path = NEEDLES[name], log("log4j").path
    wanted = lines_with(needle, path)
    assert bool(wanted) == (name != "absent")
    measure(lambda: sum(1 for _ in scan_file(path, needle)), lambda found: found == wanted, size=log("log4j").size)


@pytest.mark.parametrize("name", NEEDLES)
def test_grep_store(measure: Measure, log: Logs, full_store: Store, name: str) -> None:
    """The records of a store with the logs of all families that a needle selects."""
    needle = NEEDLES[name]
    size = sum(log(family).size for family in FLAT_KINDS)
    lines = sum(lines_with(needle, log(family).path) for family in FLAT_KINDS)

    def check(found: int) -> bool:  # a record may hold several lines
        return found == 0 if not lines else 0 < found <= lines

    measure(
        lambda: sum(1 for _ in search(full_store, Query(needle=needle)).tuples("part", '"offset"')), check, size=size
    )
