"""The application as its screens know it: how it was started, the engine, and the keys in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.tui.engine import Engine
from logtriage.tui.in_turn import InTurn
from logtriage.tui.requests.request import Request
from logtriage.tui.themes import DARK

if TYPE_CHECKING:
    from logtriage.tui.last_look import LastLook
    from logtriage.tui.sessions import Saved, Sessions


@dataclass
class Options:
    """How the application is to start. `zone`: local times; `utc`: begin with UTC; `keys`: of the config; `now`: the
    present, where it is told; `theme`: by name; `patterns`: the user's own folders of
    them; `session`: what to look at; `sessions`: where they are kept, if they are; `look`: what is shown until
    the store, which is only opened then, tells how it is; `told`: what is to be said at first."""

    zone: tzinfo = UTC
    utc: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None
    theme: str = DARK.name
    patterns: tuple[Path, ...] = ()
    session: Saved | None = None
    sessions: Sessions | None = None
    look: LastLook | None = None
    told: str = ""


class Host(InTurn):
    """See the module."""

    options: Options
    engine: Engine
    keys: Mapping[str, str]

    def hear(self) -> None:
        """From now on answers are taken: everything that they go to is there."""
        raise NotImplementedError

    def ask(self, request: Request) -> None:
        """Asks the engine; the answer comes as a message."""
        raise NotImplementedError
