"""`logtriage patterns add`: drafts a signature from a text or a template, and checks it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.session import Session
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.query.drafts import Material
    from logtriage.signatures.library import Pattern


@dataclass(frozen=True, slots=True)
class Draft:
    """A signature's TOML, and what is wrong with it."""

    identity: str
    toml: str
    problems: list[str]


def draft(session: Session, text: str | None, known: tuple[Pattern, ...]) -> Draft:
    """A signature for a text, or for the template that --template names. The near miss is the nearest record of another
    template that it does not match. Raises UsageError."""
    import regex as re

    from logtriage.signatures.check import check_patterns
    from logtriage.signatures.draft import regex_of, slug, toml
    from logtriage.signatures.library import read_file
    from logtriage.signatures.match import match_text

    args = session.args
    if (text is None) == (args.template is None):
        raise UsageError("patterns add: give a text, or --template ID", "`logtriage templates` lists them")
    found = _material(session, text)
    expression, gives = regex_of(found.own, found.given)
    if not any(len(piece.strip()) > 3 for piece in found.own):
        raise UsageError("patterns add: there is no word in it that always stands there")
    rule = re.compile(expression)
    near = next((line for line in found.near if not rule.search(line)), found.text.split(" ", 1)[-1][:-4] + "…")
    identity = args.id or f"own.{slug(' '.join(found.own))}"
    also = [
        pattern.id for pattern, _ in match_text(known, found.text) if pattern.id != identity and not pattern.generic
    ]
    made = toml(
        identity=identity, title=args.title or " … ".join(piece.strip() for piece in found.own if piece.strip()),
        severity=args.severity or found.level or "error", category=args.category, regex=expression, advice=args.advice,
        text=found.text, gives=gives, also=also, near=near,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="logtriage-") as folder:
        path = Path(folder) / "own.toml"
        path.write_text(made, encoding="utf-8")
        problems = [str(problem) for problem in check_patterns(read_file(path), known)]
    return Draft(identity, made, [problem.replace(f"{path}: ", "") for problem in problems])


def write(session: Session, made: Draft) -> Path:
    """Adds a draft to `own.toml` in the first folder of patterns that the config names. Raises UsageError."""
    folders = session.config.patterns
    if not folders:
        raise UsageError(
            "patterns add: there is no folder of yours to write to", 'patterns = ["~/logs/patterns"] in the config'
        )
    folder = folders[0] / "signatures" if not any(folders[0].glob("*.toml")) else folders[0]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "own.toml"
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if file.tell() else "") + made.toml)
    return path


def _material(session: Session, text: str | None) -> Material:
    from logtriage.cli.asking import template_ids
    from logtriage.query.drafts import material
    from logtriage.store.store import Store
    from logtriage.store.views import Snapshot

    if text is not None and not (session.store_path / "catalog.sqlite").exists():
        found = material(None, text=text, template=None)
    else:
        ids = template_ids([session.args.template]) if text is None else ()
        with Store(session.store_path) as store, Snapshot(store) as snapshot:
            found = material(snapshot, text=text, template=ids[0] if ids else None)
    if found is None:
        raise UsageError("patterns add: there is no such template in the store", "`logtriage templates` lists them")
    return found
