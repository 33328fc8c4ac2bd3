"""`logtriage tui [SOURCE…]`: the screen."""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import TYPE_CHECKING

from logtriage.cli.options import Parser, add_sources, add_usual, is_piped
from logtriage.cli.session import Session
from logtriage.errors import LogtriageError, UsageError

if TYPE_CHECKING:
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

    kept = sessions.Sessions(sessions.user_folder(), session.store_path)
    begin = sessions.opened(args.session, kept) if args.session else kept.cut_off()
    engine = Engine(session.store_path)
    look = None if args.sources or begin else last_look.recall(kept.look, engine.state)
    if look is None:
        engine.start()  # opens the store while Textual is loaded
    try:
        code = _show(session, engine, pipe, kept, begin, look)
    finally:
        # whatever happens: a process that ends while a thread is in DuckDB is aborted
        has_ended = engine.close()
    if not has_ended or _is_held():
        os._exit(code)  # nothing is left to be written
    return code


def _is_held() -> bool:
    """Whether the process would not end by itself: Textual's thread for keys goes on, and reads without rest where the terminal
    is gone, if one leaves just when the screen comes back from a suspension."""
    return any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


def _show(
    session: Session, engine: Engine, pipe: int | None, kept: Sessions, begin: Saved | None, look: LastLook | None
) -> int:
    args = session.args
    sources = session.find(args.sources).sources if args.sources else []
    if args.sources and not sources:
        return 2
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
        intake = Intake(_ingest_arguments(session), sources, lambda: session.settings(patterns=False), pipe)
    options = Options(
        session.zone, args.utc, session.config.keys, session.fixed_now, f"logtriage-{args.theme}",
        session.config.patterns, begin, kept, look,
    )  # fmt: skip
    app = Logtriage(engine, options, intake)
    app.run()
    return app.return_code or 0


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


def _ingest_arguments(session: Session) -> list[str]:
    """What is to be read, and how, for `logtriage ingest`."""
    args = session.args
    out = ["--store", str(session.store_path)]
    for name in ("format", "assume_tz", "config", "now"):
        if value := getattr(args, name):
            out += [f"--{name.replace('_', '-')}", value]
    return [*out, *(["--no-config"] if args.no_config else []), "--", *args.sources]
