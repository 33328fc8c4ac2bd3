"""Triage: each fault is found where it was planted, and nothing is found where nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import reduce
from pathlib import Path

import pytest
from incidents import BROKEN, END, START, Fault, climbing, delayed, healthy, often, saying, silent, without, write
from stores import settings_for_tests

from logtriage.ingest import Ingest
from logtriage.sources.find import find
from logtriage.store import views
from logtriage.store.store import Store
from logtriage.triage.peers import Peers
from logtriage.triage.scope import Scope, Span
from logtriage.triage.triage import Asked, Triage, triage

REFUSED = "cannot reach stock: java.net.ConnectException: Connection refused: stock/10.1.2.3:8080"
# name → (faults, the culprit, the kinds of evidence of which one has to be the strongest)
SCENARIOS: dict[str, tuple[list[Fault], str, set[str]]] = {
    "slow": ([delayed("stock", timedelta(milliseconds=400))], "stock", {"slower"}),
    "step-missing": ([without("order priced")], "orders", {"flow"}),
    "not-called": ([silent("stock")], "stock", {"silence", "call"}),
    "new-step": ([saying("orders", "error", "price table is empty")], "orders", {"flow", "new"}),
    "refused": ([silent("stock"), saying("orders", "error", REFUSED), saying("web", "error", REFUSED, 2)], "stock", {"silence", "call", "blamed"}),
    "out-of-memory": ([saying("stock", "error", "java.lang.OutOfMemoryError: Java heap space", 40)], "stock", {"flow", "trouble", "new"}),
    "climbing": ([climbing("stock")], "stock", {"reading"}),
    "noisy": ([often("order stored", 6)], "orders", {"flow", "burst"}),
    "loud-victim": ([delayed("stock", timedelta(milliseconds=300)), *[saying("web", "error", "request failed", 1)] * 3], "stock", {"slower"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """All scenarios in one store, a folder each, with and without ids, and a healthy one."""
    folder = tmp_path_factory.mktemp("incidents")
    write(folder / "healthy", healthy())
    for name, (faults, _, _) in SCENARIOS.items():
        lines = reduce(lambda made, fault: fault(made), faults, healthy(2))
        write(folder / name, lines)
        write(folder / f"{name}-no-ids", lines, ids=False)
    slow = SCENARIOS["slow"][0][0](healthy(2))
    write(folder / "skewed", slow, shifted={"stock": timedelta(hours=1), "web": timedelta(seconds=-40)})
    with Store(folder / "store", write=True) as opened:
        tally = Ingest(opened, settings_for_tests()).run(find([str(folder / name) for name in ("healthy", "skewed", *SCENARIOS, *(f"{name}-no-ids" for name in SCENARIOS))]).sources)  # fmt: skip
        assert not tally.errors
        yield opened


def parts(store: Store, folder: str) -> tuple[int, ...]:
    rows = store.con.execute("SELECT part, source FROM lake.parts").fetchall()
    found = tuple(part for part, source in rows if Path(source).parent.name == folder)
    assert found
    return found


def answer(store: Store, folder: str, **asked: object) -> Triage:
    return triage(store, Asked(parts=parts(store, folder), **asked))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_culprit_comes_first(store: Store, name: str) -> None:
    """With the onset given, the service that was broken is the first suspect, for the right reason, with records and SQL."""
    _, culprit, kinds = SCENARIOS[name]
    found = answer(store, name, at=BROKEN)
    first = found.culprits[0]
    assert first.service == culprit
    assert first.evidence[0].kind in kinds
    assert first.evidence[0].sql and first.sentence
    assert found.onset and found.onset.moment == BROKEN


@pytest.mark.parametrize("name", SCENARIOS)
def test_other_logs_may_be_the_baseline(store: Store, name: str) -> None:
    """The same with the healthy shop's logs as the baseline."""
    found = answer(store, name, at=BROKEN, baseline_parts=parts(store, "healthy"))
    assert found.culprits[0].service == SCENARIOS[name][1]


@pytest.mark.parametrize("name", ["not-called", "new-step", "refused", "step-missing"])
def test_ids_are_not_needed(store: Store, name: str) -> None:
    """Without ids in the lines, silence, news, what vanished and blame still find it."""
    assert answer(store, f"{name}-no-ids", at=BROKEN).culprits[0].service == SCENARIOS[name][1]


@pytest.mark.parametrize("name", ["not-called", "new-step", "refused"])
def test_the_onset_is_found(store: Store, name: str) -> None:
    """Without --at the onset is found within a minute, and it says that it is sure."""
    found = answer(store, name)
    assert found.onset and abs(found.onset.moment - BROKEN) <= timedelta(minutes=1)
    assert found.onset.sure in ("sure", "likely") and not found.onset.given
    assert found.culprits[0].service == SCENARIOS[name][1]


