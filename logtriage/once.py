"""Values of an object that are found out once, when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):
    """As `functools.cached_property`, which in Python 3.11 holds one lock for all objects of a class while it finds a value:
    an object of one thread would wait for that of another, and for ever if that one waits for it. Where two threads ask one
    object at once, both find its value; the last one stays."""

    def __init__(self, find: Callable[[Any], T]) -> None:
        self._find, self.__doc__, self._name = find, find.__doc__, find.__name__

    @overload
    def __get__(self, holder: None, kind: type) -> once[T]: ...

    @overload
    def __get__(self, holder: object, kind: type) -> T: ...

    def __get__(self, holder: object | None, kind: type) -> once[T] | T:
        if holder is None:
            return self
        value = holder.__dict__[self._name] = self._find(holder)
        return value
