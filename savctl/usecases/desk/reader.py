"""One look at the desk: every part, but for those that took long a moment ago."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from savctl.persistence.engine import Database
from savctl.ports import Clock
from savctl.usecases.desk.model import Desk
from savctl.usecases.desk.parts import Part

_REST = 50  # a part rests so many times as long as it took: 2 % of a core of the database
_LONGEST_REST = timedelta(minutes=1)


class DeskReader:
    """Reads the parts on one connection; `database` is asked for at each reading.

    So one that is away at first is waited for.
    """

    def __init__(
        self, database: Callable[[], Database], clock: Clock, parts: Mapping[str, Part]
    ) -> None:
        self.clock = clock
        self._database = database
        self._parts = parts
        self._rests_until: dict[str, float] = {}

    def wake_all(self) -> None:
        """Let the next look read every part."""
        self._rests_until.clear()

    def read(self, known: Desk | None = None) -> Desk:
        """The desk now; parts that rest are taken from what is known.

        Raises:
            SavError: the database does not answer, or its schema is not this savctl's.
        """
        now = self.clock()
        found = replace(known or Desk(at=now), at=now)
        with self._database().reading() as connection:
            for name, part in self._parts.items():
                begun = time.monotonic()
                if begun < self._rests_until.get(name, 0.0):
                    continue
                value = part(connection, now)
                self._let_rest(name, begun)
                read_at = {**found.read_at, name: now}
                found = replace(found, **{name: value, "read_at": read_at})
        return found

    def _let_rest(self, name: str, begun: float) -> None:
        took = time.monotonic() - begun
        rest = min(took * _REST, _LONGEST_REST.total_seconds())
        self._rests_until[name] = begun + took + rest