@pytest.mark.parametrize(
    ("name", "kind", "service"),
    [
        ("slow", "slower", "stock"), ("step-missing", "flow", "orders"), ("step-missing", "vanished", "orders"), ("not-called", "call", "stock"),
        ("not-called", "silence", "stock"), ("new-step", "new", "orders"), ("refused", "blamed", "stock"), ("out-of-memory", "trouble", "stock"),
        ("climbing", "reading", "stock"), ("noisy", "burst", "orders"),
    ],
)  # fmt: skip
def test_each_detector_finds_its_own(store: Store, name: str, kind: str, service: str) -> None:
    """The planted anomaly is found by the detector that is there for it, is told with a sentence and SQL, and the same
    detector says nothing as strong about the healthy shop."""
    found = [one for one in answer(store, name, at=BROKEN).findings if one.kind == kind]
    assert (
        found[0].service == service
        and found[0].score >= 1
        and service in found[0].sentence + found[0].sql
        and found[0].sql
    )
    silent_on = [one.score for one in answer(store, "healthy", at=BROKEN).findings if one.kind == kind]
    assert max(silent_on, default=0.0) < min(2.0, found[0].score)


def test_nothing_wrong_nothing_found(store: Store) -> None:
    """A healthy shop has no onset; and if one is claimed, nobody is strongly suspected."""
    found = answer(store, "healthy")
    assert found.onset is None and not found.culprits
    found = answer(store, "healthy", at=BROKEN)
    assert all(one.score < 2.5 for one in found.culprits)


def test_the_evidence_can_be_seen(store: Store) -> None:
    """The SQL of the evidence runs on the views and gives records; the records named exist."""
    found = answer(store, "refused", at=BROKEN)
    views.create(store)
    evidence = found.culprits[0].evidence[:3]
    assert evidence[0].records and store.con.execute(evidence[0].sql).fetchall()
    for finding in evidence:
        store.con.execute(finding.sql).fetchall()
        for source, offset in finding.records:
            assert store.con.execute(
                'SELECT count(*) FROM records WHERE source = ? AND "offset" = ?', [source, offset]
            ).fetchall() == [(1,)]


def test_an_address_is_whose_name_stands_beside_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """`stock/10.1.2.3:8080` in a flagged record tells whose address that is; others stay unknown."""
    found: list[Peers] = []

    def learn(peers: Peers, scope: Scope, addresses: Iterable[str]) -> None:
        known(peers, scope, [*addresses, "10.1.2.3", "10.1.2.4"])
        found.append(peers)

    known = Peers.learn
    monkeypatch.setattr(Peers, "learn", learn)
    answer(store, "refused", at=BROKEN)
    assert found[0].addresses == {"10.1.2.3": "stock"}


def test_blame_is_resolved_to_services(store: Store) -> None:
    """A refused address that is named beside its service is an edge to that service."""
    found = answer(store, "refused", at=BROKEN)
    assert {(edge.source, edge.target) for edge in found.blame} == {("orders", "stock"), ("web", "stock")}
    assert all(edge.known and edge.before == 0 for edge in found.blame)


def test_blame_by_name_is_dated(tmp_path: Path) -> None:
    """Who is named in an error is blamed from the first such record on, not from the onset that was given; it can be seen."""
    lines = saying("orders", "error", "no reservation made: status 503 from stock")(healthy())
    write(tmp_path / "logs", lines)
    first = min(at for at, _, level, *_ in lines if level == "error")
    with Store(tmp_path / "st", write=True) as made:
        Ingest(made, settings_for_tests()).run(find([str(tmp_path / "logs")]).sources)
        found = triage(made, Asked(at=BROKEN - timedelta(minutes=4)))
    (edge,) = found.blame
    assert (edge.source, edge.target) == ("orders", "stock")
    assert edge.first and abs(edge.first - first) < timedelta(milliseconds=1)
    assert found.moved and all(move.at >= BROKEN for move in found.moved)
    blamed = next(one for one in found.findings if one.kind == "blamed")
    assert blamed.records and all("orders" in source for source, _ in blamed.records)


def test_blame_by_name_counts_every_kind_of_error(tmp_path: Path) -> None:
    """A service that names another in several new errors blames it by all of them: how often, since when, with records and SQL."""
    faults = (saying("orders", "error", "no reservation made: odd answer from stock", 20), saying("orders", "error", "price left as it was, stock says nonsense", 7))  # fmt: skip
    lines = reduce(lambda made, fault: fault(made), faults, healthy())
    write(tmp_path / "logs", lines)
    errors = [(at, text) for at, _, level, text, _ in lines if level == "error"]
    with Store(tmp_path / "st", write=True) as made:
        Ingest(made, settings_for_tests()).run(find([str(tmp_path / "logs")]).sources)
        (edge,) = triage(made, Asked(at=BROKEN)).blame
        views.create(made)
        shown = made.con.execute(edge.sql).fetchall()
    assert edge.after == len(errors)
    assert edge.first and abs(edge.first - min(errors)[0]) < timedelta(milliseconds=1)
    assert {body for *_, body in shown} == {text for _, text in errors} and len(edge.records) == 3


