"""SQL over a stage: which of the formats inside claims each line, and what the columns are that one of them reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from logtriage.formats import cuts, parse
from logtriage.formats.format import Format
from logtriage.formats.moments import EVENT, OBSERVED
from logtriage.formats.narrowed import few_keys
from logtriage.formats.node import Node
from logtriage.sql import literal

# Names of columns begin so: those of a group of the format's regex, and what was read along with the claim.
GROUP, READ = "group_", "read_"


def claimed(children: Sequence[Node], own: str, carried: Sequence[str]) -> str:
    """SQL over `stage`: which of the formats claims a line (`k`), what its opening is there, if it has one (`opening`), whether
    the line goes on with the record before it (`own`, as given), and the `fields` of the format that `tells_all`, under names
    that begin with READ."""
    relation, openings, read = f"SELECT *, {own} AS own, NULL::INTEGER AS k FROM stage", "", ""
    for n, child in enumerate(children):
        fmt, told, whole = child.fmt, f"told_{n}", tells_all(child, children)
        assert fmt is not None
        if looked_at := parse.told_by(fmt, "t", whole=whole):
            relation = f"SELECT *, CASE WHEN k IS NULL THEN {looked_at} END AS {told} FROM ({relation})"
        if parse.opening_of(fmt):
            openings += f" WHEN {n} THEN {told}"
        if whole:
            items, _ = fields(child, fmt, carried, m=told)
            read = "".join(f", {sql} AS {READ}{name}" for name, sql in items.items() if sql != name)
        claim = f"CASE WHEN k IS NULL THEN CASE WHEN {parse.claims(fmt, 't', child, told)} THEN {n} END ELSE k END"
        relation = f"SELECT * REPLACE ({claim} AS k) FROM ({relation})"
    begins = f"CASE k{openings} END" if openings else "NULL::VARCHAR"
    return f"SELECT k, {begins} AS opening, own{read} FROM ({relation})"


def tells_all(child: Node, among: Sequence[Node]) -> bool:
    """Whether a JSON document is parsed once, for what claims it and for what is read of it: where hardly another would."""
    documents = [node for node in among if node.fmt and node.fmt.kind == "json"]
    return documents == [child] and child.fmt is not None and not child.fmt.multiline and few_keys(child.fmt)


def sought(node: Node) -> dict[str, set[str]]:
    """The ids that are looked for in a format's text, and what stands before them."""
    return {} if node.fmt and node.fmt.inner and node.children else node.ids


def fields(
    node: Node, fmt: Format, carried: Sequence[str], ready: Collection[str] = (), m: str = "m"
) -> tuple[dict[str, str], list[str]]:
    """What a format or one around it gives, as SQL by name, and the names of the roles that are carried from here on. `ready`:
    the groups that lie in columns of their own (see GROUP); `m`: what `parse.extraction` gave."""
    items: dict[str, str] = {}
    names = [name for name in carried if name not in parse.ROLES]
    tail, outermost = parse.opening_of(fmt) is not None, len(node.path) == 1
    for name in parse.ROLES:
        if name == "body" and fmt.inner in (name, *fmt.keys.get(name, ())):
            continue  # what a transport wraps is kept as `content`
        own = _role(fmt, name, ready, m)
        if own is None and name == "program" and fmt.service:
            own = literal(fmt.service)
        if name == "body" and tail:
            name, own = ("head", "head") if outermost else (name, "tail")
        elif name in carried and name not in sought(node):  # those are looked for in the text first
            own = f"coalesce({own}, {name})" if own else name
        if own or name in sought(node):
            names.append(name)
        if own:
            items[name] = own
    if node.moments:
        items["own_text"] = _role(fmt, "timestamp", ready, m) or "NULL"
        names = list(dict.fromkeys([*names, *EVENT, *(OBSERVED if "timestamp" in carried else ())]))
    items |= {name: name for name in (*EVENT, *OBSERVED) if name in carried}
    if fmt.inner:
        items["wrapped"] = "tail" if tail else parse.inner(fmt, m, "t")
    if not fmt.inner or not cuts.told(fmt, node.ends):
        items |= {"partial": "partial"} if "partial" in carried else {}
    elif "logtag" in fmt.groups:
        items["logtag"] = f"{GROUP}logtag" if "logtag" in ready else f"{m}.logtag"
    return items, names


def _role(fmt: Format, name: str, ready: Collection[str], m: str) -> str | None:
    return GROUP + name if name in ready else parse.role(fmt, name, m)
