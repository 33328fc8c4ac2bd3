"""The store's times (UTC, naive) as whole numbers, microseconds of 1970, and back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import overload

_EPOCH, _TICK = datetime(1970, 1, 1), timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """A moment as a number."""
    return (moment - _EPOCH) // _TICK


@overload
def moment(microseconds: int) -> datetime: ...
@overload
def moment(microseconds: None) -> None: ...
@overload
def moment(microseconds: int | None) -> datetime | None: ...
def moment(microseconds: int | None) -> datetime | None:
    """The moment of a number; None of None, as records without a time have it."""
    return None if microseconds is None else _EPOCH + microseconds * _TICK
