"""The append-only audit (rules 1.3): ids, actions and reasons, never message text or names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from savctl.domain.history import HistoryEntry
from savctl.domain.metadata import encode
from savctl.persistence.tables import audit


@dataclass(frozen=True, slots=True)
class Audited:
    """A history entry with the ticket it belongs to."""

    ticket_id: int
    entry: HistoryEntry


class Audit:
    """The audit entries of one transaction; a job's entries name their run."""

    def __init__(self, connection: Connection, *, run_id: int | None = None) -> None:
        self._connection = connection
        self._run_id = run_id

    def append(self, entries: Iterable[Audited]) -> None:
        """Write history entries a second time, where no other program rewrites them."""
        rows = [self._row(item.entry, item.ticket_id) for item in entries]
        self._insert(rows)

    def note(
        self, action: str, *, actor: int | None, at: datetime, details: Mapping[str, object]
    ) -> None:
        """Write down something that is not about one ticket: an import, an export, a repair."""
        row = {"at": at, "actor": actor, "action": action, "entry": encode(dict(details))}
        self._insert([{**row, "ticket_id": None, "run_id": self._run_id}])

    def _row(self, entry: HistoryEntry, ticket_id: int) -> dict[str, Any]:
        return {
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "ticket_id": ticket_id,
            "run_id": self._run_id,
            "entry": encode(entry.as_json()),
        }

    def _insert(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(audit), rows)
