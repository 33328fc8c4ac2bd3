"""Happenings of a second → records of every stream, a whole column at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logtriage.demo.events import Event
from logtriage.demo.shop import Kind, Population
from logtriage.demo.template import Layout, Template, compile_template
from logtriage.demo.values import Batch, Values

_WHOLE_SECOND, _ROOM = 1_000, 850  # ms in which happenings start; a request's later lines need the rest


@dataclass
class Pending:
    """What was made for one second: keyed records by stream, and the number of their physical lines."""

    records: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, stream: str, records: list[str], lines: int) -> None:
        if records:
            self.records.setdefault(stream, []).extend(records)
            self.lines[stream] = self.lines.get(stream, 0) + lines


class _Source:
    """A population in motion: turns a rate into batches and keeps those that later lines will speak of."""

    def __init__(self, population: Population, number: int, memory: int, values: Values) -> None:
        self._values = values
        self._below = _ROOM if population.request else _WHOLE_SECOND
        self._due = 0.9999 if population.prompt else values.random(f"due:{number}").random()
        self._total = 0
        self._none = Batch(values, [])
        self._recent: deque[Batch] = deque(maxlen=memory + 1)
        self.first: Batch | None = None

    def spawn(self, rate: float) -> Batch:
        """The members of the next second, about `rate` of them (what is left over counts for the seconds after)."""
        self._due += rate
        count = int(self._due)
        self._due -= count
        batch = self._none
        if count:
            batch = Batch(self._values, self._values.starts(count, self._below), self._total)
            self._total += count
            self.first = self.first or batch
        self._recent.append(batch)
        return batch

    def ago(self, seconds: int) -> Batch:
        return self._recent[-1 - seconds] if seconds < len(self._recent) else self._none


class Engine:
    """Runs `kinds` second by second.

    `populations` are the distinct sources of the kinds in the order in which `second` takes their rates;
    `counts` holds the number of records made so far for each kind, `templates` their compiled texts.
    """

    def __init__(self, kinds: Sequence[Kind], layouts: Mapping[str, Layout], values: Values) -> None:
        self.kinds = tuple(kinds)
        self.templates = [compile_template(layouts[kind.stream], kind.text) for kind in kinds]
        self.counts = [0] * len(kinds)
        self.populations = tuple(dict.fromkeys(kind.source for kind in kinds))
        self._layouts = layouts
        self._values = values
        memory = {
            population: max(kind.after for kind in kinds if kind.source is population)
            for population in self.populations
        }
        self._sources = {
            population: _Source(population, number, memory[population], values)
            for number, population in enumerate(self.populations)
        }
        self._jobs = [
            (number, kind, template, self._sources[kind.source])
            for number, (kind, template) in enumerate(zip(self.kinds, self.templates, strict=True))
        ]

    def second(self, rates: Sequence[float], now: Mapping[str, str]) -> Pending:
        """One second of life; `rates` in happenings a second, `now` the words fixed for this second."""
        pending = Pending()
        for source, rate in zip(self._sources.values(), rates, strict=True):
            source.spawn(rate)
        for number, kind, template, source in self._jobs:
            batch = source.ago(kind.after)
            if batch.size:
                records = template.render(batch, now, kind.at, kind.every)
                self.counts[number] += len(records)
                pending.add(kind.stream, records, len(records) * template.lines)
        return pending

    def once(self, event: Event, now: Mapping[str, str]) -> tuple[list[str], Template]:
        """A single record at the event's own instant within the second."""
        template = compile_template(self._layouts[event.stream], event.text)
        micros = round((event.at - int(event.at)) * 1e6)
        exact = {"ms": f"{micros // 1000:03d}", "us": f"{micros % 1000:03d}"}
        return template.render(Batch(self._values, [0]), {**now, **exact}), template

    def first(self, population: Population) -> Batch | None:
        """The first batch the population ever had, if any."""
        return self._sources[population].first