def test_a_peer_without_logs_can_be_suspected(store: Store) -> None:
    """Where only those who complain have logs here, whom they could not reach is named, and that nothing else is known."""
    names = dict(store.con.execute("SELECT part, service FROM lake.parts").fetchall())
    web = tuple(part for part in parts(store, "refused") if names[part] == "web")
    found = triage(store, Asked(at=BROKEN, parts=web))
    suspect = next(one for one in found.culprits if one.service.startswith("stock"))
    assert suspect.evidence[0].kind == "blamed" and "logs are not here" in suspect.sentence


def test_an_empty_window_is_said(store: Store) -> None:
    """A window without records, a moment after the last one: no evidence, and the reason."""
    found = answer(store, "healthy", since=END + timedelta(hours=1), until=END + timedelta(hours=2))
    assert not found.culprits and "no records in this window" in found.notes[0]
    found = answer(store, "healthy", at=END + timedelta(hours=5))
    assert not found.culprits and any("no records" in note for note in found.notes)


def test_no_baseline_is_said(store: Store) -> None:
    """An onset before the first record: nothing to compare with."""
    found = answer(store, "healthy", at=START - timedelta(hours=1), until=END)
    assert not found.culprits and any("no baseline" in note for note in found.notes)


def test_wrong_clocks_are_put_right(store: Store) -> None:
    """A service an hour ahead, another 40 s behind: both are told, and the culprit is still found."""
    found = answer(store, "skewed", at=BROKEN, until=END)
    assert found.culprits[0].service == "stock" and found.culprits[0].evidence[0].kind == "slower"
    told = [note for note in found.notes if "clock" in note]
    assert len(told) == 2
    assert any("3,600" in note or "3,599" in note for note in told) and any("stock" in note for note in told)
    assert not [note for note in answer(store, "slow", at=BROKEN).notes if "clock" in note]


def test_a_baseline_that_holds_the_incident(store: Store) -> None:
    """Compared with logs that have the same fault, nobody is suspected of it."""
    found = answer(store, "new-step", at=BROKEN, baseline=Span(BROKEN + timedelta(minutes=5), END))
    assert all(one.score < 3 for one in found.culprits)


def test_one_source_only(store: Store) -> None:
    """One service alone: what it says can still be compared with before, and it is told that nothing else can."""
    (part,) = [part for part in parts(store, "new-step") if store.con.execute("SELECT service FROM lake.parts WHERE part = ?", [part]).fetchall() == [("orders",)]]  # fmt: skip
    found = triage(store, Asked(at=BROKEN, parts=(part,)))
    assert found.culprits[0].service == "orders" and any("only one service" in note for note in found.notes)


def test_every_line_is_new(tmp_path: Path) -> None:
    """Where no two lines are alike, news is no evidence, and triage ends soon."""
    import random

    rng = random.Random(3)
    text = "".join(
        f"2026-05-06 10:{k // 60:02}:{k % 60:02} INFO {' '.join(''.join(rng.choices('abcdefghij', k=6)) for _ in range(5))}\n"
        for k in range(1800)
    )
    (tmp_path / "app.log").write_text(text)
    with Store(tmp_path / "store", write=True) as one:
        Ingest(one, settings_for_tests()).run(find([str(tmp_path / "app.log")]).sources)
        found = triage(one, Asked(at=BROKEN))
    assert all(suspect.score < 1.5 for suspect in found.culprits) and len(found.findings) < 1000


def test_a_users_name_is_no_change(tmp_path: Path) -> None:
    """What was deployed is a change; who tried to log in is none, whatever the name."""
    write(tmp_path / "logs", saying("web", "error", "no answer")(healthy()))
    sshd = [
        f"2026-05-06T10:1{n}:00Z gate sshd[7]: error: too many tries for invalid user deployed from 192.0.2.{n} port 5 ssh2"
        for n in range(5)
    ]
    (tmp_path / "logs" / "auth.log").write_text(
        "\n".join([*sshd, "2026-05-06T10:14:30Z gate ci[9]: deployed web 2.1", ""])
    )
    with Store(tmp_path / "st", write=True) as store:
        Ingest(store, settings_for_tests()).run(find([str(tmp_path / "logs")]).sources)
        changes = triage(store, Asked(at=BROKEN)).changes
    assert [change.text for change in changes] == ["deployed web 2.1"]
