"""`logtriage patterns add`: drafts a signature from a text or a template."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from logtriage.cli.session import Session
from logtriage.errors import UsageError

if TYPE_CHECKING:
    from logtriage.answers.drafting import Draft
    from logtriage.answers.drafts import Material
    from logtriage.signatures.library import Pattern


def drafted(session: Session, text: str | None, known: tuple[Pattern, ...]) -> Draft:
    """A signature for a text, or for the template that --template names. Raises UsageError."""
    from logtriage.answers.drafting import Wishes, draft

    args = session.args
    if (text is None) == (args.template is None):
        raise UsageError("patterns add: give a text, or --template ID", "`logtriage templates` lists them")
    wishes = Wishes(args.id, args.title, args.severity, args.category, args.advice)
    with contextlib.ExitStack() as stack:
        return draft(_material(session, text, stack), known, wishes)


def _material(session: Session, text: str | None, stack: contextlib.ExitStack) -> Material:
    """What the draft is made of; it is read from the store, on the stack, as the draft is made."""
    from logtriage.answers.drafts import material
    from logtriage.cli.filters import template_ids
    from logtriage.errors import StoreError
    from logtriage.store.place import is_store
    from logtriage.store.snapshot import Snapshot
    from logtriage.store.store import Store

    snapshot: Snapshot | None = None
    ids = template_ids([session.args.template]) if text is None else ()
    if text is None or is_store(session.store_path):
        try:
            snapshot = stack.enter_context(Snapshot(stack.enter_context(Store(session.store_path))))
        except StoreError as why:  # a text can be drafted from without it
            if text is None:
                raise
            session.say(f"not compared with the records of a store: {why.message}")
    found = material(snapshot, text=text, template=ids[0] if ids else None)
    if found is None:
        raise UsageError("patterns add: there is no such template in the store", "`logtriage templates` lists them")
    return found
