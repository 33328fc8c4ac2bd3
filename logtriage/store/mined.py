"""The templates of a store: mined from the wordings of its shapes whenever new ones come, and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from logtriage.store.shape import Shape

# the template of records whose shape is one of too many
UNMINED, UNMINED_ID, UNMINED_TEXT = 0, f"{0:016x}", "(too many different texts: not mined)"


class Templates:
    """Which template each shape has; `wordings` of the shapes by their numbers, `texts` of the templates by theirs."""

    def __init__(self, con: duckdb.DuckDBPyConnection | None = None) -> None:
        """Reads what a store, attached to `con` as `lake`, knows."""
        from logtriage.templates.miner import Miner

        self.wordings: dict[int, str] = {}
        self.texts: dict[int, str] = {}
        self._miner = Miner()
        self._templates: dict[int, int] = {}
        if con is not None:
            self.wordings = dict(con.execute("SELECT shape, wording FROM lake.shapes").fetchall())
            self._templates = dict(con.execute("SELECT shape, template FROM lake.mined").fetchall())

    def add(self, shapes: dict[int, Shape]) -> list[tuple[int, int]]:
        """Takes new shapes over; gives (shape, template) of all whose template is another one now."""
        self.wordings |= {number: shape.wording for number, shape in shapes.items()}
        from logtriage.store.shape import number_of

        self._miner.add(self.wordings.values())
        mined = self._miner.templates(self.wordings.values())
        numbers = {text: number_of(text) for text in set(mined)}
        self.texts = {number: text for text, number in numbers.items()}
        changed = [
            (shape, template)
            for shape, text in zip(self.wordings, mined, strict=True)
            if self._templates.get(shape) != (template := numbers[text])
        ]
        self._templates.update(changed)
        return changed


def write_templates(con: duckdb.DuckDBPyConnection, templates: Templates, shapes: dict[int, Shape]) -> None:
    """Mines, and notes what has changed. Inside the transaction that writes the shapes."""
    import pyarrow as pa

    changed = templates.add(shapes)
    if not changed:
        return
    con.register("changed", pa.table({"shape": [shape for shape, _ in changed], "template": [t for _, t in changed]}))
    con.execute("DELETE FROM lake.mined WHERE shape IN (SELECT shape FROM changed)")
    con.execute("INSERT INTO lake.mined SELECT shape, template FROM changed ORDER BY shape")
    used = sorted({template for _, template in changed})
    texts = pa.table({"template": used, "text": [templates.texts[template] for template in used]})
    con.register("changed_texts", texts)
    con.execute(
        "INSERT INTO lake.templates SELECT template, text FROM changed_texts "
        "WHERE template NOT IN (SELECT template FROM lake.templates)"
    )
