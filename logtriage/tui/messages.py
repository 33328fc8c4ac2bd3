"""What the parts of the screen tell each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from textual.message import Message

from logtriage.answers.glance import Glance
from logtriage.tui.requests.request import Request


@dataclass
class Answered(Message):
    """The engine has an answer."""

    request: Request
    result: Any


@dataclass
class Failed(Message):
    """A request came to nothing; `why` is one line."""

    request: Request | None
    why: str


@dataclass
class Wanted(Message):
    """A part of the screen wants something of the engine."""

    request: Request


@dataclass
class Moved(Message):
    """Another record is selected (None: there is none), or others are in view."""

    row: Glance | None


@dataclass
class Opened(Message):
    """A record was chosen, to be looked at closely."""

    row: Glance


@dataclass
class GoTo(Message):
    """A time was chosen on the timeline (UTC, naive)."""

    moment: datetime


@dataclass
class Said(Message):
    """One line for the status."""

    text: str
