"""How a command that reads ends: all it found is handed on, and the coverage line says what was looked at."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from logtriage.cli.session import Session
from logtriage.coverage import Coverage
from logtriage.errors import UsageError, told

One = TypeVar("One")


def first_or_last(args: Namespace, every: Iterable[One]) -> Iterator[One]:
    """Of some records the first (`-m`) or the last (`--tail`), if so many were asked for."""
    return islice(every, args.max_count) if args.tail is None else iter(deque(every, args.tail))


@contextlib.contextmanager
def in_full(session: Session, ending: Callable[[], object]) -> Iterator[None]:
    """Says how it ended, also after Ctrl-C; not where the reader of our output has gone. What it failed by is told first,
    and is one of the session's errors then."""
    try:
        yield
        sys.stdout.flush()
    except (BrokenPipeError, UsageError):
        raise
    except BaseException as why:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        error = told(why) if isinstance(why, Exception) else None
        if error:
            session.error(error)
        ending()
        if not error:
            raise
    else:
        ending()


def finished(session: Session, coverage: Coverage) -> None:
    """Prints the coverage line."""
    coverage.odd = list(map(str, session.odd))
    coverage.skipped, coverage.cut, coverage.errors = session.skipped, session.cut, len(session.errors)
    session.say(coverage.line(session.zone))
