"""templates as its users run it: lists, what is new and gone, differences, one template's values, its records."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from command import Ran, called

from logtriage.answers.templates import Seen
from logtriage.templates.values import places, values

START = datetime(2026, 3, 2, 10)


def line(minute: float, text: str) -> str:
    return f"{(START + timedelta(minutes=minute)).isoformat(' ', 'milliseconds')} INFO  [main] c.s.App - {text}\n"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two logs in a store: a steady event, one that ends, one that begins, one that bursts, one with a leak."""
    folder = tmp_path_factory.mktemp("templates")
    steady = [(k, f"Served order {k * 37} in {k % 9 + 1} ms") for k in range(120)]
    ends = [(k, f"Polled shelf {k}") for k in range(0, 60, 2)]
    burst = [(100 + k / 100, f"Retry {k} of payment") for k in range(90)] + [(k, f"Retry {k} of payment") for k in range(0, 120, 9)]  # fmt: skip
    leak = [(k + 0.5, f"Pool holds {100 + 3 * k} connections for user {'abc'[k % 3]}nn") for k in range(40)]
    new = [(119, "Cannot reach warehouse")]
    first = sorted(steady + ends + burst + leak)
    (folder / "a.log").write_text("".join(line(*one) for one in first))
    (folder / "b.log").write_text("".join(line(*one) for one in sorted(steady + new)))
    ran = called("ingest", "--store", "st", "a.log", "b.log", cwd=folder)
    assert ran.code == 0, ran.err
    return folder


def listed(logs: Path, *args: str) -> list[dict[str, object]]:
    ran: Ran = called("templates", "--store", "st", "--json", *args, cwd=logs)
    assert ran.code in (0, 1), ran.err
    return [json.loads(text) for text in ran.lines]


def texts(found: list[dict[str, object]]) -> list[object]:
    return [one["text"] for one in found]


def test_top_and_rare(logs: Path) -> None:
    """The most frequent first, or the rarest, each with its counts, times and one record."""
    found = listed(logs)
    assert found[0]["text"] == "Served order <*> in <*>" and found[0]["records"] == 240 and found[0]["sources"] == 2
    assert sum(found[0]["trend"]) == 240  # type: ignore[arg-type]
    assert "Served order" in str(found[0]["exemplar"])
    assert texts(listed(logs, "--rare"))[0] == "Cannot reach warehouse"
    assert len(listed(logs, "-m", "2")) == 2


def test_new_gone_and_bursting(logs: Path) -> None:
    """What began, what ended, and what came all at once."""
    assert texts(listed(logs, "--new", "10m")) == ["Cannot reach warehouse"]
    assert "Polled shelf <*>" in texts(listed(logs, "--gone", "30m"))
    assert "Served order <*> in <*>" not in texts(listed(logs, "--gone", "30m"))
    assert texts(listed(logs, "--bursting"))[0] == "Retry <*> of payment"
    assert "Served order <*> in <*>" not in texts(listed(logs, "--bursting"))


@pytest.mark.parametrize("sides", [("a.log", "b.log"), ("one", "two")])
def test_difference(logs: Path, sides: tuple[str, str]) -> None:
    """Two logs, or two stores, are mined together: what is new and gone is found, what both say is not told."""
    if sides[0] == "one" and not (logs / "one").exists():
        for store, log in zip(sides, ("a.log", "b.log"), strict=True):
            assert called("ingest", "--store", store, log, cwd=logs).code == 0
    found = {one["text"]: one["kind"] for one in listed(logs, "--diff", *sides)}
    assert found["Cannot reach warehouse"] == "new"
    assert found["Polled shelf <*>"] == "gone"
    assert not any(kind == "new" for text, kind in found.items() if text != "Cannot reach warehouse")


def test_difference_of_windows(logs: Path) -> None:
    """Two windows of one store."""
    found = {one["text"]: one["kind"] for one in listed(logs, "--diff", "10:00..11:00", "11:00..12:00")}
    assert found["Polled shelf <*>"] == "gone" and found["Cannot reach warehouse"] == "new"
    assert listed(logs, "--diff", "10:10..10:20", "10:10..10:20") == []


def test_one_template(logs: Path) -> None:
    """Its values place by place: a number that only rises is told, names are counted; from it to its records."""
    (leak,) = [one for one in listed(logs) if "Pool" in str(one["text"])]
    ran = called("templates", "show", str(leak["template"])[:8], "--store", "st", cwd=logs)
    assert ran.code == 0 and "only rises" in ran.out and "100 … 158.5 … 217" in ran.out, ran.out
    (told,) = listed(logs, "show", str(leak["template"]))
    assert told["looked_at"] == 40
    for where in (["--store", "st"], ["--no-store", "a.log"]):
        ran = called("grep", "-c", "--template", str(leak["template"])[:8], "", *where, cwd=logs)
        assert ran.out.rstrip().endswith("40"), (ran, where)
    ran = called("cat", "--template", str(leak["template"]), "--output", "jsonl", "a.log", cwd=logs)
    assert {json.loads(text)["template"] for text in ran.lines} == {leak["template"]} and len(ran.lines) == 40


def test_errors_are_told(logs: Path) -> None:
    """A wrong id, an unknown side, none found: one line, and the exit code says which."""
    assert called("templates", "show", "xyz", "--store", "st", cwd=logs).code == 2
    unknown = called("templates", "show", "ffffffffff", "--store", "st", cwd=logs)
    assert (unknown.code, unknown.out) == (2, "") and "no template 'ffffffffff'" in unknown.err
    empty = called("templates", "--diff", "01:00..02:00", "10:00..11:00", "--store", "st", cwd=logs)
    assert empty.code == 2 and "01:00..02:00 holds no record" in empty.err  # all would be new
    ran = called("templates", "--diff", "nowhere", "a.log", "--store", "st", cwd=logs)
    assert ran.code == 2 and "nowhere" in ran.err


def test_values() -> None:
    """Values are what stands between the template's own words; a text of another template has none."""
    assert values("a <*> b <*>", "a 1 b 2 ms") == ["1", "2 ms"]
    assert values("<*> b", "x b") == ["x"]
    assert values("a <*> c", "a 1 b") is None
    assert values("a", "b") is None
    (place,) = places("took <*>", [[f"{k % 3 + (10 if k > 20 else 1)} ms"] for k in range(40)])
    assert place.told and place.told[0].startswith("grew") and place.before == "took"


def test_bursts_are_more_than_chance() -> None:
    """An even trend is none; a peak is."""
    assert not Seen("", "", trend=[9, 11, 10, 8, 12, 10, 9, 10, 11, 9, 10, 12]).is_bursting
    assert Seen("", "", trend=[1, 0, 1, 0, 0, 1, 90, 1, 0, 1, 0, 0]).is_bursting
