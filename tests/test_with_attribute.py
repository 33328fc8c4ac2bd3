"""Which records may have an attribute."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from stores import fill, write_sources

from logtriage.answers.search import search
from logtriage.formats.format import load_formats
from logtriage.query.attribute import with_attribute
from logtriage.query.condition import Needs
from logtriage.query.field import parse_field
from logtriage.query.query import Query
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store
from logtriage.store.views import create

# SQL: the names of a record's attributes, as `--field` takes them.
_NAMES = (
    "SELECT DISTINCT part, \"offset\", replace(replace(substr(fullkey, 3), '[', '.'), ']', '') AS name "
    'FROM (SELECT part, "offset", attributes FROM records), json_tree(attributes) '
    "WHERE atom IS NOT NULL AND NOT contains(fullkey, '\"')"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What some of the shipped formats give as their examples, a file each, and the sources of other tests."""
    folder = tmp_path_factory.mktemp("kinds")
    for fmt in load_formats(examples=True)[::8]:
        (folder / f"{fmt.id}.log").write_text("".join(f"{one.text}\n" for one in fmt.examples))
    write_sources(folder / "more")
    fill(folder / "st", [folder])
    return folder / "st"


def test_no_attribute_is_overlooked(store: Path) -> None:
    """Every record that has an attribute is one that may have it; and most others are let go."""
    with Store(store) as opened:
        create(opened)
        has: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for part, offset, name in opened.con.execute(_NAMES).fetchall():
            has[name].add((part, offset))
        assert len(has) > 40
        with Snapshot(opened) as snapshot:
            few, every = 0, opened.con.execute("SELECT count(*) FROM lake.records").fetchall()[0][0]
            for name, places in has.items():
                if may := with_attribute(snapshot, name):
                    sql = f'SELECT part, "offset" FROM bare WHERE {may.sql}'
                    found = set(snapshot.con.execute(sql, may.parameters).fetchall())
                    assert places <= found, name
                    few += len(found) < every // 3
            assert few > len(has) // 2
            for name in sorted(has)[::60]:
                rows = search(snapshot, Query(fields=(parse_field(f"{name}!=nothing"),)))
                assert {(row.part, row.offset) for row in rows} == has[name], name


def test_what_nothing_is_known_of(store: Path) -> None:
    """Addresses are found without a name; a name that no text holds is found nowhere but where a format gives it."""
    with Store(store) as opened, Snapshot(opened) as snapshot:
        assert with_attribute(snapshot, "client_ip") is None and with_attribute(snapshot, "a.1") is None
        may = with_attribute(snapshot, "nosuchname")
        assert may is not None and may.needs == Needs.COUNTS
        assert not list(search(snapshot, Query(fields=(parse_field("nosuchname>=1"),))))
