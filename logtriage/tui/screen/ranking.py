"""Which of the matches of a search is selected: counted once beside the screen, then kept in step from match to match."""

from __future__ import annotations

from typing import NamedTuple

from logtriage.query.walk import Key
from logtriage.tui.filters import Filters
from logtriage.tui.requests import overview
from logtriage.tui.requests import request as ask
from logtriage.tui.screen.viewing import Viewing


class Rank(NamedTuple):
    """Which match is selected, at `place`: the `number`th of `total`, as far as that is counted; it is being counted at
    `asked`, `steps` matches before this one."""

    place: Key
    asked: Key
    steps: int = 0
    number: int | None = None
    total: int | None = None

    def told(self) -> str:
        """For the status line."""
        if self.total is None:
            return "match · counting …"
        return f"match {self.number:,} of {self.total:,}" if self.number else f"one of {self.total:,} matches"


class Ranking(Viewing):
    """See the module."""

    ranked: Rank | None = None

    def use(self, filters: Filters, *, end: bool = False, remember: bool = True, stay: bool = False) -> None:
        if self.ranked:  # others match now
            self.ranked = None
            self.unsay()
        super().use(filters, end=end, remember=remember, stay=stay)

    def tell_match(self, request: ask.Next, place: Key) -> None:
        """Says which of the matches the one at a place is, which was looked for from the one before it."""
        known, step = self.ranked, -1 if request.backwards else 1
        if known and known.place == request.edge:
            number = known.number + step if known.number else None
            self.ranked = known._replace(place=place, steps=known.steps + step, number=number)
        else:
            self.ranked = Rank(place, place)
            self.wants(overview.Matches(request.query, place))
        self.say(self.ranked.told())

    def take_rank(self, request: overview.Matches, counted: tuple[int | None, int]) -> None:
        """Takes how many matches there are."""
        number, total = counted
        if self.ranked and self.ranked.asked == request.place:
            before, number = self.ranked, number + self.ranked.steps if number else None
            self.ranked = before._replace(number=number, total=total)
            if self.notice == before.told():
                self.say(self.ranked.told())
