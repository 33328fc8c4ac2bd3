"""The filters of the command line → a `Query`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from logtriage.cli.session import Session
from logtriage.cli.times import Ends, Typed
from logtriage.errors import UsageError
from logtriage.needles.needle import Needle
from logtriage.query.field import parse_field
from logtriage.query.level import levels_named
from logtriage.query.query import Query


def window_told(query: Query, session: Session) -> list[str]:
    """What --since and --until were taken to mean, for the coverage line; nothing where they are not given."""
    if not (query.since or query.until):
        return []
    from logtriage.stamps.when import Window, is_relative

    args = session.args
    since, until = (
        moment.replace(microsecond=0) if moment and is_relative(text) else moment  # nobody typed the fraction of now
        for text, moment in ((args.since, query.since), (args.until, query.until))
    )
    return [f"asked for {Window(since, until).describe(session.zone)}"]


def span_told(query: Query, session: Session, first: datetime | None, last: datetime | None) -> list[str]:
    """From when to when there are records at all, for a window in which none was found."""
    from logtriage.coverage import span

    return (
        [f"the logs span {span(first, last, session.zone)}"] if first and last and (query.since or query.until) else []
    )


def asked(session: Session, needle: Needle | None = None, ends: Callable[[], Ends] = lambda: (None, None)) -> Query:
    """Reads the filters; `ends`: when the logs begin and end, as far as that is known. Raises UsageError."""
    args = session.args
    if flags := _globs(args.flag):
        from logtriage.signatures.library import require_flag

        patterns = session.patterns()
        for flag in flags:
            require_flag(flag, patterns)
    since, until = Typed(session, ends).window(args.since, args.until)
    if since and until:
        from logtriage.stamps.when import Window

        Window(since, until)  # turned round? it says so
    level, levels = levels_named(_globs(args.level))
    return Query(
        needle=needle, since=since, until=until, level=level, levels=levels,
        services=_globs(args.service), sources=_globs(args.source),
        containers=_globs(args.container), namespaces=_globs(args.namespace), flags=flags,
        fields=tuple(parse_field(text) for text in args.field or ()), trace=args.trace,
        templates=template_ids(getattr(args, "template", None)),
    )  # fmt: skip


def _globs(values: Sequence[str] | None) -> tuple[str, ...]:
    """Each value may be a list, `a,b`."""
    return tuple(part for value in values or () for part in value.split(",") if part)


def template_ids(values: Sequence[str] | None) -> tuple[str, ...]:
    """Begins of templates' ids. Raises UsageError."""
    ids = tuple(text.lower() for text in _globs(values))
    for text in ids:
        if not set(text) <= set("0123456789abcdef"):
            raise UsageError(f"{text!r} is no template", "`logtriage templates` lists them with their ids")
    return ids
