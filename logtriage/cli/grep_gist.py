"""grep over the store where its gist tells the answer: nothing is found, or what is found is only counted or named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from logtriage.cli.ending import finished, in_full
from logtriage.cli.filters import asked, span_told, window_told
from logtriage.cli.grep_args import exit_code, is_told, summary, with_names
from logtriage.cli.lines_out import Out
from logtriage.cli.session import Session
from logtriage.coverage import Coverage

if TYPE_CHECKING:
    import argparse

    from logtriage.needles.needle import Needle
    from logtriage.query.by_gist import Found
    from logtriage.store.gist import Gist

_BEYOND = ("flag", "service", "source", "container", "namespace", "field", "trace", "template", "show_sql")


def grep(session: Session, needle: Needle, told: Gist) -> int | None:
    """Answers as `stored.grep` would; None: the gist does not tell, and nothing was printed."""
    from logtriage.query import by_gist

    args = session.args
    if any(getattr(args, name, None) for name in _BEYOND) or not (is_told(args) or args.output != "csv"):
        return None
    this = asked(session, needle, lambda: told.ends)
    found = by_gist.found(told, this)
    if found is None:
        return None
    if found and not is_told(args):
        return None
    sources = len({name for _, name, *_ in told.parts})
    coverage = Coverage(sources, None, 0, notes=window_told(this, session))

    def ending() -> None:
        if not args.quiet:
            if not coverage.hits:
                coverage.notes += span_told(this, session, *told.ends)
            finished(session, coverage)

    with in_full(session, ending):
        tell(args, coverage, found)
    return exit_code(session, coverage.hits or 0)


def tell(args: argparse.Namespace, coverage: Coverage, found: Iterable[Found]) -> None:
    """Prints how much was found in each source, or only where."""
    hits: Counter[str] = Counter()
    for one in found:
        hits[one.source] += one.records
        coverage.seen(one.first, one.last)
    if args.max_count is not None:
        hits = +Counter({source: min(n, args.max_count) for source, n in hits.items()})
    coverage.hits = hits.total()
    out = Out()
    names = with_names(args, True)
    for name in sorted(hits) if args.count or args.files_with_matches else ():
        out.write(summary(name, hits[name], names, args.null, args.count).encode("utf-8", "surrogateescape"))
