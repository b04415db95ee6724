"""The append-only audit (rules 1.3): ids, actions and reasons, never message text or names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from savctl.domain.access.file_access import FileNote
from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import entry_text
from savctl.persistence.alike import insert_for_tickets
from savctl.persistence.bulk import insert_rows, long_text
from savctl.persistence.noted_tickets import note_changed
from savctl.persistence.schema.tables import audit
from savctl.persistence.types import time_text

_COLUMNS = ("at", "actor", "action", "ticket_id", "run_id", "entry")
# From so many alike on, one statement with the ids of their tickets costs less than their rows.
_MANY = 20
_TICKET = _COLUMNS.index("ticket_id")


class Audited(NamedTuple):
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
        items = list(entries)
        note_changed(self._connection, [item.ticket_id for item in items])
        rows = [self._row(item.entry, item.ticket_id) for item in items]
        insert_rows(self._connection, audit, _COLUMNS, rows)

    def append_to_locked(self, entries: Iterable[Audited]) -> None:
        """The same for tickets that are locked by this transaction.

        Most tickets of a batch have one entry that is alike but for the ticket: it is bound once.
        The entries of a ticket stay beside each other (`operation_log.py`).
        """
        made = [(item.ticket_id, self._row(item.entry, None)) for item in entries]
        times = Counter(ticket_id for ticket_id, _ in made)
        alike = Counter(row for ticket_id, row in made if times[ticket_id] == 1)
        note_changed(self._connection, times)
        rows: list[tuple[Any, ...]] = []
        shared: dict[tuple[Any, ...], list[int]] = {}
        for ticket_id, row in made:
            if times[ticket_id] == 1 and alike[row] >= _MANY:
                shared.setdefault(row, []).append(ticket_id)
            else:
                rows.append((*row[:_TICKET], ticket_id, *row[_TICKET + 1 :]))
        insert_rows(self._connection, audit, _COLUMNS, rows)
        for row, ids in shared.items():
            insert_for_tickets(self._connection, audit, _COLUMNS, row, ids)

    def note(
        self,
        action: str,
        *,
        actor: int | None,
        at: datetime,
        details: Mapping[str, object],
        ticket_id: int | None = None,
    ) -> None:
        """Write down what is no history of a ticket: an import, an export, a repair, a refusal."""
        about = (ticket_id, self._run_id, encode(dict(details)))
        row = (time_text(at, fsp=6), actor, action, *about)
        insert_rows(self._connection, audit, _COLUMNS, [row])

    def files(self, notes: Iterable[FileNote], *, actor: int | None, at: datetime) -> None:
        """Write down what happened to files, or who had access to them."""
        moment = time_text(at, fsp=6)
        rows = [
            (moment, actor, str(n.action), n.ticket_id, self._run_id, encode(n.as_json()))
            for n in notes
        ]
        insert_rows(self._connection, audit, _COLUMNS, rows)

    def _row(self, entry: HistoryEntry, ticket_id: int | None) -> tuple[Any, ...]:
        return (
            time_text(entry.at, fsp=6),
            entry.actor,
            str(entry.action),
            ticket_id,
            self._run_id,
            long_text(self._connection, entry_text(entry)),
        )
