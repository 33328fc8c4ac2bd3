"""`logtriage tui [SOURCE…]`: the screen."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.cli.open_store import thrown_away
from logtriage.cli.options import Parser, add_sources, add_usual, is_piped
from logtriage.cli.session import Session
from logtriage.coverage import counted
from logtriage.errors import LogtriageError, UsageError
from logtriage.store import lock
from logtriage.store.paths import name_of
from logtriage.store.snapshot import Snapshot
from logtriage.store.store import Store

if TYPE_CHECKING:
    from logtriage.sources.find import Source
    from logtriage.tui.engine import Engine
    from logtriage.tui.last_look import LastLook
    from logtriage.tui.sessions import Saved, Sessions

EXAMPLES = """\
  logtriage tui                            the store, all sources on one timeline (also plain `logtriage`)
  logtriage tui /var/log/app app.log.gz    these logs: read, followed, and shown at once
  kubectl logs -f web-0 | logtriage tui -  what a command writes, as it comes (also without `tui -`)
  logtriage tui --session outage.json      what a colleague looked at: filters, window, marks
"""


def parser() -> Parser:
    """The command's arguments."""
    made = Parser("tui", "The screen: all sources on one timeline. `?` in it lists the keys.", EXAMPLES)
    add_sources(made, help="a file, folder, glob or archive; - is standard input; none: the store")
    made.add_argument("--session", metavar="NAME|FILE", help="begin with a session that was saved (`^s` in it)")
    made.add_argument("--theme", choices=("dark", "light", "contrast"), default="dark", help="how it looks")
    add_usual(made)
    return made


def run(argv: list[str]) -> int:
    """Exit code 0; after a termination, 143."""
    gc.disable()  # what a start makes stays; once the first records stand, the screen has it collected again
    session = Session.of(parser().parse_intermixed_args(argv))
    args = session.args
    if not all(stream.isatty() for stream in (sys.stdout, sys.stderr)):
        raise UsageError("the screen needs a terminal", "`logtriage grep` and `logtriage cat` do not")
    if is_piped() and not args.sources:
        args.sources = ["-"]
    pipe = None if sys.stdin.isatty() else _keys_from_terminal()
    if "-" not in args.sources:
        pipe = None
    elif pipe is None:
        raise UsageError("- is standard input, and that is the keyboard", "kubectl logs -f web-0 | logtriage tui -")
    from logtriage.tui import last_look, sessions
    from logtriage.tui.engine import Engine

    sources = session.logs(args.sources) if args.sources else []
    with ExitStack() as stack:
        path = _store_for(sources, session.store_path, stack)
        kept = sessions.Sessions(sessions.user_folder(), session.store_path)
        kept.claim()
        begin = sessions.opened(args.session, kept) if args.session else kept.cut_off()
        engine = Engine(path)
        look = None if sources or begin else last_look.recall(kept.look, engine.state)
        if look is None:
            engine.start()  # opens the store while Textual is loaded
        try:
            code = _show(session, engine, sources, pipe, kept, begin, look)
        finally:
            # whatever happens: a process that ends while a thread is in DuckDB is aborted
            has_ended = engine.close()
    if not has_ended or _is_held():
        os._exit(code)  # nothing is left to be written
    return code


def _store_for(sources: list[Source], path: Path, stack: ExitStack) -> Path:
    """The store at a path; or one that is thrown away, where another process writes to that, and it knows none of the sources:
    what comes through a pipe, and logs that another one is not reading."""
    if not sources or not lock.is_taken(path):
        return path
    wanted = {os.path.abspath(one.path) for one in sources if one.path}
    with contextlib.suppress(LogtriageError), Store(path) as store, Snapshot(store) as snapshot:
        if any(part.path and name_of(part.path) in wanted for part in snapshot.catalog.parts):
            return path
    return thrown_away(stack)


def _is_held() -> bool:
    """Whether the process would not end by itself: Textual's thread for keys goes on, and reads without rest where the terminal
    is gone, if one leaves just when the screen comes back from a suspension."""
    return any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


def _show(
    session: Session,
    engine: Engine,
    sources: list[Source],
    pipe: int | None,
    kept: Sessions,
    begin: Saved | None,
    look: LastLook | None,
) -> int:
    try:
        from logtriage.tui.app import Logtriage
        from logtriage.tui.host import Options
        from logtriage.tui.intake import Intake
    except ModuleNotFoundError as why:
        if why.name != "textual":
            raise
        raise LogtriageError("the screen needs textual", "pip install 'logtriage[tui]'") from None
    intake = None
    if sources:
        how = _ingest_options(session, engine.path)
        intake = Intake(how, session.args.sources, sources, lambda: session.settings(patterns=False), pipe)
    options = Options(
        session.zone, session.args.utc, session.config.keys, session.fixed_now, f"logtriage-{session.args.theme}",
        session.config.patterns, begin, kept if engine.path == session.store_path else None, look, _told(session, engine),
    )  # fmt: skip
    app = Logtriage(engine, options, intake)
    app.run()
    return app.return_code or 0


def _told(session: Session, engine: Engine) -> str:
    """What is to be known of the logs that were named before one looks at them."""
    beside = engine.path != session.store_path
    told = ["not kept, as another process writes to the store"] if beside else []
    told += [str(why) for why in session.errors[:1]]
    told += [f"and {counted(len(session.errors) - 1, 'more error')}"] if session.errors[1:] else []
    told += [f"{counted(len(session.skipped), 'file')} passed over: {session.skipped[0]} …"] if session.skipped else []
    return " · ".join(told)


def _keys_from_terminal() -> int:
    """Puts the terminal in the place of standard input, as keys are read from there; gives what that was. UsageError."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as why:
        raise UsageError(
            "the screen needs a terminal to take keys from", "`logtriage grep` and `logtriage cat` do not"
        ) from why
    piped = os.dup(0)
    os.dup2(terminal, 0)
    os.close(terminal)
    return piped


def _ingest_options(session: Session, store: Path) -> list[str]:
    """Where to and how to read, for `logtriage ingest`."""
    args = session.args
    out = ["--store", str(store)]
    for name in ("format", "assume_tz", "config", "now"):
        if value := getattr(args, name):
            out += [f"--{name.replace('_', '-')}", value]
    return [*out, *(["--no-config"] if args.no_config else [])]
