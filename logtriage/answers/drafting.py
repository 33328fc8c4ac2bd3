"""A signature drafted from a template or a text of the store: checked as the shipped ones are, and written down."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from logtriage.answers.drafts import Material
from logtriage.errors import UsageError
from logtriage.signatures.library import Example, Pattern


class Wishes(NamedTuple):
    """What a user says of a signature; None: as the draft has it."""

    identity: str | None = None
    title: str | None = None
    severity: str | None = None
    category: str = "exception"
    advice: str = "Write down here what helped."


class Draft(NamedTuple):
    """A signature's id and TOML, and what is wrong with it."""

    identity: str
    toml: str
    problems: list[str]


def draft(found: Material, known: tuple[Pattern, ...], wishes: Wishes) -> Draft:
    """A signature for a template; `known`: the signatures there are, with their examples. The near miss is the nearest
    record of another template that it does not match. Raises UsageError."""
    import regex as re

    from logtriage.signatures.check import check_patterns
    from logtriage.signatures.draft import regex_of, slug, toml
    from logtriage.signatures.library import read_file
    from logtriage.signatures.match import match_text

    expression, gives = regex_of(found.own, found.given)
    if not any(len(piece.strip()) > 3 for piece in found.own):
        raise UsageError("there is no word in it that always stands there", "a signature needs one")
    rule = re.compile(expression)
    near = next((line for line in found.near if not rule.search(line)), found.text.split(" ", 1)[-1][:-4] + "…")
    identity = wishes.identity or f"own.{slug(' '.join(found.own))}"
    taken = (pattern for pattern, _ in match_text(known, found.text) if pattern.id != identity)
    also = tuple(pattern.id for pattern in taken if not pattern.generic)
    made = toml(
        Pattern(
            identity,
            title=wishes.title or " … ".join(piece.strip() for piece in found.own if piece.strip()),
            severity=wishes.severity or found.level or "error",
            category=wishes.category,
            regex=expression,
            advice=wishes.advice,
            file="own.toml",
            examples=(Example(found.text, gives, also),),
            rejects=(near,),
        )
    )
    with tempfile.TemporaryDirectory(prefix="logtriage-") as folder:
        path = Path(folder) / "own.toml"
        path.write_text(made, encoding="utf-8")
        problems = [str(problem) for problem in check_patterns(read_file(path), known)]
    return Draft(identity, made, [problem.replace(f"{path}: ", "") for problem in problems])


def add(made: Draft, folders: Sequence[Path]) -> Path:
    """Adds a draft to `own.toml` in the first of the user's folders of patterns → that file. Raises UsageError."""
    if not folders:
        raise UsageError("there is no folder of yours to write to", 'patterns = ["~/logs/patterns"] in the config')
    folder = folders[0] / "signatures" if not any(folders[0].glob("*.toml")) else folders[0]
    path = folder / "own.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if file.tell() else "") + made.toml)
    except OSError as why:
        raise UsageError(f"{path} cannot be written: {why.strerror}") from why
    return path
