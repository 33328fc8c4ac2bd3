"""What `--by` means: how the sessions that a record belongs to are read from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from logtriage.errors import UsageError
from logtriage.needles.dialect import pattern
from logtriage.needles.needle import Needle
from logtriage.query.condition import Condition
from logtriage.query.field import value_of
from logtriage.query.narrow import narrow
from logtriage.store.snapshot import Snapshot, snapshot_of
from logtriage.store.store import Store

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*")
_LONGEST = 256  # characters: what is longer is no name of a session


@dataclass(frozen=True, slots=True)
class Key:
    """How sessions are named: by a field, or by what a regex finds in a record's text (all that it finds).

    `column`: SQL on a row of `records`; `names`: SQL on that column, the list of names, with its `parameters`.
    """

    text: str
    column: str
    names: str
    parameters: tuple[str, ...]
    needle: Needle | None

    @classmethod
    def of(cls, text: str) -> Key:
        """A word is a field, all else a regex; of a regex with groups the first one is the name. Raises UsageError."""
        if _FIELD.fullmatch(text):
            return cls(text, value_of(text), "[key::VARCHAR]", (), None)
        needle = Needle.of((text,))
        if needle.fancy:
            raise UsageError(f"--by {text}: it cannot look around or refer back", "write it without (?=…), (?<…), \\1")
        if needle.matches_all:
            raise UsageError(
                f"--by {text}: it matches nothing in particular", "name what is the same in all records of one"
            )
        group = min(1, pattern.read(text, fold=False).groups)
        return cls(text, "raw", f"regexp_extract_all(key, ?, {group})", (text,), needle)

    @classmethod
    def found_in(cls, store: Store) -> Key:
        """By the id of traces where records carry any, else of requests. Raises UsageError where they carry none."""
        with snapshot_of(store) as snapshot:
            traces, requests = snapshot.con.execute("SELECT count(trace), count(request) FROM lake.records").fetchall()[
                0
            ]
        if not traces and not requests:
            raise UsageError(
                "sessions: by what? No record carries the id of a trace or a request",
                "name a field or a regex, as --by 'order=(\\w+)'",
            )
        return cls.of("trace_id" if traces else "request_id")

    @property
    def is_field(self) -> bool:
        """Is it a field, no regex?"""
        return self.needle is None

    def shapes(self, snapshot: Snapshot) -> Condition | None:
        """Which shapes can hold a name; None: all."""
        if self.needle is None:
            return None
        return narrow(self.needle, snapshot.shapes).possible()

    def select(self) -> str:
        """SQL for the names in a row that has `key`: each once, none empty."""
        return f"list_distinct(list_filter({self.names}, lambda n: length(n) BETWEEN 1 AND {_LONGEST}))"
