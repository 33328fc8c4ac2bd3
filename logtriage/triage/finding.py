"""What a detector has found: something that is not as in the baseline, with the reason and the SQL that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Finding:
    """One anomaly of one service.

    `kind`: the detector; `score`: how surprising, in bans (see surprise.py), never below 0. `at`: when it began (UTC,
    naive), where that is known. `template`, `text`: what it is about. `sql` runs in `logtriage sql`; where a detector
    gives none, it is that of the template (see evidence.py). `records`: examples, as (source, offset). `writer`: the
    service whose records have the template, where it is another.
    """

    kind: str
    service: str
    score: float
    sentence: str
    sql: str = ""
    at: datetime | None = None
    template: int | None = None
    text: str = ""
    records: list[tuple[str, int]] = field(default_factory=list)
    writer: str = ""

    def __post_init__(self) -> None:
        self.writer = self.writer or self.service
