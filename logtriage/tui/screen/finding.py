"""Actions of the main screen that search and filter, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from logtriage.errors import is_it
from logtriage.query.level import levels_named
from logtriage.query.query import LEVELS, Query
from logtriage.tui.drawing import times
from logtriage.tui.filters import KINDS, Filter, Filters, combined
from logtriage.tui.requests import overview
from logtriage.tui.requests import request as ask
from logtriage.tui.screen.ranking import Ranking

if TYPE_CHECKING:
    from logtriage.answers.tally import Counted
    from logtriage.tui.screen.prompt import Prompt
    from logtriage.tui.screen.status import FilterBar

_KINDS = KINDS[1:]  # all but a text


class Finding(Ranking):
    """See the module."""

    previewed: overview.Preview | None = None  # what is being counted for the line in which one types

    # filters

    async def action_prompt(self, what: str) -> None:
        await self.furnish()
        self.prompt.ask(what)

    def action_toggle_filters(self) -> None:
        if self.filters.each:
            self.use(self.filters.all_toggled(), remember=False)

    def action_filters(self) -> None:
        def done(filters: object) -> None:
            if isinstance(filters, Filters) and filters != self.filters:
                self.use(filters)

        from logtriage.tui.panels.overlays import FilterList

        self.app.push_screen(FilterList(self.filters, self.zone), done)

    def action_flagged(self) -> None:
        flagged = Filter("flag", "*")
        if flagged in self.filters.active:
            self.list.move(1)
        else:
            self.use(self.filters.adding(flagged))

    def action_level(self, step: int) -> None:
        names = list(LEVELS)
        now = self.filters.of_kind("level")
        least = min((names.index(name) for one in now for name in one.value.split(",")), default=None)
        at = least + step if least is not None else (names.index("warn") if step > 0 else 0)
        kept = self.filters.without(*now)
        if 0 < at < len(names):
            kept = kept.adding(Filter("level", names[at]))
        if kept != self.filters:
            self.use(kept)

    def action_only_source(self, out: bool = False) -> None:
        row = self.list.reel.selected
        if row is None:
            return
        part = next((p for p in self.standing.parts if p.part == row.part), None) if self.standing else None
        if row.service:
            new = Filter("service", _globbed(row.service), out)
        elif part:
            new = Filter("source", _globbed(part.group), out)
        else:
            return
        self.use(self.filters.without(new) if new in self.filters.active else self.filters.adding(new))

    def on_filter_bar_clicked(self, message: FilterBar.Clicked) -> None:
        self.use(self.filters.toggled(message.number))

    # search

    def action_next_match(self, backwards: bool = False, turns: bool = False) -> None:
        if self.sought is None:
            self.say("nothing was searched for yet: /")
            return
        both = replace(self.query_now, also=(*self.query_now.also, self.sought))
        if self.query_now.needle is None:
            both = replace(self.query_now, needle=self.sought.needle)
        self.wants(ask.Next(both, self.place, backwards, "match", turns))

    def action_next_same(self, backwards: bool = False) -> None:
        row = self.list.reel.selected
        if row:
            self.wants(ask.NextSame(self.query_now, row.key, backwards))

    # what is typed

    def on_prompt_typed(self, message: Prompt.Typed) -> None:
        if message.what not in ("filter", "search"):
            return
        counted, self.previewed = self.previewed, None
        self.app.engine.drop("preview", "unseen")
        if not message.text.strip("!"):
            self.prompt.tell("")
            return
        try:
            new = self.read_filter(message.text) if message.what == "filter" else Filter("text", message.text)
            query = combined(self.query_now, (new,))
        except Exception as why:
            self.prompt.tell(str(getattr(why, "message", why)), wrong=True)
            return
        self.prompt.tell("cancelled, counting anew …" if counted else "counting …")
        self.previewed = overview.Preview(query)
        self.wants(self.previewed)

    def show_preview(self, request: overview.Preview, counted: Counted) -> None:
        """Tells how many records what is typed would leave, or how many by now."""
        if request is not self.previewed:  # one has typed on
            return
        if counted.share < 1:
            self.prompt.tell(f"counting … {counted.found:,} in {counted.share:.0%}")
            return
        self.previewed = None
        whole = self.found if self.filters.active else self.standing.records if self.standing else None
        self.prompt.tell(f"{counted.found:,}" + (f" of {whole:,}" if whole is not None else ""))
        if not counted.found:
            self.wants(overview.Unseen(request.query, self.options.patterns))

    def show_unseen(self, request: overview.Unseen, told: list[str]) -> None:
        """Tells which names that were asked for there are not: beside what is typed, and where nothing is found."""
        if self.reading():
            told = [f"{line} (but not all is read yet)" for line in told]
        if self.prompt.is_open:
            said = [*told, *(self.misspelt(self.prompt.text) if self.prompt.what == "filter" else ())]
            self.prompt.tell(" · ".join((self.prompt.told, *said[:1])))
        elif request.query == self.query_now and not self.list.reel.rows:
            named = [line for one in self.filters.active if one.kind == "text" for line in self.misspelt(one.value)]
            self.list.instead = (*self.list.instead, "", *told, *named)
            self.list.refresh()

    def misspelt(self, text: str) -> list[str]:
        """That a text looks like a filter of another kind, whose name is misspelt."""
        kind, colon, _ = text.removeprefix("!").partition(":")
        near = is_it(kind, _KINDS) if colon and kind not in _KINDS else ""
        return [f"{kind!r} is no kind of filter: {near.strip()}"] if near else []

    def on_prompt_entered(self, message: Prompt.Entered) -> None:
        if not message.text.strip():
            return
        match message.what:
            case "filter":
                if new := self.try_to(lambda: self.read_filter(message.text)):
                    self.use(self.filters.adding(new))
            case "search":
                from logtriage.needles.needle import Needle

                needle = self.try_to(lambda: Needle.of((message.text,), smart_case=True))
                if needle:
                    self.sought, self.ranked = Query(needle=needle), None
                    self.list.needle = needle
                    self.list.refresh()
                    self.say(f"looking for {message.text} …")
                    self.action_next_match(turns=True)
            case "goto":
                if moment := self.try_to(lambda: self.read_moment(message.text)):
                    self.show_at(moment)
                    self.tell_if_beyond(moment)

    def on_prompt_left(self, message: Prompt.Left) -> None:
        self.previewed = None
        self.app.engine.drop("preview", "unseen")
        self.list.focus()

    def read_filter(self, text: str) -> Filter:
        """`timed out`, `!debug`, `level:warn`, `field:status>=500`, `since:-1h` → Filter. Raises UsageError."""
        out = text.startswith("!")
        text = text[1:] if out else text
        kind, colon, value = text.partition(":")
        if not colon or kind not in _KINDS:
            return Filter("text", text, out)
        if kind in ("since", "until"):
            value = self.read_moment(value).astimezone(UTC).isoformat()
        elif kind == "level":
            level, levels = levels_named(value.split(","))
            value = level or ",".join(levels)
        return Filter(kind, value.strip(), out)

    def tell_if_beyond(self, moment: datetime) -> None:
        """Says where the logs begin or end, if a time lies before or behind that."""
        if self.standing and (span := self.standing.span):
            first, last = (end.replace(tzinfo=UTC) for end in span)
            if moment < first:
                self.say(f"the logs begin at {times.day(span[0], self.zone)} {times.clock(span[0], self.zone)[:5]}")
            elif moment >= last + timedelta(minutes=1):
                self.say(f"the logs end at {times.day(span[1], self.zone)} {times.clock(span[1], self.zone)[:5]}")

    def read_moment(self, text: str) -> datetime:
        """A time as it is typed; what is relative lies before the end of the logs. Raises UsageError."""
        from logtriage.stamps.when import is_clock, parse_when

        span = self.standing.span if self.standing else None
        first, last = (span[0].replace(tzinfo=UTC), span[1].replace(tzinfo=UTC)) if span else (None, None)
        now = self.options.now or last or datetime.now(UTC)
        if last and is_clock(text):  # of the day that is looked at
            seen = self.place.timestamp if self.place and self.place.timestamp else span[1] if span else None
            if seen:
                day = seen.replace(tzinfo=UTC).astimezone(self.zone).date()
                return parse_when(f"{day.isoformat()} {text.strip()}", now=now, zone=self.zone)
        return parse_when(text, now=now, zone=self.zone, start=first, end=last)

    # back

    def action_back(self) -> None:
        if self.notice:
            self.unsay()
        if self.trail:
            self.action_back_view()
        elif self.list.origin:
            self.list.origin = None
            self.list.refresh()

    def action_back_view(self) -> None:
        """What was looked at before."""
        if not self.trail:
            self.say("nothing was looked at before this")
            return
        view = self.trail.pop()
        self.use(view.filters, remember=False)
        if view.place:
            self.show_at(view.place)
        told = ", ".join(one.told(self.zone) for one in view.filters.active)
        self.say(f"back to {told or 'all records'}")

    def action_help(self) -> None:
        from logtriage.tui.panels.overlays import Help

        self.app.push_screen(Help(self.app.keys))


def _globbed(name: str) -> str:
    """A name as a glob that means just it."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
