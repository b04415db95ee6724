"""A part that is made on first use, and once, however many threads ask for it at once.

`functools.cached_property` has no lock since Python 3.12, and before that one for all objects of a
class: two job threads made two connection pools, or two databases waited for each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class shared_part(Generic[T]):  # noqa: N801 - a decorator, as property is
    """Decorates a method that makes a part; it then reads as an attribute.

    The part is kept in the object's `__dict__` under its name. When making it fails, nothing is
    kept, and the next one who asks tries again.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: object, kind: type | None = None) -> T: ...

    def __get__(self, owner: object | None, kind: type | None = None) -> Self | T:
        """The part; once it is made, Python finds it in `__dict__` without coming here."""
        if owner is None:
            return self
        parts = owner.__dict__
        lock: threading.RLock = parts.setdefault(f"_lock_of_{self._name}", threading.RLock())
        with lock:
            if self._name not in parts:
                parts[self._name] = self._make(owner)
            made: T = parts[self._name]
            return made
