"""The stretch of records that is held in memory, which of them is selected, and which lines of them are in view.

Plain values, no widget: rows are added at both ends as they come and dropped at the far one, so it stays small.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from logtriage.answers.glance import Glance, Glances
from logtriage.query.walk import Key

MOST = 3_000  # rows held


class Line(NamedTuple):
    """One line of the screen: the number of its row, and 0 for the row itself, 1… for the lines that it unfolds to."""

    row: int
    sub: int


class Reel:
    """`rows` in time order; `before`, `after`: whether there are more. `cursor`: the selected row; `top`: the first
    line in view; `height`: how many lines are. `unfolded`: the further lines of rows that are shown in full."""

    def __init__(self) -> None:
        self.rows: list[Glance] = []
        self.before = self.after = False
        self.cursor = 0
        self.top = Line(0, 0)
        self.height = 1
        self.unfolded: dict[tuple[int, int], list[str]] = {}

    @property
    def selected(self) -> Glance | None:
        """The selected row."""
        return self.rows[self.cursor] if self.rows else None

    @property
    def at_end(self) -> bool:
        """Whether the very last record is selected."""
        return not self.after and self.cursor >= len(self.rows) - 1

    def show(self, page: Glances, place: Key | None, *, end: bool = False) -> None:
        """Other rows in place of all. The one at `place` is selected, or the first after it; `end`: the last one."""
        self.rows, self.before, self.after = list(page.rows), page.before, page.after
        known = {(row.part, row.offset) for row in self.rows}
        self.unfolded = {key: lines for key, lines in self.unfolded.items() if key in known}
        self.cursor = len(self.rows) - 1 if end else 0
        if place is not None:
            self.cursor = next(
                (k for k, row in enumerate(self.rows) if not _before(row.key, place)), len(self.rows) - 1
            )
        self.cursor = max(0, self.cursor)
        self._stand(self.height - 1 if end else self.height // 3)

    def put_before(self, page: Glances) -> None:
        """Rows that stand before those held."""
        self.rows[:0] = page.rows
        self.before = page.before
        self.cursor += len(page.rows)
        self.top = self.top._replace(row=self.top.row + len(page.rows))
        if surplus := max(0, min(len(self.rows) - MOST, len(self.rows) - 1 - self._last_in_use())):
            del self.rows[-surplus:]
            self.after = True

    def put_after(self, page: Glances) -> None:
        """Rows that stand after those held."""
        self.rows += page.rows
        self.after = page.after
        if surplus := max(0, min(len(self.rows) - MOST, self.top.row, self.cursor)):
            del self.rows[:surplus]
            self.before = True
            self.cursor -= surplus
            self.top = self.top._replace(row=self.top.row - surplus)

    def move(self, rows: int) -> None:
        """Selects another row, and brings it into view."""
        self.select(self.cursor + rows)

    def select(self, row: int) -> None:
        """Selects the row of that number, or the nearest, and brings it into view."""
        self.cursor = max(0, min(row, len(self.rows) - 1))
        if not self.rows:
            self.top = Line(0, 0)
        elif self.cursor < self.top.row or (self.cursor == self.top.row and self.top.sub):
            self.top = Line(self.cursor, 0)
        elif (below := self._lines_to(self.cursor) + self._height_of(self.cursor) - self.height) > 0:
            self.top = self._moved(self.top, min(below, self._lines_to(self.cursor)))

    def visit(self, row: int) -> None:
        """Selects the row of that number, and where it was not in view, shows what is around it."""
        is_shown = any(line.row == row for line in self.lines())
        self.select(row)
        if not is_shown:
            self._stand(self.height // 3)

    def scroll(self, lines: int, *, keep: bool = True) -> None:
        """Moves the view; the selection goes along only as far as it has to (`keep`)."""
        self.top = self._moved(self.top, lines)
        lowest = self._lowest_top()
        if lines > 0 and self.top > lowest:
            self.top = lowest
        if keep and self.rows:
            shown = [line.row for line in self.lines()]
            whole = [row for row in shown if row > self.top.row or self.top.sub == 0] or shown
            self.cursor = max(whole[0], min(self.cursor, shown[-1]))

    def page(self, lines: int) -> None:
        """Moves the view and the selection with it; the selection alone where the view cannot go on."""
        place, before = self._lines_to(self.cursor), self.top
        self.scroll(lines, keep=False)
        if self._moved(self.top, -lines) != before or not self.rows:
            self.move(lines)
        else:
            shown = list(self.lines())
            self.cursor = shown[max(0, min(place, len(shown) - 1))].row

    def resize(self, height: int) -> None:
        """Another height of the view; what is selected stays in it."""
        stays = self.at_end
        self.height = max(1, height)
        if stays:
            self.top = self._lowest_top()
        self.select(self.cursor)

    def fold(self, row: Glance, lines: list[str] | None) -> None:
        """Shows the further lines of a row; None: folds it."""
        if lines is None:
            self.unfolded.pop((row.part, row.offset), None)
        else:
            self.unfolded[row.part, row.offset] = lines
        self.top = min(self.top, self._lowest_top())
        self.select(self.cursor)

    def lines(self) -> Iterator[Line]:
        """The lines in view, from the top on."""
        row, sub = self.top
        left = self.height
        while row < len(self.rows) and left:
            if sub < self._height_of(row):
                yield Line(row, sub)
                left -= 1
                sub += 1
            else:
                row, sub = row + 1, 0

    def margin(self) -> tuple[int, int]:
        """How many rows are held before and after those in view."""
        return self.top.row, len(self.rows) - 1 - self._last_in_use()

    def _stand(self, before: int) -> None:
        """Moves the view so that as many lines stand before the selected row."""
        self.top = self._moved(Line(self.cursor, 0), -before)
        if not self.after:  # no blank lines behind the end, as long as there are records to fill them
            self.top = min(self.top, self._lowest_top())

    def _last_in_use(self) -> int:
        return max(self.cursor, min(self.top.row + self.height, len(self.rows) - 1))

    def _height_of(self, row: int) -> int:
        one = self.rows[row]
        return 1 + len(self.unfolded.get((one.part, one.offset), ()))

    def _lines_to(self, row: int) -> int:
        """From the top to a row below it."""
        return sum(self._height_of(k) for k in range(self.top.row, row)) - self.top.sub

    def _lowest_top(self) -> Line:
        """Where the view stands when the last line held is its last."""
        return self._moved(Line(len(self.rows), 0), -self.height)

    def _moved(self, line: Line, lines: int) -> Line:
        row, sub = line
        while lines > 0 and row < len(self.rows):
            step = min(lines, self._height_of(row) - sub)
            lines -= step
            sub += step
            if sub == self._height_of(row):
                row, sub = row + 1, 0
        while lines < 0 and (row, sub) > (0, 0):
            if sub == 0:
                row -= 1
                sub = self._height_of(row)
            step = min(-lines, sub)
            lines += step
            sub -= step
        return Line(min(row, max(0, len(self.rows) - 1)), sub if row < len(self.rows) else 0)


def _before(one: Key, other: Key) -> bool:
    """Whether a place stands before another in time order; without time before all others."""
    return in_order(one) < in_order(other)


def in_order(key: Key) -> tuple[object, ...]:
    """What places are sorted by."""
    time = key.timestamp
    return (time is not None, time and time.isoformat(timespec="microseconds"), key.nanos, key.part, key.offset)
