"""A store in front of a real one that goes away at a wished moment, or tells what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from savctl.ports import ObjectStore, StoreUnavailable


class BreakingStore:
    """Every call goes to the real store until `is_time` says that the store is gone.

    `calls` are the names of the methods that were called. A method in `before` is run first.
    """

    def __init__(
        self,
        real: ObjectStore,
        *,
        gone_at: str | None = None,
        calls_left: int = 0,
        before: dict[str, Callable[[], Any]] | None = None,
    ) -> None:
        self._real = real
        self._gone_at = gone_at
        self._left = calls_left
        self._before = before or {}
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if not callable(real):
            return real

        def call(*given: Any, **named: Any) -> Any:
            self.calls.append(name)
            if name == self._gone_at:
                if self._left == 0:
                    raise StoreUnavailable("the store went away")
                self._left -= 1
            if name in self._before:
                self._before.pop(name)()
            return real(*given, **named)

        return call
