"""Events as they come into the outbox, for people who watch."""

from __future__ import annotations

import time
from typing import Any

from savctl.persistence.engine import Database
from savctl.persistence.events import event_reads as reads

_PAGE = 500
_GAPS = 1_000  # the newest missing numbers that are looked for
_PATIENCE_SECONDS = 60.0


class OutboxTail:
    """What was committed since the last look, behind an id.

    A number is given out when an event is written and seen when it is committed: one that is
    missing may still come, after higher ones. It is looked for a while; most belong to changes
    that were rolled back.
    """

    def __init__(self, database: Database, *, after_id: int | None) -> None:
        self._database = database
        self._missing: dict[int, float] = {}
        if after_id is None:
            with database.reading() as connection:
                after_id = reads.last_event_id(connection)
        self._last = after_id

    def more(self) -> list[dict[str, Any]]:
        """The next page; empty when nothing is new."""
        with self._database.reading() as connection:
            late = reads.events_of(connection, list(self._missing)) if self._missing else []
            page = reads.list_events(connection, after_id=self._last, limit=_PAGE)
        for row in late:
            del self._missing[row["id"]]
        self._note_missing([row["id"] for row in page])
        return [*late, *page]

    def _note_missing(self, ids: list[int]) -> None:
        now = time.monotonic()
        for before, after in zip([self._last, *ids], ids, strict=False):
            newest = range(max(before + 1, after - _GAPS), after)
            self._missing.update(dict.fromkeys(newest, now))
        self._last = ids[-1] if ids else self._last
        kept = list(self._missing.items())[-_GAPS:]
        self._missing = {n: at for n, at in kept if now - at < _PATIENCE_SECONDS}
